"""Quality measures: their cases, what the linter refuses, and that they are no rules."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from beforehand.clinical.content import content_root
from beforehand.clinical.valuesets import measure_sets
from beforehand.lookahead.engines.shape import shape_of
from beforehand.lookahead.errors import RuleError
from beforehand.lookahead.library import rule_files
from beforehand.lookahead.measure_cases import LoadedMeasure, case_failures, disagreements
from beforehand.lookahead.measures import Measure, lint_measure, read_measure, read_measures

FOLDER = content_root() / "rules" / "measures"
MEASURES = read_measures()
ALL = {
    "CMS2", "CMS22", "CMS50", "CMS68", "CMS69", "CMS122", "CMS124", "CMS125", "CMS130", "CMS138", "CMS139", "CMS146",
    "CMS154", "CMS156", "CMS165", "CMS249", "CMS347", "CMS951",
}  # fmt: skip


def test_all_measures_are_here_and_sound():
    assert set(MEASURES) == ALL


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES.keys())
def test_a_measure_counts_its_invented_patients_as_expected(measure):
    assert list(case_failures(measure)) == []


@pytest.mark.parametrize("name", ["CMS122", "CMS68", "CMS249"])
def test_duckdb_counts_everybody_at_once_as_sqlite_counts_each(name):
    assert list(disagreements(MEASURES[name])) == []


# What a careless hand might change in a measure; each must fail a case.
SABOTAGE = [
    ("CMS122", "m.value_micro > 9000000", "m.value_micro >= 9000000"),
    ("CMS122", "desc nulls last", "nulls last"),
    ("CMS122", "where i.age >= 66", "where i.age >= 67"),
    ("CMS122", "o.to_day between d.from_day and d.to_day", "o.to_day <= d.to_day"),
    ("CMS124", ">= 360", "> 360"),
    ("CMS125", "c.month_index - 15", "c.month_index - 14"),
    ("CMS125", "and f.from_age = 66", ""),
    ("CMS125", "where i.age >= 66", "where i.age > 66"),
    ("CMS125", "union all\n  select b.patient_id from both_breasts_removed b", ""),
    ("CMS130", "y.years = 9", "y.years = 4"),
    ("CMS138", "having count(*) >= 2", "having count(*) >= 1"),
    ("CMS138", "order by o.from_day desc", "order by o.to_day desc"),
    ("CMS156", "or max(x.is_repeated) = 1", ""),
    ("CMS156", "m.to_day - m.from_day + 1 as days", "m.days_supply as days"),
    ("CMS165", "p.diastolic < 90000000", "p.diastolic <= 90000000"),
    ("CMS165", "c.month_index + 6", "c.month_index + 7"),
    ("CMS165", "i.age >= f.from_age", "i.age > f.from_age"),
    ("CMS22", "p.systolic < 120000000", "p.systolic < 121000000"),
    ("CMS22", "c.month_index - 12", "c.month_index - 13"),
    ("CMS22", "where e.place = 1", "where e.place >= 1"),
    ("CMS22", "or l.found in ('second', 'severe')", "or l.found <> 'normal'"),
    ("CMS22", "or (w.code = r.reason and r.fact_table = 'medication_request')", ""),
    ("CMS249", "t.days >= 90", "t.days >= 91"),
    ("CMS249", "m.from_day < d.from_day and m.to_day is not null", "m.from_day <= d.from_day"),
    ("CMS347", "m.is_open = 1 and m.status = 'active'", "m.is_open = 1"),
    ("CMS347", "between 40 and 75", "between 41 and 75"),
    ("CMS50", "r.place = 1", "r.place >= 1"),
    ("CMS68", "p.started_at >= i.start_at)", "p.started_at > i.end_at)"),
    ("CMS69", "o.value_micro >= 25000000", "o.value_micro > 25000000"),
    ("CMS69", "case when m.level = 'normal' then 0 else 1 end", "0"),
    ("CMS69", "and r.fact_table = 'medication_request'", ""),
    ("CMS951", "p.at_start between 18 and 85", "p.at_start between 18 and 86"),
]


def changed(measure: Measure, old: str, new: str) -> Measure:
    assert old in measure.shape.text
    return dataclasses.replace(measure, shape=shape_of(measure.shape.text.replace(old, new)))


@pytest.mark.parametrize(("name", "old", "new"), SABOTAGE)
def test_a_measure_that_is_changed_fails_a_case(name, old, new):
    loaded = LoadedMeasure(MEASURES[name])
    assert list(case_failures(changed(MEASURES[name], old, new), loaded))


def test_who_is_left_out_is_in_no_numerator_but_stays_in_the_denominator():
    measure = MEASURES["CMS122"]
    loaded = LoadedMeasure(measure)
    seen = 0
    for _, _, values in loaded.patients():
        counts = loaded.counts(measure, values)
        if (1, "denominator_exclusion") in counts:
            seen += 1
            assert (1, "denominator") in counts and (1, "numerator") not in counts
    assert seen >= 5


def test_measures_are_no_rules():
    files = rule_files(content_root() / "rules")
    assert files and not [path for path in files if path.parent == FOLDER]
    assert rule_files(next(FOLDER.glob("*.sql"))) == []


def test_no_code_of_cpt_is_shipped_with_the_measures():
    for path in FOLDER.iterdir():
        codes = re.findall(r"cpt:[0-9]{4}[0-9A-Z](?!-)\b", path.read_text(encoding="utf-8"))
        assert [code for code in codes if f"{code}-" not in path.read_text(encoding="utf-8")] == []
    assert not [one for one in measure_sets(content_root()).values() if one.oid and one.codes]


HEADER = """/* ---
title: Example
measure: {id: CMS9999, basis: boolean}
authority: {name: nobody}
author: tests
clinical_review: {by: null, on: null}
needs: [patient, observed]
--- */
"""
SOUND = """with initial_population as (select p.patient_id from patient p),
denominator as (select i.patient_id from initial_population i),
numerator as (
  select o.patient_id from observed o
  join value_set_code s on s.code = o.code and s.value_set = 'code_yes'
  cross join period d where o.to_day between d.from_day and d.to_day)
"""


def faults(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "rules" / "measures" / "cms9999_example.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    try:
        return [fault.what for fault in lint_measure(read_measure(path), {"code_yes"})]
    except RuleError as error:
        return [error.what]


def test_a_sound_measure_passes(tmp_path):
    assert faults(tmp_path, HEADER + SOUND) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("'code_yes'", "'nowhere'", "there is no value set nowhere"),
        ("needs: [patient, observed]", "needs: [patient]", "observed is not declared"),
        ("from observed o", "from observe o", "there is no relation observe"),
        ("o.to_day between", "o.when_day between", "has no column when_day"),
        ("denominator as (", "denominators as (", "there is no CTE denominator"),
        (
            "select i.patient_id from initial_population i",
            "select 1 as one from initial_population i",
            "lacks patient_id",
        ),
        ("basis: boolean", "basis: Encounter", "lacks encounter_id"),
        ("basis: boolean", "basis: visits", "basis"),
        ("title: Example", "name: Example", "has no key name"),
        ("o.to_day between d.from_day and d.to_day", "o.code = 5", "a concept is never compared with a literal"),
        ("from observed o\n", "from observed o join patient p on p.sex = 'female'\n", "join"),
        ("select p.patient_id from patient p", "select * from patient p", "name the columns"),
    ],
)
def test_the_linter_refuses(tmp_path, old, new, says):
    assert old in HEADER + SOUND
    assert any(says in fault for fault in faults(tmp_path, (HEADER + SOUND).replace(old, new)))


def test_the_file_is_named_after_the_measure(tmp_path):
    assert faults(tmp_path, (HEADER + SOUND).replace("CMS9999", "CMS1")) == ["name the file cms1_<words>.sql"]
