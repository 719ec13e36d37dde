"""The segments of one claim, payment, claim status or member, one a line, out of the file it came in.

A slice is shown only when it alone holds a number the item is known by, so that nobody is shown another's segments.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.items import RawItem
from beforehand.intake.connectors.x12.envelope import Segment, read_text, transactions

BEGINS = ("CLM", "CLP", "INS", "TRN")
ENDS = ("HL", "LX", "SE", "PLB")  # what begins something else
SHORTEST = 4  # letters of a number by which an item is told from others


def segment_words(content: bytes, raw: RawItem) -> str:
    """The item's segments; empty where they cannot be told from those of others."""
    numbers = _numbers(raw.resource or {})
    fitting = [part for part in _slices(content) if any(numbers & set(_elements(one)) for one in part)]
    if len(fitting) != 1:
        return ""
    return "\n".join("  ".join([one.name, *one.elements]).rstrip() for one in fitting[0])


def _numbers(resource: dict[str, Any]) -> set[str]:
    found = [str(one.get("value", "")).strip() for one in resource.get("identifier") or ()]
    return {number for number in found if len(number) >= SHORTEST}


def _elements(segment: Segment) -> Iterator[str]:
    for number in range(1, len(segment.elements) + 1):
        yield from segment.components(number)


def _begins_another(name: str, first: str) -> bool:
    """Whether a segment is no part of what began; the lines of a claim (LX) are."""
    return name == "HL" or (name in ENDS and first != "CLM")


def _slices(content: bytes) -> Iterator[list[Segment]]:
    for transaction in transactions(read_text(content)):
        if isinstance(transaction, ItemError):
            continue
        part: list[Segment] = []
        for segment in transaction.segments():
            if segment.name in BEGINS:
                if part:
                    yield part
                part = [segment]
            elif part and _begins_another(segment.name, part[0].name):
                yield part
                part = []
            elif part:
                part.append(segment)
        if part:
            yield part
