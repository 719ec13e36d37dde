"""PREVENT gives the published risks to three decimals, and refuses whom it was not made for."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from beforehand.clinical import heart_risk as module
from beforehand.clinical.heart_risk import OUTCOMES, HeartRiskInputs, RiskError, heart_risk, model_for

VECTORS = Path(__file__).resolve().parents[4] / "shared/knowledge/prevent/test_vectors.csv"
WOMAN = HeartRiskInputs(
    sex="female", age=50, total_cholesterol=200, hdl=45, systolic=160, is_treated=True, takes_statin=False,
    has_diabetes=True, smokes=False, egfr=90, bmi=35,
)  # fmt: skip


def _number(text: str) -> float | None:
    return float(text) if text else None


def _row(row: dict[str, str]) -> tuple[HeartRiskInputs, dict[str, object], float]:
    person = HeartRiskInputs(
        sex=row["sex"], age=float(row["age"]), total_cholesterol=float(row["total_chol_mg_dl"]),
        hdl=float(row["hdl_mg_dl"]), systolic=float(row["sbp_mm_hg"]), is_treated=row["bp_treated"] == "1",
        takes_statin=row["statin"] == "1", has_diabetes=row["diabetes"] == "1", smokes=row["smoker"] == "1",
        egfr=float(row["egfr"]), bmi=float(row["bmi"]), a1c=_number(row["hba1c_pct"]), uacr=_number(row["uacr_mg_g"]),
        sdi=int(row["sdi_decile"]) if row["sdi_decile"] else None,
    )  # fmt: skip
    asked = {"model": row["model"], "years": int(row["horizon"].removesuffix("yr")), "outcome": row["outcome"]}
    return person, asked, float(row["expected_risk_3dp"])


@pytest.mark.skipif(not VECTORS.is_file(), reason="the vectors lie in ../shared, which is not here")
def test_all_published_vectors_agree_to_three_decimals():
    rows = [_row(row) for row in csv.DictReader(VECTORS.open(encoding="utf-8"))]
    wrong = [asked for person, asked, risk in rows if round(heart_risk(person, **asked), 3) != risk]
    assert (len(rows), wrong) == (100, [])


def test_published_example_agrees():
    risks = [round(heart_risk(WOMAN, outcome=outcome), 3) for outcome in OUTCOMES]
    assert risks == [0.147, 0.092, 0.081, 0.044, 0.054]


def test_a_changed_coefficient_is_noticed(monkeypatch):
    key = "base", 10, "female", "total_cvd"
    terms = module._coefficients()[key]
    monkeypatch.setattr(module, "_coefficients", lambda: {key: (("age", terms[0][1] + 0.05), *terms[1:])})
    assert round(heart_risk(WOMAN), 3) != 0.147


def test_the_equation_that_uses_what_is_known_is_taken():
    assert [
        model_for(WOMAN),
        model_for(replace(WOMAN, a1c=9.2)),
        model_for(replace(WOMAN, uacr=92)),
        model_for(replace(WOMAN, a1c=9.2, uacr=92)),
    ] == ["base", "hba1c", "uacr", "full"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"age": 29}, "age"),
        ({"age": 80}, "age"),
        ({"hdl": 19}, "hdl"),
        ({"systolic": 201}, "systolic"),
        ({"bmi": 40}, "bmi"),
    ],
)
def test_outside_the_range_it_refuses_and_does_not_repeat_the_value(change, named):
    with pytest.raises(RiskError, match=named) as refused:
        heart_risk(replace(WOMAN, **change))
    assert f" {next(iter(change.values()))} " not in str(refused.value)


def test_thirty_years_ahead_is_for_people_up_to_59():
    assert heart_risk(replace(WOMAN, age=59), years=30) > 0
    with pytest.raises(RiskError, match="10 years"):
        heart_risk(replace(WOMAN, age=60), years=30)
