"""Rows that may say the same, for ``record.reconcile``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from beforehand.record.models import SourceTrust
from beforehand.record.store.rows import FACT_NAMES, among, fetch, listed, table_of, update_rows


def has_several_sources() -> bool:
    """Whether more than one source ever sent anything."""
    return len(fetch("select 1 from source limit 2")) > 1


def trust_stands() -> bool:
    """Whether the organisation has set any rule that lets one source hold over another."""
    return bool(fetch(f"select 1 from {table_of(SourceTrust)} where ended_at is null limit 1"))


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


def allergens_of(concepts: Iterable[int]) -> dict[int, tuple[str, frozenset[int]]]:
    """What each allergy concept that names medicines is about: a class by its name, or the ingredients."""
    found: dict[int, set[tuple[int, str]]] = defaultdict(set)
    for code, ingredient, class_name in fetch(
        f"select code, ingredient, class_name from k_allergen where {among('code')}", [listed(concepts)]
    ):
        found[code].add((ingredient, class_name))
    return {
        code: (min(name for _, name in parts), frozenset(ingredient for ingredient, _ in parts))
        for code, parts in found.items()
    }


def displays_of(concepts: Iterable[int]) -> dict[int, str]:
    """What each concept is called, by its own words and those of its codings."""
    wanted = listed(concepts)
    found = dict(fetch(f"select id, display from concept where {among('id')}", [wanted]))
    for number, display in fetch(
        f"select concept_id, display from concept_coding where {among('concept_id')} and display <> '' order by id",
        [wanted],
    ):
        found[number] = found.get(number) or display
    return found


def digests_of(concepts: Iterable[int]) -> dict[int, str]:
    """The digest by which each concept is known in every home."""
    return dict(fetch(f"select id, digest from concept where {among('id')}", [listed(concepts)]))


def rows_named(table: str, patient: int, ids: Iterable[int]) -> list[dict[str, Any]]:
    """These rows of one patient in a table."""
    names = FACT_NAMES[table]
    found = fetch(
        f'select {", ".join(names)} from "fact_{table}" where patient_id = %s and {among("id")} order by id',
        [patient, listed(ids)],
    )
    return [dict(zip(names, row, strict=True)) for row in found]


def people_of_settlements(patients: Iterable[int]) -> list[int]:
    """Of these patients, those about whom anything was ever settled."""
    wanted = list(patients)
    if not wanted:
        return []
    rows = fetch(f"select distinct patient_id from fact_settlement where {among('patient_id')}", [listed(wanted)])
    return sorted(row[0] for row in rows)


def settlements_of(patient: int) -> list[dict[str, Any]]:
    """Every settlement about a patient, with the kind of source that made it."""
    names = FACT_NAMES["settlement"]
    columns = ", ".join(f"f.{name}" for name in names)
    found = fetch(
        f"select {columns}, s.kind from fact_settlement f join source s on s.id = f.source_id"
        " where f.patient_id = %s order by f.id",
        [patient],
    )
    return [dict(zip((*names, "kind"), row, strict=True)) for row in found]


def stand(changes: Iterable[tuple[int, int, int, int]]) -> None:
    """Write (leading row of the one side, of the other, whether it stands, settlement)."""
    update_rows("fact_settlement", "left_line_id = %s, right_line_id = %s, is_standing = %s", "id = %s", changes)


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
