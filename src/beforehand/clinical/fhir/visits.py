"""Encounter, EpisodeOfCare and Appointment."""

from __future__ import annotations

import re
from typing import Any

from beforehand.clinical.codes import token_of
from beforehand.clinical.fhir.contract import Mapped, MappingContext, MappingError, Resource, Row
from beforehand.clinical.fhir.elements import (
    codings,
    first,
    label_of,
    name_in,
    patient_in,
    period,
    status_of,
    type_in,
    vocabulary,
    when,
    whole,
    words,
)

ENCOUNTER = vocabulary("encounter")
EPISODE = vocabulary("episode_of_care")
APPOINTMENT = vocabulary("appointment")
_CARERS = frozenset(("Practitioner", "PractitionerRole"))
_PLACES = frozenset(("Location", "HealthcareService", "Organization"))
_NOT_PATIENTS = _CARERS | _PLACES | {"RelatedPerson", "Device", "CareTeam", "Group"}
_SETTINGS = frozenset(("AMB", "VR", "HH"))
# Rides: our own work codes, and HCPCS level II non-emergency transportation.
_RIDES = re.compile(
    r"work:ride(?:-by-(?:family|self))?|hcpcs:(?:A0(?:080|090|1[0-9]{2}|2(?:00|10))|T200[1-57]|T2049|S0209|S0215)"
)
_RIDE_WORDS = re.compile(r"\b(?:transport(?:ation)?|ride)\b", re.IGNORECASE)
_REMOTE_WORDS = re.compile(r"\b(?:telehealth|telemedicine|video|virtual|telephone|phone)\b", re.IGNORECASE)


def sort_of(r: Resource) -> Any:
    """What sort of visit it is. One of several sorts is each of them, and is called by the first."""
    sorts = [sort for sort in r.get("type") or () if sort]
    if len(sorts) < 2:
        return first(r, "type")
    label = label_of(sorts[0])
    return {
        "coding": [coding for sort in sorts for coding in codings(sort)],
        **({"text": label} if label else {}),
    }


def map_encounter(r: Resource, ctx: MappingContext) -> Mapped:
    """A visit, call or stay."""
    status = status_of(r, ENCOUNTER)
    start, end = period(r, "period", ctx)
    stay = r.get("hospitalization") or {}
    place = (first(r, "location") or {}).get("location")
    provider = r.get("serviceProvider")
    person = next((part["individual"] for part in r.get("participant") or () if part.get("individual")), None)
    values = [
        status,
        words(r.get("class") or {}, "code", "Encounter.class"),
        ctx.concept(sort_of(r)),
        ctx.concept(first(r, "reasonCode")),
        *start,
        *end,
        ctx.concept(stay.get("dischargeDisposition")),
        ctx.concept(stay.get("admitSource")),
        ctx.ref(person),
        ctx.ref(provider),
        ctx.ref(place),
        name_in(r, place) or name_in(r, provider),
        ctx.ref(r.get("partOf")),
        ctx.ref(first(r, "appointment")),
    ]
    rows: list[Row] = [("encounter", "", values)]
    for index, sent in enumerate(r.get("diagnosis") or ()):
        part = [ctx.own_id, ctx.ref(sent.get("condition")), ctx.concept(sent.get("use"))]
        rows.append(("encounter_diagnosis", f"diagnosis-{index}", [*part, whole(sent, "rank", "Encounter.diagnosis")]))
    return Mapped(rows, patient_in(r, "subject"), status == "entered-in-error")


def map_episode_of_care(r: Resource, ctx: MappingContext) -> Mapped:
    """A stretch of care for a purpose."""
    status = status_of(r, EPISODE)
    start, end = period(r, "period", ctx)
    values = [status, ctx.concept(first(r, "type")), *start, *end]
    return Mapped([("episode_of_care", "", values)], patient_in(r, "patient"), status == "entered-in-error")


def _kind(r: Resource) -> tuple[str | None, int]:
    """RIDE, or the setting where it is said; and whether it is held by phone or video."""
    sorts: list[Any] = [*(r.get("serviceType") or ()), *(r.get("serviceCategory") or ()), r.get("appointmentType")]
    kind, remote = None, 0
    for sort in sorts:
        if not sort:
            continue
        label = label_of(sort) or ""
        for coding in codings(sort):
            code = coding.get("code")
            if _RIDES.fullmatch(f"{token_of(coding.get('system') or '')}:{code}"):
                return "RIDE", 0
            if code in _SETTINGS:
                kind = code
        if _RIDE_WORDS.search(label):
            return "RIDE", 0
        if _REMOTE_WORDS.search(label):
            remote = 1
    return kind, int(remote or kind == "VR")


def service_of(r: Resource) -> Any:
    """What it is for. One booking for several services, such as tests of one blood draw, counts for each of them."""
    services = [service for service in r.get("serviceType") or () if service]
    if len(services) < 2:
        return first(r, "serviceType")
    text = ", ".join(dict.fromkeys(label for service in services if (label := label_of(service))))
    return {
        "coding": [coding for service in services for coding in codings(service)],
        **({"text": text} if text else {}),
    }


def _patients(actors: list[Resource]) -> tuple[Resource | None, tuple[Resource, ...]]:
    """Whose appointment it is, or the actors among whom the patient must be, where their references do not say."""
    patients = {
        str(actor.get("reference") or actor.get("identifier")): actor for actor in actors if type_in(actor) == "Patient"
    }
    if len(patients) > 1:
        raise MappingError(
            "Appointment.participant",
            "it is for several patients at once",
            "Ask the sender for one appointment a patient.",
        )
    if patients:
        return next(iter(patients.values())), ()
    untold = tuple(actor for actor in actors if type_in(actor) not in _NOT_PATIENTS and actor.get("reference"))
    if not untold:
        raise MappingError("Appointment.participant", "it does not say which patient it is for")
    return None, untold


def map_appointment(r: Resource, ctx: MappingContext) -> Mapped:
    """A booking of a visit, ride or other service."""
    status = status_of(r, APPOINTMENT)
    actors = [part["actor"] for part in r.get("participant") or () if part.get("actor")]
    patient, through = _patients(actors)
    carer = next((actor for actor in actors if type_in(actor) in _CARERS), None)
    place = next((actor for actor in actors if type_in(actor) in _PLACES), None)
    named = next((actor for actor in actors if not type_in(actor) and not actor.get("reference")), None)
    start, end = when(r, "start", ctx), when(r, "end", ctx)
    minutes = whole(r, "minutesDuration", "Appointment")
    if minutes is None and start.at is not None and end.at is not None and end.at >= start.at:
        minutes = (end.at - start.at) // 60
    kind, remote = _kind(r)
    visit = None
    if kind == "RIDE":
        about = r.get("supportingInformation") or []
        visit = next((named for named in about if type_in(named) in ("Appointment", "")), None)
    values = [
        status,
        ctx.concept(service_of(r)),
        ctx.concept(first(r, "specialty")),
        kind,
        *start,
        *end,
        minutes,
        *when(r, "created", ctx),
        ctx.ref(first(r, "basedOn")),
        ctx.ref(carer),
        ctx.ref(place),
        name_in(r, place) or name_in(r, named) or name_in(r, carer),
        words(r, "description"),
        words(r, "patientInstruction"),
        remote,
        ctx.ref(visit),
    ]
    mapped = Mapped([("appointment", "", values)], patient, status == "entered-in-error")
    mapped.through = through
    return mapped
