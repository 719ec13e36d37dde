"""Coverage, claims and bills. Amounts are exact cents; a currency other than US dollars is left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beforehand.clinical.fhir.contract import Mapped, MappingContext, MappingError, Resource, Row
from beforehand.clinical.fhir.elements import (
    cents,
    code_in,
    codings,
    extension,
    first,
    flag,
    latest,
    moments,
    name_in,
    patient_in,
    period,
    status_of,
    type_in,
    vocabulary,
    when,
    words,
)
from beforehand.clinical.times import NOTHING, When

FINANCIAL = vocabulary("claim")
INVOICE = vocabulary("invoice")
CHARGE = vocabulary("charge_item")
ACCOUNT = vocabulary("account")
# HL7's and CARIN's words for whether the one who served is in the plan's network.
NETWORKS = {
    "in": "in",
    "innetwork": "in",
    "contracted": "in",
    "out": "out",
    "outofnetwork": "out",
    "noncontracted": "out",
}
USES = frozenset(("claim", "preauthorization", "predetermination"))
OUTCOMES = frozenset(("queued", "complete", "error", "partial"))
# X12 code source 306, by which Da Vinci answers say what was decided.
_REVIEW = {"A1": "approved", "A2": "partial", "A3": "denied", "A4": "pended", "A6": "partial"}
_DECISIONS = frozenset(("approved", "denied", "pended", "partial"))


def use_of(r: Resource) -> str | None:
    """What the claim is for; ``MappingError`` on another word, since an estimate read as a claim would mislead."""
    return status_of(r, USES, "use", required=False)


def serviced(r: Resource, ctx: MappingContext) -> When:
    """When the service was: the last day any item names, else the end of the billable period."""
    newest = NOTHING
    for item in r.get("item") or ():
        if "servicedDate" in item:
            day = when(item, "servicedDate", ctx, f"{r['resourceType']}.item")
        else:
            day = latest(*period(item, "servicedPeriod", ctx, f"{r['resourceType']}.item"))
        if day.to_day is not None and (newest.to_day is None or day.to_day > newest.to_day):
            newest = day
    return newest if newest.to_day is not None else latest(*period(r, "billablePeriod", ctx))


def claim_number(r: Resource) -> str | None:
    """The number by which payer and biller know the claim: the one typed so, else the first."""
    numbers = [sent for sent in r.get("identifier") or () if sent.get("value")]
    for sent in numbers:
        if any(coding.get("code") == "uc" for coding in codings(sent.get("type"))):  # CARIN: unique claim id
            return words(sent, "value", "identifier")
    return words(numbers[0], "value", "identifier") if numbers else None


def _order(r: Resource) -> Resource | None:
    """The order a claim is for, as the referral or as Da Vinci's requested service."""
    if r.get("referral"):
        return r["referral"]  # type: ignore[no-any-return]
    for part in (r, *(r.get("item") or ())):
        for sent in part.get("extension") or ():
            named = sent.get("valueReference")
            if named and ("requestedService" in sent.get("url", "") or type_in(named) == "ServiceRequest"):
                return named  # type: ignore[no-any-return]
    return None


def _sort_of_coverage(r: Resource) -> Any:
    """The type, with what Medicare says beside it of Medicaid and Extra Help: they decide what may be charged."""
    said = [extension(r, "BENE-DUAL-STUS-CD"), extension(r, "BENE-LIS-EFCTV-CD")]
    more = [sent["valueCoding"] for sent in said if sent and sent.get("valueCoding")]
    if not more:
        return r.get("type")
    sort = r.get("type") or {}
    return {**sort, "coding": [*codings(sort), *more]}


def map_coverage(r: Resource, ctx: MappingContext) -> Mapped:
    """Insurance that covers the person."""
    status = status_of(r, FINANCIAL)
    start, end = period(r, "period", ctx)
    payor = first(r, "payor")
    values = [
        status,
        ctx.concept(_sort_of_coverage(r)),
        *start,
        *end,
        ctx.ref(payor),
        name_in(r, payor),
        code_in(r.get("relationship")),
        words(r, "subscriberId"),
        " ".join((name_in(r, payor) or "").casefold().split()) or None,
    ]
    return Mapped([("coverage", "", values)], patient_in(r, "beneficiary"), status == "entered-in-error")


def map_coverage_eligibility_response(r: Resource, ctx: MappingContext) -> Mapped:
    """A payer's answer about coverage."""
    status = status_of(r, FINANCIAL)
    insurance = first(r, "insurance") or {}
    values = [
        status,
        status_of(r, OUTCOMES, "outcome", required=False),
        *when(r, "created", ctx),
        flag(insurance, "inforce", "CoverageEligibilityResponse.insurance"),
        ctx.ref(insurance.get("coverage")),
    ]
    rows: list[Row] = [
        ("coverage_eligibility_response", f"service-{at}" if at else "", [*values, needed, service])
        for at, (service, needed) in enumerate(_authorization(r, ctx))
    ]
    rows += _balances(r, ctx, status)
    return Mapped(rows, patient_in(r, "patient"), status == "entered-in-error")


def _authorization(r: Resource, ctx: MappingContext) -> list[tuple[int | None, int | None]]:
    """Each service with whether it needs authorization; items that name none speak together, as one of no name."""
    needed: dict[int | None, int] = {}
    for sent in r.get("insurance") or ():
        for item in sent.get("item") or ():
            says = flag(item, "authorizationRequired", "CoverageEligibilityResponse.insurance.item")
            if says is not None:
                service = ctx.concept(item.get("productOrService"))
                needed[service] = max(needed.get(service, 0), says)
    return list(needed.items()) or [(None, None)]


def _balances(r: Resource, ctx: MappingContext, status: str | None) -> Iterator[Row]:
    """Each limit with what is used of it, where the payer says both or either in dollars."""
    start, end = period(r, "servicedPeriod", ctx)
    place = "CoverageEligibilityResponse.insurance.item.benefit"
    for at, sent in enumerate(r.get("insurance") or ()):
        for line, item in enumerate(sent.get("item") or ()):
            for index, benefit in enumerate(item.get("benefit") or ()):
                limit, used = cents(benefit.get("allowedMoney"), place), cents(benefit.get("usedMoney"), place)
                if limit is None and used is None:
                    continue
                values = [
                    status,
                    *when(r, "created", ctx),
                    ctx.ref(sent.get("coverage")),
                    code_in(benefit.get("type")),
                    code_in(item.get("unit")),
                    NETWORKS.get(code_in(item.get("network")) or ""),
                    *start,
                    *end,
                    limit,
                    used,
                ]
                yield "benefit_balance", f"balance-{at}-{line}-{index}", values


def _claim_total(r: Resource) -> int | None:
    if r.get("total") is not None:
        return cents(r["total"], "Claim.total")
    nets = [cents(item.get("net"), "Claim.item.net") for item in r.get("item") or ()]
    return sum(net for net in nets if net is not None) if nets and None not in nets else None


def map_claim(r: Resource, ctx: MappingContext) -> Mapped:
    """A request for payment or for authorization."""
    status = status_of(r, FINANCIAL)
    items = r.get("item") or []
    encounter = next((first(item, "encounter") for item in items if item.get("encounter")), None)
    values = [
        status,
        use_of(r),
        ctx.concept(r.get("type")),
        *when(r, "created", ctx),
        *serviced(r, ctx),
        _claim_total(r),
        ctx.ref(r.get("provider")),
        ctx.ref(encounter),
        ctx.ref(_order(r)),
        ctx.concept(items[0].get("productOrService")) if items else None,
        claim_number(r),
    ]
    return Mapped([("claim", "", values)], patient_in(r, "patient"), status == "entered-in-error")


def _review_words(r: Resource) -> list[tuple[str | None, str | None]]:
    """Each review action in the answer's adjudications: decision word and authorization number."""
    found = []
    parts = [r, *(r.get("item") or ()), *(r.get("addItem") or ())]
    for part in parts:
        for judged in part.get("adjudication") or ():
            number, word = None, None
            action = extension(judged, "extension-reviewAction")
            for inner in (action or {}).get("extension") or ():
                if inner.get("url", "").endswith(("reviewActionCode", "extension-reviewActionCode")):
                    word = _REVIEW.get(code_in(inner.get("valueCodeableConcept")) or "")
                elif inner.get("url") == "number":
                    number = words(inner, "valueString", "ClaimResponse.item.adjudication")
            if word is None:
                for codeable in (judged.get("reason"), judged.get("category")):
                    word = word or next((c["code"] for c in codings(codeable) if c.get("code") in _DECISIONS), None)
            if word or number:
                found.append((word, number))
    return found


def map_claim_response(r: Resource, ctx: MappingContext) -> Mapped:
    """A payer's answer to a claim or a request for authorization."""
    status = status_of(r, FINANCIAL)
    outcome = status_of(r, OUTCOMES, "outcome", required=False)
    reviews = _review_words(r)
    decided = {word for word, _ in reviews if word}
    decision = decided.pop() if len(decided) == 1 else "partial" if decided else None
    if decision is None and outcome == "queued":
        decision = "pended"
    number = words(r, "preAuthRef") or next((number for _, number in reviews if number), None)
    start, end = period(r, "preAuthPeriod", ctx)
    values = [
        status,
        use_of(r),
        outcome,
        ctx.ref(r.get("request")),
        ctx.ref(_order(r)),
        *when(r, "created", ctx),
        number,
        *start,
        *end,
        decision,
        words(r, "disposition"),
    ]
    return Mapped([("claim_response", "", values)], patient_in(r, "patient"), status == "entered-in-error")


def map_invoice(r: Resource, ctx: MappingContext) -> Mapped:
    """A bill. FHIR R4 has no pay-by date, service date or claim number on it; extensions ending so are read."""
    status = status_of(r, INVOICE)
    issuer = r.get("issuer")
    due = extension(r, "invoice-due", "invoice-due-date", "due-date", "dueDate") or {}
    service = extension(r, "invoice-service-date", "service-date") or {}
    claim = extension(r, "invoice-claim-number", "claim-number") or {}
    visit = extension(r, "invoice-encounter", "encounter") or {}
    net = cents(r.get("totalNet"), "Invoice.totalNet")
    values = [
        status,
        ctx.concept(r.get("type")),
        *when(r, "date", ctx),
        *_day_in(due, ctx),
        net if net is not None else cents(r.get("totalGross"), "Invoice.totalGross"),
        ctx.ref(issuer),
        name_in(r, issuer),
        ctx.ref(r.get("account")),
        words(claim, "valueString", "Invoice.extension") or _printed_claim(r),
        *_day_in(service, ctx),
        ctx.ref(visit.get("valueReference")),
    ]
    return Mapped([("invoice", "", values)], patient_in(r, "subject"), status == "entered-in-error")


def _day_in(sent: Resource, ctx: MappingContext) -> When:
    element = "valueDate" if "valueDate" in sent else "valueDateTime"
    return when(sent, element, ctx, "Invoice.extension")


def _printed_claim(r: Resource) -> str | None:
    """A claim number among a bill's identifiers, which else are the biller's own."""
    for sent in r.get("identifier") or ():
        typed = any(coding.get("code") in ("uc", "claim") for coding in codings(sent.get("type")))
        if typed or "claim" in str(sent.get("system", "")).casefold():
            return words(sent, "value", "Invoice.identifier")
    return None


def map_charge_item(r: Resource, ctx: MappingContext) -> Mapped:
    """One chargeable thing done."""
    status = status_of(r, CHARGE)
    values = [
        status,
        ctx.concept(r.get("code")),
        *latest(*moments(r, "occurrence", ctx)),
        ctx.ref(r.get("context")),
        ctx.ref(first(r, "account")),
        cents(r.get("priceOverride"), "ChargeItem.priceOverride"),
    ]
    return Mapped([("charge_item", "", values)], patient_in(r, "subject"), status == "entered-in-error")


def map_account(r: Resource, ctx: MappingContext) -> Mapped:
    """A balance kept for the person by a biller."""
    status = status_of(r, ACCOUNT)
    subjects: list[Any] = r.get("subject") or []
    patients = [subject for subject in subjects if type_in(subject) in ("Patient", "")]
    if len(patients) > 1:
        raise MappingError(
            "Account.subject", "it is kept for several patients at once", "Ask the sender for one account a patient."
        )
    start, end = period(r, "servicePeriod", ctx)
    values = [status, ctx.concept(r.get("type")), *start, *end, words(r, "name")]
    named = {"resourceType": "Account", "subject": patients[0] if patients else None}
    return Mapped([("account", "", values)], patient_in(named, "subject"), status == "entered-in-error")
