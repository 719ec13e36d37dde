"""Two people are never joined by guess (promise 5).

Records of different sources are linked by themselves only when identifier, birth date and both names agree; within
one source only when the source itself says that one record replaces another. Everything else that might match is
listed for a person to decide. Every link can be undone: who stands for whom is computed from the decisions alone,
facts keep their person record for ever, and their ``patient_id`` follows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from beforehand.record.access import DECIDE_IDENTITY, PatientNotVisibleError, Principal, may_see, require
from beforehand.record.audit import CHANGE, audited
from beforehand.record.models import LinkDecision, Patient, PersonRecord, PossibleMatch
from beforehand.record.reconcile import reconcile_patients
from beforehand.record.store.links import (
    all_decided,
    facts_astray,
    merge_into,
    move_record,
    newest_decisions,
    patients_of,
    sources_of,
    stated_while_linked,
)
from beforehand.record.store.matching import Pair, pairs_with
from beforehand.record.store.persons import PersonArrival, derive_patients
from beforehand.record.store.rows import lock_for_writing, mark_dirty
from beforehand.record.verify import Breach

LINK, APART, UNLINK = "LINK", "APART", "UNLINK"
Changed = dict[int, set[str]]


class IdentityError(ValueError):
    """A decision about who is who that cannot be carried out."""


@dataclass
class Relinked:
    """What a decision changed. ``to_review``: facts that people stated while the records were linked."""

    patients: set[int] = field(default_factory=set)
    to_review: list[tuple[int, str]] = field(default_factory=list)


# Who stands for whom.


def _cluster(records: Iterable[int]) -> tuple[set[int], dict[tuple[int, int], str]]:
    """These records and all that any decision ties to them, directly or by way of others."""
    seen: set[int] = set()
    decisions: dict[tuple[int, int], str] = {}
    edge = set(records)
    while edge:
        seen |= edge
        found = newest_decisions(edge)
        decisions |= found
        edge = {record for pair in found for record in pair} - seen
    return seen, decisions


def _components(records: set[int], decisions: dict[tuple[int, int], str]) -> list[set[int]]:
    neighbours: dict[int, set[int]] = defaultdict(set)
    for (left, right), decision in decisions.items():
        if decision == LINK:
            neighbours[left].add(right)
            neighbours[right].add(left)
    rest, groups = set(records), []
    while rest:
        group, edge = set(), {min(rest)}
        while edge:
            group |= edge
            edge = {other for record in edge for other in neighbours[record]} - group
        groups.append(group)
        rest -= group
    return groups


def regroup(records: Iterable[int]) -> Changed:
    """Make patients follow the decisions about these records; whose facts moved, in which tables."""
    seen, decisions = _cluster(records)
    now, own = patients_of(seen)
    changed: Changed = defaultdict(set)
    for group in _components(set(now), decisions):
        leading = min(own[record] for record in group)
        for record in sorted(group):
            if now[record] != leading:
                tables = move_record(record, now[record], leading)
                changed[now[record]] |= tables
                changed[leading] |= tables
        merge_into(leading, (own[record] for record in group))
    return dict(changed)


# What happens by itself when people arrive.


def link_arrivals(records: Sequence[int], arrivals: Sequence[PersonArrival], *, at: datetime) -> Changed:
    """Link what is certain, list what might match; whose facts moved. Runs in the transaction of the arrival."""
    said = {
        (min(arrival.record_id, other), max(arrival.record_id, other))
        for arrival in arrivals
        for other in arrival.replaced_by
        if other != arrival.record_id
    }
    pairs = pairs_with(records)
    involved = {record for pair in pairs for record in (pair.left, pair.right)} | {r for pair in said for r in pair}
    if not involved:
        return {}
    source_of = sources_of(involved)
    linked: set[int] = set()
    for left, right in sorted(said):
        if source_of.get(left) is not None and source_of.get(left) == source_of.get(right):
            linked |= _link_by_itself(left, right, "the source says that one record replaces the other", at)
    review: list[Pair] = []
    for pair in pairs:
        if pair.is_certain and source_of[pair.left] != source_of[pair.right]:
            done = _link_by_itself(pair.left, pair.right, pair.why, at)
            linked |= done
            if done or _decided(pair.left, pair.right):
                continue
        review.append(pair)
    _list_for_review(review, at)
    return regroup(linked) if linked else {}


def _decided(left: int, right: int) -> str:
    """The decision that holds between two records, or nothing."""
    return newest_decisions([left]).get((min(left, right), max(left, right)), "")


def _link_by_itself(left: int, right: int, why: str, at: datetime) -> set[int]:
    """Link two records unless anybody decided otherwise about any two that would be joined."""
    if _decided(left, right):
        return set()
    seen, decisions = _cluster([left, right])
    decisions[min(left, right), max(left, right)] = LINK
    group = next(group for group in _components(seen, decisions) if left in group)
    if any(decision != LINK and pair[0] in group and pair[1] in group for pair, decision in decisions.items()):
        return set()
    LinkDecision.objects.create(
        left_record_id=min(left, right),
        right_record_id=max(left, right),
        decision=LINK,
        basis="AUTOMATIC",
        reason=why[:400],
        at=at,
    )
    return {left, right}


def _list_for_review(pairs: Iterable[Pair], at: datetime) -> None:
    listed_pairs = [pair for pair in pairs if not _decided(pair.left, pair.right)]
    PossibleMatch.objects.bulk_create(
        [
            PossibleMatch(left_record_id=pair.left, right_record_id=pair.right, why=pair.why[:200], found_at=at)
            for pair in listed_pairs
        ],
        ignore_conflicts=True,
    )


# What people decide.


def link_records(*, left: int, right: int, by: Principal, reason: str) -> Relinked:
    """Say that two person records are one person."""
    return _decide([(left, right)], LINK, by, reason)


def keep_apart(*, left: int, right: int, by: Principal, reason: str) -> Relinked:
    """Say that two person records are two people; unlinks them when they were linked."""
    return _decide([(left, right)], APART, by, reason)


def unlink_record(*, record: int, by: Principal, reason: str) -> Relinked:
    """Take a person record out of the person it was linked into; both people are as if it had never been linked."""
    seen, decisions = _cluster([record])
    group = next((group for group in _components(seen, decisions) if record in group), {record})
    others = sorted(group - {record})
    if not others:
        raise IdentityError(f"Person record {record} is not linked to another: there is nothing to undo.")
    return _decide([(record, other) for other in others], UNLINK, by, reason)


@transaction.atomic
def _decide(pairs: Sequence[tuple[int, int]], decision: str, by: Principal, reason: str) -> Relinked:
    require(by, DECIDE_IDENTITY)
    if not reason.strip():
        raise IdentityError("A decision about who is who needs a reason.")
    records = {record for pair in pairs for record in pair}
    if any(left == right for left, right in pairs):
        raise IdentityError("A record cannot be linked to itself.")
    lock_for_writing()
    before = dict(PersonRecord.unscoped.filter(pk__in=records).values_list("pk", "patient_id"))
    if set(before) != records or not may_see(by, set(before.values())):
        raise PatientNotVisibleError("One of the records does not exist, or is of a person you may not see.")
    now = timezone.now()
    to_review = stated_while_linked(records) if decision != LINK else []
    for left, right in pairs:
        low, high = min(left, right), max(left, right)
        LinkDecision.objects.create(
            left_record_id=low,
            right_record_id=high,
            decision=decision,
            basis="PERSON",
            reason=reason[:400],
            by_user_id=by.id or None,
            at=now,
        )
        _settle_match(low, high, decision)
    changed = regroup(records)
    _recompute(changed, now)
    patients = set(changed) | set(before.values())
    audited(by, f"{decision.lower()}_person_records", patients=sorted(patients), access=CHANGE, reason=reason)
    return Relinked(patients, to_review)


@transaction.atomic
def carry_over_decision(
    *, left: int, right: int, decision: str, reason: str, by_user_id: int | None, at: datetime
) -> None:
    """Write down again, in a home that is being replayed, what a person decided in the first."""
    lock_for_writing()
    low, high = min(left, right), max(left, right)
    LinkDecision.objects.create(
        left_record_id=low,
        right_record_id=high,
        decision=decision,
        basis="PERSON",
        reason=reason[:400],
        by_user_id=by_user_id,
        at=at,
    )
    _settle_match(low, high, decision)
    _recompute(regroup([low, high]), at)


def _settle_match(low: int, high: int, decision: str) -> None:
    PossibleMatch.objects.filter(left_record_id=low, right_record_id=high).update(
        state="LINKED" if decision == LINK else "APART"
    )


def _recompute(changed: Changed, now: datetime) -> None:
    derive_patients(changed)
    for patient, tables in reconcile_patients(changed).items():
        changed[patient] |= tables
    mark_dirty(changed, now)


# What data can prove.


def check_links() -> list[Breach]:
    """Promise 5, as far as rows can show it: patients are exactly what the decisions say, and facts follow."""
    found: list[Breach] = []
    records = all_decided()
    own = dict(PersonRecord.unscoped.values_list("pk", "own_patient_id"))
    now = dict(PersonRecord.unscoped.values_list("pk", "patient_id"))
    expected = dict(own)
    seen: set[int] = set()
    for record in sorted(records):
        if record not in seen:
            cluster, decisions = _cluster([record])
            seen |= cluster
            for group in _components(cluster & set(own), decisions):
                expected |= dict.fromkeys(group, min(own[member] for member in group))
    for record, patient in now.items():
        if patient != expected[record]:
            found.append(
                Breach(5, f"person record {record}", "stands for another patient than the decisions say", "relink it")
            )
    stands = set(expected.values())
    for patient in Patient.unscoped.filter(merged_into_id=None).values_list("pk", flat=True):
        if patient not in stands:
            found.append(Breach(5, f"patient {patient}", "no person record stands for it", "restore from a backup"))
    return [*found, *_astray()]


def _astray() -> list[Breach]:
    return [
        Breach(5, f"fact_{table}", f"{count} facts do not follow their person record", "relink the records concerned")
        for table, count in facts_astray().items()
    ]
