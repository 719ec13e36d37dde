"""The column engine: rules over everyone at once, by DuckDB over Parquet sorted by patient.

The copy is a *base* and a *delta*: all rows of the patients that changed since the base was made. A patient in
the delta is read from there alone. Nothing is fetched over the network: extensions come from their packages.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

import duckdb

from beforehand.clinical.columns import Physical, Stored
from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.answers import Answer, Evidence, answers, as_rows
from beforehand.lookahead.engines.binding import TURNS, Places, bind, bind_shape
from beforehand.lookahead.engines.memory import PATIENT_STORED, shared_tables
from beforehand.lookahead.engines.possible import looks, put_together, suppositions
from beforehand.lookahead.engines.relations import FEW, relations, stored_below, views_below
from beforehand.lookahead.engines.rows import last_second
from beforehand.lookahead.engines.shape import Shape
from beforehand.lookahead.engines.shared_views import IN_MEMORY, Shared, shared_views
from beforehand.lookahead.rule import Query

HOUSE = "house"  # the attached database that holds the rows
TYPES = {Physical.INTEGER: "bigint", Physical.TEXT: "varchar"}
ERRORS = (duckdb.Error,)
_STORED_PATIENT = "stored_patient"
LABELLED = "labelled_fact"  # facts that carry sensitivity labels: few, so that answers need not look at all facts
VAGUE = "vague_time"  # the times that are not known to the day: whose, in which table, from when to when
UNSURE = "person_with_vague_time"
SMALL = 10_000  # rows; a smaller table of facts is read once
AT_ONCE = 2_000  # such people are asked about together
PATIENTS = "patient"  # the file of the patients, beside those of the facts


def extension_file(name: str) -> Path:
    """The extension's file inside its package."""
    package = import_module(f"duckdb_extension_{name}")
    found = sorted(Path(str(package.__file__)).parent.rglob("*.duckdb_extension"))
    if not found:
        raise FileNotFoundError(f"the package duckdb-extension-{name} holds no extension for this machine")
    return found[-1]


class DuckEngine:
    """One DuckDB in memory that reads the Parquet copy."""

    def __init__(self, *, memory: str = "1GB", threads: int = 2, spill: Path | None = None) -> None:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "memory_limit": memory,
            "threads": threads,
            "preserve_insertion_order": False,
            "enable_external_file_cache": False,  # a sweep reads each file a few times; the system caches files too
        }
        if spill is not None:
            settings["temp_directory"] = str(spill)
        self.connection = duckdb.connect(":memory:", config=settings)
        self.connection.execute("set parquet_metadata_cache = true")  # what a file holds: read for each statement else
        self.has_labels = False
        self.has_vague = False
        self.base = Path()
        self.delta: Path | None = None
        self.kept: frozenset[str] = frozenset()  # clinical views reckoned once, for this day
        self.kept_day: int | None = None
        self.shared: Mapping[str, Shared] = {}  # those worth it, beside those that are few rows in any case
        self.made: dict[str, str] = {}  # whether each is a table or a view
        self.fact_rows: dict[str, int] = {}
        self.spill = spill or Path()  # for what does not fit, and for hand-over

    def __enter__(self) -> DuckEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def attach(self, kind: str, target: str) -> None:
        """Attach the database of rows, read only. ``kind`` is sqlite (a path) or postgres (a connection string)."""
        with TemporaryDirectory(prefix="beforehand-extension-") as folder:
            # DuckDB takes the name of the entry point from the file's name, which the package shortened.
            named = Path(folder) / f"{kind}_scanner.duckdb_extension"
            named.symlink_to(extension_file(kind))
            self.connection.execute(f"load '{named}'")
        quoted = target.replace("'", "''")
        self.connection.execute(f"attach '{quoted}' as {HOUSE} (type {kind}, read_only)")

    def detach(self) -> None:
        """Let go of the database of rows."""
        self.connection.execute(f"detach {HOUSE}")

    def one(self, text: str) -> int:
        """The single whole number a question gives."""
        row = self.connection.execute(text).fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def copy_facts(self, folder: Path, only: str = "") -> None:
        """Copy every fact table to Parquet, sorted by patient; ``only`` is a condition on patient_id."""
        for name, table in FACTS.items():
            _, time = table.by
            order = ", ".join(["patient_id", *([f"{time}_from_day"] if time else []), "id"])
            columns = ", ".join(_typed(stored) for stored in table.physical())
            where = f" where {only}" if only else ""
            self.connection.execute(
                f"copy (select {columns} from {HOUSE}.fact_{name}{where} order by {order})"  # noqa: S608  our own names
                f" to '{_file(folder, name)}' (format parquet, compression zstd)"
            )
        columns = ", ".join(_typed(stored) for stored in PATIENT_STORED)
        where = f" where {only.replace('patient_id', 'id', 1)}" if only else ""
        self.connection.execute(
            f"copy (select {columns} from {HOUSE}.patient{where} order by id)"  # noqa: S608
            f" to '{_file(folder, PATIENTS)}' (format parquet, compression zstd)"
        )
        self.copy_labels(folder)

    def copy_labels(self, folder: Path) -> None:
        """Keep apart who has times that are not known to the day, and which of the copied facts carry labels."""
        vague = looks(False, place=partial(_read, folder))
        self.connection.execute(f"copy ({vague}) to '{_file(folder, VAGUE)}' (format parquet)")
        parts = [
            f"select '{name}' as fact_table, id, patient_id, sensitivity from {_read(folder, name)}"  # noqa: S608
            " where sensitivity <> ''"
            for name in FACTS
        ]
        self.connection.execute(f"copy ({' union all '.join(parts)}) to '{_file(folder, LABELLED)}' (format parquet)")

    def copy_changed_patients(self, folder: Path, since: int) -> None:
        """Copy which patients changed after a watermark."""
        self.connection.execute(
            f"copy (select id as patient_id from {HOUSE}.patient where changed_seq > {int(since)} order by id)"  # noqa: S608
            f" to '{_file(folder, 'delta_patient')}' (format parquet)"
        )

    def load_shared(self) -> None:
        """Take over what is the same for all patients."""
        for name, columns in shared_tables().items():
            listed = ", ".join(_typed(column) for column in columns)
            self.connection.execute(f"create table {name} as select {listed} from {HOUSE}.{name}")  # noqa: S608

    def copy_shared(self, folder: Path) -> None:
        """Copy what is the same for all patients to Parquet, for workers that share nothing but a folder."""
        for name in shared_tables():
            self.connection.execute(f"copy {name} to '{_file(folder, name)}' (format parquet)")

    def read_shared(self, folder: Path) -> None:
        """Take over what is the same for all patients from a copy in Parquet."""
        for name in shared_tables():
            self.connection.execute(f"create table {name} as select * from {_read(folder, name)}")  # noqa: S608

    def write_answers(self, query: Query, shape: Shape, as_of_day: int, only: Collection[str], file: str) -> Counts:
        """Write what a rule says of everyone as Parquet, or only count it; findings by rule and status."""
        text = bind(query, shape, self.places(shape, as_of_day))
        if self.unsure(shape):
            self.connection.execute(f"create or replace temp table answer_of_unsure as select * from ({text}) limit 0")  # noqa: S608
            for part in self.of_unsure(query, shape, as_of_day):
                self.insert("answer_of_unsure", [row for one in part for row in as_rows(one, shape.columns)])
            text = (
                f"select * from ({text}) where patient_id not in (select patient_id from {UNSURE})"  # noqa: S608
                " union all select * from answer_of_unsure"
            )
        self.connection.execute(f"create or replace temp view answer_of_all as {text}")
        if file:
            target = file.replace("'", "''")
            self.connection.execute(
                f"copy (select * from answer_of_all{chosen(query, only)} order by patient_id)"  # noqa: S608
                f" to '{target}' (format parquet, compression zstd)"
            )
            self.connection.execute(f"create or replace temp view answer_of_all as select * from '{target}'")  # noqa: S608
        return {(rule, status): int(n) for rule, status, n in self.rows(counting(query, only))}

    def read_facts(self, base: Path, delta: Path | None) -> None:
        """Show the fact tables: the base, but for patients in the delta."""
        self.base, self.delta = base, delta
        if delta is not None:
            changed = _file(delta, "delta_patient")
            self.connection.execute(f"create table delta_patient as select patient_id from '{changed}'")  # noqa: S608
        for name in FACTS:
            files = [_read(base, name), *([_read(delta, name)] if delta else [])]
            self.fact_rows[name] = sum(self.one(f"select count(*) from {file}") for file in files)  # noqa: S608
            text = _beside(files[0], files[1] if delta else None)
            made = "table" if self.fact_rows[name] < SMALL else "view"  # a file is opened for every statement
            self.connection.execute(f"create {made} fact_{name} as {text}")
        for name, key in ((PATIENTS, "id"), (LABELLED, "patient_id")):
            text = _beside(_read(base, name), _read(delta, name) if delta else None, key)
            made = _STORED_PATIENT if name == PATIENTS else name
            self.connection.execute(f"create table {made} as {text}")
        self.has_labels = self.one(f"select count(*) from {LABELLED}") > 0  # noqa: S608
        known = _beside(_read(base, VAGUE), _read(delta, VAGUE) if delta else None)
        if not Path(_file(base, VAGUE)).exists():  # columns of an older make
            known = looks(False)
        self.connection.execute(f"create table {VAGUE} as {known}")
        self.has_vague = self.one(f"select count(*) from {VAGUE}") > 0  # noqa: S608

    def share(self, shapes: Iterable[Shape]) -> None:
        """Reckon once what several of these rules ask; called before a sweep of them."""
        found = shared_views(shapes)
        self.shared = {
            name: one for name, one in found.items() if not one.is_filter or one.size(self.fact_rows) <= IN_MEMORY
        }
        self.kept, self.kept_day = frozenset(), None

    def places(self, shape: Shape, as_of_day: int) -> Places:
        """How to ask about everybody on a day: with the views it needs that are reckoned once for all rules."""
        if self.kept_day != as_of_day:
            self.kept, self.kept_day = frozenset(), as_of_day
        for name in views_below(shape.tables, self.kept):
            if name in FEW or name in self.shared:
                self._keep_view(name, as_of_day)
        return replace(places(as_of_day), kept=self._serving(shape))

    def _keep_view(self, name: str, as_of_day: int) -> None:
        """Reckon a view for everybody: in memory, or in a file where it may be large."""
        view = relations()[name].shape
        assert view is not None
        text = bind_shape(view, replace(places(as_of_day), kept=self._serving(view)))
        shared = self.shared.get(name)
        if shared is not None:
            text = f"select {', '.join(shared.columns)} from ({text})"  # noqa: S608  our own names
        kind = "table"
        if shared is not None and self.spill != Path() and shared.size(self.fact_rows) > IN_MEMORY:
            file = _file(self.spill, f"shared_{uuid.uuid4().hex}")
            self.connection.execute(f"copy ({text}) to '{file}' (format parquet, compression lz4)")
            kind, text = "view", f"select * from '{file}'"  # noqa: S608
        if self.made.get(name, kind) != kind:
            self.connection.execute(f"drop {self.made[name]} {name}")
        self.connection.execute(f"create or replace temp {kind} {name} as {text}")
        self.made[name] = kind
        self.kept |= {name}

    def _serving(self, shape: Shape) -> frozenset[str]:
        """The views kept that hold all columns which a text, or a view below it that is not kept, names of them."""
        known = relations()
        below = [one for name in views_below(shape.tables, self.kept) if (one := known[name].shape) is not None]
        lacking = {
            name for text in (shape, *below) for name in text.tables & self.kept
            if name in self.shared and not self.shared[name].serves(text)
        }  # fmt: skip
        return self.kept - lacking

    def present(self, tables: Iterable[str], with_sets: Collection[str]) -> dict[str, set[str]]:
        """Which of these fact tables hold anything of anybody, each with the value sets its codes are in."""
        found: dict[str, set[str]] = {}
        for name in sorted(tables):
            if self.fact_rows.get(name, 1):
                found[name] = {""}
                if name in with_sets:
                    codes = f"select distinct {FACTS[name].by[0]} from fact_{name}"  # noqa: S608
                    listed = self.rows(f"select distinct value_set from value_set_code where code in ({codes})")  # noqa: S608
                    found[name].update(str(value_set) for (value_set,) in listed)
        return found

    def answers(self, query: Query, shape: Shape, as_of_day: int) -> list[Answer]:
        """What a rule says of everyone."""
        unsure = set(self.unsure(shape))
        found = self._ask(query, shape, as_of_day, self.places(shape, as_of_day), unsure)
        kept = [answer for answer in found if answer.patient_id not in unsure]
        return (
            kept + [answer for part in self.of_unsure(query, shape, as_of_day) for answer in part] if unsure else kept
        )

    def unsure(self, shape: Shape) -> list[int]:
        """The people with a time that is not known to the day in a table the rule rests on; noted for of_unsure."""
        if not self.has_vague:
            return []
        tables = ", ".join(f"'{name}'" for name in sorted(stored_below(shape.tables)))
        self.connection.execute(
            f"create or replace temp table {UNSURE} as select * from {VAGUE} where fact_table in ({tables})"  # noqa: S608
        )
        listed = self.rows(f"select distinct patient_id from {UNSURE} order by patient_id")  # noqa: S608
        return [int(number) for (number,) in listed]

    def of_unsure(self, query: Query, shape: Shape, as_of_day: int) -> Iterator[list[Answer]]:
        """What may honestly be said of them, some people at a time: see possible.py."""
        ids = [int(n) for (n,) in self.rows(f"select distinct patient_id from {UNSURE} order by patient_id")]  # noqa: S608
        for start in range(0, len(ids), AT_ONCE):
            part = ids[start : start + AT_ONCE]
            turns = self._suppose(shape, part, as_of_day)
            whose = "{column} in (select s_patient from supposition)"
            asked = self._ask(query, shape, as_of_day, replace(places(as_of_day), whose=whose), frozenset(part))
            written = _by_patient(asked)
            spread = replace(places(as_of_day), supposition="s_day", spread="supposition")
            supposed = _by_patient(self._ask(query, shape, as_of_day, spread))
            for answers_of in supposed.values():
                for answer in answers_of:
                    answer.patient_id //= TURNS
            yield [
                answer
                for number in part
                for answer in put_together(
                    written.get(number, []),
                    [supposed.get(number * TURNS + turn, []) for turn in range(turns[number])],
                )
            ]

    def _suppose(self, shape: Shape, ids: Sequence[int], as_of_day: int) -> dict[int, int]:
        """Write down the suppositions about these people; how many of each."""
        these = f"patient_id between {ids[0]} and {ids[-1]}"
        tables = stored_below(shape.tables)
        ranges: dict[int, list[tuple[int, int]]] = {}
        for number, first, last in self.rows(f"select patient_id, from_day, to_day from {UNSURE} where {these}"):  # noqa: S608
            ranges.setdefault(int(number), []).append((int(first), int(last)))
        days: dict[int, set[int]] = {}
        for number, day in self.rows(
            f"select distinct d.patient_id, d.from_day from ({looks(True, these, tables=tables)}) d"  # noqa: S608
            f" join {UNSURE} u on u.patient_id = d.patient_id and d.from_day between u.from_day - 1 and u.to_day + 1"
        ):
            days.setdefault(int(number), set()).add(int(day))
        self.connection.execute(
            "create or replace temp table supposition (s_patient bigint, s_turn bigint, s_day bigint)"
        )
        counted = {}
        rows: list[tuple[int, int, int]] = []
        for number, found in ranges.items():
            listed = suppositions(found, days.get(number, ()), as_of_day)
            counted[number] = len(listed)
            rows += [(number, turn, day) for turn, day in enumerate(listed)]
        self.insert("supposition", rows)
        return counted

    def _ask(
        self, query: Query, shape: Shape, as_of_day: int, wanted: Places, vague: Collection[int] = ()
    ) -> list[Answer]:
        rows = self.connection.execute(bind(query, shape, wanted)).fetchall()
        return answers(query, shape.columns, rows, as_of_day, vague)

    def insert(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        """Put rows into a table, many at a time.

        Written into the text: for each value handed over as a parameter, DuckDB looks for NumPy on the disk.
        """
        for start in range(0, len(rows), 500):
            part = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows[start : start + 500])
            self.connection.execute(f"insert into {table} values {part}")  # noqa: S608  quoted

    def labels(self, facts: Iterable[Evidence]) -> dict[tuple[str, int], str]:
        """The sensitivity labels of the facts, in the tables these stand in, that carry any."""
        found: dict[tuple[str, int], str] = {}
        for table in sorted({fact.table for fact in facts}):
            rows = self.connection.execute(f"select id, sensitivity from fact_{table} where sensitivity <> ''")  # noqa: S608
            found |= {(table, int(number)): str(labels) for number, labels in rows.fetchall()}
        return found

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """The rows of any bound statement; for tests and benchmarks."""
        return self.connection.execute(text).fetchall()


Counts = dict[tuple[str, str], int]


def _by_patient(found: Iterable[Answer]) -> dict[int, list[Answer]]:
    by_patient: dict[int, list[Answer]] = {}
    for answer in found:
        by_patient.setdefault(answer.patient_id, []).append(answer)
    return by_patient


def chosen(query: Query, only: Collection[str]) -> str:
    """The condition that leaves those rules of a family whose authority is in force."""
    names = ", ".join(f"'{name}'" for name in sorted(only))
    return f" where rule_id in ({names})" if query.family else ""


def counting(query: Query, only: Collection[str]) -> str:
    """The question how many findings of each rule and status the view answer_of_all shows."""
    rule = "rule_id" if query.family else f"'{query.id}'"
    kept = f"select distinct {rule} as rule, status, patient_id, subject from answer_of_all{chosen(query, only)}"  # noqa: S608
    return f"select rule, status, count(*) from ({kept}) found group by rule, status"  # noqa: S608


def places(as_of_day: int, stored: Mapping[str, str] | None = None) -> Places:
    """How DuckDB writes what differs between engines: plain numbers, everyone."""
    return Places(str(as_of_day), str(last_second(as_of_day)), "", _STORED_PATIENT, stored or {}, folds_day=True)


def _literal(value: object) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def _typed(column: Stored) -> str:
    return f"cast({column.name} as {TYPES[column.type]}) as {column.name}"


def _beside(base: str, delta: str | None, key: str = "patient_id") -> str:
    """The base without the patients of the delta, and the delta."""
    if delta is None:
        return f"select * from {base}"  # noqa: S608
    older = f"select * from {base} where {key} not in (select patient_id from delta_patient)"  # noqa: S608
    return f"{older} union all select * from {delta}"  # noqa: S608


def _read(folder: Path, name: str) -> str:
    """A table of the copy as DuckDB reads it: one file, or a folder of files when it was made in pieces."""
    file = _file(folder, name)
    return f"read_parquet('{file}/*.parquet')" if Path(file).is_dir() else f"read_parquet('{file}')"


def _file(folder: Path, name: str) -> str:
    return str(folder / f"{name}.parquet").replace("'", "''")
