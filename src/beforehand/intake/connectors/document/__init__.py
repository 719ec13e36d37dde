"""Documents: PDF, scans, plain text and e-mail. Paper is a source too; a person says whose it is."""
