"""The engine beyond one machine: the same rules by Spark, over the same Parquet sorted by patient.

PySpark and Java are an extra: ``available`` says what is lacking and how to get it. Nothing here touches the
database of rows, so all of it but the last step, handing answers to the driver, runs on Spark's workers.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import groupby
from types import TracebackType
from typing import Any

from beforehand.clinical.columns import Physical, Stored
from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.answers import Answer, answers, as_rows
from beforehand.lookahead.engines.binding import Places, bind, bind_plain
from beforehand.lookahead.engines.duckdb import Counts, chosen, counting
from beforehand.lookahead.engines.memory import PATIENT_STORED, shared_tables
from beforehand.lookahead.engines.possible import looks
from beforehand.lookahead.engines.relations import relations, stored_below, views_below
from beforehand.lookahead.engines.rows import last_second
from beforehand.lookahead.engines.shape import Shape
from beforehand.lookahead.engines.unsure import of_unsure
from beforehand.lookahead.errors import LookaheadError
from beforehand.lookahead.rule import Query

OLDEST_JAVA = 17
STORED_PATIENT = "stored_patient"
BATCH_ROWS = 20_000  # rows of answers handed over together; a patient is never divided
TYPES = {Physical.INTEGER: "bigint", Physical.TEXT: "string"}
# How rules must be read, whatever the cluster's own settings are: text as written, no silent overflow. Spark 4.3 plans
# some unions of tables held in memory as if their parts lay alike and then fails on them: that planning is off.
MEANING = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parser.escapedStringLiterals": "true",
    "spark.sql.legacy.consecutiveStringLiterals.enabled": "false",
    "spark.sql.caseSensitive": "false",
    "spark.sql.unionOutputPartitioning": "false",
}

# For small data on one machine: two workers of their own, quick to start, little to compile.
_QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xss4m"
TWO_WORKERS = "local-cluster[2,1,1024]"
SMALL = {
    "spark.executor.memory": "1g",
    "spark.driver.memory": "2g",
    "spark.driver.extraJavaOptions": _QUICK,
    "spark.executor.extraJavaOptions": _QUICK,
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.ui.enabled": "false",
}


class SparkMissingError(LookaheadError):
    """Spark cannot be started here."""


class SparkRefusedError(LookaheadError):
    """Spark refused a statement or failed in it; says only the kind of fault, since faults may quote values."""


@dataclass(frozen=True)
class Lack:
    """What Spark lacks here, and the remedy."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}"


def lacking() -> Lack | None:
    """What keeps Spark from starting; None when nothing does."""
    if find_spec("pyspark") is None:
        return Lack("PySpark is not installed.", "Install the extra: pip install 'beforehand[spark]'.")
    home = os.environ.get("JAVA_HOME")
    java = os.path.join(home, "bin", "java") if home else shutil.which("java")
    if not java or not os.access(java, os.X_OK):
        remedy = f"Install Java {OLDEST_JAVA} or newer (Debian: apt-get install default-jre-headless)."
        return Lack("Spark needs Java, and there is none." if not home else "JAVA_HOME holds no Java.", remedy)
    version = java_version(java)
    if version is not None and version < OLDEST_JAVA:
        return Lack(f"Java {version} is too old for Spark.", f"Install Java {OLDEST_JAVA} or newer.")
    return None


def java_version(java: str) -> int | None:
    """The feature number a Java states of itself, such as 17; None when it cannot be read."""
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    quoted = said.partition('"')[2].partition('"')[0].split(".")
    number = quoted[1] if quoted[0] == "1" and len(quoted) > 1 else quoted[0]
    return int(number) if number.isdigit() else None


def start(master: str = "", settings: Mapping[str, str] | None = None) -> Any:
    """A Spark session; the one that runs already, or that spark-submit set up, where there is one."""
    if (lack := lacking()) is not None:
        raise SparkMissingError(str(lack))
    builder = import_module("pyspark.sql").SparkSession.builder.appName("beforehand lookahead")
    if master:
        builder = builder.master(master)
    for name, value in {"spark.ui.showConsoleProgress": "false", **(settings or {})}.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except _faults() as fault:
        raise SparkMissingError(f"Spark could not be started ({type(fault).__name__}); see its log above.") from None
    session.sparkContext.setLogLevel("ERROR")
    return session


def _faults() -> tuple[type[BaseException], ...]:
    """What PySpark raises."""
    protocol = import_module("py4j.protocol")
    return import_module("pyspark.errors").PySparkException, protocol.Py4JError


class SparkEngine:
    """Rules over one Spark session that reads the Parquet copy."""

    def __init__(self, session: Any, only: Collection[str] | None = None) -> None:
        """``only`` are the relations that will be asked for; all when not said. Showing each takes a while."""
        self.session = session
        self.only = only
        self.faults = _faults()
        for name, value in MEANING.items():
            session.conf.set(name, value)

    def __enter__(self) -> SparkEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The session stays: it is its starter's, and slow to start."""

    def read_table(self, view: str, address: str, columns: Sequence[Stored], *, keep: bool = False) -> Any:
        """Show one Parquet file or folder as a table; ``keep`` holds it in memory once read, for small ones."""
        schema = ", ".join(f"{column.name} {TYPES[column.type]}" for column in columns)
        frame = self.session.read.schema(schema).parquet(address)
        self._show(view, frame, keep)
        return frame

    def _show(self, view: str, frame: Any, keep: bool) -> None:
        frame.createOrReplaceTempView(view)
        if keep:
            self.session.catalog.cacheTable(view)

    def _is_idle(self, name: str) -> bool:
        return self.only is not None and name not in self.only

    def read_shared(self, folder: str) -> None:
        """Show what is the same for all patients."""
        for name, columns in shared_tables().items():
            if self._is_idle(name.removeprefix("k_").removeprefix("fact_")):
                continue
            self.read_table(name, f"{folder}/{name}.parquet", columns, keep=True)

    def read_facts(self, base: str, delta: str = "", *, keep: bool = False) -> None:
        """Show the patients and their facts: the base, but for patients in the delta."""
        tables = {name: (f"fact_{name}", "patient_id", table.physical()) for name, table in FACTS.items()}
        tables["patient"] = (STORED_PATIENT, "id", PATIENT_STORED)
        for name, (view, key, columns) in tables.items():
            if self._is_idle(name):
                continue
            if not delta:
                self.read_table(view, f"{base}/{name}.parquet", columns, keep=keep)
                continue
            names = [column.name for column in columns]
            changed = self.session.read.schema("patient_id bigint").parquet(f"{delta}/delta_patient.parquet")
            older = self.read_table(view, f"{base}/{name}.parquet", columns)
            newer = self.read_table(view, f"{delta}/{name}.parquet", columns)
            kept = older.join(changed.withColumnRenamed("patient_id", key), key, "left_anti").select(names)
            self._show(view, kept.unionByName(newer), keep)

    def keep_views(self, names: Collection[str], as_of_day: int) -> None:
        """Reckon each of these clinical views once, when first read, and hold it for all rules that name it."""
        known = relations()
        for name in views_below(frozenset(names)):
            view = known[name].shape
            assert view is not None
            frame = self.session.sql(bind_plain(view.text, places(as_of_day, has_views=True)))
            self._show(name, frame, keep=True)

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """The rows of any bound statement."""
        try:
            return [tuple(row) for row in self.session.sql(text).collect()]
        except self.faults as fault:
            raise SparkRefusedError(what_of(fault)) from None

    def answers(self, query: Query, shape: Shape, as_of_day: int) -> list[Answer]:
        """What a rule says of everyone."""
        return [answer for batch in self.batches(query, shape, as_of_day) for answer in batch]

    def batches(
        self, query: Query, shape: Shape, as_of_day: int, vague: Collection[int] = ()
    ) -> Iterator[list[Answer]]:
        """What a rule says of everyone, some patients at a time, so that the driver's memory stays small.

        ``vague`` are people with days that are not known exactly, as its text has them.
        """
        text = bind(query, shape, places(as_of_day))
        place = shape.columns.index("patient_id")
        try:
            found = self.session.sql(text)
            # One patient's rows lie together in one partition; the driver fetches one partition after the other.
            laid = found.repartition("patient_id").sortWithinPartitions("patient_id")
            stream = laid.toLocalIterator(prefetchPartitions=True)
            waiting: list[Sequence[object]] = []
            for _, group in groupby(stream, key=lambda row: row[place]):
                waiting += [tuple(row) for row in group]
                if len(waiting) >= BATCH_ROWS:
                    yield answers(query, shape.columns, waiting, as_of_day, vague)
                    waiting = []
            if waiting:
                yield answers(query, shape.columns, waiting, as_of_day, vague)
        except self.faults as fault:
            raise SparkRefusedError(what_of(fault)) from None

    def _with_unsure(self, query: Query, shape: Shape, as_of_day: int, found: Any) -> Any:
        """In place of what the text says of people with vague days, what may honestly be said of them."""
        ranges: dict[int, list[tuple[int, int]]] = {}
        for number, first, last in self.rows(
            f"select patient_id, from_day, to_day from ({looks(False, tables=stored_below(shape.tables))}) v"  # noqa: S608
        ):
            ranges.setdefault(int(number), []).append((int(first), int(last)))
        if not ranges:
            return found
        said = of_unsure(self, query, shape, as_of_day, places(as_of_day), ranges)
        rows = [row for part in said for answer in part for row in as_rows(answer, shape.columns)]
        whose = self.session.createDataFrame([(number,) for number in ranges], "patient_id bigint")
        sure = found.join(whose, "patient_id", "left_anti").select(found.columns)
        return sure.union(self.session.createDataFrame(rows, found.schema)) if rows else sure

    def show_suppositions(self, rows: Sequence[tuple[int, int, int]]) -> None:
        """Show them as the table supposition: for unsure.py."""
        frame = self.session.createDataFrame(rows, "s_patient bigint, s_turn bigint, s_day bigint")
        frame.createOrReplaceTempView("supposition")

    def write_answers(self, query: Query, shape: Shape, as_of_day: int, only: Collection[str], address: str) -> Counts:
        """Let the workers write what a rule says of everyone as Parquet, or only count it; by rule and status."""
        try:
            found = self._with_unsure(query, shape, as_of_day, self.session.sql(bind(query, shape, places(as_of_day))))
            if address:
                found.createOrReplaceTempView("answer_of_all")
                laid = self.session.sql(f"select * from answer_of_all{chosen(query, only)}")  # noqa: S608
                laid.repartition("patient_id").sortWithinPartitions("patient_id").write.parquet(address)
                found = self.session.read.parquet(address)
            found.createOrReplaceTempView("answer_of_all")
            return {(rule, status): int(n) for rule, status, n in self.rows(counting(query, only))}
        except self.faults as fault:
            raise SparkRefusedError(what_of(fault)) from None


def places(
    as_of_day: int, stored: Mapping[str, str] | None = None, whose: str = "", *, has_views: bool = False
) -> Places:
    """How Spark writes what differs between engines: plain numbers, no hint on a CTE."""
    day, at = str(as_of_day), str(last_second(as_of_day))
    return Places(day, at, whose, STORED_PATIENT, stored or {}, inline="", has_views=has_views, folds_day=True)


def what_of(fault: BaseException) -> str:
    """The kind of a fault, without the values it may quote."""
    condition = getattr(fault, "getCondition", lambda: None)()
    return f"Spark refused it: {condition or type(fault).__name__}"
