"""Messages that carry their sender's own number and want an answer, as HL7 v2 does: kept once, answered once.

The answer is written in the transaction in which the facts commit, and sent after it. The same message again gets the
answer it had. Another body under a number that was used before is kept and held: nobody knows which one is meant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from beforehand.intake.apply import WHOLE, apply_messages
from beforehand.intake.batch import Applied
from beforehand.intake.blobs import digest_of, keep_blobs
from beforehand.intake.ledger import LINE, Received, keep_all
from beforehand.intake.limits import LIMITS
from beforehand.intake.models import Answer, QuarantinedItem
from beforehand.record.access import system_principal
from beforehand.record.audit import CHANGE, write_event
from beforehand.record.models import Item, Message, Source
from beforehand.record.store.rows import lock_for_writing

NUMBER_STANDS = timedelta(days=90)  # many systems begin again at 1 after a while; a resend comes within days
HELD = "The number of this message was used before for another message."


@dataclass(frozen=True)
class Kept:
    """A message on disk and in the ledger, with its answer if it has had one."""

    message: Message
    answer: Answer
    is_repeat: bool  # these very bytes came before


@dataclass(frozen=True)
class Fate:
    """What became of a message as a whole, for its answer. ``reason`` holds no patient values."""

    is_applied: bool  # something of it stands, or will by itself when its patient comes
    reason: str = ""  # why some or all of it is set aside
    is_held: bool = False  # its number was used before


def number_of(control_id: str) -> str:
    """The sender's number as it is kept: very long ones by their digest."""
    plain = control_id.replace("\0", "")
    return plain if len(plain) <= 200 else "long:" + hashlib.sha256(plain.encode()).hexdigest()


@dataclass(frozen=True)
class Handed:
    """One message as it was handed over. ``held``: why nothing of it may be applied, where that is known already."""

    data: bytes
    control_id: str
    held: str = ""


def keep_numbered(*, things: Sequence[Handed], source: Source, received_at: datetime) -> list[Kept]:
    """Commit bytes, their messages and their numbers, with one wait for the disk for all of them.

    When this returns, they survive a power cut. Larger ones than may be kept: LimitError, and nothing is kept.
    """
    digests = [digest_of(thing.data) for thing in things]
    for thing in things:
        LIMITS.check_message(len(thing.data))
    # before the transaction, so that nobody waits for the disk behind its lock
    keep_blobs(dict(zip(digests, (thing.data for thing in things), strict=True)).items())
    with transaction.atomic():
        lock_for_writing()
        mine = Answer.objects.filter(source_id=source.pk)
        answers = {answer.digest: answer for answer in mine.filter(digest__in=digests)}
        numbers = {number_of(thing.control_id) for thing in things} - {""}
        used = set(
            mine.filter(control_id__in=numbers, at__gt=received_at - NUMBER_STANDS).values_list("control_id", flat=True)
        )
        received, first = [], dict[str, bool]()
        for digest, thing in zip(digests, things, strict=True):
            number = number_of(thing.control_id)
            first.setdefault(digest, digest not in answers)
            is_used = digest not in answers and number in used
            received.append(Received(thing.data, LINE, thing.held or (HELD if is_used else "")))
            if digest not in answers:
                used |= {number} - {""}
                answers[digest] = Answer(source_id=source.pk, control_id=number, digest=digest, at=received_at)
        messages = keep_all(things=received, source=source, received_at=received_at)
        kept = []
        for digest, message in zip(digests, messages, strict=True):
            is_repeat = not first[digest]
            if not is_repeat:
                answers[digest].message_id, first[digest] = message.pk, False
            kept.append(Kept(message, answers[digest], is_repeat))
        Answer.objects.bulk_create([answer for answer in answers.values() if answer.pk is None])
    return kept


@dataclass(frozen=True)
class Due:
    """A kept message that is to be applied, and how its answer is written. ``accept`` was sent before."""

    kept: Kept
    data: bytes
    reply: Callable[[Fate], bytes]
    accept: bytes = b""


def apply_numbered(due: Sequence[Due], *, source: Source, action: str) -> tuple[Applied, list[bytes]]:
    """Apply kept messages of one source and write their answers, all together; what to answer now.

    A repeated one keeps its answer.
    """
    with transaction.atomic():
        lock_for_writing()
        messages = {one.kept.message.pk: (one.kept.message, one.data) for one in due}
        applied = apply_messages(source, messages.values())
        said = {one.kept.answer.pk: bytes(one.kept.answer.reply) for one in due if one.kept.is_repeat}
        new = []
        fates = fates_of([one.kept.answer.message_id for one in due if not said.get(one.kept.answer.pk)])
        for one in due:
            answer = one.kept.answer
            if not said.get(answer.pk):
                said[answer.pk] = one.reply(fates[answer.message_id])
                accept = one.accept or bytes(answer.accept)
                new.append(Answer(pk=answer.pk, reply=said[answer.pk], accept=accept))
        Answer.objects.bulk_update(new, ["reply", "accept"])
        if applied.patients:
            write_event(
                system_principal("intake"), action, patients=dict.fromkeys(applied.patients, CHANGE), method="MLLP"
            )
    return applied, [said[one.kept.answer.pk] for one in due]


def fates_of(message_ids: Sequence[int]) -> dict[int, Fate]:
    """What became of messages as wholes, from their rows."""
    refused = dict(Message.objects.filter(pk__in=message_ids, state="REFUSED").values_list("pk", "reason"))
    bad: dict[int, tuple[str, str]] = {}
    waiting = set()
    for number, waits, reason, field in (
        QuarantinedItem.objects.filter(message_id__in=message_ids, state="OPEN")
        .order_by("place")
        .values_list("message_id", "waiting_for", "reason", "field")
    ):
        if waits is None:
            bad.setdefault(number, (reason, field))
        waiting.add(number)
    standing = set(
        Item.objects.filter(message_id__in=bad).exclude(outcome="QUARANTINED").values_list("message_id", flat=True)
        if bad
        else ()
    )

    def fate(number: int) -> Fate:
        if number in refused:
            return Fate(False, refused[number])
        if number not in bad:
            return Fate(True, "Its patient has not arrived yet; it is filed then." if number in waiting else "")
        reason, field = bad[number]
        return Fate(field != WHOLE and number in standing, reason, is_held=reason == HELD)

    return {number: fate(number) for number in message_ids}
