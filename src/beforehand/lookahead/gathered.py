"""The cases of many rules in one house, for engines that are slow to be asked: Spark answers each rule once for all.

Cases of other days are moved, with all their facts, to the day of the rule's first cases. What is expected of them
no longer holds then, but engines that see the same rows must still say the same of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from beforehand.clinical.knowledge import RELATIONS
from beforehand.clinical.tables import FACTS
from beforehand.clinical.valuesets import ValueSetText
from beforehand.lookahead.agreement import differences
from beforehand.lookahead.cases import CaseGroup, LoadedCases, read_cases
from beforehand.lookahead.engines.answers import Answer, answers
from beforehand.lookahead.engines.binding import Places, bind
from beforehand.lookahead.engines.duckdb import HOUSE, TYPES, DuckEngine
from beforehand.lookahead.engines.memory import PATIENT_STORED, MemoryHouse, shared_tables, stored_tables
from beforehand.lookahead.engines.rows import last_second
from beforehand.lookahead.engines.spark import SparkEngine, SparkRefusedError, places
from beforehand.lookahead.errors import AnswerError
from beforehand.lookahead.library import CheckedQuery

APART = 10_000_000  # between the numbers of one rule's cases and those of the next
FIRST_DAY, LAST_DAY = -60_000, 60_000  # the whole calendar
AT_ONCE = 2  # statements under way: while Spark runs one, it plans the next
_MOVED = ("_from_day", "_to_day")


@dataclass(frozen=True)
class Question:
    """One rule, on one day, of some patients."""

    checked: CheckedQuery
    as_of_day: int
    whose: str
    stored: Mapping[str, str] = field(default_factory=dict)


class Gathered:
    """The cases of many rules, and other people beside them, in one SQLite database in memory."""

    def __init__(self, people: Callable[[MemoryHouse], None] | None = None, count: int = 0) -> None:
        """``people`` fills the empty house with ``count`` patients numbered from 1; every rule is asked of them too."""
        self.house = MemoryHouse()
        self.count = count
        if people is not None:
            people(self.house)
        self.house.set_calendar(FIRST_DAY, LAST_DAY)
        self.questions: list[Question] = []

    def add(self, queries: Iterable[CheckedQuery], value_sets: Mapping[str, ValueSetText]) -> None:
        """Load the cases of these rules, and ask each rule of them."""
        for checked in queries:
            after = (len(self.questions) + 1) * APART
            book = read_cases(checked.query)
            loaded = LoadedCases(checked.query, checked.shape, book, value_sets, shared=self.house, after=after)
            plain = [group for group in loaded.groups if not group.stored]
            if plain:
                day = plain[0].as_of_day
                for group in plain[1:]:
                    self._move(group, day - group.as_of_day)
                ranges = [f"{{column}} between {group.low} and {group.high}" for group in plain]
                if self.count:
                    ranges.append(f"{{column}} between 1 and {self.count}")
                self.questions.append(Question(checked, day, f"({' or '.join(ranges)})"))
            for group in loaded.groups:
                if group.stored:
                    whose = f"{{column}} between {group.low} and {group.high}"
                    self.questions.append(Question(checked, group.as_of_day, whose, group.stored))

    def _move(self, group: CaseGroup, days: int) -> None:
        """Move everything of a group's patients by some days."""
        tables = {f"fact_{name}": (table.physical(), "patient_id") for name, table in FACTS.items()}
        tables["patient"] = (PATIENT_STORED, "id")
        for table, (columns, key) in tables.items():
            moved = [f"{one.name} = {one.name} + {days}" for one in columns if one.name.endswith(_MOVED)]
            begun = [one.name for one in columns if one.name.endswith("_from_day")]
            at = [name.replace("_from_day", "_at") for name in begun]
            names = {one.name for one in columns}
            moved += [f"{name} = {name} + {days * 86400}" for name in at if name in names]
            if moved:
                self.house.connection.execute(
                    f"update {table} set {', '.join(moved)} where {key} between {group.low} and {group.high}"  # noqa: S608
                )

    def by_rows(self, question: Question) -> list[Answer]:
        """What the rows say."""
        query, shape, day = question.checked.query, question.checked.shape, question.as_of_day
        written = Places(str(day), str(last_second(day)), question.whose, "main.patient", question.stored)
        return answers(query, shape.columns, self.house.execute(bind(query, shape, written), {}), day)

    def own_tables(self) -> dict[str, str]:
        """Relations that cases brought along: stored name, and the relation whose columns it has."""
        named = self.house.connection.execute("select name from sqlite_master where name like 'own_%'").fetchall()
        return {str(name): str(name).split("_", 2)[2] for (name,) in named}

    def write_columns(self, folder: Path, *, changed: int = 0) -> None:
        """Copy everything to Parquet as for a cluster: base/, shared/ and, of the first patients, delta/.

        Of the changed patients the base holds old rows, or none, as after a day of work.
        """
        file = folder / "gathered.db"
        file.write_bytes(self.house.connection.serialize())
        with DuckEngine(threads=1) as duck:
            duck.attach("sqlite", str(file))
            for name in ("base", "shared", "delta"):
                (folder / name).mkdir()
            tables = [(name, f"fact_{name}", "patient_id") for name in FACTS] + [("patient", "patient", "id")]
            for name, table, key in tables:
                self._copy(duck, table, folder / "base" / name, f"{key} > {changed // 2}")
                self._copy(duck, table, folder / "delta" / name, f"{key} <= {changed}")
            for name in (*shared_tables(), *self.own_tables()):
                self._copy(duck, name, folder / "shared" / name)
            duck.connection.execute(
                f"copy (select cast(range as bigint) as patient_id from range(1, {changed + 1}))"  # noqa: S608
                f" to '{folder}/delta/delta_patient.parquet' (format parquet)"
            )

    def _copy(self, duck: DuckEngine, table: str, target: Path, only: str = "true") -> None:
        columns = stored_tables().get(table) or RELATIONS[self.own_tables()[table]].columns
        listed = ", ".join(f"cast({one.name} as {TYPES[one.type]}) as {one.name}" for one in columns)
        duck.connection.execute(
            f"copy (select {listed} from {HOUSE}.{table} where {only}) to '{target}.parquet' (format parquet)"  # noqa: S608
        )


def spark_disagreements(gathered: Gathered, engine: SparkEngine, *, changed: int = 0) -> Iterator[str]:
    """Where Spark says something else than the rows, in words without values."""
    with TemporaryDirectory(prefix="beforehand-gathered-") as name:
        folder = Path(name)
        folder.chmod(0o700)
        gathered.write_columns(folder, changed=changed)
        engine.read_shared(f"{name}/shared")
        engine.read_facts(f"{name}/base", f"{name}/delta" if changed else "", keep=True)
        for table, relation in gathered.own_tables().items():
            engine.read_table(table, f"{name}/shared/{table}.parquet", RELATIONS[relation].columns, keep=True)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            asked = pool.map(lambda question: _by_spark(engine, question), gathered.questions)
            for question, found in zip(gathered.questions, asked, strict=True):
                rule = question.checked.query.id
                if isinstance(found, str):
                    yield f"{rule}: {found}"
                else:
                    yield from differences(rule, gathered.by_rows(question), found)
        engine.session.catalog.clearCache()


def _by_spark(engine: SparkEngine, question: Question) -> list[Answer] | str:
    query, shape, day = question.checked.query, question.checked.shape, question.as_of_day
    try:
        return answers(
            query, shape.columns, engine.rows(bind(query, shape, places(day, question.stored, question.whose))), day
        )
    except (SparkRefusedError, AnswerError) as error:
        return str(error)
