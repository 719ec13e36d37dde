"""One line where sources agree.

Rows of several sources that say the same of a patient share ``same_as``, the identity of the row that leads; only
that row counts for rules. When rows agree is said in ``record.agreement``; here it is computed anew for patients
whose facts changed, and what people settled is held against what the sources say now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from beforehand.clinical.columns import Kind, Table
from beforehand.clinical.strengths import Strength, strength_in
from beforehand.clinical.tables import FACTS
from beforehand.clinical.units import Analyte, analytes
from beforehand.record.agreement import Meanings, Row, leading_rows
from beforehand.record.settlements import recompute_standing
from beforehand.record.store.alike import (
    allergens_of,
    codings_of,
    displays_of,
    has_several_sources,
    ingredients_of,
    patients_to_reconcile,
    rows_of_patient,
    set_leading,
)

MEDICINES = ("medication_request", "medication_statement", "medication_dispense", "medication_administration")


def reconcile_patients(changed: Mapping[int, set[str]]) -> dict[int, set[str]]:
    """Recompute which rows lead, for patients whose tables changed; where that changed anything."""
    if not has_several_sources():
        return {}
    patients_of: dict[str, list[int]] = defaultdict(list)
    for patient, tables in changed.items():
        for table in tables & FACTS.keys():
            patients_of[table].append(patient)
    moved: dict[int, set[str]] = defaultdict(set)
    for name, patients in patients_of.items():
        if not FACTS[name].same:
            continue
        for patient in patients_to_reconcile(name, patients):
            if _reconcile(FACTS[name], patient):
                moved[patient].add(name)
    for patient in recompute_standing({p: changed[p] | moved.get(p, set()) for p in changed}):
        moved[patient].add("settlement")
    return moved


def _reconcile(table: Table, patient: int) -> bool:
    rows = rows_of_patient(table.name, patient)
    leading = leading_rows(table, rows, meanings_of(table, rows))
    changes = [(leading[row["id"]], row["id"]) for row in rows if row["same_as"] != leading[row["id"]]]
    set_leading(table.name, changes)
    return bool(changes)


def meanings_of(table: Table, rows: Iterable[Row]) -> Meanings:
    """What the coded meanings of these rows have in common: a coding, an analyte, or for medicines the ingredients."""
    names = [column.name for column in table.columns if column.kind is Kind.CONCEPT]
    used = {row[name] for row in rows for name in names if row[name] is not None}
    codings = codings_of(used)
    marks: list[tuple[int, object]] = [
        (concept, pair) for concept in sorted(codings) for pair in sorted(codings[concept])
    ]
    strengths: dict[int, Strength] = {}
    measured: dict[int, Analyte] = {}
    if table.name in MEDICINES:
        marks += sorted(ingredients_of(used).items(), key=lambda each: each[0])
        strengths = {concept: strength_in(display) for concept, display in displays_of(used).items()}
    elif table.name == "allergy":
        marks += sorted(allergens_of(used).items(), key=lambda each: each[0])
    elif table.name == "observation":
        known = analytes()
        measured = {
            c: known[code]
            for c, pairs in codings.items()
            for system, code in pairs
            if system == "loinc" and code in known
        }
        marks += sorted(measured.items())
    return Meanings(_classes(used, marks), strengths, measured)


def _classes(used: Iterable[int], marks: Iterable[tuple[int, object]]) -> dict[int, int]:
    """Concepts that share a mark, directly or by way of others, by the lowest of them."""
    parent = {concept: concept for concept in used}

    def root(concept: int) -> int:
        while parent[concept] != concept:
            concept = parent[concept]
        return concept

    owners: dict[object, int] = {}
    for concept, mark in marks:
        low, high = sorted((root(concept), root(owners.setdefault(mark, concept))))
        parent[high] = low
    return {concept: root(concept) for concept in parent}
