"""What one message over the line is answered: who sent it, whether it is kept, and what became of it.

In the original mode one answer says it all: AA when the facts are committed. In the enhanced mode (MSH-15, MSH-16)
CA says that the message is on disk; AA follows when it is asked for. Words in answers never hold a patient's values.
"""

from __future__ import annotations

import logging
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
from beforehand.intake.models import Answer
from beforehand.intake.numbered import Fate, Kept, apply_numbered, keep_numbered
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

    def keep(self) -> Answered | None:
        """Keep the bytes. An answer when there is nothing more to do; otherwise ``accept`` may be sent already."""
        now = timezone.now()
        source = _source(self.address, self.said)
        if source is None:
            count_unregistered(self.address, at=now)
            code = "CR" if self.said.is_enhanced else "AR"
            reply = _reply(self.said, code, REFUSAL.reason, _moment(now), envelope.UNKNOWN_KEY)
            return Answered((reply,), stays_open=False, code=code)
        try:
            self.kept = keep_numbered(
                data=self.data,
                source=source,
                control_id=self.said.control_id,
                received_at=now,
                held=self.said.fault,
            )
        except LimitError as error:
            return refused(self.said, source, error, now)
        if self.said.wants_accept(is_good=True):
            before = bytes(self.kept.answer.accept)
            self.accept = before or _reply(self.said, "CA", "", f"{self.kept.answer.message_id}A")
        return None

    @classmethod
    def taken_up(cls, message: Message) -> Call:
        """A message that was kept by a listener that was stopped hard."""
        call = cls(read_blob(message.digest), "")
        answer = Answer.objects.get(source_id=message.source_id, digest=message.digest)
        call.kept = Kept(message, answer, is_repeat=False)
        return call

    def apply(self) -> Answered:
        """Apply what was kept, together with its answer."""
        assert self.kept is not None
        try:
            return self._apply(self.kept)
        except (DatabaseError, OSError, MissingBytesError):
            raise  # nothing is wrong with the message: it stays kept, and its sender sends it again
        except Exception as error:
            log.error("message %s is set aside: %s", self.kept.message.pk, type(error).__name__)
            hold(self.kept.message, UNEXPECTED)
            self.kept.message.refresh_from_db()
            return self._apply(self.kept)

    def _apply(self, kept: Kept) -> Answered:
        codes: list[str] = []

        def reply(fate: Fate) -> bytes:
            code = "AA" if fate.is_applied else "AE"
            codes.append(code)
            if not self.said.wants_application(is_good=fate.is_applied):
                return b""
            error = envelope.DUPLICATE if fate.is_held else envelope.SEQUENCE
            return _reply(self.said, code, fate.reason, str(kept.answer.message_id), error)

        applied, words = apply_numbered(kept, self.data, reply=reply, accept=self.accept, action=ACTION)
        return Answered((words,) if words else (), frozenset(applied.patients), code=codes[0] if codes else "again")


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
