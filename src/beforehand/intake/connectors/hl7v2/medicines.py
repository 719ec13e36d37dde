"""RXO, RXE, RXD (orders and fills of medicines) and RXA (vaccines given, or medicines given)."""

from __future__ import annotations

import re
from typing import Any

from beforehand.intake.connectors.hl7v2 import words as said_as
from beforehand.intake.connectors.hl7v2.datatypes import (
    Fhir,
    code_of,
    coded,
    kept,
    number_of,
    place_name,
    quantity,
    unit_of,
)
from beforehand.intake.connectors.hl7v2.grammar import Part, Segment
from beforehand.intake.connectors.hl7v2.orders import order_number, order_status
from beforehand.intake.connectors.hl7v2.results import findings, notes_of, read_finding
from beforehand.intake.connectors.hl7v2.scene import Scene, assumed, logical_id

CATEGORY = "http://terminology.hl7.org/CodeSystem/medicationrequest-category"
GTS = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
_EVERY = re.compile(r"Q([0-9]{1,3})([HDW])")
_UNIT = {"H": "h", "D": "d", "W": "wk"}
_SPAN = re.compile(r"([DWLHMS])([0-9]{1,4})")
_DAYS = {"D": 1, "DAY": 1, "DAYS": 1, "W": 7, "WK": 7, "WEEK": 7, "WEEKS": 7}
# A cancelled prescription is stopped, not revoked: FHIR has other words for prescriptions than for orders.
_PRESCRIPTION = {"revoked": "stopped", "active": "active", "completed": "completed", "on-hold": "on-hold",
                 "entered-in-error": "entered-in-error", "unknown": "active"}  # fmt: skip
DOSE_NUMBER, SERIES = "30973-2", "59783-1"
NO_VACCINE = "998"
HISTORY = re.compile(r"0[1-8]")


def timing_of(part: Part) -> Fhir | None:
    """A repeat pattern (RPT) such as BID or Q6H as a Timing."""
    code = part.words(1).upper().strip()
    if not code:
        return None
    every = _EVERY.fullmatch(code)
    word = said_as.TIMING.get(code, code)
    named = [{"system": GTS, "code": word}] if word in said_as.DAILY_CODES else []
    found: dict[str, Any] = {"code": kept(coding=named, text=code)}
    if every and int(every[1]) > 0:
        found["repeat"] = {"frequency": 1, "period": int(every[1]), "periodUnit": _UNIT[every[2]]}
    return found


def _days(part: Part) -> int | None:
    """A duration (CQ ``3^D``, or ``D30``) in whole days."""
    amount, unit = part.component(1).below(1).text, part.component(2).below(1).text.upper()
    if amount.isdigit() and unit in _DAYS and len(amount) < 5:
        return int(amount) * _DAYS[unit]
    span = _SPAN.fullmatch(part.text.upper())
    return int(span[2]) * _DAYS[span[1]] if span and span[1] in _DAYS else None


class _Course:
    """When and how long: TQ1 of newer versions, the quantity/timing field of older ones."""

    def __init__(self, scene: Scene, order: Segment | None, told: Segment, timing: Segment | None) -> None:
        old = order[7] if order is not None and order[7] else told[1] if told.name == "RXE" else None
        self.timing = self.text = self.start = self.end = None
        self.days: int | None = None
        self.as_needed = False
        patterns: list[Part] = []
        if timing is not None:
            patterns = timing[3].repetitions()
            self.days = _days(timing[6])
            self.start, self.end = scene.time(timing, 7), scene.time(timing, 8)
            self.text = timing[11].whole.strip() or None
        elif old is not None:
            pattern = Part(old.component(2).raw.replace(scene.message.segments[0].fields[2][3:4] or "&", "^"), old.by)
            patterns = [pattern] if pattern else []
            self.days = _days(old.component(3))
            segment, field = (order, 7) if order is not None and order[7] else (told, 1)
            self.start, self.end = scene.time(segment, field, 4), scene.time(segment, field, 5)
        for pattern in patterns:
            if pattern.words(1).upper() == "PRN":
                self.as_needed = True
            elif self.timing is None:
                self.timing = timing_of(pattern)


def _bounded(course: _Course) -> Fhir | None:
    """How often, and from when until when."""
    span = kept(start=course.start, end=course.end)
    if not span:
        return course.timing
    timing: Fhir = dict(course.timing or {})
    return timing | {"repeat": {**timing.get("repeat", {}), "boundsPeriod": span}}


def _dosage(segment: Segment, course: _Course, route: Segment | None, fields: dict[str, int], local: str) -> Fhir:
    """How to take it: the sig in words, the dose, how often, and by which way."""
    words = [
        part.words(2) or part.words(1)
        for number in (fields["sig"], fields["more"])
        for part in segment[number].repetitions()
    ]
    dose = quantity(segment.text(fields["dose"]), unit_of(segment[fields["unit"]]))
    as_needed = course.as_needed or any(re.search(r"\bas needed\b|\bPRN\b", word, re.IGNORECASE) for word in words)
    return kept(
        text="; ".join(dict.fromkeys(word for word in (*words, course.text or "") if word)),
        timing=_bounded(course),
        asNeededBoolean=True if as_needed else None,
        route=coded(route[1], local, "0162") if route else None,
        site=coded(route[2], local, "0163") if route and route[2] else None,
        doseAndRate=[{"doseQuantity": dose}] if dose else [],
    )


_RXE = {"sig": 7, "more": 21, "dose": 3, "unit": 5}
_RXO = {"sig": 7, "more": 6, "dose": 2, "unit": 4}
_RXD = {"sig": 15, "more": 9, "dose": 12, "unit": 12}


def _told(scene: Scene, order: Segment | None, medicine: Segment, code_at: int) -> tuple[str, ...]:
    assert scene.patient is not None
    number = order_number(scene, order, None)
    if number is not None:
        return (number.get("system", ""), number["value"])
    script = medicine.text({"RXE": 15, "RXD": 7}.get(medicine.name, 0)) if medicine.name in ("RXE", "RXD") else ""
    if script:
        return (scene.patient["reference"], "rx", script)
    when = order.text(9) if order else ""
    return (scene.patient["reference"], code_of(medicine[code_at]).casefold(), when or scene.control_id)


def read_prescription(scene: Scene, order: Segment | None, below: list[Segment]) -> Fhir | None:
    """RXO or RXE as a MedicationRequest; RXE, the pharmacy's encoding, wins where both are there."""
    named = {segment.name: segment for segment in reversed(below)}
    scene.used.update({"ORC", "RXO", "RXE", "RXR", "TQ1", "NTE"})
    told = named.get("RXE") or named.get("RXO")
    if scene.patient is None or told is None:
        return None
    is_encoded = told.name == "RXE"
    asked = named.get("RXO")
    code_at, amount_at, unit_at, refills_at = (2, 10, 11, 12) if is_encoded else (1, 11, 12, 13)
    timings = [segment for segment in below if segment.name == "TQ1"]
    routes = [segment for segment in below if segment.name == "RXR"]
    course = _Course(scene, order, told, timings[-1] if timings else None)
    medicine = coded(told[code_at], scene.local) or (coded(asked[1], scene.local) if asked else None)
    # A fill says nothing of how its order stands.
    status = _PRESCRIPTION[order_status(order)] if scene.type != "RDS" else None
    supply = kept(
        numberOfRepeatsAllowed=_whole(told.text(refills_at)),
        quantity=quantity(told.text(amount_at), unit_of(told[unit_at])),
        expectedSupplyDuration={"value": course.days, "unit": "d", "system": "http://unitsofmeasure.org", "code": "d"}
        if course.days
        else None,
    )
    givers = [*(scene.clinicians(order[12]) if order else []), *scene.clinicians(told[13 if is_encoded else 14])]
    key = logical_id("MedicationRequest", *_told(scene, order, told, code_at))
    if key and ("MedicationRequest", key) in scene.found:
        key = logical_id("MedicationRequest", *_told(scene, order, told, code_at), code_of(told[code_at]).casefold())
    reasons = [reason for part in told[27 if is_encoded else 20].repetitions() if (reason := coded(part, scene.local))]
    sig = _dosage(told, course, routes[-1] if routes else None, _RXE if is_encoded else _RXO, scene.local)
    return scene.add(
        "MedicationRequest",
        key,
        patch=True,
        identifier=[one for field in (2, 3) if order and (one := scene.number(order[field]))]
        + ([{"value": told.text(15)}] if is_encoded and told.text(15) else []),
        status=status,
        _status=None if status else assumed("active"),
        intent="order",
        category=_category(scene),
        medicationCodeableConcept=medicine or {"text": "Not said"},
        subject=scene.patient,
        encounter=scene.encounter,
        authoredOn=_authored(scene, order, told),
        requester=givers[0] if givers else None,
        reasonCode=reasons,
        dosageInstruction=[sig] if sig else [],
        dispenseRequest=supply,
        note=notes_of([segment for segment in below if segment.name == "NTE"]),
    )


def _authored(scene: Scene, order: Segment | None, told: Segment) -> str | None:
    said = (scene.time(order, 9) if order else None) or (scene.time(told, 32) if told.name == "RXE" else None)
    return said or scene.stamp


def _category(scene: Scene) -> list[Fhir]:
    """An order given on a ward is for the stay; what a patient takes at home is ordered otherwise."""
    visit = scene.message.first("PV1")
    if visit is None or visit.text(2).upper() != "I":
        return []
    return [{"coding": [{"system": CATEGORY, "code": "inpatient"}]}]


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


def read_fill(scene: Scene, order: Segment | None, below: list[Segment], asked: Fhir | None) -> None:
    """RXD as a MedicationDispense."""
    for told in (segment for segment in below if segment.name == "RXD"):
        scene.attempt(_read_fill, order, told, below, asked)


def _read_fill(scene: Scene, order: Segment | None, told: Segment, below: list[Segment], asked: Fhir | None) -> None:
    scene.used.add("RXD")
    medicine = coded(told[2], scene.local)
    if scene.patient is None or medicine is None:
        scene.skip(told)
        return
    timings = [segment for segment in below if segment.name == "TQ1"]
    course = _Course(scene, order, told, timings[-1] if timings else None)
    when = scene.time(told, 3)
    control = said_as.ORDER_CONTROL.get(order.text(1).upper()) if order else None
    state = order.text(5).upper() if order else ""
    status = "completed"
    if control == "revoked" or state in ("CA", "DC"):
        status = "cancelled"
    elif control == "entered-in-error" or state == "ER":
        status = "entered-in-error"
    routes = [segment for segment in below if segment.name == "RXR"]
    sig = _dosage(told, course, routes[-1] if routes else None, _RXD, scene.local)
    pharmacy = scene.xon(told[27]) if told[27] else None
    day = (when or "")[:10]
    number = told.text(1)
    scene.add(
        "MedicationDispense",
        logical_id("MedicationDispense", *_told(scene, order, told, 2), told.text(7), number, day),
        status=status,
        medicationCodeableConcept=medicine,
        subject=scene.patient,
        context=scene.encounter,
        authorizingPrescription=[asked] if asked else [],
        identifier=[{"value": told.text(7)}] if told.text(7) else [],
        quantity=quantity(told.text(4), unit_of(told[5])),
        daysSupply={"value": course.days, "unit": "d", "system": "http://unitsofmeasure.org", "code": "d"}
        if course.days
        else None,
        whenHandedOver=when,
        performer=[{"actor": pharmacy}] if pharmacy else [],
        dosageInstruction=[sig] if sig else [],
    )


def read_given(scene: Scene, order: Segment | None, told: Segment, below: list[Segment]) -> None:
    """RXA as an Immunization (VXU), given, refused or only told of; or as a MedicationAdministration (RAS)."""
    scene.used.update({"ORC", "RXA", "RXR", "OBX", "NTE"})
    code = coded(told[5], scene.local, "0292" if scene.type == "VXU" else "")
    if scene.patient is None or code is None:
        scene.skip(told)
        return
    if scene.type not in ("VXU", "VXR"):
        _read_administration(scene, order, told, code)
        return
    found = findings(below)
    key = _shot_key(scene, order, told)
    if told.text(5) != NO_VACCINE:
        _read_shot(scene, told, below, found, code, key)
    seen: dict[str, int] = {}
    for finding in found:
        scene.attempt(read_finding, finding, ("vaccine", *key), None, seen, scene.time(told, 3), None)


def _shot_key(scene: Scene, order: Segment | None, told: Segment) -> tuple[str, ...]:
    """The registry's number; 9999 stands for none where a vaccine was refused."""
    assert scene.patient is not None
    number = scene.number(order[3]) if order is not None else None
    if number is not None and number["value"] != "9999":
        return (number.get("system", ""), number["value"])
    return (scene.patient["reference"], told.text(5).casefold(), told.text(3)[:8])


def _read_shot(
    scene: Scene, told: Segment, below: list[Segment], found: list[Any], code: Fhir, key: tuple[str, ...]
) -> None:
    route = next((segment for segment in below if segment.name == "RXR"), None)
    state, action = told.text(20).upper(), told.text(21).upper()
    refused = next((reason for part in told[18].repetitions() if (reason := coded(part, scene.local, "NIP002"))), None)
    status = "not-done" if state in ("RE", "NA") or refused else "completed"
    if action == "D":
        status = "entered-in-error"
    dose = quantity(told.text(6), unit_of(told[7])) if told.text(6) not in ("999", "0") else None
    history = next((part.words(1) for part in told[9].repetitions() if HISTORY.fullmatch(part.words(1))), "")
    origin = coded(told[9].repetitions()[0], scene.local) if history else None
    by = {finding.lines[0].text(3): finding.lines[0].text(5) for finding in found}
    protocol: dict[str, Any] = {}
    if (number := by.get(DOSE_NUMBER, "")).isdigit() and 0 < int(number[:3]) < 100 and len(number) < 3:
        protocol = {"doseNumberPositiveInt": int(number)}
        if series := by.get(SERIES):
            protocol["series"] = series
    maker = next((part.words(2) or part.words(1) for part in told[17].repetitions()), "")
    place = place_name(told[27]) or place_name(told[11])
    scene.add(
        "Immunization",
        logical_id("Immunization", *key),
        status=status,
        vaccineCode=code,
        statusReason=refused,
        patient=scene.patient,
        encounter=scene.encounter,
        occurrenceDateTime=scene.time(told, 3),
        primarySource=not history,
        reportOrigin=origin,
        manufacturer=kept(display=maker),
        lotNumber=told.text(15),
        expirationDate=(scene.time(told, 16) or "")[:10],
        route=coded(route[1], scene.local, "0162") if route else None,
        site=coded(route[2], scene.local, "0163") if route and route[2] else None,
        doseQuantity=dose,
        performer=[{"actor": who} for who in scene.clinicians(told[10])],
        location=kept(display=place),
        protocolApplied=[protocol] if protocol else [],
        isSubpotent=True if state == "PA" else None,
        note=notes_of([segment for segment in below if segment.name == "NTE"]),
    )


def _read_administration(scene: Scene, order: Segment | None, told: Segment, code: Fhir) -> None:
    dose = quantity(told.text(6), unit_of(told[7])) if number_of(told.text(6)) is not None else None
    state = told.text(20).upper()
    status = {"RE": "not-done", "NA": "not-done", "PA": "stopped"}.get(state, "completed")
    scene.add(
        "MedicationAdministration",
        logical_id("MedicationAdministration", *_told(scene, order, told, 5), told.text(2), told.text(3)),
        status="entered-in-error" if told.text(21).upper() == "D" else status,
        medicationCodeableConcept=code,
        subject=scene.patient,
        context=scene.encounter,
        effectiveDateTime=scene.time(told, 3),
        dosage={"dose": dose} if dose else None,
    )
