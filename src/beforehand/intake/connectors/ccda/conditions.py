"""Problems, diagnoses, health concerns and allergies."""

from __future__ import annotations

from typing import Any

from beforehand.intake.connectors.ccda.datatypes import (
    UnreadableError,
    attribute,
    child,
    children,
    codings_of,
    identifiers_of,
    is_null,
    templates_of,
    time_of,
    when,
)
from beforehand.intake.connectors.ccda.document import Entry, related
from beforehand.intake.connectors.ccda.people import author_of
from beforehand.intake.connectors.xml import Element

_T = "2.16.840.1.113883.10.20.22.4."
PROBLEM, ALLERGY = f"{_T}4", f"{_T}7"
PROBLEM_STATUS, ALLERGY_STATUS = f"{_T}6", f"{_T}28"
_SEVERITY, _REACTION, _CRITICALITY = f"{_T}8", f"{_T}9", f"{_T}145"
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_SURE = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
_ALLERGY_CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
_ALLERGY_SURE = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
_SNOMED = "http://snomed.info/sct"

# Words of a status, by the SNOMED CT codes that C-CDA binds to status observations.
_STATUS = {
    "55561003": "active", "73425007": "inactive", "413322009": "resolved", "246455001": "recurrence",
    "263855007": "relapse", "277022003": "remission",
}  # fmt: skip
_ACT_STATUS = {"active": "active", "suspended": "inactive", "aborted": "inactive", "completed": "resolved"}
_SEVERITIES = {
    "255604002": "mild", "371923003": "moderate", "6736007": "moderate", "371924009": "severe", "24484000": "severe",
    "399166001": "severe",
}  # fmt: skip
_CRITICALITIES = {"CRITL": "low", "CRITH": "high", "CRITU": "unable-to-assess"}
# Kind and category, by the SNOMED CT codes that C-CDA binds to the value of an allergy.
_KINDS: dict[str, tuple[str, str]] = {
    "419199007": ("allergy", ""), "416098002": ("allergy", "medication"), "414285001": ("allergy", "food"),
    "59037007": ("intolerance", "medication"), "235719002": ("intolerance", "food"), "418038007": ("", ""),
    "419511003": ("", "medication"), "418471000": ("", "food"), "420134006": ("", ""),
    "426232007": ("allergy", "environment"), "232347008": ("allergy", "environment"),
}  # fmt: skip
_NONE_KNOWN = {
    "": ("716186003", "No known allergy"),
    "medication": ("409137002", "No known drug allergy"),
    "food": ("429625007", "No known food allergy"),
    "environment": ("428607008", "No known environmental allergy"),
}
_ANY_PROBLEM = frozenset(("55607006", "64572001", "404684003", "418799008", "282291009"))


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _status_said(statement: Element, *templates: str) -> str | None:
    """The word of a status observation, which older documents have."""
    for found in related(statement, *templates):
        word = _STATUS.get(attribute(found, "value", "code"))
        if word:
            return word
    return None


def _course(statement: Element, concern: Element | None) -> str | None:
    """Whether it is active: what a status observation says, else an end that is stated, else the concern's state."""
    said = _status_said(statement, PROBLEM_STATUS, ALLERGY_STATUS)
    if said:
        return said
    end = child(statement, "effectiveTime/high")
    if end is not None and (end.get("value") or end.get("nullFlavor") in ("UNK", "NI", "ASKU", "NAV")):
        return "resolved"  # C-CDA: an end that is stated, even without its date, means that it is over
    if concern is None:
        return None
    return _ACT_STATUS.get(attribute(concern, "statusCode", "code"))


def _severity(entry: Entry, statement: Element) -> tuple[str | None, dict[str, Any] | None]:
    for found in related(statement, _SEVERITY):
        value = child(found, "value")
        word = _SEVERITIES.get(attribute(value, "", "code"))
        return word, entry.concept(value, "severity")
    return None, None


def _withdrawn(statement: Element, concern: Element | None) -> bool:
    return "nullified" in (attribute(statement, "statusCode", "code"), attribute(concern, "statusCode", "code"))


def write_problem(entry: Entry, statement: Element, concern: Element | None, category: str) -> None:
    """One problem observation as a Condition."""
    value = child(statement, "value")
    code = entry.concept(value, "value")
    if code is None:
        words = entry.words(child(statement, "text"))
        code = {"text": words} if words else None
    if code is None:
        raise UnreadableError("problem", "It does not say which problem.")
    is_negated = statement.get("negationInd") == "true"
    if is_negated and {coding["code"] for coding in codings_of(value)} <= _ANY_PROBLEM:
        code = code | {"text": "No known problems"}
    sure = "entered-in-error" if _withdrawn(statement, concern) else "refuted" if is_negated else "confirmed"
    course = None if sure == "entered-in-error" else _course(statement, concern)
    time = child(statement, "effectiveTime")
    onset = time_of(child(time, "low"), "onset") or time_of(time, "onset")
    who, at = author_of(entry, statement)
    if who is None and at is None:
        who, at = author_of(entry, concern)
    sites = [site for one in children(statement, "targetSiteCode") if (site := entry.concept(one, "body site"))]
    entry.write(
        "Condition",
        statement,
        identifier=identifiers_of(statement),
        clinicalStatus=_coded(_CLINICAL, course) if course else None,
        verificationStatus=_coded(_SURE, sure),
        category=[_coded(_CATEGORY, category)],
        severity=_severity(entry, statement)[1],
        code=code,
        bodySite=sites,
        onsetDateTime=onset,
        abatementDateTime=time_of(child(time, "high"), "resolution"),
        recordedDate=at,
        asserter=who,
    )


def write_concern(entry: Entry, concern: Element, category: str) -> None:
    """Every problem that a concern, diagnosis or health concern holds."""
    found = _problems_in(concern)
    if not found:
        raise UnreadableError("concern", "The concern holds no problem.", "Ask the sender for the problem itself.")
    for statement in found:
        try:
            write_problem(entry, statement, concern, category)
        except UnreadableError as fault:
            entry.refuse(fault)


def _problems_in(concern: Element) -> list[Element]:
    """Observations inside that are problems by their template; those that name a value where none follows it."""
    inside = [one for one in related(concern) if one.tag.endswith("}observation")]
    named = [one for one in inside if PROBLEM in templates_of(one)]
    return named or [one for one in inside if child(one, "value") is not None]


# Allergies.


def write_allergies(entry: Entry, concern: Element) -> None:
    """Every allergy that a concern holds."""
    inside = [one for one in related(concern) if one.tag.endswith("}observation")]
    found = [one for one in inside if ALLERGY in templates_of(one)] or inside
    if not found:
        raise UnreadableError("allergy", "The concern holds no allergy.", "Ask the sender for the allergy itself.")
    if not any(ALLERGY in templates_of(one) for one in found):
        entry.remark("allergy", "It names no template of an allergy; it is read by the section it stands in.")
    for statement in found:
        try:
            write_allergy(entry, statement, concern)
        except UnreadableError as fault:
            entry.refuse(fault)


def write_allergy(entry: Entry, statement: Element, concern: Element | None) -> None:
    """One allergy, or the statement that none is known."""
    value = child(statement, "value")
    kind, category = _KINDS.get(attribute(value, "", "code"), ("", ""))
    said = entry.concept(value, "kind of allergy")
    substances = children(statement, "participant/participantRole/playingEntity")
    substance = next((found for one in substances if (found := _substance(entry, one)) is not None), None)
    is_negated = statement.get("negationInd") == "true"
    sure = "confirmed"
    if substance is None and is_negated:
        number, words = _NONE_KNOWN[category]
        substance = {"coding": [{"system": _SNOMED, "code": number, "display": words}]}
    elif is_negated:
        sure = "refuted"
    if substance is None:
        words = entry.words(child(statement, "text"))
        substance = {"text": words} if words else said if said and attribute(value, "", "code") not in _KINDS else None
    if substance is None:
        raise UnreadableError("allergy", "It does not say to what the patient is allergic.")
    if _withdrawn(statement, concern):
        sure = "entered-in-error"
    course = _course(statement, concern) if sure == "confirmed" else None
    time = child(statement, "effectiveTime")
    who, at = author_of(entry, statement)
    if who is None and at is None:
        who, at = author_of(entry, concern)
    critical = [_CRITICALITIES.get(attribute(one, "value", "code")) for one in related(statement, _CRITICALITY)]
    entry.write(
        "AllergyIntolerance",
        statement,
        identifier=identifiers_of(statement),
        clinicalStatus=_coded(_ALLERGY_CLINICAL, course) if course else None,
        verificationStatus=_coded(_ALLERGY_SURE, sure),
        type=kind,
        category=[category] if category else [],
        criticality=next((word for word in critical if word), None),
        code=substance,
        onsetDateTime=time_of(child(time, "low"), "onset") or time_of(time, "onset"),
        recordedDate=at,
        asserter=who,
        reaction=_reactions(entry, statement),
    )


def _substance(entry: Entry, playing: Element) -> dict[str, Any] | None:
    code = entry.concept(child(playing, "code"), "substance")
    if code is None and not is_null(name := child(playing, "name")):
        words = entry.words(name)
        return {"text": words} if words else None
    return code


def _reactions(entry: Entry, statement: Element) -> list[dict[str, Any]]:
    """Reactions with their severity; a severity of the allergy itself counts where a reaction has none."""
    overall, _ = _severity(entry, statement)
    reactions = []
    for found in related(statement, _REACTION):
        manifestation = entry.concept(child(found, "value"), "reaction")
        if manifestation is None:
            words = entry.words(child(found, "text"))
            manifestation = {"text": words} if words else None
        if manifestation is None:
            continue
        severity = _severity(entry, found)[0] or overall
        reaction: dict[str, Any] = {"manifestation": [manifestation]} | ({"severity": severity} if severity else {})
        onset = when(child(found, "effectiveTime"), "onset").get("onsetDateTime")
        reactions.append(reaction | ({"onset": onset} if onset else {}))
    if not reactions and overall:
        reactions.append({"severity": overall})
    return reactions
