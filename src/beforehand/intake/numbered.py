"""Messages that carry their sender's own number and want an answer, as HL7 v2 does: kept once, answered once.

The answer is written in the transaction in which the facts commit, and sent after it. The same message again gets the
answer it had. Another body under a number that was used before is kept and held: nobody knows which one is meant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from beforehand.intake.apply import WHOLE, apply_messages
from beforehand.intake.batch import Applied
from beforehand.intake.blobs import digest_of, keep_blobs
from beforehand.intake.ledger import LINE, keep
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


def keep_numbered(*, data: bytes, source: Source, control_id: str, received_at: datetime, held: str = "") -> Kept:
    """Commit the bytes, their message and its number; when this returns, they survive a power cut.

    ``held`` says why nothing of it may be applied, where that is known already.
    """
    LIMITS.check_message(len(data))
    digest, number = digest_of(data), number_of(control_id)
    keep_blobs([(digest, data)])  # before the transaction, so that nobody waits for the disk behind its lock
    with transaction.atomic():
        lock_for_writing()
        before = Answer.objects.filter(source_id=source.pk, digest=digest).first()
        used = (
            before is None
            and number != ""
            and Answer.objects.filter(
                source_id=source.pk, control_id=number, at__gt=received_at - NUMBER_STANDS
            ).exists()
        )
        reason = held or (HELD if used else "")
        message = keep(data=data, source=source, name=LINE, received_at=received_at, held=reason)
        if before is not None:
            return Kept(message, before, is_repeat=True)
        answer = Answer.objects.create(
            source_id=source.pk, control_id=number, digest=digest, message_id=message.pk, at=received_at
        )
        return Kept(message, answer, is_repeat=False)


def apply_numbered(
    kept: Kept, data: bytes, *, reply: Callable[[Fate], bytes], accept: bytes = b"", action: str
) -> tuple[Applied, bytes]:
    """Apply a kept message and write its answer, together; what to answer now. A repeated one keeps its answer."""
    answer = kept.answer
    with transaction.atomic():
        lock_for_writing()
        applied = apply_messages(kept.message.source, [(kept.message, data)])
        if kept.is_repeat and answer.reply:
            return applied, bytes(answer.reply)
        words = reply(fate_of(answer.message_id))
        Answer.objects.filter(pk=answer.pk).update(reply=words, accept=accept or bytes(answer.accept))
        if applied.patients:
            write_event(
                system_principal("intake"), action, patients=dict.fromkeys(applied.patients, CHANGE), method="MLLP"
            )
    return applied, words


def fate_of(message_id: int) -> Fate:
    """What became of a message, from its rows."""
    message = Message.objects.get(pk=message_id)
    if message.state == "REFUSED":
        return Fate(False, message.reason)
    open_items = QuarantinedItem.objects.filter(message_id=message_id, state="OPEN")
    bad = open_items.filter(waiting_for=None).values_list("reason", "field").order_by("place").first()
    if bad is None:
        return Fate(True, "Its patient has not arrived yet; it is filed then." if open_items.exists() else "")
    reason, field = bad
    stands = field != WHOLE and Item.objects.filter(message_id=message_id).exclude(outcome="QUARANTINED").exists()
    return Fate(stands, reason, is_held=reason == HELD)
