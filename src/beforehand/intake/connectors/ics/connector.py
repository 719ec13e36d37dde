"""Calendars: every event is one item, every occurrence of it an Appointment.

A calendar does not say whose it is. What comes without a patient waits on Needs sorting until a person files it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from icalendar import Calendar, Event

from beforehand.intake.connectors.errors import ItemError, StopError
from beforehand.intake.connectors.ics.mapping import EventError, appointments
from beforehand.intake.connectors.items import RawItem

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BEGIN = re.compile(rb"\s*BEGIN:VCALENDAR\b", re.IGNORECASE)
_EVENT = re.compile(rb"(?:^|[\r\n])BEGIN:VEVENT[ \t]*(?=[\r\n]|$)", re.IGNORECASE)
_ENDS = re.compile(r"\r+\n|\r")
LARGEST = 8 * 1024 * 1024
MOST_LINES = 200_000
MOST_NESTED = 20
RESEND = "Ask the sender to export the calendar again."


def recognises(head: bytes, name: str) -> bool:
    """Whether the bytes are a calendar."""
    return _BEGIN.match(head.removeprefix(BYTE_ORDER_MARK)) is not None or name.casefold().endswith((".ics", ".ical"))


def items(data: bytes | BinaryIO, name: str = "") -> Iterator[RawItem]:
    """The occurrences of every event, in the order they stand; ``StopError`` when the calendar cannot be opened."""
    content = data if isinstance(data, bytes) else data.read()
    place = units = 0
    for unit, event in enumerate(_events(content)):
        where, units = f"event {unit + 1}", unit + 1
        try:
            found = appointments(event)
        except EventError as fault:
            yield RawItem(place, None, error=ItemError(where, fault.reason, fault.remedy), unit=unit)
            place += 1
            continue
        for resource in found:
            yield RawItem(place, resource, unit=unit)
            place += 1
    for unit in range(units, len(_EVENT.findall(content))):
        lost = ItemError(f"event {unit + 1}", "The event begins and cannot be told from the others.", RESEND)
        yield RawItem(place, None, error=lost, unit=unit)
        place += 1
    if place == 0:
        raise StopError("The calendar holds no events.", "Nothing needs to be done if that is meant.")


def _events(content: bytes) -> Iterator[Event]:
    for part in _parts(content):  # calendars; and events that stand outside of one
        method = str(part.get("METHOD", "")).upper() if isinstance(part, Calendar) else ""
        for event in part.walk("VEVENT"):
            if method and "METHOD" not in event:
                event.add("METHOD", method)  # an event of a calendar that cancels is cancelled
            yield event


def _parts(content: bytes) -> list[Any]:
    content = content.removeprefix(BYTE_ORDER_MARK)
    if not content.strip():
        raise StopError("The calendar is empty.", RESEND)
    if len(content) > LARGEST or content.count(b"\n") + content.count(b"\r") > MOST_LINES:
        raise StopError(f"The calendar is larger than {LARGEST // 1024 // 1024} MB or {MOST_LINES:,} lines.", RESEND)
    if not _BEGIN.match(content):
        raise StopError("It is named as a calendar and is none.", RESEND)
    _refuse_nesting(content)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")  # what older calendars send
    try:
        return list(Calendar.from_ical(_ENDS.sub("\n", text), multiple=True))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError, OSError, RecursionError):
        # The library raises these of its own on what it cannot read.
        raise StopError("The calendar cannot be read: a line is not as iCalendar has it.", RESEND) from None


def _refuse_nesting(content: bytes) -> None:
    depth = 0
    for mark in re.finditer(rb"(?mi)^(BEGIN|END):", content):
        depth += 1 if mark[1].upper() == b"BEGIN" else -1
        if depth > MOST_NESTED:
            raise StopError("The calendar nests too deep.", RESEND)
