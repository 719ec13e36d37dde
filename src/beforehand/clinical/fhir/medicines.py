"""Medication orders, statements, fills and administrations; vaccines."""

from __future__ import annotations

from typing import Any

from beforehand.clinical.fhir.contract import Mapped, MappingContext, MappingError, Resource
from beforehand.clinical.fhir.elements import (
    DAYS,
    NO_QUANTITY,
    Quantity,
    code_in,
    codings,
    contained,
    duration_days,
    first,
    flag,
    label_of,
    latest,
    moments,
    name_in,
    need,
    not_done_reason,
    number,
    patient_in,
    period,
    quantity,
    status_of,
    type_in,
    vocabulary,
    when,
    whole,
    words,
)
from beforehand.clinical.times import NOTHING, When

REQUEST = vocabulary("medication_request")
INTENT = vocabulary("medication_request", "intent")
STATEMENT = vocabulary("medication_statement")
DISPENSE = vocabulary("medication_dispense")
ADMINISTRATION = vocabulary("medication_administration")
IMMUNIZATION = vocabulary("immunization")

# Times a day in millionths, of the timing abbreviations of HL7's GTSAbbreviation.
DAILY = {
    "QD": 1_000_000,
    "AM": 1_000_000,
    "PM": 1_000_000,
    "BED": 1_000_000,
    "BID": 2_000_000,
    "TID": 3_000_000,
    "QID": 4_000_000,
    "QOD": 500_000,
    "Q4H": 6_000_000,
    "Q6H": 4_000_000,
    "Q8H": 3_000_000,
    "Q12H": 2_000_000,
    "WK": 142_857,
}


def medicine(r: Resource, ctx: MappingContext) -> tuple[int | None, Resource | None]:
    """The concept of the medicine, or the reference to a separate Medication that will tell it."""
    codeable = r.get("medicationCodeableConcept")
    if codeable:
        return ctx.concept(codeable), None
    reference = r.get("medicationReference")
    if not reference:
        raise MappingError(
            f"{r['resourceType']}.medication[x]", "it names no medicine", "Ask the sender which medicine is meant."
        )
    inner = contained(r, reference)
    if inner is not None:
        return ctx.concept(inner.get("code")), None
    address = reference.get("reference")
    if address and not str(address).startswith("#"):
        return None, reference
    display = words(reference, "display", f"{r['resourceType']}.medicationReference")
    if display:
        return ctx.concept({"text": display}), None
    raise MappingError(f"{r['resourceType']}.medicationReference", "what it points to is not in the resource")


def sig_in(dosages: list[Resource], place: str) -> str | None:
    """How to take it, as sent: the words of every dosage instruction."""
    said = [words(dosage, "text", place) or words(dosage, "patientInstruction", place) for dosage in dosages]
    return "; ".join(part for part in said if part) or None


def daily(dosage: Resource) -> Quantity:
    """Times a day, where the timing states a plain frequency per hour, day or week."""
    timing = dosage.get("timing")
    if not timing:
        return NO_QUANTITY
    repeat = timing.get("repeat") or {}
    micro = None
    if "frequencyMax" not in repeat and "periodMax" not in repeat:
        unit = repeat.get("periodUnit")
        length = repeat.get("period")
        if unit in ("h", *DAYS) and length is not None:
            many, _ = number(repeat.get("frequency", 1), "dosageInstruction.timing.repeat.frequency")
            every, _ = number(length, "dosageInstruction.timing.repeat.period")
            span = every * DAYS.get(unit, 1)  # in millionths of a day, or of an hour
            if span > 0:
                micro = (many * 1_000_000 * (24 if unit == "h" else 1) + span // 2) // span
    if micro is None:
        micro = next((DAILY[code["code"]] for code in codings(timing.get("code")) if code.get("code") in DAILY), None)
    if micro is None:
        return NO_QUANTITY
    digits = f"{micro // 1_000_000}.{micro % 1_000_000:06d}".rstrip("0").rstrip(".")
    return micro, "/d", digits


def _dose(dosages: list[Resource], place: str) -> tuple[Quantity, Quantity, int | None]:
    """Dose, times a day and as-needed; dose and times only of a single instruction, since several would mislead."""
    if not dosages:
        return NO_QUANTITY, NO_QUANTITY, None
    as_needed = any(d.get("asNeededBoolean") is True or d.get("asNeededCodeableConcept") for d in dosages)
    if len(dosages) > 1:
        return NO_QUANTITY, NO_QUANTITY, int(as_needed)
    need(dosages[0], dict, place)
    rate = first(dosages[0], "doseAndRate") or {}
    return quantity(rate, "doseQuantity", place + ".doseAndRate"), daily(dosages[0]), int(as_needed)


def _taken(dosages: list[Resource], ctx: MappingContext) -> tuple[When, When]:
    """First and last day that the dosage instructions speak of: the bounds of their timing, else its events."""
    starts, ends = [], []
    for dosage in dosages:
        timing = dosage.get("timing") or {}
        start, end = period(timing.get("repeat") or {}, "boundsPeriod", ctx, "dosageInstruction.timing.repeat")
        if start.from_day is None and end.from_day is None:
            start, end = moments({"resourceType": "dosageInstruction", "timingTiming": timing}, "timing", ctx)
        starts.append(start)
        ends.append(end)
    known = [one for one in starts if one.from_day is not None]
    start = min(known, key=_first_day) if known else NOTHING
    is_bounded = bool(ends) and all(one.from_day is not None for one in ends)
    return start, max(ends, key=_first_day) if is_bounded else NOTHING


def _first_day(one: When) -> int:
    return one.from_day or 0


def map_medication_request(r: Resource, ctx: MappingContext) -> Mapped:
    """An order or prescription."""
    status = status_of(r, REQUEST)
    code, outside = medicine(r, ctx)
    requester = r.get("requester")
    dosages = r.get("dosageInstruction") or []
    dose, times_a_day, as_needed = _dose(dosages, "MedicationRequest.dosageInstruction")
    supply, days_supply, refills, valid_from, valid_until = NO_QUANTITY, None, None, NOTHING, NOTHING
    dispense = r.get("dispenseRequest")
    if dispense:
        place = "MedicationRequest.dispenseRequest"
        supply = quantity(dispense, "quantity", place)
        days_supply = duration_days(dispense, "expectedSupplyDuration", place)
        refills = whole(dispense, "numberOfRepeatsAllowed", place)
        valid_from, valid_until = period(dispense, "validityPeriod", ctx, place)
    taken_from, taken_until = _taken(dosages, ctx)
    values = [
        status,
        status_of(r, INTENT, "intent"),
        flag(r, "doNotPerform") or 0,
        code,
        *when(r, "authoredOn", ctx),
        ctx.ref(requester),
        name_in(r, requester),
        ctx.ref(r.get("encounter")),
        ctx.concept(first(r, "reasonCode")),
        ctx.ref(first(r, "reasonReference")),
        sig_in(dosages, "MedicationRequest.dosageInstruction"),
        *dose,
        *times_a_day,
        as_needed,
        *supply,
        days_supply,
        refills,
        *valid_from,
        *valid_until,
        code_in(first(r, "category")),
        *taken_from,
        *taken_until,
        ctx.concept(not_done_reason(r) or r.get("statusReason")),
    ]
    mapped = Mapped([("medication_request", "", values)], patient_in(r, "subject"), status == "entered-in-error")
    mapped.medication = outside
    return mapped


def map_medication_statement(r: Resource, ctx: MappingContext) -> Mapped:
    """Somebody's word about a medicine."""
    status = status_of(r, STATEMENT)
    code, outside = medicine(r, ctx)
    start, end = moments(r, "effective", ctx)
    if "effectiveDateTime" in r:
        end = NOTHING  # a moment at which it was taken, not the last one
    values = [
        status,
        code,
        *start,
        *end,
        *when(r, "dateAsserted", ctx),
        ctx.ref(r.get("informationSource")),
        sig_in(r.get("dosage") or [], "MedicationStatement.dosage"),
    ]
    mapped = Mapped([("medication_statement", "", values)], patient_in(r, "subject"), status == "entered-in-error")
    mapped.medication = outside
    return mapped


def _came_by_mail(r: Resource) -> int:
    """1 when the fill's type says mail order; FHIR has no element of its own for it."""
    codeable: Any = r.get("type")
    if not codeable:
        return 0
    if any(coding.get("code") == "mail-order" for coding in codings(codeable)):
        return 1
    return int("mail order" in (label_of(codeable) or "").casefold().replace("-", " "))


def _pharmacy(r: Resource) -> Resource | None:
    """Who handed it over: the organization among the performers, else the first performer, else the place."""
    actors = [performer["actor"] for performer in r.get("performer") or () if performer.get("actor")]
    for actor in actors:
        if type_in(actor) == "Organization":
            return actor  # type: ignore[no-any-return]
    return actors[0] if actors else r.get("location")


def map_medication_dispense(r: Resource, ctx: MappingContext) -> Mapped:
    """A fill."""
    status = status_of(r, DISPENSE)
    code, outside = medicine(r, ctx)
    prepared = when(r, "whenPrepared", ctx)
    handed_over = when(r, "whenHandedOver", ctx)
    values = [
        status,
        code,
        ctx.ref(first(r, "authorizingPrescription")),
        *prepared,
        *handed_over,
        *latest(prepared, handed_over),
        *quantity(r, "quantity"),
        duration_days(r, "daysSupply", "MedicationDispense"),
        _came_by_mail(r),
        ctx.ref(_pharmacy(r)),
        sig_in(r.get("dosageInstruction") or [], "MedicationDispense.dosageInstruction"),
    ]
    mapped = Mapped([("medication_dispense", "", values)], patient_in(r, "subject"), status == "entered-in-error")
    mapped.medication = outside
    return mapped


def map_medication_administration(r: Resource, ctx: MappingContext) -> Mapped:
    """A medicine given by somebody."""
    status = status_of(r, ADMINISTRATION)
    code, outside = medicine(r, ctx)
    values = [
        status,
        code,
        *latest(*moments(r, "effective", ctx)),
        ctx.ref(r.get("context")),
        *quantity(r.get("dosage") or {}, "dose", "MedicationAdministration.dosage"),
    ]
    mapped = Mapped([("medication_administration", "", values)], patient_in(r, "subject"), status == "entered-in-error")
    mapped.medication = outside
    return mapped


def map_immunization(r: Resource, ctx: MappingContext) -> Mapped:
    """A vaccine given, or not given."""
    status = status_of(r, IMMUNIZATION)
    if not r.get("vaccineCode"):
        raise MappingError("Immunization.vaccineCode", "it does not say which vaccine")
    protocol = first(r, "protocolApplied") or {}
    values = [
        status,
        ctx.concept(r["vaccineCode"]),
        ctx.concept(r.get("statusReason")),
        *when(r, "occurrenceDateTime", ctx),
        whole(protocol, "doseNumberPositiveInt", "Immunization.protocolApplied"),
    ]
    return Mapped([("immunization", "", values)], patient_in(r, "patient"), status == "entered-in-error")
