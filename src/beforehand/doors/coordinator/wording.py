"""Days, times and numbers as pages say them: with the weekday, singular for one."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from beforehand.clinical.times import date_of, day_of, show_day, show_possible


def today() -> int:
    """The day pages show, in the installation's own zone."""
    return day_of(timezone.localdate())


def day_words(day: int | None, *, now: int | None = None, nothing: str = "no date") -> str:
    """``Fri, Dec 4``; with the year when it is another year than now's."""
    return nothing if day is None else show_day(day, today=now if now is not None else today())


def span_words(day: int, until: int | None, *, now: int) -> str:
    """``Fri, Dec 4``; ``March 2026`` or ``between ... and ...`` when ``until`` is the last day it can be."""
    return day_words(day, now=now) if until is None else show_possible(day, until, today=now)


def date_words(day: int | None, *, nothing: str = "unknown") -> str:
    """A birth date or other far day: ``Mar 3, 1945``."""
    if day is None:
        return nothing
    date = date_of(day)
    return f"{date:%b} {date.day}, {date.year}"


def iso(day: int | None) -> str:
    """``2026-12-04`` for machines and date fields."""
    return "" if day is None else date_of(day).isoformat()


def moment_words(at: datetime | None, *, nothing: str = "not yet") -> str:
    """``Mon, Nov 30, 4:52 pm``."""
    if at is None:
        return nothing
    local = timezone.localtime(at)
    return f"{day_words(day_of(local.date()))}, {clock_words(at)}"


def clock_words(at: datetime) -> str:
    """``4:52 pm``."""
    local = timezone.localtime(at)
    return f"{local.hour % 12 or 12}:{local.minute:02} {'am' if local.hour < 12 else 'pm'}"


def count_words(number: int, one: str, many: str | None = None) -> str:
    """``1 person``, ``14 people``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def long_day(day: int) -> str:
    """The heading of a day's list: ``Tuesday, December 1``."""
    date = date_of(day)
    return f"{date:%A}, {date:%B} {date.day}"
