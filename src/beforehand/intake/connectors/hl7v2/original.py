"""One HL7 v2 message as people can read it: each segment, and under it each field that holds something, as sent."""

from __future__ import annotations

from itertools import islice

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.hl7v2.connector import counted_pieces
from beforehand.intake.connectors.hl7v2.grammar import parse, unescape
from beforehand.intake.connectors.items import RawItem


def message_words(content: bytes, raw: RawItem) -> str:
    """The message an item came from; empty where it cannot be taken apart."""
    piece = next(islice(counted_pieces(content), raw.unit, None), None) if raw.unit is not None else None
    if piece is None:
        return ""
    try:
        message = parse(piece)
    except ItemError:
        return ""
    lines: list[str] = []
    for segment in message.segments:
        if lines:
            lines.append("")
        lines.append(segment.name)
        for number, field in enumerate(segment.fields[1:], start=1):
            if not field or (segment.name == "MSH" and number <= 2):
                continue
            for part in field.split(segment.by.repetition):
                lines.append(
                    f"  {segment.name}-{number}".ljust(10) + unescape(part, segment.by).replace("\n", "\n" + " " * 10)
                )
    return "\n".join(lines)
