"""An organisation's own holidays: a calendar of its own, which its patients then follow."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from django.db import transaction

from beforehand.clinical.calendar import FEDERAL, FIRST_YEAR, LAST_YEAR, federal_holidays
from beforehand.lookahead.house import analyze, load_calendar
from beforehand.record.access import RUN_RULES, Principal, require
from beforehand.record.audit import CHANGE, audited
from beforehand.record.models import HouseSetting, Patient

HOUSE = 2  # calendar_id of the organisation's own calendar
SETTING = "holidays"


class HolidayFileError(ValueError):
    """A line of the file is no date; names the line."""


def read_holidays(path: Path) -> list[tuple[date, str]]:
    """Lines of ``2026-11-27,Day after Thanksgiving``; the name may be left out."""
    found = []
    with path.open(newline="") as stream:
        for number, row in enumerate(csv.reader(stream), start=1):
            if not row or not row[0].strip() or row[0].lstrip().startswith("#") or row[0].strip().lower() == "date":
                continue
            try:
                day = date.fromisoformat(row[0].strip())
            except ValueError:
                raise HolidayFileError(
                    f"line {number}: write the date as 2026-11-27, then a comma and a name"
                ) from None
            if not FIRST_YEAR <= day.year <= LAST_YEAR:
                raise HolidayFileError(f"line {number}: the year lies outside {FIRST_YEAR} to {LAST_YEAR}")
            found.append((day, row[1].strip() if len(row) > 1 else ""))
    return found


def house_holidays() -> list[tuple[date, str]]:
    """The organisation's own holidays, on top of the federal ones."""
    stored = HouseSetting.objects.filter(name=SETTING).values_list("value", flat=True).first() or []
    return [(date.fromisoformat(day), name) for day, name in stored]


@transaction.atomic
def set_holidays(*, days: Sequence[tuple[date, str]], by: Principal, reason: str = "") -> bool:
    """Let business days skip these days as well as the federal ones; True when that changed anything.

    Rules that count business days have another digest from then on, so the next sweep runs them again.
    """
    require(by, RUN_RULES)
    HouseSetting.objects.update_or_create(
        name=SETTING, defaults={"value": [[day.isoformat(), name] for day, name in sorted(days)]}
    )
    calendar_id = HOUSE if days else FEDERAL
    HouseSetting.objects.update_or_create(name="calendar_id", defaults={"value": calendar_id})  # for new people
    changed = bool(days) and load_calendar(HOUSE, "Holidays of this organisation", _all_off(day for day, _ in days))
    moved = Patient.unscoped.exclude(calendar_id=calendar_id).update(calendar_id=calendar_id)
    if changed:
        analyze()
    audited(by, "set_holidays", access=CHANGE, reason=f"{len(days)} days. {reason}")
    return changed or bool(moved)


def _all_off(days: Iterable[date]) -> list[date]:
    return sorted({*federal_holidays(), *days})
