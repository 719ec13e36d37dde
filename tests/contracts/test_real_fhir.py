"""Every resource of the shared FHIR data sets is mapped, only kept, or set aside for a sound reason; counted.

The sets lie beside the checkout (``../shared/data``); where they are absent the test is skipped and says so.
"""

from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from beforehand.clinical.columns import Physical
from beforehand.clinical.fhir import MappingError, map_resource, value_columns
from beforehand.clinical.tables import ALL
from beforehand.intake.connectors.errors import ConnectorError
from beforehand.intake.connectors.fhir.connector import items, recognises
from beforehand.intake.connectors.items import RawItem
from tests.unit.clinical.contexts import NumberingContext

SHARED = Path(__file__).parents[3] / "shared" / "data"
TYPES = {name: {stored.name: stored.type for stored in table.physical()} for name, table in ALL.items()}
NO_DATE = "it is not a FHIR date or time such as 2024-03-05 or 2024-03-05T14:30:00-05:00"
# Medicare's test files write IGNORED_FIELD where the date of creation belongs.
IGNORED_FIELD = {("Claim.created", NO_DATE): 4, ("ClaimResponse.created", NO_DATE): 4,
                 ("ExplanationOfBenefit.created", NO_DATE): 5}  # fmt: skip
NOBODY = {("DocumentReference.subject", "it does not say which patient it is about"): 1}

# data set: mapped, only kept, set aside by place and reason
EXPECTED: dict[str, tuple[int, int, dict[tuple[str, str], int]]] = {
    "synthea-r4-smart/synthea-r4-shared": (29_507, 40, {}),
    "synthea-fhir-ccda-pairs/california-fhir": (30_001, 1_032, {}),
    "bulk-ndjson/bulk-10-patients": (7_160, 0, {}),
    "us-core/us-core-examples": (143, 121, {}),
    "claims-eob/cms-bfd": (18, 1, IGNORED_FIELD),
    "sdoh-referral/gravity-examples": (34, 4, NOBODY),
    "ips/ips-bundles": (26, 2, {}),
    "davinci-alerts/alerts": (26, 3, {}),
    "davinci-deqm/deqm-examples": (180, 80, {}),
}


def members(archive: str) -> Iterator[tuple[str, bytes]]:
    """The files of a data set's archive."""
    path = SHARED / f"{archive}.tar.gz"
    if not path.exists():
        pytest.skip(f"the shared data set {archive} is not beside this checkout")
    with tarfile.open(path) as packed:
        for member in packed:
            stream = packed.extractfile(member) if member.isfile() else None
            if stream is not None:
                yield member.name, stream.read()


def received(archive: str) -> Iterator[RawItem]:
    """Every item of a data set's FHIR files."""
    for name, content in members(archive):
        if name.endswith((".json", ".ndjson")) and recognises(content[:4096], name):
            try:
                yield from items(content, name)
            except ConnectorError as refusal:
                assert "bulk export" in refusal.reason, f"{name}: {refusal.reason}"


def check_row(table: str, values: list[object]) -> None:
    """Each value of a row is of the type its column states."""
    for column, value in zip(value_columns(table), values, strict=True):
        due = str if TYPES[table][column] is Physical.TEXT else int
        assert value is None or type(value) is due, f"{table}.{column}"


@pytest.mark.parametrize("archive", EXPECTED)
def test_every_real_resource_is_mapped_kept_or_set_aside_for_a_reason(archive):
    mapped, kept, aside = 0, 0, Counter()
    for item in received(archive):
        assert item.error is None, item.error
        try:
            result = map_resource(item.resource, NumberingContext())
        except MappingError as fault:
            aside[(fault.place, fault.reason)] += 1
            continue
        kept += result.is_kept_only
        mapped += not result.is_kept_only
        assert result.is_kept_only or result.rows
        for table, _, values in result.rows:
            check_row(table, values)
    assert (mapped, kept, dict(aside)) == EXPECTED[archive]


# What rules need of Synthea's records, and in how many of a hundred rows it must be found.
NEEDED = {
    "medication_request": {"status": 100, "authored_from_day": 100, "prescriber_id": 100, "encounter_id": 100},
    "encounter": {"class_code": 100, "start_from_day": 100, "end_from_day": 100, "organization_id": 100, "code": 100},
    "claim": {"use": 100, "created_from_day": 100, "service_from_day": 100, "total_cents": 100, "provider_id": 100},
    "explanation_of_benefit": {"claim_id": 100, "service_from_day": 100, "billed_cents": 100, "paid_cents": 100,
                               "payer_claim_number": 100, "allowed_cents": 35, "patient_share_cents": 35},
    "observation": {"code": 100, "taken_from_day": 100, "category": 95, "encounter_id": 90},
    "condition": {"clinical_status": 100, "code": 100, "onset_from_day": 100},
    "immunization": {"code": 100, "given_from_day": 100},
    "procedure": {"code": 100, "done_from_day": 100},
    "patient_record": {"birth_from_day": 100, "sex": 100},
}  # fmt: skip


def test_synthea_gives_what_rules_need():
    rows: Counter[str] = Counter()
    filled: Counter[tuple[str, str]] = Counter()
    for item in received("synthea-fhir-ccda-pairs/california-fhir"):
        for table, _, values in map_resource(item.resource, NumberingContext()).rows:
            if table in NEEDED:
                rows[table] += 1
                for column, value in zip(value_columns(table), values, strict=True):
                    filled[(table, column)] += value is not None
    short = {
        f"{table}.{column}": filled[(table, column)] * 100 // rows[table]
        for table, columns in NEEDED.items()
        for column, share in columns.items()
        if filled[(table, column)] * 100 < share * rows[table]
    }
    assert short == {}
