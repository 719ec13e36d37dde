"""People of our own invention for the journeys, brought in through the real door: bytes, ledger, facts.

Dates are relative to today, so the list is alive on any day.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.utils import timezone

from beforehand.care.needs.actions import add_need
from beforehand.care.needs.arrivals import ready_to_receive, receive
from beforehand.care.needs.standing import refresh_rows
from beforehand.clinical.times import day_of
from beforehand.record.models import Patient, Source, Team, TeamMember, User

PASSWORD = "a long enough pass phrase"
LONG_NAME = "Wilhelmina-Alexandra Featherstonehaugh-Cholmondeley von Hohenzollern-Sigmaringen de la Cruz"

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
LOINC = "http://loinc.org"


def day(offset: int) -> str:
    """ISO date, counted from today."""
    return (timezone.localdate() + timedelta(days=offset)).isoformat()


def coworker(username: str, role: str = "COORDINATOR", first: str = "Dana", last: str = "Reyes") -> User:
    """Somebody on the care team."""
    user = User(username=username, role=role, first_name=first, last_name=last, credential="RN")
    user.set_password(PASSWORD)
    user.save()
    for team in Team.objects.all():
        TeamMember.objects.create(team=team, user=user)
    return user


def person(
    key: str, given: str, family: str, born: str, sex: str = "female", phone: str = "555-0100", **more: Any
) -> dict[str, Any]:
    """A Patient resource."""
    return {
        "resourceType": "Patient",
        "id": key,
        "name": [{"use": "official", "family": family, "given": given.split()}],
        "birthDate": born,
        "gender": sex,
        "telecom": [{"system": "phone", "value": phone, "use": "home"}],
        "address": [{"line": ["14 Mill Lane"], "city": "Larkfield", "state": "MA", "postalCode": "02139"}],
        "identifier": [
            {
                "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
                "system": "https://hospital.example/mrn",
                "value": f"LK-{key}",
            }
        ],
        **more,
    }


def medicine(key: str, of: str, words: str, code: str, *, authored: int, filled: int | None, days: int) -> list[Any]:
    """A prescription and, where it was filled, its fill."""
    coded = {"coding": [{"system": RXNORM, "code": code, "display": words}], "text": words}
    subject = {"reference": f"Patient/{of}"}
    request = {
        "resourceType": "MedicationRequest",
        "id": f"{key}-order",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": coded,
        "subject": subject,
        "authoredOn": day(authored),
        "requester": {"display": "Dr. Amara Osei"},
        "dosageInstruction": [{"text": "1 tablet, twice a day"}],
        "dispenseRequest": {"numberOfRepeatsAllowed": 0, "expectedSupplyDuration": {"value": days, "unit": "days"}},
    }
    fill = {
        "resourceType": "MedicationDispense",
        "id": f"{key}-fill",
        "status": "completed",
        "medicationCodeableConcept": coded,
        "subject": subject,
        "authorizingPrescription": [{"reference": f"MedicationRequest/{key}-order"}],
        "whenHandedOver": f"{day(filled or 0)}T17:41:00-05:00",
        "quantity": {"value": days * 2, "unit": "tablets"},
        "daysSupply": {"value": days, "unit": "days"},
    }
    return [request, fill] if filled is not None else [request]


def result(
    key: str, of: str, words: str, code: str, value: float, unit: str, *, taken: int, low: float, high: float
) -> Any:
    """A laboratory result with its range."""
    return {
        "resourceType": "Observation",
        "id": key,
        "status": "final",
        "category": [{"coding": [{"code": "laboratory", "display": "Laboratory"}]}],
        "code": {"coding": [{"system": LOINC, "code": code, "display": words}], "text": words},
        "subject": {"reference": f"Patient/{of}"},
        "effectiveDateTime": day(taken),
        "valueQuantity": {"value": value, "unit": unit},
        "referenceRange": [{"low": {"value": low, "unit": unit}, "high": {"value": high, "unit": unit}}],
    }


def bundle(*resources: Any) -> bytes:
    """Resources as one collection."""
    return json.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}
    ).encode()


def eleanor() -> list[Any]:
    """Apixaban runs out; potassium is high; a visit is booked; the pharmacy and the hospital both speak of her."""
    subject = {"reference": "Patient/eleanor"}
    visit = {
        "resourceType": "Appointment",
        "id": "eleanor-visit",
        "status": "booked",
        "description": "Heart ultrasound",
        "start": f"{day(12)}T10:00:00-05:00",
        "end": f"{day(12)}T10:40:00-05:00",
        "participant": [{"actor": subject, "status": "accepted"}],
    }
    stay = {
        "resourceType": "Encounter",
        "id": "eleanor-stay",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": subject,
        "period": {"start": f"{day(-6)}T09:00:00-05:00", "end": f"{day(-3)}T15:10:00-05:00"},
        "reasonCode": [{"text": "Heart failure"}],
    }
    condition = {
        "resourceType": "Condition",
        "id": "eleanor-af",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "49436004"}], "text": "Atrial fibrillation"},
        "subject": subject,
        "onsetDateTime": "2019-03",
    }
    return [
        person("eleanor", "Eleanor", "Smith", "1945-03-03", phone="555-0155"),
        *medicine(
            "eleanor-apixaban", "eleanor", "Apixaban 5 MG Oral Tablet", "1364445", authored=-30, filled=-26, days=28
        ),
        result("eleanor-k", "eleanor", "Potassium", "2823-3", 5.9, "mmol/L", taken=-1, low=3.5, high=5.1),
        visit,
        stay,
        condition,
    ]


def bring_in(source: str, *resources: Any, label: str = "") -> None:
    """Resources from a source, through the door every door uses."""
    sender, _ = Source.objects.get_or_create(name=source, defaults={"label": label or source})
    receive(bundle(*resources), sender, name=f"{source}.json")


def patient_named(family: str) -> Patient:
    """The person of that family name."""
    return Patient.unscoped.get(display_name__contains=family)


def morning(*, owner: User | None = None) -> User:
    """A small caseload and the coordinator who works it."""
    ready_to_receive(enrol_everyone=True)
    dana = owner or coworker("dana")
    coworker("priya", "PHARMACIST", "Priya", "Nair")
    bring_in("st-brigid", *eleanor(), label="St. Brigid Hospital")
    bring_in("quay-lab", person("long", LONG_NAME, "Cholmondeley", "1938-12-31", phone="555-0199"), label="Quay Lab")
    bring_in("harbor", person("walter", "Walter", "Okafor", "1944-02-08", "male", "555-0142"), label="Harbor Clinic")
    add_need(
        patient_id=patient_named("Okafor").pk,
        by=dana,
        question="Has anyone reached Walter Okafor since he left the hospital?",
        next_step="Call him at 555-0142. If there is no answer, call his sister Ada.",
        on=timezone.localdate(),
        step_kind="call",
        harm=5,
        reason="Left St. Brigid with heart failure. One try so far, no answer.",
    )
    add_need(
        patient_id=patient_named("Cholmondeley").pk,
        by=dana,
        question=f"Does {patient_named('Cholmondeley').display_name} have a ride to the kidney clinic on Friday?",
        next_step="Call her son. If he is not sure, book a ride.",
        on=timezone.localdate() + timedelta(days=3),
        step_kind="ride",
        harm=3,
    )
    return dana


def _spoken(kind: str, key: str, of: str, words: str, **more: Any) -> dict[str, Any]:
    """An allergy or a problem in words alone."""
    whose = "patient" if kind == "AllergyIntolerance" else "subject"
    return {
        "resourceType": kind,
        "id": key,
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"text": words},
        whose: {"reference": f"Patient/{of}"},
        **more,
    }


def disagreement() -> None:
    """The hospital and the clinic differ on how bad Eleanor's reaction to penicillin would be."""
    for source, risk in (("st-brigid", "high"), ("harbor", "low")):
        more = [person("eleanor", "Eleanor", "Smith", "1945-03-03", phone="555-0155")] if source == "harbor" else []
        bring_in(source, *more, _spoken("AllergyIntolerance", "eleanor-a", "eleanor", "Penicillin G", criticality=risk))


def long_lists(size: int = 13) -> None:
    """More medicines, allergies and problems than a page holds, with names as long as names get."""
    words = "Extended-release hydrochlorothiazide and triamterene and potassium-sparing oral suspension, lot"
    told: list[Any] = []
    for n in range(size):
        told += medicine(f"long-{n}", "long", f"{words} {n}", f"99{n:05}", authored=-20 - n, filled=None, days=30)
        told += [
            _spoken(
                "AllergyIntolerance", f"long-a{n}", "long", f"Adhesive tape as used at the dialysis unit, kind {n}"
            ),
            _spoken(
                "Condition", f"long-c{n}", "long", f"Long-standing disorder of the musculoskeletal system, part {n}"
            ),
        ]
    bring_in("quay-lab", *told)


def lookalike() -> None:
    """A second record that may be Walter's: names and phone agree, the birth date has day and month swapped."""
    bring_in("quay-lab", person("walter-2", "Walter", "Okafor", "1944-08-02", "male", "555-0142"), label="Quay Lab")


def unfit() -> None:
    """An item that cannot become a fact."""
    broken = result("broken", "walter", "Potassium", "2823-3", 4.1, "mmol/L", taken=-1, low=3.5, high=5.1)
    broken["effectiveDateTime"] = "the day before yesterday"
    bring_in("harbor", broken)


def crowd(dana: User, size: int) -> None:
    """Many people, each with one need."""
    bring_in(
        "registry",
        *(person(f"p{n}", f"Given{n}", f"Family{n:04}", "1950-01-01", phone=f"555-1{n:03}") for n in range(size)),
        label="Registry",
    )
    for patient in Patient.unscoped.filter(display_name__contains="Family"):
        add_need(
            patient_id=patient.pk,
            by=dana,
            question=f"Has {patient.display_name} had an eye exam this year?",
            next_step="Ask which clinic, then request the report.",
            on=timezone.localdate() + timedelta(days=patient.pk % 12 - 3),
            step_kind="call",
            harm=patient.pk % 5 + 1,
        )


def rank_again() -> None:
    """Score the list again after rows were changed behind the actions' back."""
    refresh_rows(list(Patient.unscoped.values_list("pk", flat=True)), day_of(timezone.localdate()))
