"""The ledger of what was received. Bytes are on disk and their message committed before anything is applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from beforehand.intake.blobs import digest_of, keep_blobs
from beforehand.intake.errors import RefusedError
from beforehand.intake.limits import LIMITS
from beforehand.record.models import Message, Source
from beforehand.record.store.rows import known_messages, lock_for_writing, number_objects

LINE = "over a line"  # the name of what came by MLLP: no file that can be corrected and handed over again


@dataclass(frozen=True)
class Received:
    """One thing handed over, not yet kept. What is ``held`` for this reason waits for a person to look at it."""

    content: bytes
    name: str = ""
    held: str = ""


def source_named(name: str, *, kind: str = "SYSTEM", user_id: int | None = None) -> Source:
    """The source of that name, made when it is new."""
    source, _ = Source.objects.get_or_create(name=name, defaults={"kind": kind, "user_id": user_id})
    return source


def keep(*, data: bytes, source: Source, name: str, received_at: datetime, held: str = "") -> Message:
    """Commit the bytes and their message. What the same source sent before is a duplicate, counted on its message.

    A message kept before but not applied to the end (a killed run) is handed back to be finished.
    """
    return keep_all(things=[Received(data, name, held)], source=source, received_at=received_at)[0]


def keep_all(*, things: Sequence[Received], source: Source, received_at: datetime) -> list[Message]:
    """``keep`` for several things with one wait for the disk."""
    for thing in things:
        LIMITS.check_message(len(thing.content))
    digests = [digest_of(thing.content) for thing in things]
    keep_blobs(dict(zip(digests, (thing.content for thing in things), strict=True)).items())
    with transaction.atomic():
        lock_for_writing()
        known = _known(source, digests)
        new: list[Message] = []
        answer: list[Message] = []
        for digest, thing in zip(digests, things, strict=True):
            earlier = known.get(digest)
            if earlier is not None and earlier.state == "KEPT":
                answer.append(earlier)
                continue
            message = _message(source, digest, thing, received_at)
            if earlier is None:
                known[digest] = message
            else:
                _count_as_duplicate(message, earlier)
            new.append(message)
            answer.append(message)
        number_objects(new)
    return answer


def _known(source: Source, digests: list[str]) -> dict[str, Message]:
    """The first message of this source with each of these bytes. One that was refused is judged anew."""
    seen = known_messages(source.pk, digests)
    known: dict[str, Message] = {}
    if seen:  # the bytes of most messages are new
        for message in Message.objects.filter(pk__in=seen).order_by("id"):
            known.setdefault(message.digest, message)
    return known


def _message(source: Source, digest: str, thing: Received, received_at: datetime) -> Message:
    return Message(
        source=source,
        digest=digest,
        size=len(thing.content),
        name=thing.name[:400],
        format="",
        received_at=received_at,
        reason=thing.held[:500],
    )


def _count_as_duplicate(message: Message, earlier: Message) -> None:
    message.state, message.reason = "APPLIED", ""
    message.format = earlier.format
    message.received = message.duplicates = message.items_done = earlier.received


def refuse(*, source: Source, name: str, refusal: RefusedError, received_at: datetime) -> Message:
    """Write down that something could not be taken in at all, and why. Counts as one item, refused."""
    return Message.objects.create(
        source=source,
        digest="",
        size=0,
        name=name[:400],
        format="",
        state="REFUSED",
        reason=str(refusal)[:500],
        received_at=received_at,
        received=1,
        refused=1,
    )


@transaction.atomic
def count_refused(*, source: Source, name: str, refusal: RefusedError, at: datetime) -> None:
    """Count what is refused unread and not kept: one message a day for each name, so that a flood costs one row."""
    lock_for_writing()
    today = Message.objects.filter(
        source=source, name=name[:400], state="REFUSED", digest="", received_at__date=timezone.localtime(at).date()
    )
    if not today.update(received=F("received") + 1, refused=F("refused") + 1):
        refuse(source=source, name=name, refusal=refusal, received_at=at)
