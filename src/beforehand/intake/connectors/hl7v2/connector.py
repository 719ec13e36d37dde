"""HL7 v2: one message or many, with or without a batch around them, however their lines end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from beforehand.intake.connectors.errors import ItemError, StopError
from beforehand.intake.connectors.hl7v2.grammar import RESEND, parse, pieces, unmarked
from beforehand.intake.connectors.hl7v2.mapping import resources_of
from beforehand.intake.connectors.items import RawItem

_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?[\s\x0b\x1c]*(?:MSH|FHS|BHS)[^A-Za-z0-9\s]")
_WIDE = (b"\xff\xfeM\x00S\x00H\x00", b"\xfe\xff\x00M\x00S\x00H")
_AROUND = (b"FHS", b"BHS", b"BTS", b"FTS")
_FAULTS: tuple[type[Exception], ...] = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


def recognises(head: bytes, name: str) -> bool:
    """Whether the bytes begin as HL7 v2 does: MSH, or FHS or BHS of a batch."""
    return _HEAD.match(head) is not None or head.startswith(_WIDE)


def items(data: bytes | BinaryIO, name: str = "") -> Iterator[RawItem]:
    """Every item in the bytes, in the order they stand; all resources of one message share its number as ``unit``."""
    content = unmarked(data if isinstance(data, bytes) else data.read())
    if not recognises(content[:4096], name):
        raise StopError("It does not begin with MSH, FHS or BHS, so it is no HL7 v2 message.", RESEND)
    place, unit, in_batch = 0, 0, 0
    for piece in pieces(content):
        if piece.startswith(_AROUND):
            fault = _miscounted(piece, in_batch)
            in_batch = 0 if piece.startswith((b"BHS", b"BTS")) else in_batch
            if fault is None:
                continue
            made: list[RawItem] = [RawItem(place, None, error=fault, unit=unit)]
        else:
            in_batch += 1
            made = list(_items(piece, place, unit))
        yield from made
        place += len(made)
        unit += 1
    if unit == 0:
        raise StopError("The batch holds no message.", "Nothing needs to be done, unless one was expected.")


def counted_pieces(data: bytes) -> Iterator[bytes]:
    """The messages in the bytes, and what is wrong around them, in the order in which items number them."""
    in_batch = 0
    for piece in pieces(unmarked(data)):
        if piece.startswith(_AROUND):
            fault = _miscounted(piece, in_batch)
            in_batch = 0 if piece.startswith((b"BHS", b"BTS")) else in_batch
            if fault is None:
                continue
        else:
            in_batch += 1
        yield piece


def _items(piece: bytes, place: int, unit: int) -> Iterator[RawItem]:
    """What one message says; where it cannot be read, the reason."""
    try:
        made = list(resources_of(parse(piece)))
    except ItemError as fault:
        yield RawItem(place, None, error=fault, unit=unit)
        return
    except _FAULTS:
        yield RawItem(place, None, error=unread(), unit=unit)
        return
    for number, one in enumerate(made, start=place):
        if isinstance(one, ItemError):
            yield RawItem(number, None, error=one, unit=unit)
        else:
            resource, is_part = one
            yield RawItem(number, resource, method="PATCH" if is_part else "", unit=unit)


def unread() -> ItemError:
    """The last wall: a message that the connector itself stumbles over is set aside and the next one is read."""
    return ItemError(
        "MSH", "The message could not be read by this connector.", "Send the message's form to whoever runs this house."
    )


def _miscounted(piece: bytes, found: int) -> ItemError | None:
    """A batch trailer that counts other messages than came: some may be lost."""
    if not piece.startswith(b"BTS"):
        return None
    fields = re.split(rb"[\r\n]", piece, maxsplit=1)[0].split(piece[3:4])
    stated = fields[1].strip() if len(fields) > 1 else b""
    if not stated.isdigit() or len(stated) > 9 or int(stated) == found:
        return None
    return ItemError(
        "BTS-1",
        f"The batch says that it holds {int(stated)} messages, and {found} came.",
        "Ask the sender for the rest.",
    )
