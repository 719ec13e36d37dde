"""What senders write: FHIR R4 resources as plain dictionaries. Each function writes one, without id or person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from beforehand.world import days

Page = dict[str, Any]

SYSTEMS = {
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "snomed": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "cvx": "http://hl7.org/fhir/sid/cvx",
    "hcpcs": "http://terminology.hl7.org/CodeSystem/HCPCS",
    "work": "https://beforehand.example/fhir/CodeSystem/work",
    "act": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
}
HL7 = "http://terminology.hl7.org/CodeSystem/"


def coded(code: str, words: str = "") -> Page:
    """A concept from ``system:code`` and the words its sender shows."""
    system, _, value = code.partition(":")
    coding = {"system": SYSTEMS[system], "code": value} | ({"display": words} if words else {})
    return {"coding": [coding]} | ({"text": words} if words else {})


def hl7(system: str, code: str) -> Page:
    """A concept of one of HL7's own code systems."""
    return {"coding": [{"system": HL7 + system, "code": code}]}


def amount_of(value: float, unit: str) -> Page:
    """A quantity with its UCUM unit."""
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def condition(code: str, words: str, since: date, *, category: str = "problem-list-item") -> Page:
    """A problem, long known or new."""
    return {
        "resourceType": "Condition",
        "clinicalStatus": hl7("condition-clinical", "active"),
        "verificationStatus": hl7("condition-ver-status", "confirmed"),
        "category": [hl7("condition-category", category)],
        "code": coded(code, words),
        "onsetDateTime": since.isoformat(),
        "recordedDate": since.isoformat(),
    }


def allergy(code: str, words: str, since: date, *, refuted: bool = False) -> Page:
    """An allergy; where it was refuted the record says so."""
    return {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": hl7("allergyintolerance-clinical", "inactive" if refuted else "active"),
        "verificationStatus": hl7("allergyintolerance-verification", "refuted" if refuted else "confirmed"),
        "category": ["medication"],
        "code": coded(code, words),
        "recordedDate": since.isoformat(),
        "reaction": [{"manifestation": [{"text": "Hives"}]}],
    }


def prescription(
    code: str, words: str, on: date, by: str, *, supply: int, refills: int, amount: int, status: str = "active",
    encounter: str = "",
) -> Page:  # fmt: skip
    """An order for a medicine."""
    return {
        "resourceType": "MedicationRequest",
        "status": status,
        "intent": "order",
        "medicationCodeableConcept": coded(f"rxnorm:{code}", words),
        "authoredOn": on.isoformat(),
        "requester": {"display": by},
        "dosageInstruction": [{"text": "1 tablet a day"}],
        "dispenseRequest": {
            "numberOfRepeatsAllowed": refills,
            "quantity": {"value": amount, "unit": "tablet"},
            "expectedSupplyDuration": {**amount_of(supply, "d"), "unit": "days"},
        },
    } | ({"encounter": {"reference": encounter}} if encounter else {})


def fill(code: str, words: str, on: date, *, supply: int, amount: int) -> Page:
    """What a pharmacy handed over."""
    return {
        "resourceType": "MedicationDispense",
        "status": "completed",
        "medicationCodeableConcept": coded(f"rxnorm:{code}", words),
        "whenHandedOver": on.isoformat(),
        "quantity": {"value": amount, "unit": "tablet"},
        "daysSupply": {**amount_of(supply, "d"), "unit": "days"},
    }


def vaccine(code: str, words: str, on: date) -> Page:
    """A vaccine given."""
    return {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": coded(f"cvx:{code}", words),
        "occurrenceDateTime": on.isoformat(),
    }


def result(
    code: str,
    words: str,
    taken: str,
    value: float | None = None,
    unit: str = "",
    *,
    low: float | None = None,
    high: float | None = None,
    flag: str = "",
    said: Page | None = None,
    category: str = "laboratory",
    status: str = "final",
) -> Page:
    """A measured value or an answer."""
    bounds = {side: amount_of(bound, unit) for side, bound in (("low", low), ("high", high)) if bound is not None}
    return {
        "resourceType": "Observation",
        "status": status,
        "category": [hl7("observation-category", category)],
        "code": coded(code, words),
        "effectiveDateTime": taken,
        **({"valueQuantity": amount_of(value, unit)} if value is not None else {}),
        **({"valueCodeableConcept": said} if said else {}),
        **({"referenceRange": [bounds]} if bounds else {}),
        **({"interpretation": [hl7("v3-ObservationInterpretation", flag)]} if flag else {}),
    }


def blood_pressure(on: date, systolic: int, diastolic: int) -> Page:
    """A reading with its two numbers."""
    parts = (("8480-6", "Systolic blood pressure", systolic), ("8462-4", "Diastolic blood pressure", diastolic))
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [hl7("observation-category", "vital-signs")],
        "code": coded("loinc:85354-9", "Blood pressure"),
        "effectiveDateTime": days.at(on, "09:40"),
        "component": [
            {"code": coded(f"loinc:{code}", words), "valueQuantity": amount_of(value, "mm[Hg]")}
            for code, words, value in parts
        ],
    }


def procedure(code: str, words: str, on: date) -> Page:
    """Something done."""
    return {
        "resourceType": "Procedure",
        "status": "completed",
        "code": coded(code, words),
        "performedDateTime": on.isoformat(),
    }


def visit(
    kind: str, words: str, on: date, *, clock: str = "09:30", by: str = "", reason: Page | None = None,
    appointment: str = "",
) -> Page:  # fmt: skip
    """A visit that took place; ``kind`` is the class: AMB, EMER, VR."""
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": SYSTEMS["act"], "code": kind},
        "type": [{"text": words}],
        "period": {"start": days.at(on, clock), "end": days.at(on, f"{int(clock[:2]) + 1:02d}{clock[2:]}")},
        **({"participant": [{"individual": {"display": by}}]} if by else {}),
        **({"reasonCode": [reason]} if reason else {}),
        **({"appointment": [{"reference": appointment}]} if appointment else {}),
    }


def stay(start: str, end: str | None, reason: Page, *, to: str = "home") -> Page:
    """A stay in a hospital, going on or over."""
    return {
        "resourceType": "Encounter",
        "status": "finished" if end else "in-progress",
        "class": {"system": SYSTEMS["act"], "code": "IMP"},
        "type": [{"text": "Inpatient stay"}],
        "period": {"start": start} | ({"end": end} if end else {}),
        "reasonCode": [reason],
    } | ({"hospitalization": {"dischargeDisposition": hl7("discharge-disposition", to)}} if end else {})


def appointment(
    words: str, start: str, minutes: int, place: str, made: date, *, order: str = "", status: str = "booked",
    code: str = "", about: str = "",
) -> Page:  # fmt: skip
    """A booking; the person is added by whoever sends it."""
    return {
        "resourceType": "Appointment",
        "status": status,
        "serviceType": [coded(code, words)] if code else [{"text": words}],
        "description": words,
        "start": start,
        "minutesDuration": minutes,
        "created": made.isoformat(),
        **({"basedOn": [{"reference": order}]} if order else {}),
        **({"supportingInformation": [{"reference": about}]} if about else {}),
        "participant": [{"actor": {"display": place}, "status": "accepted"}],
    }


def order(
    code: str, words: str, on: date, by: str, *, to: str = "", category: Page | None = None, status: str = "active"
) -> Page:
    """A referral, or an order for a test or picture."""
    return {
        "resourceType": "ServiceRequest",
        "status": status,
        "intent": "order",
        "priority": "routine",
        "category": [category or coded("snomed:3457005", "Patient referral")],
        "code": coded(code, words) if code else {"text": words},
        "authoredOn": on.isoformat(),
        "requester": {"display": by},
    } | ({"performer": [{"display": to}]} if to else {})


def call(sent: str, words: str, about: str = "") -> Page:
    """A call that reached the person, as a clinic notes it."""
    return {
        "resourceType": "Communication",
        "status": "completed",
        "category": [coded("work:call", "Call to the person")],
        "reasonCode": [coded("work:post-discharge-contact", "Contact after discharge")],
        "sent": sent,
        "payload": [{"contentString": words}],
    } | ({"about": [{"reference": about}], "encounter": {"reference": about}} if about else {})


def told(what: str, words: str, sent: str, about: str) -> Page:
    """Somebody was told something, or sent something, about an order or a stay."""
    return {
        "resourceType": "Communication",
        "status": "completed",
        "category": [coded(f"work:{what}", words)],
        "reasonCode": [coded(f"work:{what}", words)],
        "sent": sent,
        "about": [{"reference": about}],
        "payload": [{"contentString": words}],
    } | ({"encounter": {"reference": about}} if about.startswith("Encounter/") else {})


def noted(code: str, words: str, on: date, about: str) -> Page:
    """Somebody has done with it: a report read, a plan gone through."""
    return {
        "resourceType": "Task",
        "status": "completed",
        "intent": "order",
        "code": coded(f"work:{code}", words),
        "authoredOn": days.at(on, "17:00"),
        "lastModified": days.at(on, "17:30"),
        "focus": {"reference": about},
        "executionPeriod": {"end": days.at(on, "17:30")},
    }


def plan_of_care(title: str, on: date) -> Page:
    """A plan agreed with the person."""
    return {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "title": title,
        "category": [{**coded("snomed:734163000", "Care plan"), "text": title}],
        "period": {"start": on.isoformat()},
        "created": on.isoformat(),
    }


def cover(payer: str, since: date, until: date | None = None, *, status: str = "active") -> Page:
    """Insurance, with its last day where the plan names one."""
    return {
        "resourceType": "Coverage",
        "status": status,
        "type": {"text": payer},
        "relationship": hl7("subscriber-relationship", "self"),
        "period": {"start": since.isoformat()} | ({"end": until.isoformat()} if until else {}),
        "payor": [{"display": payer}],
    }


def dollars(cents: int) -> Page:
    """Money as FHIR writes it."""
    return {"value": cents / 100, "currency": "USD"}


def statement(claim: str, service: date, made: date, provider: str, cents: Mapping[str, int]) -> Page:
    """The plan's explanation of benefits."""
    return {
        "resourceType": "ExplanationOfBenefit",
        "status": "active",
        "type": hl7("claim-type", "professional"),
        "use": "claim",
        "billablePeriod": {"start": service.isoformat(), "end": service.isoformat()},
        "created": made.isoformat(),
        "insurer": {"display": "Larkfield Health Advantage"},
        "provider": {"display": provider},
        "outcome": "complete",
        "identifier": [{"system": "https://larkfield-plan.example/claim", "value": claim}],
        "insurance": [{"focal": True, "coverage": {"display": "Larkfield Health Advantage"}}],
        "total": [{"category": hl7("adjudication", name), "amount": dollars(sum_)} for name, sum_ in cents.items()],
    }


def bill(claim: str, service: date, issued: date, due: date, issuer: str, cents: int) -> Page:
    """What a hospital or clinic asks the person to pay."""
    place = "https://beforehand.example/fhir/StructureDefinition/"
    return {
        "resourceType": "Invoice",
        "status": "issued",
        "type": {"text": "Patient bill"},
        "date": issued.isoformat(),
        "issuer": {"display": issuer},
        "totalNet": dollars(cents),
        "identifier": [
            {"system": "https://billing.example/bill", "value": f"B-{claim}"},
            {"type": {"text": "claim"}, "system": "https://larkfield-plan.example/claim", "value": claim},
        ],
        "paymentTerms": f"Due {due.isoformat()}",
        "extension": [
            {"url": f"{place}invoice-service-date", "valueDate": service.isoformat()},
            {"url": f"{place}invoice-due-date", "valueDate": due.isoformat()},
        ],
    }


def needs_authorization(on: date, service: Page | None) -> Page:
    """The plan says that it wants to approve the service first; most plans name it."""
    plan = {"display": "Larkfield Health Advantage"}
    named = {"productOrService": service} if service else {}
    return {
        "resourceType": "CoverageEligibilityResponse",
        "status": "active",
        "purpose": ["auth-requirements"],
        "created": on.isoformat(),
        "request": {"display": "Asked by Harbor Clinic"},
        "outcome": "complete",
        "insurer": plan,
        "insurance": [{"coverage": plan, "inforce": True, "item": [{**named, "authorizationRequired": True}]}],
    }


def asked_for_authorization(order_reference: str, made: date) -> Page:
    """A clinic's request for prior authorization."""
    return {
        "resourceType": "Claim",
        "status": "active",
        "type": hl7("claim-type", "professional"),
        "use": "preauthorization",
        "created": made.isoformat(),
        "provider": {"display": "Harbor Clinic"},
        "priority": {"text": "normal"},
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "Larkfield Health Advantage"}}],
        "referral": {"reference": order_reference},
    }


def authorized(request: str, made: date, number: str, until: date) -> Page:
    """The plan's approval and how long it holds."""
    review = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewAction"
    certified = {"coding": [{"system": "https://codesystem.x12.org/005010/306", "code": "A1"}]}
    return {
        "resourceType": "ClaimResponse",
        "status": "active",
        "type": hl7("claim-type", "professional"),
        "use": "preauthorization",
        "created": made.isoformat(),
        "insurer": {"display": "Larkfield Health Advantage"},
        "request": {"reference": request},
        "outcome": "complete",
        "disposition": "approved",
        "item": [
            {
                "itemSequence": 1,
                "adjudication": [
                    {
                        "category": hl7("adjudication", "submitted"),
                        "extension": [
                            {
                                "url": review,
                                "extension": [{"url": f"{review}Code", "valueCodeableConcept": certified}],
                            }
                        ],
                    }
                ],
            }
        ],
        "preAuthRef": number,
        "preAuthPeriod": {"start": made.isoformat(), "end": until.isoformat()},
    }


def report(words: str, on: date, order_reference: str) -> Page:
    """A specialist's report on a referral."""
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"coding": [{"system": SYSTEMS["loinc"], "code": "11488-4", "display": words}], "text": words},
        "effectiveDateTime": on.isoformat(),
        "issued": days.at(on + timedelta(days=0), "16:00"),
        "basedOn": [{"reference": order_reference}],
    }
