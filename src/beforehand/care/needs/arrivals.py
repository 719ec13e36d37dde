"""What happens when something arrives. Every door calls ``receive``; any worker may call ``catch_up``.

1. The bytes are kept and committed. 2. Facts commit with their patients marked dirty. 3. A second, short transaction
runs the rules for the dirty patients and updates their needs, at once for small inputs; larger ones leave the
patients dirty, and batches take them. A crash between any two steps leaves work that ``catch_up`` finishes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from beforehand.care.needs.from_findings import update_needs
from beforehand.care.needs.operations import update_operations
from beforehand.care.needs.risk import TABLES as RISK_TABLES
from beforehand.care.needs.risk import refresh_risk
from beforehand.clinical.times import day_of
from beforehand.intake.apply import apply_message, apply_messages
from beforehand.intake.ledger import keep
from beforehand.intake.settling import apply_trust
from beforehand.lookahead.run import run_everyone, run_patients
from beforehand.record.enrolment import default_programme, operations_team
from beforehand.record.models import DirtyPatient, HouseSetting, Message, Patient, Source
from beforehand.record.store.rows import lock_for_writing
from beforehand.record.store.touched import joined, marked_among, unmark

AT_ONCE = 100  # items; anything larger only marks its patients dirty
BATCH = 100  # patients in one transaction, so that a writer never waits long
SHARE = 0.03  # of all patients: above it one sweep over everyone is quicker than many small runs
FEW = 300
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arrival:
    """What came of one arrival, in items."""

    message_id: int
    received: int = 0
    applied: int = 0
    kept: int = 0
    quarantined: int = 0
    refused: int = 0
    duplicates: int = 0
    patients: frozenset[int] = frozenset()
    rules_ran: bool = False  # False: larger input, the rules run in batches soon


@dataclass
class Caught:
    """What a worker finished."""

    messages: int = 0
    patients: int = 0
    failed: list[int] = field(default_factory=list)  # messages that could not be finished; they stay kept


def ready_to_receive(*, enrol_everyone: bool | None = None) -> None:
    """Make what arrivals lean on: the default programme with its team, the operations team, and the choice to enrol."""
    default_programme()
    operations_team()
    if enrol_everyone is not None:
        HouseSetting.objects.update_or_create(name="auto_enrol", defaults={"value": enrol_everyone})


def receive(data: bytes, source: Source, *, name: str = "", as_of: date | None = None) -> Arrival:
    """Take in one thing: keep it, apply it, look ahead. Returns once its facts are committed, whatever rules do."""
    message = keep(data=data, source=source, name=name, received_at=timezone.now())
    return take_up(message, data, as_of=as_of)


def take_up(message: Message, data: bytes | None = None, *, as_of: date | None = None) -> Arrival:
    """Apply what was just kept and look ahead; for doors that answer, or let go of a file, once the bytes are safe."""
    applied = apply_messages(message.source, [(message, data)])
    counts, patients = applied.counts, frozenset(applied.patients)
    ran = bool(patients) and counts.received <= AT_ONCE
    if ran:
        try:
            settle_patients(patients, as_of=as_of or timezone.localdate())
        except Exception:  # the facts are safe and the patients stay dirty: a worker takes them up
            log.exception("rules could not run for message %s; its patients stay marked", message.pk)
            ran = False
    return Arrival(
        message_id=message.pk,
        received=counts.received,
        applied=counts.applied,
        kept=counts.kept,
        quarantined=counts.quarantined,
        refused=counts.refused,
        duplicates=counts.duplicates,
        patients=patients,
        rules_ran=ran,
    )


def warm_up(*, as_of: date) -> None:
    """Read and check the rules now, so that the first arrival does not wait for them."""
    run_patients([0], as_of=as_of)  # nobody has this number


@transaction.atomic
def settle_patients(patient_ids: Iterable[int], *, as_of: date) -> int:
    """One short transaction: rules, risk and needs of these dirty patients, and their marks removed."""
    lock_for_writing()  # whoever marks a patient meanwhile waits, so no mark is lost
    marked = marked_among(patient_ids)
    if not marked:
        return 0
    if apply_trust(marked):
        marked = marked_among(marked)  # a settlement is a fact that rules look at
    ids = list(marked)
    changed = joined(marked.values())
    run_patients(ids, as_of=as_of, changed=changed)
    if changed is None or changed.keys() & RISK_TABLES:
        refresh_risk(ids, day_of(as_of))
    update_needs(ids, as_of)
    unmark(ids)
    return len(ids)


def _settle_everyone(as_of: date) -> int:
    """One sweep for many dirty patients; whoever is marked again meanwhile stays marked."""
    ids = list(DirtyPatient.objects.values_list("patient_id", flat=True))
    with transaction.atomic():
        lock_for_writing()
        apply_trust(ids)
    seen = Patient.unscoped.aggregate(seq=Max("changed_seq"))["seq"] or 0
    run_everyone(as_of=as_of)
    refresh_risk(ids, day_of(as_of))
    update_needs(None, as_of)
    with transaction.atomic():
        lock_for_writing()
        settled = Patient.unscoped.filter(changed_seq__lte=seen).values("pk")
        DirtyPatient.objects.filter(patient_id__in=settled).delete()
    return len(ids)


def settle_dirty(*, as_of: date, progress: Callable[[int], None] | None = None) -> int:
    """Run the rules for every marked patient; returns how many."""
    waiting = DirtyPatient.objects.count()
    if waiting > FEW and waiting > SHARE * Patient.unscoped.count():
        done = _settle_everyone(as_of)
        if progress is not None:
            progress(done)
        return done
    done = 0
    while True:
        batch = list(DirtyPatient.objects.order_by("since", "patient_id").values_list("patient_id", flat=True)[:BATCH])
        settled = settle_patients(batch, as_of=as_of) if batch else 0
        if not settled:  # none left, or other workers hold the rest
            return done
        done += settled
        if progress is not None:
            progress(settled)


def catch_up(*, as_of: date | None = None, progress: Callable[[int], None] | None = None) -> Caught:
    """Finish what was begun: kept messages that were not applied to the end, and dirty patients. Any worker may."""
    caught, day = Caught(), as_of or timezone.localdate()
    for message in (
        Message.objects.filter(state="KEPT").select_related("source").order_by("pk").iterator(chunk_size=200)
    ):
        try:
            apply_message(message)
            caught.messages += 1
        except Exception:  # one message never stops the others; it stays kept and is tried again
            log.exception("message %s could not be applied", message.pk)
            caught.failed.append(message.pk)
    caught.patients = settle_dirty(as_of=day, progress=progress)
    update_operations(as_of=day)
    note_look(timezone.now())
    return caught


def note_look(at: datetime) -> None:
    """Remember when the look-ahead was last up to date, for "checked at"."""
    HouseSetting.objects.update_or_create(name="looked_ahead_at", defaults={"value": at.isoformat()})
