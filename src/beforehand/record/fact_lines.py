"""Facts as lines of words: what each row says, with its day, and the display words of its concepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beforehand.clinical.columns import Kind
from beforehand.clinical.fact_words import fact_line, main_time, when
from beforehand.clinical.tables import FACTS
from beforehand.record.models import Concept

Rows = Mapping[str, Sequence[Mapping[str, Any]]]  # fact table -> its rows, every column by name


def concept_words(tables: Rows) -> dict[int, str]:
    """Display words of every concept these rows hold, in one read."""
    wanted: set[int] = set()
    for table, rows in tables.items():
        names = [column.name for column in FACTS[table].columns if column.kind is Kind.CONCEPT]
        wanted |= {row[name] for row in rows for name in names if row[name] is not None}
    found = Concept.objects.filter(pk__in=wanted).values_list("pk", "display", "key") if wanted else ()
    return {pk: display or key.rpartition(":")[2] for pk, display, key in found}


def lines_of(tables: Rows, as_of: int) -> dict[tuple[str, int], str]:
    """(table, fact) -> one line: ``Potassium 5.9 mmol/L, Mon, Nov 30``."""
    displays = concept_words(tables)
    made: dict[tuple[str, int], str] = {}
    for table, rows in tables.items():
        for row in rows:
            words = fact_line(table, row, lambda number: displays.get(number or 0, ""))
            day = when(row, main_time(table), as_of) if main_time(table) else ""
            made[table, row["id"]] = f"{words}, {day}" if day and day not in words else words
    return made
