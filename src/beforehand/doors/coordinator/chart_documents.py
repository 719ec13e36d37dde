"""Documents of the chart: read on a page, opened as received, never run, by whoever may see them."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from beforehand.clinical.fhir.labels import sensitivity_of
from beforehand.doors.coordinator import wording
from beforehand.doors.coordinator.handing_out import SHOWN, handed_out, is_picture
from beforehand.intake.as_sent import sent
from beforehand.intake.connectors.errors import ConnectorError
from beforehand.intake.errors import IntakeError
from beforehand.intake.filing import document_of
from beforehand.record.access import Access
from beforehand.record.audit import touch
from beforehand.record.models import Item

TABLE = "document_reference"
SAFE = ("text/plain", "application/pdf", "image/png", "image/jpeg", "image/tiff", "application/rtf")


@dataclass(frozen=True)
class Document:
    """A document the principal may see: the row, what its source says of it, its media type and its bytes."""

    row: dict[str, Any]
    resource: dict[str, Any]
    item: Item
    type_: str
    body: bytes


def _found(request: Any, fact_id: int) -> Document:
    row: dict[str, Any] | None = request.access.facts(TABLE).filter(pk=fact_id).values().first()
    if row is None or row.get("status") == "entered-in-error":
        raise Http404
    touch([row["patient_id"]])
    item = Item.objects.select_related("message__source").get(pk=row["item_id"])
    try:
        resource = sent(item)
        part = part_of(resource, item)
    except (IntakeError, ConnectorError) as error:
        raise Http404 from error
    if not _may_show(request.access, resource):
        raise Http404
    return Document(row, resource, item, *(part or ("", b"")))


def _may_show(access: Access, resource: dict[str, Any]) -> bool:
    labels = sensitivity_of((resource.get("meta") or {}).get("security") or [])
    return all(access.sees_label(label) for label in labels.split())


def part_of(resource: dict[str, Any], item: Item) -> tuple[str, bytes] | None:
    """Media type and bytes of what was received as a document or stands in the resource; nothing is fetched."""
    for content in resource.get("content") or ():
        attachment = content.get("attachment") or {}
        address = str(attachment.get("url", ""))
        if address.startswith("received:"):
            part = address.removeprefix("received:")
            return document_of(item.message, part if part != "whole" else "")
        if attachment.get("data"):
            type_ = str(attachment.get("contentType", "")).partition(";")[0].strip().lower()
            try:
                body = base64.b64decode(str(attachment["data"]), validate=False)
            except (binascii.Error, ValueError):
                continue
            return (type_ if type_ in SAFE else "application/octet-stream"), body
    return None


def _type_words(resource: dict[str, Any]) -> str:
    type_ = resource.get("type") or {}
    coded = next((coding.get("display") for coding in type_.get("coding") or () if coding.get("display")), "")
    return str(type_.get("text") or coded or "Document")


@require_safe
def document(request: Any, fact_id: int) -> HttpResponse:
    """A document, as text or picture where it is one."""
    found = _found(request, fact_id)
    text = found.body.decode("utf-8", "replace") if found.type_ == "text/plain" else ""
    source = found.item.message.source
    context = {
        "title": "Document",
        "heading": found.resource.get("description") or _type_words(found.resource),
        "kind": _type_words(found.resource),
        "is_here": bool(found.type_),
        "size": f"{max(1, len(found.body) // 1024):,} kB",
        "source": source.label or source.name,
        "received": wording.moment_words(found.item.message.received_at),
        "text": text[:SHOWN],
        "is_cut": len(text) > SHOWN,
        "is_picture": is_picture(found.type_),
        "content_url": reverse("document_content", args=[fact_id]),
        "who_url": reverse("provenance", args=[TABLE, fact_id]),
        "patient_url": reverse("person", args=[found.row["patient_id"]]),
        "name": request.access.patient(found.row["patient_id"]).display_name,
    }
    return render(request, "coordinator/document.html", context)


@require_safe
def content(request: Any, fact_id: int) -> HttpResponse:
    """The document's own bytes. It cannot run, load or ask anything; what a browser would interpret is downloaded."""
    found = _found(request, fact_id)
    if not found.type_:
        raise Http404
    return handed_out(found.type_, found.body, fact_id)
