"""Days not known exactly: every engine supposes the same days, and puts together the same answers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from beforehand.clinical import knowledge
from beforehand.clinical.content import content_root
from beforehand.lookahead.agreement import differences
from beforehand.lookahead.engines.answers import Answer, Evidence, fingerprint, read_ranges
from beforehand.lookahead.engines.binding import TURNS
from beforehand.lookahead.engines.differences import Differences
from beforehand.lookahead.engines.duckdb import DuckEngine, places
from beforehand.lookahead.engines.memory import MemoryHouse
from beforehand.lookahead.engines.possible import (
    EARLIEST,
    LATEST,
    MOST,
    ORDERS,
    looks,
    put_together,
    supposed,
    suppositions,
    times_of,
)
from beforehand.lookahead.engines.relations import stored_below
from beforehand.lookahead.engines.rows import RowEngine
from beforehand.lookahead.engines.unsure import of_unsure
from beforehand.lookahead.library import read_library
from tests.factories.generated_people import GeneratedPeople

AS_OF = (date(2026, 3, 9) - date(1970, 1, 1)).days
PEOPLE = 25
SHIPPED = read_library(content_root())
# One rule of each sort of boundary: since when, until when, which came first, how many in so many days.
ASKED = (
    "screening",
    "monitoring",
    "coverage_ends",
    "medicine_runs_out",
    "emergency_visits_pile_up",
    "interacting_medicines",
)


@pytest.fixture(scope="module")
def houses() -> Iterator[tuple[MemoryHouse, DuckEngine]]:
    """The same people by chance in both; other people with another SEED."""
    seed = int(os.environ.get("SEED", "20260309"))
    print(f"SEED={seed}")
    house = MemoryHouse()
    GeneratedPeople(SHIPPED.value_sets, PEOPLE, AS_OF, seed).fill(house, list(knowledge.RELATIONS))
    with TemporaryDirectory() as name, DuckEngine(threads=1, spill=Path(name)) as engine:
        (Path(name) / "people.db").write_bytes(house.connection.serialize())
        engine.attach("sqlite", str(Path(name) / "people.db"))
        engine.copy_facts(Path(name))
        engine.load_shared()
        engine.read_facts(Path(name), None)
        yield house, engine


@pytest.mark.parametrize("name", ASKED)
def test_engines_say_the_same_of_people_with_vague_days(houses: tuple[MemoryHouse, DuckEngine], name: str) -> None:
    house, duck = houses
    checked = SHIPPED.queries[name]
    rows = RowEngine(house.connection)
    by_rows = [one for who in range(1, PEOPLE + 1) for one in rows.answers(checked.query, checked.shape, who, AS_OF)]
    by_columns = duck.answers(checked.query, checked.shape, AS_OF)
    assert duck.unsure(checked.shape)
    assert list(differences(name, by_rows, by_columns)) == []
    labels = duck.labels(one for answer in by_columns for one in answer.evidence)
    prints = {answer.key: fingerprint(answer, _labels(answer, labels)) for answer in by_columns}
    with Differences(duck, checked.query, checked.shape, places(AS_OF), AS_OF):
        found = duck.rows("select rule_id, patient_id, subject, fingerprint from found")
    assert {(rule, who, subject): mark for rule, who, subject, mark in found} == prints


def _labels(answer: Answer, labels: dict[tuple[str, int], str]) -> str:
    return " ".join(sorted({w for one in answer.evidence for w in labels.get((one.table, one.fact_id), "").split()}))


def test_what_is_written_to_a_folder_is_the_same(houses: tuple[MemoryHouse, DuckEngine], tmp_path: Path) -> None:
    _, duck = houses
    checked = SHIPPED.queries["screening"]
    counts = duck.write_answers(
        checked.query, checked.shape, AS_OF, frozenset(checked.query.rules), str(tmp_path / "a.parquet")
    )
    expected: dict[tuple[str, str], int] = {}
    for answer in duck.answers(checked.query, checked.shape, AS_OF):
        key = (answer.rule_id, answer.status)
        expected[key] = expected.get(key, 0) + 1
    assert counts == expected


@pytest.mark.parametrize("table", ["observation", "encounter", "coverage", "medication_request"])
def test_supposed_days_are_the_same_on_every_engine_and_lie_in_the_range(
    houses: tuple[MemoryHouse, DuckEngine], table: str
) -> None:
    house, duck = houses
    for number in (EARLIEST, LATEST, AS_OF - 7, *ORDERS):
        names = [f"{time}_{end}_day" for time in times_of(table) for end in ("from", "to")]
        text = ", ".join(supposed(table, name, str(AS_OF), str(number)) for name in names)
        by_rows = house.connection.execute(f"select id, {text} from fact_{table} order by id").fetchall()
        assert by_rows == duck.rows(f"select id, {text} from fact_{table} order by id")
        stored = house.connection.execute(f"select id, {', '.join(names)} from fact_{table} order by id").fetchall()
        vague = 0
        for was, day in zip(stored, by_rows, strict=True):
            for first, last, early, late in zip(was[1::2], was[2::2], day[1::2], day[2::2], strict=True):
                assert early == late
                assert first is None or first <= early <= last
                vague += first != last
        assert vague


def test_suppositions_try_both_ends_the_weeks_between_the_days_of_other_things_and_both_orders() -> None:
    assert suppositions([], [1, 2], 110) == []
    one = suppositions([(100, 128)], [50, 99, 120, 200], 110)
    assert one == [EARLIEST, LATEST, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 114, 119, 120, 121]
    assert suppositions([(100, 101)], [], 500) == [EARLIEST, LATEST]
    thirty_days_ago = suppositions([(100, 130)], [], 143)
    assert {113, 114} < set(thirty_days_ago)  # where a window of 30 days ends: the last day out of it, the first in
    several = suppositions([(100, 128), (90, 110)], [], 500)
    assert several == [EARLIEST, LATEST, 95, 100, 105, 107, 114, 121, *ORDERS]
    many = suppositions([(0, 3650), (0, 365)], range(3650), 500)
    assert len(many) <= 2 + MOST + len(ORDERS) < TURNS


def test_what_happened_is_not_supposed_to_lie_ahead_and_some_are_early_while_others_are_late() -> None:
    house = MemoryHouse()
    house.connection.execute("create table two (id, status, taken_from_day, taken_to_day, end_from_day, end_to_day)")
    house.connection.execute(
        "insert into two values (1, 'final', 100, 130, 100, 130), (2, 'final', 100, 130, 100, 130)"
    )

    def days(table: str, name: str, supposition: int) -> tuple[int, ...]:
        text = supposed(table, f"{name}_from_day", "110", str(supposition))
        return tuple(day for (day,) in house.connection.execute(f"select {text} from two order by id"))

    assert days("observation", "taken", LATEST) == (110, 110)
    assert days("coverage", "end", LATEST) == (130, 130)
    assert days("observation", "taken", EARLIEST) == (100, 100)
    assert days("observation", "taken", 105) == (105, 105)
    assert {(100, 110), (110, 100)} <= {days("observation", "taken", order) for order in ORDERS}


def _answer(status: str, **more: object) -> Answer:
    days = {"opens_on": 100, "due_on": 110, "lapses_on": None, "recheck_on": None, "missing": "", **more}
    return Answer("r", 1, "a:1", status, **days)  # type: ignore[arg-type]


def test_due_on_one_day_and_not_on_another_is_unknown_with_the_earliest_days_and_all_evidence() -> None:
    fact, other = Evidence("observation", 7, "test"), Evidence("task", 8, "word")
    written = _answer("MET", opens_on=300, due_on=310, evidence=(fact,), recheck_on=150)
    due = [_answer("DUE", evidence=(other,), recheck_on=120), _answer("DUE", opens_on=90, due_on=95, lapses_on=400)]
    (said,) = put_together([written], [[due[0]], [_answer("MET")], [due[1]], []])
    assert (said.status, said.missing) == ("UNKNOWN", "exact_day")
    assert (said.opens_on, said.due_on, said.lapses_on, said.recheck_on) == (90, 95, None, 120)
    assert said.evidence == (fact, other)


def test_silence_is_broken_when_it_may_be_due() -> None:
    (said,) = put_together([], [[], [_answer("DUE", lapses_on=200)]])
    assert (said.status, said.due_on, said.lapses_on) == ("UNKNOWN", 110, 200)


def test_what_all_days_agree_on_stays_and_so_does_what_the_rule_says_is_missing() -> None:
    due = _answer("DUE")
    assert put_together([due], [[due], [due]]) == [due]
    own = _answer("UNKNOWN", missing="value")
    assert put_together([own], [[due], [_answer("MET")]]) == [own]
    assert [one.status for one in put_together([_answer("DUE")], [[_answer("MET")], [_answer("MET")]])] == ["MET"]
    assert put_together([_answer("MET")], [[], []]) == []
    met = _answer("MET")
    assert put_together([met], [[met], []]) == [met]
    assert put_together([], [[met], []]) == []


def test_of_a_day_that_hangs_on_a_vague_one_both_ends_are_kept() -> None:
    written = _answer("DUE", say={"say_last_on": 60, "say_days": 50, "say_test": "A1c"})
    early = _answer("DUE", due_on=120, say={"say_last_on": 60, "say_days": 50, "say_test": "A1c"})
    late = _answer("DUE", due_on=150, say={"say_last_on": 90, "say_days": 20, "say_test": "lipids"})
    other = _answer("DUE", opens_on=None, due_on=None)
    (said,) = put_together([written], [[early], [late], [other]])
    assert read_ranges(said.say) == {"due_on": (120, 150), "say_days": (20, 50), "say_last_on": (60, 90)}
    assert {name: value for name, value in said.say.items() if name in written.say} == written.say
    assert (said.status, said.due_on) == ("DUE", 110)
    assert read_ranges(written.say) == {}


class _OnDuckDB:
    """DuckDB as any engine that asks about everybody: what Spark does, without Spark."""

    def __init__(self, duck: DuckEngine) -> None:
        self.duck = duck

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        return self.duck.rows(text)

    def show_suppositions(self, rows: Sequence[tuple[int, int, int]]) -> None:
        self.duck.connection.execute(
            "create or replace temp table supposition (s_patient bigint, s_turn bigint, s_day bigint)"
        )
        self.duck.insert("supposition", rows)


@pytest.mark.parametrize("name", ["coverage_ends", "medicine_runs_out"])
def test_an_engine_that_asks_about_everybody_says_the_same(houses: tuple[MemoryHouse, DuckEngine], name: str) -> None:
    _, duck = houses
    checked = SHIPPED.queries[name]
    vague = duck.rows(looks(False, tables=stored_below(checked.shape.tables)))
    ranges: dict[int, list[tuple[int, int]]] = {}
    for _, who, first, last in vague:
        ranges.setdefault(who, []).append((first, last))
    found = of_unsure(_OnDuckDB(duck), checked.query, checked.shape, AS_OF, places(AS_OF), ranges)
    ours = {answer.key: answer for part in found for answer in part}
    assert ranges
    assert duck.unsure(checked.shape) == sorted(ranges)
    theirs = {answer.key: answer for part in duck.of_unsure(checked.query, checked.shape, AS_OF) for answer in part}
    assert ours == theirs
