"""Where the record sends SQL: rows in bulk, persons, links, and comparisons of whole records."""

from beforehand.record.store.rows import insert_rows, lock_for_writing

__all__ = ["insert_rows", "lock_for_writing"]
