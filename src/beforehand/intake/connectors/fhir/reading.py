"""JSON bytes to objects, losing nothing: numbers keep their digits, doubled keys and bottomless nesting are found.

orjson does the work. Its two blind spots cost one cheap pass each: a number that a float would shorten (7.10), and
a key that stands twice in one object, where two readers may see two different records.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from beforehand.clinical.quantities import Numeral, numeral
from beforehand.intake.connectors.errors import ConnectorError, ItemError, StopError

# Decimals end in a zero, or have an exponent, or more digits than every float keeps.
_SHORTENED = re.compile(
    rb'"value(?:Decimal)?"\s*:\s*-?(?:[0-9]+(?:\.[0-9]+0(?=[\s,}\]])|(?:\.[0-9]+)?[eE])|([0-9.]{16,}))'
)
_ENDS = (b"\xff\xfe", b"\xfe\xff")
REMEDY = "Ask the sender for valid JSON in UTF-8."


class Doubled(dict[str, Any]):
    """An object in which a key stood twice."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    return read if len(read) == len(pairs) else Doubled(read)


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _whole(literal: str) -> int | Numeral:
    """The whole number, or its digits where it is larger than any store holds."""
    return int(literal) if len(literal) < 19 else Numeral(literal)


def _keeps_digits(content: bytes) -> bool:
    """Whether every clinical number survives being read as a float."""
    for found in _SHORTENED.finditer(content):
        digits = found[1]
        if digits is None or isinstance(numeral(digits.decode()), Numeral):
            return False
    return True


def read_json(content: bytes) -> tuple[Any, bool]:
    """The JSON value in the bytes, and whether ``fault_in`` must check its items; ``StopError`` where there is none."""
    if content.startswith(_ENDS):
        raise StopError("The text is in UTF-16.", REMEDY)
    try:
        read = orjson.loads(content)
    except orjson.JSONDecodeError as fault:
        if "infinity" in fault.msg:  # a number beyond every float; only its own item is at fault
            return _reread(content), True
        raise StopError(
            f"It is not valid JSON: {fault.msg} (line {fault.lineno}, column {fault.colno}).", REMEDY
        ) from None
    return (_reread(content), True) if _needs_care(content, read) else (read, False)


def _needs_care(content: bytes, read: Any) -> bool:
    try:
        written = orjson.dumps(read)
    except (TypeError, ValueError, RecursionError):
        return True  # too deep; the item that is so will be told apart
    return content.count(b'":') != written.count(b'":') or not _keeps_digits(content)


def _reread(content: bytes) -> Any:
    """Read again, slowly and with care, what the fast reader may have changed."""
    try:
        return json.loads(
            content, parse_float=numeral, parse_int=_whole, object_pairs_hook=_pairs, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise StopError("It nests deeper than any record does.", "Check the sending system.") from None
    except ValueError:
        raise StopError("It is not valid JSON.", REMEDY) from None


def fault_in(item: Any, place: str) -> ItemError | None:
    """Why one item of a message cannot be trusted: a doubled key or bottomless nesting; nothing when it can."""
    try:
        orjson.dumps(item)
    except (TypeError, ValueError, RecursionError):
        return ItemError(place, "It nests deeper than any record does.", "Check the sending system.")
    waiting = [item]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Doubled):
            return ItemError(
                place,
                "A key stands twice in one object, so two readers may see two records.",
                "Ask the sender to correct it.",
            )
        if isinstance(value, dict):
            waiting.extend(part for part in value.values() if isinstance(part, dict | list))
        elif isinstance(value, list):
            waiting.extend(part for part in value if isinstance(part, dict | list))
    return None


def line_fault(fault: ConnectorError, place: str) -> ItemError:
    """The refusal of a whole as the refusal of one line of it."""
    return ItemError(place, fault.reason, fault.remedy)
