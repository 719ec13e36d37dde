"""Moving rows in bulk, past the ORM, on SQLite and PostgreSQL. The only raw SQL of the record's writing side.

Everything here runs inside the caller's transaction, after ``lock_for_writing``: one writer at a time, so that
identities, concepts and links are allotted once. SQLite has that lock by nature (IMMEDIATE); PostgreSQL gets it here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson
from django.db import connection, models, transaction

from beforehand.clinical.tables import ALL, FACTS
from beforehand.record.models import Item, Message, PersonRecord, Resource

WRITER_LOCK = 4710201  # PostgreSQL advisory lock of the one writer of facts
Row = Sequence[Any]


def is_postgres() -> bool:
    """Whether this installation's rows live in PostgreSQL."""
    return bool(connection.vendor == "postgresql")


def lock_for_writing() -> None:
    """Become the one writer of facts until this transaction ends."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("lock_for_writing needs a transaction")
    if is_postgres():
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [WRITER_LOCK])


@lru_cache(maxsize=4096)
def _for_sqlite(sql: str) -> str:
    """The same statement with the placeholders SQLite knows."""
    return sql.replace("%%", "\0").replace("%s", "?").replace("\0", "%")


def _run(sql: str, parameters: Any, *, many: bool = False) -> Any:
    """Run one statement; the cursor. On SQLite by the driver itself: one event is some fifty statements.

    Whoever watches statements (a test that counts them, DEBUG) or broke the transaction goes through Django as usual.
    """
    open_now = transaction.get_connection()
    if open_now.vendor == "sqlite" and not (
        open_now.execute_wrappers or open_now.queries_logged or open_now.needs_rollback
    ):
        open_now.ensure_connection()
        driver: sqlite3.Connection = open_now.connection
        with open_now.wrap_database_errors:
            text = _for_sqlite(sql)
            cursor = sqlite3.Connection.cursor(driver)
            return cursor.executemany(text, parameters) if many else cursor.execute(text, parameters)
    cursor = open_now.cursor()
    if many:
        cursor.executemany(sql, list(parameters))
    else:
        cursor.execute(sql, parameters)
    return cursor


def insert_rows(table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Add rows: COPY on PostgreSQL, one prepared statement on SQLite."""
    names = ", ".join(f'"{column}"' for column in columns)
    if is_postgres():
        with connection.cursor() as cursor, cursor.cursor.copy(f'copy "{table}" ({names}) from stdin') as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join(["%s"] * len(columns))
    _run(f'insert into "{table}" ({names}) values ({marks})', rows, many=True)


def update_rows(table: str, assignment: str, where: str, rows: Iterable[Row]) -> None:
    """Run one update for many rows of parameters."""
    listed = list(rows)
    if listed:
        _run(f'update "{table}" set {assignment} where {where}', listed, many=True)


def fetch(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of one question."""
    return list(_run(sql, parameters).fetchall())


def change(sql: str, parameters: Sequence[Any] = ()) -> int:
    """Run one changing statement; how many rows it touched."""
    return int(_run(sql, parameters).rowcount)


def among(column: str) -> str:
    """SQL for "column is one of a list given as one parameter" (see ``listed``)."""
    return f"{column} = any(%s)" if is_postgres() else f"{column} in (select value from json_each(%s))"


def listed(values: Iterable[Any]) -> Any:
    """The one parameter that ``among`` takes."""
    values = list(values)
    return values if is_postgres() else orjson.dumps(values).decode()


def table_of(model: type[models.Model]) -> str:
    """The stored name of a model's table."""
    return str(model._meta.db_table)


def reserve(model: type[models.Model], count: int) -> int:
    """The first of ``count`` fresh numbers for a table's id; nobody else gets them."""
    table = table_of(model)
    highest = int(fetch(f'select coalesce(max(id), 0) from "{table}"')[0][0])
    if is_postgres():
        sequence = fetch("select pg_get_serial_sequence(%s, 'id')", [f'"{table}"'])[0][0]
        if sequence is None:
            return highest + 1
        first = int(fetch("select nextval(%s)", [sequence])[0][0])
        change("select setval(%s, %s)", [sequence, first + count - 1])
        return first
    spent = fetch("select seq from sqlite_sequence where name = %s", [table])
    return max(highest, int(spent[0][0]) if spent else 0) + 1


FACT_NAMES: dict[str, list[str]] = {name: [stored.name for stored in table.physical()] for name, table in ALL.items()}


def insert_facts(table: str, rows: Iterable[Row]) -> None:
    """Add rows of a fact or reference table, values in the order of its statement."""
    insert_rows(f"fact_{table}", FACT_NAMES[table], rows)


def delete_facts(table: str, ids: Iterable[int]) -> int:
    """Take rows out of a fact or reference table by identity."""
    return change(f'delete from "fact_{table}" where {among("id")}', [listed(ids)])


def insert_objects(rows: Sequence[models.Model]) -> None:
    """Add model rows that carry their own ids."""
    if not rows:
        return
    fields = type(rows[0])._meta.concrete_fields
    columns = [str(field.column) for field in fields]
    at = transaction.get_connection()  # itself, not the proxy that looks it up at every touch
    prepared = ([field.get_db_prep_save(getattr(row, field.attname), at) for field in fields] for row in rows)
    insert_rows(table_of(type(rows[0])), columns, prepared)


def number_objects(rows: Sequence[models.Model]) -> None:
    """Add model rows and give each the number the database allots."""
    if not rows:
        return
    model = type(rows[0])
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    key = model._meta.pk
    sql = f'insert into "{table_of(model)}" ({names}) values ({", ".join(["%s"] * len(fields))}) returning {key.column}'
    at = transaction.get_connection()
    for row in rows:
        values = [field.get_db_prep_save(field.pre_save(row, add=True), at) for field in fields]
        row.pk = int(fetch(sql, values)[0][0])
        row._state.adding, row._state.db = False, at.alias


def batches(values: Iterable[Any], size: int = 5000) -> Iterable[list[Any]]:
    """The values, some at a time."""
    stream = iter(values)
    while part := list(islice(stream, size)):
        yield part


def find_resources(source_id: int, type_: str, logical_ids: Iterable[str]) -> list[tuple[int, str, int | None]]:
    """(identity, logical id, current item) of those that were mentioned or arrived before."""
    return fetch(
        f"select id, logical_id, current_item_id from {table_of(Resource)}"
        f" where source_id = %s and type = %s and {among('logical_id')}",
        [source_id, type_, listed(logical_ids)],
    )


def known_messages(source_id: int, digests: Iterable[str]) -> list[int]:
    """Messages of this source with these bytes that were not refused."""
    sql = f"select id from {table_of(Message)} where source_id = %s and {among('digest')} and state <> 'REFUSED'"
    return [number for (number,) in fetch(sql, [source_id, listed(digests)])]


def message_states(numbers: Iterable[int]) -> dict[int, str]:
    """How far each message has come."""
    return dict(fetch(f"select id, state from {table_of(Message)} where {among('id')}", [listed(numbers)]))


def find_versions(items: Iterable[int]) -> list[tuple[int, int | None, bytes | None, int | None, str]]:
    """(item, version time, digest, patient at the time, version state)."""
    rows = fetch(
        f"select id, version_at, digest, patient_id, version_state from {table_of(Item)} where {among('id')}",
        [listed(items)],
    )
    return [(item, at, bytes(digest) if digest else None, patient, state) for item, at, digest, patient, state in rows]


def find_persons(records: Iterable[int]) -> dict[int, int]:
    """Patient now of each person record given, of those that have arrived."""
    rows = fetch(
        f"select id, patient_id from {table_of(PersonRecord)} where {among('id')}",
        [listed(records)],
    )
    return dict(rows)


def move_facts(record: int, before: int, after: int) -> set[str]:
    """Point every fact of a person record from one patient to another; the tables that held any."""
    touched = set()
    for name in FACTS:
        if change(
            f'update "fact_{name}" set patient_id = %s where patient_id = %s and person_record_id = %s',
            [after, before, record],
        ):
            touched.add(name)
    return touched


class Numbers:
    """Fresh ids for one table's rows within one write transaction."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self.next: int | None = None

    def take(self) -> int:
        """The next free id."""
        if self.next is None:
            self.next = reserve(self.model, 1)
        self.next += 1
        return self.next - 1

    def close(self) -> None:
        """Tell the database's own counter how far we went; needed before the transaction ends."""
        if self.next is None or not is_postgres():
            return
        sequence = fetch("select pg_get_serial_sequence(%s, 'id')", [f'"{table_of(self.model)}"'])[0][0]
        if sequence is not None:
            change("select setval(%s, %s)", [sequence, self.next - 1])
