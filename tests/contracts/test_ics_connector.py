"""Calendars become appointments: each occurrence once, in its own zone, across a clock change."""

import pytest

from beforehand.intake.connectors.errors import StopError
from beforehand.intake.connectors.ics.connector import items
from tests.contracts import connector_suite
from tests.contracts.connector_suite import suite_for


def calendar(*lines: str, method: str = "") -> bytes:
    event = ["BEGIN:VEVENT", "UID:a@x.example", "DTSTAMP:20260301T120000Z", *lines, "END:VEVENT"]
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//", *([f"METHOD:{method}"] if method else [])]
    return "\r\n".join([*head, *event, "END:VCALENDAR", ""]).encode()


START = "DTSTART;TZID=America/New_York:20260302T070000"

_Suite = suite_for(
    "ics",
    hostile={
        "every second": calendar(START, "RRULE:FREQ=SECONDLY"),
        "every second of a day": calendar(START, "RRULE:FREQ=DAILY;BYSECOND=" + ",".join(map(str, range(60)))),
        "since long ago": calendar("DTSTART:19000101T000000Z", "RRULE:FREQ=DAILY"),
        "never": calendar(START, "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        "nested": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 5000,
        "one long line": b"BEGIN:VCALENDAR\r\nX:" + b"y" * 7_000_000,
        "many dates": calendar(
            START, "RDATE:" + ",".join(f"2026{m:02}{d:02}T070000Z" for m in range(1, 13) for d in range(1, 29))
        ),
        "a zone whose name does not end": calendar(f"DTSTART;TZID=America/New_York{'x' * 5000}:20260302T070000"),
        "year zero": calendar("DTSTART:00000101T000000Z", "RRULE:FREQ=DAILY"),
        "the last year": calendar("DTSTART:99991231T235959Z", "DURATION:P9999999D"),
    },
)


class TestIcsConnector(_Suite):
    def test_every_item_of_a_sample_is_mapped_or_refused_with_a_reason(self) -> None:
        """A calendar does not say whose it is: what is booked waits for a person to file it."""
        for path in self.sample_files():
            fates = connector_suite.outcome_of(self.connector, path.read_bytes(), path.name)
            assert set(fates) == {"set aside: Appointment.participant", "The event says no start."}


def test_a_series_stays_at_seven_in_the_morning_when_the_clocks_change():
    found = [item.resource["start"] for item in items(calendar(START, "RRULE:FREQ=WEEKLY;COUNT=2"))]
    assert found == ["2026-03-02T07:00:00-05:00", "2026-03-09T07:00:00-04:00"]


def test_an_event_sent_again_has_the_same_id_and_may_be_cancelled():
    (first,), (again,) = (list(items(calendar(START, method=method))) for method in ("", "CANCEL"))
    assert first.resource["id"] == again.resource["id"]
    assert (first.resource["status"], again.resource["status"]) == ("booked", "cancelled")


def test_a_day_without_a_time_stays_a_day():
    (item,) = items(calendar("DTSTART;VALUE=DATE:20260420", "DTEND;VALUE=DATE:20260421"))
    assert item.resource["start"] == "2026-04-20"
    assert "end" not in item.resource


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["SUMMARY:x"], "says no start"),
        ([START, "DTEND;TZID=America/New_York:20260301T070000"], "ends before it begins"),
        ([START, "DTEND;VALUE=DATE:20260303"], "begins at a time and ends on a day"),
        ([START, "RRULE:FREQ=HOURLY"], "several times a day"),
        (["DTSTART:20200101T070000Z", "RRULE:FREQ=DAILY;COUNT=3"], "No occurrence"),
    ],
)
def test_an_event_that_cannot_be_booked_says_why(lines, reason):
    (item,) = items(calendar(*lines))
    assert reason in item.error.reason
    assert item.error.place == "event 1"


def test_a_calendar_without_events_is_refused():
    with pytest.raises(StopError, match="no events"):
        list(items(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"))


@pytest.mark.parametrize(
    "lines",
    [
        [b"BEGIN:VCALENDAR", b"BEGIN:VEVENT", b"UID:1", b"END:VEVENT", b"END:VEVENT", b"BEGIN:VEVENT", b"END:VEVENT"],
        [
            b"BEGIN:VCALENDAR",
            b"END:VCALENDAR",
            b"BEGIN:VEVENT",
            b"UID:1",
            b"END:VEVENT",
            b"BEGIN:VEVENT",
            b"END:VEVENT",
        ],
        [b"BEGIN:VCALENDAR", b"BEGIN:VEVENT\r", b"UID:1", b"END:VEVENT", b"BEGIN:VEVENT", b"END:VEVENT"],
        [b"BEGIN:VCALENDAR", b"BEGIN:VEVENT", b"UID:1", b"BEGIN:VEVENT", b"END:VEVENT", b"END:VCALENDAR"],
    ],
)
def test_an_event_that_stands_where_none_should_is_not_dropped(lines: list[bytes]) -> None:
    try:
        found = list(items(b"\r\n".join(lines) + b"\r\n"))
    except StopError:
        return  # the whole is refused, with a reason
    assert len({item.unit for item in found}) == 2
