"""The JSON shape FHIR R4 gives to each element that is read, to name the place where a resource breaks it."""

from __future__ import annotations

from typing import Any

from beforehand.clinical.fhir.contract import MappingError, Resource

_OBJECT = (
    "meta text subject patient encounter period code verificationStatus clinicalStatus severity asserter recorder"
    " medicationCodeableConcept medicationReference requester dispenseRequest informationSource context location"
    " statusReason vaccineCode valueQuantity valueCodeableConcept valueRange valueRatio valuePeriod dataAbsentReason"
    " effectivePeriod performedPeriod onsetPeriod abatementPeriod occurrencePeriod occurrenceTiming identifiedPeriod"
    " bodySite hospitalization serviceProvider class appointmentType owner executionPeriod for"
    " businessStatus codeCodeableConcept codeReference oralDiet enteralFormula achievementStatus topic"
    " sender beneficiary relationship type request preAuthPeriod provider claim billablePeriod total payment"
    " issuer account totalNet totalGross priceOverride servicePeriod managingOrganization practitioner organization"
    " providedBy maritalStatus scope provision policyRule activity member performerType insurer referral dosage"
)
_LIST = (
    "contained extension modifierExtension identifier category name telecom address communication contact link"
    " generalPractitioner participant reaction deviceName dosageInstruction reasonCode reasonReference dosage"
    " authorizingPrescription performer protocolApplied interpretation referenceRange component basedOn"
    " conclusionCode content item appointment serviceType serviceCategory specialty supportingInformation"
    " supplement careTeam target about medium recipient payload payor insurance addItem adjudication benefitBalance"
    " agent type relationship location account total bodySite"
)
_TEXT = (
    "id status intent priority criticality gender birthDate recordedDate authoredOn issued created sent received"
    " detail conclusion comment title description patientInstruction docStatus questionnaire authored use outcome"
    " disposition preAuthRef lifecycleStatus startDate dateAsserted whenPrepared whenHandedOver recorded language"
    " effectiveDateTime performedDateTime onsetDateTime abatementDateTime occurrenceDateTime valueString"
)

_BY_NAME: dict[str, type] = (
    dict.fromkeys(_TEXT.split(), str) | dict.fromkeys(_LIST.split(), list) | dict.fromkeys(_OBJECT.split(), dict)
)

# Elements that FHIR shapes otherwise in one resource than in most.
_BY_TYPE: dict[str, dict[str, type]] = {
    "Account": {"subject": list, "name": str},
    "AdverseEvent": {"outcome": dict},
    "AllergyIntolerance": {"type": str},
    "Appointment": {"priority": int},
    "CarePlan": {"activity": list},
    "CareTeam": {"name": str, "managingOrganization": list},
    "ChargeItem": {"account": list, "bodySite": list},
    "Claim": {"priority": dict},
    "ClaimResponse": {"total": list},
    "Condition": {"bodySite": list},
    "Consent": {"organization": list},
    "Coverage": {"class": list},
    "DetectedIssue": {"severity": str},
    "Device": {"statusReason": list},
    "DeviceRequest": {"performer": dict},
    "Encounter": {
        "type": list,
        "location": list,
        "account": list,
        "partOf": dict,
        "priority": dict,
        "serviceType": dict,
    },
    "EpisodeOfCare": {"type": list, "account": list},
    "ExplanationOfBenefit": {"total": list, "priority": dict, "preAuthRef": list},
    "Goal": {"description": dict, "priority": dict, "statusReason": str},
    "HealthcareService": {"type": list, "location": list, "name": str},
    "Invoice": {"recipient": dict},
    "Location": {"type": list, "name": str, "address": dict},
    "MedicationAdministration": {"statusReason": list, "category": dict},
    "MedicationDispense": {"category": dict},
    "MedicationRequest": {"performer": dict},
    "MedicationStatement": {"dosage": list, "category": dict, "statusReason": list},
    "Organization": {"type": list, "name": str},
    "PractitionerRole": {"code": list, "location": list},
    "Procedure": {"bodySite": list, "category": dict, "outcome": dict},
    "QuestionnaireResponse": {"identifier": dict},
    "RelatedPerson": {"relationship": list},
    "ServiceRequest": {"bodySite": list},
    "Task": {"focus": dict, "reasonCode": dict, "reasonReference": dict, "performerType": list},
}
_NESTED: dict[str, type] = {"coding": list, "reference": str, "display": str, "given": list, "timing": dict}
_OF_OBJECTS = frozenset(("coding", *_LIST.split()))
_WORDS: dict[type, str] = {dict: "an object", list: "a list", str: "text", int: "a whole number"}


def _shapes(kind: str) -> dict[str, type]:
    return _BY_NAME | _BY_TYPE.get(kind, {})


_SHAPES: dict[str, dict[str, type]] = {}
# Outlines (the elements of a resource and their JSON types) that were found sound: senders repeat themselves, so
# nearly every resource is settled by one look-up. Bounded, since a hostile sender need not.
_SOUND: dict[str, set[tuple[tuple[str, ...], tuple[type, ...]]]] = {}
_MOST_OUTLINES = 4_096


def check_shape(r: Resource, kind: str) -> None:
    """``MappingError`` naming the first element of the resource that is not of the JSON shape FHIR gives it."""
    outline = (tuple(r), tuple(map(type, r.values())))
    sound = _SOUND.get(kind)
    if sound is None:
        sound = _SOUND[kind] = set()
        _SHAPES[kind] = _shapes(kind)
    elif outline in sound:
        return
    shapes = _SHAPES[kind]
    for element, value in r.items():
        due = shapes.get(element)
        if due is not None and type(value) is not due and value is not None:
            raise MappingError(f"{kind}.{element}", f"something else stands where {_WORDS[due]} is due")
    if len(sound) < _MOST_OUTLINES and len(r) < 200:
        sound.add(outline)


def fault_of(r: Resource, kind: str, fault: Exception) -> MappingError:
    """The place where a resource that could not be read breaks the shape of FHIR, as near as it can be told."""
    waiting: list[tuple[str, Any]] = [(f"{kind}.{element}", value) for element, value in r.items()]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, list):
            if any(not isinstance(part, dict) for part in value) and place.rpartition(".")[2] in _OF_OBJECTS:
                return MappingError(place, "something else stands where a list of objects is due")
            waiting.extend((place, part) for part in value if isinstance(part, dict | list))
        elif isinstance(value, dict):
            for name, part in value.items():
                shape = _NESTED.get(name)
                if shape is not None and part is not None and type(part) is not shape:
                    return MappingError(f"{place}.{name}", f"something else stands where {_WORDS[shape]} is due")
                waiting.append((f"{place}.{name}", part))
    return MappingError(kind, f"its elements are not of the shape FHIR R4 gives them ({type(fault).__name__})")
