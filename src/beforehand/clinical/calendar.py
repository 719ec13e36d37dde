"""The calendar relation: what a date is, counted so that rules can join instead of calling date functions.

Calendar 1 holds the US federal holidays. An organisation's own holidays make another calendar, with a
``calendar_id`` of its own; each patient has a calendar.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterator
from datetime import date
from functools import lru_cache

import holidays

from beforehand.clinical.columns import Physical, Stored

FIRST_YEAR = 1890
LAST_YEAR = 2100
FEDERAL = 1  # calendar_id of the US federal holidays
EPOCH = date(1970, 1, 1).toordinal()

COLUMNS: tuple[Stored, ...] = (
    Stored("calendar_id", Physical.INTEGER, True, "which set of holidays; 1 is the US federal one"),
    Stored("day", Physical.INTEGER, True, "civil days since 1970-01-01"),
    Stored("year", Physical.INTEGER, True, "year"),
    Stored("month", Physical.INTEGER, True, "month of the year, 1 to 12"),
    Stored("day_of_month", Physical.INTEGER, True, "1 to 31"),
    Stored("days_in_month", Physical.INTEGER, True, "28 to 31"),
    Stored("month_index", Physical.INTEGER, True, "year * 12 + month - 1; add 24 to come two years later"),
    Stored("weekday", Physical.INTEGER, True, "0 is Monday, 6 is Sunday"),
    Stored("is_business", Physical.INTEGER, True, "1 when it is neither a weekend nor a holiday"),
    Stored("business_index", Physical.INTEGER, True, "business days up to and including this day"),
)

CalendarRow = tuple[int, int, int, int, int, int, int, int, int, int]


def day_number(day: date) -> int:
    """Civil days since 1970-01-01."""
    return day.toordinal() - EPOCH


@lru_cache(maxsize=1)
def federal_holidays() -> frozenset[date]:
    """US federal holidays, on the day they are observed."""
    return frozenset(holidays.country_holidays("US", years=range(FIRST_YEAR, LAST_YEAR + 1)))


def calendar_rows(
    calendar_id: int = FEDERAL,
    days_off: Collection[date] | None = None,
    *,
    first_year: int = FIRST_YEAR,
    last_year: int = LAST_YEAR,
) -> Iterator[CalendarRow]:
    """Rows of one calendar. ``days_off`` are an organisation's holidays beside weekends; federal ones when absent."""
    off = federal_holidays() if days_off is None else frozenset(days_off)
    business_index = 0
    ordinal = date(first_year, 1, 1).toordinal()
    for year in range(first_year, last_year + 1):
        for month in range(1, 13):
            days_in_month = monthrange(year, month)[1]
            for day_of_month in range(1, days_in_month + 1):
                weekday = (ordinal - 1) % 7
                is_business = int(weekday < 5 and date(year, month, day_of_month) not in off)
                business_index += is_business
                yield (
                    calendar_id,
                    ordinal - EPOCH,
                    year,
                    month,
                    day_of_month,
                    days_in_month,
                    year * 12 + month - 1,
                    weekday,
                    is_business,
                    business_index,
                )
                ordinal += 1
