"""Rank that explains itself."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beforehand.care.needs.rank import (
    SHIPPED,
    RankingError,
    Standing,
    band_number,
    date_to_act,
    factors,
    order_key,
    read_policy,
    score,
    told_day,
)

RULES = read_policy(SHIPPED, None)
TODAY = 20_000
NEED = Standing(harm=3, next_on=TODAY + 3, is_dated=True, opened_day=TODAY, risk_points=0)


def first(*needs: Standing) -> Standing:
    return min(needs, key=lambda need: order_key(need, TODAY, RULES, 0))


def test_more_harm_goes_first() -> None:
    assert first(NEED, replace(NEED, harm=5)).harm == 5


def test_fewer_days_left_go_first() -> None:
    assert first(NEED, replace(NEED, next_on=TODAY)).next_on == TODAY


def test_greater_risk_and_longer_wait_go_first() -> None:
    assert first(NEED, replace(NEED, risk_points=6)).risk_points == 6
    assert first(NEED, replace(NEED, opened_day=TODAY - 20)).opened_day == TODAY - 20


def test_very_late_trifle_does_not_outrank_a_grave_need_of_today() -> None:
    trifle = replace(NEED, harm=1, next_on=TODAY - 900, opened_day=TODAY - 900)
    assert first(trifle, replace(NEED, harm=5, next_on=TODAY)).harm == 5


def test_what_was_overdue_for_years_when_first_seen_is_planned_from_today() -> None:
    assert date_to_act(TODAY, TODAY - 30, 3, RULES) == (TODAY - 30, True)
    assert date_to_act(TODAY, TODAY - 31, 3, RULES) == (TODAY + 7, False)
    assert date_to_act(TODAY, TODAY - 9000, 5, RULES) == (TODAY, True)
    assert date_to_act(TODAY, None, 4, RULES) == (TODAY + 2, True)


def test_the_gravest_does_not_wait_for_its_deadline() -> None:
    assert date_to_act(TODAY, TODAY + 18, 5, RULES) == (TODAY, True)
    assert date_to_act(TODAY, TODAY - 3, 5, RULES) == (TODAY - 3, True)
    assert date_to_act(TODAY, TODAY + 18, 4, RULES) == (TODAY + 18, True)


days, harms = st.integers(-900, 900), st.integers(1, 5)


@given(days, harms, harms, st.integers(0, 10), st.integers(0, 10), st.integers(1, 900), st.integers(0, 900))
def test_undated_never_outranks_overdue(
    day: int, harm: int, other: int, risk: int, other_risk: int, late: int, waited: int
) -> None:
    undated = Standing(harm, TODAY + day, False, TODAY - waited, risk)
    overdue = Standing(other, TODAY - late, True, TODAY, other_risk)
    assert first(undated, overdue) == overdue


@given(harms, days, st.booleans(), st.integers(0, 900), st.integers(0, 10))
def test_factors_add_up_to_the_score(harm: int, day: int, dated: bool, waited: int, risk: int) -> None:
    need = Standing(harm, TODAY + day, dated, TODAY - waited, risk)
    total = sum(factor.points for factor in factors(need, TODAY, RULES))
    assert total == pytest.approx(score(need, TODAY, RULES) / 100, abs=0.05)
    assert all(factor.words for factor in factors(need, TODAY, RULES))


@pytest.mark.parametrize(
    ("need", "band"),
    [
        (replace(NEED, harm=4, next_on=TODAY + 2), 0),
        (replace(NEED, harm=4, next_on=TODAY + 3), 2),
        (replace(NEED, harm=3, next_on=TODAY + 1), 2),
        (replace(NEED, next_on=TODAY), 1),
        (replace(NEED, next_on=TODAY - 1), 1),
        (replace(NEED, next_on=TODAY + 7), 2),
        (replace(NEED, next_on=TODAY + 8), 3),
        (replace(NEED, harm=5, next_on=TODAY - 5, is_dated=False), 2),
    ],
)
def test_band_follows_harm_and_days_left(need: Standing, band: int) -> None:
    assert band_number(need, TODAY, RULES) == band


def test_organisation_sets_weights_in_one_file(tmp_path: Path) -> None:
    file = tmp_path / "ranking.yaml"
    file.write_text("weights: {harm: 0}\nbands: {first_harm: 5}\n")
    ours = read_policy(SHIPPED, file)
    assert (ours.weights["harm"], ours.first_harm, ours.weights["time"]) == (0, 5, RULES.weights["time"])


@pytest.mark.parametrize(
    "text", ["weight: {harm: 1}", "weights: {harm: lots}", "weights: {harm: -1}", "weights: 3", "- a", "a: ["]
)
def test_ranking_file_that_cannot_be_used_is_refused_by_entry(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ranking.yaml"
    file.write_text(text)
    with pytest.raises(RankingError, match=r"ranking\.yaml"):
        read_policy(SHIPPED, file)


def test_a_missed_day_is_told_for_two_years_and_then_is_history() -> None:
    assert [told_day(10_000, day) for day in (None, 9_270, 9_269)] == [None, 9_270, None]
