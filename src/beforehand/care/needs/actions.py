"""What people do with needs. Each is one action: permission, transaction, change, history and audit together.

``version`` is the one the person saw; when somebody else was quicker, nothing is changed and the loser is told
by ``EditConflictError``, which carries both. Late work is never refused for being late. Every action returns the
event that ``undo`` takes back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from beforehand.care.needs.events import KEPT, WORDS, difference, event, kept
from beforehand.care.needs.folding import evidence_digest
from beforehand.care.needs.from_findings import update_needs, versions_of
from beforehand.care.needs.models import LIVE, Need, NeedEvent, NeedFinding
from beforehand.care.needs.ownership import enrolments_on
from beforehand.care.needs.rank import date_to_act, policy
from beforehand.care.needs.standing import refresh_rows
from beforehand.clinical.times import day_of, show_day
from beforehand.lookahead.models import Finding
from beforehand.record.access import (
    ASSIGN_WORK,
    MANAGE_USERS,
    WORK_NEEDS,
    AccessRefusedError,
    PatientNotVisibleError,
    Principal,
    for_principal,
    principal_of,
    require,
)
from beforehand.record.audit import CHANGE, audited
from beforehand.record.models import Team, TeamMember, User


class NeedError(ValueError):
    """The action cannot be done as asked; says what to do instead."""


class EditConflictError(NeedError):
    """Somebody else changed the need first. ``theirs`` is how it stands now, ``yours`` what was asked for."""

    def __init__(self, need: Need, seen: int, yours: Mapping[str, Any]) -> None:
        super().__init__(
            f"need {need.pk} was changed by somebody else (you saw version {seen}, it is at {need.version}):"
            " nothing was saved; look at both and save again"
        )
        self.need_id, self.seen_version, self.current_version = need.pk, seen, need.version
        self.theirs, self.yours = kept(need), dict(yours)


@dataclass
class Change:
    """A need under change by somebody, and the event that will say so."""

    need: Need
    entry: NeedEvent
    before: dict[str, Any]


def today() -> int:
    """The civil day where this house stands."""
    return day_of(timezone.localdate())


def _principal(by: User | Principal) -> Principal:
    return by if isinstance(by, Principal) else principal_of(by)


def _label(by: User | Principal) -> str:
    if isinstance(by, User):
        return by.label
    person = by.person
    if person is not None:
        user = User.objects.filter(pk=person.id).first()
        return user.label if user else person.name
    return by.name.capitalize()


def require_visible(principal: Principal, need: Need) -> None:
    """Raise unless the principal may see this need: its patient, and the labels of the facts behind it."""
    if need.patient_id is None:
        return
    if not for_principal(principal).of(need.patient_id).scope(Need.unscoped.filter(pk=need.pk)).exists():
        raise PatientNotVisibleError(f"there is no need {need.pk} that {principal.label} may see")


def _locked(need: Need | int) -> Need:
    number = need.pk if isinstance(need, Need) else need
    try:
        return Need.unscoped.select_for_update(of=("self",)).get(pk=number)
    except Need.DoesNotExist:
        raise NeedError(f"there is no need {number}: open the list again") from None


@contextmanager
def changing(
    need: Need | int,
    what: str,
    *,
    by: User | Principal,
    version: int | None,
    reason: str = "",
    yours: Mapping[str, Any] | None = None,
) -> Iterator[Change]:
    """One action on one need: locks it, checks right and version, and on leaving writes change, history and audit."""
    principal = _principal(by)
    require(principal, WORK_NEEDS)
    with transaction.atomic():
        current = _locked(need)
        require_visible(principal, current)
        if version is not None and version != current.version:
            raise EditConflictError(current, version, {"what": what, "reason": reason, **(yours or {})})
        before = kept(current)
        entry = event(current, what, by=principal.label, by_label=_label(by), day=today(), reason=reason)
        yield Change(current, entry, before)
        current.version += 1
        current.changed_at = timezone.now()
        current.save()
        entry.before, entry.after = difference(before, kept(current))
        entry.save(force_insert=True)
        if current.patient_id is not None:
            refresh_rows([current.patient_id], today())
        audited(
            principal,
            f"need.{what.lower()}",
            patients=[] if current.patient_id is None else [current.patient_id],
            access=CHANGE,
            reason=reason,
        )


def _must_be_live(need: Need) -> None:
    if need.state not in LIVE:
        raise NeedError(f"need {need.pk} is already {need.state.lower()}: undo that first, or add a new need")


def _must_say(reason: str, what: str) -> str:
    said = reason.strip()
    if not said:
        raise NeedError(f"say why: {what} needs a reason")
    return said


def _day(day: date | int) -> int:
    return day if isinstance(day, int) else day_of(day)


def works_for(user: User, need: Need) -> bool:
    """Whether this user may see the need and work it."""
    principal = principal_of(user)
    if not principal.may(WORK_NEEDS):
        return False
    try:
        require_visible(principal, need)
    except PatientNotVisibleError:
        return False
    return True


def _must_work_for(team: Team, need: Need) -> None:
    """A queue nobody could see the need in would hide it: the team must work for the person."""
    if need.patient_id is None:
        return
    enrolled = enrolments_on([need.patient_id], today()).get(need.patient_id)
    if enrolled is None or team.pk not in enrolled.teams:
        raise NeedError(f"{team.name} does not work for this person: enrol them in a programme of that team first")


def take_need(*, need: Need | int, by: User, version: int | None = None, reason: str = "") -> NeedEvent:
    """Make it mine."""
    with changing(need, "TAKEN", by=by, version=version, reason=reason) as change:
        _must_be_live(change.need)
        change.need.owner_user = by
        change.entry.words = f"Taken by {by.label}"
    return change.entry


def assign_need(
    *,
    need: Need | int,
    by: User | Principal,
    to_user: User | None = None,
    to_team: Team | None = None,
    reason: str = "",
    version: int | None = None,
) -> NeedEvent:
    """Hand it to a person who may see it, or to a team's queue. Only a supervisor gives away others' work."""
    yours = {"owner_user_id": to_user.pk if to_user else None, "team_id": to_team.pk if to_team else None}
    if to_user is None and to_team is None:
        raise NeedError("say to whom: a person or a team's queue")
    with changing(need, "ASSIGNED", by=by, version=version, reason=reason, yours=yours) as change:
        current, principal = change.need, _principal(by)
        _must_be_live(current)
        mine = current.owner_user_id in (None, principal.id)
        if not mine:
            require(principal, ASSIGN_WORK)
        if to_user is not None and not works_for(to_user, current):
            raise NeedError(
                f"{to_user.label} cannot work this need: they do not work for this person, or their role does not"
            )
        if to_team is not None:
            _must_work_for(to_team, current)
            current.team = to_team
        current.owner_user = to_user
        change.entry.words = f"Handed to {to_user.label if to_user else f'the queue of {current.team.name}'}"
    return change.entry


def plan_next_step(
    *,
    need: Need | int,
    by: User | Principal,
    next_step: str,
    on: date | int,
    step_kind: str | None = None,
    reason: str = "",
    version: int | None = None,
) -> NeedEvent:
    """Say what is next and on which day. The rules leave a planned step alone."""
    step, day = next_step.strip(), _day(on)
    if not step:
        raise NeedError("say what the next step is")
    with changing(
        need, "PLANNED", by=by, version=version, reason=reason, yours={"next_step": step, "next_on": day}
    ) as change:
        current = change.need
        _must_be_live(current)
        current.next_step, current.next_on, current.is_planned, current.is_dated = step, day, True, True
        current.step_kind = step_kind or current.step_kind
        if current.state == "SNOOZED":
            current.state, current.shown_from = "OPEN", today()
        change.entry.words = f"Next step on {show_day(day)}: {step}"
    return change.entry


def snooze_need(
    *, need: Need | int, by: User | Principal, until: date | int, reason: str, version: int | None = None
) -> NeedEvent:
    """Off the list until a day, with a reason. It stays owned, and comes back by itself."""
    said, day = _must_say(reason, "snoozing"), _day(until)
    if day <= today():
        raise NeedError("choose a day after today to bring it back")
    with changing(need, "SNOOZED", by=by, version=version, reason=said, yours={"until": day}) as change:
        _must_be_live(change.need)
        change.need.state, change.need.shown_from = "SNOOZED", day
        change.entry.words = f"Snoozed until {show_day(day)}"
    return change.entry


def _evidence_now(need: Need) -> tuple[str, list[Any]]:
    linked = NeedFinding.objects.filter(need=need).values("finding_id")
    findings = list(Finding.unscoped.filter(pk__in=linked, state="CURRENT", status__in=("DUE", "UNKNOWN")))
    facts = {item["fact_id"] for each in findings for item in each.evidence or ()}
    return (evidence_digest(findings, versions_of(facts)) if findings else ""), findings


def _hold(need: Need, until: int | None) -> None:
    need.hold_digest, findings = _evidence_now(need)
    if until is None:
        until = min((each.lapses_on for each in findings if each.lapses_on is not None), default=None)
    need.hold_until = until


def dismiss_need(
    *,
    need: Need | int,
    by: User | Principal,
    reason: str,
    until: date | int | None = None,
    version: int | None = None,
) -> NeedEvent:
    """Not needed, and why. It stays away until its evidence changes or its day passes."""
    said = _must_say(reason, "dismissing")
    with changing(need, "DISMISSED", by=by, version=version, reason=said) as change:
        current = change.need
        _must_be_live(current)
        _hold(current, None if until is None else _day(until))
        current.state, current.closed_why, current.outcome = "DISMISSED", "DISMISSED", said[:400]
        current.closed_at = timezone.now()
    return change.entry


def close_need(
    *, need: Need | int, by: User | Principal, outcome: str, reason: str = "", version: int | None = None
) -> NeedEvent:
    """Close with an outcome. While the rule still asks, it is closed on this person's word alone:

    it comes back when the evidence changes and still asks, or after the policy's ``proof_days`` without proof.
    """
    said = outcome.strip()
    if not said:
        raise NeedError("say how it ended: closing needs an outcome")
    with changing(need, "CLOSED", by=by, version=version, reason=reason, yours={"outcome": said}) as change:
        current = change.need
        _must_be_live(current)
        _hold(current, today() + policy().proof_days)
        if not current.hold_digest:
            current.hold_until = None
        current.state, current.closed_why, current.outcome, current.marked = "CLOSED", "PERSON", said[:400], ""
        current.closed_at = timezone.now()
        change.entry.words = f"Closed: {said}"
    return change.entry


def add_need(
    *,
    patient_id: int,
    by: User,
    question: str,
    next_step: str,
    on: date | int | None = None,
    step_kind: str = "other",
    harm: int = 3,
    reason: str = "",
    owner: User | None = None,
) -> NeedEvent:
    """Add one by hand, for a person one works for."""
    principal = principal_of(by)
    require(principal, WORK_NEEDS)
    if not question.strip() or not next_step.strip():
        raise NeedError("a need is a question and a next step: fill in both")
    if harm not in (1, 2, 3, 4, 5):
        raise NeedError("harm if missed is a whole number from 1 to 5")
    with transaction.atomic():
        for_principal(principal).patient(patient_id)
        enrolled = enrolments_on([patient_id], today()).get(patient_id)
        if enrolled is None:
            raise NeedError(
                "this person is not enrolled: enrol them in a programme first, so that a team owns the need"
            )
        day = today()
        next_on, is_dated = date_to_act(day, None if on is None else _day(on), harm, policy())
        need = Need.unscoped.create(
            patient_id=patient_id,
            source="PERSON",
            question=question.strip(),
            reason=reason.strip(),
            next_step=next_step.strip(),
            step_kind=step_kind,
            is_planned=True,
            is_dated=is_dated,
            harm=harm,
            next_on=next_on,
            due_on=None if on is None else _day(on),
            opens_on=day,
            shown_from=day,
            owner_user=owner or by,
            team_id=enrolled.team_id,
            opened_day=day,
            opened_at=timezone.now(),
            changed_at=timezone.now(),
        )
        if owner is not None and not works_for(owner, need):
            raise NeedError(f"{owner.label} does not work for this person")
        entry = event(need, "ADDED", by=principal.label, by_label=by.label, day=day, reason=reason)
        entry.before, entry.after = {"state": "CLOSED"}, kept(need)
        entry.save(force_insert=True)
        refresh_rows([patient_id], day)
        audited(principal, "need.added", patients=[patient_id], access=CHANGE, reason=reason)
    return entry


UNDOABLE = ("TAKEN", "ASSIGNED", "PLANNED", "SNOOZED", "DISMISSED", "CLOSED", "ADDED", "HAPPENED", "UNDONE")


def revert(change: Change, undone: NeedEvent) -> None:
    """Put back what the event changed, and tie the two events together."""
    for name, value in undone.before.items():
        if name in KEPT:
            setattr(change.need, name, value)
    if change.need.state in LIVE:
        change.need.closed_at = None
    change.entry.undoes_id = undone.pk
    change.entry.words = f"Undone: {undone.words or WORDS[undone.what]}"


def check_undo(undone: NeedEvent) -> None:
    """Raise unless this is the last thing a person did to the need and was not undone yet."""
    if undone.what not in UNDOABLE or not undone.by.startswith("user:"):
        raise NeedError("this was not done by a person and cannot be undone here")
    if undone.undone_by_id is not None:
        raise NeedError("this was undone already")
    later = NeedEvent.unscoped.filter(
        need_id=undone.need_id, pk__gt=undone.pk, by__startswith="user:", undone_by_id=None
    )
    if later.exclude(what="UNDONE").exists():
        raise NeedError("something was done to this need since: undo that first")


def undo_change(*, event: NeedEvent | int, by: User | Principal) -> NeedEvent:
    """Take back an action that stated no fact; ``happened.undo`` takes back any."""
    number = event.pk if isinstance(event, NeedEvent) else event
    with transaction.atomic():
        undone = NeedEvent.unscoped.select_for_update().filter(pk=number).first()
        if undone is None:
            raise NeedError(f"there is no event {number}")
        check_undo(undone)
        if undone.by != _principal(by).label:
            require(_principal(by), ASSIGN_WORK)
        with changing(undone.need_id, "UNDONE", by=by, version=None) as change:
            revert(change, undone)
        undone.undone_by_id = change.entry.pk
        undone.save(update_fields=["undone_by_id"])
        if change.need.patient_id is not None:
            update_needs([change.need.patient_id], today())
    return change.entry


def release_work(*, user: User, by: User | Principal, reason: str = "") -> int:
    """Return a leaving or moving colleague's live work to the team queues: nothing is left behind; returns how many.

    Where the user still works for a patient (another team of theirs, same role) their need stays with them.
    """
    principal = _principal(by)
    if not principal.may(MANAGE_USERS):  # whoever closes an account releases its work in the same breath
        require(principal, ASSIGN_WORK)
    with transaction.atomic():
        owned = list(Need.unscoped.select_for_update(of=("self",)).filter(owner_user=user, state__in=LIVE))
        stays = (
            user.is_active
            and TeamMember.objects.filter(Q(until=None) | Q(until__gt=timezone.now()), user=user).exists()
        )
        released = [need for need in owned if not (stays and works_for(user, need))]
        entries = []
        for need in released:
            entry = event(need, "RELEASED", by=principal.label, by_label=_label(by), day=today(), reason=reason)
            entry.before, entry.after = {"owner_user_id": user.pk}, {"owner_user_id": None}
            entries.append(entry)
        ids = [need.pk for need in released]
        Need.unscoped.filter(pk__in=ids).update(owner_user=None, changed_at=timezone.now())
        NeedEvent.unscoped.bulk_create(entries, batch_size=500)
        patients = sorted({need.patient_id for need in released if need.patient_id is not None})
        refresh_rows(patients, today())
        audited(principal, "need.released", patients=patients, access=CHANGE, reason=reason)
    return len(released)


__all__ = [
    "AccessRefusedError",
    "EditConflictError",
    "NeedError",
    "add_need",
    "assign_need",
    "changing",
    "close_need",
    "dismiss_need",
    "plan_next_step",
    "release_work",
    "snooze_need",
    "take_need",
    "undo_change",
]
