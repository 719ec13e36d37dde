"""``beforehand watch``: files that are put into a folder, taken in by themselves."""

from __future__ import annotations

import fcntl
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import click
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.utils import timezone

from beforehand.care.needs.arrivals import ready_to_receive, warm_up
from beforehand.doors.cli.run import as_option, audited_run, ready_home
from beforehand.doors.inbox.folder import SETTLE, Watcher
from beforehand.intake.folders import FolderError, add_folder, folders
from beforehand.intake.models import WatchedFolder
from beforehand.record.access import INGEST, require


@click.command("watch")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--source", "source_name", help="Who puts files there, by a short name.")
@click.option("--mapping", type=click.File("rb"), help="What the columns of lists (CSV) mean.")
@click.option("--every", default=5.0, show_default=True, type=click.FloatRange(0.1), help="Seconds between two looks.")
@click.option(
    "--settle", default=SETTLE, show_default=True, type=click.FloatRange(0.0), help="Seconds a file must lie unchanged."
)
@click.option("--once", is_flag=True, help="Take what is complete, then stop.")
@as_option
def command(
    folder: Path | None,
    source_name: str | None,
    mapping: IO[bytes] | None,
    every: float,
    settle: float,
    once: bool,
    as_user: str | None,
) -> None:
    """Watch a folder and take in what is put there, until stopped. Without FOLDER: all that were added.

    A file that lies unchanged for some seconds, or has NAME.done beside it, is complete. It is taken in and then moved
    to FOLDER/taken/DAY, or to FOLDER/refused/DAY with a note that says why.

    \b
    beforehand watch /srv/drop/st-brigid --source st-brigid
    beforehand folders add /srv/drop/st-brigid --source st-brigid     (then `beforehand up` watches it)
    """
    if (folder is None) != (source_name is None):
        raise click.UsageError("name FOLDER and --source together, or neither")
    ready_home()
    with audited_run("watch", as_user) as principal:
        require(principal, INGEST)
        ready_to_receive()
        warm_up(as_of=timezone.localdate())
        try:
            watched = folders(standing_only=True)
            if folder is not None and source_name is not None:
                columns = mapping.read() if mapping else b""
                watched = [
                    add_folder(path=folder, source=source_name, by=principal, mapping=columns, is_standing=False)
                ]
        except FolderError as error:
            raise click.ClickException(str(error)) from error
    if not watched:
        raise click.ClickException("no folder was added yet: see `beforehand folders add`")
    given = watched if folder is not None else None
    with ExitStack() as held:
        _run(Watched(held, settle, given), every, settle, once)


class Watched:
    """The watchers of this run. Without a folder of its own it follows what is added and removed meanwhile."""

    def __init__(self, held: ExitStack, settle: float, given: list[WatchedFolder] | None) -> None:
        self.held = held
        self.settle = settle
        self.given = given
        self.watchers: dict[int, Watcher] = {}

    def now(self) -> list[Watcher]:
        """One watcher for each folder that is to be watched."""
        wanted = self.given if self.given is not None else self._added()
        for one in wanted:
            if one.pk not in self.watchers:
                self.held.enter_context(_alone(one))
                self.watchers[one.pk] = Watcher(one, settle=self.settle)
        return [self.watchers[one.pk] for one in wanted]

    def _added(self) -> list[WatchedFolder]:
        try:
            return folders(standing_only=True)
        except DatabaseError:  # away for a moment: the folders are what they were
            close_old_connections()
            return [watcher.folder for watcher in self.watchers.values()]


def _alone(folder: WatchedFolder) -> IO[str]:
    """A lock in the home, so that two watchers never take the same file."""
    locks = Path(settings.HOME) / "locks"
    locks.mkdir(mode=0o700, exist_ok=True)
    handle = (locks / f"folder-{folder.pk}.lock").open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise click.ClickException(f"folder {folder.pk} is watched already, by another `watch` or by `up`") from None
    return handle


def _run(watched: Watched, every: float, settle: float, once: bool) -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    watchers = watched.now()
    click.echo(f"Watching {len(watchers)} folder{'s' if len(watchers) > 1 else ''}  (stop with Ctrl-C)")
    if once:
        looks = [watcher.look() for watcher in watchers]
        if any(look.waiting for look in looks) and not stopped.wait(settle + 0.1):
            looks += [watcher.look() for watcher in watchers]
        click.echo(f"{sum(one.taken for one in looks)} taken, {sum(one.refused for one in looks)} refused")
        return
    while not stopped.is_set():
        for watcher in watched.now():
            watcher.look()
        close_old_connections()
        stopped.wait(every)
