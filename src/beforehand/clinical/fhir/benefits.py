"""ExplanationOfBenefit: what a service cost and who pays what.

Payers say the amounts in three places: totals (CARIN), item adjudications (all), and benefit balances (Medicare's
Blue Button). Totals win; where one is missing the items are added up.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from beforehand.clinical.fhir.contract import Mapped, MappingContext, Resource, Row
from beforehand.clinical.fhir.elements import (
    cents,
    codings,
    first,
    latest,
    name_in,
    patient_in,
    period,
    quantity,
    status_of,
    vocabulary,
    when,
)
from beforehand.clinical.fhir.money import NETWORKS, OUTCOMES, claim_number, serviced, use_of
from beforehand.clinical.times import When

FINANCIAL = vocabulary("explanation_of_benefit")

# The words of an amount: FHIR and CARIN adjudication codes, then the variables of Medicare's claims.
BILLED = ("submitted", "drugcost", "line_sbmtd_chrg_amt", "rev_cntr_tot_chrg_amt", "CLM_LINE_SBMT_CHRG_AMT")
ALLOWED = ("eligible", "allowed", "line_alowd_chrg_amt", "CLM_LINE_ALOWD_CHRG_AMT", "nch_carr_clm_alowd_amt")
PAID = ("benefit",)
PAID_TO = ("paidtoprovider", "paidtopatient")
PAID_LINES = ("benefit", "line_nch_pmt_amt", "rev_cntr_pmt_amt_amt", "cvrd_d_plan_pd_amt", "CLM_LINE_CVRD_PD_AMT")
SHARE = ("memberliability", "ptnt_pay_amt", "rev_cntr_ptnt_rspnsblty_pmt")
DEDUCTIBLE = (
    "deductible",
    "line_bene_ptb_ddctbl_amt",
    "rev_cntr_cash_ddctbl_amt",
    "carr_clm_cash_ddctbl_apld_amt",
    "nch_bene_ptb_ddctbl_amt",
    "nch_bene_ip_ddctbl_amt",
)
COPAY = ("copay",)
COINSURANCE = (
    "coinsurance",
    "line_coinsrnc_amt",
    "rev_cntr_coinsrnc_wge_adjstd_c",
    "nch_bene_ptb_coinsrnc_amt",
    "nch_bene_pta_coinsrnc_lblty_amt",
)

NONCOVERED = ("noncovered", "rev_cntr_ncvrd_chrg_amt", "REV_CNTR_NCVRD_CHRG_AMT")
# CARIN tells in adjudications without an amount who is in the network and why a line was refused.
NETWORK = ("benefitpaymentstatus", "billingnetworkstatus", "renderingnetworkstatus")
REFUSED = ("denialreason", "adjustmentreason")

Amounts = dict[str, int]


@lru_cache(maxsize=1_024)
def _word(code: str) -> str:
    """The last part of a Medicare variable's address; another code as it is."""
    return code.rpartition("/")[2]


def _add(amounts: Amounts, category: object, money: object, place: str) -> None:
    """Add an amount under each of its category's words."""
    if money is None:
        return
    value = cents(money, place)
    if value is None:
        return
    seen = ""
    for coding in codings(category):
        code = coding.get("code")
        word = _word(code) if type(code) is str else ""
        if word and word != seen:
            seen = word
            amounts[word] = amounts.get(word, 0) + value


def _totals(r: Resource) -> Amounts:
    amounts: Amounts = {}
    for total in r.get("total") or ():
        _add(amounts, total.get("category"), total.get("amount"), "ExplanationOfBenefit.total.amount")
    return amounts


def _lines(*items: Resource) -> Amounts:
    amounts: Amounts = {}
    for item in items:
        for judged in item.get("adjudication") or ():
            _add(amounts, judged.get("category"), judged.get("amount"), "ExplanationOfBenefit.item.adjudication.amount")
    return amounts


def _balances(r: Resource) -> Amounts:
    amounts: Amounts = {}
    for balance in r.get("benefitBalance") or ():
        for line in balance.get("financial") or ():
            _add(amounts, line.get("type"), line.get("usedMoney"), "ExplanationOfBenefit.benefitBalance.usedMoney")
    return amounts


def _said(amounts: Amounts, names: tuple[str, ...]) -> int | None:
    """The first of the named amounts that was said."""
    for name in names:
        if name in amounts:
            return amounts[name]
    return None


def _sum(*parts: int | None) -> int | None:
    said = [part for part in parts if part is not None]
    return sum(said) if said else None


def _either(*answers: int | None) -> int | None:
    return next((answer for answer in answers if answer is not None), None)


def _part(totals: Amounts, lines: Amounts, balances: Amounts, names: tuple[str, ...]) -> int | None:
    for amounts in (totals, lines, balances):
        if amounts and (said := _said(amounts, names)) is not None:
            return said
    return None


def amounts_of(r: Resource) -> tuple[int | None, int | None, int | None, int | None, int | None]:
    """Billed, allowed, paid by the plan, the patient's share and the deductible in it, in cents."""
    lines = _lines(*(r.get("item") or ()), *(r.get("addItem") or ()))
    totals, balances = _totals(r), _balances(r)
    payment = cents((r.get("payment") or {}).get("amount"), "ExplanationOfBenefit.payment.amount")
    paid = _either(
        _said(totals, PAID),
        payment,
        _sum(*(totals.get(name) for name in PAID_TO)),
        _said(lines, PAID_LINES),
        _sum(*(lines.get(name) for name in PAID_TO)),
    )
    deductible = _part(totals, lines, balances, DEDUCTIBLE)
    share = _either(
        _part(totals, lines, balances, SHARE),
        _sum(
            deductible,
            _part(totals, lines, balances, COPAY),
            _part(totals, lines, balances, COINSURANCE),
        ),
    )
    billed = _part(totals, lines, balances, BILLED)
    return billed, _part(totals, lines, balances, ALLOWED), paid, share, deductible


def _reasons(part: Resource, categories: tuple[str, ...]) -> Iterator[Resource]:
    """The codings by which adjudications of these categories say why."""
    for judged in part.get("adjudication") or ():
        if any(coding.get("code") in categories for coding in codings(judged.get("category"))):
            yield from codings(judged.get("reason"))


def _network(*parts: Resource) -> str | None:
    for part in parts:
        for coding in _reasons(part, NETWORK):
            if (found := NETWORKS.get(coding.get("code") or "")) is not None:
                return found
    return None


def _together(named: Iterator[Resource] | list[Resource]) -> Resource | None:
    """Several codings as one coded meaning: a rule asks whether one of them is there."""
    found = list(named)
    return {"coding": found} if found else None


def _diagnosis(r: Resource, item: Resource) -> Resource | None:
    stated = {sent.get("sequence"): sent.get("diagnosisCodeableConcept") for sent in r.get("diagnosis") or ()}
    pointed = (stated.get(number) for number in item.get("diagnosisSequence") or ())
    return next((code for code in (*pointed, *stated.values()) if code), None)


def _items(r: Resource, ctx: MappingContext, status: str | None, service: When) -> Iterator[Row]:
    """The lines on which the payer decided something; a line without a decision says nothing about money."""
    for index, item in enumerate(r.get("item") or ()):
        amounts = _lines(item)
        if not item.get("adjudication"):
            continue
        own = when(item, "servicedDate", ctx, "ExplanationOfBenefit.item")
        if own.to_day is None:
            own = latest(*period(item, "servicedPeriod", ctx, "ExplanationOfBenefit.item"))
        deductible = _said(amounts, DEDUCTIBLE)
        share = _either(_said(amounts, SHARE), _sum(deductible, _said(amounts, COPAY), _said(amounts, COINSURANCE)))
        modifiers = [coding for sent in item.get("modifier") or () for coding in codings(sent)]
        values = [
            ctx.own_id,
            status,
            ctx.concept(item.get("productOrService")),
            ctx.concept(_together(modifiers)),
            ctx.concept(item.get("locationCodeableConcept")),
            ctx.concept(_diagnosis(r, item)),
            ctx.concept(_together(_reasons(item, REFUSED))),
            _network(item, r),
            *(own if own.to_day is not None else service),
            *quantity(item, "quantity", "ExplanationOfBenefit.item"),
            _said(amounts, BILLED),
            _said(amounts, ALLOWED),
            _either(_said(amounts, PAID_LINES), _sum(*(amounts.get(name) for name in PAID_TO))),
            share,
            deductible,
            _said(amounts, NONCOVERED),
            ctx.ref(first(item, "encounter")),
        ]
        yield "benefit_item", f"item-{index}", values


def _coverage(r: Resource) -> Resource | None:
    insurance = [sent for sent in r.get("insurance") or () if sent.get("coverage")]
    focal = next((sent for sent in insurance if sent.get("focal") is True), insurance[0] if insurance else {})
    return focal.get("coverage")


def map_explanation_of_benefit(r: Resource, ctx: MappingContext) -> Mapped:
    """A payer's account of what a service cost and who pays what."""
    status = status_of(r, FINANCIAL)
    provider = r.get("provider")
    billed, allowed, paid, share, deductible = amounts_of(r)
    values = [
        status,
        use_of(r),
        status_of(r, OUTCOMES, "outcome", required=False),
        ctx.concept(r.get("type")),
        *when(r, "created", ctx),
        *(service := serviced(r, ctx)),
        ctx.ref(r.get("claim")),
        ctx.ref(provider),
        name_in(r, provider),
        billed,
        allowed,
        paid,
        share,
        deductible,
        claim_number(r),
        ctx.ref(_coverage(r)),
    ]
    rows: list[Row] = [("explanation_of_benefit", "", values), *_items(r, ctx, status, service)]
    return Mapped(rows, patient_in(r, "patient"), status == "entered-in-error")
