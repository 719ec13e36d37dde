"""Needs sorting: items nobody could file, and records that may be one person. Each has an owner and a clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beforehand.care.needs.arrivals import settle_patients
from beforehand.doors.coordinator import present_match, wording
from beforehand.doors.coordinator.step_forms import DecisionForm
from beforehand.intake.models import QuarantinedItem
from beforehand.intake.quarantine import QuarantineError, open_items, refuse_item, refused_messages, retry_item
from beforehand.record.access import DECIDE_IDENTITY, may_see
from beforehand.record.audit import touch
from beforehand.record.identity import IdentityError, Relinked, keep_apart, link_records, unlink_record
from beforehand.record.models import LinkDecision, Message, Patient, PersonRecord, PossibleMatch, Source, User

PAGE = 50
LATE_DAYS = 3


def _waiting(item: QuarantinedItem) -> str:
    return "for its patient; files itself when they arrive" if item.waiting_for else ""


def _item(item: QuarantinedItem) -> dict[str, Any]:
    days = (timezone.now() - item.opened_at).days
    source = item.message.source
    return {
        "id": item.pk,
        "url": reverse("item", args=[item.pk]),
        "kind": item.resource_type or "File",
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
    context = {
        "title": "Needs sorting",
        "items": [_item(item) for item in page.object_list],
        "count": paginator.count,
        "matches": _matches(request),
        "decided": _decided(request),
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


def _records(request: Any, numbers: set[int]) -> dict[int, PersonRecord]:
    """The source's own records of people this person works for, noted in the audit trail."""
    found = list(PersonRecord.objects.for_principal(request.principal).filter(pk__in=numbers))
    touch(record.patient_id for record in found)
    return {record.pk: record for record in found}


def _open_pairs(request: Any) -> dict[tuple[int, int], list[PossibleMatch]]:
    """Pairs of records waiting for a decision, by the two people they stand for now."""
    pairs = list(PossibleMatch.objects.filter(state="OPEN").order_by("found_at", "pk")[:500])
    records = _records(request, {number for pair in pairs for number in (pair.left_record_id, pair.right_record_id)})
    found: dict[tuple[int, int], list[PossibleMatch]] = {}
    for pair in pairs:
        left, right = records.get(pair.left_record_id), records.get(pair.right_record_id)
        if left is not None and right is not None and left.patient_id != right.patient_id:
            low, high = sorted((left.patient_id, right.patient_id))
            found.setdefault((low, high), []).append(pair)
    return found


def _matches(request: Any) -> list[dict[str, Any]]:
    """Two people who may be one, each pair once however many records speak of them."""
    if not request.principal.may(DECIDE_IDENTITY):
        return []
    pairs = _open_pairs(request)
    people = {number for two in pairs for number in two}
    names = dict(request.access.among(people).scope(Patient.unscoped.all(), "id").values_list("pk", "display_name"))
    touch(people)
    return [
        {
            "url": reverse("match", args=[listed[0].pk]),
            "words": f"{names.get(left) or 'Name unknown'} and {names.get(right) or 'name unknown'}",
            "why": listed[0].why[:1].upper() + listed[0].why[1:],
            "since": wording.moment_words(listed[0].found_at),
        }
        for (left, right), listed in pairs.items()
    ]


def _decided(request: Any) -> list[dict[str, Any]]:
    """What people decided lately, with the way back."""
    decisions = list(LinkDecision.objects.filter(basis="PERSON").order_by("-pk")[:10])
    records = _records(request, {number for one in decisions for number in (one.left_record_id, one.right_record_id)})
    names = {user.pk: user.label for user in User.objects.filter(pk__in={one.by_user_id for one in decisions})}
    words = {"LINK": "Linked two records", "APART": "Kept two records apart", "UNLINK": "Took two records apart again"}
    newest: set[tuple[int, int]] = set()
    shown = []
    for one in decisions:
        pair = (one.left_record_id, one.right_record_id)
        if one.left_record_id not in records or one.right_record_id not in records:
            continue
        can_undo = one.decision == "LINK" and pair not in newest
        newest.add(pair)
        shown.append(
            {
                "words": words[one.decision],
                "by": names.get(one.by_user_id or 0, "Somebody"),
                "when": wording.moment_words(one.at),
                "reason": one.reason,
                "undo": reverse("decision_undo", args=[one.pk]) if can_undo else "",
                "url": reverse("person", args=[records[one.left_record_id].patient_id]),
            }
        )
    return shown


def _open_item(request: Any, item_id: int) -> QuarantinedItem:
    found: QuarantinedItem | None = open_items(request.principal).filter(pk=item_id).first()
    if found is None:
        raise Http404
    return found


@require_safe
def item(request: Any, item_id: int) -> HttpResponse:
    """One item that could not be filed."""
    found = _open_item(request, item_id)
    return render(request, "coordinator/item.html", {"title": "One item to sort", "item": _item(found)})


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


def _pair(request: Any, match_id: int) -> tuple[PossibleMatch, PersonRecord, PersonRecord]:
    pair = PossibleMatch.objects.filter(pk=match_id).first()
    if pair is None:
        raise Http404
    records = _records(request, {pair.left_record_id, pair.right_record_id})
    if len(records) != 2 or not may_see(request.principal, {record.patient_id for record in records.values()}):
        raise Http404
    return pair, records[pair.left_record_id], records[pair.right_record_id]


def _decide(request: Any, pair: PossibleMatch, decide: Callable[..., Relinked], reason: str) -> set[int]:
    """Carry the decision out; "two people" holds for every pair of records that speaks of the same two."""
    pairs = [pair]
    if decide is keep_apart:
        pairs = next((listed for listed in _open_pairs(request).values() if pair in listed), [pair])
    changed: set[int] = set()
    with transaction.atomic():
        for one in pairs:
            done = decide(left=one.left_record_id, right=one.right_record_id, by=request.principal, reason=reason)
            changed |= done.patients
    return changed


@require_http_methods(["GET", "HEAD", "POST"])
def match(request: Any, match_id: int) -> HttpResponse:
    """Are these the same person? Neither choice is emphasised; a reason is asked for."""
    pair, left, right = _pair(request, match_id)
    for record in (left, right):
        request.access.patient(record.patient_id)  # notes in the audit trail that both were looked at
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        decide = link_records if request.POST.get("decision") == "link" else keep_apart
        try:
            changed = _decide(request, pair, decide, form.cleaned_data["reason"])
        except IdentityError as error:
            form.add_error(None, f"Not saved: {error}")
        else:
            settle_patients(changed, as_of=timezone.localdate())
            linked = decide is link_records
            messages.success(request, "Linked: both now show as one record." if linked else "Kept apart: two people.")
            return HttpResponseRedirect(reverse("sorting"))
    rows = present_match.compared(
        present_match.said(request.principal, left), present_match.said(request.principal, right)
    )
    sources = {
        source.pk: source.label or source.name
        for source in Source.objects.filter(pk__in=[left.source_id, right.source_id])
    }
    context = {
        "title": "Are these the same person?",
        "lead": present_match.lead(rows, pair.why),
        "rows": rows,
        "left": sources.get(left.source_id, "one source"),
        "right": sources.get(right.source_id, "another source"),
        "left_url": reverse("person", args=[left.patient_id]),
        "right_url": reverse("person", args=[right.patient_id]),
        "is_open": pair.state == "OPEN" and left.patient_id != right.patient_id,
        "state": {"LINKED": "linked", "APART": "kept apart"}.get(pair.state, ""),
        "form": form,
        "matches": [one for one in _matches(request) if one["url"] != request.path],
    }
    return render(request, "coordinator/match.html", context, status=422 if form.is_bound and form.errors else 200)


@require_POST
def undo_decision(request: Any, decision_id: int) -> HttpResponse:
    """Take a link back: both records as if they had never been linked."""
    decision = LinkDecision.objects.filter(pk=decision_id, decision="LINK").first()
    if decision is None:
        raise Http404
    try:
        undone = unlink_record(
            record=decision.right_record_id, by=request.principal, reason="Undone on the sorting page"
        )
    except IdentityError as error:
        messages.error(request, f"Not undone: {error}")
    else:
        settle_patients(undone.patients, as_of=timezone.localdate())
        review = wording.count_words(len(undone.to_review), "entry", "entries")
        extra = f" {review} made while they were linked: check whom each is about." if undone.to_review else ""
        messages.success(request, f"Taken apart again.{extra}")
    return HttpResponseRedirect(reverse("sorting"))
