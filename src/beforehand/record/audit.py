"""The audit trail: one event for each request or run that reads or changes patient data (promise 6).

Inside a request or run, reads and actions *note* the patients they touched; one event is written at its end.
Events are only ever added. ``record.seal`` chains them soon after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from beforehand.record.models import AuditEvent, AuditPatient

if TYPE_CHECKING:
    from beforehand.record.access import Principal

READ = "READ"
CHANGE = "CHANGE"


@dataclass
class Trail:
    """The patients one request or run has touched so far, and what was done to them."""

    patients: dict[int, str] = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def note(self, patient_ids: Iterable[int], access: str) -> None:
        for patient_id in patient_ids:
            if access == CHANGE or patient_id not in self.patients:
                self.patients[patient_id] = access


_trail: ContextVar[Trail | None] = ContextVar("audit_trail", default=None)


def touch(patient_ids: Iterable[int], access: str = READ) -> None:
    """Note that these patients are being read (or changed) in the request or run under way."""
    trail = _trail.get()
    if trail is not None:
        trail.note(patient_ids, access)


@contextmanager
def collecting() -> Iterator[Trail]:
    """Gather what is touched inside; the door that opened it writes the event. Nested: the outer one gathers."""
    outer = _trail.get()
    if outer is not None:
        yield outer
        return
    trail = Trail()
    token = _trail.set(trail)
    try:
        yield trail
    finally:
        _trail.reset(token)


def audited(
    principal: Principal,
    action: str,
    *,
    patients: Iterable[int] = (),
    access: str = READ,
    reason: str = "",
) -> None:
    """Say that an action read or changed these patients.

    Inside a request or run it joins that one's event; outside, it writes an event of its own at once, in the
    caller's transaction, so the change and its trace are committed together.
    """
    trail = _trail.get()
    if trail is None:
        write_event(principal, action, patients=dict.fromkeys(patients, access), reason=reason)
        return
    trail.note(patients, access)
    trail.actions.append(action)
    if reason:
        trail.reasons.append(reason)


@transaction.atomic
def write_event(
    principal: Principal,
    action: str,
    *,
    patients: dict[int, str],
    method: str = "",
    outcome: str = "OK",
    reason: str = "",
    request_id: str = "",
) -> AuditEvent:
    """Append one event and the patients it touched."""
    person = principal.on_behalf_of
    event = AuditEvent.objects.create(
        at=timezone.now(),
        principal=principal.label,
        on_behalf_of=person.label if person else "",
        action=action[:120],
        method=method,
        outcome=outcome,
        reason=reason[:400],
        request_id=request_id,
    )
    AuditPatient.objects.bulk_create(
        [AuditPatient(event=event, patient_id=patient_id, access=how) for patient_id, how in patients.items()],
        batch_size=500,
    )
    return event


@dataclass(frozen=True)
class Look:
    """Somebody opened something of a patient's, the last time they did."""

    principal: str
    at: datetime


def last_looks(patient_id: int, routes: Iterable[str], *, among: int = 500) -> list[Look]:
    """Who opened these pages of a patient last, newest first, each person once; of the patient's newest events."""
    names = set(routes)
    events = AuditPatient.objects.filter(patient_id=patient_id).order_by("-event_id").values("event_id")[:among]
    found: dict[str, Look] = {}
    rows = AuditEvent.objects.filter(pk__in=list(events.values_list("event_id", flat=True)), outcome="OK")
    for principal, action, at in rows.order_by("-pk").values_list("principal", "action", "at"):
        if action.partition(":")[0] in names:
            found.setdefault(principal, Look(principal, at))
    return list(found.values())
