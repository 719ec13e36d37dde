"""The clock of a simulated house: all of the product asks ``timezone.now``, and here it is told what to answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time

from django.utils import timezone


@contextmanager
def clock_at(day: date, clock: str) -> Iterator[datetime]:
    """For the time of the block it is this moment, where the house stands. Only for a throw-away home."""
    moment = datetime.combine(day, time.fromisoformat(clock), timezone.get_default_timezone())
    real = timezone.now
    timezone.now = lambda: moment  # type: ignore[assignment]
    try:
        yield moment
    finally:
        timezone.now = real
