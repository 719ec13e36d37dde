"""Days of a story, counted from the day the demo is opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class Days:
    """Dates relative to ``today``; weekdays so that a story's Friday is always a Friday."""

    today: date

    def ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def ahead(self, days: int) -> date:
        return self.today + timedelta(days=days)

    def next_weekday(self, weekday: int, at_least: int = 1) -> date:
        """The next Monday=0 … Sunday=6 that is at least so many days away."""
        first = self.ahead(at_least)
        return first + timedelta(days=(weekday - first.weekday()) % 7)

    def business_ago(self, days: int) -> date:
        """So many business days back, holidays not counted as special (a demo needs no exact holiday)."""
        day = self.today
        while days:
            day -= timedelta(days=1)
            days -= day.weekday() < 5
        return day

    def years_old(self, years: int, days: int = 40) -> date:
        """A birth date that makes somebody so many years old, with the birthday so many days ago."""
        birthday = self.ago(days)
        try:
            return birthday.replace(year=birthday.year - years)
        except ValueError:  # 29 February
            return birthday.replace(year=birthday.year - years, day=28)

    @staticmethod
    def at(day: date, clock: str) -> str:
        """A FHIR dateTime with the offset in force that day: ``2026-11-27T15:10:00-05:00``."""
        hour, minute = (int(part) for part in clock.split(":"))
        return datetime.combine(day, time(hour, minute), ZONE).isoformat()
