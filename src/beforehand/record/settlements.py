"""What was settled, held against what the sources say now.

A settlement names two statements and a digest of what each said when it was settled. It stands while both are of one
person and say the same still; that, and which rows lead their lines now, is derived here whenever facts change, so
rules read it as a fact. Only people and the organisation's own rules settle: a Task of a sending system never stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from beforehand.clinical.columns import Kind
from beforehand.clinical.tables import FACTS
from beforehand.record.store.alike import digests_of, people_of_settlements, rows_named, settlements_of, stand

Row = Mapping[str, Any]
# Tables whose statements can contradict each other.
CONTRADICTED = (
    "medication_request", "medication_statement", "allergy", "condition", "immunization", "observation", "coverage",
)  # fmt: skip
SETTLERS = ("PERSON", "RULE")  # kinds of source


def digests_said(table: str, rows: Iterable[Row]) -> dict[int, str]:
    """For each row a digest of its own words: the same in every home, another as soon as anything it says changes.

    References are left out: that a visit or a practitioner arrives later changes nothing of what was said.
    """
    rows = list(rows)
    columns = [column for column in FACTS[table].columns if column.kind is not Kind.REF]
    concepts = [column.name for column in columns if column.kind is Kind.CONCEPT]
    known = digests_of({row[name] for row in rows for name in concepts if row[name] is not None})
    found = {}
    for row in rows:
        said: dict[str, Any] = {}
        for column in columns:
            if column.kind is Kind.CONCEPT:
                said[column.name] = known.get(row[column.name] or 0)
            else:
                said |= {stored.name: row[stored.name] for stored in column.physical()}
        said["sensitivity"] = row["sensitivity"]
        found[row["id"]] = hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
    return found


def recompute_standing(changed: Mapping[int, set[str]]) -> set[int]:
    """Derive anew which settlements stand, for patients whose tables changed; for whom that changed anything."""
    watched = {*CONTRADICTED, "settlement"}
    patients = people_of_settlements(patient for patient, tables in changed.items() if tables & watched)
    return {patient for patient in patients if _recompute(patient)}


def _recompute(patient: int) -> bool:
    settlements = settlements_of(patient)
    wanted = {row[side] for row in settlements for side in ("left_id", "right_id")}
    said: dict[int, str] = {}
    lines: dict[int, int] = {}
    for table in CONTRADICTED:
        rows = rows_named(table, patient, wanted)
        said |= digests_said(table, rows)
        lines |= {row["id"]: row["same_as"] for row in rows}
    newest: dict[frozenset[int], Row] = {}
    for row in sorted(settlements, key=lambda row: (row["settled_at"] or 0, row["id"])):
        if row["status"] == "completed" and row["kind"] in SETTLERS:
            newest[frozenset((row["left_id"], row["right_id"]))] = row
    changes = []
    for row in settlements:
        left, right = row["left_id"], row["right_id"]
        is_standing = (
            newest.get(frozenset((left, right))) is row
            and row["outcome"] != "OPEN"
            and said.get(left) == row["left_seen"]
            and said.get(right) == row["right_seen"]
        )
        derived = (lines.get(left, left), lines.get(right, right), int(is_standing))
        if derived != (row["left_line_id"], row["right_line_id"], row["is_standing"]):
            changes.append((*derived, row["id"]))
    stand(changes)
    return bool(changes)
