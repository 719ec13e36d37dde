"""Spark gives the same rows as DuckDB, and so as the row store: over the cases of rules and over people by chance.

On a cluster of two workers on this machine, with part of the people in a delta. Spark takes seconds to plan what SQLite
does in a millisecond, so each run compares some rules; ``BEFOREHAND_SPARK_RULES=all``, for the weekly run, every one.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from beforehand.clinical import knowledge
from beforehand.clinical.content import content_root
from beforehand.lookahead.engines.duckdb import DuckEngine
from beforehand.lookahead.engines.memory import MemoryHouse
from beforehand.lookahead.engines.relations import stored_below
from beforehand.lookahead.engines.spark import SMALL, TWO_WORKERS, SparkEngine, lacking, start
from beforehand.lookahead.gathered import Gathered, spark_disagreements
from beforehand.lookahead.library import CheckedQuery, read_library
from tests.factories.generated_people import GeneratedPeople

AS_OF = (date(2026, 3, 9) - date(1970, 1, 1)).days
PEOPLE = 250
RULES = os.environ.get("BEFOREHAND_SPARK_RULES", "8")  # how many to draw, or "all"
SEED = int(os.environ.get("SEED", "20260309"))
CHANGED = 20  # of them in the delta
LACK = lacking()
pytestmark = [pytest.mark.one_database, pytest.mark.skipif(LACK is not None, reason=str(LACK))]


@pytest.fixture(scope="module")
def engine() -> Iterator[SparkEngine]:
    session = start(TWO_WORKERS, SMALL)
    yield SparkEngine(session)
    session.stop()


def test_spark_says_of_cases_and_of_people_by_chance_what_duckdb_says(engine: SparkEngine) -> None:
    shipped = read_library(content_root())
    examples = read_library(Path(__file__).parent.parent / "rules_examples")
    sets = {**shipped.value_sets, **examples.value_sets}

    def people(house: MemoryHouse) -> None:
        GeneratedPeople(sets, PEOPLE, AS_OF, seed=20260309).fill(house, list(knowledge.RELATIONS))

    gathered = Gathered(AS_OF, people)
    queries = sorted(shipped.queries.values(), key=lambda checked: checked.query.id)
    drawn = queries if RULES == "all" else random.Random(SEED).sample(queries, int(RULES))
    gathered.add(drawn, shipped.value_sets)
    gathered.add(examples.queries.values(), examples.value_sets)
    # Sabotage, to show that the comparison can fail: a rule that divides means other things to other engines.
    sound = examples.queries["example_contact_after_discharge"]
    text = sound.query.sql.replace(
        "r.end_to_day as say_discharged_on", "cast(r.end_to_day / 7 as integer) as say_discharged_on"
    )
    assert text != sound.query.sql
    sabotaged = replace(sound.query, sql=text)
    gathered.add([CheckedQuery(sabotaged)], examples.value_sets)
    found = list(spark_disagreements(gathered, engine, changed=CHANGED))
    of_sabotage = [one for one in found if one.startswith(sound.query.id)]
    assert of_sabotage
    assert [one for one in found if one not in of_sabotage] == [], f"of the rules drawn by seed {SEED}"


def test_a_folder_is_answered_alike_where_days_are_not_known_exactly(engine: SparkEngine, tmp_path: Path) -> None:
    shipped = read_library(content_root())
    house = MemoryHouse()
    GeneratedPeople(shipped.value_sets, 12, AS_OF, seed=20260309).fill(house, list(knowledge.RELATIONS))
    (tmp_path / "people.db").write_bytes(house.connection.serialize())
    (tmp_path / "shared").mkdir()
    checked = shipped.queries["coverage_ends"]
    only = frozenset(checked.query.rules)
    with DuckEngine(threads=1, spill=tmp_path) as duck:
        duck.attach("sqlite", str(tmp_path / "people.db"))
        duck.copy_facts(tmp_path)
        duck.load_shared()
        duck.copy_shared(tmp_path / "shared")
        duck.read_facts(tmp_path, None)
        assert duck.unsure(checked.shape)
        expected = duck.write_answers(checked.query, checked.shape, AS_OF, only, str(tmp_path / "duck.parquet"))
        spark = SparkEngine(
            engine.session, {"patient", "calendar", "value_set_code", *stored_below(checked.shape.tables)}
        )
        spark.read_shared(str(tmp_path / "shared"))
        spark.read_facts(str(tmp_path))
        assert spark.write_answers(checked.query, checked.shape, AS_OF, only, str(tmp_path / "spark")) == expected
        columns = ", ".join(checked.shape.columns)
        ours = duck.rows(f"select {columns}, fact_table, fact_id from '{tmp_path}/duck.parquet' order by all")
        theirs = duck.rows(f"select {columns}, fact_table, fact_id from '{tmp_path}/spark/*.parquet' order by all")
        assert ours == theirs
        assert ours
