"""Going through a list and signing it: the signed list is a message of the signer's, and the rules see it at once.

It can be signed only as seen. Whoever signs states facts like anybody else (ADR 4), so a medicine the person does not
take stands against the order as a contradiction, and nothing silently wins.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from beforehand.care.medicines.answers import UNSURE, ListError, Review, check_review
from beforehand.care.medicines.compose import Circumstances, signed_resources
from beforehand.care.medicines.lines import KINDS, MEDICINES, SAID, TAKEN, Fact, ListNow, list_of
from beforehand.care.medicines.seen import Difference, SeenLine, differences, seen_line, unsealed
from beforehand.care.medicines.signed import SignedListError, named_list, signed_lists
from beforehand.care.needs.actions import today
from beforehand.care.needs.answers import local_moment
from beforehand.care.needs.arrivals import settle_patients
from beforehand.clinical.codes import uri_of
from beforehand.clinical.times import date_of
from beforehand.intake.as_sent import sent
from beforehand.intake.statements import amend, source_of, state_together, withdraw_together
from beforehand.intake.whose import reference_to
from beforehand.record.access import ASSIGN_WORK, RECONCILE, for_principal, principal_of, require
from beforehand.record.audit import CHANGE, audited
from beforehand.record.models import ConceptCoding, Item, Resource, User
from beforehand.record.store.rows import lock_for_writing


class ListChangedError(ListError):
    """Something joined, left or changed since the list was opened: nothing was signed. Carries both sides."""

    def __init__(self, found: Sequence[Difference], now: ListNow) -> None:
        super().__init__("", "the list changed since you opened it: look at what changed, then sign again")
        self.differences, self.now = list(found), now


@transaction.atomic
def sign_list(*, patient_id: int, kind: str, review: Review, seen: str, by: User) -> int:
    """Sign one list of one person as it was seen; the number of the signed list.

    Raises ListError where an answer is missing, ListChangedError where the record moved on meanwhile.
    """
    principal = principal_of(by)
    require(principal, RECONCILE)
    if kind not in KINDS:
        raise ListError("", "there is no such list")
    patient = for_principal(principal).patient(patient_id)
    lock_for_writing()
    now = list_of(principal, patient.pk, kind, as_of=today())
    before: list[SeenLine] = unsealed(seen, now, user_id=by.pk)
    changed = differences(before, map(seen_line, now.current))
    if changed:
        raise ListChangedError(changed, now)
    answers = check_review(now, review)
    if not now.current and not review.added and not review.none_known and review.told_by == "records":
        raise ListError("", "there is nothing to sign: the list is empty and nobody was asked")
    at, zone = local_moment(timezone.now(), patient.zone)
    ended = _to_end(now, review)
    how = Circumstances(
        number=str(uuid.uuid4()),
        at=at,
        zone=zone,
        by_name=by.label,
        patient_name=patient.display_name,
        codes=_codes(now),
        references=_references(now, ended),
        ended=tuple(reference_to(fact.fact_id) for fact in ended),
    )
    state_together(resources=signed_resources(now, review, answers, how), patient_id=patient.pk, by=by)
    for fact in ended:
        _end(fact, how.day, by)
    audited(principal, f"sign_list.{kind}", patients=[patient.pk], access=CHANGE)
    _look_again(patient.pk)
    identity = Resource.objects.get(source_id=source_of(by).pk, type="Procedure", logical_id=how.number)
    return int(identity.pk)


def _look_again(patient_id: int) -> None:
    settle_patients([patient_id], as_of=date_of(today()))


def _codes(now: ListNow) -> dict[int, list[dict[str, str]]]:
    wanted = {line.code for line in now.current if line.code is not None}
    found: dict[int, list[dict[str, str]]] = {}
    rows = ConceptCoding.objects.filter(concept_id__in=wanted).order_by("concept_id", "pk")
    for number, system, code, display in rows.values_list("concept_id", "system", "code", "display"):
        coding = {"system": uri_of(system), "code": code} | ({"display": display} if display else {})
        found.setdefault(number, []).append(coding)
    return found


def _references(now: ListNow, ended: Sequence[Fact]) -> dict[int, str]:
    newest = {facts[0].fact_id for line in now.current for facts in line.facts.values() if facts}
    return {number: reference_to(number) for number in sorted(newest | {fact.fact_id for fact in ended})}


def _to_end(now: ListNow, review: Review) -> list[Fact]:
    """Earlier words of people here that a newer word replaces. What a sender says stays as it is."""
    if now.kind != MEDICINES or review.told_by == "records":
        return []
    unsure = {answer.key for answer in review.answers if answer.answer == UNSURE}
    return [
        fact
        for line in now.current
        if line.key not in unsure
        for fact in line.facts[SAID]
        if fact.is_said and fact.status in TAKEN and (fact.until is None or fact.until > now.as_of)
    ]


def _end(fact: Fact, day: str, by: User) -> None:
    item = Item.objects.get(pk=Resource.objects.get(pk=fact.fact_id).current_item_id or 0)
    start = str(sent(item).get("effectiveDateTime") or day)[:10]
    changes = {"status": "completed", "effectiveDateTime": None, "effectivePeriod": {"start": start, "end": day}}
    amend(fact_id=fact.fact_id, changes=changes, by=by, reason="a newer list was signed")


@transaction.atomic
def undo_signing(*, list_id: int, by: User, reason: str = "undone by the person who signed it") -> None:
    """Take a signing back: everything it stated is marked entered in error, what it ended holds again.

    Only the newest list of its kind, and only by the signer or a supervisor.
    """
    principal = principal_of(by)
    require(principal, RECONCILE)
    signed = named_list(principal, list_id)
    if signed.by_user_id != by.pk:
        require(principal, ASSIGN_WORK)
    newest = signed_lists(principal, signed.patient_id, signed.kind)
    if newest and newest[0].list_id != list_id:
        raise SignedListError("a newer list was signed since: take that one back first")
    lock_for_writing()
    withdraw_together(fact_ids=signed.resources, by=by, reason=reason)
    for number in signed.ended:
        _hold_again(number, by)
    audited(principal, f"undo_signing.{signed.kind}", patients=[signed.patient_id], access=CHANGE, reason=reason)
    _look_again(signed.patient_id)


def _hold_again(fact_id: int, by: User) -> None:
    """The statement as it was before the list ended it."""
    versions = Item.objects.filter(resource_id=fact_id, outcome="APPLIED").order_by("-version_at", "-pk")[:2]
    if len(versions) < 2:
        return
    now, before = (sent(item) for item in versions)
    changes = {name: before.get(name) for name in {*now, *before} if name != "meta"}
    amend(fact_id=fact_id, changes=changes, by=by, reason="the list that ended it was taken back")
