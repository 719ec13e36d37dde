"""The house of a home: a process with Django loaded that is forked into listeners, workers and whoever looks.

``without`` takes out a guard: ``order`` answers before anything is kept, ``number`` forgets what was answered.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

SOURCE = "st-brigid"


def house() -> None:
    """Obey orders from standard input, one JSON object a line, until it ends."""
    import django

    django.setup()
    from django.db import connection
    from django.utils import timezone

    from beforehand.care.needs.arrivals import warm_up
    from beforehand.doors.mllp import listener  # noqa: F401 - loaded once, for every life

    if topic := os.environ.get("BENCH_TOPIC"):  # tests run the rules of one topic: a life begins sooner
        _only(topic)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    lives = {"make": _make, "listen": _listen, "work": _work, "state": _state, "settle": _settle, "watch": _watch}
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "warm":  # here, so that every life after it begins with the rules read
            warm_up(as_of=timezone.localdate())
            _say(warm=True)
            continue
        if order["do"] == "mark":  # everything said before it has been said
            _say(mark=order["turn"])
            continue
        connection.close()
        turn = order.pop("turn")
        pid = os.fork()
        if pid:
            _say(forked=pid, turn=turn)
        else:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # no life outlasts its house (PR_SET_PDEATHSIG)
            try:
                lives[order.pop("do")](**order)
            except BaseException as error:
                _say(trouble=f"{type(error).__name__}: {error}")
            finally:
                os._exit(0)


def _only(topic: str) -> None:
    from beforehand.lookahead import library

    every = library.rule_files
    library.rule_files = lambda place: [path for path in every(place) if path.parent.name == topic]


def _say(**said: Any) -> None:
    """One line in one piece: several processes speak at once."""
    os.write(sys.stdout.fileno(), (json.dumps({"pid": os.getpid(), **said}) + "\n").encode())


def _make() -> None:
    from django.core.management import call_command

    from beforehand.care.needs.arrivals import ready_to_receive
    from beforehand.intake.senders import add_sender, senders
    from beforehand.record.access import system_principal

    call_command("migrate", verbosity=0, run_syncdb=True)
    ready_to_receive()
    if not senders():
        add_sender(source=SOURCE, network="127.0.0.0/8", application="ADT1", by=system_principal("operator"))
    _say(done=True)


def _listen(
    port: int = 0, without: str = "", terms: dict[str, Any] | None = None, largest_file: int = 0,
    tls: tuple[str, str] | None = None,
) -> None:  # fmt: skip
    import asyncio
    import resource

    from beforehand.doors.cli.commands.listen import tls_context
    from beforehand.doors.mllp.listener import Line, Listener, Terms

    if largest_file:  # a disk that is full: no file may grow beyond this
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))

    if without == "order":
        _answer_first(Line)
    if without == "number":
        _forget_numbers()

    async def serve() -> None:
        listener = Listener(Terms(**(terms or {})))
        context = tls_context(Path(tls[0]), Path(tls[1]), None) if tls else None
        found = await listener.open("127.0.0.1", port, context)
        _say(port=found)
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await stop.wait()
        await listener.close()
        _say(closed=True)

    asyncio.run(serve())


def _answer_first(line: Any) -> None:
    """The guard removed: AA before anything is kept, as a listener in a hurry does it."""
    from django.utils import timezone

    from beforehand.doors.mllp.answering import Answered
    from beforehand.intake.connectors.hl7v2.envelope import acknowledgement, header

    kept = line._answer

    async def answer(self: Any, message: bytes) -> bool:
        await self._send(Answered((acknowledgement(header(message), "AA", "", "1", timezone.now()),)))
        send, self._send = self._send, _nothing
        try:
            return bool(await kept(self, message))
        finally:
            self._send = send

    line._answer = answer


async def _nothing(_: Any) -> None:
    """Send nothing: it was answered already."""


def _forget_numbers() -> None:
    """The guard removed: neither what was answered nor what was received is looked up."""
    import secrets

    from beforehand.intake import batch, ledger, numbered

    ledger._known = lambda source, digests: {}  # type: ignore[assignment]
    numbered.digest_of = lambda data: secrets.token_hex(32)
    numbered.keep_blobs = lambda contents: None
    numbered.number_of = lambda control_id: ""
    real = batch.Batch._decide

    def decide(self: Any, piece: Any) -> bool:
        latest = self.latest.get(piece.resource_id or 0)
        if latest is not None:
            self.latest[piece.resource_id] = (latest[0], latest[1], b"")
        return real(self, piece)

    batch.Batch._decide = decide  # type: ignore[method-assign]


def _work() -> None:
    from django.db import Error as DatabaseError
    from django.db import connection
    from django.utils import timezone

    from beforehand.care.needs.arrivals import catch_up

    _say(working=True)
    while True:
        try:
            catch_up(as_of=timezone.localdate())
        except DatabaseError:  # a job that fails is tried again, as the queue of jobs does it
            connection.close()
        time.sleep(0.05)


def _settle() -> None:
    from django.utils import timezone

    from beforehand.care.needs.arrivals import catch_up

    caught = catch_up(as_of=timezone.localdate())
    _say(failed=caught.failed)


def _watch(mrn: str) -> None:
    """Say when a person who has this number has one need more than now; or nothing within twenty seconds."""
    from beforehand.care.needs.models import LIVE, Need
    from beforehand.record.models import PersonIdentifier

    def needs() -> set[str]:
        patients = PersonIdentifier.unscoped.filter(value=mrn).values("patient_id")
        return set(Need.unscoped.filter(patient_id__in=patients, state__in=LIVE).values_list("fold_key", flat=True))

    time.sleep(1)  # what came before has its needs by then
    before, ends_at = needs(), time.monotonic() + 20
    _say(watching=len(before))
    while time.monotonic() < ends_at:
        if needs() - before:
            _say(at=time.time())
            return
        time.sleep(0.005)
    _say(nothing=True)


def _state() -> None:
    """The record as it stands, comparable; findings by person; what was kept, applied, answered.

    Which needs are open depends on when rules ran: one that opened and no longer applies stays open, marked. So needs
    are not compared, but none may stand twice.
    """
    from collections import Counter

    from django.db.models import Count
    from django.utils import timezone

    from beforehand.care.needs.invariants import check_needs
    from beforehand.care.needs.models import LIVE, Need
    from beforehand.intake.models import Answer
    from beforehand.intake.quarantine import check_balance
    from beforehand.lookahead.models import Finding
    from beforehand.record.identity import check_links
    from beforehand.record.models import DirtyPatient, Message, Patient
    from beforehand.record.store.canon import canonical_record, digest_of_record

    names = dict(Patient.unscoped.values_list("pk", "display_name"))
    current = Finding.unscoped.filter(state="CURRENT")
    findings = Counter(f"{names.get(one.patient_id, '')}|{one.rule_id}|{one.status}|{one.due_on}" for one in current)
    live = Need.unscoped.exclude(source="OPERATIONS").filter(state__in=LIVE)
    effects = Counter(live.values_list("patient_id", "fold_key"))
    whole = Message.objects.filter(state="APPLIED", received__gt=0).exclude(duplicates__gte=1)
    twice = whole.values("digest").annotate(times=Count("pk")).filter(times__gt=1).count()
    _say(
        day=str(timezone.localdate()),
        digests=digest_of_record(canonical_record()),
        findings=dict(findings),
        doubled_needs=sum(times > 1 for times in effects.values()),
        needs=live.count(),
        breaches=[f"{one.where} {one.what}" for one in (*check_balance(), *check_links(), *check_needs())],
        kept=Message.objects.filter(state="KEPT").count(),
        dirty=DirtyPatient.objects.count(),
        twice=twice,
        answered=list(Answer.objects.exclude(reply=b"").values_list("control_id", flat=True)),
    )


if __name__ == "__main__":
    house()
