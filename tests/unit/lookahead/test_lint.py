"""Each check of the linter, with what it refuses and what it lets pass."""

from __future__ import annotations

# ruff: noqa: E501  one example a line reads better
from pathlib import Path

import pytest

from beforehand.lookahead.library import check_file, read_library

HEADER = """/* ---
title: A rule
why: Because.
kind: gap
question: Is it so?
reason: It is.
next_step: Do it.
missing: {day: No day.}
authority: {name: Somebody}
author: Beforehand
clinical_review: {by: null, on: null}
needs: [person, final_result, active_condition, calendar, observation]
--- */
"""
GOOD = """with found as (
    select r.patient_id, r.id, r.taken_to_day, r.code, r.interpretation,
           row_number() over (partition by r.patient_id order by r.taken_to_day desc nulls last, r.id desc) as place
    from final_result r
    join person p on p.patient_id = r.patient_id
    join value_set_code v on v.code = r.code and v.value_set = 'labs'
), evidence as (
    select f.patient_id, 'lab:latest' as subject, 'observation' as fact_table, f.id as fact_id, 'result' as role
    from found f
    where f.place = 1
)
select f.patient_id, 'lab:latest' as subject,
       case when f.taken_to_day is null then 'UNKNOWN' else 'DUE' end as status,
       f.taken_to_day as opens_on, f.taken_to_day + 7 as due_on,
       cast(null as integer) as lapses_on, cast(null as integer) as recheck_on,
       case when f.taken_to_day is null then 'day' end as missing
from found f
where f.place = 1
"""
JOINED = "from found f\nwhere f.place = 1\n"


def faults(tmp_path: Path, sql: str, header: str = HEADER) -> list[str]:
    folder = tmp_path / "rules" / "topic"
    folder.mkdir(parents=True)
    path = folder / "some_rule.sql"
    path.write_text(header + sql)
    _, found = check_file(path, tmp_path, {"labs"})
    return [str(fault) for fault in found]


def test_a_sound_rule_has_no_faults(tmp_path: Path) -> None:
    assert faults(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("from final_result r", "from final_results r", 18, "there is no relation final_results"),
        ("from final_result r", "from final_report r", 18, "final_report is not declared"),
        ("from final_result r", "from hospice_in_period r", 18, "a rule has none"),
        ("r.interpretation,", "r.interpretations,", 15, "final_result has no column interpretations"),
        (" as missing\n", " as missing, 1 as priority\n", 25, "the last SELECT has priority"),
        ("case when f.taken_to_day is null then 'day' end as missing", "1 as say_x", 25, "the last SELECT lacks missing"),
        ("else 'DUE' end as status", "else 'OVERDUE' end as status", 25, "status OVERDUE is not one of"),
        ("'lab:latest' as subject,\n       case", "'a:b' as subject,\n       f.interpretation || case", 25, "not computed"),
        ("then 'day' end", "then 'hour' end", 25, "missing hour has no words"),
        ("'result' as role", "'result' as roles", 21, "evidence returns"),
        ("'observation' as fact_table", "'observations' as fact_table", 21, "names a fact table"),
        ("evidence as (", "proof as (", 14, "there is no CTE evidence"),
        ("v.value_set = 'labs'", "v.value_set = 'lab'", 19, "there is no value set lab"),
        (" and v.value_set = 'labs'", "", 19, "compare value_set with the literal name"),
        ("where f.place = 1\n)", "where f.place = 1 and f.code = 7\n)", 23, "never compared with a literal"),
        ("f.taken_to_day + 7", "f.taken_to_day / 7", 27, "/ divides"),
        ("where f.place = 1\n)", "where f.interpretation like 'H%'\n)", 23, "LIKE differs"),
        ("f.taken_to_day + 7", "round(f.taken_to_day)", 27, "round is not in the portable subset"),
        ("f.taken_to_day + 7", "strftime('%Y', f.taken_to_day)", 27, "not in the portable subset"),
        ("f.taken_to_day + 7", "max(f.taken_to_day, 7)", 27, "greatest is not in the portable subset"),
        ("select r.patient_id, r.id,", "select r.*,", 15, "name the columns instead of *"),
        ("order by r.taken_to_day desc nulls last", "order by r.interpretation desc nulls last", 16, "text sorts differently"),
        ("where f.place = 1\n)", "where f.interpretation > 'H'\n)", 23, "text sorts differently"),
        ("desc nulls last, r.id desc", "desc nulls last", 16, "end a window's ORDER BY with an id"),
        ("desc nulls last, r.id desc", "desc, r.id desc", 16, "say NULLS FIRST or NULLS LAST"),
        ("partition by r.patient_id ", "partition by r.code ", 16, "partition the window by patient_id"),
        ("join person p on p.patient_id = r.patient_id", "cross join person p", 18, "rows of two patients must never meet"),
        ("select f.patient_id, 'lab:latest' as subject, 'obs", "select 1 as x, 'lab:latest' as subject, 'obs", 21, "drops"),
        (JOINED, f"{JOINED}  and exists (select 1 from found g where g.id > f.id)\n", 31, "tie the subquery"),
        (JOINED, f"{JOINED}limit 5\n", 31, "LIMIT over people"),
        ("f.taken_to_day + 7 as due_on", "(f.place = 1) as due_on", 27, "a condition is no value"),
        ("cast(null as integer) as lapses_on", "cast(f.taken_to_day as date) as lapses_on", 28, "cast to integer"),
        ("where f.place = 1\n)", "where f.place is 1\n)", 23, "IS NOT DISTINCT FROM is not everywhere"),
        ("join person p on", "right join person p on", 18, "RIGHT JOIN is not everywhere"),
    ],
)  # fmt: skip
def test_what_is_refused_is_named_with_its_line(tmp_path: Path, before: str, after: str, line: int, said: str) -> None:
    assert before in GOOD, "the example no longer fits the sound rule"
    found = faults(tmp_path, GOOD.replace(before, after, 1))
    wanted = [fault for fault in found if said in fault]
    assert wanted, f"not refused; the linter says {found}"
    assert abs(int(wanted[0].split(":")[1]) - line) <= 1, wanted[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f.taken_to_day + 7", "coalesce(f.taken_to_day, 0) * 7 - abs(3)"),
        ("where f.place = 1\n)", "where f.place between 1 and 2\n)"),
        ("where f.place = 1\n)", "where f.interpretation = 'H' and f.interpretation in ('H', 'L')\n)"),
        (JOINED, f"{JOINED}  and exists (select 1 from found g where g.patient_id = f.patient_id and g.id > f.id)\n"),
        (
            JOINED,
            f"{JOINED}  and f.taken_to_day = (select max(g.taken_to_day) from found g where g.patient_id = f.patient_id)\n",
        ),
        (JOINED, f"{JOINED}  and f.patient_id in (select c.patient_id from active_condition c)\n"),
        (
            "join person p on p.patient_id = r.patient_id",
            "join person p on p.patient_id = r.patient_id\n    cross join as_of a",
        ),
        ("and v.value_set = 'labs'", "and v.value_set in ('labs')"),
    ],
)
def test_what_is_sound_passes(tmp_path: Path, before: str, after: str) -> None:
    assert before in GOOD
    assert faults(tmp_path, GOOD.replace(before, after, 1)) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("kind: gap", "kind: hole", "5: kind is one of"),
        ("title: A rule\n", "", "the header lacks title"),
        ("reason: It is.", "raeson: It is.", "lacks reason"),
        ("reason: It is.", "reason: It is {due}.", "there is no column say_due"),
        ("why: Because.", "why: [", "the header is not YAML"),
        ("needs: [person", "needs: [persons", "needs: names persons"),
    ],
)
def test_a_broken_header_is_refused_with_its_line(tmp_path: Path, before: str, after: str, said: str) -> None:
    folder = tmp_path / "rules" / "topic"
    folder.mkdir(parents=True)
    (folder / "some_rule.sql").write_text(HEADER.replace(before, after, 1).replace("4: ", "") + GOOD)
    library = read_library(tmp_path, known_sets=["labs"])
    assert library.queries == {}
    words = " ".join(str(refusal) for refusal in library.refused)
    assert said.split(": ", 1)[-1] in words if said[0].isdigit() else said in words


def test_a_broken_rule_is_refused_by_name_and_the_others_run(tmp_path: Path) -> None:
    folder = tmp_path / "rules" / "topic"
    folder.mkdir(parents=True)
    (folder / "sound.sql").write_text(HEADER + GOOD)
    (folder / "broken.sql").write_text(HEADER + "selekt nothing")
    library = read_library(tmp_path, known_sets=["labs"])
    assert list(library.queries) == ["sound"]
    assert [refusal.rule_id for refusal in library.refused] == ["broken"]
    assert "broken.sql:14" in str(library.refused[0])
