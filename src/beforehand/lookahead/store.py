"""Findings in bulk: what a run found is compared with what is stored, and only what changed is written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from django.db import connection

from beforehand.lookahead.engines.answers import PIECES, VAGUE_DAYS, Answer, fingerprint
from beforehand.lookahead.engines.differences import Differences, Row
from beforehand.record.store.rows import fetch, insert_rows, is_postgres

CHUNK = 500
CURRENT, WITHDRAWN, RULE_CHANGED = "CURRENT", "WITHDRAWN", "RULE_CHANGED"
_COLUMNS = [
    "rule_id",
    "patient_id",
    "subject",
    "status",
    "opens_on",
    "due_on",
    "lapses_on",
    "recheck_on",
    "missing",
    "blocks",
    "say",
    "evidence",
    "sensitivity",
    "digest",
    "fingerprint",
    "is_stale",
    "state",
    "why",
    "first_at",
    "changed_at",
]
_CHANGED = [column for column in _COLUMNS if column not in ("rule_id", "patient_id", "subject", "first_at")]


@dataclass(slots=True)
class Stored:
    """A stored finding, as far as a run must know it."""

    id: int
    rule_id: str
    patient_id: int
    subject: str
    fingerprint: str
    state: str
    is_stale: bool
    lapses_on: int | None


@dataclass
class Written:
    """What a run changed."""

    ids: list[int] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    withdrawn: int = 0


def labels_of(answer: Answer, labels: Mapping[tuple[str, int], str]) -> str:
    """The labels of all facts an answer stands on, together."""
    if not labels:
        return ""
    found = {label for one in answer.evidence for label in labels.get((one.table, one.fact_id), "").split()}
    return " ".join(sorted(found))


def stored_of_patients(patient_ids: Iterable[int], rule_ids: frozenset[str]) -> list[Stored]:
    """Stored findings of these patients by these rules."""
    ids = sorted(set(patient_ids))
    found: list[Stored] = []
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        found += _select(f"patient_id in ({', '.join(['%s'] * len(part))})", part)
    return [one for one in found if one.rule_id in rule_ids]


def stored_of_rules(rule_ids: Iterable[str]) -> list[Stored]:
    """Stored findings of everyone by these rules."""
    wanted = sorted(rule_ids)
    return _select(f"rule_id in ({', '.join(['%s'] * len(wanted))})", wanted) if wanted else []


def _select(where: str, values: Iterable[Any]) -> list[Stored]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, rule_id, patient_id, subject, fingerprint, state, is_stale, lapses_on"  # noqa: S608
            f" from finding where {where}",
            list(values),
        )
        return [Stored(*row) for row in cursor.fetchall()]


def write(
    found: Iterable[Answer],
    before: Iterable[Stored],
    *,
    labels: Mapping[tuple[str, int], str],
    digests: Mapping[str, str],
    as_of_day: int,
    now: datetime,
    rule_changed: bool = False,
) -> Written:
    """Write what changed between the stored findings and what the same rules say of the same patients now."""
    known = {(one.rule_id, one.patient_id, one.subject): one for one in before}
    fresh, changed, written = [], [], Written()
    at = connection.ops.adapt_datetimefield_value(now)
    for answer in found:
        sensitivity = labels_of(answer, labels)
        print_now = fingerprint(answer, sensitivity)
        stored = known.pop(answer.key, None)
        if stored is None:
            fresh.append(_row(answer, sensitivity, print_now, digests, at))
        elif stored.fingerprint != print_now or stored.state != CURRENT or stored.is_stale:
            changed.append((stored.id, _row(answer, sensitivity, print_now, digests, at)))
    gone = [one for one in known.values() if one.state == CURRENT]
    if fresh:
        insert_rows("finding", _COLUMNS, fresh)
        written.ids += _ids_of([(str(row[0]), int(row[1]), str(row[2])) for row in fresh], at)
    _update(changed)
    _withdraw(gone, as_of_day, at, rule_changed=rule_changed)
    written.ids += [number for number, _ in changed] + [one.id for one in gone]
    written.new, written.changed, written.withdrawn = len(fresh), len(changed), len(gone)
    return written


def write_differences(
    found: Differences, *, digests: Mapping[str, str], as_of_day: int, now: datetime, rule_changed: bool = False
) -> Written:
    """``write`` for everyone at once: the comparison was made inside DuckDB, and only rows that differ come here."""
    written = Written()
    at = connection.ops.adapt_datetimefield_value(now)
    last = int(fetch("select coalesce(max(id), 0) from finding")[0][0])
    changed: list[tuple[int, tuple[Any, ...]]] = []

    def fresh() -> Iterator[tuple[Any, ...]]:
        for row in found.written():
            values = _values(row, found.says, digests, at)
            if row.number is None:
                written.new += 1
                yield values
            else:
                changed.append((row.number, values))

    insert_rows("finding", _COLUMNS, fresh())
    gone = [Stored(number, "", 0, "", "", CURRENT, False, lapses) for number, lapses in found.gone()]
    _update(changed)
    _withdraw(gone, as_of_day, at, rule_changed=rule_changed)
    written.ids = [number for (number,) in fetch("select id from finding where id > %s", [last])] if written.new else []
    written.ids += [number for number, _ in changed] + [one.id for one in gone]
    written.changed, written.withdrawn = len(changed), len(gone)
    return written


def write_lines(rule_ids: Iterable[str], file: Path) -> None:
    """What is stored of these rules, as ``Differences.compare`` reads it; the text is made by the database itself."""
    wanted = sorted(rule_ids)
    subject = "encode(convert_to(subject, 'UTF8'), 'hex')" if is_postgres() else "hex(subject)"
    fields = ["id", "rule_id", "patient_id", subject, "fingerprint"]
    fields += [f"case when {each} then 1 else 0 end" for each in ("state = 'CURRENT'", "is_stale")]
    fields.append("coalesce(cast(lapses_on as varchar(20)), '')")
    line = " || ',' || ".join(f"cast({field} as varchar(400))" for field in fields)
    with file.open("w", encoding="ascii") as out, connection.cursor() as cursor:
        cursor.execute(
            f"select {line} from finding where rule_id in ({', '.join(['%s'] * len(wanted))})",  # noqa: S608  our names
            wanted,
        )
        while rows := cursor.fetchmany(10_000):
            out.write("\n".join(row[0] for row in rows))
            out.write("\n")


def _values(row: Row, says: list[str], digests: Mapping[str, str], at: Any) -> tuple[Any, ...]:
    """A finding's columns, from what DuckDB says of it."""
    evidence = []
    for piece in row.facts.split(PIECES) if row.facts else ():
        table, number, role = piece.split(":", 2)
        evidence.append((table, int(number), role))
    evidence.sort()
    pieces = [{"table": table, "fact_id": number, "role": role} for table, number, role in evidence]
    return (
        *row[1:11],
        _dumps(dict(zip(says, row.say, strict=True)) | ({VAGUE_DAYS: row.vague_days} if row.vague_days else {})),
        _dumps(pieces),
        row.sensitivity,
        digests.get(row.rule_id, ""),
        row.fingerprint,
        False,
        CURRENT,
        "",
        at,
        at,
    )


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def _row(answer: Answer, sensitivity: str, print_now: str, digests: Mapping[str, str], at: Any) -> tuple[Any, ...]:
    evidence = [{"table": one.table, "fact_id": one.fact_id, "role": one.role} for one in answer.evidence]
    return (
        answer.rule_id,
        answer.patient_id,
        answer.subject,
        answer.status,
        answer.opens_on,
        answer.due_on,
        answer.lapses_on,
        answer.recheck_on,
        answer.missing,
        answer.blocks,
        json.dumps(answer.say),
        json.dumps(evidence),
        sensitivity,
        digests.get(answer.rule_id, ""),
        print_now,
        False,
        CURRENT,
        "",
        at,
        at,
    )


def _update(changed: list[tuple[int, tuple[Any, ...]]]) -> None:
    if changed:
        places = [_COLUMNS.index(column) for column in _CHANGED]
        assignment = ", ".join(f"{column} = %s" for column in _CHANGED)
        with connection.cursor() as cursor:
            cursor.executemany(
                f"update finding set {assignment} where id = %s",  # noqa: S608  our own names
                [(*(row[place] for place in places), number) for number, row in changed],
            )


def _withdraw(gone: list[Stored], as_of_day: int, at: Any, *, rule_changed: bool) -> None:
    if gone:
        state = RULE_CHANGED if rule_changed else WITHDRAWN
        rows = []
        for one in gone:
            has_lapsed = one.lapses_on is not None and one.lapses_on <= as_of_day
            why = (
                "it has lapsed"
                if has_lapsed
                else "the rule changed"
                if rule_changed
                else "the record no longer shows it"
            )
            rows.append((state, why, None, at, one.id))
        with connection.cursor() as cursor:
            cursor.executemany(
                "update finding set state = %s, why = %s, recheck_on = %s, changed_at = %s where id = %s", rows
            )


def _ids_of(keys: list[tuple[str, int, str]], at: Any) -> list[int]:
    """The numbers of rows just inserted."""
    wanted = set(keys)
    patients = sorted({patient for _, patient, _ in keys})
    found: list[int] = []
    with connection.cursor() as cursor:
        for start in range(0, len(patients), CHUNK):
            part = patients[start : start + CHUNK]
            marks = ", ".join(["%s"] * len(part))
            cursor.execute(
                "select id, rule_id, patient_id, subject from finding"  # noqa: S608  our own marks
                f" where patient_id in ({marks}) and changed_at = %s",
                [*part, at],
            )
            found += [row[0] for row in cursor.fetchall() if (row[1], row[2], row[3]) in wanted]
    return found


def mark_stale(rule_ids: Iterable[str], patient_ids: Iterable[int] | None) -> None:
    """Mark what a failing rule said before as stale; it stays as it was."""
    rules = sorted(rule_ids)
    text = f"update finding set is_stale = %s where state = 'CURRENT' and rule_id in ({', '.join(['%s'] * len(rules))})"  # noqa: S608
    with connection.cursor() as cursor:
        if patient_ids is None:
            cursor.execute(text, [True, *rules])
            return
        ids = sorted(set(patient_ids))
        for start in range(0, len(ids), CHUNK):
            part = ids[start : start + CHUNK]
            cursor.execute(f"{text} and patient_id in ({', '.join(['%s'] * len(part))})", [True, *rules, *part])


def note_digest(rule_ids: Iterable[str], digest: str) -> None:
    """Note on a swept rule's standing findings that the present text says the same."""
    rules = sorted(rule_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            f"update finding set digest = %s where state = 'CURRENT' and digest <> %s"  # noqa: S608
            f" and rule_id in ({', '.join(['%s'] * len(rules))})",
            [digest, digest, *rules],
        )


def standing_patients(rule_ids: Iterable[str]) -> set[int]:
    """The patients of whom these rules have standing findings."""
    rules = sorted(rule_ids)
    marks = ", ".join(["%s"] * len(rules))
    with connection.cursor() as cursor:
        cursor.execute(
            f"select distinct patient_id from finding where state = 'CURRENT' and rule_id in ({marks})",  # noqa: S608
            rules,
        )
        return {patient_id for (patient_id,) in cursor.fetchall()}


def due_patients(as_of_day: int) -> dict[str, set[int]]:
    """Rule id -> patients whose stored row may have changed by time alone."""
    found: dict[str, set[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute("select rule_id, patient_id from finding where recheck_on <= %s", [as_of_day])
        for rule_id, patient_id in cursor.fetchall():
            found.setdefault(rule_id, set()).add(patient_id)
    return found
