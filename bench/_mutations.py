"""Broken inputs made from the connectors' samples by a seeded hand: the same seed and number give the same bytes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MOST = 200_000  # bytes of one mutant that may be long
_NASTY = (
    b"\x00", b"\xff", b"\r", b"\n", b"\x1a", b"\x0b", b"\x1c\r", b'"', b"'", b"|", b"^", b"~", b"&", b"\\", b"*", b":",
    b"<", b">", b"]]>", b"&#0;", b"&b;", b"{", b"}", b"[", b"null", b"\xed\xa0\x80", "\u202e".encode(), b"\\ud800",
    b"\xc3\x28", b'""', b"\\X4\\", b"=CMD()", b"%00", b"../", b"IEA*1*1~", b"END:VCALENDAR\r\n", b"MSH|^~\\&|",
    b"%%EOF",
)  # fmt: skip
_NUMBERS = (
    b"0", b"-1", b"1e999", b"-1e-999", b"NaN", b"Infinity", b"9" * 40, b"9" * 5000, b"0" * 30, b"99999999",
    b"00000000", b"20260230", b"9999-12-31", b"0000-00-00", b"1.7976931348623157e309", b"2147483648",
    b"9223372036854775808", b"18446744073709551616", b"20261123246161", b"19000101000000+9999",
)  # fmt: skip
_DEEP = (
    (b"[", b"]"), (b'{"a":', b"}"), (b'{"extension":[', b"]}"), (b'{"resource":', b"}"), (b"<a>", b"</a>"),
    (b"<component><section>", b"</section></component>"), (b"<table><tr><td>", b"</td></tr></table>"), (b"(", b")"),
    (b"BEGIN:VEVENT\r\n", b"END:VEVENT\r\n"), (b"^", b"&"), (b"<<", b">>"),
    (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", b"--b--\r\n"),
)  # fmt: skip
_ENCODINGS = ("utf-16", "utf-16-be", "utf-32", "utf-8-sig", "latin-1", "cp1252", "cp500", "utf-7", "shift_jis")
_DIGITS = re.compile(rb"\d[\d.]*")
_SIGNS = (b"\r", b"\n", b"|", b"~", b"*", b",", b"<", b"\r\n", b'"', b" ")


@dataclass(frozen=True)
class Sample:
    """A sound input: its connector, its name, its bytes."""

    format: str
    name: str
    content: bytes


@dataclass(frozen=True)
class Mutant:
    """A broken input: which one, from which sample, by which changes."""

    number: int
    sample: Sample
    kinds: tuple[str, ...]
    name: str
    content: bytes

    @property
    def words(self) -> str:
        """Which one it is, for whoever wants to see it again."""
        return f"mutant {self.number} of {self.sample.format}/{self.sample.name} by {', '.join(self.kinds)}"


def samples_of(connectors: Path) -> list[Sample]:
    """Every sample of every connector."""
    found = [
        Sample(path.parent.parent.name, path.name, path.read_bytes())
        for path in sorted(connectors.glob("*/samples/*"))
        if path.is_file()
    ]
    if not found:
        raise FileNotFoundError(f"no connector under {connectors.name} has samples")
    return found


class Hand:
    """Changes bytes; each method is one kind of change."""

    def __init__(self, by: random.Random, samples: list[Sample]) -> None:
        self.by = by
        self.samples = samples

    def _span(self, content: bytes, longest: int = 400) -> tuple[int, int]:
        begin = self.by.randrange(len(content) + 1)
        return begin, min(len(content), begin + self.by.randint(1, longest))

    def bits(self, content: bytes) -> bytes:
        """Bits turned over."""
        changed = bytearray(content)
        for _ in range(self.by.randint(1, 20)):
            changed[self.by.randrange(len(changed))] ^= 1 << self.by.randrange(8)
        return bytes(changed)

    def nasty(self, content: bytes) -> bytes:
        """Characters that mean something to some parser."""
        for _ in range(self.by.randint(1, 5)):
            begin, _ = self._span(content)
            content = content[:begin] + self.by.choice(_NASTY) + content[begin + self.by.randint(0, 3) :]
        return content

    def cut(self, content: bytes) -> bytes:
        """The end, the beginning or something between is lost."""
        begin, end = self._span(content)
        return self.by.choice((content[:begin], content[begin:], content[:begin] + content[end:]))

    def doubled(self, content: bytes) -> bytes:
        """A piece comes again and again, or the whole twice."""
        begin, end = self._span(content)
        times = self.by.choice((2, 3, 30, 300))
        return self.by.choice((content[:begin] + content[begin:end] * times + content[end:], content + content))

    def swapped(self, content: bytes) -> bytes:
        """Two pieces between the same signs change places."""
        sign = self.by.choice(_SIGNS)
        parts = content.split(sign)
        one, other = self.by.randrange(len(parts)), self.by.randrange(len(parts))
        parts[one], parts[other] = parts[other], parts[one]
        return sign.join(parts)

    def dropped(self, content: bytes) -> bytes:
        """A piece between two signs is lost, or all it holds."""
        sign = self.by.choice(_SIGNS)
        parts = content.split(sign)
        at = self.by.randrange(len(parts))
        return sign.join([*parts[:at], *([b""] if self.by.random() < 0.5 else []), *parts[at + 1 :]])

    def spliced(self, content: bytes) -> bytes:
        """A piece of another sample, of whatever format, stands in it."""
        other = self.by.choice(self.samples).content
        begin, end = self._span(other, 4000)
        place, until = self._span(content)
        return content[:place] + other[begin:end] + content[self.by.choice((place, until)) :]

    def deep(self, content: bytes) -> bytes:
        """Things within things within things."""
        opens, closes = self.by.choice(_DEEP)
        times = self.by.choice((10, 240, 300, 3000, 20_000))
        begin, _ = self._span(content)
        return content[:begin] + opens * times + closes * self.by.choice((0, times)) + content[begin:]

    def numbers(self, content: bytes) -> bytes:
        """Numbers and days that are none, or far too large."""
        places = list(_DIGITS.finditer(content))
        for place in sorted(self.by.sample(places, min(len(places), self.by.randint(1, 6))), key=lambda m: -m.start()):
            content = content[: place.start()] + self.by.choice(_NUMBERS) + content[place.end() :]
        return content

    def encoded(self, content: bytes) -> bytes:
        """The same text in another encoding, or in one and a half."""
        text = content.decode("utf-8", "replace")
        said = text.encode(self.by.choice(_ENCODINGS), "replace")
        begin, _ = self._span(content)
        return said if self.by.random() < 0.8 else content[:begin] + said

    def long(self, content: bytes) -> bytes:
        """One value that does not end."""
        begin, _ = self._span(content)
        value = self.by.choice((b"A", b"0", b" ", b"\t", b"\\", b"&", b"^", b"\xe4", b"\n"))
        return content[:begin] + value * self.by.choice((300, 5000, 100_000)) + content[begin:]

    def lines(self, content: bytes) -> bytes:
        """Other ends of lines."""
        new = self.by.choice((b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r", b"\x85", "\u2028".encode(), b""))
        return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", new)

    def kinds(self) -> dict[str, Callable[[bytes], bytes]]:
        """Every kind of change by its name."""
        return {name: getattr(self, name) for name, value in vars(Hand).items() if name in KINDS and callable(value)}


KINDS = (
    "bits", "nasty", "cut", "doubled", "swapped", "dropped", "spliced", "deep", "numbers", "encoded", "long", "lines",
)  # fmt: skip


def mutant(number: int, seed: int, samples: list[Sample]) -> Mutant:
    """The mutant of that number: one to three changes of a sample; every connector has its turn."""
    by = random.Random(f"{seed} {number}")
    formats = sorted({sample.format for sample in samples})
    format_ = formats[number % len(formats)]
    sample = by.choice([one for one in samples if one.format == format_])
    kinds = Hand(by, samples).kinds()
    content, done = sample.content, []
    for _ in range(by.choice((1, 1, 2, 3))):
        if not content:
            break
        kind = by.choice(KINDS)
        content = kinds[kind](content)[:MOST]
        done.append(kind)
    name = sample.name if by.random() < 0.8 else by.choice(("", by.choice(samples).name))
    return Mutant(number, sample, tuple(done), name, content)
