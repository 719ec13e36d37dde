"""Entries as iCalendar (RFC 5545). The same entries give the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from beforehand.care.needs.feeds import Entry
from beforehand.clinical.times import date_of


def rendered(entries: Sequence[Entry], name: str, address: Callable[[int], str]) -> bytes:
    """A calendar of these entries, with the rules of every time zone they name."""
    calendar = Calendar()
    calendar.add("prodid", "-//Beforehand//Private calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"value": "DURATION"})
    for entry in entries:
        calendar.add_component(_event(entry, address))
    timed = [entry.day for entry in entries if entry.at is not None]
    if timed:
        calendar.add_missing_timezones(
            first_date=date_of(min(timed) - 366).replace(month=1, day=1),
            last_date=date_of(max(timed) + 366).replace(month=1, day=1),
        )
    written: bytes = calendar.to_ical()
    return written


def _event(entry: Entry, address: Callable[[int], str]) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("sequence", entry.sequence)
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    event.add("summary", entry.words)
    event.add("class", "PRIVATE")
    if entry.at is None or entry.until is None:
        day = date_of(entry.day)
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
    else:
        zone = _zone(entry.zone)
        event.add("dtstart", datetime.fromtimestamp(entry.at, zone))
        event.add("dtend", datetime.fromtimestamp(entry.until, zone))
    if entry.place:
        event.add("location", entry.place)
    if entry.need_id is not None:
        event.add("url", address(entry.need_id))
    return event


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
