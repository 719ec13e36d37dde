"""From kept bytes to facts. Large messages go in several transactions, many small ones together in one.

``items_done`` of a message says how far it has come, in the same transaction as its facts, so a run that was
killed is taken up where it stood.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, islice

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from beforehand.intake.batch import Applied, run_batch
from beforehand.intake.blobs import read_blob
from beforehand.intake.connectors.errors import ConnectorError, ItemError
from beforehand.intake.connectors.items import RawItem
from beforehand.intake.errors import MissingBytesError, RefusedError
from beforehand.intake.formats import items_of, recognise
from beforehand.intake.ledger import LINE
from beforehand.intake.limits import LIMITS
from beforehand.intake.pieces import Counts, Part, addresses
from beforehand.record.concepts import Dictionary
from beforehand.record.models import Message, Source
from beforehand.record.store.rows import lock_for_writing

WHOLE = "the whole message"  # where the trouble is, of a message that is set aside as one
ITEMS = 5000  # in one transaction; a bundle that is larger is still one mapping of its addresses


@contextmanager
def collector_off() -> Iterator[None]:
    """Python's garbage collector finds nothing in parsed JSON and looks at all of it: off while we read."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def apply_message(message: Message) -> Applied:
    """Apply what is left to do of one kept message."""
    return apply_messages(message.source, [(message, None)])


def apply_messages(
    source: Source,
    messages: Iterable[tuple[Message, bytes | None]],
    *,
    dictionary: Dictionary | None = None,
    on_batch: Callable[[Applied], None] | None = None,
    now: datetime | None = None,
) -> Applied:
    """Apply kept messages of one source; bytes already at hand save reading them again."""
    dictionary = dictionary or Dictionary(source.name)
    total = Applied()
    parts: list[Part] = []

    def flush() -> None:
        if not parts:
            return
        applied = run_batch(source, parts, dictionary=dictionary, now=now or timezone.now(), zone=settings.TIME_ZONE)
        parts.clear()
        total.add(applied)
        if on_batch is not None:
            on_batch(applied)

    with collector_off():
        for message, content in messages:
            for part in _parts(message, content, total, on_batch):
                parts.append(part)
                if sum(len(each.items) for each in parts) >= ITEMS:
                    flush()
        flush()
    return total


def _parts(
    message: Message, content: bytes | None, total: Applied, on_batch: Callable[[Applied], None] | None
) -> Iterator[Part]:
    """The items of a message that are still to be applied, some thousand at a time."""
    if message.state != "KEPT":
        already = Applied(Counts(received=message.received, duplicates=message.duplicates, refused=message.refused))
        already.counts.duplicates = message.received - message.refused
        total.add(already)
        if on_batch is not None:
            on_batch(already)
        return
    format_ = ""
    if message.reason:  # held when it was kept: nothing of it is applied until a person looks at it
        yield _held(message, message.reason)
        return
    try:
        if content is None:
            content = read_blob(message.digest)
        format_ = recognise(content, message.name)
        stream = items_of(content, message.name)
        head = list(islice(stream, ITEMS))
    except (RefusedError, ConnectorError, MissingBytesError) as error:
        if message.name == LINE:  # nobody can hand it over again corrected: somebody here has to see to it
            yield _held(message, _words(error), format_)
            return
        refused = _refuse(message, error, format_)
        total.add(refused)
        if on_batch is not None:
            on_batch(refused)
        return
    if head and head[0].full_url is not None:  # a bundle: its addresses hold throughout
        head += stream
    LIMITS.check_items(len(head))
    urls = addresses(head)
    place = 0
    rest = chain(head, stream)
    done = message.items_done
    while True:
        items = list(islice(rest, ITEMS))
        following = _complete(items, rest)
        rest = chain(following, rest)
        if place + len(items) > done or not following:
            yield Part(message, items[max(0, done - place) :], is_last=not following, urls=urls, format=format_)
        place += len(items)
        if not following:
            return


def _complete(items: list[RawItem], rest: Iterator[RawItem]) -> list[RawItem]:
    """Add the rest of the last item as its sender counts them, so that it is applied at once; what follows it."""
    for raw in rest:
        if raw.unit is None or raw.unit != items[-1].unit:
            return [raw]
        items.append(raw)
    return []


def _held(message: Message, reason: str, format_: str = "") -> Part:
    """The message as one item set aside: in its first place, which the first of its items takes over on a retry."""
    error = ItemError(WHOLE, reason, "Look at what was sent; then retry it, or refuse it with a reason.")
    return Part(message, [RawItem(0, None, error=error)], is_last=True, format=format_)


def hold(message: Message, reason: str) -> Applied:
    """Set a kept message aside as a whole, because taking it in failed in a way nobody foresaw."""
    part = _held(message, reason)
    return run_batch(message.source, [part], now=timezone.now(), zone=settings.TIME_ZONE)


def retry_message(message: Message, item_id: int, now: datetime) -> Applied:
    """Open again a message that was set aside as a whole; what it holds now takes the place of that one item.

    Raises what opening it raises. Runs in the caller's transaction.
    """
    content = read_blob(message.digest)
    format_ = recognise(content, message.name)
    with collector_off():
        items = list(items_of(content, message.name))
        LIMITS.check_items(len(items))
        part = Part(message, items[1:], is_last=True, urls=addresses(items), format=format_)
        Message.objects.filter(pk=message.pk).update(state="KEPT", items_done=1)
        return run_batch(message.source, [part], now=now, zone=settings.TIME_ZONE, again=[item_id])


def _refuse(message: Message, error: Exception, format_: str) -> Applied:
    """Write down that the message could not be opened at all; it counts as one item."""
    reason = _words(error)
    with transaction.atomic():
        lock_for_writing()
        Message.objects.filter(pk=message.pk, state="KEPT").update(
            state="REFUSED", format=format_, reason=reason, received=1, refused=1, items_done=1
        )
    return Applied(Counts(received=1, refused=1))


def _words(error: Exception) -> str:
    if isinstance(error, (RefusedError, MissingBytesError)):
        return str(error)[:500]
    reason, remedy = getattr(error, "reason", ""), getattr(error, "remedy", "")
    room = 499 - len(remedy)  # a long reason is cut short, never what to do
    reason = reason if len(reason) <= room else f"{reason[: room - 2]} …"
    return f"{reason} {remedy}".strip()[:500] or "The file cannot be opened."
