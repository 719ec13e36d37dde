"""Which resource is read by which function; and what is done alike for all of them."""

from __future__ import annotations

from collections.abc import Callable

from beforehand.clinical.fhir import (
    benefits,
    conditions,
    medicines,
    money,
    orders,
    people,
    plans,
    reference,
    results,
    visits,
)
from beforehand.clinical.fhir.contract import Mapped, MappingContext, MappingError, Resource
from beforehand.clinical.fhir.elements import type_in
from beforehand.clinical.fhir.labels import sensitivity_of
from beforehand.clinical.fhir.shapes import check_shape, fault_of

Mapper = Callable[[Resource, MappingContext], Mapped]

MAPPERS: dict[str, Mapper] = {
    "Account": money.map_account,
    "AdverseEvent": conditions.map_adverse_event,
    "AllergyIntolerance": conditions.map_allergy,
    "Appointment": visits.map_appointment,
    "CarePlan": plans.map_care_plan,
    "CareTeam": people.map_care_team,
    "ChargeItem": money.map_charge_item,
    "Claim": money.map_claim,
    "ClaimResponse": money.map_claim_response,
    "Communication": plans.map_communication,
    "Condition": conditions.map_condition,
    "Consent": people.map_consent,
    "Coverage": money.map_coverage,
    "CoverageEligibilityResponse": money.map_coverage_eligibility_response,
    "DetectedIssue": conditions.map_detected_issue,
    "Device": conditions.map_device,
    "DeviceRequest": orders.map_device_request,
    "DiagnosticReport": results.map_diagnostic_report,
    "DocumentReference": results.map_document_reference,
    "Encounter": visits.map_encounter,
    "EpisodeOfCare": visits.map_episode_of_care,
    "ExplanationOfBenefit": benefits.map_explanation_of_benefit,
    "Flag": people.map_flag,
    "Goal": plans.map_goal,
    "HealthcareService": reference.map_healthcare_service,
    "Immunization": medicines.map_immunization,
    "Invoice": money.map_invoice,
    "Location": reference.map_location,
    "Medication": reference.map_medication,
    "MedicationAdministration": medicines.map_medication_administration,
    "MedicationDispense": medicines.map_medication_dispense,
    "MedicationRequest": medicines.map_medication_request,
    "MedicationStatement": medicines.map_medication_statement,
    "NutritionOrder": orders.map_nutrition_order,
    "Observation": results.map_observation,
    "Organization": reference.map_organization,
    "Patient": people.map_patient,
    "Practitioner": reference.map_practitioner,
    "PractitionerRole": reference.map_practitioner_role,
    "Procedure": results.map_procedure,
    "Provenance": people.map_provenance,
    "QuestionnaireResponse": results.map_questionnaire_response,
    "RelatedPerson": people.map_related_person,
    "ServiceRequest": orders.map_service_request,
    "Task": orders.map_task,
}

# The other resources of FHIR R4: kept as received and counted, not made into facts.
_OTHERS = """
ActivityDefinition AppointmentResponse AuditEvent Basic Binary BiologicallyDerivedProduct BodyStructure
Bundle CapabilityStatement CatalogEntry ChargeItemDefinition ClinicalImpression CodeSystem CommunicationRequest
CompartmentDefinition Composition ConceptMap Contract CoverageEligibilityRequest DeviceDefinition DeviceMetric
DeviceUseStatement DocumentManifest EffectEvidenceSynthesis Endpoint EnrollmentRequest EnrollmentResponse
EventDefinition Evidence EvidenceVariable ExampleScenario FamilyMemberHistory GraphDefinition Group GuidanceResponse
ImagingStudy ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Library Linkage List
Measure MeasureReport Media MedicationKnowledge MedicinalProduct MedicinalProductAuthorization
MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction
MedicinalProductManufactured MedicinalProductPackaged MedicinalProductPharmaceutical
MedicinalProductUndesirableEffect MessageDefinition MessageHeader MolecularSequence NamingSystem ObservationDefinition
OperationDefinition OperationOutcome OrganizationAffiliation Parameters PaymentNotice PaymentReconciliation Person
PlanDefinition Questionnaire RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject
RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter Slot Specimen SpecimenDefinition StructureDefinition
StructureMap Subscription Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein
SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest
TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription
"""
KEPT_ONLY = frozenset(_OTHERS.split())

# A subject of another sort than a person: a herd, a ward, a machine. Its resources are kept, not made into facts.
_OTHER_SUBJECTS = frozenset(("Group", "Location", "Device", "Organization", "Practitioner", "Medication", "Substance"))


def map_resource(resource: Resource, ctx: MappingContext) -> Mapped:
    """What a FHIR R4 resource says, as rows of clinical tables; ``MappingError`` where it cannot be read safely."""
    kind = resource.get("resourceType")
    mapper = MAPPERS.get(kind) if type(kind) is str else None
    if mapper is None or type(kind) is not str:
        return _kept(resource, kind)
    try:
        check_shape(resource, kind)
        mapped = mapper(resource, ctx)
        meta = resource.get("meta")
        if meta and "security" in meta:
            mapped.sensitivity = sensitivity_of(meta["security"])
    except MappingError:
        if (withdrawal := _withdrawal(resource)) is not None:
            return withdrawal
        subject = resource.get("subject")
        if isinstance(subject, dict) and _is_about_no_person(subject):
            return _kept(resource, "Basic")  # about no person, so no fact is lost by not reading it
        raise
    except (AttributeError, TypeError, KeyError, IndexError, ValueError) as fault:
        if (withdrawal := _withdrawal(resource)) is not None:
            return withdrawal
        raise fault_of(resource, kind, fault) from fault
    if mapped.patient is not None and _is_about_no_person(mapped.patient):
        return _kept(resource, "Basic")
    if resource.get("modifierExtension"):
        mapped.notes = ("it carries a modifier extension that is kept but not understood",)
    return mapped


def _kept(resource: Resource, kind: object) -> Mapped:
    """A resource that is kept as received and not made into facts."""
    if type(kind) is not str or kind not in KEPT_ONLY:
        raise MappingError(
            "resourceType",
            "it is missing" if kind is None else "FHIR R4 has no resource of this name",
            "Ask the sender for FHIR R4 resources.",
        )
    subject = resource.get("subject") or resource.get("patient")
    is_told = isinstance(subject, dict) and "reference" in subject and not _is_about_no_person(subject)
    mapped = Mapped([], subject if is_told else None)
    mapped.is_kept_only = True
    return mapped


def _is_about_no_person(subject: Resource) -> bool:
    address = subject.get("reference")
    if type(address) is str and address.startswith(("Patient/", "urn:")) and "type" not in subject:
        return False  # nearly always so
    return type_in(subject) in _OTHER_SUBJECTS


def _withdrawal(resource: Resource) -> Mapped | None:
    """A withdrawal counts even where the rest of the resource cannot be read."""
    verification = resource.get("verificationStatus")
    sent = verification.get("coding") if isinstance(verification, dict) else None
    codes = [coding.get("code") for coding in sent if isinstance(coding, dict)] if isinstance(sent, list) else []
    said = (resource.get("status"), resource.get("lifecycleStatus"), *codes)
    if "entered-in-error" not in said:
        return None
    subject = resource.get("subject") or resource.get("patient") or resource.get("for") or resource.get("beneficiary")
    return Mapped([], subject if isinstance(subject, dict) and "reference" in subject else None, withdrawn=True)
