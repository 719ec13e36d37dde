"""The clock of a need says whose day it counts to, where that is not the day of its own question."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from beforehand.care.needs.views import clock_of
from tests.unit.needs.house import plain_words

NOW = 20_780  # Wed, Nov 23, 2026


def need(*, next_on: int, due_on: int | None, is_planned: bool = False, is_dated: bool = True) -> Any:
    return SimpleNamespace(next_on=next_on, due_on=due_on, is_planned=is_planned, is_dated=is_dated)


def finding(rule_id: str, due_on: int, status: str = "DUE") -> Any:
    return SimpleNamespace(
        rule_id=rule_id, due_on=due_on, status=status, state="CURRENT", opens_on=None, lapses_on=None, say={}
    )


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_words(monkeypatch)


def test_the_day_of_its_own_question_needs_no_word() -> None:
    own = [finding("stay_contact", NOW + 1), finding("stay_list", NOW + 20)]
    assert ":" not in clock_of(need(next_on=NOW + 1, due_on=NOW + 1), NOW, own).date_words


def test_a_day_set_by_what_folded_into_it_is_said_to_be_that_ones() -> None:
    folded = [finding("stay_contact", NOW + 1), finding("stay_list", NOW - 1)]
    clock = clock_of(need(next_on=NOW - 1, due_on=NOW - 1), NOW, folded)
    assert clock.words == "Now"
    assert clock.date_words.startswith("1 day late")
    assert clock.date_words.endswith(": list")


def test_what_no_longer_asks_sets_no_day() -> None:
    settled = [finding("stay_contact", NOW + 1), finding("stay_list", NOW - 1, status="MET")]
    assert ":" not in clock_of(need(next_on=NOW - 1, due_on=NOW - 1), NOW, settled).date_words


def test_a_step_of_our_own_day_tells_the_day_it_is_for() -> None:
    later = clock_of(need(next_on=NOW, due_on=NOW + 18), NOW, [finding("result_not_seen", NOW + 18)])
    assert later.words == "Today"
    assert "; due " in later.date_words
    long_ago = clock_of(need(next_on=NOW + 2, due_on=NOW - 80), NOW, [finding("eye_check", NOW - 80)])
    assert "; was due " in long_ago.date_words


def test_a_step_a_person_planned_stands_for_itself() -> None:
    planned = clock_of(need(next_on=NOW + 1, due_on=NOW - 2, is_planned=True), NOW, [finding("ride", NOW - 2)])
    assert ";" not in planned.date_words
