"""What a payer decided of a claim or a line (CAS, SVC, AMT, LQ), as FHIR's adjudications and totals."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.x12 import words
from beforehand.intake.connectors.x12.envelope import Segment
from beforehand.intake.connectors.x12.parties import first
from beforehand.intake.connectors.x12.values import (
    ADJUSTMENT_REASON,
    ELEMENT,
    HL7,
    PLACE_OF_SERVICE,
    REMARK,
    REVENUE,
    Fhir,
    amount,
    coded,
    coding,
    day,
    joined,
    kept,
    money,
    procedure,
    quantity,
    serviced,
)

_CARIN = "http://hl7.org/fhir/us/carin-bb/CodeSystem/"
_WORDS = {
    **dict.fromkeys(("submitted", "eligible", "deductible", "copay", "benefit"), f"{HL7}adjudication"),
    **dict.fromkeys(("coinsurance", "noncovered", "memberliability"), f"{_CARIN}C4BBAdjudication"),
    **dict.fromkeys(("denialreason", "adjustmentreason"), f"{_CARIN}C4BBAdjudicationDiscriminator"),
}
_ZERO = Decimal(0)


class Adjustment(NamedTuple):
    """One amount by which what was paid differs from what was billed: who bears it, and why."""

    group: str
    reason: str
    amount: Decimal

    @property
    def share(self) -> str:
        """Which part of the plan's terms leaves it to the person: deductible, copay, coinsurance; else empty."""
        return words.COST_SHARES.get(self.reason, "") if self.group == "PR" else ""

    @property
    def is_refusal(self) -> bool:
        """Whether the payer refused it, and did not only lower the price or leave a share."""
        return not (
            self.reason in words.COST_SHARES or self.reason in words.OTHER_SHARES or self.reason in words.REDUCTIONS
        )


def adjustments_in(segment: Segment) -> list[Adjustment]:
    """The amounts of a CAS, up to six."""
    if segment.name != "CAS":
        return []
    group, found = segment.text(1).upper(), []
    for at in range(2, min(20, len(segment.elements) + 1), 3):
        value, reason = amount(segment, at + 1), segment.text(at).upper()
        if value is None and not reason:
            continue
        if value is None or not reason:
            raise ItemError(segment.place(at), "An adjustment lacks its reason or its amount.", "Ask the payer.")
        found.append(Adjustment(group, reason, value))
    return found


def category(code: str, group: str = "") -> Fhir:
    """The category of an amount."""
    told = coding(f"{ELEMENT}1033", group, words.GROUPS.get(group, "")) if group else {}
    return coded(coding(_WORDS[code], code), told)


def _amounts(
    adjusted: Iterable[Adjustment], billed: Decimal | None, paid: Decimal | None, allowed: Decimal | None
) -> dict[str, Decimal]:
    """The amounts that add up under FHIR's words."""
    every = list(adjusted)
    found: dict[str, Decimal] = {}
    for name, value in (("submitted", billed), ("eligible", allowed), ("benefit", paid)):
        if value is not None:
            found[name] = value
    for one in every:
        if one.share:
            found[one.share] = found.get(one.share, _ZERO) + one.amount
    found["memberliability"] = sum((one.amount for one in every if one.group == "PR"), _ZERO)
    refused = sum((one.amount for one in every if one.is_refusal and (one.group == "PR" or not paid)), _ZERO)
    if refused:
        found["noncovered"] = refused
    return found


def adjudicated(
    adjusted: list[Adjustment],
    currency: str,
    remarks: Iterable[str],
    *,
    whole: tuple[Decimal, Decimal] | None = None,
    allowed: Decimal | None = None,
    is_line: bool = False,
) -> list[Fhir]:
    """Each adjustment with group and reason as codes, and the remark codes; of a line, its amounts before them."""
    judged: list[Fhir] = []
    if is_line:
        billed, paid = whole or (None, None)
        for name, value in _amounts(adjusted, billed, paid, allowed).items():
            judged.append({"category": category(name), "amount": money(value, currency)})
    for one in adjusted:
        why = "denialreason" if one.is_refusal else "adjustmentreason"
        reason = coded(coding(ADJUSTMENT_REASON, one.reason))
        judged.append({"category": category(why, one.group), "reason": reason, "amount": money(one.amount, currency)})
    for code in remarks:
        judged.append({"category": category("adjustmentreason"), "reason": coded(coding(REMARK, code))})
    return judged


def line_of(segments: list[Segment], number: int, place: str, currency: str) -> Fhir:
    """One service line of a remittance, and its days."""
    head = segments[0]
    code, modifiers, kind = procedure(head, 1)
    revenue = head.text(4)
    if not code and revenue:
        code = coded(coding(REVENUE, revenue.rjust(4, "0")))
    billed, paid = amount(head, 2) or _ZERO, amount(head, 3) or _ZERO
    allowed = first(segments, "AMT", "B6")
    adjusted = [one for segment in segments for one in adjustments_in(segment)]
    remarks = [segment.text(2) for segment in segments if segment.name == "LQ" and segment.text(2)]
    days = joined(
        (one, one)
        for segment in segments
        if segment.name == "DTM" and segment.text(1) in ("472", "150", "151")
        and (one := day(segment.text(2), segment.place(2)))
    )  # fmt: skip
    item = kept(
        sequence=number,
        revenue=coded(coding(REVENUE, revenue.rjust(4, "0"))) if revenue and kind != "NU" else None,
        productOrService=code or {"text": "Not said"},
        modifier=modifiers,
        locationCodeableConcept=coded(coding(PLACE_OF_SERVICE, place)) if place else None,
        quantity=quantity(head, 5),
        adjudication=adjudicated(
            adjusted, currency, remarks, whole=(billed, paid), allowed=amount(allowed, 2) if allowed else None,
            is_line=True,
        ),
        **serviced(*days),
    )  # fmt: skip
    return {"item": item, "serviced": days}


def totals_of(head: Segment, adjusted: list[Adjustment], allowed: Decimal | None, currency: str) -> list[Fhir]:
    """The totals of a claim (CLP with every adjustment); the person's part is what the payer says it is."""
    found = _amounts(adjusted, amount(head, 3), amount(head, 4), allowed)
    share = amount(head, 5)
    if share is not None:
        found["memberliability"] = share
    return [{"category": category(name), "amount": money(value, currency)} for name, value in found.items()]
