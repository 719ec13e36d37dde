"""The 90-day line: what comes when, what must come first, and what waits for it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from beforehand.care.needs import forecast as forecasting
from beforehand.care.needs.forecast import BILL, COMING, NEED, VISIT, Bill, Visit, as_dicts, line
from tests.unit.needs.house import TODAY, plain_words

MEDICINE = "medicine:rxnorm:1364435"


@dataclass
class Said:
    """A finding as far as the line looks at it."""

    pk: int
    rule_id: str
    subject: str
    blocks: str = ""
    status: str = "DUE"
    due_on: int | None = None
    opens_on: int | None = None
    lapses_on: int | None = None
    state: str = "CURRENT"
    missing: str = ""
    say: dict = field(default_factory=dict)
    evidence: list = field(default_factory=list)

    @property
    def id(self) -> int:
        return self.pk


@pytest.fixture(autouse=True)
def words(monkeypatch):
    plain_words(monkeypatch)
    monkeypatch.setattr(forecasting, "question", lambda finding, **_: f"{finding.rule_id}?")
    monkeypatch.setattr(forecasting, "reason", lambda finding, **_: f"{finding.rule_id} is {finding.status}")
    monkeypatch.setattr(forecasting, "next_step", lambda finding, **_: "Call")


PILLS = Said(1, "medicine_runs_out", MEDICINE, status="MET", opens_on=TODAY + 10, due_on=TODAY + 17)
RENEWAL = Said(2, "renewal_visit", "appointment:12", MEDICINE, status="MET")
RIDE = Said(3, "ride", "ride:12", "appointment:12", due_on=TODAY + 20)
RENAL = Visit((12, 99), TODAY + 21, "Kidney clinic")


def of(entries, kind):
    return [(one.rule or one.words, one.day - TODAY) for one in entries if one.kind == kind]


def test_pills_visit_and_ride_stand_in_one_line_by_day():
    entries = line([PILLS, RENEWAL, RIDE], [RENAL], TODAY)
    assert [one.day for one in entries] == sorted(one.day for one in entries)
    assert (of(entries, COMING), of(entries, NEED), of(entries, VISIT)) == (
        [("medicine_runs_out", 10)],
        [("ride", 20)],
        [("Kidney clinic", 21)],
    )


def test_visit_names_its_ride_and_the_pills_that_wait_for_it():
    (visit,) = [one for one in line([PILLS, RENEWAL, RIDE], [RENAL], TODAY) if one.kind == VISIT]
    assert [tie.rule for tie in visit.waits_for] == ["ride"]  # the renewal is met by the visit: what it is for
    assert [tie.rule for tie in visit.holds_up] == ["medicine_runs_out"]


def test_ride_must_be_settled_by_the_day_the_pills_run_out():
    (ride,) = [one for one in line([PILLS, RENEWAL, RIDE], [RENAL], TODAY) if one.rule == "ride"]
    assert (ride.due_day, ride.act_by) == (TODAY + 20, TODAY + 17)


def test_appointment_known_by_another_sources_number_is_the_same_visit():
    other = Said(4, "ride", "visit:99", due_on=TODAY + 20)
    (visit,) = line([other], [RENAL], TODAY)
    assert [tie.rule for tie in visit.waits_for] == ["ride"]


@pytest.mark.parametrize(("ahead", "shown"), [(90, 1), (91, 0), (0, 1), (-730, 1), (-731, 0)])
def test_line_reaches_90_days_ahead_and_what_was_missed_for_two_years(ahead, shown):
    assert len(line([Said(1, "ride", "ride:1", due_on=TODAY + ahead)], [], TODAY)) == shown


@pytest.mark.parametrize(
    "quiet",
    [
        {"status": "EXCLUDED"},
        {"status": "MET", "opens_on": None},
        {"status": "MET", "opens_on": TODAY},
        {"state": "WITHDRAWN"},
        {"lapses_on": TODAY},
        {"status": "UNKNOWN"},
        {"due_on": None},
    ],
)
def test_what_is_settled_or_has_no_day_is_not_on_the_line(quiet):
    assert line([Said(1, "ride", "ride:1", **{"due_on": TODAY + 3, **quiet})], [], TODAY) == ()


def test_plain_values_give_iso_days_and_both_directions():
    (ride,) = [one for one in as_dicts(line([PILLS, RENEWAL, RIDE], [], TODAY)) if one["rule"] == "ride"]
    assert ride["kind"] == "need"
    assert [one["rule"] for one in ride["holds_up"]] == ["medicine_runs_out"]
    assert ride["act_by"] < ride["due_on"]


def test_what_is_asked_about_one_thing_stands_once():
    renewal = Said(2, "renewal_needed", MEDICINE, due_on=TODAY + 3)
    pills = Said(1, "medicine_runs_out", MEDICINE, status="MET", opens_on=TODAY + 10, due_on=TODAY + 17)
    viewed = Said(3, "refill_viewed", MEDICINE, due_on=TODAY + 5)
    (one,) = line([pills, renewal, viewed], [], TODAY)
    assert (one.rule, one.day, one.act_by) == ("renewal_needed", TODAY + 3, TODAY + 3)
    assert [tie.rule for tie in one.also] == ["refill_viewed", "medicine_runs_out"]


def test_clocks_of_a_stay_keep_their_days():
    call, visit = Said(1, "call", "stay:7", due_on=TODAY + 2), Said(2, "visit", "stay:7", due_on=TODAY + 14)
    assert of(line([call, visit], [], TODAY), NEED) == [("call", 2), ("visit", 14)]


def test_pills_wait_for_the_visit_and_the_visit_lists_its_ride():
    (pills,) = [one for one in line([PILLS, RENEWAL, RIDE], [RENAL], TODAY) if one.kind == COMING]
    assert [(tie.words, tie.due_day) for tie in pills.waits_for] == [("Kidney clinic", TODAY + 21)]
    (ride,) = [one for one in line([PILLS, RENEWAL, RIDE], [RENAL], TODAY) if one.rule == "ride"]
    assert [tie.words for tie in ride.holds_up] == ["Kidney clinic", "medicine_runs_out is MET"]


BILL_IN_A_WEEK = Bill((40, 41), TODAY + 7, "Bill $12.00")


def test_bill_stands_on_its_last_day_and_names_what_to_settle_first():
    asked = Said(1, "bill_above_eob", "bill:41", due_on=TODAY + 5)
    (bill,) = line([asked], [], TODAY, bills=[BILL_IN_A_WEEK])
    assert (bill.kind, bill.day, bill.act_by, bill.finding_id) == (BILL, TODAY + 7, TODAY + 5, 1)
    assert [tie.rule for tie in bill.waits_for] == ["bill_above_eob"]


@pytest.mark.parametrize(("day", "shown"), [(0, 1), (-1, 0), (90, 1), (91, 0)])
def test_bill_that_nobody_asks_about_stands_until_its_last_day(day, shown):
    assert len(line([], [], TODAY, bills=[Bill((40,), TODAY + day, "Bill")])) == shown


def test_bill_past_its_day_stands_while_somebody_asks():
    asked = Said(1, "bill_above_eob", "bill:40", due_on=TODAY - 5)
    assert of(line([asked], [], TODAY, bills=[Bill((40,), TODAY - 1, "Bill")]), BILL) == [("bill_above_eob", -1)]


def test_a_day_known_by_its_month_reaches_to_the_end_of_it():
    renewal = Said(1, "renewal", MEDICINE, due_on=TODAY + 3, say={"vague_days": f"due_on {TODAY + 3} {TODAY + 33}"})
    (one,) = line([renewal], [], TODAY)
    assert (one.day, one.until_day) == (TODAY + 3, TODAY + 33)
    assert as_dicts([one])[0]["until"] > as_dicts([one])[0]["on"]
    (exact,) = line([Said(2, "renewal", MEDICINE, due_on=TODAY + 3)], [], TODAY)
    assert exact.until_day is None
