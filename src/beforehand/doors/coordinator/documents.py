"""Documents on Needs sorting: read what came without a name, file it to a person in two clicks, take it back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from beforehand.care.needs.arrivals import receive, settle_patients
from beforehand.doors.coordinator import wording
from beforehand.doors.coordinator.handing_out import SHOWN, handed_out, is_picture
from beforehand.intake.as_sent import sent
from beforehand.intake.connectors.errors import ConnectorError
from beforehand.intake.errors import IntakeError
from beforehand.intake.filing import FilingError, can_file, document_of, file_message, take_back
from beforehand.intake.ledger import source_named
from beforehand.intake.models import FiledItem, QuarantinedItem
from beforehand.intake.quarantine import open_items
from beforehand.record.access import WORK_QUARANTINE, PatientNotVisibleError, require
from beforehand.record.audit import CHANGE, audited, touch
from beforehand.record.models import Item, Message, Patient
from beforehand.record.people import find_people

PAPER = "paper"  # the source of what people scan and add here
LARGEST = 25 * 1024 * 1024
FOUND, LATELY = 8, 5


def _quarantined(request: Any, item_id: int) -> QuarantinedItem:
    found: QuarantinedItem | None = open_items(request.principal).filter(pk=item_id).first()
    if found is None or not can_file(found.message):
        raise Http404
    return found


def _part(item: QuarantinedItem) -> tuple[str, bytes] | None:
    """Media type and bytes of a document; nothing for what is no document, such as an appointment."""
    resource = sent(Item.objects.get(pk=item.item_id))
    if resource.get("resourceType") != "DocumentReference":
        return None
    for content in resource.get("content") or ():
        address = str((content.get("attachment") or {}).get("url", ""))
        if address.startswith("received:"):
            part = address.removeprefix("received:")
            return document_of(item.message, part if part != "whole" else "")
    return None


def shown(item: QuarantinedItem) -> dict[str, Any]:
    """What the page of an item says of a document, and where it may be filed."""
    try:
        if item.state != "OPEN" or not can_file(item.message):
            return {}
        part, resource = _part(item), sent(Item.objects.get(pk=item.item_id))
    except (IntakeError, ConnectorError):
        return {}
    title = resource.get("description") or resource.get("resourceType")
    if part is None:
        return {
            "title": title,
            "day": str(resource.get("start") or "")[:10],
            "file": reverse("item_file", args=[item.pk]),
        }
    type_, content = part
    text = content.decode("utf-8", "replace") if type_ == "text/plain" else ""
    return {
        "title": title,
        "kind": (resource.get("type") or {}).get("text", ""),
        "size": f"{max(1, len(content) // 1024):,} kB",
        "text": text[:SHOWN],
        "is_cut": len(text) > SHOWN,
        "is_picture": is_picture(type_),
        "url": reverse("item_content", args=[item.pk]),
        "file": reverse("item_file", args=[item.pk]),
    }


@require_safe
def content(request: Any, item_id: int) -> HttpResponse:
    """The document as received. It cannot run, load or ask anything; what a browser would interpret is downloaded."""
    item = _quarantined(request, item_id)
    try:
        part = _part(item)
    except (IntakeError, ConnectorError) as error:
        raise Http404 from error
    if part is None:
        raise Http404
    type_, body = part
    return handed_out(type_, body, item.pk)


def _candidate(person: Patient) -> dict[str, Any]:
    is_exact = person.birth_from_day is not None and person.birth_from_day == person.birth_to_day
    born = wording.date_words(person.birth_from_day) if is_exact else ""
    return {"id": person.pk, "name": person.display_name or "Name unknown", "born": born}


@require_POST
def file(request: Any, item_id: int) -> HttpResponse:
    """Find the person, or file to the one chosen."""
    item = _quarantined(request, item_id)
    chosen = request.POST.get("patient", "")
    if not chosen.isdecimal():
        text = request.POST.get("text", "")[:200]
        people = list(find_people(request.principal, text)[:FOUND])
        touch([person.pk for person in people])
        context = {
            "title": "File a document",
            "item_id": item.pk,
            "document": shown(item),
            "text": text,
            "people": [_candidate(person) for person in people],
            "back": reverse("item", args=[item.pk]),
        }
        return render(request, "coordinator/file.html", context)
    try:
        applied = file_message(message=item.message, patient_id=int(chosen), by=request.principal)
    except (FilingError, PatientNotVisibleError) as error:
        messages.error(request, f"Not filed: {error}")
        return HttpResponseRedirect(reverse("item", args=[item_id]))
    settle_patients(applied.patients, as_of=timezone.localdate())
    messages.success(request, "Filed. You can take it back under Filed lately.")
    return HttpResponseRedirect(reverse("sorting"))


@require_POST
def unfile(request: Any, item_id: int) -> HttpResponse:
    """Take a filing back: it waits to be sorted again."""
    require(request.principal, WORK_QUARANTINE)
    item = QuarantinedItem.objects.select_related("message__source").filter(pk=item_id, state="RELEASED").first()
    if item is None:
        raise Http404
    try:
        applied = take_back(message=item.message, by=request.principal)
    except FilingError as error:
        raise Http404 from error
    settle_patients(applied.patients, as_of=timezone.localdate())
    messages.success(request, "Taken back: it waits to be filed again.")
    return HttpResponseRedirect(reverse("item", args=[item_id]))


def filed_lately(request: Any) -> list[dict[str, Any]]:
    """What was filed last, of people this person works for, with the way back."""
    found: dict[int, dict[str, Any]] = {}
    filed = {one.item_id: one for one in FiledItem.objects.select_related("by_user").order_by("-at")[: LATELY * 10]}
    items = Item.objects.in_bulk(filed)
    quarantined = dict(QuarantinedItem.objects.filter(item_id__in=filed).values_list("item_id", "pk"))
    people = {item.patient_id for item in items.values() if item.patient_id is not None}
    names = dict(request.access.among(people).scope(Patient.unscoped.all(), "id").values_list("pk", "display_name"))
    touch(names)
    for number, one in filed.items():
        patient = items[number].patient_id if number in items else None
        if patient in names and one.message_id not in found and number in quarantined and len(found) < LATELY:
            found[one.message_id] = {
                "name": names[patient],
                "url": reverse("person", args=[patient]),
                "by": one.by_user.label if one.by_user else "Somebody",
                "when": wording.moment_words(one.at),
                "undo": reverse("filing_undo", args=[quarantined[number]]),
            }
    return list(found.values())


@require_POST
def add(request: Any) -> HttpResponse:
    """Take in a scan, PDF, text or e-mail from this computer; then say whose it is."""
    require(request.principal, WORK_QUARANTINE)
    upload = request.FILES.get("document")
    if upload is None or not upload.size:
        messages.error(request, "Nothing was added: choose a file that is not empty.")
        return HttpResponseRedirect(reverse("sorting"))
    if upload.size > LARGEST:
        messages.error(request, f"Nothing was added: the file is larger than {LARGEST // 1024 // 1024} MB.")
        return HttpResponseRedirect(reverse("sorting"))
    arrival = receive(upload.read(), source_named(PAPER, kind="PAPER"), name=str(upload.name)[-200:])
    audited(request.principal, "add_document", patients=sorted(arrival.patients), access=CHANGE)
    return _after(request, arrival.message_id)


def _after(request: Any, message_id: int) -> HttpResponse:
    """To the page where it is filed; in words what happened when there is nothing to file."""
    message = Message.objects.get(pk=message_id)
    waiting = QuarantinedItem.objects.filter(message=message, state="OPEN").order_by("place").first()
    if waiting is not None:
        return HttpResponseRedirect(reverse("item", args=[waiting.pk]))
    if message.state == "REFUSED":
        messages.error(request, f"It was kept but cannot be used: {message.reason}")
    elif message.duplicates and message.duplicates == message.received:
        messages.info(request, "It is here already: the same file was added before.")
    else:
        messages.success(request, "Taken in; it says itself whose it is.")
    return HttpResponseRedirect(reverse("sorting"))
