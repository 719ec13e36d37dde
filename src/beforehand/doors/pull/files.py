"""From what is downloaded to the ledger: long files in parts that end with a line, each part a message.

A part is cut by its bytes alone, so a file that is loaded again falls into the same parts. How far a file is in the
ledger is written down after each part. A part that came in just before a kill, and was not written down, is known
by its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.db.models import F

from beforehand.care.needs.arrivals import Arrival, receive
from beforehand.doors.pull.asking import TRIES, Asking, refused
from beforehand.doors.pull.errors import BrokenAnswerError, TroubleError
from beforehand.doors.pull.http import MEGABYTE, Answer
from beforehand.doors.pull.outcomes import ErrorTally
from beforehand.intake.blobs import digest_of
from beforehand.intake.limits import LIMITS
from beforehand.intake.models import PullFile, PullRun, PullSource
from beforehand.record.models import Message

PART = 16 * MEGABYTE
FILE_SECONDS = 4 * 3600.0
LINES = "application/fhir+ndjson, application/ndjson;q=0.9, */*;q=0.1"
KINDS = {"OUTPUT": "records", "DELETED": "deletions", "ERROR": "errors"}


def parts_of(blocks: Iterable[bytes], size: int, longest_line: int) -> Iterator[bytes]:
    """Bytes cut at the first end of a line at or after each ``size``, however they come."""
    waiting = bytearray()
    for block in blocks:
        waiting += block
        while len(waiting) >= size:
            cut = waiting.find(b"\n", size - 1) + 1
            if not cut and len(waiting) > size + longest_line:
                raise TroubleError(
                    f"A line is longer than {longest_line // MEGABYTE or 1} MB.", "Ask the server's side to split it."
                )
            if not cut:
                break
            yield bytes(waiting[:cut])
            del waiting[:cut]
    if waiting.strip():
        yield bytes(waiting)


def lines_in(part: bytes) -> int:
    """Lines that are not blank."""
    return sum(1 for line in part.split(b"\n") if line.strip())


@dataclass
class Ledger:
    """Where the parts of one fetch go."""

    pull: PullSource
    run: PullRun
    progress: Callable[[int], None] = lambda _: None
    is_resumed: bool = True  # until the first part: what came in just before a kill is not handed over again
    take: Callable[..., Arrival] = receive

    def hand_over(self, content: bytes, name: str) -> None:
        """Take in one part or page, unless this fetch did so before it was killed."""
        if self.is_resumed:
            self.is_resumed = False
            if self._has(content):
                return
        arrival = self.take(content, self.pull.source, name=name)
        self.progress(arrival.received)
        PullRun.objects.filter(pk=self.run.pk).update(
            received=F("received") + arrival.received, applied=F("applied") + arrival.applied
        )
        PullSource.objects.filter(pk=self.pull.pk).update(refusals=0)

    def _has(self, content: bytes) -> bool:
        known = Message.objects.filter(
            source_id=self.pull.source_id, digest=digest_of(content), received_at__gte=self.run.started_at
        )
        return known.exclude(state="KEPT").exists()  # one that is only kept is handed over to be finished


class Loading:
    """The files of one export."""

    def __init__(self, asking: Asking, ledger: Ledger, *, part: int = PART) -> None:
        self.asking = asking
        self.ledger = ledger
        self.part = part

    def load(self, file: PullFile) -> None:
        """Everything of one file that is not in the ledger yet. What breaks off is asked for again from there."""
        tries = 0
        while not file.is_done:
            before = file.done_bytes
            try:
                self._load_on(file)
            except BrokenAnswerError:
                tries = 1 if file.done_bytes > before else tries + 1
                if tries >= TRIES:
                    raise TroubleError(
                        f"{_named(file)} breaks off again and again.", "Check the network; it is taken up there."
                    ) from None
                self.asking.back_off(tries)

    def _load_on(self, file: PullFile) -> None:
        what = _named(file)
        begun = file.done_bytes
        headers = {"Accept": LINES, "Accept-Encoding": "identity" if begun else "gzip"}
        if begun and file.etag:
            headers |= {"Range": f"bytes={begun}-", "If-Range": file.etag}
        with self.asking.ask(
            file.url, what, headers=headers, with_token=file.with_token, seconds=FILE_SECONDS
        ) as answer:
            if answer.status == 416 and begun:  # nothing stands behind what we have
                self._end(file)
                return
            if answer.status != 200 and not (answer.status == 206 and "Range" in headers):
                raise refused(answer.status, answer.read(MEGABYTE, what), what, is_lost=answer.status in (404, 410))
            if "html" in answer.header("Content-Type").lower():
                raise TroubleError(
                    f"{what} is a page for people, not records.", "Ask whether its files need a sign-in of their own."
                )
            if answer.status == 206 and not _is_the_rest(answer.header("Content-Range"), begun):
                file.etag = ""  # it says that it can, and cannot: the whole is asked for then
                raise BrokenAnswerError(f"the rest of {what} is not the rest that was asked for")
            self._take(file, answer, begun if answer.status == 200 else 0, what)

    def _take(self, file: PullFile, answer: Answer, known: int, what: str) -> None:
        """Parts into the ledger; the first ``known`` bytes are there already."""
        if not file.done_bytes:
            tag = answer.header("ETag")
            file.etag = tag if tag.startswith('"') and len(tag) <= 200 and not answer.header("Content-Encoding") else ""
        largest = self.ledger.pull.largest_bytes - (file.done_bytes - known)
        blocks = _behind(answer.blocks(largest, what), known)
        for part in parts_of(blocks, self.part, LIMITS.line_bytes):
            name = f"pull-{file.run_id}/{file.place:05}-{file.done_parts:05}.{file.type or file.kind.lower()}.ndjson"
            self.ledger.hand_over(part, name)
            file.done_bytes += len(part)
            file.done_parts += 1
            file.items += lines_in(part)
            if file.kind == "ERROR":
                self._tell(part)
            file.save(update_fields=["done_bytes", "done_parts", "items", "etag"])
        self._end(file)

    def _tell(self, part: bytes) -> None:
        tally = ErrorTally()
        tally.add_lines(part)
        self.ledger.run.notes = [*self.ledger.run.notes, *tally.words()][:50]
        self.ledger.run.save(update_fields=["notes"])

    def _end(self, file: PullFile) -> None:
        if file.stated_items is not None and file.kind != "ERROR" and file.items < file.stated_items:
            raise TroubleError(
                f"{_named(file)} holds {file.items:,} of the {file.stated_items:,} items the server stated.",
                "A new export is asked for; if it stays so, ask whoever runs the server.",
                is_lost=True,
            )
        file.is_done = True
        file.save(update_fields=["is_done"])


def _is_the_rest(content_range: str, begun: int) -> bool:
    """Whether an answer holds everything from there to the end (``bytes 200-999/1000``)."""
    found = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", content_range.strip(), re.ASCII)
    return found is not None and int(found[1]) == begun and int(found[2]) + 1 == int(found[3])


def _behind(blocks: Iterator[bytes], known: int) -> Iterator[bytes]:
    """What stands behind the first ``known`` bytes."""
    for block in blocks:
        if known >= len(block):
            known -= len(block)
            continue
        yield block[known:] if known else block
        known = 0
    if known:
        raise TroubleError("A file became shorter than it was.", "A new export is asked for.", is_lost=True)


def _named(file: PullFile) -> str:
    """A file as people know it: its number and what it holds, never its address."""
    return f"file {file.place + 1} ({file.type or KINDS[file.kind]})"
