"""From finding to need: what the rules say today, turned into work that somebody owns.

``update_needs`` is idempotent and complete for the patients it is given: whatever was deleted, expired or handed
to nobody comes back. It reads a fixed number of queries for a batch of patients and writes only what changed.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from beforehand.care.needs.chains import Chains, ties, together
from beforehand.care.needs.events import event, write
from beforehand.care.needs.folding import Fold, asks, asks_at_all, evidence_digest, folds, has_lapsed, labels
from beforehand.care.needs.models import LIVE, Need, NeedEvent, NeedFinding
from beforehand.care.needs.ownership import Enrolled, apart_again, enrolments_on, may_own, workers
from beforehand.care.needs.rank import Policy, date_to_act, policy, told_day
from beforehand.care.needs.register import asking_rules, missing, next_step, question, reason, rule_words
from beforehand.care.needs.standing import refresh_rows
from beforehand.care.needs.store import (
    add_rows,
    change_rows,
    findings_about,
    findings_for_work,
    links_of,
    lock_patients,
    needs_of,
    people_of,
    withdrawn_by,
)
from beforehand.clinical.times import day_of
from beforehand.record.models import Enrolment, Patient, Resource
from beforehand.record.store.rows import number_objects

BATCH = 500
BY = "system:lookahead"
BY_LABEL = "The look-ahead"
_RULE_COLUMNS = """
rule_id subject status topic question reason next_step step_kind is_planned is_dated harm next_on due_on opens_on
holds_up waits_for shown_from sensitivity words_key state marked outcome closed_why closed_at hold_digest hold_until
owner_user_id team_id opened_day version changed_at patient_id home_patient_id
"""
RULE_COLUMNS = tuple(_RULE_COLUMNS.split())


@dataclass
class _Work:
    """One batch: what stands, and what this run changes."""

    as_of: int
    now: datetime
    rules: Policy
    enrolled: dict[int, Enrolled]
    findings: dict[int, Any]
    asking: dict[int, list[Any]]
    needs: dict[int, list[Need]]
    linked: dict[int, set[int]]  # need -> findings
    names: dict[int, str]
    deceased: set[int]
    joined: dict[int, int]  # patients whose records are all part of another's now -> that other
    staff: dict[int, frozenset[int]]  # who may work -> their teams
    versions: dict[int, int | None]
    chains: dict[int, Chains]
    fresh: list[tuple[Need, Fold]] = field(default_factory=list)
    changed: dict[int, Need] = field(default_factory=dict)
    links: list[NeedFinding] = field(default_factory=list)
    events: list[NeedEvent] = field(default_factory=list)
    also: set[int] = field(default_factory=set)  # patients outside the batch whose lists changed

    def name(self, patient_id: int | None) -> str:
        return self.names.get(patient_id or 0, "")


@dataclass(frozen=True)
class Updated:
    """What a run changed."""

    opened: int = 0
    reopened: int = 0
    closed: int = 0
    changed: int = 0

    def __add__(self, other: Updated) -> Updated:
        return Updated(
            self.opened + other.opened,
            self.reopened + other.reopened,
            self.closed + other.closed,
            self.changed + other.changed,
        )


def _gather(patient_ids: Sequence[int], as_of: int) -> _Work:
    enrolled = enrolments_on(patient_ids, as_of)
    known = people_of(patient_ids)
    joined = {patient_id: merged_into for patient_id, _, merged_into, _ in known if merged_into is not None}
    for patient_id in joined:
        enrolled.pop(patient_id, None)
    needs: dict[int, list[Need]] = defaultdict(list)
    for need in needs_of(patient_ids):
        needs[int(need.patient_id or 0)].append(need)
    ids = [need.pk for listed in needs.values() for need in listed]
    linked: dict[int, set[int]] = defaultdict(set)
    if ids:
        for need_id, finding_id in links_of(ids):
            linked[need_id].add(finding_id)
    live = {each for listed in needs.values() for need in listed if need.state in LIVE for each in linked[need.pk]}
    findings: dict[int, Any] = {each.pk: each for each in findings_for_work(patient_ids, live, asking_rules())}
    asking: dict[int, list[Any]] = defaultdict(list)
    for each in findings.values():
        if asks(each, as_of):
            asking[each.patient_id].append(each)
    return _Work(
        as_of=as_of,
        now=timezone.now(),
        rules=policy(),
        enrolled=enrolled,
        findings=findings,
        asking=asking,
        needs=needs,
        linked=linked,
        names={patient_id: name for patient_id, name, _, _ in known},
        deceased={patient_id for patient_id, _, _, deceased in known if deceased},
        joined=joined,
        staff=workers(),
        versions=_versions(needs, asking),
        chains=_chains(asking, as_of),
    )


def _chains(asking: dict[int, list[Any]], as_of: int) -> dict[int, Chains]:
    """What each patient's open work holds up; what is settled is read only where something waits behind it."""
    known: dict[int, dict[int, Any]] = {
        patient_id: {each.pk: each for each in asked} for patient_id, asked in asking.items()
    }
    looked: set[str] = set()
    fresh = [each for asked in asking.values() for each in asked]
    while wanted := {each.blocks for each in fresh if each.blocks} - looked:
        looked |= wanted
        fresh = findings_about({each.patient_id for each in fresh if each.blocks}, wanted)
        for each in fresh:
            known[each.patient_id].setdefault(each.pk, each)
    return {patient_id: Chains(each.values(), as_of) for patient_id, each in known.items()}


def _versions(needs: dict[int, list[Need]], asking: dict[int, list[Any]]) -> dict[int, int | None]:
    """Which version of each fact holds now; read only where a dismissal has to be compared."""
    held = [patient_id for patient_id, listed in needs.items() if any(need.hold_digest for need in listed)]
    facts = {
        item["fact_id"] for patient_id in held for each in asking.get(patient_id, ()) for item in each.evidence or ()
    }
    return versions_of(facts) if facts else {}


def versions_of(fact_ids: Iterable[int]) -> dict[int, int | None]:
    """Fact -> the received item that states it now."""
    return dict(Resource.objects.filter(pk__in=list(fact_ids)).values_list("pk", "current_item_id"))


def fill(need: Need, fold: Fold, work_day: int, rules: Policy, name: str, chains: Chains) -> None:
    """What the need shows, from the findings folded into it. A step a person planned is left alone.

    Its day and its harm are its own, or those of what waits for it.
    """
    lead = fold.lead
    words = rule_words(lead.rule_id)
    told = hashlib.sha256(f"{lead.changed_at}:{lead.digest}:{name}".encode()).hexdigest()[:24]
    key = f"{lead.pk}:{told}" + (f":{hashlib.sha256(repr(fold.tests).encode()).hexdigest()[:8]}" if fold.tests else "")
    if (need.rule_id, need.subject) not in {(each.rule_id, each.subject[:300]) for each in fold.findings}:
        need.is_planned = False  # what the step was planned for is settled
    need.rule_id, need.subject, need.status, need.topic = lead.rule_id, lead.subject[:300], lead.status, words.topic
    if need.words_key != key:
        need.words_key, need.question = key, _asked(fold, name, work_day)
        need.reason = reason(lead, patient=name, today=work_day)
        if not need.is_planned:
            need.next_step = next_step(lead, patient=name, today=work_day) or words.title
            if fold.tests:
                need.next_step = "Ask for all of them to be ordered, and book one blood draw."
            need.step_kind = words.step_kind
    urgency = together(fold.findings, chains)
    need.harm, need.due_on = urgency.harm, told_day(need.opened_day, urgency.due_on)
    need.holds_up = _told(fold, chains, name, is_behind=True)
    need.waits_for = _told(fold, chains, name, is_behind=False)
    need.opens_on = lead.opens_on
    need.sensitivity = labels(fold.findings)
    if not need.is_planned:
        need.next_on, need.is_dated = date_to_act(need.opened_day, need.due_on, need.harm, rules)
    if need.state == "OPEN":
        need.shown_from = min(need.opened_day, work_day)
    need.marked = ""


def _asked(fold: Fold, name: str, work_day: int) -> str:
    """The leading finding's question; of several tests due at once, one question that names all."""
    if fold.tests:
        *tests, last = fold.tests
        return f"Is one blood draw booked for {name}: {', '.join(tests)} and {last}?"
    return question(fold.lead, patient=name, today=work_day) or rule_words(fold.lead.rule_id).title


def _told(fold: Fold, chains: Chains, name: str, *, is_behind: bool) -> list[dict[str, Any]]:
    """What it holds up or waits for, in words; never what somebody who sees this need may not see."""
    seen = set(labels(fold.findings).split())
    return [
        {"words": _tied(each, name), "day": each.due_on}
        for each in ties(fold.findings, chains, is_behind=is_behind)
        if set((each.sensitivity or "").split()) <= seen
    ]


def _tied(finding: Any, name: str) -> str:
    """What is asked while it is open; what is so where it only comes."""
    asked = question(finding, patient=name) or rule_words(finding.rule_id).title
    return asked if asks_at_all(finding) else reason(finding, patient=name) or asked


def _held(need: Need, fold: Fold, work: _Work) -> bool:
    """Whether a person's dismissal or closing still holds: same evidence, and its day has not passed."""
    if need.closed_why not in ("PERSON", "DISMISSED") or not need.hold_digest:
        return False
    if need.hold_until is not None and need.hold_until <= work.as_of:
        return False
    return need.hold_digest == evidence_digest(fold.findings, work.versions)


def _note(work: _Work, need: Need, what: str, words: str = "", **changes: Any) -> None:
    entry = event(need, what, by=BY, by_label=BY_LABEL, day=work.as_of, words=words)
    entry.after = changes
    work.events.append(entry)


def _own(need: Need, enrolled: Enrolled, lead_id: int | None = None) -> None:
    """Nothing open is ownerless: the patient's lead if there is one, and always the team's queue."""
    if not need.team_id:
        need.team_id = enrolled.team_id
    if need.owner_user_id is None and need.pk is None:
        need.owner_user_id = lead_id


def new_need(
    patient_id: int, fold: Fold, enrolled: Enrolled, as_of: int, rules: Policy, now: datetime, name: str, chains: Chains
) -> Need:
    """A need for findings that nobody works yet, unsaved."""
    need = Need(
        patient_id=patient_id,
        fold_key=fold.key,
        opened_day=as_of,
        opened_at=now,
        changed_at=now,
        shown_from=as_of,
        next_on=as_of,
    )
    _own(need, enrolled, enrolled.lead_id)
    fill(need, fold, as_of, rules, name, chains)
    return need


def _reopen(work: _Work, need: Need, fold: Fold, enrolled: Enrolled) -> None:
    why = {
        "MET": "The record no longer shows it done",
        "DEATH": "The record no longer says that the person has died",
        "JOINED": "The two records are apart again",
    }
    ended = "The evidence changed, or the day it was put off to has come"
    words = why.get(
        need.closed_why, ended if need.closed_why in ("PERSON", "DISMISSED") else "Found closed without a reason"
    )
    need.state, need.outcome, need.closed_why, need.closed_at = "OPEN", "", "", None
    need.hold_digest, need.hold_until, need.is_planned, need.words_key = "", None, False, ""
    need.opened_day = work.as_of if words == ended else need.opened_day
    need.version += 1
    _own(need, enrolled)
    fill(need, fold, work.as_of, work.rules, work.name(need.patient_id), work.chains[int(need.patient_id or 0)])
    work.changed[need.pk] = need
    _note(work, need, "REOPENED", words)


def _settle_fold(work: _Work, patient_id: int, fold: Fold, enrolled: Enrolled) -> Need | None:
    """The live need of these findings: the one there is, one opened again, or a new one; none while a hold lasts."""
    same = [need for need in work.needs.get(patient_id, ()) if need.fold_key == fold.key]
    live = next((need for need in same if need.state in LIVE), None)
    if live is None:
        last = max(same, key=lambda need: (need.changed_at, need.pk), default=None)
        if last is None:
            name, chains = work.name(patient_id), work.chains[patient_id]
            need = new_need(patient_id, fold, enrolled, work.as_of, work.rules, work.now, name, chains)
            if need.owner_user_id is not None and not may_own(need.owner_user_id, enrolled, work.staff):
                need.owner_user_id = None
            work.fresh.append((need, fold))
            return None
        if _held(last, fold, work):
            return None
        _reopen(work, last, fold, enrolled)
        return last
    before = {name: getattr(live, name) for name in RULE_COLUMNS}
    joined = {each.pk for each in fold.findings} - work.linked[live.pk]
    if live.state == "SNOOZED" and (joined or live.shown_from <= work.as_of):
        live.state, live.shown_from = "OPEN", work.as_of
        _note(work, live, "WOKEN", "Something new came up" if joined else "")
    fill(live, fold, work.as_of, work.rules, work.name(patient_id), work.chains[patient_id])
    if any(before[name] != getattr(live, name) for name in RULE_COLUMNS):
        work.changed[live.pk] = live
    return live


def _settle_silent(work: _Work, need: Need) -> None:
    """A live need whose findings no longer ask: closed when met, moved when it opens later, else marked."""
    linked = [work.findings[each] for each in sorted(work.linked[need.pk]) if each in work.findings]
    current = [each for each in linked if each.state == "CURRENT"]
    later = [each.opens_on for each in current if asks_at_all(each) and not has_lapsed(each, work.as_of)]
    if later and need.patient_id in work.enrolled:
        opens = min(day for day in later if day is not None)
        if need.shown_from != opens:
            need.shown_from, need.opens_on = opens, opens
            work.changed[need.pk] = need
    elif (left := _not_yet_answered(linked)) and all(each.status == "MET" for each in left):
        _close(
            work,
            need,
            "MET",
            reason(left[0], patient=work.name(need.patient_id), today=work.as_of) or "The record shows it done",
            left,
        )
    elif need.patient_id in work.joined:
        _close(work, need, "JOINED", "Worked on under the person's joined record", linked)
    elif need.patient_id in work.deceased and all(each.state != "CURRENT" for each in linked):
        _close(work, need, "DEATH", "Ended: the person has died", linked)
    else:
        why = _why_marked(work, need, linked)
        if need.marked != why:
            need.marked, need.changed_at = why, work.now
            work.changed[need.pk] = need
            _note(work, need, "MARKED", f"Stays open: {why}")


def _not_yet_answered(linked: Sequence[Any]) -> list[Any]:
    """Findings whose answer decides; none where one was taken back while it still asked.

    One that was met or excluded before its rule stopped speaking of it (a stay that is over) had asked for nothing.
    """
    left = [each for each in linked if each.state == "CURRENT"]
    asked = any(each.state != "CURRENT" and each.status not in ("MET", "EXCLUDED") for each in linked)
    return [] if asked else left


def _close(work: _Work, need: Need, why: str, words: str, linked: Sequence[Any]) -> None:
    need.state, need.closed_why, need.outcome, need.marked = "CLOSED", why, words[:400], ""
    need.closed_at = need.changed_at = work.now
    need.version += 1
    work.changed[need.pk] = need
    evidence = [item for each in linked for item in each.evidence or ()]
    _note(work, need, "CLOSED", f"Closed by the record: {words}" if why == "MET" else words, evidence=evidence)


def _why_marked(work: _Work, need: Need, linked: Sequence[Any]) -> str:
    if need.patient_id not in work.enrolled:
        return "No longer enrolled"
    for each in linked:
        title = rule_words(each.rule_id).title or each.rule_id
        if each.state == "RULE_CHANGED":
            return f"The rule changed and no longer asks for this ({title})"
        if each.state == "WITHDRAWN":
            by = withdrawn_by(item["fact_id"] for item in each.evidence or ())
            who = f"{', '.join(by)} withdrew what this rested on" if by else "The record no longer shows it"
            return f"{who} ({title})"[:400]
        if has_lapsed(each, work.as_of):
            return f"The day on which it mattered has passed ({title})"
        if each.status == "EXCLUDED":
            return f"An exclusion applies now: {reason(each, today=work.as_of) or title}"[:400]
        if each.status == "UNKNOWN":
            said = missing(each, patient=work.name(need.patient_id), today=work.as_of)
            return f"Nobody can tell any more. {said}".strip()[:400]
    return "Nothing in the record asks for this any more"


def _settle_patient(work: _Work, patient_id: int) -> None:
    needs = work.needs.get(patient_id, [])
    kept: set[int] = set()
    enrolled = work.enrolled.get(patient_id)
    if enrolled is not None:
        already = {each: need.fold_key for need in needs if need.state in LIVE for each in work.linked[need.pk]}
        for fold in folds(work.asking.get(patient_id, ()), already).values():
            need = _settle_fold(work, patient_id, fold, enrolled)
            if need is not None:
                kept.add(need.pk)
                fresh = [each for each in fold.findings if each.pk not in work.linked[need.pk]]
                work.links += [NeedFinding(need=need, finding_id=each.pk) for each in fresh]
    for need in needs:
        if need.state in LIVE and need.pk not in kept and need.source == "FINDING":
            _settle_silent(work, need)
        if need.state in LIVE:
            _keep_owned(work, need)


def _follow_records(work: _Work) -> None:
    """Needs added by hand move with a record that is joined into another's, and back when the two are apart again."""
    by_hand = [
        need for listed in work.needs.values() for need in listed if need.source == "PERSON" and need.state in LIVE
    ]
    back = (
        apart_again(homes) if (homes := {need.home_patient_id for need in by_hand if need.home_patient_id}) else set()
    )
    for need in by_hand:
        here, home = int(need.patient_id or 0), need.home_patient_id
        if here in work.joined:
            need.home_patient_id, need.patient_id = home or here, work.joined[here]
            _note(work, need, "MOVED", "Follows the record, which was joined into this one")
        elif home in back:
            need.patient_id, need.home_patient_id = home, None
            _note(work, need, "MOVED", "Back with the record it was added for: the two are apart again")
        else:
            continue
        work.also.add(int(need.patient_id or 0))
        work.changed[need.pk] = need


def _keep_owned(work: _Work, need: Need) -> None:
    """No need stays with somebody who cannot see it any more, nor in the queue of a team that no longer works here."""
    enrolled = work.enrolled.get(int(need.patient_id or 0))
    moved = ""
    if need.owner_user_id is not None and not may_own(need.owner_user_id, enrolled, work.staff):
        need.owner_user_id, moved = None, "Returned to the team queue: its owner does not work for this person any more"
    if enrolled is not None and need.team_id not in enrolled.teams:
        need.team_id = enrolled.team_id
        moved = moved or "Moved to the queue of the team that works for this person now"
    if moved:
        work.changed[need.pk] = need
        _note(work, need, "RELEASED", moved)


def _save(work: _Work) -> None:
    if work.fresh:
        number_objects([need for need, _ in work.fresh])
        for need, fold in work.fresh:
            work.links += [NeedFinding(need=need, finding_id=each.pk) for each in fold.findings]
            _note(work, need, "OPENED")
    change_rows(Need, list(work.changed.values()), RULE_COLUMNS)
    if work.links:
        add_rows(NeedFinding, list({(link.need_id, link.finding_id): link for link in work.links}.values()))
    if work.events:
        write(work.events)


@transaction.atomic
def _update_batch(patient_ids: Sequence[int], as_of: int) -> Updated:
    lock_patients(patient_ids)
    work = _gather(patient_ids, as_of)
    for patient_id in patient_ids:
        _settle_patient(work, patient_id)
    _follow_records(work)
    _save(work)
    refresh_rows({*patient_ids, *work.also}, as_of)
    said = [entry.what for entry in work.events]
    return Updated(len(work.fresh), said.count("REOPENED"), said.count("CLOSED"), len(work.changed))


def update_needs(patient_ids: Iterable[int] | None, as_of: date | int) -> Updated:
    """Bring the needs of these patients (None: everyone worked for, or with needs) in step with their findings.

    Safe to run again at any time.
    """
    day = as_of if isinstance(as_of, int) else day_of(as_of)
    if patient_ids is None:
        enrolled = Enrolment.objects.values_list("patient_id", flat=True)
        survivors = Patient.unscoped.filter(merged_into_id__isnull=False).values_list("merged_into_id", flat=True)
        live = Need.unscoped.filter(state__in=LIVE, patient_id__isnull=False).values_list("patient_id", flat=True)
        found = {*enrolled.distinct(), *survivors.distinct(), *live.distinct()}
        patient_ids = [int(patient_id) for patient_id in found if patient_id is not None]
    listed = sorted(set(patient_ids))
    total = Updated()
    for start in range(0, len(listed), BATCH):
        total += _update_batch(listed[start : start + BATCH], day)
    return total
