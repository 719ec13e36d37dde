"""FT1: what was charged for the patient."""

from __future__ import annotations

from beforehand.intake.connectors.hl7v2.datatypes import Fhir, code_of, coded, kept, number_of
from beforehand.intake.connectors.hl7v2.grammar import Segment
from beforehand.intake.connectors.hl7v2.scene import Scene, logical_id


def read_charge(scene: Scene, segment: Segment) -> None:
    """One charge or credit as a ChargeItem; payments and adjustments are kept and not made into facts."""
    kind = segment.text(6).upper()
    code = coded(segment[25], scene.local) or coded(segment[7], scene.local)
    scene.used.add("FT1")
    if scene.patient is None or code is None or kind not in ("CG", "CD", "C", ""):
        scene.skip(segment)
        return
    when = scene.time(segment, 4)
    number = segment.text(2)
    told = (number,) if number else (segment.text(1), code_of(segment[7]))
    amount = number_of(segment[11].component(1).below(1).text)
    count = number_of(segment.text(10))
    reasons = [reason for part in segment[19].repetitions() if (reason := coded(part, scene.local))]
    scene.add(
        "ChargeItem",
        logical_id("ChargeItem", scene.patient["reference"], *told, (when or "")[:10]),
        status="aborted" if kind == "CD" else "billable",
        code=code,
        subject=scene.patient,
        context=scene.encounter,
        occurrenceDateTime=when,
        quantity={"value": count} if count is not None else None,
        priceOverride=_money(amount, segment[11].component(1).below(2).text),
        reason=reasons,
        performer=[{"actor": who} for who in scene.clinicians(segment[20])],
        enterer=next(iter(scene.clinicians(segment[24])), None),
    )


def _money(amount: object, currency: str) -> Fhir | None:
    return kept(value=amount, currency=currency or "USD") if amount is not None else None
