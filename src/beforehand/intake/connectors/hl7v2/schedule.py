"""SCH with its resources (AIS, AIP, AIL, AIG): appointments, by what trigger and filler's status say of them."""

from __future__ import annotations

from typing import Any

from beforehand.intake.connectors.hl7v2 import words as said_as
from beforehand.intake.connectors.hl7v2.datatypes import Fhir, coded, number_of, place_name
from beforehand.intake.connectors.hl7v2.grammar import Segment
from beforehand.intake.connectors.hl7v2.results import notes_of
from beforehand.intake.connectors.hl7v2.scene import Scene, logical_id

_MINUTES = {"": 1, "M": 1, "MIN": 1, "MINS": 1, "MINUTE": 1, "MINUTES": 1, "H": 60, "HR": 60, "HOUR": 60, "HOURS": 60}


def _minutes(amount: str, unit: str) -> int | None:
    """A length in whole minutes; seconds where they make whole minutes."""
    number = number_of(amount)
    if not isinstance(number, int) or not 0 < number < 100_000:
        return None
    if unit.upper() in ("S", "SEC", "SECONDS"):
        return number // 60 if number % 60 == 0 else None
    factor = _MINUTES.get(unit.upper())
    return number * factor if factor else None


def _status(scene: Scene, booking: Segment) -> str:
    """By the trigger; of one that only books or changes, by the filler's own status where it gives one."""
    by_trigger = said_as.APPOINTMENT_OF_TRIGGER.get(scene.trigger, "booked")
    if by_trigger != "booked":
        return by_trigger
    said = "".join(booking.text(25).upper().split()).replace("-", "")
    return said_as.APPOINTMENT_STATUS.get(said, by_trigger)


def _times(scene: Scene, booking: Segment) -> tuple[str | None, str | None]:
    """Start and end: TQ1, else the services and resources, else SCH-11 of older versions."""
    for segment in scene.message.all("TQ1"):
        if start := scene.time(segment, 7):
            return start, scene.time(segment, 8)
    starts = []
    for name, field in (("AIS", 4), ("AIP", 6), ("AIL", 6), ("AIG", 8)):
        starts += [start for segment in scene.message.all(name) if (start := scene.time(segment, field))]
        if starts:
            return starts[0], None
    return scene.time(booking, 11, 4), scene.time(booking, 11, 5)


def _length(scene: Scene, booking: Segment) -> int | None:
    for segment in scene.message.all("AIS"):
        if minutes := _minutes(segment.text(7), segment.text(8)):
            return minutes
    return _minutes(booking.text(9), booking.text(10))


def _who(scene: Scene) -> list[Fhir]:
    """The patient, the professionals and the places."""
    assert scene.patient is not None
    taking: list[dict[str, Any]] = [{"actor": scene.patient, "status": "accepted"}]
    for segment in scene.message.all("AIP"):
        for who in scene.clinicians(segment[3]):
            actor = who if "reference" in who else {**who, "type": "Practitioner"}
            taking.append({"actor": actor, "status": "accepted"})
    for segment in scene.message.all("AIL"):
        name = place_name(segment[3])
        if name:
            taking.append({"actor": {"display": name, "type": "Location"}, "status": "accepted"})
    for segment in scene.message.all("AIG"):
        thing = segment.text(3, 2) or segment.text(3)
        if thing:
            taking.append({"actor": {"display": thing, "type": "Device"}, "status": "accepted"})
    return taking


def _place_of_visit(scene: Scene) -> list[Fhir]:
    visit = scene.message.first("PV1")
    name = place_name(visit[3]) if visit else ""
    return [{"actor": {"display": name, "type": "Location"}, "status": "accepted"}] if name else []


def read_appointment(scene: Scene, booking: Segment) -> None:
    """One SCH as an Appointment."""
    scene.used.update({"SCH", "TQ1", "RGS", "AIS", "AIP", "AIL", "AIG", "NTE"})
    if scene.patient is None:
        return
    number = scene.number(booking[2]) or scene.number(booking[1])
    start, end = _times(scene, booking)
    told = (
        (number.get("system", ""), number["value"])
        if number
        else (scene.patient["reference"], start or scene.control_id)
    )
    taking = _who(scene)
    if not any(part["actor"].get("type") == "Location" for part in taking):
        taking += _place_of_visit(scene)
    services = [code for segment in scene.message.all("AIS") if (code := coded(segment[3], scene.local))]
    reason = coded(booking[7], scene.local, "0276")
    sort = coded(booking[8], scene.local, "0277")
    length = _length(scene, booking)
    notes = [note["text"] for note in notes_of(scene.message.all("NTE"))]
    status = _status(scene, booking)
    why = coded(booking[6], scene.local)
    scene.add(
        "Appointment",
        logical_id("Appointment", *told),
        patch=True,
        identifier=[one for field in (2, 1) if (one := scene.number(booking[field]))],
        status=status,
        cancelationReason=why if status == "cancelled" else None,
        serviceType=services,
        appointmentType=sort,
        reasonCode=[reason] if reason else [],
        description=(reason or {}).get("text") or next((code["text"] for code in services if code.get("text")), None),
        start=start,
        end=end,
        minutesDuration=length,
        created=scene.stamp if scene.trigger == "S12" else None,
        comment="\n".join(notes),
        patientInstruction="\n".join(note for note in notes if note.casefold().startswith("patient instruction")),
        participant=taking,
    )
