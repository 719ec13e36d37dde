"""The one record of a person in words: a line a thing, newest first, each with the sources that say so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from beforehand.clinical.columns import Kind, Table
from beforehand.clinical.tables import FACTS
from beforehand.clinical.times import show_range
from beforehand.record.access import Access
from beforehand.record.audit import audited
from beforehand.record.reading import Line, lines, words_of

# Rows that only make sense beside another one, or that are about the record rather than the person.
_LEFT_OUT = frozenset(("patient_record", "provenance", "questionnaire_answer"))
_STATES = ("status", "clinical_status", "verification")


def record_as_dict(access: Access, patient_id: int) -> dict[str, Any]:
    """``{"patient_id", "name", "sections": {table: [{"text", "status", "day", "fact_id", "sources"}]}}``."""
    person = access.patient(patient_id)
    audited(access.principal, "read_record", patients=[person.pk])
    said = {name: lines(access, name, person.pk) for name in FACTS if name not in _LEFT_OUT}
    concepts = words_of(
        line.row[column.name]
        for name, found in said.items()
        for column in FACTS[name].columns
        if column.kind is Kind.CONCEPT
        for line in found
    )
    sections = {name: [_told(FACTS[name], line, concepts) for line in found] for name, found in said.items() if found}
    return {"patient_id": person.pk, "name": person.display_name, "sections": sections}


def _told(table: Table, line: Line, concepts: dict[int, str]) -> dict[str, Any]:
    """One line of the record."""
    row = line.row
    time = table.by[1]
    day = show_range(row.get(f"{time}_from_day"), row.get(f"{time}_to_day"), today=0) if time else ""
    state = next((row[column] for column in _STATES if row.get(column)), None)
    parts = [_subject(table, row, concepts), _value(table, row, concepts), state, day]
    return {
        "text": ", ".join(part for part in parts if part),
        "status": state,
        "day": row.get(f"{time}_from_day") if time else None,
        "fact_id": line.fact_id,
        "sources": list(line.sources),
    }


def _subject(table: Table, row: Mapping[str, Any], concepts: dict[int, str]) -> str:
    """What the line is about: its leading concept, else its own words, else the sort of thing it is."""
    for column in table.columns:
        if column.kind is Kind.CONCEPT and row[column.name] in concepts:
            return concepts[row[column.name]]
    for column in table.columns:
        if column.kind is Kind.TEXT and row[column.name]:
            return str(row[column.name])
    return table.name.replace("_", " ")


def _value(table: Table, row: Mapping[str, Any], concepts: dict[int, str]) -> str:
    """The value or amount the line states, with its unit."""
    if table.name == "observation":
        if row["value_text"] is not None:
            return " ".join(part for part in (row["comparator"], row["value_text"], row["value_unit"]) if part)
        return concepts.get(row["value_code"] or 0, row["value_words"] or "")
    amounts = [column.name for column in table.columns if column.kind is Kind.CENTS and row[column.name] is not None]
    if not amounts:
        return ""
    dollars, rest = divmod(abs(row[amounts[0]]), 100)
    return f"{'-' if row[amounts[0]] < 0 else ''}${dollars:,}.{rest:02d}"
