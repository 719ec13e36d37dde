"""The work, one folder a kind."""
