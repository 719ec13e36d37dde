"""The same persons from two sources, as FHIR and as C-CDA: each thing that both tell stands once.

Three invented pairs, always run; ``bench/ccda_pairs.py`` does it with 86 pairs of another's making.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beforehand.intake.connectors.ccda import connector
from beforehand.record.models import FACT_MODELS, Patient, PossibleMatch
from tests.unit.intake.bundles import bundle
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db
DOCUMENT = (Path(connector.__file__).parent / "samples" / "continuity-of-care.xml").read_text()
MRN = "urn:oid:1.3.6.1.4.1.99999.4.1"
PERSONS = (("MRN-30417", "Odalys", "Ferran"), ("MRN-30555", "Renske", "Okafor"), ("MRN-30777", "Bastian", "Quill"))
TOLD_BY_BOTH = {
    "condition": 2, "allergy": 1, "medication_request": 1, "immunization": 2, "observation": 3, "procedure": 1,
}  # fmt: skip


def document(number: str, given: str, family: str) -> bytes:
    text = DOCUMENT.replace("MRN-30417", number).replace("<given>Odalys</given>", f"<given>{given}</given>")
    return text.replace(
        "<family>Ferran</family></name>\n        <admin", f"<family>{family}</family></name>\n        <admin"
    ).encode()


def coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def quantity(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def fhir(number: str, given: str, family: str) -> bytes:
    """What another source says of the same person, written independently of the document."""
    snomed, rxnorm, loinc = "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm", "http://loinc.org"
    course = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    about = {"reference": f"Patient/{number}"}
    cvx = "http://hl7.org/fhir/sid/cvx"
    drawn = "2026-09-01T08:30:00-07:00"

    def result(kind: str, code: str, value: dict[str, Any]) -> dict[str, Any]:
        return {
            "resourceType": "Observation", "id": f"{number}-{code}", "status": "final", "code": coded(loinc, code),
            "category": [coded("http://terminology.hl7.org/CodeSystem/observation-category", kind)], "subject": about,
            "effectiveDateTime": drawn, "valueQuantity": value,
        }  # fmt: skip

    resources: list[dict[str, Any]] = [
        {
            "resourceType": "Patient", "id": number, "identifier": [{"system": MRN, "value": number}],
            "name": [{"given": [given, "Mae"], "family": family}], "birthDate": "1948-03-17", "gender": "female",
        },
        {
            "resourceType": "Condition", "id": f"{number}-c1", "subject": about, "code": coded(snomed, "59621000"),
            "clinicalStatus": coded(course, "active"), "onsetDateTime": "2011",
        },
        {
            "resourceType": "Condition", "id": f"{number}-c2", "subject": about, "code": coded(snomed, "233604007"),
            "clinicalStatus": coded(course, "resolved"), "onsetDateTime": "2026-01-10",
            "abatementDateTime": "2026-02-05",
        },
        {
            "resourceType": "AllergyIntolerance", "id": f"{number}-a", "patient": about, "code": coded(rxnorm, "7980"),
            "clinicalStatus": coded("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active"),
        },
        {
            "resourceType": "MedicationRequest", "id": f"{number}-m", "subject": about, "status": "active",
            "intent": "order", "medicationCodeableConcept": coded(rxnorm, "314076"),
            "authoredOn": "2025-03-04T10:15:00-08:00",
        },
        {
            "resourceType": "Immunization", "id": f"{number}-v1", "patient": about, "status": "completed",
            "vaccineCode": coded(cvx, "150"), "occurrenceDateTime": "2025-10-12",
        },
        {
            "resourceType": "Immunization", "id": f"{number}-v2", "patient": about, "status": "not-done",
            "vaccineCode": coded(cvx, "187"), "occurrenceDateTime": "2025-10-12",
        },
        result("laboratory", "2160-0", quantity(1.3, "mg/dL")),
        result("vital-signs", "8480-6", quantity(142, "mm[Hg]")),
        result("vital-signs", "8462-4", quantity(78, "mm[Hg]")),
        {
            "resourceType": "Procedure", "id": f"{number}-p", "subject": about, "status": "completed",
            "code": coded(snomed, "73761001"), "performedDateTime": "2019-06",
        },
    ]  # fmt: skip
    return bundle(*resources)


def test_what_both_forms_tell_stands_once_with_two_provenances() -> None:
    for person in PERSONS:
        receive(fhir(*person), source="A")
        told = receive(document(*person), source="B", name="ccd.xml")
        assert told.counts.balances
        assert told.counts.quarantined == 0
    assert Patient.unscoped.filter(merged_into_id=None).count() == len(PERSONS)
    for table, both in TOLD_BY_BOTH.items():
        rows = list(FACT_MODELS[table].unscoped.values("id", "same_as", "source_id"))
        sources: dict[int, set[int]] = {}
        for row in rows:
            sources.setdefault(row["same_as"], set()).add(row["source_id"])
        assert sum(len(of) == 2 for of in sources.values()) == both * len(PERSONS), table


def test_without_the_shared_identifier_people_are_listed_for_review() -> None:
    person = PERSONS[0]
    receive(fhir(*person), source="A")
    receive(document("MRN-99417", *person[1:]), source="B", name="ccd.xml")
    assert Patient.unscoped.filter(merged_into_id=None).count() == 2
    assert PossibleMatch.objects.filter(state="OPEN").count() == 1


def test_the_same_document_again_changes_nothing() -> None:
    content = document(*PERSONS[0])
    receive(content, name="ccd.xml")
    before = {table: list(model.unscoped.values()) for table, model in FACT_MODELS.items()}
    again = receive(content, name="ccd.xml")
    assert again.counts.applied == 0
    assert again.counts.balances
    assert before == {table: list(model.unscoped.values()) for table, model in FACT_MODELS.items()}


def test_a_bad_entry_is_quarantined_with_its_place_and_the_rest_applied() -> None:
    content = (Path(connector.__file__).parent / "samples" / "discharge-summary.xml").read_bytes()
    told = receive(content, name="discharge.xml")
    assert told.counts.balances
    assert told.counts.quarantined == 1
    assert FACT_MODELS["condition"].unscoped.count() == 1
