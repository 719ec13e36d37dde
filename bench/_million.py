"""A home of a million people: the patients in the database, their facts in Parquet alone, copied from a few.

The base is a home that took in the Synthea patients. Each copy has ids of its own and its dates shifted by up to
90 days. No row of a fact is written to the database, so a million people take minutes and a few gigabytes; a
sweep reads facts from the copy in any case, and finds it up to date.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import duckdb

from beforehand.clinical.columns import Kind, Table
from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.copying import LAYOUT, layout
from beforehand.lookahead.engines.duckdb import PATIENTS, TYPES, DuckEngine
from beforehand.lookahead.engines.memory import PATIENT_STORED

JITTER = "(((b.patient_id * 7919 + c.k * 104729) % 181) - 90)"
STEP = 10_000  # people in one file, so that sorting them needs little memory
ROOT = Path(__file__).resolve().parent.parent
TAKE_IN = """
import django, glob, sys
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from pathlib import Path
from beforehand.clinical.valuesets import read_value_set
from beforehand.intake.ingest import ingest_paths
from beforehand.record.valuesets import load_path, load_shipped
load_shipped()
for path in sorted(Path("bench/reference_rules/valuesets").glob("*.csv")):
    load_path(path)
import time
started = time.process_time()
ingest_paths(sorted(glob.glob(sys.argv[1] + "/*.json")), source_name="synthea")
print(time.process_time() - started)
"""


def take_in(home: Path, data: Path) -> float:
    """A home with the Synthea patients and the value sets of the reference rules; processor seconds of taking in."""
    home.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ, "BEFOREHAND_HOME": str(home), "DJANGO_SETTINGS_MODULE": "beforehand.config.settings",
    }  # fmt: skip
    command = [sys.executable, "-c", TAKE_IN, str(data)]
    done = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def _columns(table: Table, ids: str, people: str, jitter: str, words: Collection[str] | None) -> str:
    """The columns of a fact table, with so much added to identities, patients and days."""
    values = []
    for column in table.all_columns():
        for stored in column.physical():
            name, value = stored.name, f"b.{stored.name}"
            is_time = column.kind is Kind.WHEN and name.endswith("_day")  # asked whether any is not known exactly
            if words is not None and not is_time and name not in (*words, "id", "patient_id", "same_as", "sensitivity"):
                continue
            if name in ("id", "same_as") or (column.kind is Kind.REF and column.to in FACTS):
                value += f" + {ids}"
            elif name in ("patient_id", "person_record_id"):
                value += f" + {people}"
            elif jitter and column.kind is Kind.WHEN and name.endswith("_day"):
                value += f" + {jitter}"
            elif jitter and column.kind is Kind.WHEN and name.endswith("_at"):
                value += f" + {jitter} * 86400"
            values.append(f"cast({value} as {TYPES[stored.type]}) as {name}")
    return ", ".join(values)


def grow(home: Path, patients: int, tables: Collection[str] | None = None, words: Collection[str] | None = None) -> int:
    """Copy the people of a home until there are about so many; ``tables`` are those whose facts are copied.

    ``words`` are the columns to copy: a million people with every column would take an hour to write.
    """
    file = home / "beforehand.db"
    with sqlite3.connect(file) as rows:
        count, people = rows.execute("select count(*), max(id) from patient").fetchone()
        ids = 1 + max(rows.execute(f"select coalesce(max(id), 0) from fact_{name}").fetchone()[0] for name in FACTS)
    copies = max(1, round(patients / count))
    folder = home / "columns" / "base-bench"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with DuckEngine(memory="3GB", spill=home) as engine:
        engine.attach("sqlite", str(file))
        _copy_facts(engine.connection, folder, copies, ids, people, max(1, STEP // count), tables, words)
        names = ", ".join(
            f"b.{c.name}" for c in PATIENT_STORED if c.name not in ("id", "birth_from_day", "birth_to_day")
        )
        engine.connection.execute(
            f"copy (select b.id + c.k * {people} as id, b.birth_from_day, b.birth_to_day, {names}"
            f" from house.patient b cross join (select range as k from range({copies})) c order by 1)"
            f" to '{folder / PATIENTS}.parquet' (format parquet, compression zstd)"
        )
        engine.copy_labels(folder)
    (folder / LAYOUT).write_text(layout())  # so that it is taken for a whole copy and not made anew from the rows
    _add_people(file, copies, people, folder.name)
    return copies * count


def _copy_facts(
    duck: duckdb.DuckDBPyConnection, folder: Path, copies: int, ids: int, people: int, step: int,
    tables: Collection[str] | None, words: Collection[str] | None,
) -> None:  # fmt: skip
    """A block of some copies is made and sorted once; the further ones are that block with other identities."""
    duck.execute("set preserve_insertion_order = true")
    for name, table in FACTS.items():
        (folder / f"{name}.parquet").mkdir()
        time = table.by[1]
        order = ", ".join(["patient_id", *([f"{time}_from_day"] if time else []), "id"])
        is_wanted = tables is None or name in tables
        block = min(step, copies) if is_wanted else 1
        made = _columns(table, f"c.k * {ids}", f"c.k * {people}", JITTER, words if is_wanted else None)
        duck.execute(
            f"create temp table block as select {made}, c.k as k"
            f" from house.fact_{name} b cross join (select range as k from range({block})) c order by {order}"
        )
        for first in range(0, copies, step) if is_wanted else ():
            there = _columns(table, str(first * ids), str(first * people), "", words)
            duck.execute(
                f"copy (select {there} from block b where k < {copies - first})"
                f" to '{folder / name}.parquet/{first:08}.parquet' (format parquet, compression zstd)"
            )
        if not is_wanted:
            duck.execute(
                f"copy (select * exclude (k) from block limit 0) to '{folder / name}.parquet/0.parquet'"
                " (format parquet)"
            )
        duck.execute("drop table block")


def _add_people(file: Path, copies: int, people: int, folder: str) -> None:
    """The patients into the database, and the note that the copy is up to date."""
    with sqlite3.connect(file) as rows:
        rows.execute("pragma synchronous = off")
        names = [str(row[1]) for row in rows.execute("pragma table_info(patient)") if row[1] != "id"]
        listed, taken = ", ".join(f'"{name}"' for name in names), ", ".join(f'b."{name}"' for name in names)
        rows.execute(
            f"with recursive c(k) as (select 1 union all select k + 1 from c where k < {copies - 1})"
            f" insert into patient (id, {listed}) select b.id + c.k * {people}, {taken}"
            f" from c cross join patient b where {copies} > 1"
        )
        rows.execute("delete from column_copy")
        rows.execute(
            "insert into column_copy (name, seq, folder, made_at)"
            " select 'base', max(changed_seq), ?, '2026-01-01 00:00:00' from patient", (folder,)
        )  # fmt: skip
