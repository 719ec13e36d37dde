"""Results, vital signs, social history, functional and mental status: everything observed."""

from __future__ import annotations

import re
from collections import deque
from typing import Any

from beforehand.intake.connectors.ccda.datatypes import (
    UnreadableError,
    attribute,
    child,
    children,
    identifiers_of,
    period_of,
    quantity_of,
    time_of,
    type_of,
    when,
    words_in,
)
from beforehand.intake.connectors.ccda.document import Entry, related, statements_in
from beforehand.intake.connectors.ccda.people import author_of, performers_of
from beforehand.intake.connectors.xml import Element

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_STATUS = {
    "completed": "final", "active": "preliminary", "aborted": "cancelled", "cancelled": "cancelled",
    "held": "registered", "suspended": "registered", "new": "registered", "nullified": "entered-in-error",
    "normal": "final",
}  # fmt: skip
_REPORT_STATUS = {"active": "partial", "held": "registered", "aborted": "cancelled"}
_FLAVORS = {
    "UNK": "unknown", "NI": "unknown", "ASKU": "asked-unknown", "NASK": "not-asked", "NAV": "temp-unknown",
    "NA": "not-applicable", "MSK": "masked", "PINF": "positive-infinity", "NINF": "negative-infinity",
    "OTH": "unsupported",
}  # fmt: skip
# What a sender's software leaves where it should have filled in a value: {entry.value}, ${value}, {{ value }}.
_PLACEHOLDER = re.compile(r"[$#]?\{\{?\s*[A-Za-z_][\w.]*\s*\}?\}")
_UNFILLED = {
    "coding": [{"system": _ABSENT, "code": "error"}],
    "text": "The sender left a placeholder where the value is due.",
}
_COMMENT = "2.16.840.1.113883.10.20.22.4.64"
_SEVERITY = "2.16.840.1.113883.10.20.22.4.8"
_NOT_PARTS = frozenset((_COMMENT, _SEVERITY))


def value_of(entry: Entry, value: Element) -> dict[str, Any]:
    """A value of any type as ``value[x]``; why there is none where it is null."""
    flavor = value.get("nullFlavor")
    kind = type_of(value)
    if kind in ("CD", "CE", "CV", "CO", "CS", "SC"):
        concept = entry.concept(value, "value")
        if concept:
            return {"valueCodeableConcept": concept}
    elif kind in ("ST", "ED"):
        if words := entry.words(value):
            if _PLACEHOLDER.fullmatch(words):
                return {"dataAbsentReason": _UNFILLED}
            return {"valueString": words}
    elif kind == "BL" and value.get("value") in ("true", "false"):
        return {"valueBoolean": value.get("value") == "true"}
    elif kind in ("IVL_PQ", "IVL_REAL", "IVL_INT"):
        if found := _range(value):
            return found
    elif kind.startswith("RTO"):
        return _ratio(value)
    elif kind in ("TS", "TS.DATE", "IVL_TS"):
        return when(value, "value")
    elif kind == "PIVL_TS":
        return {}
    elif not flavor and (value.get("value") or "").strip():
        quantity = quantity_of(value, "value")
        if kind == "INT" and quantity and isinstance(quantity["value"], int):
            return {"valueInteger": quantity["value"]}
        return {"valueQuantity": quantity}
    elif not flavor and (words := words_in(value)):
        return {"valueString": words}
    code = _FLAVORS.get(flavor or "", "unknown")
    absent: dict[str, Any] = {"coding": [{"system": _ABSENT, "code": code}]}
    if words := entry.words(child(value, "originalText")) or words_in(child(value, "translation/originalText")):
        absent["text"] = words
    return {"dataAbsentReason": absent}


def _range(value: Element) -> dict[str, Any]:
    """A range, or a bound: C-CDA says "greater than" as a low end that is not included."""
    point = quantity_of(value, "value")
    if point:
        return {"valueQuantity": point}
    ends = {}
    for end in ("low", "high"):
        found = child(value, end)
        if found is not None and (amount := quantity_of(found, "value")):
            ends[end] = (amount, found.get("inclusive") != "false")
    if len(ends) == 2:
        return {"valueRange": {end: amount for end, (amount, _) in ends.items()}}
    if "low" in ends:
        amount, includes = ends["low"]
        return {"valueQuantity": amount | {"comparator": ">=" if includes else ">"}}
    if "high" in ends:
        amount, includes = ends["high"]
        return {"valueQuantity": amount | {"comparator": "<=" if includes else "<"}}
    return {}


def _ratio(value: Element) -> dict[str, Any]:
    ends = {name: found for name in ("numerator", "denominator") if (found := quantity_of(child(value, name), "value"))}
    return {"valueRatio": ends} if ends else {}


def _normal_ranges(entry: Entry, statement: Element) -> list[dict[str, Any]]:
    found = []
    for one in children(statement, "referenceRange/observationRange"):
        sent: dict[str, Any] = {}
        value = child(one, "value")
        if value is not None:
            for end in ("low", "high"):
                if amount := quantity_of(child(value, end), "normal range"):
                    sent[end] = amount
        if words := entry.words(child(one, "text")):
            sent["text"] = words
        if code := entry.concept(child(one, "interpretationCode"), "normal range"):
            is_normal = any(coding.get("code") == "N" for coding in code.get("coding", ()))
            system = "http://terminology.hl7.org/CodeSystem/referencerange-meaning"
            sent["type"] = {"coding": [{"system": system, "code": "normal"}]} if is_normal else code
        if sent:
            found.append(sent)
    return found


def status_of(statement: Element) -> str:
    """The state of an observation; unknown where it does not say."""
    return _STATUS.get(attribute(statement, "statusCode", "code"), "unknown")


def _code(entry: Entry, statement: Element) -> dict[str, Any]:
    """What was observed; an error where it is not said."""
    code = entry.concept(child(statement, "code"), "code")
    if code is None and (words := entry.words(child(statement, "text"))):
        code = {"text": words}
    if code is None:
        raise UnreadableError("observation", "It does not say what was observed.")
    return code


def write_observation(entry: Entry, statement: Element, category: str, panel: Element | None = None) -> dict[str, Any]:
    """One observation; further values, and observations that qualify it, are its components."""
    code = _code(entry, statement)
    values = children(statement, "value")
    said = value_of(entry, values[0]) if values else {}
    status = status_of(statement)
    if statement.get("negationInd") == "true":
        said, status = _denied(said, status)
    elif not said and not related(statement):
        said = {"dataAbsentReason": {"coding": [{"system": _ABSENT, "code": "unknown"}]}}
    components = [{"code": code} | value_of(entry, value) for value in values[1:]]
    inside = []
    for part in related(statement):
        templates = {found.get("root") for found in children(part, "templateId")}
        if not part.tag.endswith("}observation") or templates & _NOT_PARTS:
            continue
        if child(part, "value") is None:
            inside.append(part)
        else:
            components.append({"code": _code(entry, part)} | value_of(entry, children(part, "value")[0]))
    time = child(statement, "effectiveTime")
    if not period_of(time, "effectiveTime"):
        time = child(panel, "effectiveTime")
    _, at = author_of(entry, statement)
    notes = [{"text": words} for one in related(statement, _COMMENT) if (words := entry.words(child(one, "text")))]
    resource = entry.write(
        "Observation",
        statement,
        identifier=identifiers_of(statement),
        status=status,
        category=[{"coding": [{"system": CATEGORY, "code": category}]}] if category else [],
        code=code,
        issued=at if at and "T" in at else None,
        performer=performers_of(entry, statement),
        interpretation=[
            found
            for one in children(statement, "interpretationCode")
            if (found := entry.concept(one, "interpretation"))
        ],
        bodySite=next(
            (site for one in children(statement, "targetSiteCode") if (site := entry.concept(one, "body site"))), None
        ),
        method=entry.concept(child(statement, "methodCode"), "method"),
        referenceRange=_normal_ranges(entry, statement),
        component=components,
        note=notes,
        **said,
        **when(time, "effective"),
    )
    for part in inside:
        attempt(entry, part, category, statement)
    return resource


def _denied(said: dict[str, Any], status: str) -> tuple[dict[str, Any], str]:
    """An observation that is denied: not made where it has no value, else its value in words with a "no"."""
    concept = said.get("valueCodeableConcept")
    if concept is None:
        return {"dataAbsentReason": {"coding": [{"system": _ABSENT, "code": "not-performed"}]}}, "cancelled"
    words = concept.get("text") or next((one["display"] for one in concept.get("coding", ()) if "display" in one), "")
    return ({"valueString": f"Not: {words}"} if words else {"valueString": "Denied"}), status


def attempt(entry: Entry, statement: Element, category: str, panel: Element | None = None) -> dict[str, Any] | None:
    """Write an observation of several; set it aside alone where it cannot be read."""
    try:
        return write_observation(entry, statement, category, panel)
    except UnreadableError as fault:
        entry.refuse(fault)
        return None


def write_panel(entry: Entry, organizer: Element, category: str) -> None:
    """An organizer: each observation in it, and for results the report that holds them."""
    found = []
    waiting = deque((organizer,))
    while waiting:
        panel = waiting.popleft()
        for component in children(panel, "component"):
            for statement in statements_in(component):
                if statement.tag.endswith("}observation"):
                    if (resource := attempt(entry, statement, category, panel)) is not None:
                        found.append(resource)
                elif statement.tag.endswith("}organizer"):
                    waiting.append(statement)
    code = entry.concept(child(organizer, "code"), "panel")
    if not found and not entry.errors:
        raise UnreadableError("panel", "It holds no observation.", "Ask the sender for the results themselves.")
    if category != "laboratory" or code is None or not found:
        return
    said = attribute(organizer, "statusCode", "code")
    _, at = author_of(entry, organizer)
    time = child(organizer, "effectiveTime")
    entry.write(
        "DiagnosticReport",
        organizer,
        identifier=identifiers_of(organizer),
        status=_REPORT_STATUS.get(said) or status_of(organizer),
        category=[{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "LAB"}]}],
        code=code,
        issued=at if at and "T" in at else None,
        result=[{"reference": f"Observation/{one['id']}"} for one in found],
        **(when(time, "effective") or {key: value for key, value in found[0].items() if key.startswith("effective")}),
    )


def write_family_history(entry: Entry, organizer: Element) -> None:
    """What a relative has or had."""
    subject = child(organizer, "subject/relatedSubject")
    relationship = entry.concept(child(subject, "code"), "relationship")
    if relationship is None:
        raise UnreadableError("relative", "It does not say which relative it is about.")
    conditions = []
    for statement in related(organizer):
        code = entry.concept(child(statement, "value"), "relative's problem")
        if code is not None:
            age = next(
                (
                    found
                    for one in related(statement, "2.16.840.1.113883.10.20.22.4.31")
                    if (found := quantity_of(child(one, "value"), "age"))
                ),
                None,
            )
            died = bool(related(statement, "2.16.840.1.113883.10.20.22.4.47"))
            conditions.append(
                {"code": code} | ({"onsetAge": age} if age else {}) | ({"contributedToDeath": True} if died else {})
            )
    gender = {"F": "female", "M": "male"}.get(attribute(subject, "subject/administrativeGenderCode", "code"))
    sex = {"coding": [{"system": "http://hl7.org/fhir/administrative-gender", "code": gender}]} if gender else None
    dead = attribute(subject, "subject/sdtc:deceasedInd", "value")
    entry.write(
        "FamilyMemberHistory",
        organizer,
        identifier=identifiers_of(organizer),
        status="completed",
        relationship=relationship,
        sex=sex,
        bornDate=time_of(child(subject, "subject/birthTime"), "birth date of the relative"),
        deceasedBoolean=dead == "true" if dead in ("true", "false") else None,
        condition=conditions,
    )
