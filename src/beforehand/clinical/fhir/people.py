"""Patient, RelatedPerson, CareTeam, Consent and Flag."""

from __future__ import annotations

from typing import Any

from beforehand.clinical.fhir.contract import Mapped, MappingContext, MappingError, PersonStatement, Resource, Row
from beforehand.clinical.fhir.elements import (
    code_in,
    codings,
    extension,
    first,
    flag,
    full_name,
    latest,
    name_in,
    need,
    one_line,
    patient_in,
    period,
    phone_in,
    status_of,
    type_in,
    vocabulary,
    when,
    words,
)
from beforehand.clinical.tables import REFERENCES

SEX = vocabulary("patient_record", "sex")
TEAM = vocabulary("care_team_member")
CONSENT = vocabulary("consent")
FLAG = vocabulary("flag")
REFERENCE_TYPES = frozenset(table.fhir for table in REFERENCES.values())
# US Core states the sex assigned at birth by these letters, newer editions by SNOMED CT identifiers.
BIRTH_SEX = {"F": "F", "M": "M", "OTH": "OTH", "UNK": "UNK", "248152002": "F", "248153007": "M"}
YES = frozenset({"373066001", "Y", "yes"})
NO = frozenset({"373067005", "N", "no"})


def map_patient(r: Resource, ctx: MappingContext) -> Mapped:
    """One source's statement of who a person is."""
    deceased = when(r, "deceasedDateTime", ctx)
    is_deceased = 1 if deceased.from_day is not None else flag(r, "deceasedBoolean") or 0
    birth_sex = extension(r, "us-core-birthsex", "us-core-sex")
    mapped = Mapped(
        [
            (
                "patient_record",
                "",
                [
                    *when(r, "birthDate", ctx),
                    status_of(r, SEX, "gender", required=False),
                    BIRTH_SEX.get(str(birth_sex.get("valueCode"))) if birth_sex else None,
                    0 if flag(r, "active") == 0 else 1,
                    is_deceased,
                    *deceased,
                    ctx.concept(_language(r)),
                    _needs_interpreter(r),
                    ctx.concept(r.get("maritalStatus")),
                    ctx.ref(first(r, "generalPractitioner")),
                ],
            )
        ]
    )
    mapped.person = PersonStatement(_names(r), _identifiers(r), _contacts(r), _links(r))
    return mapped


def _language(r: Resource) -> Any:
    """The preferred language; the only one named where none is marked as preferred."""
    spoken = r.get("communication") or []
    preferred = [entry for entry in spoken if entry.get("preferred")] or (spoken if len(spoken) == 1 else [])
    return preferred[0].get("language") if preferred else None


def _needs_interpreter(r: Resource) -> int | None:
    said = extension(r, "patient-interpreterRequired", "us-core-interpreter-needed")
    if said is None:
        return None
    if "valueBoolean" in said:
        return flag(said, "valueBoolean", "Patient.extension")
    code = (said.get("valueCoding") or {}).get("code") or code_in(said.get("valueCodeableConcept"))
    return 1 if code in YES else 0 if code in NO else None


def _names(r: Resource) -> list[tuple[str, str, str, str]]:
    names = []
    for name in r.get("name") or ():
        given = " ".join(part for part in name.get("given") or () if part)
        family = words(name, "family", "Patient.name") or ""
        text = words(name, "text", "Patient.name") or full_name(name) or ""
        names.append((words(name, "use", "Patient.name") or "", family, given, text))
    return names


def _identifiers(r: Resource) -> list[tuple[str, str, str]]:
    return [
        (
            words(sent, "system", "Patient.identifier") or "",
            words(sent, "value", "Patient.identifier") or "",
            next((coding["code"] for coding in codings(sent.get("type")) if coding.get("code")), ""),
        )
        for sent in r.get("identifier") or ()
        if sent.get("value")
    ]


def _contacts(r: Resource) -> list[tuple[str, str, str]]:
    contacts = []
    for sent in r.get("telecom") or ():
        value = words(sent, "value", "Patient.telecom")
        if value:
            system = words(sent, "system", "Patient.telecom") or "other"
            contacts.append(
                ("phone" if system == "sms" else system, words(sent, "use", "Patient.telecom") or "", value)
            )
    for address in r.get("address") or ():
        line = one_line(address)
        if line:
            contacts.append(("address", words(address, "use", "Patient.address") or "", line))
    for person in r.get("contact") or ():
        parts = (full_name(person.get("name")), phone_in(person))
        line = ", ".join(part for part in parts if part)
        if line:
            contacts.append(("contact", code_in(first(person, "relationship")) or "", line))
    return contacts


def _links(r: Resource) -> list[tuple[str, Resource]]:
    return [(link.get("type", ""), link["other"]) for link in r.get("link") or () if link.get("other")]


def map_related_person(r: Resource, ctx: MappingContext) -> Mapped:
    """A relative, friend or carer."""
    start, end = period(r, "period", ctx)
    values = [
        ctx.concept(first(r, "relationship")),
        full_name(first(r, "name")),
        phone_in(r),
        0 if flag(r, "active") == 0 else 1,
        *start,
        *end,
    ]
    return Mapped([("related_person", "", values)], patient_in(r, "patient"))


def map_care_team(r: Resource, ctx: MappingContext) -> Mapped:
    """One row a participant; the team itself is their common number."""
    status = status_of(r, TEAM, required=False)
    team_start, team_end = period(r, "period", ctx)
    rows: list[Row] = []
    for index, participant in enumerate(r.get("participant") or ()):
        need(participant, dict, "CareTeam.participant")
        member = participant.get("member")
        start, end = period(participant, "period", ctx, "CareTeam.participant")
        values = [
            ctx.own_id,
            status,
            ctx.concept(first(participant, "role")),
            ctx.ref(member),
            type_in(member) or None,
            name_in(r, member),
            *(start if start.from_day is not None else team_start),
            *(end if end.from_day is not None else team_end),
        ]
        rows.append(("care_team_member", f"participant-{index}", values))
    return Mapped(rows, patient_in(r, "subject"), status == "entered-in-error")


def map_consent(r: Resource, ctx: MappingContext) -> Mapped:
    """A decision about the use or sharing of the record."""
    status = status_of(r, CONSENT)
    provision = r.get("provision") or {}
    decision = words(provision, "type", "Consent.provision")
    if decision is None:
        decision = {"OPTIN": "permit", "OPTOUT": "deny"}.get(code_in(r.get("policyRule")) or "")
    elif decision not in ("permit", "deny"):
        raise MappingError("Consent.provision.type", "the word is neither permit nor deny")
    start, end = period(provision, "period", ctx, "Consent.provision")
    values = [
        status,
        ctx.concept(r.get("scope")),
        ctx.concept(first(r, "category")),
        decision,
        *when(r, "dateTime", ctx),
        *start,
        *end,
    ]
    return Mapped([("consent", "", values)], patient_in(r, "patient"), status == "entered-in-error")


def map_flag(r: Resource, ctx: MappingContext) -> Mapped:
    """A warning or notice."""
    status = status_of(r, FLAG)
    start, end = period(r, "period", ctx)
    values = [status, ctx.concept(r.get("code")), ctx.concept(first(r, "category")), *start, *end]
    return Mapped([("flag", "", values)], patient_in(r, "subject"), status == "entered-in-error")


def map_provenance(r: Resource, ctx: MappingContext) -> Mapped:
    """Who made another resource, as a source tells it."""
    targets = r.get("target") or []
    agent = first(r, "agent") or {}
    recorded = when(r, "recorded", ctx)
    start, end = period(r, "occurredPeriod", ctx)
    values = [
        ctx.ref(targets[0]) if targets else None,
        ctx.concept(r.get("activity")),
        *(recorded if recorded.from_day is not None else latest(when(r, "occurredDateTime", ctx), latest(start, end))),
        ctx.ref(agent.get("who")),
        name_in(r, agent.get("who")),
    ]
    mapped = Mapped([("provenance", "", values)])
    for target in targets:
        if type_in(target) == "Patient":
            mapped.patient = target
            return mapped
    mapped.through = tuple(targets)
    if not targets:
        raise MappingError("Provenance.target", "it does not say what it is about")
    mapped.is_kept_only = all(type_in(target) in REFERENCE_TYPES for target in targets)
    return mapped
