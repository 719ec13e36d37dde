"""The ten-year risk of heart disease on a person's page: the number, what it rests on, and what is missing for it.

The PREVENT equations say how many of such people fall ill. They decide nothing, and nobody has reviewed this yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from beforehand.clinical.drugs import medicine_of, read_table, resolve
from beforehand.clinical.fact_words import value, when
from beforehand.clinical.heart_risk import HeartRiskInputs, RiskError, heart_risk, model_for
from beforehand.clinical.quantities import MICRO
from beforehand.clinical.times import date_of
from beforehand.doors.coordinator.chart import Chart, Line
from beforehand.doors.coordinator.present_chart import chip
from beforehand.record.models import ConceptCoding, ValueSetCode

FINAL = ("final", "amended", "corrected")
SMOKES, SMOKED, NEVER = "smokes_now", "smoked_before", "never_smoked"
SOURCE = "PREVENT equations of the American Heart Association, 2023 (Circulation 2024;149:430)"
MODELS = {
    "base": "the base equation",
    "hba1c": "the equation with A1c",
    "uacr": "the equation with urine albumin",
    "full": "the full equation",
}
YEARS = 10


@dataclass(frozen=True)
class Input:
    """One row of ``knowledge/prevent_inputs.csv``."""

    name: str
    words: str
    kind: str  # number, answer, condition, medicine or bar
    value_set: str
    ingredients: frozenset[int]
    units: frozenset[str]
    lookback_days: int
    is_needed: bool


@dataclass
class _Gathered:
    """What the record gives: values by input, the lines of the table, and what stands in the way."""

    values: dict[str, Any] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    bars: list[str] = field(default_factory=list)


@cache
def inputs() -> tuple[Input, ...]:
    """What the equations ask for, as the knowledge table states it."""
    return tuple(
        Input(
            name=row["input"],
            words=row["words"],
            kind=row["kind"],
            value_set=row["value_set"],
            ingredients=resolve(row["medicines"]) if row["medicines"] else frozenset(),
            units=frozenset(filter(None, row["units"].split(";"))),
            lookback_days=int(row["lookback_days"] or 0),
            is_needed=row["is_needed"] == "1",
        )
        for row in read_table("prevent_inputs.csv")
    )


def heart_risk_view(chart: Chart, now: int) -> dict[str, Any] | None:
    """The section of the page; None for who is out of the equations' ages and for who has died."""
    patient = chart.patient
    low, high = patient.birth_to_day, patient.birth_from_day
    ages = {_years(day, now) for day in (low, high) if day is not None}
    if patient.is_deceased or not any(30 <= age <= 79 for age in ages):
        return None
    found = _gather(chart, now)
    if len(ages) > 1:
        found.missing.append("Birth date: not exact enough to tell the age")
    if patient.sex not in ("female", "male"):
        found.missing.append("Sex: the equations exist for female and male only, and the record says neither")
    view: dict[str, Any] = {"lines": found.lines, "source": SOURCE, "missing": found.missing, "bars": found.bars}
    if found.missing or found.bars or patient.sex is None:
        return view
    person = HeartRiskInputs(sex=patient.sex, age=ages.pop(), **found.values)
    try:
        risks = [(words, heart_risk(person, outcome=outcome, years=YEARS)) for outcome, words in OUTCOMES]
    except RiskError as fault:
        return view | {"missing": [f"{str(fault)[:1].upper()}{str(fault)[1:]}"]}
    return view | {
        "risks": [{"words": words, "share": f"{100 * share:.1f} %"} for words, share in risks],
        "model": MODELS[model_for(person)],
    }


OUTCOMES = (("total_cvd", "Heart attack, stroke or heart failure"), ("ascvd", "Heart attack or stroke alone"))


def _years(born: int, now: int) -> int:
    birth, day = date_of(born), date_of(now)
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _gather(chart: Chart, now: int) -> _Gathered:
    names = {one.value_set for one in inputs() if one.value_set} | {SMOKES, SMOKED, NEVER}
    sets = _sets(_codes(chart), names)
    taken = _ingredients(chart, now)
    found = _Gathered()
    for one in inputs():
        if one.kind in ("number", "answer"):
            _measured(chart, one, sets, now, found)
        elif one.kind == "medicine":
            _taken(chart, one, taken, now, found)
        else:
            _suffered(chart, one, sets, now, found)
    return found


def _codes(chart: Chart) -> set[int]:
    rows = [line.row for table in ("observation", "condition") for line in chart.lines(table)]
    return {row[name] for row in rows for name in ("code", "value_code") if row.get(name)}


def _sets(codes: Iterable[int], names: Iterable[str]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    members = ValueSetCode.objects.filter(value_set__in=sorted(names), code__in=sorted(codes))
    for name, code in members.values_list("value_set", "code"):
        found[name].add(code)
    return found


def _measured(chart: Chart, one: Input, sets: dict[str, set[int]], now: int, found: _Gathered) -> None:
    line = _newest(chart, sets[one.value_set], now)
    if line is None:
        if one.is_needed:
            found.missing.append(f"{one.words}: none on record")
        return
    amount = _smoking(line, sets) if one.kind == "answer" else _number(line, one.units)
    day = line.row["taken_from_day"]
    if amount is None or day < now - one.lookback_days:
        why = "what is on record cannot be read" if amount is None else f"last {when(line.row, 'taken', now)}, too old"
        if one.is_needed:
            found.missing.append(f"{one.words}: {why}")
        return
    found.values[one.name] = amount
    found.lines.append(_line(chart, one, line, value(line.row, chart.concept), when(line.row, "taken", now)))


def _newest(chart: Chart, codes: set[int], now: int) -> Line | None:
    """The newest final value with a day; the lines come newest first."""
    for line in chart.lines("observation"):
        day = line.row.get("taken_from_day")
        if line.row["code"] in codes and line.row.get("status") in FINAL and day is not None and day <= now:
            return line
    return None


def _number(line: Line, units: frozenset[str]) -> float | None:
    row = line.row
    if row.get("value_micro") is None or row.get("comparator") or row.get("value_unit") not in units:
        return None
    return float(row["value_micro"]) / MICRO


def _smoking(line: Line, sets: dict[str, set[int]]) -> bool | None:
    answer = line.row.get("value_code")
    if answer in sets[SMOKES]:
        return True
    return False if answer in sets[SMOKED] | sets[NEVER] else None


def _suffered(chart: Chart, one: Input, sets: dict[str, set[int]], now: int, found: _Gathered) -> None:
    """A problem on record; one that bars the equations does so also when it is past."""
    for line in chart.lines("condition"):
        row = line.row
        is_sure = row.get("verification") in (None, "", "confirmed")
        is_past = row.get("clinical_status") in ("inactive", "remission", "resolved")
        begun = row.get("onset_from_day") or row.get("recorded_from_day")
        if row["code"] in sets[one.value_set] and is_sure and (begun is None or begun <= now):
            if one.kind == "bar":
                found.bars.append(f"{one.words} is on record; the equations are for people without it.")
                found.lines.append(_line(chart, one, line, "on record", when(row, "recorded", now)))
                return
            if not is_past:
                found.values[one.name] = True
                found.lines.append(_line(chart, one, line, "on record", when(row, "onset", now)))
                return
    if one.kind != "bar":
        found.values[one.name] = False
        found.lines.append({"name": one.words, "value": "not on the problem list", "when": "", "chip": None})


def _ingredients(chart: Chart, now: int) -> list[tuple[Line, frozenset[int]]]:
    """The medicines on the list today, each with what it contains."""
    lines = [
        line
        for table in ("medication_request", "medication_statement")
        for line in chart.lines(table)
        if line.row.get("status") == "active"
        and not line.row.get("do_not_perform")
        and line.row.get("intent") not in ("proposal", "option")
        and (line.row.get("valid_until_to_day") or line.row.get("end_to_day") or now) >= now
    ]
    codings: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    wanted = {line.row["code"] for line in lines}
    for number, *coding in ConceptCoding.objects.filter(concept_id__in=wanted).values_list(
        "concept_id", "system", "code", "display"
    ):
        codings[number].append((coding[0], coding[1], coding[2]))
    found = []
    for line in lines:
        medicine = medicine_of(codings[line.row["code"]], chart.concept(line.row["code"]))
        if medicine is not None and not medicine.is_local:
            found.append((line, frozenset(medicine.ingredients)))
    return found


def _taken(chart: Chart, one: Input, taken: list[tuple[Line, frozenset[int]]], now: int, found: _Gathered) -> None:
    line = next((line for line, contains in taken if contains & one.ingredients), None)
    found.values[one.name] = line is not None
    if line is None:
        found.lines.append({"name": one.words, "value": "none on the list", "when": "", "chip": None})
        return
    time = "authored" if line.table == "medication_request" else "asserted"
    found.lines.append(_line(chart, one, line, chart.concept(line.row["code"]), when(line.row, time, now)))


def _line(chart: Chart, one: Input, line: Line, words: str, on: str) -> dict[str, Any]:
    return {"name": one.words, "value": words, "when": on, "chip": chip(chart, line, "Who said so")}
