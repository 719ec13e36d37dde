"""The envelopes of X12: interchanges (ISA), groups (GS) and transaction sets (ST), each counted by its trailer.

A transaction set is opened only when its trailer counts what came, so that a file that was cut short or lost a piece
on the way is noticed before anything of it is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from beforehand.intake.connectors.errors import ItemError, StopError

RESEND = "Ask the sender to send it again."
LONGEST_SEGMENT = 64 * 1024
MOST_ELEMENTS = 200
LONGEST_HEADER = 400  # an ISA is 106 characters long; a sender that does not pad has fewer
ELEMENTS_OF_ISA = 16
_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?\s*ISA([^A-Za-z0-9\s])[^A-Za-z\r\n]{0,2}\1")
_VERSIONS = frozenset(("00401", "00501"))
_BARRED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
NO_X12 = "It does not begin with ISA as X12 does, so it is no X12 file."


@dataclass(frozen=True, slots=True)
class Signs:
    """The four characters by which an interchange takes itself apart."""

    element: str
    component: str
    segment: str
    repetition: str


@dataclass(slots=True)
class Segment:
    """One segment: its name, its elements as sent, and where it stands."""

    name: str
    elements: list[str]
    signs: Signs
    number: int  # within its transaction set, from 1
    loop: str = ""  # where the implementation guide puts it; empty where it puts it nowhere

    def sent(self, number: int) -> str:
        """An element as sent; empty when it is not there."""
        return self.elements[number - 1] if 0 < number <= len(self.elements) else ""

    def text(self, number: int, component: int = 1) -> str:
        """One component of an element, without what people cannot read."""
        raw = self.elements[number - 1] if 0 < number <= len(self.elements) else ""
        if self.signs.component in raw:
            parts = raw.split(self.signs.component)
            raw = parts[component - 1] if component <= len(parts) else ""
        elif component > 1:
            return ""
        return raw.strip() if raw.isprintable() else _BARRED.sub("", raw).strip()

    def components(self, number: int) -> list[str]:
        """Every component of an element."""
        return [_BARRED.sub("", part).strip() for part in self.sent(number).split(self.signs.component)]

    def repeated(self, number: int) -> list[Segment]:
        """The element's repetitions, each as a segment of that one element in first place."""
        raw = self.sent(number)
        parts = raw.split(self.signs.repetition) if self.signs.repetition else [raw]
        return [Segment(self.name, [part], self.signs, self.number) for part in parts if part]

    def place(self, element: int = 0) -> str:
        """Where it stands, for whoever looks for it."""
        named = f"{self.name}{element:02}" if element else self.name
        return f"{named}, segment {self.number}"


@dataclass(slots=True)
class Transaction:
    """One transaction set (ST to SE) with what its envelopes say; its segments are read when they are asked for."""

    text: str = field(repr=False)
    start: int
    end: int
    signs: Signs
    type: str
    guide: str
    control: str
    sent: str  # when the group was made, as FHIR writes it, without a zone as X12 has none; empty if not said
    number: int  # of all transaction sets in the file, from 1

    def segments(self) -> Iterator[Segment]:
        """Every segment between ST and SE."""
        for number, (_, raw) in enumerate(split(self.text, self.start, self.end, self.signs.segment), start=1):
            if number > 1:
                yield segment_of(raw, self.signs, number)

    def place(self) -> str:
        """What it is called in a reason."""
        return f"transaction set {self.number}"


def recognises(head: bytes) -> bool:
    """Whether bytes begin as an interchange does."""
    return _HEAD.match(head) is not None


def read_text(content: bytes) -> str:
    """X12 is ASCII; names come in UTF-8 or, from older senders, in Latin letters."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def split(text: str, start: int, end: int, sign: str) -> Iterator[tuple[int, str]]:
    """Where each segment begins and what it is; line ends between segments and empty segments are nothing."""
    while start < end:
        stop = text.find(sign, start, end)
        stop = end if stop < 0 else stop
        raw = text[start : min(stop, start + LONGEST_SEGMENT + 1)].strip()
        if raw:
            yield start, raw
        start = stop + 1


def segment_of(raw: str, signs: Signs, number: int) -> Segment:
    """One segment; one that is beyond a cap has no name, so that no guide has a place for it."""
    if len(raw) > LONGEST_SEGMENT or raw.count(signs.element) > MOST_ELEMENTS:
        return Segment("", [], signs, number)
    name, *elements = raw.split(signs.element)
    return Segment(name.strip().upper(), elements, signs, number)


def signs_of(text: str, at: int) -> tuple[Signs, list[str], int]:
    """The signs of the interchange that begins here, the elements of its header and where that ends."""
    element = text[at + 3 : at + 4]
    pieces = text[at : at + LONGEST_HEADER].split(element, ELEMENTS_OF_ISA) if element else []
    if len(pieces) <= ELEMENTS_OF_ISA or len(pieces[-1]) < 2:
        raise StopError("The header of the interchange (ISA) is cut short or has too few elements.", RESEND)
    component, segment = pieces[-1][0], pieces[-1][1]
    repetition = pieces[11].strip()
    repetition = repetition if len(repetition) == 1 and not repetition.isalnum() else ""
    signs = Signs(element, component, segment, repetition)
    used = [element, component, segment, *([repetition] if repetition else [])]
    if len(set(used)) < len(used) or any(sign.isalnum() for sign in used) or any(s in " .-+" for s in used):
        raise StopError(
            "The header of the interchange (ISA) names separators that are alike or that are letters of the text.",
            RESEND,
        )
    length = sum(len(piece) + 1 for piece in pieces[:-1]) + 2
    if pieces[12].strip() not in _VERSIONS:
        raise StopError(
            "The interchange is of a version (ISA12) that is not read here.", "Ask the sender for version 005010."
        )
    return signs, [piece.strip() for piece in pieces[1:]], at + length


def transactions(text: str) -> Iterator[Transaction | ItemError]:
    """Every transaction set of the file, and what is wrong with the envelopes around them.

    ``StopError`` when not even the first interchange can be opened.
    """
    reader = _Reader(text)
    at = reader.next_header(0)
    if at is None:
        raise StopError(NO_X12, RESEND)
    while at is not None:
        try:
            signs, header, start = signs_of(text, at)
        except StopError as fault:
            if at == reader.first:
                raise
            yield ItemError("ISA", fault.reason, fault.remedy)
            return
        yield from reader.interchange(signs, header, start)
        at = reader.next_header(reader.at)
        if at is None and text[reader.at :].strip():
            yield ItemError("IEA", "More follows after the end of the interchange, and it is no interchange.", RESEND)


class _Reader:
    """Walks through the envelopes of one file."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.first = len(text) - len(text.lstrip("\ufeff \t\r\n"))
        self.count = 0

    def next_header(self, at: int) -> int | None:
        """Where the next interchange begins; None when what follows is none."""
        while at < len(self.text) and self.text[at] in "\ufeff \t\r\n":
            at += 1
        return at if self.text.startswith("ISA", at) else None

    def interchange(self, signs: Signs, header: list[str], start: int) -> Iterator[Transaction | ItemError]:
        """The transaction sets of one interchange."""
        state = _Interchange(self, signs, header)
        for at, raw in split(self.text, start, len(self.text), signs.segment):
            name = raw[:3].partition(signs.element)[0].upper()
            if name == "ISA":
                self.at = self.text.index("ISA", at)
                yield from state.close(None)
                return
            if name in _ENVELOPES or state.is_outside:
                yield from state.take(name, at, segment_of(raw, signs, 0))
            else:
                state.inside += 1
            if name == "IEA":
                stop = self.text.find(signs.segment, at)
                self.at = len(self.text) if stop < 0 else stop + 1
                return
        self.at = len(self.text)
        yield from state.close(None)


_ENVELOPES = frozenset(("GS", "GE", "ST", "SE", "IEA"))


class _Interchange:
    """What has come of an interchange so far."""

    def __init__(self, reader: _Reader, signs: Signs, header: list[str]) -> None:
        self.reader = reader
        self.signs = signs
        self.control = header[12]
        self.made = moment(header[8], header[9])
        self.group: Segment | None = None
        self.groups = self.sets = self.inside = 0
        self.open: tuple[int, Segment] | None = None
        self.has_strays = False

    @property
    def is_outside(self) -> bool:
        """Whether no transaction set is open."""
        return self.open is None

    def take(self, name: str, at: int, segment: Segment) -> Iterator[Transaction | ItemError]:
        """One segment of an envelope, or one that stands outside of any transaction set."""
        if name == "GS":
            yield from self._cut(segment)
            yield from self._close_group(None)
            self.group, self.sets = segment, 0
            self.groups += 1
        elif name == "ST":
            yield from self._cut(segment)
            self.open, self.inside = (at, segment), 1
            self.sets += 1
        elif name == "SE":
            yield from self._transaction(at, segment)
        elif name == "GE":
            yield from self._cut(segment)
            yield from self._close_group(segment)
        elif name == "IEA":
            yield from self.close(segment)
        elif name != "TA1" and not self.has_strays:
            self.has_strays = True
            yield ItemError("ST", "Segments stand outside of any transaction set (ST to SE).", RESEND)

    def _cut(self, _: Segment | None) -> Iterator[ItemError]:
        """A transaction set that is still open where the next thing begins was cut short."""
        if self.open is not None:
            self.reader.count += 1
            self.open = None
            yield ItemError(
                f"transaction set {self.reader.count}",
                "The transaction set has no end (SE): it was cut short, so nothing of it is applied.",
                RESEND,
            )

    def _transaction(self, at: int, trailer: Segment) -> Iterator[Transaction | ItemError]:
        if self.open is None:
            yield ItemError("SE", "A transaction set ends (SE) that never began (ST).", RESEND)
            return
        start, head = self.open
        self.open = None
        self.reader.count += 1
        place = f"transaction set {self.reader.count}"
        if not _counts(trailer.text(1), self.inside + 1):
            yield ItemError(
                f"{place}, SE01",
                f"The transaction set states another number of segments than came, which is {self.inside + 1}:"
                " some may be lost, so nothing of it is applied.",
                RESEND,
            )
        elif trailer.text(2) != head.text(2):
            yield ItemError(
                f"{place}, SE02",
                "The transaction set begins and ends with different control numbers, so pieces of two may be mixed up:"
                " nothing of it is applied.",
                RESEND,
            )
        else:
            group = self.group
            guide = (group.text(8) if group else "") or head.text(3)
            made = moment(group.text(4), group.text(5)) if group else ""
            yield Transaction(
                self.reader.text, start, at, self.signs, head.text(1), guide, head.text(2), made or self.made,
                self.reader.count,
            )  # fmt: skip

    def _close_group(self, trailer: Segment | None) -> Iterator[ItemError]:
        group, self.group = self.group, None
        if group is None:
            if trailer is not None:
                yield ItemError("GE", "A group ends (GE) that never began (GS).", RESEND)
        elif trailer is None:
            yield ItemError("GE", "A group has no end (GE): the file may be cut short.", RESEND)
        elif not _counts(trailer.text(1), self.sets) or trailer.text(2) != group.text(6):
            yield ItemError(
                "GE",
                f"The group says that it holds other transaction sets than came, which are {self.sets}.",
                "Ask the sender for the rest.",
            )

    def close(self, trailer: Segment | None) -> Iterator[ItemError]:
        """The end of the interchange, with or without its trailer."""
        yield from self._cut(None)
        yield from self._close_group(None) if self.group is not None else ()
        if trailer is None:
            yield ItemError("IEA", "The interchange has no end (IEA): the file may be cut short.", RESEND)
        elif not _counts(trailer.text(1), self.groups) or trailer.text(2) != self.control:
            yield ItemError(
                "IEA",
                f"The interchange says that it holds other groups than came, which are {self.groups}.",
                "Ask the sender for the rest.",
            )


def _counts(stated: str, found: int) -> bool:
    return stated.isdecimal() and stated.isascii() and len(stated) <= 10 and int(stated) == found


def moment(day: str, clock: str) -> str:
    """When an envelope was made, as FHIR writes it; empty when that cannot be read."""
    day = f"20{day}" if len(day) == 6 else day
    if not re.fullmatch(r"[0-9]{8}", day) or not re.fullmatch(r"[0-9]{4,8}", clock):
        return ""
    hour, minute, second = clock[:2], clock[2:4], clock[4:6] if len(clock) >= 6 else "00"
    is_real = "01" <= day[4:6] <= "12" and "01" <= day[6:] <= "31" and hour < "24" and minute < "60" and second < "60"
    return f"{day[:4]}-{day[4:6]}-{day[6:]}T{hour}:{minute}:{second}" if is_real else ""
