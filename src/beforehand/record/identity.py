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
from beforehand.record.matching_compare import Comparison
from beforehand.record.models import LinkDecision, Patient, PersonRecord, PossibleMatch, UnlinkedStatement
from beforehand.record.reconcile import reconcile_patients
from beforehand.record.store.links import (
    all_decided,
    automatic_links,
    facts_astray,
    listed_of,
    merge_into,
    move_record,
    newest_decisions,
    patients_of,
    sources_of,
    stated_while_linked,
)
from beforehand.record.store.matching import Pair, compared, pairs_with
from beforehand.record.store.persons import PersonArrival, derive_patients
from beforehand.record.store.rows import lock_for_writing
from beforehand.record.store.touched import mark_dirty
from beforehand.record.verify import Breach

LINK, APART, UNLINK, REOPEN = "LINK", "APART", "UNLINK", "REOPEN"  # decisions
OPEN, LINKED, DOUBT = "OPEN", "LINKED", "DOUBT"  # states of a possible match, beside APART
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
    linking = Linking(pairs, said)
    made = linking.link()
    LinkDecision.objects.bulk_create(
        [
            LinkDecision(
                left_record_id=left, right_record_id=right, decision=LINK, basis="AUTOMATIC", reason=why[:400], at=at
            )
            for (left, right), why in made.items()
        ]
    )
    linked = {record for pair in made for record in pair}
    changed = regroup(linked) if linked else {}
    _list_for_review(records, linking.for_review(), at)
    _doubt(records, at)
    return changed


class Linking:
    """Which of the pairs found are linked by themselves. Nothing that anybody decided is overruled."""

    def __init__(self, pairs: Sequence[Pair], said: set[tuple[int, int]]) -> None:
        self.pairs = {(pair.left, pair.right): pair for pair in pairs}
        certain = {key for key, pair in self.pairs.items() if pair.is_certain}
        records = {record for pair in certain | said for record in pair}
        seen, self.decisions = _cluster(records)
        self.decisions |= newest_decisions({record for pair in self.pairs for record in pair} - seen)
        self.source = sources_of(seen | {record for pair in self.pairs for record in pair})
        self.group: dict[int, set[int]] = {}
        for group in _components(seen & self.source.keys(), self.decisions):
            self.group.update(dict.fromkeys(group, group))
        self.apart: dict[int, set[int]] = defaultdict(set)
        for (left, right), decision in self.decisions.items():
            if decision in (APART, UNLINK):
                self.apart[left].add(right)
                self.apart[right].add(left)
        known = {pair for pair in said if pair[0] in self.source and pair[1] in self.source}
        self.said = {pair for pair in known if self.source[pair[0]] == self.source[pair[1]]}
        self.certain = {pair for pair in certain if self.source[pair[0]] != self.source[pair[1]]}
        self.rivals: dict[int, set[int]] = defaultdict(set)
        for left, right in self.certain:
            self.rivals[left].add(right)
            self.rivals[right].add(left)
        self.made: dict[tuple[int, int], str] = {}
        self.unsaid: list[Pair] = []

    def link(self) -> dict[tuple[int, int], str]:
        """The links made, with the reason: first what a source says of its own records, then what is certain."""
        found = compared(self.said) if self.said else {}
        for pair in sorted(self.said):
            if demographics_differ(found[pair]):
                self.unsaid.append(Pair(*pair, found[pair], is_said=True))
            else:
                self._join(pair, "the source says that one record replaces the other")
        for pair in sorted(self.certain):
            if not self._is_ambiguous(*pair):
                self._join(pair, self.pairs[pair].why)
        return self.made

    def for_review(self) -> list[Pair]:
        """What is left for a person: not linked, and nobody has said that they are two."""
        listed = {(pair.left, pair.right): pair for pair in self.unsaid}
        for key, pair in self.pairs.items():
            if key not in self.made:
                listed.setdefault(key, pair)
        return [pair for key, pair in listed.items() if self.decisions.get(key, REOPEN) == REOPEN]

    def _join(self, pair: tuple[int, int], why: str) -> None:
        left, right = (self.group[record] for record in pair)
        if pair in self.decisions or any(other in right for record in left for other in self.apart[record]):
            return
        if left is not right:
            if pair not in self.said and {self.source[r] for r in left} & {self.source[r] for r in right}:
                return  # it would join two records of one source, which only that source or a person may do
            left |= right
            self.group.update(dict.fromkeys(right, left))
        self.made[pair] = why

    def _is_ambiguous(self, left: int, right: int) -> bool:
        """Whether a record is as certainly one of two people; then it is for a person to say which."""
        return any(
            self.group[rival] is not self.group[other]
            and (self.source[rival] == self.source[other] or self._are_apart(rival, other))
            for record, other in ((left, right), (right, left))
            for rival in self.rivals[record]
        )

    def _are_apart(self, one: int, other: int) -> bool:
        return any(third in self.group[other] for record in self.group[one] for third in self.apart[record])


def demographics_differ(found: Comparison) -> bool:
    """Whether two records that a source calls one give another birth date, name or sex. What one lacks differs not."""
    return (
        found.level("birth date") not in ("", "same")
        or found.level("family name") not in ("", "same")
        or found.level("given name") not in ("", "same")
        or "differs" in (found.level("middle name"), found.level("suffix"), found.level("sex"))
    )


def _list_for_review(records: Iterable[int], pairs: Iterable[Pair], at: datetime) -> None:
    """List these pairs; what was listed of these records and might match no longer is taken off the list."""
    known = PossibleMatch.objects.in_bulk(list(listed_of(records, [OPEN]).values()))
    waiting = {(match.left_record_id, match.right_record_id): match for match in known.values()}
    fresh, changed = [], []
    for pair in pairs:
        match = waiting.pop((pair.left, pair.right), None)
        if match is None:
            fresh.append(
                PossibleMatch(
                    left_record_id=pair.left,
                    right_record_id=pair.right,
                    why=pair.why[:200],
                    weight=pair.found.weight,
                    found_at=at,
                )
            )
        elif (match.why, match.weight) != (pair.why[:200], pair.found.weight):
            match.why, match.weight = pair.why[:200], pair.found.weight
            changed.append(match)
    PossibleMatch.objects.bulk_create(fresh, ignore_conflicts=True)
    PossibleMatch.objects.bulk_update(changed, ["why", "weight"])
    if waiting:
        PossibleMatch.objects.filter(pk__in=[match.pk for match in waiting.values()]).delete()


def _doubt(records: Iterable[int], at: datetime) -> None:
    """List links made by themselves whose records have come to differ since. They stay linked until a person says."""
    pairs = automatic_links(records)
    if not pairs:
        return
    doubted = listed_of(records, [DOUBT])
    for (left, right), found in sorted(compared(pairs).items()):
        names = (found.level("family name"), found.level("given name"))
        differ = found.level("birth date") not in ("", "same") or found.level("sex") == "differs"
        if differ or names == ("differs", "differs"):
            why = Pair(left, right, found, is_linked=True).why[:200]
            PossibleMatch.objects.update_or_create(
                left_record_id=left,
                right_record_id=right,
                defaults={"why": why, "weight": found.weight, "state": DOUBT},
                create_defaults={"why": why, "weight": found.weight, "state": DOUBT, "found_at": at},
            )
        elif (left, right) in doubted:
            PossibleMatch.objects.filter(pk=doubted[left, right]).update(state=LINKED)


def comparison_of(left: int, right: int) -> Comparison:
    """How two records compare now; the door has let the person see both."""
    return compared([(left, right)]).get((left, right), Comparison())


# What people decide.


def link_records(*, left: int, right: int, by: Principal, reason: str) -> Relinked:
    """Say that two person records are one person."""
    return _decide([(left, right)], LINK, by, reason)


def keep_apart(*, left: int, right: int, by: Principal, reason: str) -> Relinked:
    """Say that two person records are two people; unlinks them when they were linked."""
    return _decide([(left, right)], APART, by, reason)


def keep_all_apart(*, pairs: Sequence[tuple[int, int]], by: Principal, reason: str) -> Relinked:
    """Say of every pair of records that speaks of the same two people that they are two; one decision, one undo."""
    return _decide(list(pairs), APART, by, reason)


def unlink_record(*, record: int, by: Principal, reason: str) -> Relinked:
    """Take a person record out of the person it was linked into; both people are as if it had never been linked."""
    seen, decisions = _cluster([record])
    group = next((group for group in _components(seen, decisions) if record in group), {record})
    others = sorted(group - {record})
    if not others:
        raise IdentityError(f"Person record {record} is not linked to another: there is nothing to undo.")
    return _decide([(record, other) for other in others], UNLINK, by, reason)


def undo_decision(*, decision: int, by: Principal, reason: str) -> Relinked:
    """Take back what a person decided: every pair of that decision is again what it was before."""
    taken = LinkDecision.objects.filter(pk=decision, basis="PERSON").first()
    if taken is None:
        raise IdentityError(f"There is no decision {decision} of a person to undo.")
    together = LinkDecision.objects.filter(
        basis="PERSON", at=taken.at, by_user_id=taken.by_user_id, decision=taken.decision
    )
    before: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in together:
        pair = (one.left_record_id, one.right_record_id)
        same = LinkDecision.objects.filter(left_record_id=pair[0], right_record_id=pair[1])
        if same.filter(pk__gt=one.pk).exists():
            raise IdentityError("Somebody has decided about these records since: undo that decision first.")
        earlier = same.filter(pk__lt=one.pk).order_by("-pk").values_list("decision", flat=True).first()
        before[earlier or REOPEN].append(pair)
    done = Relinked()
    with transaction.atomic():
        for was, pairs in sorted(before.items()):
            undone = _decide(pairs, was, by, reason)
            done.patients |= undone.patients
            done.to_review += undone.to_review
    return done


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
    done = _carry_out(pairs, decision, reason=reason, by_user_id=by.id or None, at=timezone.now())
    done.patients |= set(before.values())
    audited(by, f"{decision.lower()}_person_records", patients=sorted(done.patients), access=CHANGE, reason=reason)
    return done


@transaction.atomic
def carry_over_decision(
    *, left: int, right: int, decision: str, reason: str, by_user_id: int | None, at: datetime
) -> None:
    """Write down again, in a home that is being replayed, what a person decided in the first."""
    lock_for_writing()
    _carry_out([(left, right)], decision, reason=reason, by_user_id=by_user_id, at=at)


def _carry_out(
    pairs: Sequence[tuple[int, int]], decision: str, *, reason: str, by_user_id: int | None, at: datetime
) -> Relinked:
    records = {record for pair in pairs for record in pair}
    stated = stated_while_linked(records) if decision != LINK else []
    for left, right in pairs:
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
        PossibleMatch.objects.filter(left_record_id=low, right_record_id=high).update(
            state=LINKED if decision == LINK else OPEN if decision == REOPEN else APART
        )
    changed = regroup(records)
    _recompute(changed, at)
    to_review = _keep_for_review(stated, records, at) if changed else []
    return Relinked(set(changed), to_review)


def _keep_for_review(stated: Sequence[tuple[int, str, int]], records: set[int], at: datetime) -> list[tuple[int, str]]:
    """Remember what people stated while the records were linked, now that they are not."""
    now = dict(
        PersonRecord.unscoped.filter(pk__in=records | {row[2] for row in stated}).values_list("pk", "patient_id")
    )
    kept: list[tuple[int, str]] = []
    for resource, type_, record in stated:
        others = sorted(other for other in records if now.get(other) != now.get(record))
        if others:
            UnlinkedStatement.objects.update_or_create(
                resource_id=resource,
                defaults={"person_record_id": record, "other_record_id": others[0], "since": at, "looked_at": None},
            )
            kept.append((resource, type_))
    return kept


@transaction.atomic
def settle_statement(*, resource: int, by: Principal, reason: str) -> None:
    """Say that what was stated while two records were linked has been looked at, and is where it belongs."""
    require(by, DECIDE_IDENTITY)
    waiting = UnlinkedStatement.objects.select_for_update().filter(resource_id=resource, looked_at=None).first()
    patients = set(
        PersonRecord.unscoped.filter(pk=waiting.person_record_id).values_list("patient_id", flat=True)
        if waiting
        else ()
    )
    if waiting is None or not may_see(by, patients):
        raise PatientNotVisibleError("There is no such entry to look at, or it is of a person you may not see.")
    waiting.looked_at, waiting.looked_by_id = timezone.now(), by.id or None
    waiting.save(update_fields=["looked_at", "looked_by_id"])
    audited(by, "settle_statement", patients=sorted(patients), access=CHANGE, reason=reason)


@transaction.atomic
def carry_over_settling(*, resource: int, by_user_id: int | None, at: datetime) -> None:
    """Write down again, in a home that is being replayed, that somebody looked at such a statement."""
    lock_for_writing()
    waiting = UnlinkedStatement.objects.filter(resource_id=resource, looked_at=None)
    waiting.update(looked_at=at, looked_by_id=by_user_id)


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
