"""Every engine gives equal rows, rule by rule: over each rule's cases, and over people made by chance.

SQLite (one patient at a time, as the runner does) and DuckDB always; PostgreSQL when DATABASE_URL names one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from beforehand.clinical import knowledge
from beforehand.clinical.columns import Physical
from beforehand.clinical.content import content_root
from beforehand.lookahead.agreement import differences, disagreements
from beforehand.lookahead.cases import LoadedCases, read_cases
from beforehand.lookahead.engines.answers import Answer, answers
from beforehand.lookahead.engines.binding import Places, bind
from beforehand.lookahead.engines.duckdb import HOUSE, DuckEngine
from beforehand.lookahead.engines.memory import MemoryHouse, indexes, stored_tables
from beforehand.lookahead.engines.possible import KNOWN
from beforehand.lookahead.engines.rows import RowEngine, last_second
from beforehand.lookahead.library import CheckedQuery, Library, read_library
from tests.factories.generated_people import GeneratedPeople

AS_OF = (date(2026, 3, 9) - date(1970, 1, 1)).days
PEOPLE = 250
SHIPPED = read_library(content_root())
EXAMPLES = read_library(Path(__file__).parent.parent / "rules_examples")
QUERIES: list[tuple[Library, CheckedQuery]] = [
    (lib, one) for lib in (SHIPPED, EXAMPLES) for one in lib.queries.values()
]
NAMES = [checked.query.id for _, checked in QUERIES]


class Generated:
    """The same people by chance in SQLite, DuckDB and, where there is one, PostgreSQL."""

    def __init__(self) -> None:
        sets = {**SHIPPED.value_sets, **EXAMPLES.value_sets}
        self.house = MemoryHouse()
        GeneratedPeople(sets, PEOPLE, AS_OF, seed=20260309).fill(self.house, list(knowledge.RELATIONS))
        self.rows = RowEngine(self.house.connection)
        self.folder = TemporaryDirectory()
        file = Path(self.folder.name) / "people.db"
        file.write_bytes(self.house.connection.serialize())
        self.duck = DuckEngine(threads=1)
        self.duck.attach("sqlite", str(file))
        for table in stored_tables():
            self.duck.connection.execute(f"create table {table} as select * from {HOUSE}.{table}")
        url = os.environ.get("DATABASE_URL", "")
        self.postgres = self._postgres(url) if url.startswith("postgres") else None

    def _postgres(self, url: str) -> psycopg.Connection:
        connection = psycopg.connect(url)
        connection.execute("create schema agreement")
        connection.execute("set search_path to agreement")
        kinds = {Physical.INTEGER: "bigint", Physical.TEXT: "text"}
        for table, columns in stored_tables().items():
            connection.execute(f"create table {table} ({', '.join(f'{c.name} {kinds[c.type]}' for c in columns)})")
            with connection.cursor() as cursor, cursor.copy(f"copy {table} from stdin") as copy:
                for row in self.house.connection.execute(f"select * from {table}"):
                    copy.write_row(row)
        for name, table, by in indexes():
            connection.execute(f"create index {name} on {table} ({', '.join(by)})")
        connection.execute("analyze")
        return connection

    def by_rows(self, checked: CheckedQuery) -> list[Answer]:
        return self._one_by_one(self.rows, checked)

    def by_postgres(self, checked: CheckedQuery) -> list[Answer]:
        assert self.postgres is not None
        return self._one_by_one(RowEngine(self.postgres), checked)

    def _one_by_one(self, engine: RowEngine, checked: CheckedQuery) -> list[Answer]:
        """As the text says it; what is made of vague days is in test_vague_days.py."""
        found = [engine.answers(checked.query, checked.shape, person, AS_OF, KNOWN) for person in range(1, PEOPLE + 1)]
        return [answer for part in found for answer in part]

    def by_duckdb(self, checked: CheckedQuery) -> list[Answer]:
        places = Places(str(AS_OF), str(last_second(AS_OF)), "", "main.patient", folds_day=True)
        rows = self.duck.rows(bind(checked.query, checked.shape, places))
        return answers(checked.query, checked.shape.columns, rows, AS_OF)


@pytest.fixture(scope="module")
def generated() -> Iterator[Generated]:
    made = Generated()
    yield made
    made.duck.connection.close()
    if made.postgres is not None:
        made.postgres.rollback()
        made.postgres.close()
    made.folder.cleanup()


@pytest.mark.parametrize(("library", "checked"), QUERIES, ids=NAMES)
def test_duckdb_says_of_every_case_what_sqlite_says(library: Library, checked: CheckedQuery) -> None:
    loaded = LoadedCases(checked.query, checked.shape, read_cases(checked.query), library.value_sets)
    assert list(disagreements(loaded)) == []


@pytest.mark.parametrize("checked", [one for _, one in QUERIES], ids=NAMES)
def test_duckdb_says_of_people_by_chance_what_the_rows_say(generated: Generated, checked: CheckedQuery) -> None:
    assert list(differences(checked.query.id, generated.by_rows(checked), generated.by_duckdb(checked))) == []


@pytest.mark.parametrize("checked", [one for _, one in QUERIES], ids=NAMES)
@pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="DATABASE_URL is not PostgreSQL"
)
def test_postgresql_says_of_people_by_chance_what_sqlite_says(generated: Generated, checked: CheckedQuery) -> None:
    assert list(differences(checked.query.id, generated.by_rows(checked), generated.by_postgres(checked))) == []


def test_people_by_chance_make_many_rules_speak(generated: Generated) -> None:
    # Rules that ask for several rare things at once are silent here; their cases ask them on every engine.
    spoken = [checked.query.id for _, checked in QUERIES if generated.by_rows(checked)]
    assert len(spoken) >= 0.35 * len(QUERIES), f"silent: {sorted(set(NAMES) - set(spoken))}"


def test_control_a_rule_that_divides_is_told_apart(generated: Generated) -> None:
    """Sabotage: the linter would refuse it; here it shows that the comparison can fail."""
    sound = next(one for lib, one in QUERIES if one.query.id == "example_contact_after_discharge")
    text = sound.query.sql.replace("s.end_to_day >= a.day - 30", "s.end_to_day * 2 / 3 * 3 >= (a.day - 30) * 2")
    text = text.replace("r.end_to_day as say_discharged_on", "cast(r.end_to_day / 7 as integer) as say_discharged_on")
    assert text != sound.query.sql
    sabotaged = CheckedQuery(replace(sound.query, sql=text))
    assert list(differences("sabotaged", generated.by_rows(sabotaged), generated.by_duckdb(sabotaged)))
