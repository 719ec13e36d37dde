"""The gate in front of every page: sign-in, second factor, the policy table, the idle lock, break-glass, audit."""
