"""Needs sorting: items nobody could file, and records that may be one person. Each has an owner and a clock."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from beforehand.care.needs.arrivals import settle_patients
from beforehand.doors.coordinator import documents, identity, wording
from beforehand.intake.models import QuarantinedItem
from beforehand.intake.quarantine import QuarantineError, open_items, refuse_item, refused_messages, retry_item
from beforehand.record.models import Message

PAGE = 50
LATE_DAYS = 3
KINDS = {"DocumentReference": "Document", "Appointment": "Booking"}  # of what people file; others as FHIR names them


def _waiting(item: QuarantinedItem) -> str:
    return "for its patient; files itself when they arrive" if item.waiting_for else ""


def _item(item: QuarantinedItem) -> dict[str, Any]:
    days = (timezone.now() - item.opened_at).days
    source = item.message.source
    return {
        "id": item.pk,
        "url": reverse("item", args=[item.pk]),
        "kind": KINDS.get(item.resource_type, item.resource_type) or "File",
        "reason": item.reason,
        "place": f"entry {item.place + 1}" + (f", {item.field}" if item.field else ""),
        "remedy": item.remedy,
        "waits": _waiting(item),
        "source": source.label or source.name,
        "owner": item.owner_user.label if item.owner_user else f"{item.owner_team.name} queue",
        "age": "today" if days < 1 else wording.count_words(days, "day"),
        "clock": {
            "words": "Now" if days >= LATE_DAYS else "New" if days < 1 else wording.count_words(days, "day"),
            "date_words": f"since {wording.moment_words(item.opened_at)}",
            "tone": "late" if days >= LATE_DAYS and not item.waiting_for else "soft",
        },
        "retry": reverse("item_retry", args=[item.pk]),
        "refuse": reverse("item_refuse", args=[item.pk]),
    }


@require_safe
def sorting(request: Any) -> HttpResponse:
    """Everything that waits for a person to say where it belongs."""
    paginator = Paginator(open_items(request.principal), PAGE)
    page = paginator.get_page(request.GET.get("page"))
    here = reverse("sorting")
    pairs = list(identity.open_pairs(request).items())
    context = {
        "title": "Needs sorting",
        "items": [_item(item) for item in page.object_list],
        "count": paginator.count,
        "filed": documents.filed_lately(request),
        "matches": identity.present(request, pairs[: identity.BESIDE]),
        "pairs": len(pairs),
        "statements": identity.statements(request),
        "decided": identity.decided(request),
        "unreadable": [_message(one) for one in refused_messages(request.principal)[:20]],
        "pages": [
            (str(number), f"{here}?page={number}" if isinstance(number, int) else "", number == page.number)
            for number in paginator.get_elided_page_range(page.number)
        ],
    }
    return render(request, "coordinator/sorting.html", context)


def _message(message: Message) -> dict[str, str]:
    source = message.source
    return {
        "source": source.label or source.name,
        "reason": message.reason,
        "when": wording.moment_words(message.received_at),
    }


def _open_item(request: Any, item_id: int) -> QuarantinedItem:
    found: QuarantinedItem | None = open_items(request.principal).filter(pk=item_id).first()
    if found is None:
        raise Http404
    return found


@require_safe
def item(request: Any, item_id: int) -> HttpResponse:
    """One item that could not be filed."""
    found = _open_item(request, item_id)
    context = {"title": "One item to sort", "item": _item(found), "document": documents.shown(found)}
    return render(request, "coordinator/item.html", context)


@require_POST
def retry(request: Any, item_id: int) -> HttpResponse:
    """Try to file it again, after the cause was put right."""
    try:
        applied = retry_item(item=_open_item(request, item_id), by=request.principal)
    except QuarantineError as error:
        messages.error(request, str(error))
    else:
        settle_patients(applied.patients, as_of=timezone.localdate())
        still = QuarantinedItem.objects.filter(pk=item_id, state="OPEN").exists()
        messages.success(
            request, "Tried again: it still cannot be filed. The reason stands beside it." if still else "Filed."
        )
    return HttpResponseRedirect(reverse("sorting"))


@require_POST
def refuse(request: Any, item_id: int) -> HttpResponse:
    """Put it aside for good, with a reason. Its bytes stay."""
    try:
        refuse_item(item=_open_item(request, item_id), by=request.principal, reason=request.POST.get("reason", ""))
    except QuarantineError as error:
        messages.error(request, f"Not saved: {error}")
        return HttpResponseRedirect(reverse("item", args=[item_id]))
    messages.success(request, "Put aside. The bytes are kept.")
    return HttpResponseRedirect(reverse("sorting"))
