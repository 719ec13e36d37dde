"""Rows that may say the same, for ``record.reconcile``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from beforehand.record.store.rows import FACT_NAMES, among, fetch, listed, update_rows


def has_several_sources() -> bool:
    """Whether more than one source ever sent anything."""
    return len(fetch("select 1 from source limit 2")) > 1


def patients_to_reconcile(table: str, patients: Iterable[int]) -> list[int]:
    """Of these patients, those with rows of several sources in a table, or with rows still led by others."""
    rows = fetch(
        f'select patient_id from "fact_{table}" where {among("patient_id")} group by patient_id'
        " having min(source_id) <> max(source_id) or sum(case when same_as <> id then 1 else 0 end) > 0",
        [listed(patients)],
    )
    return [row[0] for row in rows]


def rows_of_patient(table: str, patient: int) -> list[dict[str, Any]]:
    """Every row of one patient in a table."""
    names = FACT_NAMES[table]
    found = fetch(f'select {", ".join(names)} from "fact_{table}" where patient_id = %s order by id', [patient])
    return [dict(zip(names, row, strict=True)) for row in found]


def set_leading(table: str, changes: Iterable[tuple[int, int]]) -> None:
    """Write (leading row, row)."""
    update_rows(f"fact_{table}", "same_as = %s", "id = %s", changes)


def ingredients_of(concepts: Iterable[int]) -> dict[int, frozenset[tuple[int, int]]]:
    """The ingredients of each medicine concept that has any; a cream is not the tablet of the same ingredient."""
    found: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for code, ingredient, is_local in fetch(
        f"select code, ingredient, is_local from k_medicine where {among('code')}", [listed(concepts)]
    ):
        found[code].add((ingredient, is_local))
    return {code: frozenset(parts) for code, parts in found.items()}


def concept_with(digest: str) -> int | None:
    """The number of the concept of that digest."""
    found = fetch("select id from concept where digest = %s", [digest])
    return int(found[0][0]) if found else None


def codings_of(numbers: Iterable[int]) -> dict[int, set[tuple[str, str]]]:
    """All codings (system, code) of each concept."""
    found: dict[int, set[tuple[str, str]]] = {}
    for number, system, code in fetch(
        f"select concept_id, system, code from concept_coding where {among('concept_id')}", [listed(numbers)]
    ):
        found.setdefault(number, set()).add((system, code))
    return found
