"""CarePlan, Goal and Communication."""

from __future__ import annotations

from typing import Any

from beforehand.clinical.fhir.contract import Mapped, MappingContext, Resource, Row
from beforehand.clinical.fhir.elements import (
    codings,
    first,
    label_of,
    patient_in,
    period,
    quantity,
    status_of,
    type_in,
    vocabulary,
    when,
    words,
)
from beforehand.clinical.fhir.orders import whose

PLAN = vocabulary("care_plan")
GOAL = vocabulary("goal")
COMMUNICATION = vocabulary("communication")


def _plan_category(r: Resource) -> Any:
    """The most specific category: US Core puts the same ``assess-plan`` on every plan."""
    categories = r.get("category") or []
    for codeable in categories:
        if not any(coding.get("code") == "assess-plan" for coding in codings(codeable)):
            return codeable
    return categories[0] if categories else None


def map_care_plan(r: Resource, ctx: MappingContext) -> Mapped:
    """A plan of care."""
    status = status_of(r, PLAN)
    category = _plan_category(r)
    start, end = period(r, "period", ctx)
    values = [
        status,
        words(r, "intent"),
        ctx.concept(category),
        words(r, "title") or label_of(category),
        *start,
        *end,
        *when(r, "created", ctx),
        ctx.ref(first(r, "careTeam")),
    ]
    return Mapped([("care_plan", "", values)], patient_in(r, "subject"), status == "entered-in-error")


def map_goal(r: Resource, ctx: MappingContext) -> Mapped:
    """A goal."""
    status = status_of(r, GOAL, "lifecycleStatus")
    description = r.get("description")
    target = first(r, "target") or {}
    values = [
        status,
        ctx.concept(r.get("achievementStatus")),
        ctx.concept(description) if codings(description) else None,
        label_of(description),
        *when(r, "startDate", ctx),
        *when(target, "dueDate", ctx, "Goal.target"),
        ctx.concept(target.get("measure")),
        *quantity(target, "detailQuantity", "Goal.target"),
    ]
    return Mapped([("goal", "", values)], patient_in(r, "subject"), status == "entered-in-error")


def map_communication(r: Resource, ctx: MappingContext) -> Mapped:
    """Something said, written or called, or tried and not reached."""
    status = status_of(r, COMMUNICATION)
    about, encounter, sender = first(r, "about"), r.get("encounter"), r.get("sender")
    values = [
        status,
        ctx.concept(r.get("statusReason")),
        ctx.concept(first(r, "category")),
        ctx.concept(r.get("topic") or first(r, "reasonCode")),
        ctx.concept(first(r, "medium")),
        *when(r, "sent", ctx),
        *when(r, "received", ctx),
        ctx.ref(about),
        ctx.ref(encounter),
        ctx.ref(sender),
        words(first(r, "payload") or {}, "contentString", "Communication.payload"),
    ]
    others = [named for named in r.get("recipient") or () if type_in(named) != "Patient"]
    rows: list[Row] = [("communication", "", values)]
    for index, named in enumerate(others):
        sent = [ctx.own_id, status, ctx.ref(named), ctx.ref(about), *when(r, "sent", ctx)]
        rows.append(("communication_recipient", f"recipient-{index}", sent))
    mapped = Mapped(rows, None, status == "entered-in-error")
    return whose(mapped, r, "subject", [*(r.get("recipient") or ()), sender, encounter, about])
