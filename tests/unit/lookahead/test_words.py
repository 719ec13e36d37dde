"""What a rule says, put into words."""

import pytest

from beforehand.lookahead.words import show


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
