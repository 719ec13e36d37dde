"""How often somebody may do something, counted in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

MOST_KNOWN = 10_000


class Pace:
    """At most so many times in so many seconds, for each one that is counted."""

    def __init__(self, *, most: int, seconds: float) -> None:
        self.most = most
        self.seconds = seconds
        self._noted: dict[Hashable, deque[float]] = {}

    def is_spent(self, who: Hashable, now: float) -> bool:
        """Whether they have done it as often as they may."""
        times = self._noted.get(who)
        while times and now - times[0] > self.seconds:
            times.popleft()
        return times is not None and len(times) >= self.most

    def note(self, who: Hashable, now: float) -> None:
        """Count once more."""
        if len(self._noted) >= MOST_KNOWN:
            self._noted.clear()
        self._noted.setdefault(who, deque(maxlen=self.most)).append(now)

    def clear(self) -> None:
        """Forget everybody."""
        self._noted.clear()
