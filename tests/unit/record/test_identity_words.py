"""What the review page says of two records. Pure: no database."""

from __future__ import annotations

import pytest

from beforehand.doors.coordinator.present_match import compared, lead
from beforehand.record.matching_compare import Comparison


def found(**levels: str) -> Comparison:
    return Comparison({kind.replace("_", " "): level for kind, level in levels.items()})


NAMES = {"family_name": "same", "given_name": "same"}


@pytest.mark.parametrize(
    ("comparison", "said"),
    [
        (
            found(birth_date="swapped", **NAMES),
            "because the birth dates differ and they share no number. Day and month may be swapped.",
        ),
        (
            found(birth_date="same", identifier="near", number_of_one_kind="near", **NAMES),
            "because their own numbers (social security or chart) differ by a slip.",
        ),
        (
            found(birth_date="same", identifier="same", family_name="same", given_name="short form"),
            "because the given names differ. One given name is a form of the other.",
        ),
        (found(birth_date="same", identifier="same", **NAMES), "because one of them fits another record as well."),
        (found(identifier="same", **NAMES), "because a birth date is missing."),
    ],
)
def test_page_says_why_two_records_were_not_joined(comparison: Comparison, said: str) -> None:
    assert lead(comparison, is_one_source=False, state="OPEN") == f"We did not join them, {said}"


def test_doubted_link_says_what_has_changed() -> None:
    words = lead(found(birth_date="near", **NAMES), is_one_source=False, state="DOUBT")
    assert words == "We joined them when they agreed. Since then the birth dates differ. It may be a slip."


def test_only_what_differs_is_marked_and_another_way_of_writing_is_the_same() -> None:
    left = {"Born": "Feb 8, 1944", "Phone": "(617) 555-0142", "Family name": "O'Brien", "E-mail": ""}
    right = {"Born": "Aug 2, 1944", "Phone": "617-555-0142", "Family name": "OBRIEN", "E-mail": "a@b.example"}
    levels = found(birth_date="swapped", phone="same", family_name="same")
    rows = {row["label"]: row for row in compared(left, right, levels)}
    assert list(rows) == ["Born", "E-mail", "Phone", "Family name"]
    assert rows["Born"]["left"] == [("Feb 8,", True), ("1944", False)]
    assert [row["word"] for row in rows.values()] == ["Alike", "Unknown", "Same", "Same"]
