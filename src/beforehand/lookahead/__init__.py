"""Rules, cases, findings, engines: what is due, met, unknown or excluded."""
