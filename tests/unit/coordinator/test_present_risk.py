"""The heart risk on a page: computed from what is on record, else what is missing is named; never a guess."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from beforehand.clinical.heart_risk import HeartRiskInputs, heart_risk
from beforehand.doors.coordinator import present_risk
from beforehand.doors.coordinator.chart import Line
from beforehand.doors.coordinator.present_risk import heart_risk_view, inputs

NOW = 20_780
YEAR = 365
CODES = {one.value_set: number for number, one in enumerate(inputs(), start=1) if one.value_set}
ANSWERS = {"smokes_now": 101, "smoked_before": 102, "never_smoked": 103}
MEASURED = {
    "total_cholesterol": 200,
    "hdl_cholesterol": 45,
    "systolic_pressure": 160,
    "egfr": 90,
    "body_mass_index": 35,
}
UNITS = {one.value_set: min(one.units) for one in inputs() if one.units}


@dataclass
class FakeChart:
    """As much of a chart as the section reads."""

    patient: SimpleNamespace
    tables: dict[str, list[Line]] = field(default_factory=dict)

    def lines(self, table):
        return self.tables.get(table, [])

    def concept(self, number):
        return {number: name for name, number in {**CODES, **ANSWERS}.items()}.get(number, "")

    def source_label(self, number):
        return "Clinic"

    def is_said(self, row):
        return False


def observation(number, name, amount, *, day=NOW - 10, **changes):
    row = {
        "id": number, "source_id": 1, "code": CODES[name], "status": "final",
        "taken_from_day": day, "taken_to_day": day,
        "taken_precision": "DAY", "value_micro": amount * 1_000_000, "value_text": str(amount),
        "value_unit": UNITS.get(name, ""), "comparator": None, **changes,
    }  # fmt: skip
    return Line("observation", row, [row])


def condition(number, name, **changes):
    row = {"id": number, "source_id": 1, "code": CODES[name], "clinical_status": "active", **changes}
    return Line("condition", row, [row])


def chart(*, age=50, sex="female", without="", smoking="never_smoked", **tables):
    born = NOW - age * YEAR - age // 4 - 30
    patient = SimpleNamespace(
        pk=1, birth_from_day=born, birth_to_day=born, sex=sex, is_deceased=False, deceased_from_day=None
    )
    lines = [observation(n, name, value) for n, (name, value) in enumerate(MEASURED.items()) if name != without]
    if without != "smoking_status":
        lines.append(observation(90, "smoking_status", 0, value_micro=None, value_code=ANSWERS[smoking]))
    return FakeChart(patient, {"observation": lines, **tables})


@pytest.fixture(autouse=True)
def _words(monkeypatch):
    sets = {name: {number} for name, number in {**CODES, **ANSWERS}.items()}
    monkeypatch.setattr(present_risk, "_sets", lambda codes, names: sets)
    monkeypatch.setattr(present_risk, "_ingredients", lambda chart, now: [])


def test_risk_is_that_of_the_equations():
    person = HeartRiskInputs(
        sex="female", age=50, total_cholesterol=200, hdl=45, systolic=160, is_treated=False, takes_statin=False,
        has_diabetes=True, smokes=False, egfr=90, bmi=35,
    )  # fmt: skip
    view = heart_risk_view(chart(condition=[condition(1, "diabetes")]), NOW)
    assert view["missing"] == []
    assert view["risks"][0]["share"] == f"{100 * heart_risk(person):.1f} %"
    assert "2023" in view["source"]
    assert view["model"] == "the base equation"
    assert len(view["lines"]) == 9


def test_smoking_now_counts():
    smoker, other = (heart_risk_view(chart(smoking=word), NOW) for word in ("smokes_now", "smoked_before"))
    assert float(smoker["risks"][0]["share"][:-2]) > float(other["risks"][0]["share"][:-2])


@pytest.mark.parametrize("name", [*MEASURED, "smoking_status"])
def test_what_is_missing_is_named_and_nothing_is_computed(name):
    view = heart_risk_view(chart(without=name), NOW)
    words = next(one.words for one in inputs() if one.value_set == name)
    assert view["missing"] == [f"{words}: none on record"]
    assert "risks" not in view


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"value_unit": "mmol/L"}, "cannot be read"),
        ({"comparator": "<"}, "cannot be read"),
        ({"day": NOW - 731}, "too old"),
        ({"status": "preliminary"}, "none on record"),
        ({"day": NOW + 1}, "none on record"),
    ],
)
def test_a_value_that_does_not_hold_is_not_used(changes, why):
    shown = chart(without="egfr")
    shown.tables["observation"].append(observation(50, "egfr", 90, **changes))
    (missing,) = heart_risk_view(shown, NOW)["missing"]
    assert why in missing


@pytest.mark.parametrize("name", ["narrowed_arteries", "heart_failure"])
def test_who_has_the_disease_already_is_told_why_not(name):
    view = heart_risk_view(chart(condition=[condition(1, name, clinical_status="resolved")]), NOW)
    assert len(view["bars"]) == 1
    assert "risks" not in view


def test_a_refuted_problem_bars_nothing():
    assert heart_risk_view(chart(condition=[condition(1, "heart_failure", verification="refuted")]), NOW)["bars"] == []


@pytest.mark.parametrize(("age", "shown"), [(29, False), (30, True), (79, True), (80, False)])
def test_only_ages_the_equations_were_made_for(age, shown):
    assert (heart_risk_view(chart(age=age), NOW) is not None) is shown


def test_a_value_out_of_range_is_said_not_shown():
    shown = chart(without="systolic_pressure")
    shown.tables["observation"].append(observation(50, "systolic_pressure", 250))
    (missing,) = heart_risk_view(shown, NOW)["missing"]
    assert "lies outside 90 to 200" in missing
    assert "250" not in missing


def test_sex_unknown_is_named():
    assert any(each.startswith("Sex:") for each in heart_risk_view(chart(sex="unknown"), NOW)["missing"])
