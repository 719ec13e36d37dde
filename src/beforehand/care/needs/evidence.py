"""The facts behind findings, in words, with who said so: a fixed number of reads for any number of needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from beforehand.care.needs.shapes import EvidenceView
from beforehand.clinical.fact_words import with_its_kind
from beforehand.clinical.tables import FACTS
from beforehand.record.access import SomePatients
from beforehand.record.fact_lines import lines_of
from beforehand.record.models import Item, Source

Key = tuple[str, int]


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
    lines = lines_of(tables, as_of)
    made: dict[Key, tuple[str, Source | None, int | None]] = {
        (table, row["id"]): (lines[table, row["id"]], sources.get(row["source_id"]), messages.get(row["item_id"]))
        for table, rows in tables.items()
        for row in rows
    }
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
                text=with_its_kind(item["table"], text),
                source_label=(source.label or source.name) if source else "Unknown source",
                source_kind=kind,
                role=item.get("role") or "",
                message_id=message_id,
                said=kind == "PERSON",
            )
        )
    return tuple(dict.fromkeys(views))
