"""One row of a list as people can read it: each heading with what stands under it."""

from __future__ import annotations

from itertools import islice

from beforehand.intake.connectors.csv.connector import rows_of
from beforehand.intake.connectors.csv.mapping import RowError
from beforehand.intake.connectors.items import RawItem


def row_words(content: bytes, raw: RawItem) -> str:
    """The row an item came from; empty where it is not valid CSV."""
    found = next(islice(rows_of(content), raw.unit, None), None) if raw.unit is not None else None
    line, row = found or (0, None)
    if row is None or isinstance(row, RowError):
        return ""
    width = max(len(name) for name in row)
    return f"Line {line}\n\n" + "\n".join(f"{name.ljust(width)}  {value}" for name, value in row.items() if value)
