"""Copying the whole database out and in: one file on SQLite, one COPY a table on PostgreSQL.

The copy is of one moment, taken while others go on writing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, transaction

SQLITE_FILE = "beforehand.db"


def copy_out(folder: Path) -> Iterator[Path]:
    """Write the database into the folder as files, one at a time; the caller may remove each before the next."""
    if connection.vendor == "sqlite":
        yield _sqlite_out(folder / SQLITE_FILE)
    else:
        yield from _postgres_out(folder)


def copy_in(folder: Path) -> None:
    """Make the database from the files ``copy_out`` wrote."""
    if connection.vendor == "sqlite":
        _sqlite_in(folder / SQLITE_FILE)
    else:
        _postgres_in(folder)


def row_counts() -> dict[str, int]:
    """How many rows each table holds."""
    with connection.cursor() as cursor:
        counts = {}
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f"select count(*) from {connection.ops.quote_name(table)}")  # noqa: S608 names from the catalog
            counts[table] = int(cursor.fetchone()[0])
    return counts


def counts_in(file: Path) -> dict[str, int]:
    """How many rows each table of a copied SQLite file holds; sqlite3.DatabaseError when it is not whole."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as copy:
        verdict = copy.execute("pragma quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(str(verdict))
        tables = copy.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
        names = sorted(name for (name,) in tables)
        return {name: int(copy.execute(f'select count(*) from "{name}"').fetchone()[0]) for name in names}  # noqa: S608


def _sqlite_out(target: Path) -> Path:
    """SQLite's online backup in one step: it reads one snapshot; writers go on in the write-ahead log."""
    source = str(connection.settings_dict["NAME"])
    if "mode=memory" in source or source == ":memory:":
        connection.ensure_connection()
        with closing(sqlite3.connect(target)) as copy:
            connection.connection.backup(copy)
        return target
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=60)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        copy.execute("pragma journal_mode=delete")
    return target


def _sqlite_in(file: Path) -> None:
    """Put the file in place through SQLite itself, so that a log left beside an older file cannot spoil it."""
    connection.close()
    with (
        closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as copy,
        closing(sqlite3.connect(str(connection.settings_dict["NAME"]))) as live,
    ):
        copy.backup(live)
        live.execute("pragma journal_mode=wal")
        live.execute("pragma wal_checkpoint(truncate)")


def _columns(cursor: Any, table: str) -> list[str]:
    return [column.name for column in connection.introspection.get_table_description(cursor, table)]


def _postgres_out(folder: Path) -> Iterator[Path]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        for table in sorted(connection.introspection.table_names(cursor)):
            columns = ", ".join(f'"{name}"' for name in _columns(cursor, table))
            path = folder / f"{table}.copy"
            with path.open("wb") as stream:
                stream.write(columns.encode() + b"\n")
                with cursor.cursor.copy(f'copy "{table}" ({columns}) to stdout') as copy:
                    for block in copy:
                        stream.write(block)
            yield path


def _postgres_in(folder: Path) -> None:
    """Tables are made by our own migrations, then filled in one transaction; references are checked at its end."""
    call_command("migrate", verbosity=0, interactive=False)
    files = sorted(folder.glob("*.copy"))
    with transaction.atomic(), connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        tables = ", ".join(f'"{file.stem}"' for file in files if file.stem in present)
        cursor.execute(f"truncate {tables} cascade")
        for file in files:
            with file.open("rb") as stream:
                columns = stream.readline().decode().strip()
                with cursor.cursor.copy(f'copy "{file.stem}" ({columns}) from stdin') as copy:
                    while block := stream.read(1 << 20):
                        copy.write(block)
        for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models(include_auto_created=True)):
            cursor.execute(statement)
