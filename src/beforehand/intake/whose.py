"""Whose a resource is, where a person says so: of what a person states here, and of what a person files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from beforehand.intake.errors import StatementError
from beforehand.intake.store.identities import our_reference
from beforehand.record.access import PatientNotVisibleError
from beforehand.record.models import PersonRecord, Resource, Source

# Where each type of resource names the patient; the others say ``subject``.
_ELEMENT = {
    "Task": "for", "AllergyIntolerance": "patient", "ClaimResponse": "patient", "Claim": "patient",
    "ExplanationOfBenefit": "patient", "Immunization": "patient", "RelatedPerson": "patient", "Device": "patient",
    "CoverageEligibilityResponse": "patient", "Coverage": "beneficiary", "EpisodeOfCare": "patient",
    "DetectedIssue": "patient", "Consent": "patient", "NutritionOrder": "patient",
}  # fmt: skip


def reference_to(number: int) -> str:
    """How a statement refers to a fact or resource known here: stable for ever, also when messages are replayed."""
    row = Resource.objects.filter(pk=number).values_list("source_id", "type", "logical_id").first()
    if row is None:
        raise StatementError(f"There is no resource {number} to refer to.")
    source_id, type_, logical_id = row
    return our_reference(Source.objects.get(pk=source_id).name, type_, logical_id)


def own_record(patient_id: int) -> int:
    """The person record that is the patient's own; statements belong to it."""
    found = PersonRecord.unscoped.filter(own_patient_id=patient_id).values_list("pk", flat=True).first()
    if found is None:
        raise PatientNotVisibleError(f"There is no patient {patient_id}: check the number.")
    return int(found)


def about(resource: Mapping[str, Any], reference: str) -> dict[str, Any]:
    """The resource with its patient named."""
    patient = {"reference": reference}
    type_ = resource["resourceType"]
    if type_ == "Appointment":
        others = [
            part
            for part in resource.get("participant", ())
            if not str((part.get("actor") or {}).get("reference", "")).endswith(patient["reference"])
        ]
        return {**resource, "participant": [{"actor": patient, "status": "accepted"}, *others]}
    return {**resource, _ELEMENT.get(type_, "subject"): patient}


def names_nobody(resource: Mapping[str, Any] | None) -> bool:
    """Whether a resource leaves open which patient it is about, so that a person may say it."""
    if resource is None or resource.get("resourceType") in (None, "Patient"):
        return False
    if resource["resourceType"] == "Appointment":
        actors = [part.get("actor") or {} for part in resource.get("participant") or ()]
        return not any("reference" in actor or "identifier" in actor for actor in actors)
    return not resource.get(_ELEMENT.get(str(resource["resourceType"]), "subject"))
