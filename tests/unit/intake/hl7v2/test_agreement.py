"""What 72 shared messages mean, beside the FHIR that accompanies them: counted by kind of statement.

The accompanying FHIR is one converter's opinion. docs/reference/hl7v2.md gives the reason of each difference; a change
of these numbers is a change of meaning, and to be looked at.
"""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from beforehand.intake.connectors.hl7v2.connector import items
from tests.unit.intake.hl7v2.agreement import told_by

SHARED = Path(__file__).parents[5] / "shared" / "data" / "hl7v2-messages" / "microsoft-fhir-converter.tar.gz"

# Kind of resource: statements of theirs, of which we say the same; said by them alone; said by us alone.
EXPECTED: dict[str, tuple[int, int, int, int]] = {
    "AllergyIntolerance": (23, 23, 0, 0),
    "Appointment": (21, 21, 0, 0),
    "Condition": (38, 32, 6, 1),
    "Coverage": (27, 27, 0, 0),
    "DiagnosticReport": (47, 6, 41, 2),
    "DocumentReference": (11, 1, 10, 26),
    "Encounter": (181, 132, 49, 35),
    "Immunization": (2, 2, 0, 0),
    "MedicationDispense": (13, 1, 12, 0),
    "MedicationRequest": (7, 4, 3, 0),
    "Observation": (293, 174, 119, 80),
    "Patient": (615, 454, 161, 25),
    "Procedure": (46, 18, 28, 0),
    "ServiceRequest": (56, 14, 42, 22),
}


def archive() -> dict[str, bytes]:
    if not SHARED.exists():
        pytest.skip("the shared HL7 v2 messages are not beside this checkout")
    with tarfile.open(SHARED) as packed:
        files = [(member.name, packed.extractfile(member)) for member in packed if member.isfile()]
        return {name: stream.read() for name, stream in files if stream is not None}


def test_the_shared_messages_mean_what_their_fhir_means() -> None:
    files = archive()
    counted: dict[str, list[int]] = {}
    for name, content in files.items():
        if not name.startswith("messages/"):
            continue
        beside = files.get(f"expected-fhir/{Path(name).stem}.json")
        if beside is None:
            continue
        found: list[Any] = [item.resource for item in items(content, name) if item.resource]
        ours, theirs = told_by(found), told_by(entry["resource"] for entry in json.loads(beside)["entry"])
        for kind in ours.keys() | theirs.keys():
            mine, other = ours.get(kind, Counter()), theirs.get(kind, Counter())
            row = counted.setdefault(kind, [0, 0, 0, 0])
            for at, many in enumerate((other, mine & other, other - mine, mine - other)):
                row[at] += many.total()
    assert {kind: tuple(row) for kind, row in counted.items()} == EXPECTED
    # Where every difference would be ours to answer for, there is none.
    for kind in ("AllergyIntolerance", "Appointment", "Coverage", "Immunization"):
        theirs_all, agreed, _, _ = EXPECTED[kind]
        assert agreed == theirs_all
