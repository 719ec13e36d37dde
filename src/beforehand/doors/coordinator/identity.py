"""Who is who: records that may be one person, side by side; what was decided and the way back; what to look at then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Max, Min
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beforehand.care.needs.arrivals import settle_patients
from beforehand.care.needs.operations import update_operations
from beforehand.clinical.fact_words import fact_line, table_words
from beforehand.clinical.tables import ALL, FACTS
from beforehand.doors.coordinator import present_match, wording
from beforehand.doors.coordinator.step_forms import DecisionForm
from beforehand.intake.errors import StatementError
from beforehand.intake.statements import withdraw
from beforehand.record.access import DECIDE_IDENTITY, AccessRefusedError, PatientNotVisibleError, may_see
from beforehand.record.audit import touch
from beforehand.record.identity import (
    IdentityError,
    Relinked,
    comparison_of,
    keep_all_apart,
    link_records,
    settle_statement,
    undo_decision,
)
from beforehand.record.models import (
    Concept,
    Item,
    LinkDecision,
    PersonName,
    PersonRecord,
    PossibleMatch,
    Resource,
    Source,
    UnlinkedStatement,
    User,
)

PAGE = 25
BESIDE = 5  # how many of the others stand beside a page
LISTED = 2_000  # more than anybody looks through; the heaviest come first
WAITING = ("OPEN", "DOUBT")
DONE = {"LINK": "Linked", "APART": "Kept apart", "UNLINK": "Taken apart", "REOPEN": "Left open again"}
TAKEN_BACK = "Said while two records were linked; it is about the other person."
People = tuple[int, int]


# Pairs that wait.


def _records(request: Any, numbers: set[int]) -> dict[int, PersonRecord]:
    """The source's own records of people this person works for, noted in the audit trail."""
    found = list(PersonRecord.objects.for_principal(request.principal).filter(pk__in=numbers))
    touch(record.patient_id for record in found)
    return {record.pk: record for record in found}


def open_pairs(request: Any) -> dict[People, list[PossibleMatch]]:
    """Pairs of records waiting for a decision, by the two people they stand for now; the likeliest first.

    A link that has come to be doubted stands under one person and its own two records.
    """
    if not request.principal.may(DECIDE_IDENTITY):
        return {}
    seen = PersonRecord.objects.for_principal(request.principal).values("pk")
    pairs = list(
        PossibleMatch.objects.filter(state__in=WAITING, left_record_id__in=seen, right_record_id__in=seen).order_by(
            "-weight", "found_at", "pk"
        )[:LISTED]
    )
    numbers = {number for pair in pairs for number in (pair.left_record_id, pair.right_record_id)}
    people = dict(
        PersonRecord.objects.for_principal(request.principal).filter(pk__in=numbers).values_list("pk", "patient_id")
    )
    found: dict[People, list[PossibleMatch]] = {}
    for pair in pairs:
        left, right = people[pair.left_record_id], people[pair.right_record_id]
        if left != right:
            found.setdefault((min(left, right), max(left, right)), []).append(pair)
        elif pair.state == "DOUBT":
            found.setdefault((-pair.left_record_id, -pair.right_record_id), []).append(pair)
    return found


def present(request: Any, groups: Sequence[tuple[People, list[PossibleMatch]]]) -> list[dict[str, Any]]:
    """Some of the waiting pairs in words: both names, what agrees, since when."""
    firsts = [pairs[0] for _, pairs in groups]
    records = _records(request, {number for one in firsts for number in (one.left_record_id, one.right_record_id)})
    names = _names(request, records)
    shown = []
    for first in firsts:
        left, right = names.get(first.left_record_id, ""), names.get(first.right_record_id, "")
        shown.append(
            {
                "url": reverse("match", args=[first.pk]),
                "words": f"{left or 'Name unknown'} and {right or 'name unknown'}",
                "why": first.why[:1].upper() + first.why[1:],
                "since": wording.moment_words(first.found_at),
            }
        )
    return shown


def _names(request: Any, numbers: Any) -> dict[int, str]:
    """The name on each record."""
    found: dict[int, str] = {}
    for name in PersonName.objects.for_principal(request.principal).filter(person_record_id__in=list(numbers)):
        words = " ".join(f"{name.given} {name.family}".split()) or name.text
        if name.person_record_id not in found or name.use in ("official", "usual"):
            found[name.person_record_id] = words
    return found


@require_safe
def matches(request: Any) -> HttpResponse:
    """All pairs that may be one person, the likeliest first."""
    paginator = Paginator(list(open_pairs(request).items()), PAGE)
    page = paginator.get_page(request.GET.get("page"))
    here = reverse("matches")
    context = {
        "title": "Maybe the same person",
        "matches": present(request, list(page.object_list)),
        "count": paginator.count,
        "start": page.start_index(),
        "pages": [
            (str(number), f"{here}?page={number}" if isinstance(number, int) else "", number == page.number)
            for number in paginator.get_elided_page_range(page.number)
        ],
    }
    return render(request, "coordinator/matches.html", context)


# One pair.


def _pair(request: Any, match_id: int) -> tuple[PossibleMatch, PersonRecord, PersonRecord]:
    pair = PossibleMatch.objects.filter(pk=match_id).first()
    if pair is None:
        raise Http404
    records = _records(request, {pair.left_record_id, pair.right_record_id})
    if len(records) != 2 or not may_see(request.principal, {record.patient_id for record in records.values()}):
        raise Http404
    return pair, records[pair.left_record_id], records[pair.right_record_id]


def _decide(request: Any, pair: PossibleMatch, decision: str, reason: str) -> Relinked:
    """Carry the decision out; "two people" holds for every pair of records that speaks of the same two."""
    if decision == "link":
        return link_records(left=pair.left_record_id, right=pair.right_record_id, by=request.principal, reason=reason)
    pairs = next((listed for listed in open_pairs(request).values() if pair in listed), [pair])
    told = [(one.left_record_id, one.right_record_id) for one in pairs]
    return keep_all_apart(pairs=told, by=request.principal, reason=reason)


def _said_to_review(done: Relinked) -> str:
    count = len(done.to_review)
    if not count:
        return ""
    entries = wording.count_words(count, "entry was", "entries were")
    return f" {entries} made while they were linked: see whom {'it is' if count == 1 else 'each is'} about, below."


@require_http_methods(["GET", "HEAD", "POST"])
def match(request: Any, match_id: int) -> HttpResponse:
    """Are these the same person? Neither choice is emphasised; a reason is asked for."""
    pair, left, right = _pair(request, match_id)
    for record in (left, right):
        request.access.patient(record.patient_id)  # notes in the audit trail that both were looked at
    form = DecisionForm(request.POST or None)
    decision = request.POST.get("decision", "")
    if request.method == "POST" and form.is_valid():
        try:
            done = _decide(request, pair, decision, form.cleaned_data["reason"])
        except IdentityError as error:
            form.add_error(None, f"Not saved: {error}")
        else:
            settle_patients(done.patients, as_of=timezone.localdate())
            words = "Linked: both now show as one record." if decision == "link" else "Kept apart: two people."
            messages.success(request, words + _said_to_review(done))
            return HttpResponseRedirect(reverse("sorting"))
    found = comparison_of(left.pk, right.pk)
    rows = present_match.compared(
        present_match.said(request.principal, left), present_match.said(request.principal, right), found
    )
    others = [group for group in open_pairs(request).items() if pair not in group[1]]
    context = {
        "title": "Are these the same person?",
        "lead": present_match.lead(found, is_one_source=left.source_id == right.source_id, state=pair.state),
        "rows": rows,
        "left": _heading(left),
        "right": _heading(right),
        "is_open": pair.state == "DOUBT" or (pair.state == "OPEN" and left.patient_id != right.patient_id),
        "state": {"LINKED": "linked", "APART": "kept apart"}.get(pair.state, "linked by way of others"),
        "form": form,
        "matches": present(request, others[:BESIDE]),
        "others": len(others),
    }
    return render(request, "coordinator/match.html", context, status=422 if form.is_bound and form.errors else 200)


def _heading(record: PersonRecord) -> dict[str, str]:
    """Whose record it is, since when, and when its source last spoke of the person."""
    source = Source.objects.get(pk=record.source_id)
    heard = Item.objects.filter(resource_id=record.pk).aggregate(
        first=Min("message__received_at"), last=Max("message__received_at")
    )
    return {
        "url": reverse("person", args=[record.patient_id]),
        "source": source.label or source.name,
        "first": wording.moment_words(heard["first"], nothing=""),
        "last": wording.moment_words(heard["last"], nothing="") if heard["last"] != heard["first"] else "",
    }


# What was decided.


def decided(request: Any) -> list[dict[str, Any]]:
    """What people decided lately, with the way back."""
    decisions = list(LinkDecision.objects.filter(basis="PERSON").order_by("-pk")[:40])
    pairs = {(one.left_record_id, one.right_record_id) for one in decisions}
    records = _records(request, {number for pair in pairs for number in pair})
    names = _names(request, records)
    users = {user.pk: user.label for user in User.objects.filter(pk__in={one.by_user_id for one in decisions})}
    newest: set[tuple[int, int]] = set()
    acts: set[tuple[Any, ...]] = set()
    shown: list[dict[str, Any]] = []
    for one in decisions:
        pair, act = (one.left_record_id, one.right_record_id), (one.at, one.by_user_id, one.decision)
        if not {*pair} <= records.keys():
            continue
        is_newest = pair not in newest
        newest.add(pair)
        if act in acts or len(shown) == 10:
            continue
        acts.add(act)
        can_undo = is_newest and one.decision in ("LINK", "APART")
        left, right = (names.get(number, "") or "a record without a name" for number in pair)
        shown.append(
            {
                "words": f"{DONE.get(one.decision, one.decision)}: {left} and {right}",
                "by": users.get(one.by_user_id or 0, "Somebody"),
                "when": wording.moment_words(one.at),
                "reason": one.reason,
                "undo": reverse("decision_undo", args=[one.pk]) if can_undo else "",
                "url": reverse("person", args=[records[pair[0]].patient_id]),
            }
        )
    return shown


@require_POST
def undo(request: Any, decision_id: int) -> HttpResponse:
    """Take a decision back: the records are to each other what they were before it."""
    decision = LinkDecision.objects.filter(pk=decision_id, basis="PERSON").first()
    if decision is None:
        raise Http404
    try:
        undone = undo_decision(decision=decision_id, by=request.principal, reason="Undone on the sorting page")
    except IdentityError as error:
        messages.error(request, f"Not undone: {error}")
        return HttpResponseRedirect(reverse("sorting"))
    settle_patients(undone.patients, as_of=timezone.localdate())
    records = PersonRecord.objects.for_principal(request.principal).filter(
        pk__in=(decision.left_record_id, decision.right_record_id)
    )
    is_one = len(set(records.values_list("patient_id", flat=True))) == 1
    if decision.decision == "LINK":
        words = "Undone. They are still linked by way of another record." if is_one else "Taken apart again."
    else:
        words = "Undone: linked again." if is_one else "Undone: they wait for a decision again."
    messages.success(request, words + _said_to_review(undone))
    return HttpResponseRedirect(reverse("sorting"))


# What was said while two records were linked.


def statements(request: Any) -> list[dict[str, Any]]:
    """What people entered while two records were linked, and nobody has looked at since they were taken apart."""
    if not request.principal.may(DECIDE_IDENTITY):
        return []
    waiting = list(UnlinkedStatement.objects.filter(looked_at=None).order_by("since", "pk")[:100])
    records = _records(request, {number for one in waiting for number in (one.person_record_id, one.other_record_id)})
    names = _names(request, records)
    shown = []
    for one in waiting:
        record = records.get(one.person_record_id)
        if record is not None and (line := _line(request, record, one.resource_id)):
            shown.append(
                {
                    **line,
                    "resource": one.resource_id,
                    "name": names.get(one.person_record_id, "") or "a record without a name",
                    "other": names.get(one.other_record_id, "") or "the other person",
                    "since": wording.moment_words(one.since),
                }
            )
    return shown


def _line(request: Any, record: PersonRecord, resource: int) -> dict[str, str] | None:
    """The fact in one line, with the way to who said so; none where it is not (or no longer) to be seen."""
    kind = Resource.objects.filter(pk=resource).values_list("type", flat=True).first() or ""
    for table in FACTS:
        if kind and FACTS[table].fhir != kind:
            continue
        row = request.access.facts(table).filter(pk=resource, person_record_id=record.pk).values().first()
        if row is not None:
            coded = {row[c.name] for c in ALL[table].columns if c.kind.name == "CONCEPT" and row.get(c.name)}
            said = fact_line(table, row, _Meanings(coded))
            return {"words": f"{table_words(table)}: {said}", "url": reverse("provenance", args=[table, resource])}
    return None


class _Meanings:
    """Coded meanings by their number."""

    def __init__(self, numbers: set[int]) -> None:
        self.names = dict(Concept.objects.filter(pk__in=numbers).values_list("pk", "display"))

    def __call__(self, number: int | None) -> str:
        return self.names.get(number or 0, "") or ""


@require_POST
def settle(request: Any) -> HttpResponse:
    """Say of an entry made while two records were linked that it stays, or take it back."""
    number = request.POST.get("resource", "")
    resource = int(number) if number.isdigit() and len(number) < 19 else 0
    is_other = request.POST.get("about") == "other"
    try:
        with transaction.atomic():
            settle_statement(resource=resource, by=request.principal, reason=TAKEN_BACK if is_other else "It stays")
            if is_other:
                withdraw(fact_id=resource, by=request.principal, reason=TAKEN_BACK)
    except PatientNotVisibleError as error:
        raise Http404 from error
    except (StatementError, AccessRefusedError) as error:
        messages.error(request, f"Not saved: {error}")
    else:
        update_operations(as_of=timezone.localdate())
        said = "Taken back. Enter it again on the page of the person it is about." if is_other else "It stays."
        messages.success(request, said)
    return HttpResponseRedirect(reverse("sorting"))
