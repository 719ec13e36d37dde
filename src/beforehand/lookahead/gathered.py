"""The cases of many rules in one house, for engines that are slow to be asked: Spark answers each rule once for all.

Cases of other days are moved, with all their facts, to one common day. What is expected of them no longer holds
then, but engines that see the same rows must still say the same; so every rule is asked of the cases of all rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from beforehand.clinical.knowledge import RELATIONS
from beforehand.clinical.tables import FACTS
from beforehand.clinical.valuesets import ValueSetText
from beforehand.lookahead.cases import CaseGroup, LoadedCases, read_cases
from beforehand.lookahead.engines.binding import Places, bind
from beforehand.lookahead.engines.duckdb import HOUSE, TYPES, DuckEngine
from beforehand.lookahead.engines.memory import PATIENT_STORED, MemoryHouse, shared_tables, stored_tables
from beforehand.lookahead.engines.rows import last_second
from beforehand.lookahead.engines.spark import SMALL, TWO_WORKERS, SparkEngine, SparkRefusedError, places, start
from beforehand.lookahead.library import CheckedQuery, library

APART = 10_000_000  # between the numbers of one rule's cases and those of the next
COMMON_DAY = 20_521  # 9 March 2026, a Monday, as in most cases
FIRST_DAY, LAST_DAY = -60_000, 60_000  # the whole calendar
AT_ONCE = 2  # statements under way: while Spark runs one, it plans the next
_MOVED = ("_from_day", "_to_day")


@dataclass(frozen=True)
class Question:
    """One rule, on one day: of everyone, or of the patients of cases that bring knowledge of their own."""

    checked: CheckedQuery
    as_of_day: int
    whose: str = ""
    stored: Mapping[str, str] = field(default_factory=dict)


class Gathered:
    """The cases of many rules, and other people beside them, in one SQLite database in memory."""

    def __init__(self, as_of_day: int, people: Callable[[MemoryHouse], None] | None = None) -> None:
        """``people`` fills the empty house with patients, whose numbers stay far below APART."""
        self.as_of_day = as_of_day
        self.house = MemoryHouse()
        if people is not None:
            people(self.house)
        self.house.set_calendar(FIRST_DAY, LAST_DAY)
        self.questions: list[Question] = []

    def add(self, queries: Iterable[CheckedQuery], value_sets: Mapping[str, ValueSetText]) -> None:
        """Load the cases of these rules; each rule will be asked of everyone."""
        for checked in queries:
            after = (len(self.questions) + 1) * APART
            book = read_cases(checked.query)
            loaded = LoadedCases(checked.query, checked.shape, book, value_sets, shared=self.house, after=after)
            self.questions.append(Question(checked, self.as_of_day))
            for group in loaded.groups:
                if group.stored:
                    whose = f"{{column}} between {group.low} and {group.high}"
                    self.questions.append(Question(checked, group.as_of_day, whose, group.stored))
                else:
                    self._move(group, self.as_of_day - group.as_of_day)

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
    """Where Spark gives other rows than DuckDB, in words without values."""
    with TemporaryDirectory(prefix="beforehand-gathered-") as name, DuckEngine(threads=1) as duck:
        folder = Path(name)
        folder.chmod(0o700)
        gathered.write_columns(folder, changed=changed)
        duck.attach("sqlite", str(folder / "gathered.db"))
        for table in (*stored_tables(), *gathered.own_tables()):
            duck.connection.execute(f"create table {table} as select * from {HOUSE}.{table}")  # noqa: S608
        engine.read_shared(f"{name}/shared")
        engine.read_facts(f"{name}/base", f"{name}/delta" if changed else "", keep=True)
        for table, relation in gathered.own_tables().items():
            engine.read_table(table, f"{name}/shared/{table}.parquet", RELATIONS[relation].columns, keep=True)
        named = frozenset().union(*(question.checked.shape.tables for question in gathered.questions))
        engine.keep_views(named, gathered.as_of_day)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            asked = pool.map(lambda question: _by_spark(engine, question), gathered.questions)
            for question, found in zip(gathered.questions, asked, strict=True):
                if isinstance(found, str):
                    yield f"{question.checked.query.id}: {found}"
                else:
                    yield from _differences(question, _by_duckdb(duck, question), found)
        engine.session.catalog.clearCache()


Rows = Counter[tuple[object, ...]]


def _by_duckdb(duck: DuckEngine, question: Question) -> Rows:
    day = question.as_of_day
    written = Places(str(day), str(last_second(day)), question.whose, "main.patient", question.stored)
    return Counter(duck.rows(bind(question.checked.query, question.checked.shape, written)))


def _by_spark(engine: SparkEngine, question: Question) -> Rows | str:
    written = places(question.as_of_day, question.stored, question.whose, has_views=not question.stored)
    try:
        return Counter(engine.rows(bind(question.checked.query, question.checked.shape, written)))
    except SparkRefusedError as error:
        return str(error)


def _differences(question: Question, left: Rows, right: Rows) -> Iterator[str]:
    """Rows that only one engine gives, counted and told by their patients' rule, never by their content."""
    if left != right:
        place = question.checked.shape.columns.index("patient_id")
        lacking, more = left - right, right - left
        whose = sorted({int(str(row[place])) // APART for row in (*lacking, *more)})
        yield (
            f"{question.checked.query.id}: Spark lacks {lacking.total()} rows and has {more.total()} others,"
            f" of {left.total()}; in the cases numbered {whose[:5]}"
        )


def spark_on_this_machine(names: Collection[str] = ()) -> list[str]:
    """What Spark, started here with two workers, says otherwise of the cases of rules or topics; of all by default."""
    shipped = library()
    queries = [
        one
        for one in shipped.queries.values()
        if not names or one.query.topic in names or one.query.id in names or set(names) & set(one.query.rules)
    ]
    session = start(TWO_WORKERS, SMALL)
    try:
        gathered = Gathered(COMMON_DAY)
        gathered.add(queries, shipped.value_sets)
        return list(spark_disagreements(gathered, SparkEngine(session)))
    finally:
        session.stop()
