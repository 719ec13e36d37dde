"""What a rule says, put into words."""

from typing import ClassVar

import pytest

from beforehand.lookahead.engines.answers import write_ranges
from beforehand.lookahead.words import fill, possible_days, show


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("bmi", "30.23459151695847", "30.23"),
        ("value", "1.23456789 mg/dL", "1.23 mg/dL"),
        ("value", "0.00045678 ng/mL", "0.00046 ng/mL"),
        ("value", "0.000000", "0.00"),
        ("value", "0.0040 ng/mL", "0.0040 ng/mL"),
        ("value", "7.4 %", "7.4 %"),
        ("where", "1.2.840.113619.12345678", "1.2.840.113619.12345678"),
        ("last_on", None, "none on record"),
        ("prescriber", None, "not said"),
        ("booked", "", ""),
        ("due_cents", -123456, "-$1,234.56"),
        ("steps", 12000, "12,000"),
    ],
)
def test_what_is_said_is_shown_as_people_write_it(name: str, value: str | int | None, words: str) -> None:
    assert show(name, value) == words


class _Finding:
    """A finding of a day known by its month."""

    rule_id, status, missing = "r", "DUE", ""
    opens_on, due_on, lapses_on, recheck_on = 20513, 20878, None, None
    say: ClassVar = {
        "say_last_on": 20513, "say_days": 10, "say_test": "A1c",
        "vague_days": write_ranges({"due_on": (20878, 20908), "say_days": (10, 40), "say_last_on": (20513, 20543)}),
    }  # fmt: skip


def test_a_day_known_by_its_month_is_told_as_its_month_and_what_is_reckoned_from_it_by_its_ends() -> None:
    text = (
        "{test} of {patient}: last on {last_on}, {days} days ago. Done since {last_on}? Opened {opens_on};"
        " due {due_on}."
    )
    assert fill(text, _Finding(), patient="Ann", today=20553) == (
        "A1c of Ann: last in March 2026, 10 to 40 days ago. Done since March 2026? Opened Sun, Mar 1;"
        " due in March 2027."
    )
    assert possible_days(_Finding(), "due_on") == (20878, 20908)
    assert possible_days(_Finding(), "opens_on") is None
