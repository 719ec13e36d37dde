"""Clinical times: partial dates keep their precision, and a day is the day the sender meant."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beforehand.clinical.times import (
    When,
    WhenError,
    date_of,
    day_of,
    instant_millis,
    parse_when,
    say_when,
    show_day,
    show_possible,
    show_range,
    show_time,
)


def test_a_day_is_one_day():
    day = day_of(date(2024, 3, 5))
    assert parse_when("2024-03-05") == When(day, day, None, "", "day")


def test_a_month_keeps_its_precision_and_spans_all_its_days():
    when = parse_when("2024-02")
    assert (date_of(when.from_day), date_of(when.to_day)) == (date(2024, 2, 1), date(2024, 2, 29))
    assert when.precision == "month"


def test_a_year_spans_all_its_days():
    when = parse_when("2023")
    assert (date_of(when.from_day), date_of(when.to_day)) == (date(2023, 1, 1), date(2023, 12, 31))
    assert when.precision == "year"


def test_a_time_late_in_the_evening_stays_on_the_senders_day():
    when = parse_when("2024-03-05T23:30:00-05:00")
    assert date_of(when.from_day) == date(2024, 3, 5)
    assert when.at == int(datetime(2024, 3, 6, 4, 30, tzinfo=UTC).timestamp())
    assert when.zone == "-05:00"
    assert when.precision == "second"


def test_equal_moments_in_two_zones_have_equal_seconds_and_their_own_days():
    east, west = parse_when("2024-03-06T04:30:00Z"), parse_when("2024-03-05T20:30:00-08:00")
    assert east.at == west.at
    assert east.from_day == west.from_day + 1


def test_a_time_without_offset_is_read_in_the_sources_home_zone():
    summer = parse_when("2024-07-05T02:00:00", "America/New_York")
    assert summer.zone == "-04:00"
    assert summer.at == int(datetime(2024, 7, 5, 6, 0, tzinfo=UTC).timestamp())


def test_a_time_without_offset_or_home_zone_keeps_its_day_and_claims_no_moment():
    when = parse_when("2024-07-05T02:00:00")
    assert (when.at, when.zone, date_of(when.from_day)) == (None, "", date(2024, 7, 5))


def test_a_time_to_the_minute_says_so():
    assert parse_when("2024-07-05T02:00Z").precision == "minute"


def test_fractions_of_a_second_are_not_kept_in_the_time_but_order_versions():
    assert parse_when("2024-07-05T02:00:00.987Z").at == parse_when("2024-07-05T02:00:00Z").at
    assert instant_millis("2024-07-05T02:00:00.987Z") - instant_millis("2024-07-05T02:00:00Z") == 987
    assert instant_millis("2024-07-05T02:00:00.5Z") - instant_millis("2024-07-05T02:00:00Z") == 500


@pytest.mark.parametrize(
    "text",
    [
        "", "20240305", "2024-3-5", "2024-13", "2024-02-30", "2023-02-29", "2024-00-10", "05.03.2024", "2024-03-05T",
        "2024-03-05 10:00:00Z", "2024-03-05T24:00:00Z", "2024-03-05T10:60:00Z", "2024-03-05T10:00:00+15:00",
        "2024-03-05T10:00:00-0500", "2024-03-05T10:00:00 Z", "2024-W10", "2024-03T10:00:00Z",
        "\uff12\uff10\uff12\uff14", "2024-03-05T1:00:00Z",
    ],
)  # fmt: skip
def test_what_is_no_fhir_time_is_refused(text):
    with pytest.raises(WhenError):
        parse_when(text)


@pytest.mark.parametrize("text", ["1889-12-31", "2101-01-01", "0001", "9999-12-31", "1889", "2101-01"])
def test_years_beyond_the_calendar_are_refused(text):
    with pytest.raises(WhenError, match="1890 to 2100"):
        parse_when(text)


@pytest.mark.parametrize("text", ["1890-01-01", "2100-12-31", "1890", "2100-12"])
def test_the_first_and_last_year_of_the_calendar_are_read(text):
    assert parse_when(text).from_day is not None


def test_a_refusal_holds_no_value():
    with pytest.raises(WhenError) as refusal:
        parse_when("Jane Doe 1950")
    assert "Jane" not in str(refusal.value)


@given(st.dates(date(1890, 1, 1), date(2100, 12, 31)))
def test_every_day_of_the_calendar_is_read_as_itself(day):
    when = parse_when(day.isoformat())
    assert (date_of(when.from_day), date_of(when.to_day)) == (day, day)
    assert day_of(day) == when.from_day


@given(
    st.datetimes(datetime(1890, 1, 2), datetime(2100, 12, 30)),
    st.integers(-14 * 60, 14 * 60),
)
def test_every_moment_agrees_with_the_standard_library(moment, minutes):
    moment = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    when = parse_when(moment.isoformat())
    assert when.at == int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    assert date_of(when.from_day) == moment.date()


@given(st.text(max_size=30))
def test_no_text_does_worse_than_be_refused(text):
    try:
        when = parse_when(text)
    except WhenError:
        return
    assert when.from_day <= when.to_day


def test_days_are_shown_with_their_weekday():
    day = day_of(date(2026, 12, 4))
    assert show_day(day) == "Fri, Dec 4"
    assert show_day(day, today=day - 30) == "Fri, Dec 4"
    assert show_day(day, today=day + 60) == "Fri, Dec 4, 2026"


def test_partial_dates_are_shown_no_finer_than_they_were_said():
    assert show_range(*parse_when("2024-03")[:2]) == "March 2024"
    assert show_range(*parse_when("2024")[:2]) == "2024"
    assert show_range(None, None) == ""
    assert show_range(*parse_when("2024-03-05")[:2]) == "Tue, Mar 5"


def test_a_moment_is_shown_in_the_senders_clock():
    when = parse_when("2024-03-05T14:30:00-05:00")
    assert show_time(when.at, when.zone) == "2:30 pm"
    assert show_time(parse_when("2024-03-05T00:05:00Z").at, "Z") == "12:05 am"


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-03-01", "2026-03-31", "March 2026"),
        ("2026-11-01", "2026-11-23", "November 2026"),  # what happened, did by today
        ("2025-01-01", "2025-12-31", "2025"),
        ("2026-01-01", "2026-11-23", "2026"),
        ("2026-01-01", "2026-05-31", "between Thu, Jan 1 and Sun, May 31"),
        ("2026-03-30", "2026-04-29", "between Mon, Mar 30 and Wed, Apr 29"),
        ("2025-12-02", "2026-01-01", "between Tue, Dec 2, 2025 and Thu, Jan 1"),
    ],
)
def test_a_day_that_is_not_known_exactly_is_shown_as_its_month_or_between_its_ends(first, last, words):
    today = day_of(date(2026, 11, 23))
    assert show_possible(day_of(date.fromisoformat(first)), day_of(date.fromisoformat(last)), today=today) == words


@pytest.mark.parametrize(
    ("before", "month", "between"),
    [
        ("Taken on ", "Taken in March 2026", "Taken between Sun, Mar 1 and Thu, Apr 2"),
        ("On ", "In March 2026", "Between Sun, Mar 1 and Thu, Apr 2"),
        ("It ends ", "It ends in March 2026", "It ends between Sun, Mar 1 and Thu, Apr 2"),
        ("due by ", "due by March 2026", "due by a day between Sun, Mar 1 and Thu, Apr 2"),
        ("Last one: ", "Last one: March 2026", "Last one: between Sun, Mar 1 and Thu, Apr 2"),
        ("", "March 2026", "between Sun, Mar 1 and Thu, Apr 2"),
    ],
)
def test_such_a_day_goes_on_with_the_sentence(before, month, between):
    first = day_of(date(2026, 3, 1))
    assert say_when(before, first, first + 30, today=first) == month
    assert say_when(before, first, first + 32, today=first) == between
