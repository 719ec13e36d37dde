"""The sweep of a folder of columns that a bulk load made: nobody is enrolled, no worklist; the answers are files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from beforehand.clinical.times import day_of
from beforehand.lookahead.engines.duckdb import ERRORS, Counts, DuckEngine
from beforehand.lookahead.engines.spark import SparkEngine, SparkRefusedError, start
from beforehand.lookahead.errors import LookaheadError
from beforehand.lookahead.library import Library, library
from beforehand.lookahead.run import Progress, RunReport

Ask = Callable[..., Counts]


class FolderError(LookaheadError):
    """The folder holds no columns, or the answers cannot be put there."""


def run_folder(
    columns: str, *, as_of: date, engine: str = "duckdb", answers: str = "", master: str = "", memory: str = "1GB",
    progress: Progress | None = None,
) -> RunReport:  # fmt: skip
    """Run every rule over the columns; with ``answers``, write each rule's answers there as Parquet.

    For Spark both may be addresses its workers can reach, such as s3a://...; for DuckDB they are folders.
    """
    started = time.perf_counter()
    rules = library()
    report = RunReport(as_of=as_of.isoformat(), engine=engine)
    report.refused = sorted({refusal.rule_id for refusal in rules.refused})
    if engine == "spark":
        spark = SparkEngine(start(master))
        spark.read_shared(f"{columns}/shared")
        spark.read_facts(columns)
        report.patients = int(spark.session.table("stored_patient").count())
        _ask(rules, as_of, spark.write_answers, answers, "", report, progress)
    else:
        folder = _local(columns, answers)
        with (
            TemporaryDirectory(prefix="beforehand-spill-") as spill,
            DuckEngine(memory=memory, threads=os.cpu_count() or 1, spill=Path(spill)) as duck,
        ):
            duck.read_shared(folder / "shared")
            duck.read_facts(folder, None)
            duck.share([checked.shape for checked in rules.queries.values()])
            report.patients = duck.one("select count(*) from stored_patient")
            _ask(rules, as_of, duck.write_answers, answers, ".parquet", report, progress)
    report.seconds = round(time.perf_counter() - started, 3)
    return report


def _local(columns: str, answers: str) -> Path:
    folder = Path(columns)
    if not (folder / "patient.parquet").exists() or not (folder / "shared").is_dir():
        raise FolderError(f"{columns} holds no columns; `beforehand bulk` makes them")
    if answers:
        target = Path(answers)
        if target.exists() and any(target.iterdir()):
            raise FolderError(f"{answers} is not empty; name a new folder")
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.chmod(0o700)
    return folder


def _ask(
    rules: Library, as_of: date, ask: Ask, answers: str, suffix: str, report: RunReport, progress: Progress | None
) -> None:
    for checked in rules.queries.values():
        holds = checked.holds_on(as_of)
        if holds:
            target = f"{answers}/{checked.query.id}{suffix}" if answers else ""
            try:
                counts = ask(checked.query, checked.shape, day_of(as_of), holds, target)
            except (*ERRORS, SparkRefusedError):
                report.failed.append(checked.query.id)
                continue
            for (rule, status), number in counts.items():
                report.add(rule, status, number)
        if progress is not None:
            progress(1)
