"""What every chart has: the person as the source knows them, clinicians, relatives, and the file it sends."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
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
# How a source codes what somebody does in a care team; a role without a code comes as text.
ROLES = {"Primary care": ("snomed:446050000", "Primary care clinician")}
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


def hash_of(words: str) -> int:
    """A small stable number from words, for invented record numbers."""
    number = 7
    for character in words:
        number = (number * 31 + ord(character)) % 900_000
    return 100_000 + number


@dataclass
class Pages:
    """What ``source`` holds about ``person``, as the resources it would send."""

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
                "participant": [
                    {
                        "role": [coded(*ROLES[role]) if role in ROLES else {"text": role}],
                        "member": self.clinician(name),
                    }
                    for name, role in members
                ],
            }
        )
