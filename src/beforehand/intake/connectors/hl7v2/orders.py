"""ORC with OBR, RF1: orders for tests and services, and referrals, each known by its placer's number."""

from __future__ import annotations

from beforehand.intake.connectors.hl7v2 import words as said_as
from beforehand.intake.connectors.hl7v2.datatypes import (
    Fhir,
    address,
    code_of,
    coded,
    human_name,
    kept,
    telecom,
)
from beforehand.intake.connectors.hl7v2.grammar import Segment
from beforehand.intake.connectors.hl7v2.results import notes_of
from beforehand.intake.connectors.hl7v2.scene import Scene, assumed, logical_id

REFERRAL = {"system": "http://snomed.info/sct", "code": "3457005", "display": "Patient referral"}


def order_number(scene: Scene, order: Segment | None, detail: Segment | None) -> Fhir | None:
    """The placer's number of ORC-2 or OBR-2, else the filler's of ORC-3 or OBR-3."""
    for field in (2, 3):
        for segment in (order, detail):
            if segment is not None and segment.name in ("ORC", "OBR") and (number := scene.number(segment[field])):
                return number
    return None


def order_status(order: Segment | None) -> str:
    """How an order now stands: by its control code, else by its own status."""
    if order is None:
        return "active"
    by_control = said_as.ORDER_CONTROL.get(order.text(1).upper())
    if by_control in ("revoked", "entered-in-error", "on-hold"):
        return by_control
    return said_as.ORDER_STATUS.get(order.text(5).upper()) or by_control or "active"


def answered(detail: Segment, below: list[Segment]) -> str:
    """How an order stands by the report on it; by its results where the report does not say."""
    said = detail.text(25).upper()
    if said:
        return said_as.ORDER_OF_REPORT.get(said, "active")
    stand = {said_as.RESULT_STATUS.get(segment.text(11).upper()) for segment in below if segment.name == "OBX"}
    return "completed" if stand and stand <= {"final", "corrected", "amended", "cancelled"} else "active"


def read_order(
    scene: Scene, order: Segment | None, detail: Segment, below: list[Segment], is_result: bool
) -> Fhir | None:
    """ORC and OBR as a ServiceRequest; the reference to it."""
    scene.used.update({"ORC", "OBR", "TQ1", "NTE"})
    if scene.patient is None:
        return None
    number = order_number(scene, order, detail)
    code = coded(detail[4], scene.local)
    told = (number.get("system", ""), number["value"]) if number else (scene.patient["reference"], code_of(detail[4]),
                                                                        detail.text(7) or scene.control_id)  # fmt: skip
    key = logical_id("ServiceRequest", *told)
    before = scene.found.get(("ServiceRequest", key))
    if before is not None and before[0].get("code") != code:
        key = logical_id("ServiceRequest", *told, code_of(detail[4]).casefold())
    timing = next((segment for segment in below if segment.name == "TQ1"), None)
    status: str | None = answered(detail, below) if is_result else order_status(order)
    if is_result and status == "active":
        status = None  # a first result does not reopen an order that was called off
    requesters = [
        who for segment, field in ((order, 12), (detail, 16)) if segment for who in scene.clinicians(segment[field])
    ]
    reasons = [reason for part in detail[31].repetitions() if (reason := coded(part, scene.local))]
    authored = (scene.time(order, 9) or scene.time(order, 15)) if order else None
    return scene.add(
        "ServiceRequest",
        key,
        patch=True,
        identifier=[
            one for segment in (order, detail) if segment for field in (2, 3) if (one := scene.number(segment[field]))
        ],
        status=status,
        _status=None if status else assumed("active"),
        intent="order",
        code=code or {"text": "Not said"},
        priority=_priority(detail, timing),
        subject=scene.patient,
        encounter=scene.encounter,
        authoredOn=authored or (scene.time(detail, 6) if is_result else scene.time(detail, 6) or scene.stamp),
        occurrenceDateTime=_wanted(scene, order, detail, timing, is_result),
        requester=requesters[0] if requesters else None,
        reasonCode=reasons,
        note=notes_of([segment for segment in _before_findings(below) if segment.name == "NTE"]),
    )


def _before_findings(below: list[Segment]) -> list[Segment]:
    at = next((number for number, segment in enumerate(below) if segment.name == "OBX"), len(below))
    return below[:at]


def _priority(detail: Segment, timing: Segment | None) -> str | None:
    for said in (timing.text(9) if timing else "", detail.text(27, 6), detail.text(5)):
        if word := said_as.PRIORITY.get(said.upper()):
            return word
    return None


def _wanted(
    scene: Scene, order: Segment | None, detail: Segment, timing: Segment | None, is_result: bool
) -> str | None:
    """When the service is wanted."""
    if timing is not None and (when := scene.time(timing, 7)):
        return when
    if detail[36] and (when := scene.time(detail, 36)):
        return when
    for segment, field in ((order, 7), (detail, 27)):
        if segment is not None and segment[field]:
            said = segment[field].words(4)
            if said.isdigit() and len(said) >= 8:
                return scene.time(segment, field, 4)
    return None if is_result else scene.time(detail, 7)


def read_referral(scene: Scene, segment: Segment) -> None:
    """RF1 with its PRD: a referral from one clinician to another."""
    scene.used.update({"RF1", "PRD"})
    if scene.patient is None:
        return
    number = scene.number(segment[6]) or scene.number(segment[11])
    status = said_as.REFERRAL_STATUS.get(segment.text(1).upper()[:1], "active")
    if scene.trigger == "I14":
        status = "revoked"
    roles: dict[str, Fhir] = {}
    if scene.providers is None:  # once, however many referrals the message holds
        scene.providers = [(one.text(1).upper(), _provider(scene, one)) for one in scene.message.all("PRD")]
    for role, who in scene.providers:
        if who is not None:
            roles.setdefault(role, who)
    codes = [code for field in (10,) if (code := coded(segment[field], scene.local, "0336"))]
    sort = coded(segment[3], scene.local, "0281")
    told = (number.get("system", ""), number["value"]) if number else (
        scene.patient["reference"], segment.text(3), segment.text(7) or scene.control_id)  # fmt: skip
    scene.add(
        "ServiceRequest",
        logical_id("ServiceRequest", "referral", *told),
        patch=True,
        identifier=[one for field in (6, 11) if (one := scene.number(segment[field]))],
        status=status,
        intent="order",
        category=[{"coding": [REFERRAL]}],
        code=sort or {"text": "Referral"},
        priority=said_as.PRIORITY.get(segment.text(2).upper()),
        subject=scene.patient,
        encounter=scene.encounter,
        authoredOn=scene.time(segment, 7) or scene.time(segment, 9) or scene.stamp,
        occurrencePeriod=kept(start=scene.time(segment, 7), end=scene.time(segment, 8)) if segment[8] else None,
        requester=roles.get("RP") or roles.get("PP"),
        performer=[roles["RT"]] if "RT" in roles else [],
        reasonCode=codes,
    )


def _provider(scene: Scene, segment: Segment) -> Fhir | None:
    """PRD: a clinician or practice with a part in a referral."""
    name = next((found for part in segment[2].repetitions() if (found := human_name(part))), None)
    place = segment[4].component(9).text or segment[4].component(4).below(1).text or segment.text(10)
    shown = " ".join([*(name or {}).get("given", ()), (name or {}).get("family", "")]).strip()
    number = segment.text(7)
    if not number:
        return kept(display=shown or place) or None
    key = logical_id("Practitioner", scene.authority, number)
    made = scene.add(
        "Practitioner",
        key,
        patch=True,
        identifier=[kept(system=scene.authority, value=number)],
        name=[name] if name else None,
        telecom=[found for part in segment[5].repetitions() if (found := telecom(part, "work"))],
        address=[found for part in segment[3].repetitions() if (found := address(part))],
    )
    return kept(**made, display=shown or place)
