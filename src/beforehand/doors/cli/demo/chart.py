"""One person's chart at one source, written as the FHIR R4 resources that source would send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from beforehand.doors.cli.demo.days import Days

Resource = dict[str, Any]

SYSTEMS = {
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "snomed": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "cvx": "http://hl7.org/fhir/sid/cvx",
    "hcpcs": "http://terminology.hl7.org/CodeSystem/HCPCS",
    "work": "https://beforehand.example/fhir/CodeSystem/work",
    "act": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "interpretation": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
}
MEMBER = "https://beforehand.example/id/member"


def coded(code: str, display: str = "") -> Resource:
    """A CodeableConcept from ``system:code`` and the words a source would show."""
    system, _, value = code.partition(":")
    coding = {"system": SYSTEMS[system], "code": value, **({"display": display} if display else {})}
    return {"coding": [coding], **({"text": display} if display else {})}


def hl7(system: str, code: str) -> Resource:
    """A CodeableConcept of one of HL7's own code systems."""
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}


@dataclass(frozen=True)
class Person:
    """Somebody of our own invention."""

    slug: str
    given: str
    family: str
    birth: date
    sex: str
    member: str
    phone: str = ""
    language: str = "en"
    language_words: str = "English"
    interpreter: bool = False
    address: str = ""


@dataclass
class Chart:
    """What ``source`` holds about ``person``; each method adds one resource and returns its reference."""

    source: str
    label: str
    person: Person
    days: Days
    resources: list[Resource] = field(default_factory=list)
    birth: date | None = None  # where this source has it differently
    counter: int = 0

    def __post_init__(self) -> None:
        person = self.person
        self.add(
            {
                "resourceType": "Patient",
                "identifier": [
                    {"system": MEMBER, "value": person.member, "type": hl7("v2-0203", "MB")},
                    {"system": f"https://{self.source}.example/mrn", "value": str(hash_of(person.slug + self.source))},
                ],
                "name": [{"use": "official", "family": person.family, "given": [person.given]}],
                "gender": person.sex,
                "birthDate": (self.birth or person.birth).isoformat(),
                **({"telecom": [{"system": "phone", "value": person.phone, "use": "home"}]} if person.phone else {}),
                **({"address": [{"text": person.address}]} if person.address else {}),
                "communication": [
                    {
                        "language": {
                            "coding": [{"system": "urn:ietf:bcp:47", "code": person.language}],
                            "text": person.language_words,
                        },
                        "preferred": True,
                    }
                ],
                **(
                    {
                        "extension": [
                            {
                                "url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired",
                                "valueBoolean": True,
                            }
                        ]
                    }
                    if person.interpreter
                    else {}
                ),
            },
            name="patient",
        )

    @property
    def subject(self) -> Resource:
        return {"reference": f"Patient/{self.person.slug}-patient"}

    def add(self, resource: Resource, name: str = "") -> str:
        """Keep a resource under an id of this chart; returns the reference to it."""
        self.counter += 1
        resource["id"] = f"{self.person.slug}-{name or self.counter}"
        self.resources.append(resource)
        return f"{resource['resourceType']}/{resource['id']}"

    def bundle(self) -> Resource:
        """The file this source sends about the person."""
        return {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [
                {"fullUrl": f"https://{self.source}.example/fhir/{one['resourceType']}/{one['id']}", "resource": one}
                for one in self.resources
            ],
        }

    # People and places

    def clinician(self, name: str, phone: str = "") -> Resource:
        slug = "".join(character for character in name.lower() if character.isalpha())
        reference = f"Practitioner/{slug}"
        if not any(one["id"] == slug for one in self.resources):
            given, _, family = name.removeprefix("Dr. ").rpartition(" ")
            self.resources.append(
                {
                    "resourceType": "Practitioner",
                    "id": slug,
                    "name": [{"family": family, "given": [given], "text": name}],
                    **({"telecom": [{"system": "phone", "value": phone}]} if phone else {}),
                }
            )
        return {"reference": reference, "display": name}

    def relative(self, name: str, relation: str, words: str, phone: str) -> str:
        given, _, family = name.rpartition(" ")
        return self.add(
            {
                "resourceType": "RelatedPerson",
                "active": True,
                "patient": self.subject,
                "relationship": [{**hl7("v3-RoleCode", relation), "text": words}],
                "name": [{"family": family, "given": [given], "text": name}],
                "telecom": [{"system": "phone", "value": phone}],
            }
        )

    def team(self, *members: tuple[str, str]) -> str:
        return self.add(
            {
                "resourceType": "CareTeam",
                "status": "active",
                "subject": self.subject,
                "participant": [{"role": [{"text": role}], "member": self.clinician(name)} for name, role in members],
            }
        )

    # Problems

    def condition(self, code: str, words: str, since: date, category: str = "problem-list-item") -> str:
        return self.add(
            {
                "resourceType": "Condition",
                "clinicalStatus": hl7("condition-clinical", "active"),
                "verificationStatus": hl7("condition-ver-status", "confirmed"),
                "category": [hl7("condition-category", category)],
                "code": coded(code, words),
                "subject": self.subject,
                "onsetDateTime": since.isoformat(),
                "recordedDate": since.isoformat(),
            }
        )

    def allergy(self, code: str, words: str, reaction: str, since: date) -> str:
        return self.add(
            {
                "resourceType": "AllergyIntolerance",
                "clinicalStatus": hl7("allergyintolerance-clinical", "active"),
                "verificationStatus": hl7("allergyintolerance-verification", "confirmed"),
                "criticality": "high",
                "category": ["medication"],
                "code": coded(code, words),
                "patient": self.subject,
                "recordedDate": since.isoformat(),
                "reaction": [{"manifestation": [{"text": reaction}]}],
            }
        )

    def heed(self, words: str, code: str = "", since: date | None = None) -> str:
        return self.add(
            {
                "resourceType": "Flag",
                "status": "active",
                "code": coded(code, words) if code else {"text": words},
                "subject": self.subject,
                "period": {"start": (since or self.days.ago(200)).isoformat()},
            }
        )

    # Medicines

    def medicine(
        self,
        code: str,
        words: str,
        authored: date,
        by: str,
        sig: str,
        *,
        days: int | None = 30,
        refills: int | None = 0,
        amount: int | None = None,
        status: str = "active",
    ) -> str:
        dispense: Resource = {}
        if refills is not None:
            dispense["numberOfRepeatsAllowed"] = refills
        if amount is not None:
            dispense["quantity"] = {"value": amount, "unit": "tablet"}
        if days is not None:
            dispense["expectedSupplyDuration"] = {
                "value": days,
                "unit": "days",
                "system": "http://unitsofmeasure.org",
                "code": "d",
            }
        return self.add(
            {
                "resourceType": "MedicationRequest",
                "status": status,
                "intent": "order",
                "medicationCodeableConcept": coded(f"rxnorm:{code}", words),
                "subject": self.subject,
                "authoredOn": authored.isoformat(),
                "requester": self.clinician(by),
                "dosageInstruction": [{"text": sig}],
                **({"dispenseRequest": dispense} if dispense else {}),
            }
        )

    def fill(
        self, code: str, words: str, on: date, *, days: int | None, amount: int, order: str = "", mail: bool = False
    ) -> str:
        return self.add(
            {
                "resourceType": "MedicationDispense",
                "status": "completed",
                "medicationCodeableConcept": coded(f"rxnorm:{code}", words),
                "subject": self.subject,
                "whenHandedOver": on.isoformat(),
                "quantity": {"value": amount, "unit": "tablet"},
                **(
                    {"type": {"coding": [{"system": SYSTEMS["act"], "code": "FF"}], "text": "Mail order"}}
                    if mail
                    else {}
                ),
                **(
                    {
                        "daysSupply": {
                            "value": days,
                            "unit": "days",
                            "system": "http://unitsofmeasure.org",
                            "code": "d",
                        }
                    }
                    if days
                    else {}
                ),
                **({"authorizingPrescription": [{"reference": order}]} if order else {}),
            }
        )

    def takes(self, code: str, words: str, sig: str, said: date) -> str:
        return self.add(
            {
                "resourceType": "MedicationStatement",
                "status": "active",
                "medicationCodeableConcept": coded(f"rxnorm:{code}", words),
                "subject": self.subject,
                "dateAsserted": said.isoformat(),
                "effectivePeriod": {"start": said.isoformat()},
                "dosage": [{"text": sig}],
            }
        )

    def vaccine(self, cvx: str, words: str, on: date) -> str:
        return self.add(
            {
                "resourceType": "Immunization",
                "status": "completed",
                "vaccineCode": coded(f"cvx:{cvx}", words),
                "patient": self.subject,
                "occurrenceDateTime": on.isoformat(),
            }
        )

    # Results

    def result(
        self,
        code: str,
        words: str,
        taken: str,
        value: float | int | None = None,
        unit: str = "",
        *,
        low: float | None = None,
        high: float | None = None,
        flag: str = "",
        said: Resource | None = None,
        category: str = "laboratory",
        order: str = "",
        encounter: str = "",
    ) -> str:
        bounds: Resource = {}
        for side, bound in (("low", low), ("high", high)):
            if bound is not None:
                bounds[side] = {"value": bound, "unit": unit}
        return self.add(
            {
                "resourceType": "Observation",
                "status": "final",
                "category": [hl7("observation-category", category)],
                "code": coded(code, words),
                "subject": self.subject,
                "effectiveDateTime": taken,
                "issued": taken if "T" in taken else f"{taken}T12:00:00-05:00",
                **(
                    {
                        "valueQuantity": {
                            "value": value,
                            "unit": unit,
                            "system": "http://unitsofmeasure.org",
                            "code": unit,
                        }
                    }
                    if value is not None
                    else {}
                ),
                **({"valueCodeableConcept": said} if said else {}),
                **({"referenceRange": [bounds]} if bounds else {}),
                **(
                    {"interpretation": [{"coding": [{"system": SYSTEMS["interpretation"], "code": flag}]}]}
                    if flag
                    else {}
                ),
                **({"basedOn": [{"reference": order}]} if order else {}),
                **({"encounter": {"reference": encounter}} if encounter else {}),
            }
        )

    def blood_pressure(self, on: date, systolic: int, diastolic: int) -> str:
        def part(code: str, words: str, value: int) -> Resource:
            return {
                "code": coded(code, words),
                "valueQuantity": {
                    "value": value,
                    "unit": "mm[Hg]",
                    "system": "http://unitsofmeasure.org",
                    "code": "mm[Hg]",
                },
            }

        return self.add(
            {
                "resourceType": "Observation",
                "status": "final",
                "category": [hl7("observation-category", "vital-signs")],
                "code": coded("loinc:85354-9", "Blood pressure"),
                "subject": self.subject,
                "effectiveDateTime": on.isoformat(),
                "component": [
                    part("loinc:8480-6", "Systolic blood pressure", systolic),
                    part("loinc:8462-4", "Diastolic blood pressure", diastolic),
                ],
            }
        )

    def procedure(self, code: str, words: str, on: date) -> str:
        return self.add(
            {
                "resourceType": "Procedure",
                "status": "completed",
                "code": coded(code, words),
                "subject": self.subject,
                "performedDateTime": on.isoformat(),
            }
        )

    # Visits

    def visit(self, kind: str, words: str, on: date, by: str = "", *, reason: Resource | None = None) -> str:
        return self.add(
            {
                "resourceType": "Encounter",
                "status": "finished",
                "class": {"system": SYSTEMS["act"], "code": kind},
                "type": [{"text": words}],
                "subject": self.subject,
                "period": {"start": self.days.at(on, "09:30"), "end": self.days.at(on, "10:15")},
                **({"participant": [{"individual": self.clinician(by)}]} if by else {}),
                **({"reasonCode": [reason]} if reason else {}),
                "serviceProvider": {"display": self.label},
            }
        )

    def stay(self, start: str, end: str | None, reason: Resource, words: str = "Inpatient stay") -> str:
        return self.add(
            {
                "resourceType": "Encounter",
                "status": "finished" if end else "in-progress",
                "class": {"system": SYSTEMS["act"], "code": "IMP"},
                "type": [{"text": words}],
                "subject": self.subject,
                "period": {"start": start, **({"end": end} if end else {})},
                "reasonCode": [reason],
                "hospitalization": {"dischargeDisposition": {**hl7("discharge-disposition", "home"), "text": "Home"}},
                "serviceProvider": {"display": self.label},
            }
        )

    def appointment(self, words: str, start: str, minutes: int, place: str, *, code: str = "", order: str = "") -> str:
        return self.add(
            {
                "resourceType": "Appointment",
                "status": "booked",
                **({"serviceType": [coded(code, words)]} if code else {"serviceType": [{"text": words}]}),
                "description": words,
                "start": start,
                "end": later(start, minutes),
                "minutesDuration": minutes,
                "created": self.days.ago(20).isoformat(),
                **({"basedOn": [{"reference": order}]} if order else {}),
                "participant": [
                    {"actor": self.subject, "status": "accepted"},
                    {"actor": {"display": place}, "status": "accepted"},
                ],
            }
        )

    def order(
        self,
        code: str,
        words: str,
        authored: date,
        by: str,
        *,
        to: str = "",
        category: Resource | None = None,
        priority: str = "routine",
        encounter: str = "",
        status: str = "active",
    ) -> str:
        return self.add(
            {
                "resourceType": "ServiceRequest",
                "status": status,
                "intent": "order",
                "priority": priority,
                "category": [category or coded("snomed:3457005", "Patient referral")],
                "code": coded(code, words) if code else {"text": words},
                "subject": self.subject,
                "authoredOn": authored.isoformat(),
                "requester": self.clinician(by),
                **({"performer": [{"display": to}]} if to else {}),
                **({"encounter": {"reference": encounter}} if encounter else {}),
            }
        )

    # Words, plans

    def message(self, words: str, sent: str, *, category: str, about: str = "", medium: str = "portal") -> str:
        return self.add(
            {
                "resourceType": "Communication",
                "status": "completed",
                "category": [coded(f"work:{category}", words)],
                "medium": [{"text": medium}],
                "subject": self.subject,
                "sent": sent,
                **({"about": [{"reference": about}]} if about else {}),
                "payload": [{"contentString": words}],
            }
        )

    def plan(self, title: str, created: date, *, until: date | None = None) -> str:
        return self.add(
            {
                "resourceType": "CarePlan",
                "status": "active",
                "intent": "plan",
                "title": title,
                "category": [{**coded("snomed:734163000", "Care plan"), "text": title}],
                "subject": self.subject,
                "period": {"start": created.isoformat(), **({"end": until.isoformat()} if until else {})},
                "created": created.isoformat(),
            }
        )

    def goal(self, words: str, start: date, due: date | None = None) -> str:
        return self.add(
            {
                "resourceType": "Goal",
                "lifecycleStatus": "active",
                "description": {"text": words},
                "subject": self.subject,
                "startDate": start.isoformat(),
                **({"target": [{"dueDate": due.isoformat()}]} if due else {}),
            }
        )

    def answer(self, question: str, words: str, code: str, answer: str, on: date) -> str:
        """One screening answer, as an observation of the survey category."""
        return self.result(question, words, on.isoformat(), said=coded(code, answer), category="survey")

    # Money

    def coverage(self, payer: str, since: date, until: date | None = None) -> str:
        return self.add(
            {
                "resourceType": "Coverage",
                "status": "active",
                "type": {"text": payer},
                "beneficiary": self.subject,
                "relationship": hl7("subscriber-relationship", "self"),
                "period": {"start": since.isoformat(), **({"end": until.isoformat()} if until else {})},
                "payor": [{"display": payer}],
            }
        )

    def statement(self, claim: str, service: date, provider: str, amounts: Mapping[str, str]) -> str:
        """The plan's explanation of benefits; ``amounts``: submitted, eligible, benefit, deductible, copay, coinsurance."""
        return self.add(
            {
                "resourceType": "ExplanationOfBenefit",
                "status": "active",
                "type": hl7("claim-type", "professional"),
                "use": "claim",
                "patient": self.subject,
                "billablePeriod": {"start": service.isoformat(), "end": service.isoformat()},
                "created": (service + timedelta(days=12)).isoformat(),
                "insurer": {"display": self.label},
                "provider": {"display": provider},
                "outcome": "complete",
                "identifier": [{"system": f"https://{self.source}.example/claim", "value": claim}],
                "insurance": [{"focal": True, "coverage": {"display": self.label}}],
                "total": [
                    {"category": hl7("adjudication", name), "amount": money(value)} for name, value in amounts.items()
                ],
            }
        )

    def bill(self, claim: str, service: date, issued: date, due: date, issuer: str, total: str) -> str:
        return self.add(
            {
                "resourceType": "Invoice",
                "status": "issued",
                "type": {"text": "Patient bill"},
                "subject": self.subject,
                "date": issued.isoformat(),
                "issuer": {"display": issuer},
                "totalNet": money(total),
                "identifier": [
                    {"system": f"https://{self.source}.example/bill", "value": f"B-{claim}"},
                    {"type": {"text": "claim"}, "system": "https://larkfield-plan.example/claim", "value": claim},
                ],
                "paymentTerms": f"Due {due.isoformat()}",
                "extension": [
                    {
                        "url": "https://beforehand.example/fhir/StructureDefinition/invoice-service-date",
                        "valueDate": service.isoformat(),
                    },
                    {
                        "url": "https://beforehand.example/fhir/StructureDefinition/invoice-due-date",
                        "valueDate": due.isoformat(),
                    },
                ],
            }
        )

    def authorization(
        self, order: str, decision: str, made: date, *, number: str = "", until: date | None = None
    ) -> str:
        claim = self.add(
            {
                "resourceType": "Claim",
                "status": "active",
                "type": hl7("claim-type", "professional"),
                "use": "preauthorization",
                "patient": self.subject,
                "created": made.isoformat(),
                "provider": {"display": "Harbor Clinic"},
                "priority": {"text": "normal"},
                "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": self.label}}],
                "referral": {"reference": order},
            }
        )
        return self.add(
            {
                "resourceType": "ClaimResponse",
                "status": "active",
                "type": hl7("claim-type", "professional"),
                "use": "preauthorization",
                "patient": self.subject,
                "created": made.isoformat(),
                "insurer": {"display": self.label},
                "request": {"reference": claim},
                "outcome": "queued" if decision == "pended" else "complete",
                "disposition": decision,
                **({"preAuthRef": number} if number else {}),
                **({"preAuthPeriod": {"start": made.isoformat(), "end": until.isoformat()}} if until else {}),
            }
        )


def money(value: str) -> Resource:
    return {"value": float(value), "currency": "USD"}


def later(start: str, minutes: int) -> str:
    """The moment so many minutes after an ISO moment, in the same offset."""
    return (datetime.fromisoformat(start) + timedelta(minutes=minutes)).isoformat()


def hash_of(words: str) -> int:
    """A small stable number from words, for invented record numbers."""
    number = 7
    for character in words:
        number = (number * 31 + ord(character)) % 900_000
    return 100_000 + number
