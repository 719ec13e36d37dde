"""A source that falls silent is missed by its own rhythm, not by a clock that is the same for all."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from beforehand.intake.ledger import source_named
from beforehand.intake.rhythm import silent_sources
from beforehand.record.models import Message

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 9, 7, 4, tzinfo=UTC)  # midnight in New York; no clock changes until November
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
LAST = MONDAY + 6 * WEEK  # the Monday on which the feed falls silent, or not


def heard(moments: Iterator[datetime], name: str = "feed") -> int:
    source = source_named(name)
    Message.objects.bulk_create(
        Message(source=source, digest="x", size=1, format="fhir", state="APPLIED", received_at=at) for at in moments
    )
    return int(source.pk)


def every(step: timedelta, until: datetime, start: datetime = MONDAY) -> Iterator[datetime]:
    at = start
    while at < until:
        yield at
        at += step


def working_hours(until: datetime) -> Iterator[datetime]:
    """Each hour from eight to six, Monday to Friday."""
    return (at for at in every(HOUR, until) if (at - MONDAY).days % 7 < 5 and 8 <= (at - MONDAY).seconds // 3600 < 18)


def is_missed(at: datetime) -> bool:
    return bool(silent_sources(at))


def test_a_feed_that_always_speaks_is_missed_within_hours() -> None:
    source = heard(every(HOUR, LAST))
    assert not is_missed(LAST + HOUR)
    assert silent_sources(LAST + 8 * HOUR).keys() == {source}


def test_a_feed_of_working_hours_is_not_missed_over_the_weekend_but_on_monday_afternoon() -> None:
    heard(working_hours(LAST))
    assert not any(is_missed(at) for at in every(3 * HOUR, LAST + 8 * HOUR, LAST - 2 * DAY))
    assert is_missed(LAST + 16 * HOUR)


def test_a_weekly_file_is_missed_when_it_is_half_a_week_late() -> None:
    heard(every(WEEK, LAST))
    assert not is_missed(LAST + 2 * DAY)  # two days late
    assert is_missed(LAST + 5 * DAY)


def test_it_is_no_longer_missed_once_it_speaks_again() -> None:
    heard(every(HOUR, LAST))
    assert is_missed(LAST + DAY)
    heard(iter([LAST + DAY]))
    assert not is_missed(LAST + DAY + HOUR)


def test_a_source_of_which_little_is_known_is_not_missed_soon() -> None:
    heard(iter([LAST, LAST + DAY]), "twice")
    heard(iter([LAST]), "once")
    assert not is_missed(LAST + 10 * DAY)
    heard(every(DAY, LAST + 5 * DAY, LAST), "five days")
    assert not is_missed(LAST + 6 * DAY)
    assert is_missed(LAST + 9 * DAY)


def test_who_was_regular_and_is_gone_for_months_is_still_missed() -> None:
    heard(every(HOUR, LAST, LAST - 4 * WEEK))
    assert is_missed(LAST + 9 * WEEK)


def test_what_was_refused_is_no_sign_of_life() -> None:
    heard(every(HOUR, LAST))
    Message.objects.create(
        source=source_named("feed"), digest="", size=0, format="", state="REFUSED", received_at=LAST + DAY
    )
    assert is_missed(LAST + DAY + HOUR)
