"""The grammar of HL7 v2: bytes to messages, messages to segments, segments to fields, each in linear time.

Own splitter, ADR 0011: the libraries that were tried hang or raise undeclared errors on hostile input. Nothing is taken
apart before it is asked for, and every count has a cap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from beforehand.intake.connectors.errors import ItemError, StopError

MEGABYTE = 1024 * 1024
LONGEST_MESSAGE = 32 * MEGABYTE
MOST_SEGMENTS = 20_000
MOST_FIELDS = 2_000
MOST_REPETITIONS = 1_000
RESEND = "Ask the sender to correct it and send the message again."

_START = re.compile(rb"(?:^|[\r\n\x0b\x1c])[ \t\x0b\x1c]{0,8}(?=(?:MSH|FHS|BHS|BTS|FTS)[^A-Za-z0-9\s])")
_LINES = re.compile(r"[\r\n\x0b\x1c]+")
_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_CHARSETS = {
    "": "", "ASCII": "ascii", "US-ASCII": "ascii", "UNICODE": "utf-8", "UNICODEUTF-8": "utf-8", "UTF-8": "utf-8",
    "UTF8": "utf-8", "ISOIR6": "ascii", "ISOIR100": "iso8859-1", "ISOIR87": "iso2022_jp", "ISOIR159": "iso2022_jp_2",
    "GB18030-2000": "gb18030", "KSX1001": "euc_kr", "CNS11643-1992": "big5", "BIG-5": "big5",
    "WINDOWS-1252": "cp1252", "CP1252": "cp1252",
}  # fmt: skip
_LATIN = re.compile(r"(?:ISO)?-?_?8859[-/_]([0-9]{1,2})")
FALLBACK = "windows-1252"


class Separators(NamedTuple):
    """The characters by which one message is taken apart, and the character set its escapes speak."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    below: str = "&"
    charset: str = "utf-8"


class Part:
    """A field, one repetition of it, or a component: text that can be taken apart further."""

    __slots__ = ("by", "raw")

    def __init__(self, raw: str, by: Separators) -> None:
        self.raw = raw
        self.by = by

    def __bool__(self) -> bool:
        return bool(self.raw) and self.raw != '""'

    @property
    def is_null(self) -> bool:
        """Whether the sender says that there is no value any more."""
        return self.raw == '""'

    @property
    def text(self) -> str:
        """The first subcomponent of the first component of the first repetition, in plain letters."""
        return self.words(1)

    @property
    def whole(self) -> str:
        """Everything in it, in plain letters: its separators are taken for letters, as in long text."""
        return "" if self.raw == '""' else unescape(self.raw, self.by)

    def repetitions(self) -> list[Part]:
        """Each repetition that says something."""
        if self.by.repetition not in self.raw:
            return [self] if self else []
        parts = self.raw.split(self.by.repetition, MOST_REPETITIONS)
        if len(parts) > MOST_REPETITIONS:
            raise ItemError("a field", f"A field has more than {MOST_REPETITIONS:,} repetitions.", RESEND)
        return [found for found in (Part(raw, self.by) for raw in parts) if found]

    def component(self, number: int) -> Part:
        """A component by its number from 1, of the first repetition."""
        first = self.raw.partition(self.by.repetition)[0] if self.by.repetition in self.raw else self.raw
        return self._at(first, self.by.component, number)

    def below(self, number: int) -> Part:
        """A subcomponent by its number from 1."""
        return self._at(self.raw, self.by.below, number)

    def _at(self, raw: str, sign: str, number: int) -> Part:
        parts = raw.split(sign, number)
        return Part(parts[number - 1] if len(parts) >= number else "", self.by)

    def words(self, number: int) -> str:
        """The text of a component by its number from 1: its first subcomponent, of the first repetition."""
        raw, by = self.raw, self.by
        if not raw:
            return ""
        if by.repetition in raw:
            raw = raw.partition(by.repetition)[0]
        if by.component in raw:
            parts = raw.split(by.component, number)
            if len(parts) < number:
                return ""
            raw = parts[number - 1]
        elif number > 1:
            return ""
        if by.below in raw:
            raw = raw.partition(by.below)[0]
        if raw == '""':
            return ""
        return (unescape(raw, by) if by.escape in raw else raw).strip()

    def joined(self, sign: str = " ") -> str:
        """Every component in plain letters, for values that have no other form here."""
        parts = re.split("[" + re.escape(self.by.component + self.by.below) + "]", self.raw)
        plain = (unescape(part, self.by).strip() for part in parts if part != '""')
        return sign.join(part for part in plain if part)


class Segment:
    """One segment: its name, its fields, and which of its name it is in the message."""

    __slots__ = ("by", "fields", "name", "number")

    def __init__(self, name: str, fields: list[str], number: int, by: Separators) -> None:
        self.name = name
        self.fields = fields
        self.number = number
        self.by = by

    def __getitem__(self, number: int) -> Part:
        return Part(self.fields[number] if number < len(self.fields) else "", self.by)

    def text(self, number: int, component: int = 1) -> str:
        """The plain text of a field's component."""
        if number >= len(self.fields):
            return ""
        raw = self.fields[number]
        if not raw:
            return ""
        return self[number].text if component == 1 else self[number].words(component)

    def place(self, number: int) -> str:
        """How people call a field of it: ``OBX[2]-5``."""
        return f"{self.name}[{self.number}]-{number}" if number else f"{self.name}[{self.number}]"


class Message(NamedTuple):
    """One message taken apart. ``read_as`` names the character set it was read in where another was stated."""

    segments: list[Segment]
    read_as: str
    named: dict[str, list[Segment]]

    def first(self, name: str) -> Segment | None:
        """The first segment of a name."""
        found = self.named.get(name)
        return found[0] if found else None

    def all(self, name: str) -> list[Segment]:
        """Every segment of a name."""
        return self.named.get(name, [])


@lru_cache(maxsize=64)
def _escapes(mark: str) -> re.Pattern[str]:
    known = r"[FSTREPHN]|\.(?:br|ce|s[pk][0-9]{0,3}|(?:in|ti)[+-]?[0-9]{0,3}|fi|nf)|X(?:[0-9A-Fa-f]{2})+"
    sign = re.escape(mark)
    return re.compile(f"{sign}({known}){sign}")


def unescape(raw: str, by: Separators) -> str:
    """Plain letters: escape sequences that HL7 knows become what they stand for; others stay as sent."""
    if by.escape not in raw:
        return raw
    signs = {"F": by.field, "S": by.component, "T": by.below, "R": by.repetition, "E": by.escape, "P": "#"}

    def plain(found: re.Match[str]) -> str:
        said = found[1]
        if said in signs:
            return signs[said]
        if said[0] == "X":
            try:
                return bytes.fromhex(said[1:]).decode(by.charset, "replace").replace("\0", "")
            except LookupError:
                return found[0]
        if said.startswith((".br", ".ce")):
            return "\n"
        if said.startswith(".sp"):
            return "\n" * min(int(said[3:] or 1), 20)
        return " " if said.startswith((".sk", ".ti")) else ""  # \H\, \N\ and the rest only dress the text

    return _escapes(by.escape).sub(plain, raw)


def charset_of(stated: str) -> str | None:
    """The codec of a character set as HL7 table 0211 calls it; empty when none is stated, None when unknown."""
    folded = stated.upper().replace(" ", "")
    latin = _LATIN.fullmatch(folded)
    if latin:
        return f"iso8859-{latin[1]}" if 1 <= int(latin[1]) <= 16 and latin[1] != "12" else None
    return _CHARSETS.get(folded)


def decode(content: bytes, stated: str) -> tuple[str, str, str]:
    """Letters, the codec they were read in, and its name where that is not what the message states."""
    codec = charset_of(stated)
    tried = [codec] if codec else []
    for name in (*tried, "utf-8"):
        try:
            text = content.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        is_stated = name == codec or (codec in ("", "ascii") and content.isascii())
        return text, name, "" if is_stated or (not codec and codec is not None) else name
    return content.decode("cp1252", "replace"), "cp1252", FALLBACK


def unmarked(content: bytes) -> bytes:
    """The bytes without a byte order mark; UTF-16 becomes UTF-8."""
    mark = _MARKS.get(content[:2])
    if mark is not None:
        try:
            return content.decode(mark).encode()
        except UnicodeError:
            raise StopError("It begins as UTF-16 and cannot be read as that.", RESEND) from None
    return content.removeprefix(b"\xef\xbb\xbf")


def pieces(content: bytes) -> Iterator[bytes]:
    """Each message, batch header and batch trailer in the bytes, in order; what stands before them comes first."""
    at = 0
    for found in _START.finditer(content):
        if found.end() == 0 or found.end() == at:
            continue
        before = content[at : found.start()]
        if before.strip(b" \t\r\n\x0b\x1c"):
            yield before
        at = found.end()
    last = content[at:]
    if last.strip(b" \t\r\n\x0b\x1c"):
        yield last


def _separators(line: bytes) -> Separators:
    """The separators that MSH states; ``ItemError`` where fields cannot be told apart."""
    field = line[3:4].decode("latin-1")
    encoding = line[4:].decode("latin-1").partition(field)[0].strip()
    if not encoding:
        raise ItemError("MSH-2", "MSH-2 is empty, so the parts of a field cannot be told apart.", RESEND)
    signs = encoding[:4]
    said = Separators(field, *signs) if len(signs) == 4 else Separators(field, *[*signs, *"^~\\&"[len(signs) :]])
    used = said[:5]
    if len(set(used)) < len(used):
        raise ItemError("MSH-2", "Two of the separators in MSH-1 and MSH-2 are alike.", RESEND)
    if any(sign.isalnum() or sign.isspace() or sign == '"' for sign in used):
        raise ItemError("MSH-2", "A separator in MSH-2 is a letter, a digit, a quotation mark or a blank.", RESEND)
    return said


def parse(content: bytes) -> Message:
    """One message taken apart; ``ItemError`` where it breaks the grammar or a cap."""
    if len(content) > LONGEST_MESSAGE:
        size = LONGEST_MESSAGE // MEGABYTE
        raise ItemError("MSH", f"The message is longer than {size} MB.", "Ask the sender to send it in parts.")
    by = _separators(content)
    fields = re.split(rb"[\r\n]", content[:4096], maxsplit=1)[0].split(by.field.encode("latin-1"))
    stated = (
        fields[17].partition(by.repetition.encode("latin-1"))[0].decode("latin-1").strip() if len(fields) > 17 else ""
    )
    text, codec, read_as = decode(content, stated)
    if "\0" in text:
        text = text.replace("\0", "")
    segments = list(_segments(text, by._replace(charset=codec)))
    named: dict[str, list[Segment]] = {}
    for segment in segments:
        named.setdefault(segment.name, []).append(segment)
    return Message(segments, read_as, named)


def _segments(text: str, by: Separators) -> Iterator[Segment]:
    counts: dict[str, int] = {}
    lines = _joined_lines(text, by)
    if len(lines) > MOST_SEGMENTS:
        raise ItemError("MSH", f"The message has more than {MOST_SEGMENTS} segments.", "Ask for it in parts.")
    for line in lines:
        fields = line.split(by.field, MOST_FIELDS)
        if len(fields) > MOST_FIELDS:
            raise ItemError(line[:3], f"The segment has more than {MOST_FIELDS} fields.", RESEND)
        name = fields[0].strip()
        if name == "MSH":
            fields.insert(1, by.field)
        number = counts[name] = counts.get(name, 0) + 1
        yield Segment(name, fields, number, by)


def _joined_lines(text: str, by: Separators) -> list[str]:
    """The lines of segments; a line that names no segment goes on with the text of the line before."""
    lines: list[str] = []
    going_on: list[str] = []
    for line in _LINES.split(text):
        if not line or line.isspace():
            continue
        name = line[:3]
        if _NAME.fullmatch(name) and (line[3:4] == by.field or not line[3:].strip()):
            if going_on:
                lines[-1] = "\n".join((lines[-1], *going_on))
                going_on = []
            lines.append(line)
        elif (line[3:4] == by.field and len(line) > 4) or not lines:
            raise ItemError(
                f"line {len(lines) + 1}", "A line begins with a name that no segment of HL7 v2 can have.", RESEND
            )
        else:
            going_on.append(line)
    if going_on:
        lines[-1] = "\n".join((lines[-1], *going_on))
    return lines
