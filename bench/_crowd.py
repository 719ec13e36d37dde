"""A house of any size: a base of people, copied with new ids and jittered dates directly in SQL.

The base is made by chance from the clinical tables' statements, or taken from a database that was ingested
(``--database FILE``, such as a home's beforehand.db with the Synthea sets).
"""

from __future__ import annotations

import os
import resource
import sqlite3
from pathlib import Path

from tests.factories.generated_people import GeneratedPeople

from beforehand.clinical import knowledge
from beforehand.clinical.columns import Kind, Table
from beforehand.clinical.content import content_root
from beforehand.clinical.tables import FACTS
from beforehand.clinical.valuesets import shipped_value_sets
from beforehand.lookahead.engines.memory import PATIENT_STORED, MemoryHouse, stored_tables

BASE = 200
FACTS_A_TABLE = (0, 0, 1, 2, 3)
JITTER = "(((f.patient_id * 7919 + c.k * 104729) % 181) - 90)"


def cpu_seconds() -> float:
    """User and system seconds of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_megabytes() -> int:
    """The most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def load_base(house: MemoryHouse, as_of_day: int, database: str | None) -> None:
    """Put the base of people into an empty house."""
    if database is None:
        sets = shipped_value_sets(content_root())
        people = GeneratedPeople(sets, BASE, as_of_day, seed=1, facts_a_table=FACTS_A_TABLE)
        people.fill(house, list(knowledge.RELATIONS))
        return
    house.connection.execute("attach ? as base", [database])
    for table, columns in stored_tables().items():
        names = ", ".join(column.name for column in columns)
        house.connection.execute(f"insert into {table} ({names}) select {names} from base.{table}")
    house.connection.execute("detach base")


def _copied(table: Table, ids: int, people: int) -> tuple[str, str]:
    """The columns of a fact table, and the same shifted for copy ``c.k``."""
    names, values = [], []
    for column in table.all_columns():
        for stored in column.physical():
            name = stored.name
            names.append(name)
            if name in ("id", "same_as") or (column.kind is Kind.REF and column.to in FACTS):
                values.append(f"f.{name} + c.k * {ids}")
            elif name in ("patient_id", "person_record_id"):
                values.append(f"f.{name} + c.k * {people}")
            elif column.kind is Kind.WHEN and name.endswith("_day"):
                values.append(f"f.{name} + {JITTER}")
            elif column.kind is Kind.WHEN and name.endswith("_at"):
                values.append(f"f.{name} + {JITTER} * 86400")
            else:
                values.append(f"f.{name}")
    return ", ".join(names), ", ".join(values)


def grow(connection: sqlite3.Connection, patients: int) -> int:
    """Copy the base until there are about so many patients; how many there are."""
    base = connection.execute("select count(*), max(id) from patient").fetchone()
    people = int(base[1])
    copies = max(0, round(patients / int(base[0])) - 1)
    ids = 1 + max(
        int(connection.execute(f"select coalesce(max(id), 0) from fact_{name}").fetchone()[0]) for name in FACTS
    )
    connection.execute("pragma synchronous = off")
    connection.execute("begin")
    connection.execute("create temp table copies (k integer)")
    connection.executemany("insert into copies values (?)", [(number,) for number in range(1, copies + 1)])
    for name, table in FACTS.items():
        names, values = _copied(table, ids, people)
        connection.execute(
            f"insert into fact_{name} ({names}) select {values} from copies c cross join fact_{name} f"
            f" where f.id < {ids} order by c.k, f.patient_id"
        )
    _grow_patients(connection, people)
    connection.execute("drop table copies")
    connection.execute("commit")
    return int(connection.execute("select count(*) from patient").fetchone()[0])


def _grow_patients(connection: sqlite3.Connection, people: int) -> None:
    stored = {str(row[1]) for row in connection.execute("pragma table_info(patient)")}
    engine = {column.name for column in PATIENT_STORED}
    names = [name for name in stored if name in engine or name in ("zone", "display_name", "sort_name")]
    values = []
    for name in names:
        shift = f" + c.k * {people}" if name == "id" else ""
        if name in ("birth_from_day", "birth_to_day"):
            shift = f" + {JITTER.replace('f.patient_id', 'f.id')}"
        values.append(f"f.{name}{shift}")
    connection.execute(
        f"insert into patient ({', '.join(names)}) select {', '.join(values)}"
        f" from copies c cross join patient f where f.id <= {people} order by c.k, f.id"
    )


def house_of(patients: int, folder: Path, as_of_day: int, database: str | None) -> tuple[MemoryHouse, Path, int]:
    """A house in a file with about so many patients."""
    file = folder / f"people-{patients}.db"
    house = MemoryHouse(str(file))
    house.connection.execute("pragma journal_mode = off")
    load_base(house, as_of_day, database)
    return house, file, grow(house.connection, patients)


def threads() -> int:
    """Processors we may use."""
    return len(os.sched_getaffinity(0))
