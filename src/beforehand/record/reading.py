"""Reading one record: one line where sources agree, with everyone who says so, and where each word came from.

Everything here goes through the access of a principal. The bytes as sent are read by ``intake.provenance``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beforehand.record.access import Access, PatientNotVisibleError
from beforehand.record.models import Concept, Item, Resource, Source

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """One source saying something: who, in which message, when it was received."""

    table: str
    fact_id: int
    source_id: int
    source: str
    is_person: bool
    item_id: int
    message_id: int
    received_at: datetime


@dataclass(frozen=True)
class Line:
    """One thing said of a patient: the leading row and every source that says the same."""

    table: str
    row: Row
    said_by: tuple[Said, ...]

    @property
    def fact_id(self) -> int:
        """The identity of the leading row."""
        return int(self.row["id"])

    @property
    def sources(self) -> tuple[str, ...]:
        """Who says so, each once, the leading one first."""
        return tuple(dict.fromkeys(said.source for said in self.said_by))


@dataclass(frozen=True)
class Version:
    """One version of a resource as it came in: current, superseded, late or withdrawn."""

    item_id: int
    message_id: int
    place: int
    state: str
    received_at: datetime
    is_current: bool


@dataclass(frozen=True)
class Origin:
    """Where a fact comes from: the source that says it, others that say the same, and its older versions."""

    said: Said
    also_said_by: tuple[Said, ...]
    versions: tuple[Version, ...]
    type: str
    logical_id: str


def lines(access: Access, table: str, patient_id: int) -> list[Line]:
    """What is said of a patient in one table, newest first, one line a thing, with all its sources.

    A row that may not be seen does not count as a source; one whose leader may not be seen leads itself.
    """
    rows = list(access.of(patient_id).facts(table).values())
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["same_as"]].append(row)
    told = who_said(table, rows)
    found = []
    for group in groups.values():
        ordered = sorted(group, key=lambda row: (row["id"] != row["same_as"], row["id"]))
        found.append(Line(table, ordered[0], tuple(told[row["id"]] for row in ordered)))
    return sorted(found, key=lambda line: (_day(line), line.fact_id), reverse=True)


def _day(line: Line) -> int:
    days = [value for name, value in line.row.items() if name.endswith("_from_day") and value is not None]
    return max(days, default=-(10**9))


def who_said(table: str, rows: Iterable[Row]) -> dict[int, Said]:
    """For each row its source and message."""
    rows = list(rows)
    items = Item.objects.select_related("message__source").in_bulk({row["item_id"] for row in rows})
    found = {}
    for row in rows:
        message = items[row["item_id"]].message
        source: Source = message.source
        found[row["id"]] = Said(
            table,
            row["id"],
            source.pk,
            source.label or source.name,
            source.kind == "PERSON",
            row["item_id"],
            message.pk,
            message.received_at,
        )
    return found


def origin(access: Access, table: str, fact_id: int) -> Origin:
    """Where one fact comes from; refused where this principal may not see it."""
    row = access.facts(table).filter(pk=fact_id).values().first()
    if row is None:
        raise PatientNotVisibleError(f"There is no fact {fact_id} in {table} that you may see.")
    alike = list(access.of(row["patient_id"]).facts(table).filter(same_as=row["same_as"]).order_by("id").values())
    told = who_said(table, alike)
    identity = Resource.objects.get(pk=fact_id)
    if "#" in identity.logical_id:  # a part of a resource has the versions of the whole
        identity = Resource.objects.get(
            source_id=identity.source_id, type=identity.type, logical_id=identity.logical_id.split("#")[0]
        )
    items = Item.objects.filter(resource_id=identity.pk, outcome="APPLIED").select_related("message")
    versions = tuple(
        Version(item.pk, item.message_id, item.place, item.version_state, item.message.received_at,
                item.pk == identity.current_item_id)
        for item in items.order_by("-version_at", "-id")
    )  # fmt: skip
    others = tuple(said for number, said in told.items() if number != fact_id)
    return Origin(told[fact_id], others, versions, identity.type, identity.logical_id)


def words_of(concepts: Iterable[int | None]) -> dict[int, str]:
    """How each concept is called, as sent."""
    wanted = {concept for concept in concepts if concept is not None}
    rows = Concept.objects.filter(pk__in=wanted).values_list("pk", "display", "key")
    return {number: display or key.removeprefix("text:") for number, display, key in rows}
