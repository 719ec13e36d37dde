"""What a simulated coordinator writes down of what she was told: never more than that."""

from datetime import date

import pytest

from beforehand.care.needs.steps import STEP_KINDS
from beforehand.doors.cli.simulate.coordinator import answers, step_to_log
from beforehand.world.truth import Reaction

DAY = date(2026, 3, 2)
NOBODY = Reaction(agreed=False)
PROMISED = Reaction(agreed=True, on=DAY)
FETCHED = Reaction(agreed=True, on=DAY, is_settled=True, supply_days=30)


@pytest.mark.parametrize("kind", ["call", "book", "ride", "visit", "reconcile", "plan", "bill", "referral", "other"])
def test_where_nobody_answered_nothing_is_said_to_be_done(kind: str) -> None:
    logged = step_to_log(kind, NOBODY)
    assert (logged, answers(logged, NOBODY, DAY)) == ("call", {"happened": "not-reached"})


def test_a_refill_that_was_fetched_is_logged_as_fetched_and_one_that_is_promised_as_asked_for() -> None:
    assert answers("refill", FETCHED, DAY) == {"happened": "picked-up", "on": DAY, "days": 30}
    assert answers("refill", PROMISED, DAY) == {"happened": "requested"}


@pytest.mark.parametrize("kind", sorted(set(STEP_KINDS) - {"decline"}))
@pytest.mark.parametrize("reaction", [NOBODY, PROMISED])
def test_every_answer_is_one_that_the_form_offers(kind: str, reaction: Reaction) -> None:
    logged = step_to_log(kind, reaction)
    offered = next(field for field in STEP_KINDS[logged].form.fields if field.name == "happened")
    assert answers(logged, reaction, DAY)["happened"] in {choice.value for choice in offered.choices}
