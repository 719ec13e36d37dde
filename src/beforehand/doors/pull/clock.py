"""Time as this door knows it, handed in so that a test need not wait."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


class Clock:
    """The time of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


LONGEST_WAIT = 24 * 3600.0  # a server that names a longer one is asked again the next day


def told_to_wait(retry_after: str | None, now: datetime) -> float | None:
    """Seconds a server asks us to wait (``Retry-After``, RFC 9110: seconds or a date); None when it does not say."""
    said = (retry_after or "").strip()
    if not said:
        return None
    if said.isascii() and said.isdigit():
        return min(float(said[:12]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(said)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now) / timedelta(seconds=1), 0.0), LONGEST_WAIT)
