"""Marked patients: whose facts changed since the rules last looked, and what changed, as far as that is known.

A mark names fact tables: ``observation`` when anything there changed, ``observation:812`` when only facts of concept
812 were added (``observation:`` without a code). So a rule that looks at other codes need not run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from beforehand.clinical.fhir import value_columns
from beforehand.clinical.tables import FACTS
from beforehand.record.models import DirtyPatient, Patient
from beforehand.record.store.rows import among, change, fetch, insert_objects, listed, table_of, update_rows

NO_CODE = 0  # of a fact that states none; no concept has this number
MANY = 40  # codes of one table, from which on the table as a whole is named
What = Mapping[str, frozenset[int] | None]  # fact table -> codes of the facts added, None when anything changed


class Touched:
    """Whose tables one transaction changed, and the codes of facts it only added."""

    def __init__(self) -> None:
        self.tables: dict[int, set[str]] = defaultdict(set)
        self._added: dict[int, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        self._otherwise: dict[int, set[str]] = defaultdict(set)

    def note(self, patient: int, tables: Iterable[str]) -> None:
        """Tables of a patient changed, in whatever way."""
        named = set(tables)
        self.tables[patient] |= named
        self._otherwise[patient] |= named

    def note_added(self, patient: int, table: str, values: Sequence[Any]) -> None:
        """A fact was added; ``values`` in the order in which mapping gives them."""
        self.tables[patient].add(table)
        place = _place_of_code(table)
        if place is None:
            self._otherwise[patient].add(table)
        else:
            self._added[patient][table].add(values[place] or NO_CODE)

    def marks(self) -> dict[int, set[str]]:
        """What to write down of each patient."""
        return {
            patient: _words(
                {
                    table: None if table in self._otherwise[patient] else frozenset(self._added[patient][table])
                    for table in tables
                }
            )
            for patient, tables in self.tables.items()
        }


@lru_cache(maxsize=256)
def _place_of_code(table: str) -> int | None:
    """Where a fact's code stands among the values that mapping gives; None for tables without one."""
    code = FACTS[table].by[0] if table in FACTS else ""
    return value_columns(table).index(code) if code else None


def _words(what: What) -> set[str]:
    """A mark as it is stored."""
    found: set[str] = set()
    for table, codes in what.items():
        if codes is None or len(codes) > MANY:
            found.add(table)
        else:
            found |= {f"{table}:{code or ''}" for code in codes}
    return found


def read_mark(words: str) -> What | None:
    """What a mark says; None when anything may have changed."""
    found: dict[str, frozenset[int] | None] = {}
    for word in words.split():
        table, colon, code = word.partition(":")
        before = found.get(table, frozenset())
        found[table] = None if before is None or not colon else before | {int(code) if code else NO_CODE}
    return found or None


def joined(marks: Iterable[What | None]) -> What | None:
    """What several marks say together."""
    words: set[str] = set()
    for mark in marks:
        if mark is None:
            return None
        words |= _words(mark)
    return read_mark(" ".join(words))


def mark_dirty(changed: Mapping[int, set[str]], since: Any) -> None:
    """Note in this transaction that these patients' tables changed; the rules have not yet run over them."""
    if not changed:
        return
    table = table_of(DirtyPatient)
    before = marked_among(changed)
    fresh, more = [], []
    for patient, words in changed.items():
        if patient not in before:
            fresh.append(DirtyPatient(patient_id=patient, since=since, tables=" ".join(sorted(words))))
        elif (mark := before[patient]) is not None:  # otherwise it says anything: nothing to add
            both = joined([mark, read_mark(" ".join(words))])
            more.append((" ".join(sorted(_words(both))) if both else "", patient))
    insert_objects(fresh)
    update_rows(table, "tables = %s", "patient_id = %s", more)
    patients = table_of(Patient)
    latest = int(fetch(f"select coalesce(max(changed_seq), 0) from {patients}")[0][0])
    change(f"update {patients} set changed_seq = %s where {among('id')}", [latest + 1, listed(changed)])


def marked_among(patient_ids: Iterable[int]) -> dict[int, What | None]:
    """Of these patients those that are marked, with what changed."""
    table = table_of(DirtyPatient)
    rows = fetch(f"select patient_id, tables from {table} where {among('patient_id')}", [listed(patient_ids)])
    return {int(patient): read_mark(words) for patient, words in rows}


def unmark(patient_ids: Iterable[int]) -> None:
    """The rules have run for these patients."""
    change(f"delete from {table_of(DirtyPatient)} where {among('patient_id')}", [listed(patient_ids)])


def sets_of_codes(codes: Iterable[int]) -> dict[int, frozenset[str]]:
    """The value sets each of these codes is in."""
    found: dict[int, set[str]] = {code: set() for code in codes}
    rows = fetch(f"select code, value_set from value_set_code where {among('code')}", [listed(found)])
    for code, name in rows:
        found[code].add(name)
    return {code: frozenset(names) for code, names in found.items()}
