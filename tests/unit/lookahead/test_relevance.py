"""A query is left out of a run only when the facts that arrived cannot move its answers.

Read off its SQL, and checked over people by chance: taking out every fact that does not count changes no answer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date

import pytest

from beforehand.clinical import knowledge
from beforehand.clinical.content import content_root
from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.memory import MemoryHouse
from beforehand.lookahead.engines.possible import KNOWN
from beforehand.lookahead.engines.relations import relations
from beforehand.lookahead.engines.rows import RowEngine
from beforehand.lookahead.engines.shape import shape_of
from beforehand.lookahead.library import CheckedQuery, read_library
from beforehand.lookahead.relevance import Sets, relevant
from beforehand.lookahead.rule import Family
from tests.factories.generated_people import GeneratedPeople

AS_OF = (date(2026, 3, 9) - date(1970, 1, 1)).days
SHIPPED = read_library(content_root())
PEOPLE = 4
FAMILY = Family("", ("rule_id", "drug_set"), frozenset(), (("one", "statins"), ("two", None)))
A1C, LDL = frozenset({"a1c"}), frozenset({"ldl"})

CASES: list[tuple[str, dict[str, Sets]]] = [
    ("select patient_id from observation", {"observation": None}),
    (
        "select o.patient_id from observation o join value_set_code v on v.code = o.code and v.value_set = 'a1c'",
        {"observation": A1C},
    ),
    (
        "select o.patient_id from observation o where exists"
        " (select 1 from value_set_code v where v.code = o.code and v.value_set = 'a1c')",
        {"observation": A1C},
    ),
    # that a code is in no set is true of every other code
    (
        "select o.patient_id from observation o where not exists"
        " (select 1 from value_set_code v where v.code = o.code and v.value_set = 'a1c')",
        {"observation": None},
    ),
    # one of several conditions is enough, so the set is none
    (
        "select o.patient_id from observation o join value_set_code v on v.code = o.code"
        " where v.value_set = 'a1c' or o.status = 'final'",
        {"observation": None},
    ),
    # a value set looked up beside the row asks nothing of it
    (
        "select o.patient_id, v.code as known from observation o"
        " left join value_set_code v on v.code = o.code and v.value_set = 'a1c'",
        {"observation": None},
    ),
    # the value, not the code
    (
        "select o.patient_id from observation o join value_set_code v on v.code = o.value_code and v.value_set = 'a1c'",
        {"observation": None},
    ),
    # through a step, a union and a view, where each asks for its own
    (
        "with s as (select patient_id, code from observation union all select patient_id, code from condition)"
        " select s.patient_id from s join value_set_code v on v.code = s.code and v.value_set = 'a1c'",
        {"observation": A1C, "condition": A1C},
    ),
    (
        "select r.patient_id from final_result r join value_set_code v on v.code = r.code and v.value_set = 'a1c'",
        {"observation": A1C},
    ),
    # a code that is to be in two sets is in the first of them
    (
        "select o.patient_id from observation o join value_set_code v on v.code = o.code and v.value_set = 'a1c'"
        " join value_set_code w on w.code = o.code and w.value_set = 'ldl'",
        {"observation": A1C},
    ),
    # twice, for two sets
    (
        "with a as (select o.patient_id from observation o"
        " join value_set_code v on v.code = o.code and v.value_set = 'a1c'),"
        " b as (select o.patient_id from observation o"
        " join value_set_code v on v.code = o.code and v.value_set = 'ldl')"
        " select a.patient_id from a join b on b.patient_id = a.patient_id",
        {"observation": A1C | LDL},
    ),
    # the newest of all rows, of which then one code is asked: every row has a say
    (
        "with n as (select patient_id, code, row_number() over (partition by patient_id order by id) as place"
        " from observation)"
        " select n.patient_id from n join value_set_code v on v.code = n.code and v.value_set = 'a1c'"
        " where n.place = 1",
        {"observation": None},
    ),
    # the highest code of all rows likewise; but rows of one code by themselves count only if it is asked for
    (
        "with n as (select patient_id, max(code) as code from observation group by patient_id)"
        " select n.patient_id from n join value_set_code v on v.code = n.code and v.value_set = 'a1c'",
        {"observation": None},
    ),
    (
        "with n as (select patient_id, code, count(*) as times from observation group by patient_id, code)"
        " select n.patient_id from n join value_set_code v on v.code = n.code and v.value_set = 'a1c'",
        {"observation": A1C},
    ),
    (
        "select m.patient_id from medication_request m join value_set_code v on v.code = m.code"
        " join family f on f.drug_set = v.value_set",
        {"medication_request": frozenset({"statins"})},
    ),
    # joined beside it: only what is joined is asked of, the rest counts whatever its code
    (
        "select g.patient_id from goal g left join (select o.patient_id from observation o"
        " join value_set_code v on v.code = o.code and v.value_set = 'a1c') a on a.patient_id = g.patient_id",
        {"goal": None, "observation": A1C},
    ),
    # what the other side holds decides which rows EXCEPT leaves
    (
        "with n as (select patient_id, code from observation except select patient_id, code from condition)"
        " select n.patient_id from n join value_set_code v on v.code = n.code and v.value_set = 'a1c'",
        {"observation": None, "condition": None},
    ),
    # a step that only the evidence reads is read too; one that nothing reads is not
    (
        "with evidence as (select patient_id from condition), idle as (select patient_id from goal)"
        " select o.patient_id from observation o",
        {"observation": None, "condition": None},
    ),
]


@pytest.mark.parametrize(("text", "read"), CASES, ids=[case[0][:60] for case in CASES])
def test_what_a_query_looks_at_is_read_off_its_text(text: str, read: dict[str, Sets]) -> None:
    assert relevant(shape_of(text), relations(), FAMILY) == read


def test_every_table_a_rule_rests_on_is_read_somewhere() -> None:
    for name, checked in SHIPPED.queries.items():
        assert checked.stored() & FACTS.keys() <= checked.reads.keys(), name


@pytest.fixture(scope="module")
def people() -> Iterator[RowEngine]:
    """People by chance; other people with another SEED."""
    house = MemoryHouse()
    crowd = GeneratedPeople(SHIPPED.value_sets, PEOPLE, AS_OF, int(os.environ.get("SEED", "20260309")))
    crowd.fill(house, list(knowledge.RELATIONS))
    yield RowEngine(house.connection)
    house.connection.close()


def _moved(engine: RowEngine, *, ignoring: frozenset[str] = frozenset()) -> tuple[int, list[str]]:
    """(facts taken out that count for nothing, queries that answer otherwise without them), over all people.

    ``ignoring`` names tables of which every fact is wrongly taken to count for nothing.
    """
    taken, moved = 0, []
    for checked in SHIPPED.queries.values():
        before = _said(engine, checked)
        engine.connection.execute("begin")
        for table, sets in checked.reads.items():
            wanted = frozenset() if table in ignoring else sets
            code = FACTS[table].by[0]
            if wanted is not None and code:
                marks = ", ".join("?" * len(wanted))
                of_sets = f"select code from value_set_code where value_set in ({marks})"  # our own names
                delete = f"delete from fact_{table} where {code} is null or {code} not in ({of_sets})"
                taken += engine.connection.execute(delete, sorted(wanted)).rowcount
        if before != _said(engine, checked):
            moved.append(checked.query.id)
        engine.connection.execute("rollback")
    return taken, moved


def _said(engine: RowEngine, checked: CheckedQuery) -> list[str]:
    said = [engine.answers(checked.query, checked.shape, p, AS_OF, KNOWN) for p in range(1, PEOPLE + 1)]
    return [repr(sorted(map(repr, found))) for found in said]


def test_facts_that_do_not_count_move_no_answer(people: RowEngine) -> None:
    taken, moved = _moved(people)
    assert moved == []
    assert taken > 1000, "hardly any fact was taken out: the comparison says little"


def test_control_facts_wrongly_thought_to_count_for_nothing_are_found_out(people: RowEngine) -> None:
    """Sabotage: no visit, problem or result is said to count."""
    _, moved = _moved(people, ignoring=frozenset({"condition", "encounter", "observation"}))
    assert moved


def test_a_blood_sugar_does_not_ask_again_about_vaccines() -> None:
    vaccines, results = SHIPPED.queries["adult_vaccines"], SHIPPED.queries["result_unacknowledged"]
    assert not vaccines.concerned({"observation": A1C})
    assert vaccines.concerned({"observation": A1C, "immunization": None})
    assert vaccines.concerned({"observation": None})
    assert results.concerned({"observation": frozenset()})  # any result, whatever its code
