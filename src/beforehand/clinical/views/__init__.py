"""The clinical views: one SELECT a file, in the portable subset; the header comment says what a row is."""
