"""ServiceRequest, Task, DeviceRequest and NutritionOrder."""

from __future__ import annotations

from beforehand.clinical.codes import WORK_SYSTEM
from beforehand.clinical.fhir.contract import Mapped, MappingContext, MappingError, Resource
from beforehand.clinical.fhir.elements import (
    codings,
    contained,
    first,
    flag,
    latest,
    modifier,
    moments,
    name_in,
    not_done_reason,
    patient_in,
    period,
    status_of,
    vocabulary,
    when,
    words,
)

REQUEST = vocabulary("service_request")
INTENT = vocabulary("service_request", "intent")
TASK = vocabulary("task")
SETTLING = "contradiction-settled"
DEVICE = vocabulary("device_request")
NUTRITION = vocabulary("nutrition_order")


def map_service_request(r: Resource, ctx: MappingContext) -> Mapped:
    """A referral or an order for a test, procedure or service."""
    status = status_of(r, REQUEST)
    performer = first(r, "performer")
    values = [
        status,
        status_of(r, INTENT, "intent"),
        ctx.concept(r.get("code")),
        ctx.concept(first(r, "category")),
        words(r, "priority"),
        flag(r, "doNotPerform") or 0,
        *when(r, "authoredOn", ctx),
        *latest(*moments(r, "occurrence", ctx)),
        ctx.concept(first(r, "reasonCode")),
        ctx.ref(first(r, "reasonReference")),
        ctx.ref(r.get("requester")),
        ctx.ref(performer),
        name_in(r, performer),
        ctx.concept(r.get("performerType")),
        ctx.ref(first(r, "basedOn")),
        ctx.ref(r.get("encounter")),
        ctx.concept(not_done_reason(r)),
    ]
    return Mapped([("service_request", "", values)], patient_in(r, "subject"), status == "entered-in-error")


def whose(mapped: Mapped, r: Resource, element: str, through: list[Resource | None]) -> Mapped:
    """Name the patient, or what leads to them where the resource leaves the patient out."""
    if r.get(element):
        mapped.patient = patient_in(r, element)
        return mapped
    mapped.through = tuple(named for named in through if named and named.get("reference"))
    if not mapped.through:
        raise MappingError(
            f"{r['resourceType']}.{element}",
            "it does not say which patient it is about",
            "Ask the sender to name the patient by reference or identifier.",
        )
    return mapped


def map_task(r: Resource, ctx: MappingContext) -> Mapped:
    """A piece of work asked of somebody, or what somebody decided about two statements."""
    status = status_of(r, TASK)
    if any(coding.get("code") == SETTLING and coding.get("system") == WORK_SYSTEM for coding in codings(r.get("code"))):
        return map_settlement(r, ctx, status)
    owner = r.get("owner")
    start, end = period(r, "executionPeriod", ctx)
    focus, based_on, encounter = r.get("focus"), first(r, "basedOn"), r.get("encounter")
    values = [
        status,
        ctx.concept(r.get("code")),
        ctx.concept(r.get("businessStatus")),
        ctx.concept(r.get("statusReason")),
        words(r, "intent"),
        *when(r, "authoredOn", ctx),
        *when(r, "lastModified", ctx),
        *start,
        *end,
        ctx.ref(focus),
        ctx.ref(based_on),
        ctx.ref(owner),
        name_in(r, owner),
        ctx.ref(encounter),
        words(r, "description"),
    ]
    mapped = Mapped([("task", "", values)], None, status == "entered-in-error")
    return whose(mapped, r, "for", [focus, based_on, encounter])


def map_settlement(r: Resource, ctx: MappingContext, status: str | None) -> Mapped:
    """What was decided about two statements that contradict each other: see ``intake.settling``."""
    given: dict[str, Resource] = {}
    for sent in r.get("input") or ():
        given.setdefault(str((sent.get("type") or {}).get("text")), sent)
    left, right, kept = (ctx.ref(given.get(name, {}).get("valueReference")) for name in ("left", "right", "kept"))
    if left is None or right is None:
        raise MappingError("Task.input", "it does not say which two statements it settles")
    values = [
        status,
        *when(r, "authoredOn", ctx),
        words(given.get("outcome", {}), "valueString", "Task.input"),
        kept,
        left,
        right,
        words(given.get("left seen", {}), "valueString", "Task.input"),
        words(given.get("right seen", {}), "valueString", "Task.input"),
        words(given.get("rule", {}), "valueString", "Task.input"),
        words(r, "description"),
        left,
        right,
        0,
    ]
    return Mapped([("settlement", "", values)], patient_in(r, "for"), status == "entered-in-error")


def map_device_request(r: Resource, ctx: MappingContext) -> Mapped:
    """An order for equipment."""
    status = status_of(r, DEVICE, required=False)
    reference = r.get("codeReference")
    inner = contained(r, reference)
    code = r.get("codeCodeableConcept") or (inner.get("type") if inner else None)
    if not code and reference and reference.get("display"):
        code = {"text": reference["display"]}
    refusal = modifier(r, "extension-DeviceRequest.doNotPerform") or {}
    values = [
        status,
        ctx.concept(code),
        *when(r, "authoredOn", ctx),
        ctx.ref(r.get("encounter")),
        status_of(r, INTENT, "intent", required=False),
        flag(refusal, "valueBoolean", "DeviceRequest.modifierExtension") or 0,
    ]
    return Mapped([("device_request", "", values)], patient_in(r, "subject"), status == "entered-in-error")


def map_nutrition_order(r: Resource, ctx: MappingContext) -> Mapped:
    """An order for a diet or for meals."""
    status = status_of(r, NUTRITION)
    code = first(r.get("oralDiet") or {}, "type")
    if not code:
        code = (first(r, "supplement") or {}).get("type") or (r.get("enteralFormula") or {}).get("baseFormulaType")
    values = [status, ctx.concept(code), *when(r, "dateTime", ctx), ctx.ref(r.get("encounter"))]
    return Mapped([("nutrition_order", "", values)], patient_in(r, "patient"), status == "entered-in-error")
