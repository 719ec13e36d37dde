"""The sealer: chains audit events so that an edit, a deletion or a truncation shows (promise 6).

Each seal is an HMAC over the seal before it and one event with the patients it touched. The key is a file
outside the database (``settings.AUDIT_KEY``), so whoever can edit rows cannot reseal them. A chain cut at its
end would still look whole, so the newest seal is also written to an anchor, a file outside the database that
only grows (``settings.AUDIT_ANCHOR``; put it on another machine where you can).

``beforehand up`` beats a ``Sealer`` every two seconds; the command line seals at the end of each run. What was edited
before it was sealed cannot be shown: that is the few seconds named here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from beforehand.record.models import AuditEvent, AuditPatient, AuditSeal
from beforehand.record.verify import Breach

logger = logging.getLogger(__name__)
BATCH = 1000
# Numbers are given before commit, so a lower one may be committed after a higher one was sealed.
WINDOW = 10_000
SECONDS = 2.0  # between two looks for new events
LATEST = 300  # seconds after which an unsealed event is a breach
START = "0" * 64


class Head(TypedDict):
    """One line of the anchor: the newest seal at a moment."""

    seq: int
    mac: str
    at: str


def seal_pending() -> int:
    """Seal what was written since the last call, and anchor the newest seal. Any number may call it at once."""
    sealed = 0
    while True:
        try:
            count = _seal_batch()
        except IntegrityError:
            return sealed  # another sealer was quicker; it has done, or will do, the rest
        sealed += count
        if count < BATCH:
            break
    anchor_head()
    return sealed


class Sealer:
    """Seals every few seconds when asked often: the beat of whoever watches over web and workers.

    A database that cannot be reached for a moment stops nothing; what waits is sealed at the next beat.
    """

    def __init__(self, every: float = SECONDS) -> None:
        self.every = every
        self._next = 0.0

    def beat(self) -> int:
        """Seal if it is time; returns how many events were sealed."""
        if time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + self.every
        try:
            return seal_pending()
        except DatabaseError:
            logger.warning("the audit trail could not be sealed just now; trying again")
            connection.close()
            return 0


@transaction.atomic
def _seal_batch() -> int:
    last = AuditSeal.objects.order_by("-seq").first()
    seq, mac = (last.seq, last.mac) if last else (0, START)
    low = (AuditSeal.objects.aggregate(top=Max("event_id"))["top"] or 0) - WINDOW
    sealed = AuditSeal.objects.filter(event_id=OuterRef("pk"))
    events = list(AuditEvent.objects.filter(~Exists(sealed), pk__gt=low).order_by("pk")[:BATCH])
    patients = _patients_of(events)
    seals = []
    for event in events:
        seq += 1
        mac = _mac(mac, seq, event, patients.get(event.pk, []))
        seals.append(AuditSeal(seq=seq, event_id=event.pk, mac=mac))
    AuditSeal.objects.bulk_create(seals)
    return len(seals)


def _patients_of(events: list[AuditEvent]) -> dict[int, list[tuple[int, str]]]:
    found: dict[int, list[tuple[int, str]]] = {}
    if events:
        numbers = {event.pk for event in events}
        between = AuditPatient.objects.filter(event_id__gte=min(numbers), event_id__lte=max(numbers)).order_by("pk")
        for event_id, patient_id, access in between.values_list("event_id", "patient_id", "access"):
            if event_id in numbers:
                found.setdefault(event_id, []).append((patient_id, access))
    return found


def _mac(before: str, seq: int, event: AuditEvent, patients: list[tuple[int, str]]) -> str:
    """The seal of one event. Everything stored about it is covered."""
    words = [
        before,
        seq,
        event.pk,
        event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.principal,
        event.on_behalf_of,
        event.action,
        event.method,
        event.outcome,
        event.reason,
        event.request_id,
        sorted(patients),
    ]
    stated = json.dumps(words, ensure_ascii=True, separators=(",", ":")).encode()
    return hmac.new(settings.AUDIT_KEY.encode(), stated, hashlib.sha256).hexdigest()


def anchor_head(anchor: Path | None = None) -> None:
    """Write the newest seal to the anchor, unless it is there already."""
    path = anchor or settings.AUDIT_ANCHOR
    last = AuditSeal.objects.order_by("-seq").first()
    if last is None:
        return
    anchored = _last_head(path)
    if anchored is not None and anchored["seq"] >= last.seq:
        return
    line = json.dumps(Head(seq=last.seq, mac=last.mac, at=datetime.now(UTC).isoformat(timespec="seconds"))) + "\n"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, line.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _last_head(path: Path) -> Head | None:
    """The last whole line, read from the end: the anchor of years is long."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - 4096))
            lines = stream.read().splitlines()
    except FileNotFoundError:
        return None
    for line in reversed(lines):
        head = _head(line)
        if head is not None:
            return head
    return None


def _head(line: bytes) -> Head | None:
    """A line torn by a crash is no head; the next one follows it."""
    try:
        found = json.loads(line)
        return Head(seq=int(found["seq"]), mac=str(found["mac"]), at=str(found["at"]))
    except (ValueError, KeyError, TypeError):
        return None


def check_chain(anchor: Path | None = None) -> list[Breach]:
    """Every way in which the audit trail is not what was sealed; empty when it is whole."""
    heads = _heads(anchor or settings.AUDIT_ANCHOR)
    breaches, macs_at, last_seq = _walk(set(heads))
    if last_seq and not heads:
        breaches.append(
            Breach(6, "audit anchor", "is missing or empty", "name the kept copy with --anchor; ask who removed it")
        )
    for seq, mac in sorted(heads.items()):
        if seq > last_seq:
            what = f"the chain ends at seal {last_seq} but seal {seq} was anchored: its end was cut off"
            breaches.append(Breach(6, "audit_seal", what, "restore the rows from a backup; ask who could write them"))
            break
        if macs_at.get(seq) != mac:
            what = "does not carry the mark that was anchored for it"
            breaches.append(Breach(6, f"audit_seal {seq}", what, "compare with a backup; ask who could write it"))
    return [*breaches, *_strays()]


def _heads(path: Path) -> dict[int, str]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    return {head["seq"]: head["mac"] for head in map(_head, lines) if head is not None}


def _walk(wanted: set[int]) -> tuple[list[Breach], dict[int, str], int]:
    """Recompute the chain. Each seal is judged from the seal stored before it, so one edit is one breach."""
    breaches: list[Breach] = []
    macs: dict[int, str] = {}
    before, expected = START, 1
    for seals in _seals():
        events = AuditEvent.objects.in_bulk([seal.event_id for seal in seals])
        patients = _patients_of(list(events.values()))
        for seal in seals:
            if seal.seq != expected:
                what = f"seals {expected} to {seal.seq - 1} are gone"
                breaches.append(Breach(6, "audit_seal", what, "restore the rows from a backup"))
            event = events.get(seal.event_id)
            if event is None:
                what = "was sealed and is gone"
                breaches.append(Breach(6, f"audit_event {seal.event_id}", what, "restore the row from a backup"))
            elif not hmac.compare_digest(_mac(before, seal.seq, event, patients.get(event.pk, [])), seal.mac):
                what = "is not what was sealed"
                breaches.append(Breach(6, f"audit_event {seal.event_id}", what, "compare it with a backup"))
            before, expected = seal.mac, seal.seq + 1
            if seal.seq in wanted:
                macs[seal.seq] = seal.mac
    return breaches, macs, expected - 1


def _seals() -> Iterator[list[AuditSeal]]:
    last = -1
    while seals := list(AuditSeal.objects.filter(seq__gt=last).order_by("seq")[:BATCH]):
        yield seals
        last = seals[-1].seq


def _strays() -> list[Breach]:
    """Events that nothing sealed, and patients of no event."""
    sealed = AuditSeal.objects.filter(event_id=OuterRef("pk"))
    late = datetime.fromtimestamp(timezone.now().timestamp() - LATEST, UTC)
    unsealed = AuditEvent.objects.filter(~Exists(sealed), at__lt=late).values_list("pk", flat=True)
    known = AuditEvent.objects.filter(pk=OuterRef("event_id"))
    orphans = AuditPatient.objects.filter(~Exists(known)).values_list("pk", flat=True)
    return [
        *(
            Breach(6, f"audit_event {pk}", "was never sealed", "is the worker running? then ask who wrote it")
            for pk in unsealed[:20]
        ),
        *(
            Breach(6, f"audit_patient {pk}", "belongs to no event", "restore the event from a backup")
            for pk in orphans[:20]
        ),
    ]
