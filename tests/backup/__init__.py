"""Backup and restore, drilled."""
