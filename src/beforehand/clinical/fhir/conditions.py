"""Condition, AllergyIntolerance, DetectedIssue and Device."""

from __future__ import annotations

from typing import Any

from beforehand.clinical.codes import token_of
from beforehand.clinical.fhir.contract import Mapped, MappingContext, MappingError, Resource
from beforehand.clinical.fhir.elements import (
    codings,
    first,
    label_of,
    latest,
    moments,
    patient_in,
    status_of,
    vocabulary,
    when,
    words,
)

COURSE = vocabulary("condition", "clinical_status")
SURENESS = vocabulary("condition", "verification")
ALLERGY_COURSE = vocabulary("allergy", "clinical_status")
ALLERGY_SURENESS = vocabulary("allergy", "verification")
ISSUE = vocabulary("detected_issue")
DEVICE = vocabulary("device")

# "Nothing of the kind is known": SNOMED CT identifiers as FHIR R4's own value set allergyintolerance-code publishes
# them, the codes of the International Patient Summary, and the words people type.
NONE_KNOWN = frozenset(
    (
        "snomed:716186003",
        "snomed:409137002",
        "snomed:429625007",
        "snomed:428607008",
        "no-known-allergies",
        "no-known-medication-allergies",
        "no-known-food-allergies",
        "no-known-environmental-allergies",
        "nka",
        "nkda",
        "no known allergies",
        "no known allergy",
        "no known drug allergies",
        "no known drug allergy",
        "no known medication allergies",
    )
)
_SEVERITIES = ("mild", "moderate", "severe")


def coded_word(r: Resource, element: str, allowed: frozenset[str]) -> str | None:
    """The word of a status that FHIR writes as a CodeableConcept; its text counts where no code is given."""
    codeable = r.get(element)
    if not codeable:
        return None
    sent = [coding.get("code") for coding in codings(codeable)]
    for word in sent:
        if word in allowed:
            return str(word)
    text = words(codeable, "text", f"{r['resourceType']}.{element}")
    if text and not any(sent) and text.casefold() in allowed:
        return text.casefold()
    raise MappingError(
        f"{r['resourceType']}.{element}",
        "the code is not one that FHIR R4 allows here",
        "Ask the sender for one of the R4 codes.",
    )


def map_condition(r: Resource, ctx: MappingContext) -> Mapped:
    """A problem, diagnosis or health concern."""
    verification = coded_word(r, "verificationStatus", SURENESS)
    onset, _ = moments(r, "onset", ctx)
    abated = latest(*moments(r, "abatement", ctx))
    values = [
        coded_word(r, "clinicalStatus", COURSE),
        verification,
        ctx.concept(r.get("code")),
        ctx.concept(first(r, "category")),
        ctx.concept(r.get("severity")),
        *onset,
        *abated,
        *when(r, "recordedDate", ctx),
        ctx.ref(r.get("encounter")),
        ctx.ref(r.get("asserter") or r.get("recorder")),
        ctx.concept(first(r, "bodySite")),
    ]
    return Mapped([("condition", "", values)], patient_in(r, "subject"), verification == "entered-in-error")


def _says_none_known(codeable: Any) -> bool:
    for coding in codings(codeable):
        code = coding.get("code")
        if code in NONE_KNOWN or f"{token_of(coding.get('system') or '')}:{code}" in NONE_KNOWN:
            return True
    label = label_of(codeable)
    return label is not None and label.casefold().strip(" .") in NONE_KNOWN


def map_allergy(r: Resource, ctx: MappingContext) -> Mapped:
    """An allergy or intolerance, or the statement that none is known."""
    verification = coded_word(r, "verificationStatus", ALLERGY_SURENESS)
    reactions = r.get("reaction") or []
    code = r.get("code") or next((reaction["substance"] for reaction in reactions if reaction.get("substance")), None)
    manifestation = next((first(reaction, "manifestation") for reaction in reactions), None)
    severities = [reaction.get("severity") for reaction in reactions]
    worst = next((word for word in reversed(_SEVERITIES) if word in severities), None)
    category = "medication" if "medication" in (r.get("category") or ()) else first(r, "category")
    onset, _ = moments(r, "onset", ctx)
    values = [
        coded_word(r, "clinicalStatus", ALLERGY_COURSE),
        verification,
        ctx.concept(code),
        words(r, "type"),
        words({"category": category}, "category", "AllergyIntolerance"),
        words(r, "criticality"),
        ctx.concept(manifestation),
        worst,
        *onset,
        *when(r, "recordedDate", ctx),
        int(_says_none_known(code)),
    ]
    return Mapped([("allergy", "", values)], patient_in(r, "patient"), verification == "entered-in-error")


def map_adverse_event(r: Resource, ctx: MappingContext) -> Mapped:
    """Harm that came from care; FHIR gives it no status."""
    values = [
        words(r, "actuality"),
        ctx.concept(r.get("event")),
        *when(r, "date", ctx),
        *when(r, "recordedDate", ctx),
        ctx.ref(r.get("encounter")),
    ]
    return Mapped([("adverse_event", "", values)], patient_in(r, "subject"))


def map_detected_issue(r: Resource, ctx: MappingContext) -> Mapped:
    """A clinical issue that another system detected."""
    status = status_of(r, ISSUE)
    identified = latest(*moments(r, "identified", ctx))
    values = [status, ctx.concept(r.get("code")), words(r, "severity"), *identified, words(r, "detail")]
    return Mapped([("detected_issue", "", values)], patient_in(r, "patient"), status == "entered-in-error")


def map_device(r: Resource, ctx: MappingContext) -> Mapped:
    """A device of the person; a device of nobody (a sending machine) is only kept."""
    status = status_of(r, DEVICE, required=False)
    names = first(r, "deviceName") or {}
    values = [
        status,
        ctx.concept(r.get("type")),
        *when(r, "manufactureDate", ctx),
        *when(r, "expirationDate", ctx),
        words(names, "name", "Device.deviceName") or label_of(r.get("type")),
    ]
    if not r.get("patient"):
        mapped = Mapped([])
        mapped.is_kept_only = True
        return mapped
    return Mapped([("device", "", values)], patient_in(r, "patient"), status == "entered-in-error")
