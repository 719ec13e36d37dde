"""A house with Ann, whom a hospital, a pharmacy and a clinic speak of; brought in through the real door."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from django.utils import timezone

from beforehand.care.medicines.answers import Answer, Review
from beforehand.care.medicines.lines import MEDICINES, Line, ListNow, list_of
from beforehand.care.medicines.seen import sealed
from beforehand.care.medicines.signing import sign_list
from beforehand.care.needs.actions import today
from beforehand.care.needs.arrivals import ready_to_receive, receive
from beforehand.record.access import principal_of
from beforehand.record.models import Patient, Source, Team, TeamMember, User

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
APIXABAN, METOPROLOL_25, METOPROLOL_50 = "1364445", "866924", "866514"
NAMES = {
    APIXABAN: "Apixaban 5 MG Oral Tablet",
    METOPROLOL_25: "Metoprolol Tartrate 25 MG Oral Tablet",
    METOPROLOL_50: "Metoprolol Tartrate 50 MG Oral Tablet",
}


def day(offset: int) -> str:
    return (timezone.localdate() + timedelta(days=offset)).isoformat()


def concept(code: str) -> dict[str, Any]:
    return {"coding": [{"system": RXNORM, "code": code, "display": NAMES[code]}], "text": NAMES[code]}


def ann(key: str = "ann") -> dict[str, Any]:
    return {
        "resourceType": "Patient", "id": key, "name": [{"family": "Smith", "given": ["Ann"]}], "gender": "female",
        "birthDate": "1945-03-03",
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-ssn", "value": "222-33-4444"}],
    }  # fmt: skip


def order(key: str, code: str, *, authored: int = -30, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest", "id": key, "status": "active", "intent": "order",
        "medicationCodeableConcept": concept(code), "subject": {"reference": "Patient/ann"},
        "authoredOn": day(authored), "requester": {"display": "Dr. Osei"},
        "dosageInstruction": [{"text": "1 tablet, twice a day"}], **more,
    }  # fmt: skip


def fill(key: str, code: str, *, filled: int = -20, days: int = 30) -> dict[str, Any]:
    return {
        "resourceType": "MedicationDispense", "id": key, "status": "completed",
        "medicationCodeableConcept": concept(code), "subject": {"reference": "Patient/ann"},
        "whenHandedOver": day(filled), "quantity": {"value": 60, "unit": "tablets"},
        "daysSupply": {"value": days, "unit": "days"},
    }  # fmt: skip


def word(key: str, code: str, *, by_patient: bool = True, status: str = "active", said: int = -10) -> dict[str, Any]:
    return {
        "resourceType": "MedicationStatement", "id": key, "status": status,
        "medicationCodeableConcept": concept(code), "subject": {"reference": "Patient/ann"},
        "dateAsserted": day(said), "dosage": [{"text": "the small one at night"}],
    } | ({"informationSource": {"reference": "Patient/ann"}} if by_patient else {})  # fmt: skip


def allergy(key: str, words: str) -> dict[str, Any]:
    return {
        "resourceType": "AllergyIntolerance", "id": key, "patient": {"reference": "Patient/ann"},
        "clinicalStatus": {"coding": [{"code": "active"}]}, "code": {"text": words}, "recordedDate": day(-400),
    }  # fmt: skip


def problem(key: str, words: str) -> dict[str, Any]:
    return {
        "resourceType": "Condition", "id": key, "subject": {"reference": "Patient/ann"},
        "clinicalStatus": {"coding": [{"code": "active"}]}, "code": {"text": words}, "onsetDateTime": "2019-03-01",
    }  # fmt: skip


class House:
    """Dana coordinates, Priya is the pharmacist, Sam supervises, Cleo only reads."""

    def __init__(self) -> None:
        ready_to_receive(enrol_everyone=True)
        self.dana = self.user("dana", "COORDINATOR")
        self.priya = self.user("priya", "PHARMACIST")
        self.sam = self.user("sam", "SUPERVISOR")
        self.cleo = self.user("cleo", "CLINICIAN")

    def user(self, name: str, role: str) -> User:
        user = User.objects.create(username=name, first_name=name.title(), last_name="Reyes", role=role)
        for team in Team.objects.all():
            TeamMember.objects.create(team=team, user=user)
        return user

    def bring(self, source: str, *resources: Any) -> None:
        sender, _ = Source.objects.get_or_create(name=source, defaults={"label": source.title()})
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}
        receive(orjson.dumps(bundle), sender, name=f"{source}.json")

    @property
    def ann(self) -> Patient:
        return Patient.unscoped.get(merged_into_id=None, display_name__contains="Ann")

    def list(self, kind: str = MEDICINES, *, by: User | None = None) -> ListNow:
        return list_of(principal_of(by or self.dana), self.ann.pk, kind, as_of=today())

    def line(self, name: str, kind: str = MEDICINES) -> Line:
        return next(line for line in self.list(kind).lines if name in line.name)

    def open(self, kind: str = MEDICINES, *, by: User | None = None) -> str:
        """What somebody sees, as the form carries it."""
        return sealed(self.list(kind, by=by), user_id=(by or self.dana).pk)

    def sign(
        self, kind: str = MEDICINES, *, by: User | None = None, seen: str = "", told_by: str = "patient",
        answers: dict[str, Any] | None = None, default: str = "", **more: Any,
    ) -> int:  # fmt: skip
        """Go through the list: ``answers`` by a part of the name, the rest by default."""
        usual = default or ("taking" if kind == MEDICINES else "yes")
        given = []
        for line in self.list(kind, by=by).current:
            said = next((value for name, value in (answers or {}).items() if name in line.name), usual)
            answer, words = said if isinstance(said, tuple) else (said, "")
            given.append(Answer(line.key, answer, words))
        return sign_list(
            patient_id=self.ann.pk, kind=kind, by=by or self.dana, seen=seen or self.open(kind, by=by),
            review=Review(given, told_by, **more),
        )  # fmt: skip
