"""Reading one person's chart for a page: a fixed number of queries, whatever the chart holds.

Rows of several sources that say the same come as one line with all its sources (``same_as``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F

from beforehand.clinical.tables import ALL
from beforehand.record.access import Access, OnePatient
from beforehand.record.models import REFERENCE_MODELS, Concept, Patient, Source

Row = dict[str, Any]
NEWEST = 400  # rows read of one table for a page; the history pages show the rest
TABLES = (
    "condition",
    "allergy",
    "medication_request",
    "medication_statement",
    "medication_dispense",
    "observation",
    "diagnostic_report",
    "document_reference",
    "encounter",
    "appointment",
    "service_request",
    "communication",
    "immunization",
    "procedure",
    "care_plan",
    "goal",
    "care_team_member",
    "related_person",
    "consent",
    "flag",
    "coverage",
    "claim_response",
    "explanation_of_benefit",
    "invoice",
    "patient_record",
)


@dataclass
class Line:
    """What is said once, by however many sources: the leading row, and every row that says so."""

    table: str
    row: Row
    said_by: list[Row] = field(default_factory=list)

    @property
    def id(self) -> int:
        return int(self.row["id"])

    @property
    def day(self) -> int | None:
        """The day the line is ordered by; the last day it can be."""
        return self.row.get(f"{ALL[self.table].by[1]}_to_day")


class Chart:
    """One patient's facts as the principal may see them, with the names their numbers stand for."""

    def __init__(self, access: Access, patient: Patient, tables: Iterable[str] = TABLES) -> None:
        self.patient = patient
        self._one = access.of(patient.pk)
        self._tables = {table: _lines(self._one, table) for table in tables}
        self._concepts: dict[int, str] = {}
        self._people: dict[int, str] = {}
        self._sources: dict[int, Source] = {}
        self._learn_names()

    def lines(self, table: str) -> list[Line]:
        """The lines of a table, newest first."""
        return self._tables.get(table, [])

    def concept(self, number: int | None) -> str:
        """The words of a coded meaning."""
        return self._concepts.get(number or 0, "")

    def name(self, number: int | None) -> str:
        """The name of a practitioner, organization or location."""
        return self._people.get(number or 0, "")

    def source(self, number: int) -> Source | None:
        """Who sent it."""
        return self._sources.get(number)

    def source_label(self, number: int) -> str:
        """The source as people know it."""
        source = self._sources.get(number)
        return (source.label or source.name) if source else "unknown source"

    def is_said(self, row: Row) -> bool:
        """Whether this is a person's word, not a system's record."""
        source = self._sources.get(row["source_id"])
        return source is not None and source.kind == "PERSON"

    @property
    def source_count(self) -> int:
        """How many sources speak of this person."""
        return len({row["source_id"] for lines in self._tables.values() for line in lines for row in line.said_by})

    def _learn_names(self) -> None:
        concepts: set[int] = set()
        people: set[int] = set()
        for table, lines in self._tables.items():
            coded = [column.name for column in ALL[table].columns if column.kind.name == "CONCEPT"]
            pointed = [column.name for column in ALL[table].columns if column.kind.name == "REF"]
            for line in lines:
                concepts.update(line.row[name] for name in coded if line.row.get(name))
                people.update(line.row[name] for name in pointed if line.row.get(name))
        if self.patient.language:
            concepts.add(self.patient.language)
        self._concepts = dict(_in_pieces(Concept.objects, concepts, "display"))
        for table in ("practitioner", "organization", "location"):
            self._people.update(_in_pieces(REFERENCE_MODELS[table].objects, people, "name"))  # type: ignore[attr-defined]  # made at import
        self._sources = {source.pk: source for source in Source.objects.all()[:2000]}


def _in_pieces(manager: Any, numbers: set[int], column: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    wanted = sorted(numbers)
    for start in range(0, len(wanted), 900):
        found += manager.filter(pk__in=wanted[start : start + 900]).values_list("pk", column)
    return [(number, words or "") for number, words in found]


def _lines(one: OnePatient, table: str) -> list[Line]:
    time = ALL[table].by[1]
    order = [F(f"{time}_to_day").desc(nulls_last=True), "-id"] if time else ["-id"]
    rows = list(one.facts(table).order_by(*order).values()[:NEWEST])
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["same_as"] or row["id"]].append(row)
    lines = []
    for lead, said_by in groups.items():
        leading = next((row for row in said_by if row["id"] == lead), said_by[0])
        if leading.get("status") != "entered-in-error" and leading.get("verification") != "entered-in-error":
            lines.append(Line(table, leading, said_by))
    return lines
