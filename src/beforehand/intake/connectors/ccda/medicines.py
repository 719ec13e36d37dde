"""Medicines ordered, planned, taken, handed out and given; vaccines."""

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
    number_of,
    period_of,
    quantity_of,
    templates_of,
    time_of,
    type_of,
    words_in,
)
from beforehand.intake.connectors.ccda.document import Entry, related
from beforehand.intake.connectors.ccda.people import author_of, informant_is_lay, organization, performers_of
from beforehand.intake.connectors.xml import Element

_T = "2.16.840.1.113883.10.20.22.4."
_ORDER, _DISPENSE, _INDICATION, _SIG = f"{_T}17", f"{_T}18", f"{_T}19", f"{_T}147"
_INSTRUCTION, _REFUSED, _COMMENT = f"{_T}20", f"{_T}53", f"{_T}64"
_CATEGORIES = "http://terminology.hl7.org/CodeSystem/medicationrequest-category"
_STATUS = {
    "active": "active", "completed": "completed", "aborted": "stopped", "suspended": "on-hold", "held": "on-hold",
    "cancelled": "cancelled", "nullified": "entered-in-error", "new": "draft", "obsolete": "stopped",
}  # fmt: skip
_DISPENSE_STATUS = {
    "active": "in-progress", "completed": "completed", "aborted": "stopped", "suspended": "on-hold", "held": "on-hold",
    "cancelled": "cancelled", "nullified": "entered-in-error", "new": "preparation",
}  # fmt: skip
_UNITS = frozenset(("s", "min", "h", "d", "wk", "mo", "a"))
# Event codes of EIVL that FHIR's EventTiming shares with HL7's TimingEvent.
_EVENTS = frozenset(["HS", "WAKE", "C", "CM", "CD", "CV", "AC", "ACM", "ACD", "ACV", "PC", "PCM", "PCD", "PCV"])


def medicine_of(entry: Entry, statement: Element) -> dict[str, Any]:
    """The medicine or vaccine; an error where none is named."""
    product = child(statement, "consumable/manufacturedProduct")
    if product is None:
        product = child(statement, "product/manufacturedProduct")
    material = child(product, "manufacturedMaterial")
    code = entry.concept(child(material, "code"), "medicine")
    if code is None and (name := words_in(child(material, "name"))):
        code = {"text": name}
    if code is None:
        words = entry.words(child(statement, "text"))
        code = {"text": words} if words else None
    if code is None and statement.get("negationInd") == "true":
        code = {"text": "Any medicine"}  # takes none
    if code is None:
        raise UnreadableError("medicine", "It names no medicine.", "Ask the sender which medicine is meant.")
    return code


def _times(statement: Element) -> tuple[dict[str, str], dict[str, Any]]:
    """When it is taken from and until, and how often."""
    span: dict[str, str] = {}
    repeat: dict[str, Any] = {}
    for time in children(statement, "effectiveTime"):
        kind = type_of(time)
        if kind == "PIVL_TS":
            repeat |= _frequency(child(time, "period"))
        elif kind == "EIVL_TS":
            event = attribute(time, "event", "code")
            if event in _EVENTS:
                repeat["when"] = [*repeat.get("when", ()), event]
        elif kind == "SXPR_TS":
            for part in children(time, "comp"):
                if child(part, "period") is not None:
                    repeat |= _frequency(child(part, "period"))
        elif not span:
            span = period_of(time, "effectiveTime")
    return span, repeat


def _frequency(period: Element | None) -> dict[str, Any]:
    """Once every so often."""
    if period is None or period.get("nullFlavor"):
        return {}
    low = period if period.get("value") else child(period, "low")
    if low is None or low.get("unit") not in _UNITS:
        return {}
    found: dict[str, Any] = {
        "frequency": 1,
        "period": number_of(low.get("value"), "period"),
        "periodUnit": low.get("unit"),
    }
    high = child(period, "high")
    if high is not None and high.get("value") and high.get("unit") == low.get("unit"):
        found["periodMax"] = number_of(high.get("value"), "period")
    return found


def _dosage(entry: Entry, statement: Element) -> tuple[dict[str, Any], dict[str, str]]:
    """How to take it, and from when until when."""
    span, repeat = _times(statement)
    dosage: dict[str, Any] = {}
    words = _sig(entry, statement)
    if words:
        dosage["text"] = words
    if span.get("start") != span.get("end") or not span:
        bounds = {"boundsPeriod": span} if span else {}
        if bounds or repeat:
            dosage["timing"] = {"repeat": bounds | repeat}
    else:
        dosage["timing"] = {"event": [span["start"]]} | ({"repeat": repeat} if repeat else {})
    for condition in children(statement, "precondition"):
        said = entry.concept(child(condition, "criterion/value"), "as needed for")
        if said:
            dosage["asNeededCodeableConcept"] = said
        else:
            dosage["asNeededBoolean"] = True
        break
    for element, name in (("routeCode", "route"), ("approachSiteCode", "site")):
        if code := entry.concept(child(statement, element), name):
            dosage[name] = code
    dose = _amount(child(statement, "doseQuantity"), "dose")
    rate = _amount(child(statement, "rateQuantity"), "rate")
    if dose or rate:
        dosage["doseAndRate"] = [dose | rate]
    if (most := child(statement, "maxDoseQuantity")) is not None and not is_null(most):
        ends = {
            name: found
            for name in ("numerator", "denominator")
            if (found := quantity_of(child(most, name), "largest dose"))
        }
        if len(ends) == 2:
            dosage["maxDosePerPeriod"] = ends
    return dosage, span


def _amount(element: Element | None, name: str) -> dict[str, Any]:
    """An amount, or a range of amounts."""
    one = quantity_of(element, name)
    if one:
        return {f"{name}Quantity": one}
    ends = {end: found for end in ("low", "high") if (found := quantity_of(child(element, end), name))}
    return {f"{name}Range": ends} if ends else {}


def _sig(entry: Entry, statement: Element) -> str:
    """The instructions in words: the free text sig of R2.1, else the instruction, else the statement's own text."""
    for found in related(statement, _SIG):
        if words := entry.words(child(found, "text")):
            return words
    for found in related(statement, _INSTRUCTION):
        if words := entry.words(child(found, "text")):
            return words
    text = child(statement, "text")
    words = words_in(text)
    if words or text is None:
        return words
    found_words = entry.words(text)
    named = {words_in(one) for one in statement.iter("{urn:hl7-org:v3}name")} | {
        coding.get("display", "") for code in statement.iter("{urn:hl7-org:v3}code") for coding in codings_of(code)
    }
    return "" if found_words in named else found_words


def _reasons(entry: Entry, statement: Element) -> list[dict[str, Any]]:
    found = []
    for indication in related(statement, _INDICATION):
        if code := entry.concept(child(indication, "value"), "indication"):
            found.append(code)
    return found


def _supply(entry: Entry, statement: Element) -> dict[str, Any]:
    """What the supply order inside asks to hand over."""
    for order in related(statement, _ORDER):
        return dispense_request(order)
    return {}


def dispense_request(order: Element) -> dict[str, Any]:
    """Amount, repeats and validity of a supply order."""
    request: dict[str, Any] = {}
    if amount := quantity_of(child(order, "quantity"), "supply"):
        request["quantity"] = amount
    repeats = attribute(order, "repeatNumber", "value")
    if repeats and isinstance(many := number_of(repeats, "repeats"), int):
        request["numberOfRepeatsAllowed"] = max(0, many)
    for time in children(order, "effectiveTime"):
        if type_of(time) != "PIVL_TS" and (span := period_of(time, "supply")):
            request["validityPeriod"] = span
            break
    return request


def write_medication(entry: Entry, statement: Element, *, is_planned: bool = False, setting: str = "") -> None:
    """A medicine: told where the patient or a relative says so, given where it was administered, else ordered."""
    code = medicine_of(entry, statement)
    dosage, span = _dosage(entry, statement)
    who, at = author_of(entry, statement)
    status = _status(entry, statement, span)
    is_negated = statement.get("negationInd") == "true"
    reasons = _reasons(entry, statement)
    if setting == "given":
        status = _STATUS.get(attribute(statement, "statusCode", "code"), "unknown")
        times = {"effectivePeriod": span} if span else {}
        entry.write(
            "MedicationAdministration",
            statement,
            identifier=identifiers_of(statement),
            status="not-done" if is_negated else {"active": "in-progress"}.get(status, status),
            medicationCodeableConcept=code,
            dosage={key: value for key, value in _given(dosage).items() if value},
            reasonCode=reasons,
            **times,
        )
    elif (informant_is_lay(statement) or is_negated) and not is_planned and not related(statement, _ORDER):
        entry.write(
            "MedicationStatement",
            statement,
            identifier=identifiers_of(statement),
            status="not-taken" if is_negated else {"draft": "intended", "cancelled": "stopped"}.get(status, status),
            medicationCodeableConcept=code,
            effectivePeriod=span,
            dateAsserted=at,
            dosage=[dosage] if dosage else [],
            reasonCode=reasons,
        )
    else:
        order_who, order_at = next((author_of(entry, order) for order in related(statement, _ORDER)), (None, None))
        entry.write(
            "MedicationRequest",
            statement,
            identifier=identifiers_of(statement),
            status=status,
            intent="plan" if is_planned else "order",
            category=[{"coding": [{"system": _CATEGORIES, "code": setting}]}] if setting else [],
            medicationCodeableConcept=code,
            authoredOn=order_at or at or span.get("start"),
            requester=order_who or who,
            reasonCode=reasons,
            dosageInstruction=[dosage] if dosage else [],
            dispenseRequest=_supply(entry, statement),
        )
    for supply in related(statement, _DISPENSE):
        try:
            write_dispense(entry, supply, code)
        except UnreadableError as fault:
            entry.refuse(fault)


def _status(entry: Entry, statement: Element, span: dict[str, str]) -> str:
    """The state of a medicine.

    C-CDA calls an entry that is written down "completed" also while the medicine is being taken (R1.1 knew no other
    word). So it is over only where an end is stated that lies before the document.
    """
    status = _STATUS.get(attribute(statement, "statusCode", "code"), "unknown")
    if status == "completed" and statement.get("moodCode") == "EVN":
        written = entry.document.stated or ""
        end = span.get("end")
        if span and span.get("start") != end and (end is None or (written and end[:10] > written[:10])):
            return "active"
    return status


def _given(dosage: dict[str, Any]) -> dict[str, Any]:
    """How it was given, as MedicationAdministration says it."""
    amounts = (dosage.get("doseAndRate") or [{}])[0]
    return {
        "text": dosage.get("text"),
        "route": dosage.get("route"),
        "site": dosage.get("site"),
        "dose": amounts.get("doseQuantity"),
        "rateQuantity": amounts.get("rateQuantity"),
    }


def write_dispense(entry: Entry, supply: Element, code: dict[str, Any] | None = None) -> None:
    """A fill."""
    try:
        code = medicine_of(entry, supply)
    except UnreadableError:
        if code is None:
            raise
    pharmacies = [
        pharmacy
        for performer in children(supply, "performer")
        if (pharmacy := organization(entry, child(performer, "assignedEntity/representedOrganization")))
    ]
    handed_over = None
    for time in children(supply, "effectiveTime"):
        handed_over = handed_over or time_of(time, "fill") or period_of(time, "fill").get("start")
    entry.write(
        "MedicationDispense",
        supply,
        identifier=identifiers_of(supply),
        status=_DISPENSE_STATUS.get(attribute(supply, "statusCode", "code"), "unknown"),
        medicationCodeableConcept=code,
        whenHandedOver=handed_over,
        quantity=quantity_of(child(supply, "quantity"), "amount handed over"),
        performer=[{"actor": who} for who in (pharmacies or performers_of(entry, supply))],
    )


def write_supply_order(entry: Entry, order: Element) -> None:
    """An order to hand out a medicine that stands by itself."""
    who, at = author_of(entry, order)
    entry.write(
        "MedicationRequest",
        order,
        identifier=identifiers_of(order),
        status=_STATUS.get(attribute(order, "statusCode", "code"), "unknown"),
        intent="order",
        medicationCodeableConcept=medicine_of(entry, order),
        authoredOn=at,
        requester=who,
        dispenseRequest=dispense_request(order),
    )


def write_immunization(entry: Entry, statement: Element, *, is_planned: bool = False) -> None:
    """A vaccine given, refused, or planned."""
    code = medicine_of(entry, statement)
    who, at = author_of(entry, statement)
    times = [time for time in children(statement, "effectiveTime") if type_of(time) != "PIVL_TS"]
    span = period_of(times[0], "when it was given") if times else {}
    if is_planned or statement.get("moodCode") in ("INT", "RQO", "PRMS", "PRP"):
        entry.write(
            "MedicationRequest",
            statement,
            status="active",
            intent="plan",
            medicationCodeableConcept=code,
            authoredOn=at,
            requester=who,
            dosageInstruction=[{"timing": {"repeat": {"boundsPeriod": span}}}] if span else [],
        )
        return
    refusals = [entry.concept(child(one, "code"), "refusal") for one in related(statement, _REFUSED)]
    said = attribute(statement, "statusCode", "code")
    not_given = statement.get("negationInd") == "true" or said in ("cancelled", "aborted") or bool(refusals)
    status = "entered-in-error" if said == "nullified" else "not-done" if not_given else "completed"
    material = child(statement, "consumable/manufacturedProduct/manufacturedMaterial")
    series = attribute(statement, "repeatNumber", "value")
    protocol = (
        [{"doseNumberPositiveInt": int(series)}]
        if series.isascii() and series.isdigit() and 0 < len(series) < 4
        else []
    )
    reactions = [
        {"detail": {"display": shown}}
        for found in related(statement, f"{_T}9")
        if (reaction := entry.concept(child(found, "value"), "reaction"))
        and (
            shown := reaction.get("text")
            or next((one["display"] for one in reaction.get("coding", ()) if "display" in one), "")
        )
    ]
    entry.write(
        "Immunization",
        statement,
        identifier=identifiers_of(statement),
        status=status,
        statusReason=next((one for one in refusals if one), None),
        vaccineCode=code,
        occurrenceDateTime=span.get("start") or span.get("end"),
        recorded=at,
        primarySource=not informant_is_lay(statement),
        lotNumber=words_in(child(material, "lotNumberText")),
        manufacturer=organization(entry, child(statement, "consumable/manufacturedProduct/manufacturerOrganization")),
        route=entry.concept(child(statement, "routeCode"), "route"),
        site=entry.concept(child(statement, "approachSiteCode"), "site"),
        doseQuantity=quantity_of(child(statement, "doseQuantity"), "dose"),
        performer=[{"actor": one} for one in performers_of(entry, statement)],
        protocolApplied=protocol,
        reaction=reactions,
    )


def follows(statement: Element, *templates: str) -> bool:
    """Whether a statement says that it follows one of these templates."""
    return not templates_of(statement).isdisjoint(templates)
