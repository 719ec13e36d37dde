"""One line where sources agree, and a word where they differ.

Rows of several sources that say the same of a patient share ``same_as``, the lowest of their identities; only that
row leads. They agree when the columns of ``Table.same`` do: concepts by a shared coding or by the same ingredients,
times by first and last day, numbers also where one source only rounded the other's. A row that differs in status or
sensitivity never hides behind another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from beforehand.clinical.columns import Kind, Table
from beforehand.clinical.tables import FACTS
from beforehand.record.access import Access
from beforehand.record.store.alike import (
    codings_of,
    has_several_sources,
    ingredients_of,
    patients_to_reconcile,
    rows_of_patient,
    set_leading,
)

MEDICINES = ("medication_request", "medication_statement", "medication_dispense", "medication_administration")
# Statuses that mean one thing to a reader; a status not named here agrees only with itself.
_ALIKE = {
    "amended": "final", "corrected": "final",
    "recurrence": "active", "relapse": "active",
    "remission": "inactive", "resolved": "inactive",
    "confirmed": "", None: "",
}  # fmt: skip
_STATUSES = ("status", "clinical_status", "verification")
Row = Mapping[str, Any]


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
    return moved


def _reconcile(table: Table, patient: int) -> bool:
    rows = rows_of_patient(table.name, patient)
    leading = leading_rows(table, rows)
    changes = [(leading[row["id"]], row["id"]) for row in rows if row["same_as"] != leading[row["id"]]]
    set_leading(table.name, changes)
    return bool(changes)


def leading_rows(table: Table, rows: Iterable[Row]) -> dict[int, int]:
    """For each row the row that leads it: the n-th a source says of something agrees with the n-th of another's."""
    rows = list(rows)
    kinds = _concept_classes(table, rows)
    groups: dict[tuple[Any, ...], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    leading = {}
    rounded = _rounded(table, rows, kinds)
    for row in sorted(rows, key=lambda row: row["id"]):
        leading[row["id"]] = row["id"]
        key = _key(table, row, kinds, rounded)
        if key is not None:
            groups[key][row["source_id"]].append(row["id"])
    for by_source in groups.values():
        for position in range(max(map(len, by_source.values()))):
            alike = [ids[position] for ids in by_source.values() if position < len(ids)]
            for number in alike:
                leading[number] = min(alike)
    return leading


def _key(table: Table, row: Row, kinds: Mapping[int, int], rounded: Mapping[int, int]) -> tuple[Any, ...] | None:
    """What must be equal for two rows to agree; None where the row says too little."""
    parts: list[Any] = [row["sensitivity"] or ""]
    says_something = False
    for name in table.same:
        kind = table.column(name).kind
        if kind is Kind.WHEN:
            part: Any = (row[f"{name}_from_day"], row[f"{name}_to_day"])
            given = part[0] is not None
        elif kind is Kind.QUANTITY:
            part = (rounded.get(row["id"], row[f"{name}_micro"]), _unit(row[f"{name}_unit"]))
            given = part[0] is not None
            if "value_code" in row:
                part = (*part, kinds.get(row["value_code"], row["value_code"]), row["value_words"])
        elif kind is Kind.CONCEPT:
            part = kinds.get(row[name], row[name])
            given = part is not None
            if not given and name == table.by[0]:
                return None
        else:
            part = row[name]
            given = part is not None
        says_something |= given
        parts.append(part)
    for status in _STATUSES:
        if status in row:
            parts.append(_ALIKE.get(row[status], row[status]) if row[status] or status == "verification" else None)
    if "do_not_perform" in row:
        parts.append(row["do_not_perform"] or 0)
    return tuple(parts) if says_something else None


def _unit(unit: str | None) -> str | None:
    """The unit; none where it only annotates a plain number, as UCUM's ``{score}`` does."""
    return None if unit == "1" or (unit and unit.startswith("{") and unit.endswith("}")) else unit


_FEWEST_DIGITS = 3  # fewer could be another measurement of the day that is merely near


def _rounded(table: Table, rows: list[Row], kinds: Mapping[int, int]) -> dict[int, int]:
    """For rows whose number is another source's number written shorter: the longer one, in millionths.

    Only of the same code, day and unit, only from three significant digits on, and only where one number can be meant.
    """
    name = next((name for name in table.same if table.column(name).kind is Kind.QUANTITY), None)
    if name is None:
        return {}
    code, time = table.by
    alike: dict[tuple[Any, ...], list[tuple[Decimal, Row]]] = defaultdict(list)
    for row in rows:
        digits = row[f"{name}_text"]
        if row[f"{name}_micro"] is None or not digits:
            continue
        try:
            number = Decimal(digits)
        except InvalidOperation:
            continue
        key = (kinds.get(row[code], row[code]), row[f"{time}_from_day"], _unit(row[f"{name}_unit"]))
        alike[key].append((number, row))
    found: dict[int, int] = {}
    for group in alike.values():
        if len({number for number, _ in group}) < 2:
            continue
        said = {(number, row["source_id"]) for number, row in group}
        for number, row in group:
            longer = {
                other[f"{name}_micro"]
                for one, other in group
                if other["source_id"] != row["source_id"]
                and (number, other["source_id"]) not in said
                and _is_rounding(number, one)
            }
            if len(longer) == 1:
                found[row["id"]] = longer.pop()
    return found


def _is_rounding(short: Decimal, long: Decimal) -> bool:
    """Whether one number is the other, rounded to fewer digits."""
    places, exact = short.as_tuple().exponent, long.as_tuple().exponent
    if not isinstance(places, int) or not isinstance(exact, int) or exact >= places:
        return False
    if len(short.normalize().as_tuple().digits) < _FEWEST_DIGITS and len(short.as_tuple().digits) < _FEWEST_DIGITS:
        return False
    unit = Decimal(1).scaleb(places)
    return any(long.quantize(unit, how) == short for how in (ROUND_HALF_EVEN, ROUND_HALF_UP))


def _concept_classes(table: Table, rows: list[Row]) -> dict[int, int]:
    """Concepts that mean the same here: they share a coding, or for medicines the same ingredients."""
    names = [column.name for column in table.columns if column.kind is Kind.CONCEPT]
    used = {row[name] for row in rows for name in names if row[name] is not None}
    parent = {concept: concept for concept in used}

    def root(concept: int) -> int:
        while parent[concept] != concept:
            concept = parent[concept]
        return concept

    owners: dict[Any, int] = {}
    marks: list[tuple[int, Any]] = [
        (concept, pair) for concept, pairs in sorted(codings_of(used).items()) for pair in sorted(pairs)
    ]
    if table.name in MEDICINES:
        marks += [(concept, parts) for concept, parts in sorted(ingredients_of(used).items(), key=lambda each: each[0])]
    for concept, mark in marks:
        other = owners.setdefault(mark, concept)
        low, high = sorted((root(concept), root(other)))
        parent[high] = low
    return {concept: root(concept) for concept in used}


# Where sources differ.


@dataclass(frozen=True)
class Contradiction:
    """Two sources say different things of one medicine, allergy or problem."""

    table: str
    differs_in: str  # status, dose, instructions, severity
    left: Row
    right: Row


_DIFFERENCES: dict[str, tuple[tuple[str, str], ...]] = {
    "medication_request": (("status", "status"), ("dose_micro", "dose"), ("daily_micro", "times a day")),
    "medication_statement": (("status", "status"),),
    "allergy": (("clinical_status", "status"), ("verification", "verification"), ("criticality", "criticality")),
    "condition": (("clinical_status", "status"), ("verification", "verification")),
}
_SPOKEN_OF = ("entered-in-error", "draft", "cancelled")


def contradictions(access: Access, patient_id: int) -> list[Contradiction]:
    """Where sources differ about one patient, as far as this principal may see both."""
    found: list[Contradiction] = []
    for name, differences in _DIFFERENCES.items():
        rows: list[Row] = list(access.facts(name).filter(patient_id=patient_id).order_by("id").values())
        rows = [row for row in rows if row.get("status") not in _SPOKEN_OF]
        kinds = _concept_classes(FACTS[name], rows)
        newest = _newest_of_each_source(name, rows, kinds)
        for alike in newest.values():
            ordered = sorted(alike.values(), key=lambda row: row["id"])
            for index, left in enumerate(ordered):
                for right in ordered[index + 1 :]:
                    found += [
                        Contradiction(name, words, left, right)
                        for column, words in differences
                        if _differs(column, left, right)
                    ]
    return found


def _newest_of_each_source(name: str, rows: Iterable[Row], kinds: Mapping[int, int]) -> dict[int, dict[int, Row]]:
    """What each source says last of each thing; older orders of one source are its history, no contradiction."""
    time = FACTS[name].by[1]
    newest: dict[int, dict[int, Row]] = defaultdict(dict)
    for row in rows:
        if row["code"] is None:
            continue
        of_source = newest[kinds.get(row["code"], row["code"])]
        before = of_source.get(row["source_id"])
        if before is None or (row[f"{time}_from_day"] or 0, row["id"]) > (
            before[f"{time}_from_day"] or 0,
            before["id"],
        ):
            of_source[row["source_id"]] = row
    return newest


def _differs(column: str, left: Row, right: Row) -> bool:
    one, other = left[column], right[column]
    if column in _STATUSES:
        return bool(_ALIKE.get(one, one) != _ALIKE.get(other, other)) and one is not None and other is not None
    return one is not None and other is not None and bool(one != other)
