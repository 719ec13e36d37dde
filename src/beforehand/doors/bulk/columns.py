"""Pieces to columns: each table once, sorted by patient, without what another version replaced or nobody owns."""

from __future__ import annotations

import gc
import os
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import orjson

from beforehand.clinical import knowledge
from beforehand.clinical.calendar import FEDERAL, calendar_rows
from beforehand.clinical.columns import Stored
from beforehand.clinical.content import content_root
from beforehand.clinical.tables import FACTS, REFERENCES
from beforehand.clinical.valuesets import shipped_value_sets
from beforehand.doors.bulk.parquet import is_parquet, read_tables
from beforehand.doors.bulk.reading import OWN, SOURCE, Outcome, Reader, Task, types_of
from beforehand.lookahead.engines.duckdb import TYPES, DuckEngine
from beforehand.lookahead.engines.memory import PATIENT_STORED, shared_tables
from beforehand.lookahead.errors import LookaheadError

PART = 256 * 1024 * 1024  # bytes of a large file that one process reads
TOGETHER = 32 * 1024 * 1024  # bytes of small files that one process reads as one task
SUFFIXES = (".ndjson", ".jsonl", ".json", ".ndjson.gz", ".jsonl.gz", ".json.gz")
MEMORY = "1GB"
# How each column of a patient follows from the record its source sent of the person.
_FROM_RECORD = {"merged_into_id": "null", "calendar_id": str(FEDERAL), "changed_seq": "0"}
Progress = Callable[[int], None]


class BulkError(LookaheadError):
    """The export cannot be read, or the folder of columns cannot be made there."""


@dataclass
class Summary:
    """What a bulk load came to; everything received is applied or refused."""

    outcome: Outcome = field(default_factory=Outcome)
    patients: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    replaced: int = 0  # rows of older versions
    without_patient: Counter[str] = field(default_factory=Counter)  # rows whose patient the export lacks, by table

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        found = self.outcome
        return {
            "received": found.received,
            "applied": found.applied,
            "kept": found.kept,
            "refused": found.refused.total(),
            "passed_over": found.passed_over,
            "why_refused": [
                {"where": where, "why": why, "items": count} for (where, why), count in found.refused.most_common()
            ],
            "resources": dict(sorted(found.resources.items())),
            "patients": self.patients,
            "rows": self.rows,
            "rows_of_older_versions": self.replaced,
            "rows_without_patient": dict(self.without_patient),
            "concepts": len(found.concepts),
            "bytes": found.read,
        }


def tasks_of(folder: Path) -> list[Task]:
    """Every file of an export, the largest tasks first: large files of lines in parts, small files together."""
    files = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
    tasks: list[tuple[int, Task]] = []
    small: list[Path] = []
    gathered = 0
    for path in files:
        if not path.name.endswith(SUFFIXES):
            continue
        size = path.stat().st_size
        if path.suffix in (".ndjson", ".jsonl") and size > PART:
            ends = [(begin, min(begin + PART, size)) for begin in range(0, size, PART)]
            tasks += [(end - begin, Task((path,), begin, end)) for begin, end in ends]
            continue
        small.append(path)
        gathered += size
        if gathered > TOGETHER:
            tasks.append((gathered, Task(tuple(small))))
            small, gathered = [], 0
    if small:
        tasks.append((gathered, Task(tuple(small))))
    return [task for _, task in sorted(tasks, key=lambda one: -one[0])]


def load(
    export: Path,
    target: Path,
    *,
    zone: str,
    source_name: str = "bulk",
    workers: int = 0,
    only: Collection[str] = (),
    progress: Progress | None = None,
) -> Summary:
    """Make a folder of columns from a folder of exported FHIR, or of tables in Parquet.

    ``only`` names the fact tables that the rules to be run rest on; resources that make no other are passed over.
    """
    if unknown := sorted(set(only) - set(FACTS)):
        raise BulkError(f"there is no table {', '.join(unknown)}; docs/reference/clinical-tables.md lists them")
    tables = is_parquet(export)
    tasks = [] if tables else tasks_of(export)
    if not tasks and not tables:
        raise BulkError(f"{export} holds no file that ends in {', '.join(SUFFIXES)} or .parquet")
    if target.exists() and any(target.iterdir()):
        raise BulkError(f"{target} is not empty; name a new folder")
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.chmod(0o700)
    pieces = target / "pieces"
    pieces.mkdir(mode=0o700)
    summary = Summary()
    try:
        for outcome in (
            [] if tables else _read(tasks, (pieces, zone, source_name, types_of(only)), workers or os.cpu_count() or 1)
        ):
            summary.outcome.add(outcome)
            if progress is not None:
                progress(outcome.read)
        given = export if tables else None
        _merge(pieces, target, summary, source_name, workers or os.cpu_count() or 1, given)
    finally:
        shutil.rmtree(pieces, ignore_errors=True)
    (target / "summary.json").write_bytes(orjson.dumps(summary.as_json(), option=orjson.OPT_INDENT_2))
    return summary


_READER: list[Reader] = []


Told = tuple[Path, str, str, frozenset[str]]  # where the pieces go, the zone, the source, the types to read


def _begin(*told: Any) -> None:
    _READER[:] = [Reader(*told)]


def _read_one(task: Task) -> Outcome:
    """What is read is all kept until it is written and refers to itself nowhere, so looking for cycles is in vain."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        return _READER[0].read(task)
    finally:
        if was_on:
            gc.enable()


def _read(tasks: Sequence[Task], told: Told, workers: int) -> Iterator[Outcome]:
    if workers == 1 or len(tasks) == 1:
        _begin(*told)
        yield from map(_read_one, tasks)
        return
    with ProcessPoolExecutor(min(workers, len(tasks)), get_context("fork"), initializer=_begin, initargs=told) as pool:
        yield from pool.map(_read_one, tasks)


def _merge(pieces: Path, target: Path, summary: Summary, source_name: str, threads: int, export: Path | None) -> None:
    spill = pieces / "spill"
    spill.mkdir(mode=0o700)
    shared = target / "shared"
    shared.mkdir(mode=0o700)
    with DuckEngine(memory=MEMORY, threads=threads, spill=spill) as duck:
        if export is not None:
            summary.outcome = read_tables(duck, export, pieces)
        merge = Merge(duck, pieces, target, summary)
        for name in REFERENCES:
            merge.table(name, shared / f"fact_{name}.parquet")
        merge.patients()
        for name in FACTS:
            merge.table(name, target / f"{name}.parquet")
        merge.shared(shared, source_name)
        duck.copy_labels(target)


class Merge:
    """The merging of one export's pieces."""

    def __init__(self, duck: DuckEngine, pieces: Path, target: Path, summary: Summary) -> None:
        self.duck, self.pieces, self.target, self.summary = duck, pieces, target, summary

    def table(self, name: str, file: Path) -> None:
        """One table, whole: the newest version of each resource, sorted by patient and time."""
        is_fact = name in FACTS
        statement = FACTS[name] if is_fact else REFERENCES[name]
        columns = [one.name for one in statement.physical()]
        kept = self._pieces(name, statement.physical())
        if is_fact and name != "patient_record":
            before = self._count(kept)
            kept = f"select * from ({kept}) where patient_id in (select id from stored_patient)"  # noqa: S608
            if lost := before - self._count(kept):
                self.summary.without_patient[name] = lost
        listed = ", ".join(f"f.{column}" for column in columns)
        joined = ""
        if is_fact and "code" in columns and name.startswith("medication"):
            listed = ", ".join("coalesce(f.code, m.code) as code" if c == "code" else f"f.{c}" for c in columns)
            medication = self.target / "shared" / "fact_medication.parquet"
            joined = f" left join read_parquet('{_quoted(medication)}') m on m.id = f.medication_id"
        _, time = statement.by
        order = ", ".join([*(["f.patient_id"] if is_fact else []), *([f"f.{time}_from_day"] if time else []), "f.id"])
        self.duck.connection.execute(
            f"copy (select {listed} from ({kept}) f{joined} order by {order})"  # noqa: S608  our own names
            f" to '{_quoted(file)}' (format parquet, compression zstd)"
        )
        if rows := self.duck.one(f"select count(*) from read_parquet('{_quoted(file)}')"):  # noqa: S608
            self.summary.rows[name] = rows

    def _pieces(self, name: str, columns: Sequence[Stored]) -> str:
        """The rows of a table's pieces; only where a resource came more than once are older versions looked for."""
        folder = self.pieces / name
        if not folder.is_dir():
            empty = ", ".join(f"cast(null as {TYPES[one.type]}) as {one.name}" for one in columns)
            return f"select * from (select {empty}, {', '.join(f'null::bigint as {o}' for o in OWN)}) where false"  # noqa: S608
        found = f"select * from read_parquet('{_quoted(folder)}/*.parquet')"  # noqa: S608
        rows, ids = self._count(found), self.duck.one(f"select count(distinct id) from ({found})")  # noqa: S608
        if rows == ids:
            return found
        self.summary.replaced += rows - ids
        return (
            f"select * from (select * from ({found})"  # noqa: S608
            " qualify version = max(version) over (partition by resource_id)"
            " and row_number() over (partition by id order by version desc) = 1)"
        )

    def _count(self, text: str) -> int:
        return self.duck.one(f"select count(*) from ({text})")  # noqa: S608

    def patients(self) -> None:
        """One person for each Patient of the export."""
        file = self.target / "patient.parquet"
        record = {one.name for one in FACTS["patient_record"].physical()}
        parts = []
        for one in PATIENT_STORED:
            value = "patient_id" if one.name == "id" else _FROM_RECORD.get(one.name, one.name)
            assert one.name in record or one.name in _FROM_RECORD or one.name == "id"
            parts.append(f"cast({value} as {TYPES[one.type]}) as {one.name}")
        found = self._pieces("patient_record", FACTS["patient_record"].physical())
        self.duck.connection.execute(f"create table stored_patient as select {', '.join(parts)} from ({found})")  # noqa: S608
        self.duck.connection.execute(
            f"copy (select * from stored_patient order by id) to '{_quoted(file)}' (format parquet)"  # noqa: S608
        )
        self.summary.patients = self.duck.one("select count(*) from stored_patient")

    def shared(self, folder: Path, source_name: str) -> None:
        """Calendar, value sets and knowledge, for the concepts of this export."""
        concepts = self.summary.outcome.codings()
        sets = shipped_value_sets(content_root())
        pairs: dict[tuple[str, str], list[int]] = {}
        for one in concepts:
            for system, code, _ in one.codings:
                pairs.setdefault((system, code), []).append(one.id)
        members = {(name, n) for name, each in sets.items() for pair in each.pairs() for n in pairs.get(pair, ())}
        rows: dict[str, Any] = {
            "calendar": calendar_rows(FEDERAL, None),
            "value_set_code": sorted(members),
            "source": [(SOURCE, source_name, source_name)],
        }
        rows |= {f"k_{name}": knowledge.rows(name, concepts) for name in knowledge.RELATIONS}
        for name, columns in shared_tables().items():
            if name in rows:
                self._write(folder / f"{name}.parquet", columns, rows[name])

    def _write(self, file: Path, columns: Sequence[Stored], rows: Any) -> None:
        handed = self.pieces / "handed.ndjson"
        names = [one.name for one in columns]
        with handed.open("wb") as out:
            for row in rows:
                out.write(orjson.dumps(dict(zip(names, row, strict=True))) + b"\n")
        types = ", ".join(f"{one.name}: '{TYPES[one.type]}'" for one in columns)
        read = f"select * from read_json('{_quoted(handed)}', format = 'newline_delimited', columns = {{{types}}})"  # noqa: S608
        self.duck.connection.execute(f"copy ({read}) to '{_quoted(file)}' (format parquet, compression zstd)")
        handed.unlink()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
