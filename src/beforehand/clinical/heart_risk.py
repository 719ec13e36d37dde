"""The risk of cardiovascular disease in 10 or 30 years, by the PREVENT equations of the American Heart Association.

For people from 30 to 79 (30 years ahead: to 59) without known cardiovascular disease. The coefficients are knowledge:
``knowledge/prevent_coefficients.csv``. It informs a talk about prevention; it decides nothing.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log, prod

from beforehand.clinical.content import content_root

OUTCOMES = ("total_cvd", "ascvd", "heart_failure", "chd", "stroke")
YEARS = (10, 30)
SEXES = ("female", "male")
_MMOL = 0.02586  # mmol/L of cholesterol in one mg/dL
_RANGES = {
    "age": (30, 79, "years"),
    "total_cholesterol": (130, 320, "mg/dL"),
    "hdl": (20, 100, "mg/dL"),
    "systolic": (90, 200, "mm Hg"),
    "egfr": (15, 140, "mL/min/1.73 m2"),
    "bmi": (18.5, 39.99, "kg/m2"),
}


class RiskError(ValueError):
    """A value outside what the equations were made for; names the value's kind and its range, never the value."""


@dataclass(frozen=True)
class HeartRiskInputs:
    """What the equations ask of a person. Cholesterol in mg/dL, blood pressure in mm Hg, HbA1c in %, UACR in mg/g."""

    sex: str
    age: float
    total_cholesterol: float
    hdl: float
    systolic: float
    is_treated: bool  # takes a medicine for blood pressure
    takes_statin: bool
    has_diabetes: bool
    smokes: bool
    egfr: float
    bmi: float
    a1c: float | None = None
    uacr: float | None = None
    sdi: int | None = None  # decile of social deprivation, 1 to 10


def model_for(person: HeartRiskInputs) -> str:
    """The equation that uses all that is known: base, a1c or uacr or sdi where one more is known, else full."""
    known = [
        name for name, value in (("hba1c", person.a1c), ("uacr", person.uacr), ("sdi", person.sdi)) if value is not None
    ]
    return "base" if not known else known[0] if len(known) == 1 else "full"


def heart_risk(
    person: HeartRiskInputs, *, outcome: str = "total_cvd", years: int = 10, model: str | None = None
) -> float:
    """The share of such people, 0 to 1, who get the disease within the years. RiskError outside the stated ranges."""
    _check(person, outcome, years)
    weights = _coefficients()[model or model_for(person), years, person.sex, outcome]
    terms = _terms(person)
    total = sum(beta * prod(terms[part] for part in term.split("*")) for term, beta in weights)
    return 1 / (1 + exp(-total))


def _check(person: HeartRiskInputs, outcome: str, years: int) -> None:
    if person.sex not in SEXES or outcome not in OUTCOMES or years not in YEARS:
        raise RiskError(f"sex is one of {SEXES}, outcome one of {OUTCOMES}, years one of {YEARS}")
    for name, (low, high, unit) in _RANGES.items():
        if not low <= getattr(person, name) <= high:
            raise RiskError(f"{name.replace('_', ' ')} lies outside {low} to {high} {unit}: the equations do not hold")
    if years == 30 and person.age > 59:
        raise RiskError("the risk of 30 years is for people up to 59: ask for 10 years")


def _terms(person: HeartRiskInputs) -> dict[str, float]:
    """Each quantity on the scale of the equations, named as in the coefficients."""
    sbp, bmi, egfr = person.systolic, person.bmi, person.egfr
    sdi = person.sdi or 0
    return {
        "one": 1.0,
        "age": (person.age - 55) / 10,
        "non_hdl": (person.total_cholesterol - person.hdl) * _MMOL - 3.5,
        "hdl": (person.hdl * _MMOL - 1.3) / 0.3,
        "sbp_low": (min(sbp, 110) - 110) / 20,
        "sbp_high": (max(sbp, 110) - 130) / 20,
        "bmi_low": (min(bmi, 30) - 25) / 5,
        "bmi_high": (max(bmi, 30) - 30) / 5,
        "egfr_low": (min(egfr, 60) - 60) / -15,
        "egfr_high": (max(egfr, 60) - 90) / -15,
        "diabetes": float(person.has_diabetes),
        "no_diabetes": float(not person.has_diabetes),
        "smoker": float(person.smokes),
        "bp_treated": float(person.is_treated),
        "statin": float(person.takes_statin),
        "a1c": 0.0 if person.a1c is None else person.a1c - 5.3,
        "no_a1c": float(person.a1c is None),
        "ln_uacr": 0.0 if person.uacr is None else log(person.uacr),
        "no_uacr": float(person.uacr is None),
        "sdi_4_6": float(4 <= sdi <= 6),
        "sdi_7_10": float(sdi >= 7),
        "no_sdi": float(person.sdi is None),
    }


@lru_cache(maxsize=1)
def _coefficients() -> dict[tuple[str, int, str, str], tuple[tuple[str, float], ...]]:
    found: dict[tuple[str, int, str, str], list[tuple[str, float]]] = {}
    with (content_root() / "knowledge" / "prevent_coefficients.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = row["model"], int(row["years"]), row["sex"], row["outcome"]
            found.setdefault(key, []).append((row["term"], float(row["beta"])))
    return {key: tuple(terms) for key, terms in found.items()}
