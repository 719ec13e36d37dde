"""What others put down for us: files in a watched folder, and signed calls to a webhook."""
