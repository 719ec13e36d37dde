"""Days of the world: holidays, working days, and moments with the offset that is in force where its people live."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
MONDAY, THURSDAY = 0, 3


def _nth(year: int, month: int, weekday: int, place: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (place - 1))


def _kept(day: date) -> date:
    """A holiday on a Saturday is kept on the Friday before, on a Sunday on the Monday after."""
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


@lru_cache
def holidays(year: int) -> frozenset[date]:
    """The federal holidays of the United States on which offices are closed."""
    last_of_may = date(year, 5, 31)
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    return frozenset(
        [_kept(day) for day in [*fixed, date(year + 1, 1, 1)]]
        + [
            _nth(year, 1, MONDAY, 3),
            _nth(year, 2, MONDAY, 3),
            last_of_may - timedelta(days=last_of_may.weekday()),
            _nth(year, 9, MONDAY, 1),
            _nth(year, 10, MONDAY, 2),
            _nth(year, 11, THURSDAY, 4),
        ]
    )


def is_working(day: date) -> bool:
    """Monday to Friday and no holiday."""
    return day.weekday() < 5 and day not in holidays(day.year)


def working_days_after(day: date, count: int) -> date:
    """The day so many working days later."""
    while count:
        day += timedelta(days=1)
        count -= is_working(day)
    return day


def next_working(day: date) -> date:
    """The day itself, or the first working day after it."""
    return day if is_working(day) else working_days_after(day, 1)


@lru_cache(maxsize=2000)
def clock_change(day: date) -> bool:
    """Whether the clocks are changed on that day."""
    before, after = (datetime.combine(day, time(hour), ZONE).utcoffset() for hour in (0, 23))
    return before != after


def next_clock_change(day: date) -> date:
    """The first day from then on on which the clocks are changed."""
    while not clock_change(day):
        day += timedelta(days=1)
    return day


def at(day: date, clock: str) -> str:
    """A moment as most senders write it: local time with its offset."""
    return datetime.combine(day, time.fromisoformat(clock), ZONE).isoformat()


def in_utc(day: date, clock: str) -> str:
    """The same moment as a sender writes it that thinks in universal time."""
    moment = datetime.combine(day, time.fromisoformat(clock), ZONE).astimezone(UTC)
    return moment.isoformat().replace("+00:00", "Z")


def years_before(day: date, years: int) -> date:
    """The same day of an earlier year; 28 February where there is no 29th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
