"""One server, from wherever the last run of it stood to as far as it goes now."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from beforehand.doors.pull import bulk, search
from beforehand.doors.pull.asking import Asking
from beforehand.doors.pull.clock import Clock
from beforehand.doors.pull.errors import NotYetError, TroubleError
from beforehand.doors.pull.files import PART, Ledger
from beforehand.doors.pull.grants import Grant
from beforehand.doors.pull.origins import Origins
from beforehand.intake.models import PullFile, PullRun, PullSource
from beforehand.intake.pull_sources import note_done, note_trouble

PATIENT = 3600.0  # seconds of a pause that a person's run sits out
REFUSALS = 12  # "too many requests" so often in a row is a trouble


@dataclass(frozen=True)
class Outcome:
    """What came of a run. ``state``: DONE, WAITING (until ``until``), TROUBLE, BUSY (another run has it)."""

    name: str
    state: str
    received: int = 0
    applied: int = 0
    files: int = 0
    requests: int = 0
    until: datetime | None = None
    trouble: str = ""
    remedy: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Way:
    """How a run is gone about."""

    may_go_on: Callable[[], None]
    part: int
    progress: Callable[[int], None]


@contextmanager
def alone(pull: PullSource) -> Iterator[bool]:
    """Whether nobody else of this home fetches from this server; the end of a process, however it ends, lets go."""
    folder = Path(settings.HOME) / "pulling"
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder / f"{pull.pk}.lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)


def run_pull(
    pull: PullSource,
    *,
    clock: Clock,
    patience: float = PATIENT,
    ends_at: datetime | None = None,
    part: int = PART,
    progress: Callable[[int], None] | None = None,
) -> Outcome:
    """Fetch what there is; a fault of the server's is written down with its remedy and never raised.

    ``patience``: the longest pause that is sat out. ``ends_at``: from then on no further file or page is begun.
    ``progress`` hears of the items of each part.
    """
    with alone(pull) as is_mine:
        if not is_mine:
            return Outcome(pull.source.name, "BUSY")
        pull.refresh_from_db()

        def may_go_on() -> None:
            if ends_at is not None and clock.now() >= ends_at:
                raise NotYetError(clock.now())

        origins = Origins(pull.url, pull.origins)
        asking = Asking(origins, clock, per_second=pull.per_second, patience=patience)
        grant = Grant(pull, asking)
        asking.token = grant.token
        try:
            run = _forward(pull, asking, grant, _Way(may_go_on, part, progress or (lambda _: None)))
        except NotYetError as later:
            return _later(pull, later, asking)
        except TroubleError as error:
            return _troubled(pull, error, asking)
        return _outcome(pull, run, "DONE", asking)


def _forward(pull: PullSource, asking: Asking, grant: Grant, way: _Way) -> PullRun:
    run = _standing(pull)
    if run is None:
        PullFile.objects.filter(run__pull=pull).delete()  # of fetches that ended; what they came to stays
        run = bulk.kick_off(pull, asking) if pull.kind == "BULK" else search.plan(pull, asking, grant)
    if run.state == "EXPORTING":
        bulk.await_list(run, asking)
    ledger = Ledger(pull, run, way.progress)
    if pull.kind == "BULK":
        bulk.load_files(run, asking, ledger, part=way.part, may_go_on=way.may_go_on)
    else:
        search.load_pages(run, asking, ledger, may_go_on=way.may_go_on)
    _finish(pull, run, asking.clock.now())
    if pull.kind == "BULK":
        bulk.tell_it_is_over(run, asking)
    return run


@transaction.atomic
def _finish(pull: PullSource, run: PullRun, now: datetime) -> None:
    """All of it is in the ledger, and the next fetch begins where this one ends: both or neither."""
    run.refresh_from_db()
    if pull.kind == "SEARCH":
        search.finish(pull, run)
    run.state, run.finished_at = "DONE", now
    run.save(update_fields=["state", "finished_at", "notes"])
    note_done(pull, since=run.until, now=now)


def _standing(pull: PullSource) -> PullRun | None:
    """The fetch that is under way."""
    return PullRun.objects.filter(pull=pull, state__in=("EXPORTING", "LOADING")).order_by("-pk").first()


def _later(pull: PullSource, later: NotYetError, asking: Asking) -> Outcome:
    """Left to a later run; a server that keeps on sending us away is a trouble."""
    run = _standing(pull)
    pull.refresh_from_db()  # what came in meanwhile has reset its refusals
    pull.refusals += later.is_refusal
    if pull.refusals >= REFUSALS:
        what = f"The server was busy or could not be reached {pull.refusals} times in a row."
        return _troubled(pull, TroubleError(what, "It is tried again; if it stays so, ask whoever runs it."), asking)
    pull.next_at = later.until
    pull.save(update_fields=["next_at", "refusals"])
    return _outcome(pull, run, "WAITING", asking, until=later.until)


def _troubled(pull: PullSource, error: TroubleError, asking: Asking) -> Outcome:
    """Written down for the operations queue. A fetch that cannot be taken up is given up; the next begins anew."""
    now = asking.clock.now()
    run = _standing(pull)
    if run is not None and error.is_lost:
        if pull.kind == "BULK":
            bulk.tell_it_is_over(run, asking)
        run.state, run.finished_at = "LOST", now
        run.save(update_fields=["state", "finished_at"])
    note_trouble(pull, what=error.what, remedy=error.remedy, now=now)
    return _outcome(pull, run, "TROUBLE", asking, trouble=error.what, remedy=error.remedy)


def _outcome(
    pull: PullSource,
    run: PullRun | None,
    state: str,
    asking: Asking,
    *,
    until: datetime | None = None,
    trouble: str = "",
    remedy: str = "",
) -> Outcome:
    received = applied = files = 0
    notes: list[str] = []
    if run is not None:
        run.refresh_from_db()
        received, applied, notes = run.received, run.applied, run.notes
        files = run.pullfile_set.filter(is_done=True).count()
    return Outcome(
        pull.source.name, state, received, applied, files, asking.requests, until, trouble, remedy, tuple(notes)
    )
