"""Where a rule runs: rows, duckdb. No Django here."""
