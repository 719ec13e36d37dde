"""What one message over the line is answered: who sent it, whether it is kept, and what became of it.

In the original mode one answer says it all: AA when the facts are committed. In the enhanced mode (MSH-15, MSH-16)
CA says that the message is on disk; AA follows when it is asked for. Words in answers never hold a patient's values.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import Error as DatabaseError
from django.utils import timezone

from beforehand.doors.mllp.framing import FrameError
from beforehand.intake.apply import hold
from beforehand.intake.blobs import read_blob
from beforehand.intake.connectors.hl7v2 import envelope
from beforehand.intake.connectors.hl7v2.envelope import Header, acknowledgement
from beforehand.intake.errors import LimitError, MissingBytesError, RefusedError
from beforehand.intake.ledger import LINE, refuse
from beforehand.intake.limits import LIMITS
from beforehand.intake.models import Answer
from beforehand.intake.numbered import Due, Fate, Handed, Kept, apply_numbered, keep_numbered
from beforehand.intake.senders import REFUSAL, count_unregistered, source_for
from beforehand.record.models import Message, Source

log = logging.getLogger(__name__)
ACTION = "mllp.receive"
UNEXPECTED = "Taking the message in failed in a way nobody foresaw."


@dataclass(frozen=True)
class Answered:
    """What to send back, whose records changed, and whether the line stays open."""

    replies: tuple[bytes, ...] = ()
    patients: frozenset[int] = frozenset()
    stays_open: bool = True
    code: str = ""  # the last answer's, for the log


def _reply(said: Header, code: str, text: str, number: str, error: str = "") -> bytes:
    return acknowledgement(said, code, text, f"BFH{number}", timezone.localtime(), error)


def _source(address: str, said: Header) -> Source | None:
    first = said.component
    application, facility = (name.partition(first)[0] for name in (said.sending_application, said.sending_facility))
    return source_for(address, application, facility, is_readable=not said.fault)


class Call:
    """One message of one sender, from its frame to its answer."""

    def __init__(self, data: bytes, address: str) -> None:
        self.data = data
        self.address = address
        self.said = envelope.header(data)
        self.kept: Kept | None = None
        self.accept = b""
        self.answered: Answered | None = None

    @classmethod
    def taken_up(cls, message: Message) -> Call:
        """A message that was kept by a listener that was stopped hard."""
        call = cls(read_blob(message.digest), "")
        answer = Answer.objects.get(source_id=message.source_id, digest=message.digest)
        call.kept = Kept(message, answer, is_repeat=False)
        return call

    def due(self, codes: list[str]) -> Due:
        """What is to be applied, and how its answer is written; its code is added to ``codes``."""
        kept = self.kept
        assert kept is not None

        def reply(fate: Fate) -> bytes:
            code = "AA" if fate.is_applied else "AE"
            codes.append(code)
            if not self.said.wants_application(is_good=fate.is_applied):
                return b""
            error = envelope.DUPLICATE if fate.is_held else envelope.SEQUENCE
            return _reply(self.said, code, fate.reason, str(kept.answer.message_id), error)

        return Due(kept, self.data, reply, self.accept)


def keep_calls(calls: Sequence[Call]) -> list[Answered | None]:
    """Keep the bytes of messages. For each an answer when there is nothing more to do; else ``accept`` may be sent.

    May be called again with the same calls after an error: what was kept or answered stays so.
    """
    now = timezone.now()
    of_source: dict[int, list[tuple[Source, Call]]] = defaultdict(list)
    for call in calls:
        if call.kept is not None or call.answered is not None:
            continue
        source = _source(call.address, call.said)
        if source is None:
            call.answered = _unknown(call, now)
            continue
        try:
            LIMITS.check_message(len(call.data))
        except LimitError as error:
            call.answered = refused(call.said, source, error, now)
            continue
        of_source[source.pk].append((source, call))
    for mine in of_source.values():
        source = mine[0][0]
        handed = [Handed(call.data, call.said.control_id, call.said.fault) for _, call in mine]
        for (_, call), kept in zip(mine, keep_numbered(things=handed, source=source, received_at=now), strict=True):
            call.kept = kept
            if call.said.wants_accept(is_good=True):
                call.accept = bytes(kept.answer.accept) or _reply(call.said, "CA", "", f"{kept.answer.message_id}A")
    return [call.answered for call in calls]


def apply_calls(calls: Sequence[Call]) -> list[Answered]:
    """Apply what was kept, together with its answers. The patients of several messages are said with the first of them.

    What cannot be applied in company is applied alone, so that one message never spoils another.
    """
    of_source: dict[int, list[Call]] = defaultdict(list)
    for call in calls:
        if call.answered is None:
            assert call.kept is not None
            of_source[call.kept.message.source_id].append(call)
    for mine in of_source.values():
        try:
            _apply(mine)
        except Exception as error:
            if len(mine) > 1:
                for call in mine:
                    apply_calls([call])
            elif isinstance(error, (DatabaseError, OSError, MissingBytesError)):
                raise  # nothing is wrong with the message: it stays kept, and its sender sends it again
            else:
                _set_aside(mine[0], error)
    return [call.answered for call in calls if call.answered is not None]


def _apply(calls: Sequence[Call]) -> None:
    """Apply messages of one source in one transaction."""
    codes: dict[int, list[str]] = defaultdict(list)
    due = [call.due(codes[place]) for place, call in enumerate(calls)]
    applied, replies = apply_numbered(due, source=due[0].kept.message.source, action=ACTION)
    for place, (call, words) in enumerate(zip(calls, replies, strict=True)):
        patients = frozenset() if place else frozenset(applied.patients)
        code = codes[place][0] if codes[place] else "again"
        call.answered = Answered((words,) if words else (), patients, code=code)


def _set_aside(call: Call, error: Exception) -> None:
    """Hold a message that cannot be taken in for a reason nobody foresaw, and answer so."""
    kept = call.kept
    assert kept is not None
    log.error("message %s is set aside: %s", kept.message.pk, type(error).__name__)
    hold(kept.message, UNEXPECTED)
    kept.message.refresh_from_db()
    _apply([call])


def _unknown(call: Call, now: datetime) -> Answered:
    """Turn away a sender that is not registered, and count it."""
    count_unregistered(call.address, at=now)
    code = "CR" if call.said.is_enhanced else "AR"
    reply = _reply(call.said, code, REFUSAL.reason, _moment(now), envelope.UNKNOWN_KEY)
    return Answered((reply,), stays_open=False, code=code)


def refused(said: Header, source: Source, error: RefusedError, now: datetime) -> Answered:
    """Refuse a message that is not taken in, and say so in the ledger."""
    refuse(source=source, name=LINE, refusal=error, received_at=now)
    code = "CR" if said.is_enhanced else "AR"
    return Answered((_reply(said, code, error.reason, _moment(now)),), stays_open=False, code=code)


def unframed(error: FrameError, address: str) -> Answered:
    """The answer to what cannot be told apart into messages, or is too large; the line is closed after it."""
    now = timezone.now()
    said = envelope.header(error.begun)
    source = _source(address, said)
    if source is None:
        count_unregistered(address, at=now)
        return Answered(stays_open=False, code="AR")
    return refused(said, source, RefusedError(error.reason, "Send it in parts, or as a file."), now)


def _moment(now: datetime) -> str:
    return f"{now.timestamp() * 1000:.0f}"
