"""Lists as CSV: rosters, eligibility lists and whatever else a plan or clinic exports as rows."""
