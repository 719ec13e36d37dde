"""Where needs send SQL past the ORM: the reads and writes of every arrival, which must cost next to nothing.

Built from the models' own columns and converters, so a row read here equals one read through the ORM.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from django.db import connection, models, transaction

from beforehand.care.needs.models import LIVE, Need, NeedFinding, PersonRisk, WorkRow
from beforehand.lookahead.models import Finding
from beforehand.record.models import Enrolment, Item, Patient, Resource, Source, TeamMember, User
from beforehand.record.store.rows import among, fetch, insert_rows, is_postgres, listed, table_of, update_rows

M = TypeVar("M", bound=models.Model)
LIVE_SQL = "state in ('OPEN', 'SNOOZED')"
assert LIVE == ("OPEN", "SNOOZED")


class _Columns(NamedTuple):
    """A model's columns as SQL, their attribute names, and how the values that need it are read."""

    sql: str
    names: tuple[str, ...]
    converters: tuple[tuple[int, Any, list[Any]], ...]
    key: str


@lru_cache(maxsize=64)
def _columns(model: type[models.Model], _vendor: str) -> _Columns:
    table, fields = table_of(model), model._meta.concrete_fields
    converters = []
    for place, field in enumerate(fields):
        column = field.get_col(table)
        found = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
        if found:
            converters.append((place, column, found))
    sql = ", ".join(f'"{field.column}"' for field in fields)
    key = next(str(field.column) for field in fields if field.primary_key)
    return _Columns(sql, tuple(str(field.attname) for field in fields), tuple(converters), key)


def _read(model: type[M], condition: str, parameters: Sequence[Any], *, for_update: bool = False) -> list[M]:
    at = transaction.get_connection()  # itself, not the proxy that looks it up at every touch
    known = _columns(model, at.vendor)
    lock = " for update" if for_update and is_postgres() else ""
    sql = f'select {known.sql} from "{table_of(model)}" where {condition} order by "{known.key}"{lock}'  # noqa: S608
    found = []
    for row in fetch(sql, parameters):
        values = list(row)
        for place, column, chain in known.converters:
            for convert in chain:
                values[place] = convert(values[place], column, at)
        found.append(model.from_db(at.alias, known.names, values))
    return found


def change_rows(model: type[models.Model], rows: Sequence[models.Model], columns: Sequence[str]) -> None:
    """Write these columns of these rows: one prepared statement, however many rows."""
    fields = [next(each for each in model._meta.concrete_fields if each.attname == name) for name in columns]
    assignment = ", ".join(f'"{field.column}" = %s' for field in fields)
    at = transaction.get_connection()
    prepared = [
        [*(field.get_db_prep_save(getattr(row, field.attname), at) for field in fields), row.pk] for row in rows
    ]
    update_rows(table_of(model), assignment, f'"{_columns(model, at.vendor).key}" = %s', prepared)


def add_rows(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    """Add rows whose numbers nobody needs back."""
    if not rows:
        return
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    at = transaction.get_connection()
    prepared = [[field.get_db_prep_save(getattr(row, field.attname), at) for field in fields] for row in rows]
    insert_rows(table_of(model), [str(field.column) for field in fields], prepared)


def needs_of(patient_ids: Iterable[int]) -> list[Need]:
    """Every need of these patients, locked for this transaction."""
    return _read(Need, among("patient_id"), [listed(patient_ids)], for_update=True)


def links_of(need_ids: Iterable[int]) -> list[tuple[int, int]]:
    """(need, finding) of these needs."""
    sql = f'select need_id, finding_id from "{table_of(NeedFinding)}" where {among("need_id")}'  # noqa: S608
    return [(int(need), int(finding)) for need, finding in fetch(sql, [listed(need_ids)])]


def findings_for_work(patient_ids: Iterable[int], also: Iterable[int], asking_rules: Iterable[str]) -> list[Finding]:
    """Findings that may ask for work, and those already in a live need whatever they say now."""
    asks = f"status = 'DUE' or (status = 'UNKNOWN' and {among('rule_id')})"
    condition = f"{among('patient_id')} and ((state = 'CURRENT' and ({asks})) or {among('id')})"
    return _read(Finding, condition, [listed(patient_ids), listed(asking_rules), listed(also)])


def findings_about(patient_ids: Iterable[int], subjects: Iterable[str]) -> list[Finding]:
    """What the rules say of these patients and subjects now, settled or not."""
    condition = f"{among('patient_id')} and state = 'CURRENT' and {among('subject')}"
    return _read(Finding, condition, [listed(patient_ids), listed(subjects)])


def withdrawn_by(fact_ids: Iterable[int]) -> list[str]:
    """The sources that withdrew one of these facts: their newest version says it was entered in error."""
    sql = (
        f'select distinct s.label, s.name from "{table_of(Resource)}" r'  # noqa: S608
        f' join "{table_of(Item)}" i on i.id = r.current_item_id join "{table_of(Source)}" s on s.id = r.source_id'
        f" where {among('r.id')} and i.version_state = 'WITHDRAWN'"
    )
    return sorted(str(row[0] or row[1]) for row in fetch(sql, [listed(fact_ids)]))


def lock_patients(patient_ids: Iterable[int]) -> None:
    """Two workers never settle one patient at once; SQLite has one writer anyway."""
    if is_postgres():
        fetch(f"select id from {table_of(Patient)} where {among('id')} order by id for update", [listed(patient_ids)])  # noqa: S608


def people_of(patient_ids: Iterable[int]) -> list[tuple[int, str, int | None, bool]]:
    """(patient, name, joined into, has died) of these patients."""
    sql = f"select id, display_name, merged_into_id, is_deceased from {table_of(Patient)} where {among('id')}"  # noqa: S608
    return [(row[0], row[1], row[2], bool(row[3])) for row in fetch(sql, [listed(patient_ids)])]


def joined_into(patient_ids: Iterable[int]) -> dict[int, int]:
    """Patients whose records are part of one of these now -> which."""
    sql = f"select id, merged_into_id from {table_of(Patient)} where {among('merged_into_id')}"  # noqa: S608
    return dict(fetch(sql, [listed(patient_ids)]))


def running_enrolments(patient_ids: Iterable[int], day: int) -> list[tuple[int, int, int | None]]:
    """(patient, team, lead) of enrolments running on the day, the earliest first."""
    sql = (
        f"select patient_id, team_id, lead_id from {table_of(Enrolment)} where {among('patient_id')}"  # noqa: S608
        " and from_day <= %s and (until_day is null or until_day > %s) order by from_day, id"
    )
    return [(row[0], row[1], row[2]) for row in fetch(sql, [listed(patient_ids), day, day])]


def memberships(roles: Iterable[str], now: datetime) -> list[tuple[int, int]]:
    """(user, team) of everyone with one of these roles and an open account who is a member of a team now."""
    at = connection.ops.adapt_datetimefield_value(now)
    sql = (
        f'select m.user_id, m.team_id from {table_of(TeamMember)} m join "{table_of(User)}" u on u.id = m.user_id'  # noqa: S608
        f" where u.is_active and {among('u.role')} and m.since <= %s and (m.until is null or m.until > %s)"
    )
    return [(row[0], row[1]) for row in fetch(sql, [listed(roles), at, at])]


class Ranked(NamedTuple):
    """What a rank depends on, of one live need."""

    id: int
    patient_id: int
    state: str
    status: str
    harm: int
    next_on: int
    is_dated: bool
    opened_day: int
    shown_from: int
    owner_user_id: int | None
    team_id: int
    sensitivity: str
    marked: str


def live_needs(patient_ids: Iterable[int]) -> list[Ranked]:
    """The live needs of these patients, as far as rank goes."""
    sql = f'select {", ".join(Ranked._fields)} from "{table_of(Need)}" where {LIVE_SQL} and {among("patient_id")}'  # noqa: S608
    return [Ranked(*row) for row in fetch(sql, [listed(patient_ids)])]


def risk_points(patient_ids: Iterable[int]) -> dict[int, int]:
    """The risk of these patients, where it is known."""
    sql = f"select patient_id, points from {table_of(PersonRisk)} where {among('patient_id')}"  # noqa: S608
    return dict(fetch(sql, [listed(patient_ids)]))


def rows_on_lists(patient_ids: Iterable[int]) -> list[WorkRow]:
    """Where these patients stand on the lists now."""
    return _read(WorkRow, among("patient_id"), [listed(patient_ids)])


def last_change() -> int:
    """The number of the last thing that happened to any need: as long as it stands, no list has changed."""
    return int(fetch("select coalesce(max(id), 0) from need_event")[0][0])
