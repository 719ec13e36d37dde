"""FHIR R4 JSON: Bundles of every type, single resources, lists of them, NDJSON and the files of a bulk export."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

from beforehand.intake.connectors.errors import ConnectorError, StopError
from beforehand.intake.connectors.fhir.mapping import Unwrapping
from beforehand.intake.connectors.fhir.reading import read_json
from beforehand.intake.connectors.items import RawItem

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SUFFIXES = (".json", ".ndjson", ".jsonl")
_LINES = (".ndjson", ".jsonl")
LONGEST_LINE = 32 * 1024 * 1024
RESEND = "Ask the sender for FHIR R4 in JSON."


def recognises(head: bytes, name: str) -> bool:
    """Whether the bytes look like FHIR: JSON, or the XML of FHIR, which is refused with a reason."""
    start = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    if start.startswith((b"{", b"[")) or start.startswith((b"\xff\xfe{\x00", b"\xfe\xff\x00{")):
        return True
    if start.startswith(b"<"):
        return any(b"xmlns=%bhttp://hl7.org/fhir%b" % (quote, quote) in start for quote in (b'"', b"'"))
    return name.casefold().endswith(_SUFFIXES)


def items(data: bytes | BinaryIO, name: str = "") -> Iterator[RawItem]:
    """Every item in the bytes, in the order they stand; ``StopError`` before the first when they cannot be opened."""
    content = data if isinstance(data, bytes) else data.read()
    content = content.removeprefix(BYTE_ORDER_MARK)
    start = content[:64].lstrip() or content.lstrip()[:1]
    if not start:
        raise StopError("The file is empty.", "Ask the sender to send it again.")
    if start.startswith(b"<"):
        raise StopError("It is FHIR in XML, and only JSON is read.", RESEND)
    is_named = name.casefold().endswith(_LINES)
    if is_named and _has_whole_line(content, 1):
        yield from _lines(content)
        return
    try:
        value, is_suspect = read_json(content)
    except StopError as fault:
        if not _has_whole_line(content, 20 if is_named else 1):
            raise fault from None
        yield from _lines(content)
        return
    if isinstance(value, dict):
        _refuse_other_json(value)
    elif not isinstance(value, list):
        raise StopError("It is JSON, but no record.", RESEND)
    unwrapping = Unwrapping()
    for number, found in enumerate(value if isinstance(value, list) else [value]):
        place = f"[{number}]" if isinstance(value, list) else str(found.get("resourceType"))
        yield from unwrapping.unwrap(found, place, is_suspect)


def _has_whole_line(content: bytes, many: int) -> bool:
    """Whether one of the first lines is a resource of its own, as in NDJSON."""
    for _, line in islice(_split(content), many):
        if line.startswith(b"{"):
            try:
                value, _ = read_json(line)
            except ConnectorError:
                continue
            if many == 1 or "resourceType" in value:
                return True
    return False


def _split(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers from 1, without copying the whole."""
    at, number = 0, 0
    while at < len(content):
        end = content.find(b"\n", at)
        end = len(content) if end < 0 else end
        number += 1
        line = content[at:end].strip()
        at = end + 1
        if line:
            yield number, line


def _lines(content: bytes) -> Iterator[RawItem]:
    """The items of NDJSON: a line that cannot be read is one item set aside."""
    unwrapping = Unwrapping()
    for number, line in _split(content):
        place = f"line {number}"
        if len(line) > LONGEST_LINE:
            size = LONGEST_LINE // 1024 // 1024
            yield unwrapping.error(place, f"The line is longer than {size} MB.", "Ask the sender to send it in parts.")
            continue
        try:
            value, is_suspect = read_json(line)
            if isinstance(value, dict) and unwrapping.place == 0:
                _refuse_other_json(value)
        except StopError as fault:
            if unwrapping.place == 0 and not fault.reason.startswith("It is not valid"):
                raise
            yield unwrapping.error(place, fault.reason, fault.remedy)
            continue
        yield from unwrapping.unwrap(value, place, is_suspect)


def _refuse_other_json(value: dict[str, Any]) -> None:
    """Name the JSON that comes with FHIR and is none, so that nobody looks for records in it."""
    if isinstance(value.get("resourceType"), str):
        return
    if "exportId" in value and "eventId" in value:
        raise StopError("It is the log of a bulk export, which holds no records.", "Nothing needs to be done.")
    if "transactionTime" in value and "output" in value:
        raise StopError(
            "It is the manifest of a bulk export, which names files and holds no records.", "Ingest the files it names."
        )
    raise StopError("It is JSON, but it names no resourceType, so it is not FHIR.", RESEND)
