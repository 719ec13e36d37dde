"""Taking in files, folders, archives and standard input: kept in groups, applied in batches, summed up."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import IO, Any

from django.utils import timezone

from beforehand.intake.apply import ITEMS, apply_messages, collector_off
from beforehand.intake.archives import Member, members, size_of
from beforehand.intake.batch import Applied
from beforehand.intake.connectors.csv.connector import is_list_named, with_mapping
from beforehand.intake.errors import SourceNameError
from beforehand.intake.ledger import Received, keep_all, refuse, source_named
from beforehand.intake.limits import LIMITS, Limits
from beforehand.intake.pieces import Counts
from beforehand.record.concepts import Dictionary
from beforehand.record.models import Message, Source

GROUP_BYTES = 32 * 1024 * 1024  # files kept with one wait for the disk
GROUP_FILES = 200
COLLECT_EVERY = 20  # groups
Progress = Callable[[int, int, int], None]  # items so far, bytes read so far, bytes in all


@dataclass
class Summary:
    """What an ingest came to; the JSON of ``beforehand ingest``."""

    counts: Counts = field(default_factory=Counts)
    patients: set[int] = field(default_factory=set)
    new_patients: set[int] = field(default_factory=set)
    resources: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, applied: Applied) -> None:
        """Count one transaction in."""
        self.counts.add(applied.counts)
        self.patients |= applied.patients
        self.new_patients |= applied.new_patients
        for type_, count in applied.resources.items():
            self.resources[type_] = self.resources.get(type_, 0) + count

    def as_json(self) -> dict[str, Any]:
        """As DESIGN section 6 states it."""
        counts = self.counts
        return {
            "received": counts.received,
            "applied": counts.applied,
            "kept": counts.kept,
            "quarantined": counts.quarantined,
            "refused": counts.refused,
            "duplicates": counts.duplicates,
            "patients": len(self.patients),
            "resources": dict(sorted(self.resources.items())),
            "seconds": round(self.seconds, 3),
        }


def ingest_paths(
    paths: Sequence[str],
    *,
    source_name: str = "local",
    progress: Progress | None = None,
    on_applied: Callable[[set[int]], None] | None = None,
    stdin: IO[bytes] | None = None,
    received_at: datetime | None = None,
    limits: Limits = LIMITS,
    mapping: bytes | None = None,
) -> Summary:
    """Take in everything the paths hold. ``on_applied`` hears of the patients changed after each transaction.

    ``mapping`` tells what the columns of lists (CSV) mean; it is kept with each list.
    """
    started = time.perf_counter()
    source = _sending_source(source_name)
    summary = Summary()
    run = _Run(source, summary, progress, on_applied, received_at or timezone.now(), size_of(list(paths)))
    run.mapping = mapping
    with collector_off():
        for number, group in enumerate(_groups(members(list(paths), limits=limits, stdin=stdin)), start=1):
            run.take(group)
            del group
            if number % COLLECT_EVERY == 0:
                gc.collect()
    summary.seconds = time.perf_counter() - started
    return summary


def _sending_source(name: str) -> Source:
    """The source of that name, if it is one that sends: what people and rules here say is not taken from a file."""
    found = None if name.startswith("user:") else source_named(name)
    if found is None or found.kind not in ("SYSTEM", "PAPER"):
        raise SourceNameError(f"The source {name!r} is a person or a rule of this house: choose another name.")
    return found


class _Run:
    """One ingest under way."""

    def __init__(
        self,
        source: Source,
        summary: Summary,
        progress: Progress | None,
        on_applied: Callable[[set[int]], None] | None,
        received_at: datetime,
        size: int,
    ) -> None:
        self.source = source
        self.summary = summary
        self.progress = progress
        self.on_applied = on_applied
        self.received_at = received_at
        self.size = size
        self.read = 0
        self.mapping: bytes | None = None
        self.dictionary = Dictionary(source.name)

    def take(self, group: list[Member]) -> None:
        """Keep a group of files in one commit, then apply them."""
        things: list[Received] = []
        for member in group:
            if member.content is None:
                assert member.refusal is not None
                refuse(source=self.source, name=member.name, refusal=member.refusal, received_at=self.received_at)
                self.on_batch(Applied(Counts(received=1, refused=1)))
            else:
                is_list = self.mapping is not None and is_list_named(member.name)
                content = with_mapping(self.mapping or b"", member.content) if is_list else member.content
                things.append(Received(content, member.name))
        if things:
            self._apply(things)
        self.read += sum(member.packed for member in group)
        self._show()

    def _apply(self, things: list[Received]) -> None:
        messages = keep_all(things=things, source=self.source, received_at=self.received_at)
        seen: set[int] = set()
        todo: list[tuple[Message, bytes | None]] = []
        again: list[Received] = []
        for message, thing in zip(messages, things, strict=True):
            if message.pk in seen:  # twice the same file in one group: the second is a duplicate of the first
                again.append(thing)
            else:
                seen.add(message.pk)
                todo.append((message, thing.content))
        apply_messages(self.source, todo, dictionary=self.dictionary, on_batch=self.on_batch)
        if again:
            self._apply(again)

    def on_batch(self, applied: Applied) -> None:
        """After each transaction."""
        self.summary.add(applied)
        self._show()
        if self.on_applied is not None and applied.patients:
            self.on_applied(applied.patients)

    def _show(self) -> None:
        if self.progress is not None:
            self.progress(self.summary.counts.received, self.read, self.size)


def _groups(stream: Iterator[Member]) -> Iterator[list[Member]]:
    """Members in groups that are worth one wait for the disk."""
    group: list[Member] = []
    size = 0
    for member in stream:
        group.append(member)
        size += len(member.content or b"")
        if size >= GROUP_BYTES or len(group) >= GROUP_FILES:
            yield group
            group, size = [], 0
    if group:
        yield group


def finish_kept(*, on_applied: Callable[[set[int]], None] | None = None) -> Applied:
    """Apply what a run that was killed had kept but not applied to the end."""
    total = Applied()

    def on_batch(applied: Applied) -> None:
        if on_applied is not None and applied.patients:
            on_applied(applied.patients)

    while kept := list(islice(Message.objects.filter(state="KEPT").select_related("source").order_by("id"), 100)):
        sources = {message.source_id: message.source for message in kept}
        for number, source in sources.items():
            mine = [(message, None) for message in kept if message.source_id == number]
            total.add(apply_messages(source, mine, on_batch=on_batch))
    return total


__all__ = ["ITEMS", "Summary", "finish_kept", "ingest_paths"]
