"""Where a fact came from: who said so, about when, when it arrived, who else says it, and the original as sent."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from beforehand.clinical.fact_words import fact_line, table_words, when
from beforehand.clinical.tables import ALL, FACTS
from beforehand.doors.coordinator import wording
from beforehand.intake.blobs import read_blob
from beforehand.intake.connectors.errors import ConnectorError
from beforehand.intake.errors import IntakeError
from beforehand.intake.originals import original_of
from beforehand.intake.own_words import sees_all_of
from beforehand.record.audit import touch
from beforehand.record.models import Concept, Item, Resource, Source

KINDS = {"SYSTEM": "a system", "PERSON": "a person's word", "PAPER": "paper"}


def _fact(request: Any, table: str, fact_id: int) -> dict[str, Any]:
    """One fact the principal may see; not found otherwise."""
    if table not in FACTS:
        raise Http404
    row: dict[str, Any] | None = request.access.facts(table).filter(pk=fact_id).values().first()
    if row is None:
        raise Http404
    touch([row["patient_id"]])
    return row


def _words(table: str, row: dict[str, Any]) -> str:
    numbers = {
        row[column.name] for column in ALL[table].columns if column.kind.name == "CONCEPT" and row.get(column.name)
    }
    names = dict(Concept.objects.filter(pk__in=numbers).values_list("pk", "display"))
    return fact_line(table, row, lambda number: names.get(number or 0, "") or "")


def _rows(request: Any, table: str, row: dict[str, Any]) -> list[tuple[str, str]]:
    today = wording.today()
    item = Item.objects.select_related("message__source").get(pk=row["item_id"])
    source = item.message.source
    others = request.access.facts(table).filter(same_as=row["same_as"]).exclude(pk=row["id"])
    sources = Source.objects.filter(pk__in=others.values("source_id"))
    also = ", ".join(other.label or other.name for other in sources)
    time = ALL[table].by[1]
    known = [
        ("What", f"{table_words(table)}: {_words(table, row)}"),
        ("Who said so", f"{source.label or source.name} ({KINDS.get(source.kind, source.kind.lower())})"),
        ("About", when(row, time, today) if time else ""),
        ("We received it", wording.moment_words(item.message.received_at)),
        ("Status as sent", str(row.get("status") or "")),
        ("Also said by", f"{also} (agrees)" if also else "nobody else so far"),
    ]
    return [(label, words) for label, words in known if words]


@require_safe
def provenance(request: Any, table: str, fact_id: int) -> HttpResponse:
    """Who said so, as a page; with script, as a fragment inside the chip."""
    row = _fact(request, table, fact_id)
    shown = {
        "rows": _rows(request, table, row),
        "original_url": reverse("original", args=[table, fact_id]),
    }
    template = "parts/provenance.html" if request.htmx else "coordinator/provenance.html"
    context = {
        "title": "Who said so",
        "provenance": shown,
        "versions": [] if request.htmx else _versions(row),
        "patient_url": reverse("person", args=[row["patient_id"]]),
        "name": request.access.patient(row["patient_id"]).display_name,
    }
    return render(request, template, context)


def _versions(row: dict[str, Any]) -> list[dict[str, str]]:
    """Every version of this resource that was ever received, newest first."""
    states = {
        "CURRENT": "holds now",
        "SUPERSEDED": "replaced by a newer version",
        "LATE": "arrived after a newer version",
        "WITHDRAWN": "withdrawn by its source",
        "KEPT": "kept",
    }
    items = Item.objects.filter(resource_id=row["id"]).select_related("message__source").order_by("-pk")[:20]
    return [
        {
            "when": wording.moment_words(item.message.received_at),
            "source": item.message.source.label or item.message.source.name,
            "state": states.get(item.version_state, item.version_state.lower()),
        }
        for item in items
    ]


@require_safe
def original(request: Any, table: str, fact_id: int) -> HttpResponse:
    """The original as sent, out of the bytes we keep."""
    row = _fact(request, table, fact_id)
    item = Item.objects.select_related("message__source").get(pk=row["item_id"])
    found, trouble = None, ""
    try:
        found = original_of(read_blob(item.message.digest), item.message.name, item.place)
    except (IntakeError, ConnectorError):
        trouble = "The kept bytes of this message could not be read. Tell whoever runs this installation."
    is_own = found is not None and bool(found.words)
    may_read = is_own and found is not None and sees_all_of(request.access, row["patient_id"], item, found.beside)
    mapped = json.dumps(found.raw.resource, indent=2, ensure_ascii=False) if found and found.raw.resource else ""
    resource = Resource.objects.filter(pk=row["id"]).first()
    context = {
        "title": "The original",
        "own": found.words if may_read and found else "",
        "own_title": found.form if found else "",
        "is_held_back": is_own and not may_read,
        "text": mapped,
        "trouble": trouble
        or ("" if mapped else "This fact is part of a larger document that cannot be shown piece by piece."),
        "source": item.message.source.label or item.message.source.name,
        "received": wording.moment_words(item.message.received_at),
        "kind": resource.type if resource else table_words(table),
        "back": reverse("provenance", args=[table, fact_id]),
    }
    return render(request, "coordinator/original.html", context)
