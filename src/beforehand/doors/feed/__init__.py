"""Private calendars that other programs fetch."""
