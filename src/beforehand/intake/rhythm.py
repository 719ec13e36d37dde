"""When each source usually speaks, learned from its own arrivals, and which of them have fallen silent.

A feed that speaks every hour of working days is missed within hours on a Tuesday and not at all on a Sunday; a file
that comes each Monday is missed when it is half a week late.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from django.utils import timezone

from beforehand.intake.store.rhythm import hours_heard

HOUR = 3600
WEEK = 168  # hours
LOOKED_AT = timedelta(weeks=8)
WEEKS_TO_KNOW = 3  # before that, hours of the week say nothing
UNLIKELY = 1e-4  # a silence this unlikely, hour by hour, is no chance
TIMES_LONGEST = 1.5  # or one this much longer than any before
BURSTS_TO_JUDGE = 4  # fewer say nothing about how often a source sends
DAYS_TO_JUDGE = 4
QUIET_AT_LEAST = timedelta(days=3)  # where little is known
QUIET_TIMES = 3


def silent_sources(now: datetime) -> dict[int, datetime]:
    """Sources that have fallen silent against their own rhythm, and when they were last heard."""
    heard = hours_heard(now - LOOKED_AT, now)
    silent = {source: _moment(hours[-1]) for source, hours in heard.items() if _is_silent(hours, now)}
    unheard = hours_heard(now - 2 * LOOKED_AT, now - LOOKED_AT)  # who was regular and is gone for two months
    silent |= {
        source: _moment(hours[-1])
        for source, hours in unheard.items()
        if source not in heard and _is_silent(hours, now)
    }
    return silent


def _moment(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * HOUR, UTC)


def _is_silent(hours: list[int], now: datetime) -> bool:
    """Whether a source heard in these hours (since 1970, rising) would have been heard again by now."""
    this = int(now.timestamp()) // HOUR
    silence = this - hours[-1]
    if silence < 2:
        return False
    if hours[-1] - hours[0] >= WEEKS_TO_KNOW * WEEK and _unlikely(hours, this):
        return True
    gaps = [later - earlier for earlier, later in pairwise(hours) if later - earlier > 1]
    if len(gaps) >= BURSTS_TO_JUDGE and hours[-1] - hours[0] >= WEEKS_TO_KNOW * WEEK:
        return silence > TIMES_LONGEST * max(gaps) and silence >= 24
    days = {timezone.localtime(_moment(hour)).date() for hour in hours}
    if len(days) < DAYS_TO_JUDGE:
        return False
    pause = (hours[-1] - hours[0]) / (len(days) - 1)
    return silence * HOUR > QUIET_AT_LEAST.total_seconds() and silence > QUIET_TIMES * pause


def _unlikely(hours: list[int], this: int) -> bool:
    """Whether the silence since the last hour heard is too unlikely, by how often each hour of the week was heard."""
    zone = timezone.get_current_timezone()
    weeks = (hours[-1] - hours[0]) / WEEK
    times: dict[int, int] = defaultdict(int)
    for hour in hours:
        times[_of_week(hour, zone)] += 1
    chance = 1.0
    for hour in range(hours[-1] + 1, min(this, hours[-1] + 2 * WEEK)):  # the hour that runs now may still be heard
        usual = min(times[_of_week(hour, zone)], weeks) / (weeks + 0.5)
        chance *= 1 - usual
        if chance < UNLIKELY:
            return True
    return False


def _of_week(hour: int, zone: object) -> int:
    """The hour of the week where the house stands: feeds keep to clocks and working days."""
    local = timezone.localtime(_moment(hour))
    return local.weekday() * 24 + local.hour
