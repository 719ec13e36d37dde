"""No rule claims to know a day it does not know: a share of every rule's days, blurred to their month."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from beforehand.clinical.content import content_root
from beforehand.lookahead.blur import Blur, chosen, dishonesties
from beforehand.lookahead.cases import Case, read_cases
from beforehand.lookahead.engines.possible import is_honest
from beforehand.lookahead.library import read_library

SHIPPED = ("acetaminophen_sum", "never_filled", "heart_failure_weight_gain", "fill_not_collected")
EXAMPLES_ROOT = Path(__file__).parent.parent / "rules_examples"

RULE = """/* ---
title: Old reading
why: A test.
kind: gap
question: Was blood pressure taken within a year?
reason: "Not taken for a year."
next_step: Take it.
authority: {name: Beforehand, edition: "1", url: "https://example.org", valid_from: 2013-01-01}
author: Beforehand
clinical_review: {by: null, on: null}
needs: [final_result]
--- */
with newest as (
    select r.patient_id, max(r.taken_from_day) as day, max(r.id) as id
    from final_result r
    group by r.patient_id
), evidence as (
    select n.patient_id, 'reading:last' as subject, 'observation' as fact_table, n.id as fact_id, 'reading' as role
    from newest n
)
select n.patient_id, 'reading:last' as subject, case when n.day >= a.day - 365 then 'MET' else 'DUE' end as status,
       n.day + 366 as opens_on, n.day + 366 as due_on, cast(null as integer) as lapses_on,
       cast(null as integer) as recheck_on, cast(null as varchar(20)) as missing
from newest n
cross join as_of a
"""
CASES = """cases:
  - name: within the year, and a day more
    as_of: 2026-03-09
    patients:
      ann: {observation: [{status: final, code: "loinc:8480-6", taken: 2025-03-09, value: "120 mm[Hg]"}]}
      ben: {observation: [{status: final, code: "loinc:8480-6", taken: 2025-03-08, value: "120 mm[Hg]"}]}
      cora: {observation: [{status: final, code: "loinc:8480-6", taken: 2026-03-02, value: "120 mm[Hg]"}]}
    expect:
      ann: [{subject: "reading:last", status: MET}]
      ben: [{subject: "reading:last", status: DUE}]
      cora: [{subject: "reading:last", status: MET}]
"""


OLDEST = """cases:
  - name: named by the day of the oldest
    as_of: 2026-03-09
    patients:
      ann: {observation: [{status: final, code: "loinc:8480-6", taken: 2025-03-01, value: "120 mm[Hg]"},
                          {status: final, code: "loinc:8480-6", taken: 2025-03-05, value: "120 mm[Hg]"}]}
    expect:
      ann: [{subject: "reading:20148", status: DUE}]
"""


def _house(tmp_path: Path, sql: str, cases: str = CASES) -> Path:
    root = tmp_path / "house"
    (root / "rules" / "chronic").mkdir(parents=True)
    shutil.copytree(EXAMPLES_ROOT / "valuesets", root / "valuesets")
    (root / "rules" / "chronic" / "old_reading.sql").write_text(sql, encoding="utf-8")
    (root / "rules" / "chronic" / "old_reading.cases.yaml").write_text(cases, encoding="utf-8")
    return root


def test_a_rule_that_reads_only_the_first_possible_day_is_caught(tmp_path: Path) -> None:
    library = read_library(_house(tmp_path, RULE))
    assert library.refused == []
    found = [str(one) for one in dishonesties(library.queries["old_reading"], library, as_written=True)]
    assert len(found) == 2
    assert "'within the year, and a day more', ann: observation.taken (2025-03-09, row 1)" in found[0]
    assert "it is DUE about reading:last, but DUE if 2025-03-01, MET if 2025-03-09" in found[0]
    assert [str(one) for one in dishonesties(library.queries["old_reading"], library)] == []  # the engines see to it


def test_a_subject_named_by_the_day_of_another_fact_is_compared_under_that_name(tmp_path: Path) -> None:
    named = RULE.replace("'reading:last'", "'reading:' || cast(n.oldest as varchar(20))").replace(
        "as day,", "as day, min(r.taken_from_day) as oldest,", 1
    )
    library = read_library(_house(tmp_path, named, OLDEST))
    assert library.refused == []
    newest = "observation.taken (2025-03-05, row 2)"
    checked = library.queries["old_reading"]
    assert [str(one) for one in dishonesties(checked, library) if newest in str(one)] == []
    found = [str(one) for one in dishonesties(checked, library, as_written=True) if newest in str(one)]
    assert len(found) == 1
    assert "it is DUE about reading:20148, but DUE if 2025-03-01, MET if 2025-03-15" in found[0]


def test_a_rule_that_waits_for_both_ends_is_honest(tmp_path: Path) -> None:
    aware = (
        RULE.replace("needs:", "missing: {day: The day is not known.}\nneeds:")
        .replace("as day, max(r.id)", "as day, max(r.taken_to_day) as last_day, max(r.id)")
        .replace("then 'MET' else", "then 'MET' when n.last_day >= a.day - 365 then 'UNKNOWN' else")
        .replace(
            "cast(null as varchar(20)) as",
            "case when n.day < a.day - 365 and n.last_day >= a.day - 365 then 'day' end as",
        )
    )
    library = read_library(_house(tmp_path, aware))
    assert library.refused == []
    assert [str(one) for one in dishonesties(library.queries["old_reading"], library, as_written=True)] == []


@pytest.mark.parametrize(
    ("said", "possible", "honest"),
    [
        ("UNKNOWN", {"DUE", ""}, True),
        ("DUE", {"DUE"}, True),
        ("DUE", {"DUE", "MET"}, False),
        ("", {"DUE", "MET"}, False),
        ("MET", {"DUE", "MET"}, False),
        ("EXCLUDED", {"DUE", "EXCLUDED"}, False),
        ("DUE", {"MET"}, False),
        ("", {"", "MET"}, True),
        ("MET", {"", "MET", "UNKNOWN"}, True),
        ("MET", {""}, False),
        ("MET", {"EXCLUDED", "MET"}, False),
        ("EXCLUDED", {"", "EXCLUDED"}, True),
    ],
)
def test_what_is_honest(said: str, possible: set[str], honest: bool) -> None:
    assert is_honest(said, frozenset(possible)) is honest


def test_what_has_happened_is_not_thought_to_lie_ahead() -> None:
    fill = {"status": "completed", "filled": "2026-03-02"}
    body = {"patients": {"ann": {"medication_dispense": [fill], "coverage": [{"end": "2026-03-02"}]}}}
    case = Case("a", "r", date(2026, 3, 9), body, 1)
    filled = Blur(case, "ann", "medication_dispense", 0, "filled", date(2026, 3, 2), "")
    ends = Blur(case, "ann", "coverage", 0, "end", date(2026, 3, 2), "")
    assert max(filled.possible_days()) == date(2026, 3, 9)
    assert max(ends.possible_days()) == date(2026, 3, 31)
    assert {date(2026, 3, day) for day in (1, 2, 3, 8, 9, 10)} < set(ends.possible_days())


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_rules_are_honest_though_their_texts_alone_are_not(name: str) -> None:
    """A few of each sort; every blur of every rule: `beforehand rules test --blur --quick`."""
    place = next((content_root() / "rules").glob(f"*/{name}.sql"))
    library = read_library(content_root(), places=[place])
    checked = library.queries[name]
    assert [str(one) for one in dishonesties(checked, library, share=3)] == []
    assert list(dishonesties(checked, library, as_written=True)) != []


def test_a_share_is_the_same_each_time_and_never_nothing() -> None:
    library = read_library(EXAMPLES_ROOT)
    for checked in library.queries.values():
        book = read_cases(checked.query)
        assert chosen(checked, book, 3) == chosen(checked, book, 3)
        assert len(chosen(checked, book, 10_000)) == 1
    assert read_library(content_root()).refused == []
