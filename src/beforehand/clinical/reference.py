"""The reference page of the clinical tables, written from their one statement.

    python -m beforehand.clinical.reference > docs/reference/clinical-tables.md

A test fails when the committed page is not what this writes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from beforehand.clinical.columns import FACT_COLUMNS, REFERENCE_COLUMNS, Column, Kind, Table
from beforehand.clinical.tables import FACTS, REFERENCES

_INTRODUCTION = """# Clinical tables

Written by `python -m beforehand.clinical.reference` from the statements in `src/beforehand/clinical/tables/`; do not
edit. Storage, engine schemas, rule cases and this page derive from the same statements.

Rules name these tables bare (`select ... from observation`), and nearly always through a clinical view that handles
status, death and precision. A *fact* is one row about one patient; a *reference* row is what facts point to.

How a column is stored:

| kind | stored as |
|---|---|
| when | `x_from_day`, `x_to_day`, `x_at`, `x_zone`, `x_precision` (below) |
| quantity | `x_micro` (the value times 1,000,000), `x_unit` (UCUM, as sent), `x_text` (digit for digit) |
| concept | number of a coded meaning; join `value_set_code` by name, never compare it to a literal |
| ref | number of another resource, which may not have arrived yet |
| status | one word of the vocabulary given |
| key | short text that may be compared for equality |
| text | words for people, never compared |
| flag | 1 or 0 |
| cents | whole cents of US dollars |
| whole | whole number |
| id | whole number |

A time `x` is the first and last civil day it can be (`x_from_day`, `x_to_day`; days since 1970-01-01 as the sender
meant them, equal when exact), the UTC second where a time of day was given (`x_at`), the offset it was written in
(`x_zone`) and how fine it was said (`x_precision`: year, month, day, minute, second).
"""


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ").strip()


def _meaning(column: Column) -> str:
    parts = [column.meaning]
    if column.kind is Kind.STATUS:
        parts.append("one of " + ", ".join(f"`{value}`" for value in column.values))
    if column.kind is Kind.REF and column.to:
        parts.append(f"points to `{column.to}`")
    if column.kind is Kind.WHOLE and column.unit:
        parts.append(f"in {column.unit}")
    if column.caveat:
        parts.append(f"beware: {column.caveat}")
    return _cell("; ".join(parts))


def _columns(columns: tuple[Column, ...]) -> Iterator[str]:
    yield "| column | kind | meaning |"
    yield "|---|---|---|"
    for column in columns:
        yield f"| `{column.name}` | {column.kind.value} | {_meaning(column)} |"


def _table(table: Table) -> Iterator[str]:
    yield f"## {table.name}"
    yield ""
    yield f"{table.meaning} From FHIR `{table.fhir}`."
    if table.caveat:
        yield ""
        yield f"**Beware:** {table.caveat}"
    if table.same:
        yield ""
        agreeing = ", ".join(f"`{name}`" for name in table.same)
        yield f"Rows of two sources say the same when they agree on {agreeing}."
    yield ""
    yield from _columns(table.columns)
    yield ""


def page() -> str:
    """The whole page, as it is committed."""
    lines = [_INTRODUCTION, "## Columns of every fact", "", *_columns(FACT_COLUMNS), ""]
    lines += ["## Columns of every reference row", "", *_columns(REFERENCE_COLUMNS), "", "# Facts", ""]
    for table in FACTS.values():
        lines += _table(table)
    lines += ["# Reference rows", ""]
    for table in REFERENCES.values():
        lines += _table(table)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
