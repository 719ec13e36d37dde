"""The facts behind findings, in words, with who said so: a fixed number of reads for any number of needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from beforehand.care.needs.shapes import EvidenceView
from beforehand.clinical.columns import Kind
from beforehand.clinical.fact_words import fact_line, main_time, when
from beforehand.clinical.tables import FACTS
from beforehand.record.access import SomePatients
from beforehand.record.models import Concept, Item, Source

Key = tuple[str, int]


def _concepts(tables: Mapping[str, list[dict[str, Any]]]) -> dict[int, str]:
    """Display words of every concept these rows hold."""
    wanted: set[int] = set()
    for table, rows in tables.items():
        names = [column.name for column in FACTS[table].columns if column.kind is Kind.CONCEPT]
        wanted |= {row[name] for row in rows for name in names if row[name] is not None}
    found = Concept.objects.filter(pk__in=wanted).values_list("pk", "display", "key") if wanted else ()
    return {pk: display or key.rpartition(":")[2] for pk, display, key in found}


def evidence_views(reader: SomePatients, findings: Iterable[Any], as_of: int) -> dict[Any, tuple[EvidenceView, ...]]:
    """Finding's number -> its evidence. Facts the reader may not see are left out."""
    listed = list(findings)
    wanted: dict[str, set[int]] = defaultdict(set)
    for finding in listed:
        for item in finding.evidence or ():
            if item["table"] in FACTS:
                wanted[item["table"]].add(int(item["fact_id"]))
    tables = {table: list(reader.facts(table).filter(pk__in=ids).values()) for table, ids in sorted(wanted.items())}
    items = {row["item_id"] for rows in tables.values() for row in rows}
    messages = dict(Item.objects.filter(pk__in=items).values_list("pk", "message_id")) if items else {}
    sources = {row.pk: row for row in Source.objects.all()} if items else {}
    displays = _concepts(tables)
    made: dict[Key, tuple[str, Source | None, int | None]] = {}
    for table, rows in tables.items():
        for row in rows:
            words = fact_line(table, row, lambda number: displays.get(number or 0, ""))
            day = when(row, main_time(table), as_of) if main_time(table) else ""
            text = f"{words}, {day}" if day and day not in words else words
            made[table, row["id"]] = text, sources.get(row["source_id"]), messages.get(row["item_id"])
    return {finding.pk: _of(finding, made) for finding in listed}


def _of(finding: Any, made: Mapping[Key, tuple[str, Source | None, int | None]]) -> tuple[EvidenceView, ...]:
    views = []
    for item in finding.evidence or ():
        found = made.get((item["table"], int(item["fact_id"])))
        if found is None:
            continue
        text, source, message_id = found
        kind = source.kind if source else "SYSTEM"
        views.append(
            EvidenceView(
                table=item["table"],
                fact_id=int(item["fact_id"]),
                text=text,
                source_label=(source.label or source.name) if source else "Unknown source",
                source_kind=kind,
                role=item.get("role") or "",
                message_id=message_id,
                said=kind == "PERSON",
            )
        )
    return tuple(dict.fromkeys(views))
