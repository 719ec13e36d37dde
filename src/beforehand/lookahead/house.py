"""What the engines lean on besides facts: the calendar, the value sets, the knowledge; made ready once a process."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection
from datetime import date
from functools import lru_cache

from django.db import connection, transaction

from beforehand.clinical import knowledge
from beforehand.clinical.calendar import FEDERAL, calendar_rows, federal_holidays
from beforehand.lookahead.library import LOOK_AGAIN, CheckedQuery, Library, know_value_sets, library
from beforehand.lookahead.models import CalendarDay, CalendarState
from beforehand.record.knowledge import load_knowledge
from beforehand.record.models import ValueSet
from beforehand.record.store.rows import fetch, insert_rows, table_of
from beforehand.record.valuesets import load_shipped

_COLUMNS = [
    "calendar_id",
    "day",
    "year",
    "month",
    "day_of_month",
    "days_in_month",
    "month_index",
    "weekday",
    "is_business",
    "business_index",
]
_READY: dict[str, tuple[Library, float]] = {}  # database -> its library, and when its value sets were read


def make_ready() -> Library:
    """Bring calendar, value sets and knowledge of this database up to date; the library of rules that may run."""
    found = library()
    last = _READY.get(_database())
    if last is None or last[0] is not found or not calendar_is_loaded(FEDERAL):
        changed = load_calendar(FEDERAL, "US federal holidays", None)
        load_shipped()
        changed |= bool(load_knowledge())
        if changed:
            analyze()
    elif time.monotonic() - last[1] < LOOK_AGAIN:
        return found
    know_value_sets(set(ValueSet.objects.values_list("name", flat=True)) - set(found.value_sets))
    found = library()
    _READY[_database()] = (found, time.monotonic())
    return found


def calendar_is_loaded(calendar_id: int) -> bool:
    """Whether this database holds the calendar; asked at every run, since a test or a restore may have emptied it."""
    return bool(fetch(f"select 1 from {table_of(CalendarState)} where calendar_id = %s", [calendar_id]))  # noqa: S608


def _database() -> str:
    return str(connection.settings_dict["NAME"])


@lru_cache(maxsize=1)
def federal_digest() -> str:
    """Digest of the federal holidays known to us."""
    return hashlib.sha256(repr(sorted(federal_holidays())).encode()).hexdigest()


def load_calendar(calendar_id: int, name: str, days_off: Collection[date] | None) -> bool:
    """Store a calendar with an organisation's holidays (federal ones when None); true when it changed."""
    digest = federal_digest() if days_off is None else hashlib.sha256(repr(sorted(days_off)).encode()).hexdigest()
    if CalendarState.objects.filter(pk=calendar_id, digest=digest).exists():
        return False
    with transaction.atomic():
        CalendarDay.objects.filter(calendar_id=calendar_id).delete()
        insert_rows("calendar", _COLUMNS, calendar_rows(calendar_id, days_off))
        CalendarState.objects.update_or_create(calendar_id=calendar_id, defaults={"name": name, "digest": digest})
    return True


def analyze() -> None:
    """Tell PostgreSQL's planner how large calendar and knowledge are. SQLite plans steadier untold: see memory.py."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for table in ("calendar", "value_set_code", *(f"k_{name}" for name in knowledge.RELATIONS)):
            cursor.execute(f"analyze {table}")


def digest_of(checked: CheckedQuery) -> str:
    """Digest of everything besides facts that a query's answers rest on."""
    sets = dict(ValueSet.objects.filter(name__in=checked.value_sets()).values_list("name", "digest"))
    stored = checked.stored()
    parts = [checked.query.text_digest, repr(sorted(sets.items()))]
    parts += [f"{name}:{knowledge.digest(name)}" for name in sorted(stored) if name in knowledge.RELATIONS]
    if "calendar" in stored:
        parts.append(repr(sorted(CalendarState.objects.values_list("calendar_id", "digest"))))
    parts += [view_digest(name) for name in sorted(checked.views())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@lru_cache(maxsize=512)
def first_digest(checked: CheckedQuery) -> str:
    """The digest of a query that never swept: reckoned once a process, since the first sweep settles it."""
    return digest_of(checked)


@lru_cache(maxsize=256)
def view_digest(name: str) -> str:
    """Digest of a clinical view's text."""
    from_view = CheckedQuery.view_text(name)
    return f"{name}:{hashlib.sha256(from_view.encode()).hexdigest()}"
