"""Small FHIR things to take in, for the tests of intake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

MRN = "https://hospital.example/mrn"
SSN = "http://hl7.org/fhir/sid/us-ssn"


def patient(id_: str = "ann", **more: Any) -> dict[str, Any]:
    """A Patient with a name, a birth date and a number."""
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"use": "official", "family": "Reyes", "given": ["Ann"]}],
        "birthDate": "1950-03-01",
        "gender": "female",
        "identifier": [{"system": MRN, "value": f"MRN-{id_}"}],
        **more,
    }


def observation(id_: str = "a1c", subject: str = "Patient/ann", value: float = 9.1, **more: Any) -> dict[str, Any]:
    """A haemoglobin A1c."""
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4", "display": "Hemoglobin A1c"}]},
        "subject": {"reference": subject},
        "effectiveDateTime": "2026-01-10",
        "valueQuantity": {"value": value, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"},
        **more,
    }


def condition(id_: str = "dm", subject: str = "Patient/ann", **more: Any) -> dict[str, Any]:
    """Diabetes."""
    return {
        "resourceType": "Condition",
        "id": id_,
        "clinicalStatus": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
        },
        "verificationStatus": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "confirmed"}]
        },
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "44054006", "display": "Diabetes type 2"}]},
        "subject": {"reference": subject},
        "onsetDateTime": "2015-05-01",
        **more,
    }


def bundle(*resources: dict[str, Any]) -> bytes:
    """A collection Bundle."""
    return orjson.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource} for resource in resources]}
    )


def transaction(*entries: tuple[str, dict[str, Any]]) -> bytes:
    """A transaction Bundle of (fullUrl, resource)."""
    return orjson.dumps(
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
                for url, resource in entries
            ],
        }
    )


def ndjson(resources: Sequence[dict[str, Any]]) -> bytes:
    """One resource a line."""
    return b"\n".join(orjson.dumps(resource) for resource in resources) + b"\n"
