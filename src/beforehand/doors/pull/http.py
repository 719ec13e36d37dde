"""One question and its answer over HTTP, by the standard library: no redirects, no proxies, nothing remembered.

Every answer has an end: of its bytes (also when they come packed) and of its time. A connection is used once.
"""

from __future__ import annotations

import http.client
import ssl
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from urllib.parse import urlsplit

from beforehand.doors.pull.clock import Clock
from beforehand.doors.pull.errors import BrokenAnswerError, TroubleError

SILENCE = 60.0  # seconds without a byte
BLOCK = 256 * 1024
MEGABYTE = 1024 * 1024
AGENT = "Beforehand"


@cache
def _tls() -> ssl.SSLContext:
    """Certificates and names are verified, against the authorities this machine trusts."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Answer:
    """What a server says, read as it comes."""

    def __init__(self, response: http.client.HTTPResponse, ends_at: datetime, clock: Clock) -> None:
        self.status = response.status
        self._response = response
        self._ends_at = ends_at
        self._clock = clock

    def header(self, name: str) -> str:
        """A header of it; empty when it has none of that name."""
        return str(self._response.getheader(name) or "")

    def blocks(self, largest: int, what: str) -> Iterator[bytes]:
        """The body, unpacked, in blocks; refused where it grows beyond ``largest``."""
        if (self._response.length or 0) > largest:
            raise _too_large(what, largest)
        total = 0
        packed = self.header("Content-Encoding").strip().lower()
        if packed not in ("", "identity", "gzip"):
            raise TroubleError(f"The answer for {what} is packed in a way that was not asked for.", _ASK)
        for block in _unpacked(self._raw(what), what) if packed == "gzip" else self._raw(what):
            total += len(block)
            if total > largest:
                raise _too_large(what, largest)
            yield block

    def _raw(self, what: str) -> Iterator[bytes]:
        left = self._response.length
        try:
            while block := self._response.read1(BLOCK):
                left = None if left is None else left - len(block)
                yield block
                if self._clock.now() > self._ends_at:
                    raise BrokenAnswerError(f"the answer for {what} took too long")
        except (OSError, http.client.HTTPException) as error:
            raise BrokenAnswerError(f"the answer for {what} broke off") from error
        if left:
            raise BrokenAnswerError(f"the answer for {what} broke off")

    def read(self, largest: int, what: str) -> bytes:
        """The whole body."""
        return b"".join(self.blocks(largest, what))


_ASK = "Ask whoever runs the server."


def _too_large(what: str, largest: int) -> TroubleError:
    return TroubleError(
        f"The answer for {what} is larger than {largest // MEGABYTE or 1} MB.",
        "Ask the server's side for smaller files, or add the server again with a larger `--largest`.",
    )


def _unpacked(blocks: Iterator[bytes], what: str) -> Iterator[bytes]:
    """Gzip undone in pieces of a bounded size, so that a bomb is met by the limit and not by the memory."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        for block in blocks:
            rest = block
            while rest:
                yield unpacker.decompress(rest, BLOCK)
                rest = unpacker.unconsumed_tail
        while tail := unpacker.decompress(unpacker.unconsumed_tail, BLOCK):
            yield tail
    except zlib.error as error:
        raise BrokenAnswerError(f"the answer for {what} cannot be unpacked") from error
    if not unpacker.eof:
        raise BrokenAnswerError(f"the answer for {what} broke off")


@contextmanager
def asked(
    url: str, *, clock: Clock, method: str = "GET", headers: Mapping[str, str], body: bytes | None, seconds: float
) -> Iterator[Answer]:
    """Ask one address, which must have been checked. A redirect is an answer like any other."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    line: http.client.HTTPConnection
    if parts.scheme == "https":
        line = http.client.HTTPSConnection(host, parts.port, timeout=SILENCE, context=_tls())
    else:
        line = http.client.HTTPConnection(host, parts.port, timeout=SILENCE)
    ends_at = clock.now() + timedelta(seconds=seconds)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        try:
            line.request(method, target, body, {"User-Agent": AGENT, "Connection": "close", **headers})
            answer = Answer(line.getresponse(), ends_at, clock)
        except ssl.SSLCertVerificationError as error:
            raise TroubleError(
                "The server's certificate cannot be verified, so nothing was asked.",
                "Ask whoever runs it; for an authority of your own, set SSL_CERT_FILE to its certificate.",
            ) from error
        except http.client.InvalidURL as error:
            raise TroubleError("The server names an address that cannot be asked.", _ASK) from error
        except (OSError, http.client.HTTPException) as error:
            raise BrokenAnswerError("the server could not be reached") from error
        yield answer
    finally:
        line.close()


__all__ = ["Answer", "asked"]
