"""Who may see and do what (promises 6 and 7)."""
