"""The clinical views, by example: what each shows and hides, and how age, death and time are told.

A test is a small table of facts and the ids a view shows of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from beforehand.clinical.tables import FACTS
from beforehand.lookahead.case_patients import CaseWriter
from beforehand.lookahead.engines.binding import bind_plain
from beforehand.lookahead.engines.memory import MemoryHouse, places_between
from beforehand.lookahead.engines.relations import Sort, relations, stored_below
from beforehand.lookahead.engines.rows import last_second
from beforehand.lookahead.lineage import Lineage
from beforehand.lookahead.lint_patients import patient_faults
from beforehand.lookahead.lint_portable import portable_faults

AS_OF = date(2026, 3, 9)
TODAY = (AS_OF - date(1970, 1, 1)).days
VIEWS = sorted(name for name, relation in relations().items() if relation.sort is Sort.VIEW)


class Language:
    """One person's facts, and questions about them."""

    def __init__(self) -> None:
        self.house = MemoryHouse()

    def ask(
        self, text: str, patient: dict[str, Any] | None = None, **facts: list[dict[str, Any]]
    ) -> list[tuple[Any, ...]]:
        """The rows of a SELECT over a person with these facts."""
        self.house.empty()
        writer = CaseWriter("test", {})
        writer.add("case", 1, {"patients": {"ann": {"patient": patient or {}, **facts}}})
        for table, rows in writer.rows().items():
            self.house.insert(table, rows)
        self.house.set_calendar(TODAY - 40_000, TODAY + 400)
        self.house.load_knowledge(("medicine", "medicine_name"), writer.concept_codings())
        values = {"low": 1, "high": 1, "day": TODAY, "at": last_second(TODAY)}
        return self.house.execute(bind_plain(text, places_between()), values)

    def shown(self, view: str, **facts: list[dict[str, Any]]) -> list[int]:
        """The places, in the given list, of the facts a view shows."""
        column = "fact_id" if "fact_id" in relations()[view].columns else "id"
        rows = self.ask(f"select v.{column} from {view} v", **facts)
        numbers = {100_001 + place: place for place in range(sum(len(given) for given in facts.values()))}
        return sorted(numbers[number] for (number,) in rows)


@pytest.fixture(scope="module")
def language() -> Iterator[Language]:
    yield Language()


@pytest.mark.parametrize(
    ("birth", "low", "high"),
    [
        ("1961-03-09", 65, 65),  # the birthday itself
        ("1961-03-10", 64, 64),  # the day before it
        ("1961-03", 64, 65),  # a month: the boundary lies inside
        ("1961", 64, 65),
        ("2000-02-29", 26, 26),
        (None, None, None),
    ],
)
def test_age_is_in_completed_years_and_a_range_when_the_birth_day_is_not_exact(
    language: Language, birth: str | None, low: int | None, high: int | None
) -> None:
    assert language.ask("select p.age_low, p.age_high from person p", {"birth": birth}) == [(low, high)]


@pytest.mark.parametrize(
    ("deceased", "living"), [(None, 1), ("2026-03-09", 0), ("2026-03-10", 1), ("2026-03", 0), (True, 0)]
)
def test_person_is_living_until_the_day_of_death(language: Language, deceased: Any, living: int) -> None:
    patient = {"birth": "1950-01-01", "deceased": deceased}
    assert len(language.ask("select p.patient_id from person p", patient)) == living
    assert language.ask("select p.is_deceased from any_person p", patient) == [(1 - living,)]


def test_a_condition_is_active_unless_resolved_refuted_unconfirmed_or_not_yet_begun(language: Language) -> None:
    conditions = [
        {"clinical_status": "active"},
        {"clinical_status": "resolved"},
        {"clinical_status": "active", "verification": "refuted"},
        {"clinical_status": "active", "verification": "entered-in-error"},
        {"clinical_status": "active", "verification": "provisional"},
        {"clinical_status": "active", "onset": "2026-03-10"},
        {"clinical_status": "active", "abated": "2026-03-09"},
        {"clinical_status": "resolved", "abated": "2026-03-10"},
        {},
    ]
    assert language.shown("active_condition", condition=conditions) == [0, 7, 8]
    assert language.shown("known_condition", condition=conditions) == [0, 1, 6, 7, 8]


def test_what_two_sources_say_alike_is_shown_once(language: Language) -> None:
    results = [
        {"id": "a", "status": "final", "taken": "2026-03-01"},
        {"id": "b", "status": "final", "taken": "2026-03-01", "source": "hospital", "same_as": "a"},
    ]
    assert language.shown("final_result", observation=results) == [0]


def test_a_result_counts_when_it_is_final_and_was_taken_by_then(language: Language) -> None:
    results = [
        {"status": "final", "taken": "2026-03-09"},
        {"status": "final", "taken": "2026-03-10"},
        {"status": "corrected", "taken": "2026-03"},
        {"status": "preliminary", "taken": "2026-03-01"},
        {"status": "entered-in-error", "taken": "2026-03-01"},
        {"status": "final"},
    ]
    assert language.shown("final_result", observation=results) == [0, 2, 5]


def test_orders_and_appointments_made_by_then_are_visible_those_made_later_are_not(language: Language) -> None:
    appointments = [
        {"status": "booked", "start": "2026-03-20", "created": "2026-03-01"},
        {"status": "booked", "start": "2026-03-20", "created": "2026-03-10"},
        {"status": "booked", "start": "2026-03-08"},
        {"status": "booked", "start": "2026-03-09"},
        {"status": "cancelled", "start": "2026-03-20"},
    ]
    assert language.shown("future_appointment", appointment=appointments) == [0, 3]
    orders = [
        {"status": "active", "authored": "2026-03-09"},
        {"status": "active", "authored": "2026-03-10"},
        {"status": "completed", "authored": "2026-03-01"},
        {"status": "active", "intent": "proposal", "authored": "2026-03-01"},
        {"status": "active", "do_not_perform": 1},
    ]
    assert language.shown("active_order", service_request=orders) == [0]
    assert language.shown("placed_order", service_request=orders) == [0, 2]


def test_current_medicines_come_from_orders_and_from_what_people_say(language: Language) -> None:
    rows = language.ask(
        "select m.fact_table from current_medication m",
        medication_request=[
            {"status": "active", "intent": "order", "authored": "2026-01-01"},
            {"status": "stopped", "intent": "order", "authored": "2026-01-01"},
            {"status": "active", "intent": "order", "authored": "2026-01-01", "valid_until": "2026-03-08"},
        ],
        medication_statement=[
            {"status": "active", "start": "2026-01-01"},
            {"status": "not-taken", "start": "2026-01-01"},
            {"status": "active", "start": "2026-01-01", "end": "2026-02-01"},
        ],
    )
    assert sorted(rows) == [("medication_request",), ("medication_statement",)]


def test_a_fill_that_no_order_explains_is_a_current_medicine_while_it_lasts(language: Language) -> None:
    text = "select m.fact_table, m.last_day from current_medication m"
    apixaban = {
        "status": "completed",
        "code": "rxnorm:1364445 apixaban 5 MG",
        "filled": "2026-02-08",
        "days_supply": 30,
    }
    # 30 days from 8 February are over on 10 March
    assert language.ask(text, medication_dispense=[apixaban]) == [("medication_dispense", TODAY)]
    assert language.ask(text, medication_dispense=[{**apixaban, "filled": "2026-02-07"}]) == []
    assert language.ask(text, medication_dispense=[{**apixaban, "days_supply": None}]) == []
    # the newest of two, whatever the product
    newer = {**apixaban, "code": "rxnorm:1364441 apixaban 2.5 MG", "filled": "2026-03-01"}
    assert language.ask(text, medication_dispense=[apixaban, newer]) == [("medication_dispense", TODAY + 21)]
    # an order explains it, also one that was stopped; so does somebody's word; an old order does not
    order = {"status": "stopped", "code": "rxnorm:1364430 apixaban", "authored": "2026-02-01"}
    assert language.ask(text, medication_dispense=[apixaban], medication_request=[order]) == []
    assert language.ask(text, medication_dispense=[apixaban], medication_request=[{**order, "authored": "2025-02-06"}])
    word = {"status": "not-taken", "code": "rxnorm:1364430 apixaban", "start": "2026-02-20"}
    assert language.ask(text, medication_dispense=[apixaban], medication_statement=[word]) == []


def test_supply_moves_what_is_left_over_forward(language: Language) -> None:
    order = {
        "id": "rx",
        "status": "active",
        "code": "rxnorm:1364445 apixaban 5 MG",
        "authored": "2026-01-01",
        "refills": 2,
    }
    fill = {"status": "completed", "code": "rxnorm:1364445 apixaban 5 MG", "days_supply": 30}
    rows = language.ask(
        "select s.runs_out_on, s.refills_left, s.fills, s.last_days from medicine_supply s",
        medication_request=[order],
        medication_dispense=[{**fill, "filled": "2026-02-01"}, {**fill, "filled": "2026-02-21"}],
    )
    assert rows == [((date(2026, 4, 2) - date(1970, 1, 1)).days, 1, 2, 30)]
    asked = "select o.subject from standing_order o"
    assert language.ask(asked, medication_request=[order]) == [("medicine:rxnorm:1364430",)]
    assert language.ask(asked, medication_request=[{**order, "is_as_needed": 1}]) == []
    copy = {**order, "id": "copy", "same_as": "rx"}
    facts = language.ask("select s.fact_id, s.copy_id from supply_fact s", medication_request=[order, copy])
    assert len(facts) == 2 and len({fact for fact, _ in facts}) == 1


def test_a_fill_begun_and_not_handed_over_is_open_until_one_follows(language: Language) -> None:
    begun = {"status": "in-progress", "code": "rxnorm:1364445 apixaban 5 MG", "filled": "2026-03-01"}
    text = "select f.is_held from open_fill f"
    assert language.ask(text, medication_dispense=[begun]) == [(0,)]
    assert language.ask(text, medication_dispense=[{**begun, "status": "declined"}]) == [(1,)]
    assert language.ask(text, medication_dispense=[{**begun, "filled": "2026-03-10"}]) == []
    assert language.ask(text, medication_dispense=[begun, {**begun, "status": "completed"}]) == []


def test_the_history_of_an_ingredient_begins_with_what_has_ended(language: Language) -> None:
    orders = [
        {"status": "completed", "code": "rxnorm:1364445 apixaban 5 MG", "authored": "2020-01-01"},
        {"status": "draft", "code": "rxnorm:1364445 apixaban 5 MG", "authored": "2019-01-01"},
        {"status": "entered-in-error", "code": "rxnorm:1364445 apixaban 5 MG", "authored": "2019-01-01"},
    ]
    rows = language.ask("select h.fact_table, h.first_day from ingredient_history h", medication_request=orders)
    assert rows == [("medication_request", (date(2020, 1, 1) - date(1970, 1, 1)).days)]


def test_a_stay_has_ended_by_then_or_is_going_on(language: Language) -> None:
    stays = [
        {"status": "finished", "class_code": "IMP", "start": "2026-03-01", "end": "2026-03-09"},
        {"status": "finished", "class_code": "IMP", "start": "2026-03-01", "end": "2026-03-10"},
        {"status": "in-progress", "class_code": "ACUTE", "start": "2026-03-01"},
        {"status": "finished", "class_code": "SS", "start": "2026-03-01", "end": "2026-03-02"},
        {"status": "finished", "class_code": "EMER", "start": "2026-03-01", "end": "2026-03-02"},
        {"status": "entered-in-error", "class_code": "IMP", "start": "2026-03-01", "end": "2026-03-02"},
    ]
    assert language.shown("finished_stay", encounter=stays) == [0]
    assert language.shown("current_stay", encounter=stays) == [1, 2]
    assert language.shown("emergency_visit", encounter=stays) == [4]


def test_unknown_is_no_answer_of_its_own_in_sql(language: Language) -> None:
    """NULL compares as unknown: neither equal nor different; a rule must ask for it by name."""
    text = (
        "select case when o.value_micro > 5 then 'more' when not (o.value_micro > 5) then 'not more' else 'unknown' end"
        " as told from final_result o order by o.id nulls last"
    )
    results = [{"status": "final", "value": "9 %"}, {"status": "final", "value": "0.000001 %"}, {"status": "final"}]
    assert language.ask(text, observation=results) == [("more",), ("not more",), ("unknown",)]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_keeps_patients_apart_and_reads_alike_on_every_engine(view: str) -> None:
    shape = relations()[view].shape
    assert shape is not None
    lineage = Lineage(shape, relations())
    assert [fault.what for fault in (*portable_faults(shape, lineage), *patient_faults(shape, lineage))] == []


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_says_in_its_first_lines_what_it_shows(view: str) -> None:
    assert len(relations()[view].meaning) > 20


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_names_the_patient_and_rests_on_facts(view: str) -> None:
    assert "patient_id" in relations()[view].columns
    assert stored_below(frozenset({view})) & {*FACTS, "patient"}
