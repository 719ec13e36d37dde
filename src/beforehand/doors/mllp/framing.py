"""MLLP's frame: VT, the message, FS, CR. Tolerant of what senders do about it, and never larger than agreed."""

from __future__ import annotations

START, END, RETURN, NEWLINE = b"\x0b", b"\x1c", b"\r", b"\n"
STRAY = 4096  # bytes between frames before we take the line for something other than MLLP


class FrameError(Exception):
    """What comes over the line cannot be told apart into messages. ``begun`` is the start of the one at fault."""

    def __init__(self, reason: str, begun: bytes = b"") -> None:
        super().__init__(reason)
        self.reason = reason
        self.begun = begun


def framed(message: bytes) -> bytes:
    """A message in its frame."""
    return START + message + END + RETURN


class Frames:
    """The messages in the bytes of one connection, as they come."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self.buffer = bytearray()
        self.inside = False
        self.stray = 0
        self.searched = 0

    @property
    def is_ended(self) -> bool:
        """Whether all that has come ends with FS: a sender may leave out the CR after it."""
        return self.inside and self.buffer.endswith(END)

    def feed(self, received: bytes) -> list[bytes]:
        """Take in what was received; every message that is whole now."""
        self.buffer += received
        found = []
        while (message := self._next()) is not None:
            found.append(message)
        return found

    def finish(self) -> bytes | None:
        """The message that ended with FS and nothing after it."""
        if not self.is_ended:
            return None
        message = bytes(self.buffer[:-1])
        self.buffer.clear()
        self.inside, self.searched = False, 0
        return message

    def _next(self) -> bytes | None:
        if not self.inside and not self._begin():
            return None
        end = self._end()
        again = self.buffer.rfind(START, 0 if end is not None else self.searched, end)
        if again >= 0:  # its sender broke off and began anew: what it did not end was never answered
            del self.buffer[: again + 1]
            self.searched = 0
            return self._next()
        self._check(len(self.buffer) if end is None else end)
        if end is None:
            self.searched = max(0, len(self.buffer) - 1)
            return None
        message = bytes(self.buffer[:end])
        closed = self.buffer[end + 1 : end + 2] in (RETURN, NEWLINE)
        del self.buffer[: end + 2 if closed else end + 1]
        self.inside, self.searched = False, 0
        return message

    def _end(self) -> int | None:
        """Where the message ends: FS, and after it CR, LF, or at once the next message."""
        at = self.searched
        while (at := self.buffer.find(END, at)) >= 0:
            if self.buffer[at + 1 : at + 2] in (RETURN, NEWLINE, START):
                return at
            at += 1
        return None

    def _begin(self) -> bool:
        """Skip to the next VT; line ends and blanks between frames mean nothing, anything else is soon too much."""
        at = self.buffer.find(START)
        between = self.buffer if at < 0 else self.buffer[:at]
        self.stray += len(bytes(between).strip(b"\r\n\x1c \t\0"))
        if self.stray > STRAY:
            raise FrameError("What comes over this line has no MLLP frame.", bytes(self.buffer[:STRAY]))
        if at < 0:
            self.buffer.clear()
            return False
        del self.buffer[: at + 1]
        self.inside, self.stray, self.searched = True, 0, 0
        return True

    def _check(self, size: int) -> None:
        if size > self.largest:
            reason = f"The message is larger than {self.largest / 1024 / 1024:g} MB."
            raise FrameError(reason, bytes(self.buffer[:STRAY]))
