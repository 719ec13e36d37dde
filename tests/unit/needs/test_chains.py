"""What waits for what: days and harm are inherited along a chain, and each need says what it holds up."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from beforehand.care.needs.chains import Chains
from tests.unit.needs.house import TODAY, House, plain_words

MEDICINE, VISIT = "medicine:rxnorm:1364435", "appointment:12"


@dataclass
class Said:
    """A finding as far as chains look at it."""

    rule_id: str
    subject: str
    blocks: str = ""
    status: str = "DUE"
    due_on: int | None = None
    opens_on: int | None = None
    lapses_on: int | None = None
    state: str = "CURRENT"


@pytest.fixture(autouse=True)
def words(monkeypatch):
    plain_words(monkeypatch)


def pills(**more):
    return Said("medicine_runs_out", MEDICINE, **{"due_on": TODAY + 6, **more})


def booked(**more):
    return Said("renewal_visit", VISIT, MEDICINE, **{"status": "MET", **more})


def ride(**more):
    return Said("ride", "ride:12", VISIT, **{"due_on": TODAY + 20, **more})


def test_ride_inherits_the_day_and_the_harm_of_the_pills_behind_the_booked_visit():
    chains = Chains([ride(), booked(), pills()], TODAY)
    assert [each.rule_id for each in chains.holds_up(ride())] == ["medicine_runs_out"]
    assert (chains.urgency(ride()).due_on, chains.urgency(ride()).harm) == (TODAY + 6, 4)


def test_pills_wait_for_the_ride_and_not_for_the_visit_that_is_booked():
    chains = Chains([ride(), booked(), pills()], TODAY)
    assert [each.rule_id for each in chains.waits_for(pills())] == ["ride"]


def test_an_own_earlier_day_and_graver_harm_stay():
    chains = Chains([ride(due_on=TODAY + 1), booked(), pills()], TODAY)
    assert chains.urgency(ride(due_on=TODAY + 1)).due_on == TODAY + 1
    assert chains.urgency(pills()).harm == 4


def test_pills_that_will_run_out_later_count_though_they_are_met_today():
    later = pills(status="MET", opens_on=TODAY + 1)
    assert Chains([ride(), booked(), later], TODAY).urgency(ride()).due_on == TODAY + 6


@pytest.mark.parametrize(
    "settled",
    [
        {"status": "MET", "opens_on": TODAY},  # filled, nothing ahead
        {"status": "EXCLUDED"},
        {"state": "WITHDRAWN"},
        {"lapses_on": TODAY},
    ],
)
def test_what_is_settled_excluded_withdrawn_or_lapsed_hands_nothing_on(settled):
    chains = Chains([ride(), booked(), pills(**settled)], TODAY)
    assert (chains.holds_up(ride()), chains.urgency(ride()).due_on) == ([], TODAY + 20)


def test_things_that_wait_for_each_other_in_a_circle_end():
    one, other = Said("ride", "a:1", "b:1", due_on=TODAY + 9), Said("stay_visit", "b:1", "a:1", due_on=TODAY + 2)
    chains = Chains([one, other], TODAY)
    assert chains.urgency(one).due_on == chains.urgency(other).due_on == TODAY + 2
    assert chains.holds_up(one) == [other]


@pytest.mark.django_db
def test_need_for_the_ride_stands_with_the_urgency_of_the_pills_and_says_so():
    house = House()
    ann = house.patient()
    house.finding(ann, "ride", "ride:12", blocks=VISIT, due_on=TODAY + 20)
    house.finding(ann, "renewal_visit", VISIT, blocks=MEDICINE, status="MET", due_on=None)
    pills_out = house.finding(ann, "medicine_runs_out", MEDICINE, due_on=TODAY + 6)
    house.run(ann)
    by_rule = {need.rule_id: need for need in house.needs(ann)}
    assert (by_rule["ride"].harm, by_rule["ride"].due_on) == (4, TODAY + 6)
    assert by_rule["ride"].holds_up == [{"words": "Medicine runs out soon?", "day": TODAY + 6}]
    assert by_rule["medicine_runs_out"].waits_for == [{"words": "Ride?", "day": TODAY + 20}]
    # Given the refill came another way, then the ride is only as urgent as itself
    house.becomes(pills_out, status="MET", due_on=None)
    house.run(ann)
    again = next(need for need in house.needs(ann, "OPEN") if need.rule_id == "ride")
    assert (again.harm, again.due_on, again.holds_up) == (2, TODAY + 20, [])


@pytest.mark.django_db
def test_need_does_not_name_what_its_reader_may_not_see():
    house = House()
    ann = house.patient()
    house.finding(ann, "ride", "ride:12", blocks=MEDICINE, due_on=TODAY + 20)
    house.finding(ann, "medicine_runs_out", MEDICINE, due_on=TODAY + 6, sensitivity="PSY")
    house.run(ann)
    by_rule = {need.rule_id: need for need in house.needs(ann)}
    assert (by_rule["ride"].due_on, by_rule["ride"].holds_up) == (TODAY + 6, [])
