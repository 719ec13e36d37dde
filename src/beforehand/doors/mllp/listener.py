"""The listener: many lines, each served one message at a time, in the order in which they come.

A message is answered when it is kept and its facts are committed. Whatever goes wrong before that closes the line
without an answer, so that its sender sends again; whatever is wrong with the message itself has an answer that says so.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db import Error as DatabaseError

from beforehand.doors.mllp.answering import Answered, Call, apply_calls, keep_calls, unframed
from beforehand.doors.mllp.desk import Desk
from beforehand.doors.mllp.framing import FrameError, Frames, framed
from beforehand.intake.errors import MissingBytesError
from beforehand.intake.ledger import LINE
from beforehand.record.models import Message

log = logging.getLogger(__name__)
CHUNK = 65_536
LAST_ANSWERS = 30.0  # seconds for the answers under way when the listener stops
Item = TypeVar("Item")
Done = TypeVar("Done")


@dataclass(frozen=True)
class Terms:
    """What a listener puts up with."""

    largest: int = 16 * 1024 * 1024  # bytes of one message
    lines: int = 1000  # connections at once
    waiting: int = 256 * 1024 * 1024  # bytes of unfinished messages, over all lines
    idle: float = 3600.0  # seconds between messages
    slow: float = 60.0  # seconds from the first byte of a message to its last
    last_byte: float = 1.0  # seconds to wait for the CR after FS


class Listener:
    """One listening address and the desk behind it."""

    def __init__(self, terms: Terms | None = None) -> None:
        self.terms = terms or Terms()
        self.desk = Desk()
        self.lines: dict[asyncio.Task[None], Line] = {}
        self.waiting = 0
        self.is_stopping = False
        self.server: asyncio.Server | None = None

    async def open(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen; the port, which the system chooses when 0 is given."""
        self.server = await asyncio.start_server(self._serve, host, port, ssl=tls, limit=CHUNK, backlog=512)
        self.desk.open()
        self.desk.do(self._finish_what_was_kept, None)
        return int(self.server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Answer what has come whole, take nothing more, end."""
        self.is_stopping = True
        if self.server is not None:
            self.server.close()
        for task, line in list(self.lines.items()):
            if line.is_listening:
                task.cancel()
        if self.lines:
            await asyncio.wait(self.lines, timeout=LAST_ANSWERS)
        await asyncio.to_thread(self.desk.close)

    def _finish_what_was_kept(self, asked: list[None]) -> list[None]:
        """Apply what was kept over a line when the listener was stopped hard."""
        for message in Message.objects.filter(state="KEPT", name=LINE).select_related("source").order_by("pk"):
            try:
                self.desk.look_at(apply_calls([Call.taken_up(message)])[0].patients)
            except (DatabaseError, OSError, MissingBytesError) as error:
                log.error("message %s could not be applied and stays kept: %s", message.pk, type(error).__name__)
        return asked

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        line = Line(self, reader, writer)
        self.lines[task] = line
        try:
            if len(self.lines) <= self.terms.lines:
                await line.serve()
        except (ConnectionError, TimeoutError, ssl.SSLError):
            pass  # gone, or silent for too long: whatever was not answered will come again
        except asyncio.CancelledError:
            pass  # the listener stops while this line is silent
        except (DatabaseError, OSError, MissingBytesError) as error:
            log.error("a line was closed without an answer: %s", type(error).__name__)
        finally:
            del self.lines[task]
            writer.close()


class Line:
    """One connection."""

    def __init__(self, listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.listener = listener
        self.terms = listener.terms
        self.reader = reader
        self.writer = writer
        self.address = str((writer.get_extra_info("peername") or ("",))[0])
        self.frames = Frames(self.terms.largest)
        self.is_listening = True
        self.ends_at: float | None = None  # when the message under way must be whole
        self.held = 0

    async def serve(self) -> None:
        """Answer message after message until the line ends."""
        try:
            while not self.listener.is_stopping:
                try:
                    messages = await self._messages()
                except FrameError as error:
                    await self._send(await self._on_desk(self._unframed, error))
                    return
                if messages is None or not self._has_room():
                    return
                for message in messages:
                    if not await self._answer(message):
                        return
        finally:
            self.listener.waiting -= self.held

    async def _messages(self) -> list[bytes] | None:
        """The messages that are whole after the next bytes; None at the end of the line."""
        now = asyncio.get_running_loop().time()
        if not self.frames.inside:
            seconds, self.ends_at = self.terms.idle, None
        elif self.frames.is_ended:
            seconds = self.terms.last_byte
        else:
            self.ends_at = self.ends_at or now + self.terms.slow
            seconds = max(0.01, self.ends_at - now)
        self.is_listening = True
        try:
            received = await asyncio.wait_for(self.reader.read(CHUNK), seconds)
        except TimeoutError:
            if not self.frames.is_ended:
                raise
            received = b""
        finally:
            self.is_listening = False
        if received:
            return self.frames.feed(received)
        last = self.frames.finish()  # its sender leaves out the CR after FS
        return None if last is None else [last]

    def _has_room(self) -> bool:
        """Whether what lies unfinished on all lines is still bearable; the line that is one too many is closed."""
        self.listener.waiting += len(self.frames.buffer) - self.held
        self.held = len(self.frames.buffer)
        if self.listener.waiting <= self.terms.waiting or self.held <= CHUNK:
            return True
        log.warning("a line was closed: too much lies in unfinished messages")
        return False

    async def _answer(self, message: bytes) -> bool:
        """Keep, answer, apply, answer; whether the line stays open."""
        call = Call(message, self.address)
        answered = await self._on_desk(keep_calls, call)
        if answered is None:
            if call.accept:
                await self._send(Answered((call.accept,)))
            answered = await self._on_desk(apply_calls, call)
        self.listener.desk.look_at(answered.patients)
        await self._send(answered)
        return answered.stays_open

    def _unframed(self, errors: list[FrameError]) -> list[Answered]:
        return [unframed(error, self.address) for error in errors]

    async def _on_desk(self, work: Callable[[list[Item]], list[Done]], item: Item) -> Done:
        return await asyncio.wrap_future(self.listener.desk.do(work, item))

    async def _send(self, answered: Answered) -> None:
        for reply in answered.replies:
            self.writer.write(framed(reply))
        if answered.replies:
            await asyncio.wait_for(self.writer.drain(), self.terms.slow)
