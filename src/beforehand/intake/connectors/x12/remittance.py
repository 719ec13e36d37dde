"""835: what a payer paid. Each claim becomes an ExplanationOfBenefit, the payment a PaymentReconciliation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from beforehand.clinical.quantities import numeral
from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.x12 import words
from beforehand.intake.connectors.x12.adjudication import Adjustment, adjudicated, adjustments_in, line_of, totals_of
from beforehand.intake.connectors.x12.envelope import Segment, Transaction
from beforehand.intake.connectors.x12.guide import Guide, Placing
from beforehand.intake.connectors.x12.parties import (
    Made,
    Person,
    Sheet,
    check_all_placed,
    claim_key,
    claim_type,
    coverage_key,
    first,
    read_person,
    unread,
)
from beforehand.intake.connectors.x12.values import (
    ELEMENT,
    HL7,
    RESEND,
    Fhir,
    amount,
    authority,
    coded,
    coding,
    day,
    folded,
    identifier,
    joined,
    kept,
    logical_id,
    member_system,
    money,
    number_of,
    period,
)

_AFTER_HEAD = frozenset(("CLP", "LX", "PLB", "TS2", "TS3"))
_ZERO = Decimal(0)


@dataclass
class _Payment:
    """What the head of a remittance says of all of its claims."""

    stamp: str
    head: list[Segment] = field(default_factory=list)
    payer: list[Segment] = field(default_factory=list)
    payee: list[Segment] = field(default_factory=list)
    adjustments: list[Segment] = field(default_factory=list)
    currency: str = "USD"
    issued: str | None = None
    paid_on: str | None = None
    payer_key: str = ""
    payer_name: str = ""
    paid: Decimal = _ZERO
    claims: int = 0
    is_sure: bool = True  # whether every claim's amount could be read

    def close_head(self) -> None:
        """Read what every claim needs of the head."""
        bpr, trn = first(self.head, "BPR"), first(self.head, "TRN")
        made = first(self.head, "DTM", "405")
        self.paid_on = day(bpr.text(16), bpr.place(16)) if bpr and _is_day(bpr.text(16)) else None
        self.issued = day(made.text(2), made.place(2)) if made and _is_day(made.text(2)) else None
        self.issued = self.issued or self.paid_on or (self.stamp[:10] or None)
        currency = first(self.head, "CUR")
        self.currency = (currency.text(2).upper() if currency else "") or "USD"
        name = first(self.payer, "N1", "PR")
        numbers = [name.text(4) if name else "", *(ref.text(2) for ref in self.payer if ref.text(1) == "2U")]
        numbers.append(trn.text(3)[1:] if trn and trn.text(3).startswith("1") else trn.text(3) if trn else "")
        self.payer_name = name.text(2) if name else ""
        self.payer_key = next((one for one in numbers if one), self.payer_name)


def _is_day(text: str) -> bool:
    try:
        return day(text, "") is not None
    except ItemError:
        return False


def read(transaction: Transaction, guide: Guide) -> Iterator[Made]:
    """Each claim, what was taken back before what was paid anew; the payment last."""
    payment = _Payment(transaction.sent)
    has_reversals = _read_around(transaction, guide, payment)
    for wanted in (True, False) if has_reversals else (False,):
        for claim in _claims(transaction):
            if (claim[0].text(2) == words.REVERSAL) == wanted:
                yield _attempt(payment, guide, claim)
    yield _payment_item(payment, transaction)
    yield from _check_sum(payment)


def _read_around(transaction: Transaction, guide: Guide, payment: _Payment) -> bool:
    """The head, the provider's adjustments and what the claims come to; whether any takes a payment back."""
    placing = Placing(guide)
    is_head, has_reversals = True, False
    for segment in transaction.segments():
        if segment.name in _AFTER_HEAD and is_head:
            is_head = False
            payment.close_head()
        if segment.name == "PLB":
            payment.adjustments.append(segment)
        elif segment.name == "CLP":
            _count(payment, segment)
            has_reversals = has_reversals or segment.text(2) == words.REVERSAL
        elif is_head:
            placing.place(segment)
            part = {"1000A": payment.payer, "1000B": payment.payee}.get(segment.loop, payment.head)
            part.append(segment)
    if is_head:
        payment.close_head()
    return has_reversals


def _claims(transaction: Transaction) -> Iterator[list[Segment]]:
    """The segments of each claim."""
    claim: list[Segment] = []
    for segment in transaction.segments():
        if segment.name in _AFTER_HEAD:
            if claim:
                yield claim
            claim = [segment] if segment.name == "CLP" else []
        elif claim:
            claim.append(segment)
    if claim:
        yield claim


def _count(payment: _Payment, claim: Segment) -> None:
    payment.claims += 1
    try:
        payment.paid += amount(claim, 4) or _ZERO
    except ItemError:
        payment.is_sure = False


def _attempt(payment: _Payment, guide: Guide, claim: list[Segment]) -> Made:
    placing = Placing(guide)
    for segment in claim:
        placing.place(segment)
    try:
        check_all_placed(claim)
        return _Claim(payment, claim).read()
    except ItemError as fault:
        return Made(error=ItemError(fault.place, fault.reason, fault.remedy))


class _Claim:
    """One claim of a remittance."""

    def __init__(self, payment: _Payment, segments: list[Segment]) -> None:
        self.payment = payment
        self.head = segments[0]
        self.segments = segments
        self.sheet = Sheet(payment.stamp)
        self.state = self.head.text(2)
        self.own: list[Segment] = []
        self.lines: list[list[Segment]] = []
        for segment in segments[1:]:
            if segment.name == "SVC":
                self.lines.append([segment])
            elif self.lines and segment.loop in ("2110", ""):
                self.lines[-1].append(segment)
            else:
                self.own.append(segment)

    def read(self) -> Made:
        """The claim as an ExplanationOfBenefit with whoever it names; ``ItemError`` where it cannot be trusted."""
        number, payer_number = self.head.text(1), self.head.text(7)
        if not number:
            raise ItemError(self.head.place(1), "The claim has no number of its provider.", RESEND)
        adjusted, own = self._check_balance()
        who = self._patient()
        patient = self.sheet.patient(who)
        original = first(self.own, "REF", "F8")
        if self.state == words.REVERSAL and original is not None and original.text(2):
            payer_number = original.text(2)
        payer_system = authority("payer", self.payment.payer_key)
        coverage = kept(
            reference=f"Coverage/{coverage_key(who.key, 'dental' if self._type() == 'oral' else 'medical')}"
            if who.key else None,
            display=self.payment.payer_name,
        )  # fmt: skip
        key = logical_id("ExplanationOfBenefit", folded(self.payment.payer_key), payer_number, folded(number))
        items = self._items(own)
        spans = [line["serviced"] for line in items]
        self.sheet.add(
            "ExplanationOfBenefit",
            key,
            extension=unread(self.segments),
            identifier=[
                one
                for one in (
                    identifier(f"{payer_system}:claim", payer_number) | {"type": _unique()} if payer_number else {},
                    identifier(self._provider_system(), number),
                )
                if one
            ],
            status="cancelled" if self.state == words.REVERSAL else "active",
            type=claim_type(self._type(), self.head.text(6)),
            use="predetermination" if self.state == words.ESTIMATE else "claim",
            patient=patient or kept(display=who.shown),
            billablePeriod=period(*self._billed_days(spans)),
            created=self.payment.issued,
            insurer=kept(display=self.payment.payer_name),
            provider=self._provider(),
            claim={"reference": f"Claim/{claim_key(who.key, number)}"} if who.key else None,
            outcome="complete",
            disposition=words.PROCESSED.get(self.state),
            careTeam=self._team(),
            insurance=[{"focal": True, "coverage": coverage}] if coverage else None,
            item=[line["item"] for line in items],
            adjudication=adjudicated(own, self.payment.currency, self._remarks()),
            total=totals_of(self.head, adjusted, self._allowed(), self.payment.currency),
            payment=kept(
                date=self.payment.paid_on,
                amount=money(amount(self.head, 4) or _ZERO, self.payment.currency),
            ),
        )
        if self.state == words.REVERSAL:
            self.sheet.said["ExplanationOfBenefit", key] = (
                turned(self.sheet.said["ExplanationOfBenefit", key][0]),
                False,
            )
        return Made(list(self.sheet.said.values()))

    def _check_balance(self) -> tuple[list[Adjustment], list[Adjustment]]:
        """Every adjustment, and those of the claim as a whole; what was billed less those is what was paid."""
        own = [one for segment in self.own for one in adjustments_in(segment)]
        lined = [one for line in self.lines for segment in line for one in adjustments_in(segment)]
        billed, paid = amount(self.head, 3), amount(self.head, 4)
        if billed is None or paid is None:
            raise ItemError(self.head.place(3), "The claim does not say what was billed and what was paid.", RESEND)
        every = [*own, *lined]
        if self.state not in (words.NOT_OURS, words.ESTIMATE) and billed - sum(one.amount for one in every) != paid:
            raise ItemError(
                self.head.place(4),
                "What was billed less every adjustment is not what was paid, so an amount is wrong or lost.",
                "Ask the payer to correct the claim.",
            )
        return every, own

    def _patient(self) -> Person:
        """QC, with the insured's number (IL) or the corrected one (74) where it has none of its own."""
        named = {code: first(self.own, "NM1", code) for code in ("QC", "IL", "74")}
        numbers = [segment.text(9) for segment in named.values() if segment is not None]
        who = read_person(named["QC"] or named["IL"], number=next((one for one in numbers if one), ""))
        system, kind = authority("payer", self.payment.payer_key), "MB"
        who.system, who.type = member_system(system, who.number, self.head.text(6).upper())
        who.type = who.type or kind
        corrected = named["74"]
        if corrected is not None and corrected.text(9) and corrected.text(9) != who.number:
            who.numbers.append(identifier(*_swap(member_system(system, corrected.text(9), ""), corrected.text(9))))
        return who

    def _type(self) -> str:
        """Institutional, professional, oral or pharmacy, as far as the lines tell."""
        if any(segment.name == "MIA" for segment in self.own) or self.head.text(11):
            return "institutional"
        kinds = {line[0].text(1) for line in self.lines}
        if "NU" in kinds or any(line[0].text(4) for line in self.lines):
            return "institutional"
        if kinds == {"AD"}:
            return "oral"
        if kinds == {"N4"}:
            return "pharmacy"
        return "professional" if kinds else ""

    def _items(self, own: list[Adjustment]) -> list[Fhir]:
        """The lines; a claim that was decided as a whole has one, and so have its own shares and refusals."""
        place = self.head.text(8) if self._type() == "professional" else ""
        items = [line_of(line, number, place, self.payment.currency) for number, line in enumerate(self.lines, 1)]
        if not items or any(one.is_refusal or one.group == "PR" for one in own):
            total = None if items else (amount(self.head, 3) or _ZERO, amount(self.head, 4) or _ZERO)
            judged = adjudicated(own, self.payment.currency, [], whole=total, is_line=True)
            whole = kept(
                sequence=len(items) + 1, productOrService={"text": "The claim as a whole"}, adjudication=judged
            )
            items.append({"item": whole, "serviced": (None, None)})
        return items

    def _billed_days(self, spans: list[tuple[str | None, str | None]]) -> tuple[str | None, str | None]:
        starts, ends = first(self.own, "DTM", "232"), first(self.own, "DTM", "233")
        start = day(starts.text(2), starts.place(2)) if starts else None
        end = day(ends.text(2), ends.place(2)) if ends else None
        return (start, end or start) if start else joined(spans)

    def _allowed(self) -> Decimal | None:
        """What the plan allows: said of every line, or of the claim."""
        said = [amount(one, 2) for line in self.lines if (one := first(line, "AMT", "B6"))]
        if said and len(said) == len(self.lines):
            return sum((one for one in said if one is not None), _ZERO)
        whole = first(self.own, "AMT", "AU")
        return amount(whole, 2) if whole else None

    def _remarks(self) -> list[str]:
        codes = []
        for segment in self.own:
            elements = {"MOA": range(3, 8), "MIA": (5, 20, 21, 22, 23)}.get(segment.name, ())
            codes += [code for element in elements if (code := segment.text(element))]
        return codes

    def _provider_system(self) -> str:
        number = number_of(payee) if (payee := first(self.payment.payee, "N1", "PE")) else None
        return f"{authority('provider', number['value'])}:claim" if number else ""

    def _provider(self) -> Fhir | None:
        payee = first(self.payment.payee, "N1", "PE")
        return Sheet("").organization(payee) if payee else None

    def _team(self) -> list[Fhir]:
        rendering = first(self.own, "NM1", "82")
        who = self.sheet.practitioner(rendering) if rendering else None
        role = coded(coding(f"{HL7}claimcareteamrole", "primary"))
        return [{"sequence": 1, "provider": who, "role": role}] if who else []


def turned(said: Any) -> Any:
    """What was taken back, with the amounts it had: X12 states them as negative."""
    if isinstance(said, list):
        return [turned(one) for one in said]
    if not isinstance(said, dict):
        return said
    if "value" in said and not isinstance(said["value"], dict) and set(said) <= {"value", "currency"}:
        plain = format(_ZERO - Decimal(str(said["value"])), "f")
        return said | {"value": numeral(plain) if "." in plain else int(plain)}
    return {name: turned(one) if name != "identifier" else one for name, one in said.items()}


def _unique() -> Fhir:
    """The type of an identifier by which payer and provider know a claim."""
    return coded(coding("http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBIdentifierType", "uc"))


def _swap(told: tuple[str, str], value: str) -> tuple[str, str, str]:
    return told[0], value, told[1]


def _payment_item(payment: _Payment, transaction: Transaction) -> Made:
    """The payment itself, with what was held back from the provider or added (PLB), and payer and payee."""
    sheet = Sheet(payment.stamp)
    bpr, trn = first(payment.head, "BPR"), first(payment.head, "TRN")
    name, payee = first(payment.payer, "N1", "PR"), first(payment.payee, "N1", "PE")
    payer = sheet.organization(name, payment.payer[1:]) if name else None
    paid = sheet.organization(payee, payment.payee[1:]) if payee else None
    number = trn.text(2) if trn else ""
    try:
        total = amount(bpr, 2) if bpr else None
        details = [one for segment in payment.adjustments for one in _provider_adjustments(segment, payment)]
        if total is None:
            raise ItemError(transaction.place(), "The remittance does not say what was paid in all (BPR02).", RESEND)
    except ItemError as fault:
        payment.is_sure = False
        return Made(error=fault)
    sheet.add(
        "PaymentReconciliation",
        logical_id("PaymentReconciliation", folded(payment.payer_key), number, payment.paid_on or payment.issued or ""),
        status="active",
        created=payment.issued,
        paymentDate=payment.paid_on,
        paymentAmount=money(total, payment.currency),
        paymentIdentifier=kept(value=number),
        paymentIssuer=payer,
        requestor=paid,
        outcome="complete",
        disposition=f"A payment for {payment.claims} claims",
        detail=details,
        extension=unread(payment.head),
    )
    return Made(list(sheet.said.values()))


def _provider_adjustments(segment: Segment, payment: _Payment) -> Iterator[Fhir]:
    """PLB: up to six amounts; a positive one was held back, so it lowers the payment."""
    for at in range(3, 14, 2):
        value = amount(segment, at + 1)
        if value is None:
            continue
        payment.paid -= value
        yield kept(
            type=coded(coding(f"{ELEMENT}426", segment.text(at))),
            identifier=kept(value=segment.text(at, 2)),
            date=day(segment.text(2), segment.place(2)),
            amount=money(_ZERO - value, payment.currency),
        )


def _check_sum(payment: _Payment) -> Iterator[Made]:
    """The claims and the provider's adjustments come to the payment; otherwise a claim may be lost."""
    bpr = first(payment.head, "BPR")
    try:
        total = amount(bpr, 2) if bpr else None
    except ItemError:
        return
    if payment.is_sure and total is not None and total != payment.paid:
        yield Made(
            error=ItemError(
                "BPR02", "The claims and the provider's adjustments do not add up to the payment.",
                "Ask the payer whether a claim is missing.",
            )
        )  # fmt: skip
