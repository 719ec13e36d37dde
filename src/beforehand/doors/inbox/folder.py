"""A watched folder: what is complete is taken in, then moved away. It is looked at again and again, since a network
share tells nobody of what others change on it.

**Complete** is a plain file whose size and time of change were the same in two looks, ``SETTLE`` seconds apart at
least, or beside which lies a file of the same name with ``.done`` behind it. Never looked at are names that begin with
``.`` or ``~`` or end as unfinished files do, the folders ``taken`` and ``refused``, and what links lead to.

**The order**: read, keep and commit, apply, move. A file leaves its place only when its bytes are on our disk, so a
watcher that is killed at any moment leaves a file that is still there, or one that is safe.
"""

from __future__ import annotations

import io
import logging
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from beforehand.care.needs.arrivals import take_up
from beforehand.doors.inbox.moving import move_away, note_of, put_back
from beforehand.intake.archives import Member, is_archive, label, open_stream
from beforehand.intake.connectors.csv.connector import is_list_named, with_mapping
from beforehand.intake.errors import RefusedError
from beforehand.intake.folders import keep_file, let_go, refuse_file, tell_trouble
from beforehand.intake.ledger import keep, refuse
from beforehand.intake.limits import LIMITS, Limits
from beforehand.intake.models import WatchedFolder
from beforehand.record.access import system_principal
from beforehand.record.audit import CHANGE, collecting, write_event
from beforehand.record.models import Message

log = logging.getLogger(__name__)
SETTLE = 10.0  # seconds
SETTLE_EMPTY = 600.0  # some systems make an empty file first and write it later
DEEPEST = 8  # folders within folders
DONE = ".done"
OURS = ("taken", "refused")  # where files go
UNFINISHED = (
    ".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".writing", ".uploading",
    ".incomplete", ".lock", ".lck", ".swp", "~",
)  # fmt: skip

Identity = tuple[int, int, int]  # size, time of change, number on its disk


class ChangedError(Exception):
    """The file changed, or was replaced, while it was read: it is not complete."""


@dataclass(frozen=True)
class Seen:
    """A file as it lies there. ``mark`` tells it from another one under the same name.

    The file's number on its disk is not part of it: some shares give another one at each look.
    """

    path: str  # in the folder
    size: int
    changed: int
    is_link: bool = False
    is_done: bool = False  # somebody says so

    @property
    def mark(self) -> str:
        return f"{self.size}:{self.changed}"


@dataclass
class Look:
    """What one look came to."""

    taken: int = 0
    refused: int = 0
    waiting: int = 0  # seen, and not complete yet
    troubles: list[str] = field(default_factory=list)


class Watcher:
    """One folder under watch."""

    def __init__(
        self, folder: WatchedFolder, *, settle: float = SETTLE, limits: Limits = LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.root = Path(folder.path)
        self.settle = settle
        self.limits = limits
        self.clock = clock
        self._first: dict[str, tuple[str, float]] = {}  # path: its mark, and since when it has had it

    def look(self) -> Look:
        """Take what is complete, the oldest first. One file never stops the others."""
        found = Look()
        try:
            seen = sorted(self._files(), key=lambda one: (one.changed, one.path))
        except OSError as error:
            found.troubles.append(f"The folder cannot be read: {error.strerror or type(error).__name__}.")
            seen = []
        self._first = {one.path: self._first.get(one.path, ("", 0.0)) for one in seen}
        for one in seen:
            if not self._is_complete(one):
                found.waiting += 1
                continue
            try:
                self._take(one, found)
            except ChangedError:
                self._first[one.path] = ("", 0.0)
                found.waiting += 1
            except FileNotFoundError:
                pass  # whoever put it there took it back
            except (OSError, DatabaseError) as error:
                found.troubles.append(_words(error))
        try:
            tell_trouble(self.folder, _summed(found.troubles), timezone.now())
        except DatabaseError:
            connection.close()  # away: the next look begins with a sound one
        return found

    def _files(self, below: str = "", depth: int = 0) -> Iterator[Seen]:
        with os.scandir(self.root / below) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
        names = {entry.name for entry in listed}
        for entry in listed:
            path = f"{below}{entry.name}"
            if entry.name.startswith((".", "~")) or (not below and entry.name in OURS):
                continue
            if entry.is_dir(follow_symlinks=False):
                if depth < DEEPEST:
                    yield from self._files(f"{path}/", depth + 1)
                continue
            if entry.name.lower().endswith((*UNFINISHED, DONE)):
                continue
            try:
                known = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            is_link = stat.S_ISLNK(known.st_mode)
            if is_link or stat.S_ISREG(known.st_mode):  # pipes and devices are nobody's records
                is_done = entry.name + DONE in names
                yield Seen(path, known.st_size, known.st_mtime_ns, is_link, is_done)

    def _is_complete(self, one: Seen) -> bool:
        if one.is_done:
            return True
        mark, since = self._first[one.path]
        now = self.clock()
        if mark != one.mark:
            self._first[one.path] = (one.mark, now)
            return False
        return now - since >= (self.settle if one.size else max(self.settle, SETTLE_EMPTY))

    def _take(self, one: Seen, found: Look) -> None:
        """Keep and apply one file, then move it away."""
        refusal, identity = self._take_in(one)
        (self.root / (one.path + DONE)).unlink(missing_ok=True)  # or it would vouch for the next file of this name
        why = note_of(str(refusal), timezone.localtime()) if refusal else ""
        target = move_away(self.root, one.path, "refused" if refusal else "taken", timezone.localdate(), why=why)
        if _identity(target.lstat()) != identity:  # another file came in between, and nobody has read it
            put_back(self.root, one.path, target)
            raise ChangedError
        let_go(self.folder, one.path)
        self._first.pop(one.path, None)
        found.refused += refusal is not None
        found.taken += refusal is None

    def _take_in(self, one: Seen) -> tuple[RefusedError | None, Identity]:
        """Read, keep, apply. Why it is refused, if it is, and which file it was."""
        if one.is_link:
            refusal = RefusedError("It is a link, and links are not followed.", "Put the file itself here.")
            return self._refuse(one, refusal), _identity((self.root / one.path).lstat())
        handle = os.open(self.root / one.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as stream:
            self._check_same(one, handle)
            identity = _identity(os.fstat(handle))
            if is_archive(stream.read(512)):
                stream.seek(0)
                answer = self._take_archive(one, stream)
                self._check_same(one, handle)
                return answer, identity
            try:
                self.limits.check_message(one.size)
            except RefusedError as error:
                return self._refuse(one, error), identity
            stream.seek(0)
            content = stream.read(one.size + 1)
            self._check_same(one, handle)
        if len(content) != one.size:
            raise ChangedError
        message = keep_file(
            folder=self.folder, path=one.path, mark=one.mark, content=self._with_mapping(one.path, content),
            name=label(one.path), at=timezone.now(),
        )  # fmt: skip
        return self._apply(message), identity

    def _check_same(self, one: Seen, handle: int) -> None:
        """Whether what is open and what lies there are one file, and still what was seen."""
        opened, there = os.fstat(handle), os.stat(self.root / one.path, follow_symlinks=False)
        if _identity(opened) != _identity(there) or (opened.st_size, opened.st_mtime_ns) != (one.size, one.changed):
            raise ChangedError

    def _with_mapping(self, name: str, content: bytes) -> bytes:
        mapping = bytes(self.folder.mapping)
        return with_mapping(mapping, content) if mapping and is_list_named(name) else content

    def _take_archive(self, one: Seen, stream: io.BufferedReader) -> RefusedError | None:
        """Each file in an archive is a message; the archive is refused when nothing in it could be taken in.

        An archive broken off by a kill is taken again: what was kept of it before is a duplicate then, counted as one.
        """
        refusals = [self._member(member) for member in open_stream(stream, one.path, one.size, limits=self.limits)]
        return None if None in refusals else next(iter(refusals), None)

    def _member(self, member: Member) -> RefusedError | None:
        if member.content is None:
            assert member.refusal is not None
            refuse(source=self.folder.source, name=member.name, refusal=member.refusal, received_at=timezone.now())
            return member.refusal
        content = self._with_mapping(member.name, member.content)
        return self._apply(keep(data=content, source=self.folder.source, name=member.name, received_at=timezone.now()))

    def _apply(self, message: Message) -> RefusedError | None:
        """Facts and rules now; whatever goes wrong with that, the bytes are safe and a worker tries again."""
        try:
            with collecting():
                patients = take_up(message).patients
            if patients:
                intake = system_principal("intake")
                write_event(intake, "inbox.folder", patients=dict.fromkeys(patients, CHANGE), method="FOLDER")
        except Exception as error:
            log.error("message %s is kept and not applied yet: %s", message.pk, type(error).__name__)
        message.refresh_from_db()
        return RefusedError(message.reason) if message.state == "REFUSED" else None

    def _refuse(self, one: Seen, refusal: RefusedError) -> RefusedError:
        refuse_file(
            folder=self.folder, path=one.path, mark=one.mark, name=label(one.path), refusal=refusal, at=timezone.now()
        )
        return refusal


def _identity(known: os.stat_result) -> Identity:
    return known.st_size, known.st_mtime_ns, known.st_ino


def _words(error: Exception) -> str:
    """What went wrong with a file, without its name: names of files may be names of people."""
    if isinstance(error, PermissionError):
        return "A file cannot be read or moved: its permissions forbid it, or somebody holds it."
    if isinstance(error, OSError):
        return f"A file cannot be taken in: {error.strerror or type(error).__name__}."
    return "A file cannot be kept: the database cannot be written."


def _summed(troubles: list[str]) -> str:
    """The troubles of one look in a line."""
    counted = {words: troubles.count(words) for words in dict.fromkeys(troubles)}
    return " ".join(words if count == 1 else f"{words} ({count} files)" for words, count in counted.items())
