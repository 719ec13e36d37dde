"""Beforehand: care coordination that sees a bump in a health journey before it is hit."""
