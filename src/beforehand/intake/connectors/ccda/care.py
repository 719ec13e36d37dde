"""Visits, procedures, plans, goals, instructions, notes, devices, coverage, care teams and advance directives."""

from __future__ import annotations

from typing import Any

from beforehand.intake.connectors.ccda.conditions import PROBLEM, write_problem
from beforehand.intake.connectors.ccda.datatypes import (
    UnreadableError,
    attribute,
    child,
    children,
    codings_of,
    identifiers_of,
    names_of,
    period_of,
    quantity_of,
    stated_id,
    templates_of,
    time_of,
    type_of,
    when,
    words_in,
)
from beforehand.intake.connectors.ccda.document import Entry, related
from beforehand.intake.connectors.ccda.header import ACT_CODE, encoded
from beforehand.intake.connectors.ccda.medicines import medicine_of, write_medication
from beforehand.intake.connectors.ccda.narrative import plain_of, read_narrative
from beforehand.intake.connectors.ccda.people import author_of, organization, performers_of, place_of, practitioner
from beforehand.intake.connectors.ccda.sections import text_of
from beforehand.intake.connectors.xml import Element

_T = "2.16.840.1.113883.10.20.22.4."
_INDICATION, _DIAGNOSIS, _POLICY = f"{_T}19", f"{_T}80", f"{_T}61"
_PLANNED = frozenset(("INT", "RQO", "PRMS", "PRP", "ARQ", "APT"))
_PROCEDURE = {
    "completed": "completed", "active": "in-progress", "aborted": "stopped", "cancelled": "not-done", "held": "on-hold",
    "suspended": "on-hold", "new": "preparation", "nullified": "entered-in-error",
}  # fmt: skip
_REQUEST = {
    "active": "active", "completed": "completed", "aborted": "revoked", "cancelled": "revoked", "held": "on-hold",
    "suspended": "on-hold", "new": "draft", "nullified": "entered-in-error",
}  # fmt: skip
_INTENTS = {"RQO": "order", "PRMS": "plan", "PRP": "proposal", "INT": "plan", "ARQ": "proposal", "APT": "order"}
_GOALS = {
    "active": "active", "completed": "completed", "aborted": "cancelled", "cancelled": "cancelled", "held": "on-hold",
    "suspended": "on-hold", "new": "proposed", "nullified": "entered-in-error",
}  # fmt: skip
_CLASSES = frozenset(["AMB", "EMER", "FLD", "HH", "IMP", "ACUTE", "NONAC", "OBSENC", "PRENC", "SS", "VR"])
_DIAGNOSIS_CATEGORY = "encounter-diagnosis"


def code_of(entry: Entry, statement: Element, what: str) -> dict[str, Any]:
    """What a statement is about: its code, else its words; an error where it has neither."""
    code = entry.concept(child(statement, "code"), "code")
    if code is None and (words := entry.words(child(statement, "text"))):
        code = {"text": words}
    if code is None:
        raise UnreadableError(what, "It does not say what it is.")
    return code


def _reasons(entry: Entry, statement: Element) -> list[dict[str, Any]]:
    return [
        code
        for one in related(statement, _INDICATION)
        if (code := entry.concept(child(one, "value"), "indication")) is not None
    ]


def is_planned(statement: Element) -> bool:
    """Whether it is to be done, and has not been."""
    return statement.get("moodCode") in _PLANNED


def write_encounter(entry: Entry, statement: Element) -> None:
    """A visit or stay, with its diagnoses."""
    period = period_of(child(statement, "effectiveTime"), "time of the visit")
    codings = list(codings_of(child(statement, "code")))
    sort = next((coding["code"] for coding in codings if coding["code"] in _CLASSES), None)
    disposition = entry.concept(child(statement, "sdtc:dischargeDispositionCode"), "discharge disposition")
    place = place_of(entry, statement)
    diagnoses = []
    for act in related(statement, _DIAGNOSIS):
        for problem in related(act, PROBLEM):
            try:
                write_problem(entry, problem, act, _DIAGNOSIS_CATEGORY)
            except UnreadableError as fault:
                entry.refuse(fault)
            else:
                diagnoses.append({"condition": {"reference": f"Condition/{entry.resources[-1]['id']}"}})
    said = attribute(statement, "statusCode", "code")
    stated = {"cancelled": "cancelled", "aborted": "cancelled", "nullified": "entered-in-error"}.get(said)
    type_ = entry.concept(child(statement, "code"), "kind of visit")
    if type_ is None and (words := entry.words(child(statement, "text"))):
        type_ = {"text": words}
    entry.write(
        "Encounter",
        statement,
        identifier=identifiers_of(statement),
        status=stated or ("in-progress" if said == "active" and "end" not in period else "finished"),
        class_={"system": ACT_CODE, "code": sort} if sort else None,
        type=[type_] if type_ else [],
        period=period,
        participant=[{"individual": who} for who in performers_of(entry, statement)],
        location=[{"location": place}] if place else [],
        reasonCode=_reasons(entry, statement),
        diagnosis=diagnoses,
        hospitalization={"dischargeDisposition": disposition} if disposition else None,
    )


def write_procedure(entry: Entry, statement: Element) -> None:
    """Something done to or for the patient, or refused."""
    code = code_of(entry, statement, "procedure")
    refusals = [entry.concept(child(one, "code"), "reason") for one in related(statement, type_code="RSON")]
    status = _PROCEDURE.get(attribute(statement, "statusCode", "code"), "unknown")
    if statement.get("negationInd") == "true":
        status = "not-done"
    place = place_of(entry, statement)
    entry.write(
        "Procedure",
        statement,
        identifier=identifiers_of(statement),
        status=status,
        statusReason=next((one for one in refusals if one), None) if status == "not-done" else None,
        code=code,
        performer=[{"actor": who} for who in performers_of(entry, statement)],
        location=place,
        reasonCode=_reasons(entry, statement),
        bodySite=[site for one in children(statement, "targetSiteCode") if (site := entry.concept(one, "body site"))],
        **when(child(statement, "effectiveTime"), "performed"),
    )
    for participant in children(statement, "participant"):
        if participant.get("typeCode") == "DEV" and status != "not-done":
            write_device(entry, participant, statement)
    for medication in related(statement, f"{_T}16"):
        try:
            write_medication(entry, medication, setting="given")
        except UnreadableError as fault:
            entry.refuse(fault)


def write_request(entry: Entry, statement: Element) -> None:
    """A planned act, observation, procedure or visit, or a referral: an order where it is one."""
    code = code_of(entry, statement, "plan")
    kind = statement.tag.rpartition("}")[2]
    category = {"encounter": "408443003"}.get(kind)
    entry.write(
        "ServiceRequest",
        statement,
        **_asked(entry, statement),
        doNotPerform=True if statement.get("negationInd") == "true" else None,
        category=[{"coding": [{"system": "http://snomed.info/sct", "code": category}]}] if category else [],
        code=code,
        performer=performers_of(entry, statement),
        reasonCode=_reasons(entry, statement),
    )


def _asked(entry: Entry, statement: Element) -> dict[str, Any]:
    """What every order says alike: how it stands, who asked for it, when, and for when."""
    who, at = author_of(entry, statement)
    return {
        "identifier": identifiers_of(statement),
        "status": _REQUEST.get(attribute(statement, "statusCode", "code"), "unknown"),
        "intent": _INTENTS.get(statement.get("moodCode") or "", "plan"),
        "authoredOn": at,
        "requester": who,
        **when(child(statement, "effectiveTime"), "occurrence"),
    }


def write_goal(entry: Entry, statement: Element) -> None:
    """A goal, with the measure and value it aims at."""
    code = entry.concept(child(statement, "code"), "goal")
    value = child(statement, "value")
    words = entry.words(child(statement, "text"))
    said = entry.words(value) if value is not None and type_of(value) in ("ST", "ED") else ""
    coded = entry.concept(value, "goal") if value is not None and type_of(value) in ("CD", "CE", "CO") else None
    description = coded or ({"text": said or words} if said or words else code)
    if description is None:
        raise UnreadableError("goal", "It does not say what the goal is.")
    time = child(statement, "effectiveTime")
    span = period_of(time, "time of the goal")
    target: dict[str, Any] = {}
    if value is not None and type_of(value) == "PQ" and (amount := quantity_of(value, "goal")):
        target["detailQuantity"] = amount
    elif value is not None and type_of(value) == "IVL_PQ":
        ends = {end: found for end in ("low", "high") if (found := quantity_of(child(value, end), "goal"))}
        target |= {"detailRange": ends} if ends else {}
    if target and code:
        target["measure"] = code
    if due := span.get("end") if span.get("end") != span.get("start") else None:
        target["dueDate"] = due[:10]
    who, _ = author_of(entry, statement)
    entry.write(
        "Goal",
        statement,
        identifier=identifiers_of(statement),
        lifecycleStatus=_GOALS.get(attribute(statement, "statusCode", "code"), "active"),
        description=description,
        startDate=(span.get("start") or "")[:10],
        target=[target] if target else [],
        expressedBy=who,
    )


def write_instruction(entry: Entry, statement: Element) -> None:
    """Something the patient was told, in words."""
    words = entry.words(child(statement, "text"))
    code = entry.concept(child(statement, "code"), "instruction")
    if not words and code is None:
        raise UnreadableError("instruction", "It says nothing.")
    who, at = author_of(entry, statement)
    category = "http://terminology.hl7.org/CodeSystem/communication-category"
    entry.write(
        "Communication",
        statement,
        identifier=identifiers_of(statement),
        status="preparation" if is_planned(statement) and not at else "completed",
        category=[{"coding": [{"system": category, "code": "instruction"}]}],
        topic=code,
        sent=at,
        sender=who,
        recipient=[entry.document.patient],
        payload=[{"contentString": words}] if words else [],
    )


def write_note(entry: Entry, statement: Element) -> None:
    """A note: what a clinician wrote."""
    text = child(statement, "text")
    words = entry.words(text)
    data = words_in(text) if text is not None and text.get("representation") == "B64" else ""
    if not words and not data and entry.section is not None and (around := text_of(entry.section)) is not None:
        entry.remark("note", "The note points to text that is not there; the section's text stands for it.")
        words = plain_of(read_narrative(around))
    if not words and not data:
        raise UnreadableError("note", "It says nothing.")
    who, at = author_of(entry, statement)
    kind = (text.get("mediaType") or "text/plain")[:100] if text is not None and data else "text/plain"
    entry.write(
        "DocumentReference",
        statement,
        identifier=identifiers_of(statement),
        status="current",
        type=entry.concept(child(statement, "code"), "kind of note"),
        date=at or time_of(child(statement, "effectiveTime"), "time of the note") or entry.document.stated,
        author=[who] if who else [],
        content=[{"attachment": {"contentType": kind, "data": data.replace(" ", "") if data else encoded(words)}}],
    )


def write_device(entry: Entry, holder: Element, statement: Element) -> None:
    """A device that is implanted or used."""
    role = child(holder, "participantRole")
    code = entry.concept(child(role, "playingDevice/code"), "device")
    model = words_in(child(role, "playingDevice/manufacturerModelName"))
    if code is None and not model and stated_id(role) is None:
        return
    udi = next(
        (one.get("extension") for one in children(role, "id") if one.get("root") == "2.16.840.1.113883.3.3719"), ""
    )
    entry.write(
        "Device",
        role if stated_id(role) else None,
        identifier=identifiers_of(role),
        udiCarrier=[{"carrierHRF": udi}] if udi else [],
        status="inactive" if attribute(statement, "statusCode", "code") in ("aborted", "cancelled") else "active",
        deviceName=[{"name": model, "type": "model-name"}] if model else [],
        type=code,
    )


def write_supply(entry: Entry, statement: Element) -> None:
    """Equipment handed over, in use, or ordered."""
    devices = [
        one for one in children(statement, "participant") if child(one, "participantRole/playingDevice") is not None
    ]
    if is_planned(statement):
        code = entry.concept(child(devices[0], "participantRole/playingDevice/code"), "device") if devices else None
        code = code or medicine_of(entry, statement)
        entry.write("DeviceRequest", statement, **_asked(entry, statement), codeCodeableConcept=code)
        return
    before = len(entry.resources)
    for device in devices:
        write_device(entry, device, statement)
    if len(entry.resources) == before:
        entry.write(
            "Device",
            statement,
            identifier=identifiers_of(statement),
            status="active",
            type=medicine_of(entry, statement),
        )


def write_coverage(entry: Entry, act: Element) -> None:
    """Who pays: each policy of a coverage."""
    policies = related(act, _POLICY) or [one for one in related(act) if one.tag.endswith("}act")] or [act]
    for policy in policies:
        payers, member, span = [], "", {}
        for performer in children(policy, "performer"):
            role = child(performer, "assignedEntity")
            if performer.get("typeCode") == "PRF" and "2.16.840.1.113883.10.20.22.4.87" in templates_of(performer):
                payer = organization(entry, child(role, "representedOrganization"))
                payers += [payer] if payer else []
        if not payers:
            payers = performers_of(entry, policy)[:1]
        for participant in children(policy, "participant"):
            if participant.get("typeCode") == "COV":
                span = period_of(child(participant, "time"), "coverage")
                member = attribute(participant, "participantRole/id", "extension")
        if not payers:
            raise UnreadableError("coverage", "It does not say who pays.", "Ask the sender which payer is meant.")
        group = next((one.get("extension") or "" for one in children(policy, "id") if one.get("extension")), "")
        class_type = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/coverage-class", "code": "group"}]}
        entry.write(
            "Coverage",
            policy,
            identifier=identifiers_of(policy),
            status="active",
            type=entry.concept(child(policy, "code"), "kind of coverage"),
            subscriberId=member,
            period=span,
            payor=payers,
            class_=[{"type": class_type, "value": group}] if group else [],
        )


def write_care_team(entry: Entry, organizer: Element) -> None:
    """A care team that an entry states."""
    members = []
    for statement in related(organizer):
        for performer in children(statement, "performer"):
            role = child(performer, "assignedEntity")
            who = practitioner(entry, role) or organization(entry, child(role, "representedOrganization"))
            if who is None:
                continue
            function = entry.concept(child(performer, "sdtc:functionCode"), "function")
            members.append(
                {"member": who, "period": period_of(child(statement, "effectiveTime"), "time in the team")}
                | ({"role": [function]} if function else {})
            )
    for participant in children(organizer, "participant"):
        names = names_of(children(participant, "participantRole/playingEntity/name"))
        if names:
            members.append(
                {"member": {"display": " ".join([*names[0].get("given", []), names[0].get("family", "")]).strip()}}
            )
    if not members:
        raise UnreadableError("care team", "It names nobody.")
    said = attribute(organizer, "statusCode", "code")
    entry.write(
        "CareTeam",
        organizer,
        identifier=identifiers_of(organizer),
        status={"completed": "inactive", "aborted": "inactive", "suspended": "suspended"}.get(said, "active"),
        name=entry.words(child(organizer, "code/originalText")),
        period=period_of(child(organizer, "effectiveTime"), "time of the team"),
        participant=[{key: value for key, value in member.items() if value} for member in members],
    )


def write_directive(entry: Entry, statement: Element) -> None:
    """What the patient wants done, or not done, when they cannot say so."""
    for one in [statement, *related(statement)] if statement.tag.endswith("}organizer") else [statement]:
        if not one.tag.endswith("}observation"):
            continue
        code = entry.concept(child(one, "value"), "directive") or entry.concept(child(one, "code"), "directive")
        if code is None and (words := entry.words(child(one, "text"))):
            code = {"text": words}
        if code is None:
            raise UnreadableError("advance directive", "It does not say what is wanted.")
        span = period_of(child(one, "effectiveTime"), "time of the directive")
        entry.write(
            "Consent",
            one,
            identifier=identifiers_of(one),
            status="entered-in-error" if attribute(one, "statusCode", "code") == "nullified" else "active",
            scope={"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "adr"}]},
            category=[code],
            dateTime=span.get("start"),
            provision={"period": span} if span else None,
        )
