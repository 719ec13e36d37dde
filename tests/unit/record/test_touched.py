"""A mark says of a patient what changed: whole tables, or the codes of facts that were only added."""

from __future__ import annotations

import pytest
from django.utils import timezone

from beforehand.clinical.fhir import value_columns
from beforehand.record.models import DirtyPatient
from beforehand.record.store.touched import MANY, Touched, joined, mark_dirty, marked_among, read_mark, unmark

ANN, BEN = 1, 2


def _observation(code: int | None) -> list[object]:
    return [code if name == "code" else None for name in value_columns("observation")]


def test_facts_that_were_only_added_are_named_by_their_codes() -> None:
    touched = Touched()
    touched.note_added(ANN, "observation", _observation(812))
    touched.note_added(ANN, "observation", _observation(None))
    touched.note_added(ANN, "goal", [None] * len(value_columns("goal")))
    touched.note(BEN, {"patient"})
    assert touched.tables == {ANN: {"observation", "goal"}, BEN: {"patient"}}
    assert touched.marks()[ANN] >= {"observation:812", "observation:"}
    assert touched.marks()[BEN] == {"patient"}


def test_a_table_where_anything_else_happened_is_named_as_a_whole() -> None:
    touched = Touched()
    touched.note_added(ANN, "observation", _observation(812))
    touched.note(ANN, {"observation"})  # a version before was taken out
    assert touched.marks() == {ANN: {"observation"}}


def test_many_codes_are_a_whole_table() -> None:
    touched = Touched()
    for code in range(1, MANY + 2):
        touched.note_added(ANN, "observation", _observation(code))
    assert touched.marks() == {ANN: {"observation"}}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", None),
        ("observation", {"observation": None}),
        ("observation:812 observation:", {"observation": frozenset({812, 0})}),
        ("observation:812 observation", {"observation": None}),
        ("observation observation:812", {"observation": None}),
        ("goal observation:7", {"goal": None, "observation": frozenset({7})}),
    ],
)
def test_a_mark_is_read_as_it_was_meant(words: str, said: object) -> None:
    assert read_mark(words) == said


def test_marks_together_say_what_each_of_them_says() -> None:
    assert joined([read_mark("observation:1"), read_mark("observation:2 goal")]) == {
        "observation": frozenset({1, 2}),
        "goal": None,
    }
    assert joined([read_mark("observation:1"), None]) is None


@pytest.mark.django_db
def test_a_mark_grows_until_the_rules_have_run() -> None:
    mark_dirty({ANN: {"observation:1"}, BEN: {"observation:1"}}, timezone.now())
    mark_dirty({ANN: {"observation:2", "goal"}}, timezone.now())
    assert marked_among([ANN, BEN]) == {
        ANN: {"observation": frozenset({1, 2}), "goal": None},
        BEN: {"observation": frozenset({1})},
    }
    DirtyPatient.objects.filter(pk=BEN).update(tables="")  # anything
    mark_dirty({BEN: {"goal"}}, timezone.now())
    assert marked_among([BEN]) == {BEN: None}
    unmark([ANN, BEN])
    assert marked_among([ANN, BEN]) == {}
