"""How many items some bytes hold at least, by a second reading that shares nothing with the connectors."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable
from itertools import pairwise

_BLANK = b"\0 \t\r\n\x0b\x0c\x1c"
_LIST = re.compile(rb"#beforehand-list 1 ([0-9]{1,7})\n")
_EMPTY = {"resourceType", "id", "meta", "type", "timestamp", "total", "link", "identifier", "language"}
_EVENT = re.compile(rb"(?:^|[\r\n])(BEGIN|END):VEVENT[ \t]*(?=[\r\n]|$)", re.IGNORECASE)


def least_told(format_: str, content: bytes) -> int:
    """At least so many items: of formats that can be counted simply; of the others one, if there is anything at all."""
    if not content.strip(_BLANK):
        return 0
    try:
        return _COUNTS.get(format_, _one)(content)
    except (ValueError, RecursionError, csv.Error):
        return 1  # not even this reading understands it


def _one(_: bytes) -> int:
    return 1


def _messages(content: bytes) -> int:
    """Lines that begin as an HL7 v2 message does."""
    return sum(line.startswith(b"MSH|^~\\&|") for line in content.replace(b"\n", b"\r").split(b"\r"))


def _entries(content: bytes) -> int:
    """Entries of a Bundle, or lines of NDJSON that are whole."""
    try:
        found = json.loads(content)
    except ValueError:
        lines = [line for line in content.split(b"\n") if line.startswith(b'{"resourceType"') and line.endswith(b"}")]
        return sum(_is_object(line) for line in lines)
    if isinstance(found, list):
        return len(found)
    if not isinstance(found, dict) or found.get("resourceType") != "Bundle":
        return 1
    entries = found.get("entry")
    return len(entries) if isinstance(entries, list) else 0 if found.keys() <= _EMPTY else 1


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _rows(content: bytes) -> int:
    """Rows of a list under its first one that hold anything."""
    first = _LIST.match(content)
    if first is None:
        return 1
    text = content[first.end() + int(first[1]) :].decode("utf-8-sig")
    csv.field_size_limit(sys.maxsize)
    return sum(any(cell.strip() for cell in row) for row in csv.reader(io.StringIO(text, newline=""), strict=True)) - 1


def _events(content: bytes) -> int:
    """Events that begin and end."""
    words = [found[1].upper() for found in _EVENT.finditer(content)]
    return sum(pair == (b"BEGIN", b"END") for pair in pairwise(words))


_COUNTS: dict[str, Callable[[bytes], int]] = {"hl7v2": _messages, "fhir": _entries, "csv": _rows, "ics": _events}
