"""The record written without our numbers, so that two homes can be compared: an ingest that was killed with one that
was not, a replay with its original, one order of files with another.

Every number is replaced by what it stands for: an identity by source, type and logical id; a concept by its codings;
an item by its content; a patient by the person records joined in it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

from beforehand.clinical.columns import Kind, Table
from beforehand.clinical.tables import ALL
from beforehand.record.store.rows import FACT_NAMES, fetch

Canon = dict[str, list[tuple[Any, ...]]]


def _identities() -> dict[int, str]:
    rows = fetch("select r.id, s.name, r.type, r.logical_id from resource r join source s on s.id = r.source_id")
    return {number: f"{source}:{type_}/{logical_id}" for number, source, type_, logical_id in rows}


def _patients(identities: dict[int, str]) -> dict[int, str]:
    joined: dict[int, list[str]] = defaultdict(list)
    for record, patient in fetch("select id, patient_id from person_record"):
        joined[patient].append(identities[record])
    return {patient: "+".join(sorted(records)) for patient, records in joined.items()}


def canonical_record() -> Canon:
    """Every fact and reference row, identity, link, quarantined item and outcome, sorted."""
    identities = _identities()
    patients = _patients(identities)
    concepts = dict(fetch("select id, digest from concept"))
    sources = dict(fetch("select id, name from source"))
    items = {number: bytes(digest or b"").hex() for number, digest in fetch("select id, digest from item")}
    canon: Canon = {}
    for name, table in ALL.items():
        kinds = _kinds(table)
        rows = fetch(f'select {", ".join(FACT_NAMES[name])} from "fact_{name}"')
        spelled = {"id": identities, "same_as": identities, "person_record_id": identities, "patient_id": patients,
                   "source_id": sources, "item_id": items}  # fmt: skip
        readers = [
            spelled.get(column)
            or (
                identities if kinds.get(column) is Kind.REF else concepts if kinds.get(column) is Kind.CONCEPT else None
            )
            for column in FACT_NAMES[name]
        ]
        canon[name] = sorted(
            (
                tuple(
                    value if reader is None or value is None else reader[value]
                    for reader, value in zip(readers, row, strict=True)
                )
                for row in rows
            ),
            key=repr,
        )
    canon["patient"] = sorted(
        (
            (patients.get(row[0], ""), *row[1:7], concepts.get(row[7]), *row[8:])
            for row in fetch(
                "select id, birth_from_day, birth_to_day, sex, is_deceased, deceased_from_day, deceased_to_day,"
                " language, needs_interpreter, display_name, sort_name from patient where merged_into_id is null"
            )
        ),
        key=repr,
    )
    canon["item"] = sorted(
        (items[number], identities.get(resource, ""), outcome, state)
        for number, resource, outcome, state in fetch("select id, resource_id, outcome, version_state from item")
    )
    canon["quarantine"] = sorted(
        (items[item], reason, field, identities.get(waiting, ""), state)
        for item, reason, field, waiting, state in fetch(
            "select item_id, reason, field, waiting_for, state from quarantined_item"
        )
    )
    canon["possible_match"] = sorted(
        (*sorted((identities[left], identities[right])), why, state)
        for left, right, why, state in fetch("select left_record_id, right_record_id, why, state from possible_match")
    )
    return canon


def _kinds(table: Table) -> dict[str, Kind]:
    return {column.name: column.kind for column in table.columns}


def digest_of_record(canon: Canon | None = None) -> dict[str, str]:
    """A digest of each part of the canonical record."""
    return {
        name: hashlib.sha256(repr(rows).encode()).hexdigest() for name, rows in (canon or canonical_record()).items()
    }
