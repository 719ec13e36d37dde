"""Clinical times: partial dates that keep their precision, in the civil day the sender meant.

A date such as ``2024-03`` is a range of days, never its first day. A time keeps the civil day as written, in
the offset it was written with; its UTC second is kept beside it. Days are whole numbers since 1970-01-01, so
every engine counts them alike.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

FIRST_YEAR = 1890
LAST_YEAR = 2100
SECONDS_A_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Words after which a month stands bare: "since March 2026"; after any other word it is "in March 2026".
_TAKES_A_DAY = frozenset(
    {"since", "until", "by", "before", "after", "of", "from", "for", "to", "through", "about", "around"}
    | {"between", "and", "or", "within", "during", "past", "till", "in"}
)

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?")
_REST = re.compile(r"(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?")


class WhenError(ValueError):
    """A date or time that cannot be read. The message names the fault, never the value."""


class When(NamedTuple):
    """A clinical time as stored: ``x_from_day, x_to_day, x_at, x_zone, x_precision``."""

    from_day: int | None
    to_day: int | None
    at: int | None
    zone: str | None
    precision: str | None


NOTHING = When(None, None, None, None, None)


def day_of(day: date) -> int:
    """The civil day as a whole number since 1970-01-01."""
    return day.toordinal() - _EPOCH


def date_of(day: int) -> date:
    """The calendar date of a whole-number day."""
    return date.fromordinal(day + _EPOCH)


@lru_cache(maxsize=65_536)
def _date(text: str) -> When:
    """The range of days that a year, month or day names."""
    form = _DATE.fullmatch(text)
    if form is None:
        raise WhenError("it is not a FHIR date or time such as 2024-03-05 or 2024-03-05T14:30:00-05:00")
    year_text, month_text, day_text = form.groups()
    year = int(year_text)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise WhenError(f"the year lies outside {FIRST_YEAR} to {LAST_YEAR}")
    try:
        first = date(year, int(month_text or 1), int(day_text or 1)).toordinal() - _EPOCH
    except ValueError:
        raise WhenError("there is no such day in the calendar") from None
    if month_text is None:
        return When(first, date(year, 12, 31).toordinal() - _EPOCH, None, "", "year")
    if day_text is None:
        return When(first, first + monthrange(year, int(month_text))[1] - 1, None, "", "month")
    return When(first, first, None, "", "day")


@lru_cache(maxsize=32_768)
def _clock(text: str) -> int:
    """Seconds since midnight of ``14:30:00``, or of ``14:30``, where some senders stop."""
    form = _CLOCK.fullmatch(text)
    if form is None:
        raise WhenError("its time of day is not written as 14:30:00")
    hour, minute, second = int(form[1]), int(form[2]), int(form[3] or 0)
    if hour > 23 or minute > 59 or second > 60:  # 60: a leap second
        raise WhenError("there is no such time of day")
    return hour * 3600 + minute * 60 + second


@lru_cache(maxsize=8_192)
def _offset(rest: str) -> tuple[str | None, int]:
    """The zone as written and its seconds east of UTC, from what follows the seconds: ``.123-05:00``, ``Z``."""
    form = _REST.fullmatch(rest)
    if form is None:
        raise WhenError("its offset from UTC is not written as -05:00 or Z")
    zone = form[1]
    return zone, offset_seconds(zone or "")


def offset_seconds(zone: str) -> int:
    """Seconds east of UTC of ``-05:00``, ``Z`` or nothing."""
    if zone in ("", "Z"):
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if minutes > 59 or hours * 60 + minutes > 14 * 60:
        raise WhenError("the offset from UTC is not a real one")
    seconds = hours * 3600 + minutes * 60
    return -seconds if zone[0] == "-" else seconds


@lru_cache(maxsize=65_536)
def parse_when(text: str, home_zone: str = "") -> When:
    """Read a FHIR date, dateTime or instant.

    ``home_zone`` (an IANA name) is what the source means by a time without an offset; without it such a time
    keeps its civil day but no UTC second, since nobody said which one it is.
    """
    if len(text) < 11:
        return _date(text)
    day = _date(text[:10]).from_day
    if text[10] != "T" or day is None:
        raise WhenError("it is not a FHIR date or time such as 2024-03-05 or 2024-03-05T14:30:00-05:00")
    has_seconds = text[16:17] == ":"
    cut = 19 if has_seconds else 16
    seconds = _clock(text[11:cut])
    zone, offset = _offset(text[cut:])
    precision = "second" if has_seconds else "minute"
    if zone is None:
        if not home_zone:
            return When(day, day, None, "", precision)
        wall = datetime.fromordinal(day + _EPOCH) + timedelta(seconds=min(seconds, SECONDS_A_DAY - 1))
        moment = wall.replace(tzinfo=ZoneInfo(home_zone))
        return When(day, day, int(moment.timestamp()), _offset_words(moment), precision)
    return When(day, day, day * SECONDS_A_DAY + seconds - offset, zone, precision)


def _offset_words(moment: datetime) -> str:
    minutes = int((moment.utcoffset() or timedelta()).total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def day_when(day: int) -> When:
    """The clinical time of one whole civil day."""
    return When(day, day, None, "", "day")


def instant_millis(text: str) -> int:
    """UTC milliseconds of a FHIR instant, such as ``meta.lastUpdated``; a date alone counts from midnight UTC."""
    when = parse_when(text)
    assert when.from_day is not None
    whole = (when.at if when.at is not None else when.from_day * SECONDS_A_DAY) * 1000
    dot = text.find(".")
    if dot < 0:
        return whole
    digits = ""
    for letter in text[dot + 1 :]:
        if not letter.isdigit():
            break
        digits += letter
    return whole + int((digits + "00")[:3])


def show_day(day: int, *, today: int | None = None) -> str:
    """The day in words with its weekday: ``Fri, Dec 4``; with the year when ``today`` lies in another."""
    shown = date_of(day)
    words = f"{_WEEKDAYS[shown.weekday()]}, {_MONTHS[shown.month - 1]} {shown.day}"
    if today is not None and date_of(today).year != shown.year:
        return f"{words}, {shown.year}"
    return words


def show_range(from_day: int | None, to_day: int | None, *, today: int | None = None) -> str:
    """A day, month or year in words, no finer than was said: ``Fri, Dec 4``, ``March 2024``, ``2024``."""
    if from_day is None or to_day is None:
        return ""
    if from_day == to_day:
        return show_day(from_day, today=today)
    first, last = date_of(from_day), date_of(to_day)
    if first.day == 1 and (last + timedelta(days=1)).day == 1 and first.year == last.year:
        if (first.month, last.month) == (1, 12):
            return str(first.year)
        if first.month == last.month:
            return f"{first:%B} {first.year}"
    return f"{show_day(from_day, today=today)} to {show_day(to_day, today=today)}"


def show_possible(first: int, last: int, *, today: int | None = None) -> str:
    """A day of which only the first and last it can be are known: ``March 2026``, ``2026``, ``between ... and ...``.

    A month or year that is not over yet ends with today.
    """
    whole = show_range(first, _end_of_span(first, last, today), today=today)
    if whole[:1].isdigit() or " to " not in whole:
        return whole
    return f"between {show_day(first, today=today)} and {show_day(last, today=today)}"


def _end_of_span(first: int, last: int, today: int | None) -> int:
    """The end of the month or year that begins on the first day, where today cut it off."""
    begin, end = date_of(first), date_of(last)
    if begin.day != 1 or begin.year != end.year:
        return last
    if begin.month == end.month:
        return day_of(end.replace(day=monthrange(end.year, end.month)[1]))
    return day_of(date(end.year, 12, 31)) if last == today and begin.month == 1 else last


def say_when(before: str, first: int, last: int, *, today: int | None = None) -> str:
    """The end of ``before`` and a day that is not known exactly, as a sentence goes on: ``on `` gives ``in March``."""
    words = show_possible(first, last, today=today)
    is_between = words.startswith("between ")
    named = re.search(r"(\w+) $", before)
    word = named.group(1).lower() if named else ""
    if word == "on":
        kept, on = before[:-3], before[-3:-1]
        into = "between" if is_between else "in"
        rest = words.removeprefix("between ")
        return f"{kept}{into.capitalize() if on == 'On' else into} {rest}"
    if word in _TAKES_A_DAY:
        return f"{before}{'a day ' if is_between else ''}{words}"
    return f"{before}{words}" if is_between or not word else f"{before}in {words}"


def show_time(at: int, zone: str) -> str:
    """The moment's time of day as the sender meant it: ``2:30 pm``."""
    moment = datetime.fromtimestamp(at + offset_seconds(zone), UTC)
    return f"{moment.hour % 12 or 12}:{moment.minute:02d} {'am' if moment.hour < 12 else 'pm'}"
