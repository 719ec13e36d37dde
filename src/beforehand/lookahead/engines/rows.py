"""The row engine: rules over the tables facts are kept in, one patient at a time, on SQLite or PostgreSQL.

One patient costs one patient: every name of a rule is bound to that patient's rows, found by index. The text
of each statement is made once; the database prepares it once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.types.numeric import Int8

from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.answers import Answer, Evidence, answers
from beforehand.lookahead.engines.binding import Places, bind
from beforehand.lookahead.engines.possible import KNOWN, Vague, looks, put_together
from beforehand.lookahead.engines.relations import stored_below
from beforehand.lookahead.engines.shape import Shape
from beforehand.lookahead.rule import Query

SQLITE = Places(":day", ":at", "{column} = :pid", "main.patient", by_index=True)
POSTGRES = Places("@day@", "@at@", "{column} = @pid@")
CHUNK = 500


def last_second(as_of_day: int) -> int:
    """``as_of.at``: the last second of the day, in UTC."""
    return as_of_day * 86400 + 86399


@lru_cache(maxsize=4096)
def statement(query: Query, shape: Shape, is_postgres: bool, is_supposing: bool = False) -> str:
    """The text of a rule for one patient; ``is_supposing`` takes days that are not known exactly as supposed."""
    if not is_postgres:
        return bind(query, shape, replace(SQLITE, supposition=":supposition") if is_supposing else SQLITE)
    places = replace(POSTGRES, supposition="@supposition@") if is_supposing else POSTGRES
    return _for_postgres(bind(query, shape, places))


def _for_postgres(text: str) -> str:
    # psycopg takes a percent sign as the beginning of a parameter, so those of the text are doubled first.
    text = text.replace("%", "%%")
    for name in ("day", "at", "pid", "supposition"):
        text = text.replace(f"@{name}@", f"%({name})s")
    return text


@lru_cache(maxsize=4)
def look_for_days(is_exact: bool, is_postgres: bool) -> str:
    """The times of one patient that are known to the day, or those that are not."""
    text = looks(is_exact, f"patient_id = {'@pid@' if is_postgres else ':pid'}")
    return _for_postgres(text) if is_postgres else text


@lru_cache(maxsize=512)
def look(tables: frozenset[str], with_sets: frozenset[str], is_postgres: bool) -> str:
    """What one patient has: (fact table, '') of each that has rows, and (fact table, value set) of its codes.

    The subqueries read nothing but the index of each table that begins with patient and code.
    """
    pid = "%(pid)s" if is_postgres else ":pid"
    parts = []
    for name in sorted(tables):
        parts.append(f"select '{name}', '' where exists (select 1 from fact_{name} where patient_id = {pid})")  # noqa: S608
        if name in with_sets:
            code = FACTS[name].by[0]
            parts.append(
                f"select '{name}', v.value_set from"  # noqa: S608
                f" (select distinct {code} as code from fact_{name} where patient_id = {pid}) c"
                " cross join value_set_code v where v.code = c.code"
            )
    return "\nunion all\n".join(parts)


class RowEngine:
    """Rules over one open connection of the database that holds the facts."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.is_postgres = isinstance(connection, psycopg.Connection)
        if self.is_postgres:
            # The plan for one patient is the same for every patient: do not plan again at each run.
            if connection.execute("show plan_cache_mode").fetchone()[0] != "force_generic_plan":
                connection.execute("set plan_cache_mode = force_generic_plan")
                connection.prepare_threshold = 5  # planning takes ten times longer than running
                connection.prepared_max = 1000
                connection.execute("set jit = off")  # compiling takes longer than one patient ever does
        elif connection.execute("pragma automatic_index").fetchone()[0]:
            # Without this SQLite may index a whole calendar (20 ms) to join one patient's few rows to it. It stays
            # off for this connection: each change of it would make SQLite prepare every statement again (10 ms each).
            connection.execute("pragma automatic_index = off")

    def answers(
        self, query: Query, shape: Shape, patient_id: int, as_of_day: int, vague: Vague | None = None
    ) -> list[Answer]:
        """What a rule says of one patient; ``vague`` is what ``vague`` tells of the patient, where that is known."""
        known = self.vague(patient_id) if vague is None else vague
        values = {"pid": patient_id, "day": as_of_day, "at": last_second(as_of_day)}
        supposed = known.suppositions(stored_below(shape.tables), as_of_day) if known.ranges else []
        if not supposed:
            return self._answers(query, shape, values)
        found = self._answers(query, shape, values, vague=(patient_id,))
        return put_together(found, [self._answers(query, shape, {**values, "supposition": one}) for one in supposed])

    def _answers(
        self, query: Query, shape: Shape, values: Mapping[str, int], vague: Container[int] = ()
    ) -> list[Answer]:
        rows = self._run(statement(query, shape, self.is_postgres, "supposition" in values), values)
        return answers(query, shape.columns, rows, values["day"], vague) if rows else []

    def vague(self, patient_id: int) -> Vague:
        """Which times of the patient's facts are not known to the day."""
        found = self._run(look_for_days(False, self.is_postgres), {"pid": patient_id})
        if not found:
            return KNOWN
        ranges: dict[str, list[tuple[int, int]]] = {}
        for table, _, first, last in found:
            ranges.setdefault(str(table), []).append((int(first), int(last)))
        days: dict[str, set[int]] = {}
        for table, _, day, _ in self._run(look_for_days(True, self.is_postgres), {"pid": patient_id}):
            days.setdefault(str(table), set()).add(int(day))
        return Vague(ranges, days)

    def all_vague(self) -> dict[str, set[int]]:
        """Everybody with a time that is not known to the day, by fact table."""
        found: dict[str, set[int]] = {}
        for table, patient_id, _, _ in self._run(looks(False), {}):
            found.setdefault(str(table), set()).add(int(patient_id))
        return found

    def present(self, patient_id: int, tables: frozenset[str], with_sets: frozenset[str]) -> dict[str, set[str]]:
        """Which of these fact tables have rows of the patient, each with the value sets its codes are in."""
        found: dict[str, set[str]] = {}
        if tables:
            for table, value_set in self._run(look(tables, with_sets, self.is_postgres), {"pid": patient_id}):
                found.setdefault(table, set()).add(value_set)
        return found

    def _run(self, text: str, values: Mapping[str, int]) -> list[tuple[Any, ...]]:
        if not self.is_postgres:
            found: list[tuple[Any, ...]] = self.connection.execute(text, values).fetchall()
            return found
        with psycopg.Cursor(self.connection) as cursor:
            wide = {name: Int8(value) for name, value in values.items()}
            cursor.execute(text, wide, prepare=True)  # type: ignore[call-overload]  # text is made, not literal
            return cursor.fetchall()

    def labels(self, facts: Iterable[Evidence]) -> dict[tuple[str, int], str]:
        """The sensitivity labels of the facts that carry any."""
        by_table: dict[str, set[int]] = {}
        for fact in facts:
            by_table.setdefault(fact.table, set()).add(fact.fact_id)
        found: dict[tuple[str, int], str] = {}
        for table, ids in by_table.items():
            listed = sorted(ids)
            for start in range(0, len(listed), CHUNK):
                numbers = ", ".join(str(number) for number in listed[start : start + CHUNK])  # whole numbers of ours
                text = f"select id, sensitivity from fact_{table} where sensitivity <> '' and id in ({numbers})"  # noqa: S608
                cursor = psycopg.Cursor(self.connection) if self.is_postgres else self.connection.cursor()
                found |= {(table, int(number)): str(labels) for number, labels in cursor.execute(text).fetchall()}
        return found


ERRORS = (sqlite3.Error, psycopg.Error)
