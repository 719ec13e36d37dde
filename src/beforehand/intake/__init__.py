"""Connectors, ledger, limits, quarantine, apply: bytes in, facts out."""
