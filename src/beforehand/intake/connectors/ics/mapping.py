"""From an event to Appointments: one for each occurrence within a year of the day the calendar was written.

The clock is the calendar's own (DTSTAMP), so that the same bytes always give the same appointments.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from dateutil.rrule import rruleset, rrulestr
from icalendar import Event

BEHIND, AHEAD = timedelta(days=31), timedelta(days=366)
FIRST_YEAR, LAST_YEAR = 1900, 2100
MOST = 400  # occurrences of one event
LONGEST = 2000  # of words
_STATUS = {"CONFIRMED": "booked", "TENTATIVE": "pending", "CANCELLED": "cancelled", "": "booked"}
_OFTEN = ("SECONDLY", "MINUTELY", "HOURLY")
_WITHIN_DAYS = ("BYSECOND", "BYMINUTE", "BYHOUR")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
ASK = "Ask the sender to correct it."
Moment = TypeVar("Moment", date, datetime)


class EventError(Exception):
    """An event that cannot be read, and what to do; without what it says."""

    def __init__(self, reason: str, remedy: str = ASK) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


def appointments(event: Event) -> list[dict[str, Any]]:
    """The appointments of an event, each with an id of its own that stays when the event is sent again."""
    uid = str(event.get("UID", "")).strip()
    if not uid:
        raise EventError("The event has no UID, so it could not be told from another.")
    start = _moment(event, "DTSTART")
    if start is None:
        raise EventError("The event says no start.")
    length = _length(event, start)
    of_series = _moment(event, "RECURRENCE-ID")
    if of_series is not None:
        return [_appointment(event, uid, _key(of_series), start, length)]
    if not any(name in event for name in ("RRULE", "RDATE")):
        return [_appointment(event, uid, "", start, length)]
    found = [_appointment(event, uid, _key(day), day, length) for day in _occurrences(event, start)]
    if not found:
        raise EventError(
            "No occurrence of the event falls within the year after the calendar was written.", "Close it."
        )
    return found


def _moment(event: Event, name: str) -> date | datetime | None:
    if name not in event:
        return None
    try:
        value = event.decoded(name)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise EventError(f"Its {name} is no date or time.") from None
    if isinstance(value, list) or not isinstance(value, date):
        raise EventError(f"Its {name} is no date or time, or stands twice.")
    if not FIRST_YEAR <= value.year < LAST_YEAR:
        raise EventError(f"Its {name} is before {FIRST_YEAR} or after {LAST_YEAR}.")
    return value


def _length(event: Event, start: date | datetime) -> timedelta | None:
    end = _moment(event, "DTEND")
    if end is not None:
        if isinstance(end, datetime) != isinstance(start, datetime):
            raise EventError("It begins at a time and ends on a day, or the other way round.")
        if isinstance(end, datetime) and isinstance(start, datetime) and (end.tzinfo is None) != (start.tzinfo is None):
            raise EventError("Its start names a time zone and its end does not, or the other way round.")
        length = end - start
    elif "DURATION" in event:
        try:
            length = event.decoded("DURATION")
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            raise EventError("Its DURATION is none.") from None
        if not isinstance(length, timedelta):
            raise EventError("Its DURATION is none.")
    else:
        return None
    if length < timedelta():
        raise EventError("It ends before it begins.")
    if length > AHEAD:
        raise EventError("It lasts longer than a year.")
    return length


def _stamp(event: Event, start: date | datetime) -> datetime:
    """When the calendar was written; the event's own start where it does not say."""
    for name in ("LAST-MODIFIED", "DTSTAMP", "CREATED"):
        said = _moment(event, name)
        if isinstance(said, datetime):
            return said if said.tzinfo else said.replace(tzinfo=UTC)
    begun = start if isinstance(start, datetime) else datetime(start.year, start.month, start.day)
    return begun if begun.tzinfo else begun.replace(tzinfo=UTC)


def _occurrences(event: Event, start: date | datetime) -> Iterator[date | datetime]:
    """The days and times of a series, from a month before to a year after the calendar was written."""
    begun = start if isinstance(start, datetime) else datetime(start.year, start.month, start.day)
    try:
        series = rruleset()
        rules = event.get("RRULE") or []
        for rule in rules if isinstance(rules, list) else [rules]:
            series.rrule(rrulestr(_sober(rule), dtstart=begun))  # type: ignore[arg-type]
        if not rules:
            series.rdate(begun)
        for other in _dates(event, "RDATE", begun):
            series.rdate(other)
        for left_out in _dates(event, "EXDATE", begun):
            series.exdate(left_out)
        written = _stamp(event, start)
        base = written if begun.tzinfo else written.astimezone(UTC).replace(tzinfo=None)
        moments = series.between(max(begun, base - BEHIND), base + AHEAD, inc=True)[: MOST + 1]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise EventError("It comes again by a rule that cannot be read.") from None
    if len(moments) > MOST:
        raise EventError(f"It comes again more than {MOST} times in a year.")
    for moment in moments:
        yield moment if isinstance(start, datetime) else moment.date()


def _sober(rule: Any) -> str:
    """The rule as text, when it comes again on days, not by the second."""
    if str((rule.get("FREQ") or [""])[0]).upper() in _OFTEN or any(
        len(rule.get(name) or ()) > 1 for name in _WITHIN_DAYS
    ):
        raise EventError("It comes again several times a day.")
    return str(rule.to_ical().decode())


def _dates(event: Event, name: str, begun: datetime) -> Iterator[datetime]:
    said = event.get(name) or []
    for each in said if isinstance(said, list) else [said]:
        for one in each.dts[:MOST]:
            day = one.dt[0] if isinstance(one.dt, tuple) else one.dt
            moment = (
                day if isinstance(day, datetime) else datetime(day.year, day.month, day.day, begun.hour, begun.minute)
            )
            if begun.tzinfo and moment.tzinfo is None:
                moment = moment.replace(tzinfo=begun.tzinfo)
            yield moment if begun.tzinfo else moment.replace(tzinfo=None)


def _key(day: date | datetime) -> str:
    if isinstance(day, datetime):
        return (day.astimezone(UTC) if day.tzinfo else day).strftime("%Y%m%dT%H%M%S")
    return day.strftime("%Y%m%d")


def _words(event: Event, name: str) -> str:
    said = event.get(name, "")
    said = said[0] if isinstance(said, list) and said else said
    return " ".join(str(said or "").replace("\0", " ").split())[:LONGEST]


def _appointment(
    event: Event, uid: str, occurrence: str, start: date | datetime, length: timedelta | None
) -> dict[str, Any]:
    plain = uid if not occurrence else f"{uid}.{occurrence}"
    logical = plain if _ID.fullmatch(plain) else hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()[:40]
    status = (
        "cancelled" if _words(event, "METHOD") == "CANCEL" else _STATUS.get(_words(event, "STATUS").upper(), "booked")
    )
    resource: dict[str, Any] = {
        "resourceType": "Appointment",
        "id": logical,
        "meta": {"lastUpdated": _stamp(event, start).astimezone(UTC).isoformat()},
        "status": status,
        "start": start.isoformat(),
    }
    if length is not None and isinstance(start, datetime):
        resource["end"] = (start + length).isoformat()
    if summary := _words(event, "SUMMARY"):
        resource["description"] = summary
    if comment := _words(event, "DESCRIPTION"):
        resource["comment"] = comment
    if place := _words(event, "LOCATION"):
        named = {"type": "Location", "display": place}
        resource["participant"] = [{"actor": named, "status": "accepted"}]
    return resource
