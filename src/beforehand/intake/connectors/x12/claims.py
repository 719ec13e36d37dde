"""837, professional and institutional: each claim a provider sends becomes a Claim, with its patient and provider."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.x12.envelope import Segment, Transaction
from beforehand.intake.connectors.x12.guide import Guide
from beforehand.intake.connectors.x12.parties import (
    Made,
    Person,
    Sheet,
    check_all_placed,
    claim_key,
    claim_type,
    coverage_key,
    first,
    is_number,
    placed,
    read_person,
    unread,
)
from beforehand.intake.connectors.x12.values import (
    HL7,
    NDC,
    PLACE_OF_SERVICE,
    RESEND,
    REVENUE,
    Fhir,
    amount,
    authority,
    coded,
    coding,
    day,
    full_name,
    icd_coding,
    identifier,
    joined,
    kept,
    member_system,
    money,
    number_of,
    period,
    procedure,
    quantity,
    serviced,
    span,
)

_ZERO = Decimal(0)
_VOID = "8"
# HI: qualifier to the kind of diagnosis; those that begin with A are ICD-10.
_DIAGNOSES = {
    "BK": "principal", "ABK": "principal", "BJ": "admitting", "ABJ": "admitting", "PR": "patientreasonforvisit",
    "APR": "patientreasonforvisit", "BF": "", "ABF": "", "BN": "externalcauseofinjury", "ABN": "externalcauseofinjury",
}  # fmt: skip
_PROCEDURES = {"BR": False, "BQ": False, "BBR": True, "BBQ": True}
_ROLES = {"82": "primary", "71": "primary", "72": "assist", "ZZ": "assist", "DN": "other", "DQ": "supervisor"}
_INFORMATION = {"431": "onset", "435": "admission", "096": "discharge", "439": "accident", "484": "last-menstruation"}


@dataclass
class _Levels:
    """The levels around a claim: who bills, who is insured, who was treated."""

    billing: list[Segment] = field(default_factory=list)
    subscriber: list[Segment] = field(default_factory=list)
    patient: list[Segment] = field(default_factory=list)


def read(transaction: Transaction, guide: Guide) -> Iterator[Made]:
    """Each claim, in the order they stand."""
    levels, claim, is_any = _Levels(), list[Segment](), False
    head: list[Segment] = []
    for segment in placed(transaction, guide):
        if segment.name in ("HL", "CLM") and claim:
            yield _attempt(transaction, head, levels, claim)
            claim = []
        if segment.name == "HL":
            code = segment.text(3)
            if code == "20":
                levels = _Levels(billing=[segment])
            elif code == "22":
                levels = replace(levels, subscriber=[segment], patient=[])
            elif code == "23":
                levels = replace(levels, patient=[segment])
        elif segment.name == "CLM":
            claim, is_any = [segment], True
        elif claim:
            claim.append(segment)
        else:
            last = levels.patient or levels.subscriber or levels.billing
            (last or head).append(segment)
    if claim:
        yield _attempt(transaction, head, levels, claim)
    if not is_any:
        yield Made(error=ItemError(transaction.place(), "It holds no claim (CLM).", "Ask the sender what it is for."))


def _attempt(transaction: Transaction, head: list[Segment], levels: _Levels, claim: list[Segment]) -> Made:
    try:
        check_all_placed(claim)
        return _Claim(transaction, head, levels, claim).read()
    except ItemError as fault:
        return Made(error=fault)


class _Claim:
    """One claim."""

    def __init__(self, transaction: Transaction, head: list[Segment], levels: _Levels, claim: list[Segment]) -> None:
        self.head = claim[0]
        self.levels = levels
        self.segments = claim
        self.sheet = Sheet(transaction.sent)
        self.stamp = transaction.sent
        self.begin = first(head, "BHT")
        self.own: list[Segment] = []
        self.others: list[list[Segment]] = []
        self.lines: list[list[Segment]] = []
        for segment in claim[1:]:
            if segment.name == "LX":
                self.lines.append([segment])
            elif self.lines:
                self.lines[-1].append(segment)
            elif segment.name == "SBR":
                self.others.append([segment])
            elif self.others and segment.loop.startswith(("2320", "2330")):
                self.others[-1].append(segment)
            else:
                self.own.append(segment)
        self.payer = first(levels.subscriber, "NM1", "PR")
        self.filing = next((one.text(9).upper() for one in levels.subscriber if one.name == "SBR"), "")

    def read(self) -> Made:
        """The claim; ``ItemError`` where it cannot be trusted."""
        number = self.head.text(1)
        if not number:
            raise ItemError(self.head.place(1), "The claim has no number of its provider.", RESEND)
        charged = self._check_sum()
        who, payer = self._patient(), self.levels.subscriber
        items = [self._line(line, at) for at, line in enumerate(self.lines, start=1)]
        billing = first(self.levels.billing, "NM1", "85")
        following = [one for one in self.levels.billing if one.loop == "2010AA"][1:]
        taxes = [
            identifier("urn:oid:2.16.840.1.113883.4.4", one.text(2), "TAX")
            for one in following
            if one.name == "REF" and one.text(1) == "EI"
        ]
        provider = self.sheet.organization(billing, following, taxes) if billing else None
        original = first(self.own, "REF", "F8")
        insurer = authority("payer", self._payer_number())
        diagnoses, procedures = self._codes()
        facility = first(self.own, "NM1", "77")
        self.sheet.add(
            "Claim",
            claim_key(who.key, number),
            extension=unread([*payer, *self.levels.patient, *self.segments]),
            identifier=[
                one
                for one in (
                    identifier(f"{insurer}:claim", original.text(2)) | {"type": _unique()}
                    if original and original.text(2) else {},
                    identifier(self._provider_system(billing), number),
                )
                if one
            ],
            status="cancelled" if self.head.text(5, 3) == _VOID else "active",
            type=claim_type(self._type(), self.filing),
            use="claim",
            patient=self.sheet.patient(who) or kept(display=who.shown),
            billablePeriod=period(*self._billed_days([one["serviced"] for one in items])),
            created=self._created(),
            insurer=kept(display=full_name(self.payer)) if self.payer else None,
            provider=provider,
            priority=coded(coding(f"{HL7}processpriority", "normal")),
            referral=self._referral(insurer),
            facility=kept(display=full_name(facility)) if facility else None,
            careTeam=self._team(),
            supportingInfo=self._information(),
            diagnosis=diagnoses,
            procedure=procedures,
            insurance=self._insurance(who),
            item=[one["item"] for one in items],
            total=money(charged),
        )  # fmt: skip
        return Made(list(self.sheet.said.values()))

    def _check_sum(self) -> Decimal:
        """What is charged; the lines have to come to it."""
        charged = amount(self.head, 2)
        if charged is None:
            raise ItemError(self.head.place(2), "The claim does not say what is charged.", RESEND)
        lines = [_charge(line) for line in self.lines]
        if self.lines and sum(lines, _ZERO) != charged:
            raise ItemError(
                self.head.place(2),
                "The lines do not add up to what the claim charges, so one is wrong or lost.",
                RESEND,
            )
        return charged

    def _payer_number(self) -> str:
        return (self.payer.text(9) or self.payer.text(3)) if self.payer else ""

    def _patient(self) -> Person:
        """The insured, or the dependant who was treated and shares the insured's number."""
        insured = first(self.levels.subscriber, "NM1", "IL")
        treated = first(self.levels.patient, "NM1", "QC")
        number = (insured.text(9) if insured else "") or (treated.text(9) if treated else "")
        if treated is not None:
            following = [one for one in self.levels.patient if one.loop == "2010CA"]
            who = read_person(treated, following[1:], number=number)
        else:
            following = [one for one in self.levels.subscriber if one.loop == "2010BA"]
            who = read_person(insured, following[1:], number=number)
        who.system, who.type = member_system(authority("payer", self._payer_number()), who.number, self.filing)
        return who

    def _type(self) -> str:
        if any(one.name == "SV2" for line in self.lines for one in line):
            return "institutional"
        return "professional" if self.lines else ""

    def _created(self) -> str | None:
        if self.begin is not None and self.begin.text(4):
            return day(self.begin.text(4), self.begin.place(4))
        return self.stamp[:10] or None

    def _billed_days(self, spans: list[tuple[str | None, str | None]]) -> tuple[str | None, str | None]:
        said = first(self.own, "DTP", "434")
        return span(said, 2, 3) if said else joined(spans)

    def _provider_system(self, billing: Segment | None) -> str:
        number = number_of(billing) if billing else None
        return f"{authority('provider', number['value'])}:claim" if number else ""

    def _referral(self, insurer: str) -> Fhir | None:
        said = first(self.own, "REF", "9F")
        if said is None or not said.text(2):
            return None
        return {"type": "ServiceRequest", "identifier": identifier(f"{insurer}:referral", said.text(2))}

    def _insurance(self, who: Person) -> list[Fhir]:
        """The insurance that is asked, with its authorization; and the others."""
        approved = first(self.own, "REF", "G1")
        payer = full_name(self.payer) if self.payer else ""
        reference = f"Coverage/{coverage_key(who.key)}" if who.key else None
        asked = kept(
            sequence=1, focal=True, coverage=kept(reference=reference, display=payer) or {"display": "Not said"},
            preAuthRef=[approved.text(2)] if approved and approved.text(2) else [],
        )  # fmt: skip
        others = []
        for at, other in enumerate(self.others, start=2):
            name = first(other, "NM1", "PR")
            shown = (full_name(name) if name else "") or "Another insurance"
            others.append({"sequence": at, "focal": False, "coverage": {"display": shown}})
        return [asked, *others]

    def _team(self) -> list[Fhir]:
        """Who treated, operated, supervised or referred; each once."""
        team: list[Fhir] = []
        for segment in self.segments:
            role = _ROLES.get(segment.text(1)) if segment.name == "NM1" else None
            if role is None or not segment.loop.startswith(("2310", "2420")):
                continue
            who = self.sheet.practitioner(segment)
            if who is not None and all(who != one["provider"] for one in team):
                told = coded(coding(f"{HL7}claimcareteamrole", role))
                team.append({"sequence": len(team) + 1, "provider": who, "role": told})
        return team

    def _information(self) -> list[Fhir]:
        """Days that say more of the claim: onset, admission, discharge, accident."""
        found: list[Fhir] = []
        for segment in self.own:
            kind = _INFORMATION.get(segment.text(1)) if segment.name == "DTP" else None
            if kind is None or (said := day(segment.text(3), segment.place(3))) is None:
                continue
            found.append({
                "sequence": len(found) + 1, "category": {"coding": [{"code": kind}], "text": kind.capitalize()},
                "timingDate": said,
            })  # fmt: skip
        return found

    def _codes(self) -> tuple[list[Fhir], list[Fhir]]:
        """The diagnoses, in the order in which lines point to them, and the procedures."""
        diagnoses: list[Fhir] = []
        procedures: list[Fhir] = []
        for segment in self.own:
            if segment.name != "HI":
                continue
            for element in range(1, len(segment.elements) + 1):
                kind, code = segment.text(element).upper(), segment.text(element, 2)
                if kind in _DIAGNOSES and code:
                    meaning = coded(icd_coding(code, kind.startswith("A")))
                    sort = coded(coding(f"{HL7}ex-diagnosistype", _DIAGNOSES[kind])) if _DIAGNOSES[kind] else None
                    diagnoses.append(
                        kept(sequence=len(diagnoses) + 1, diagnosisCodeableConcept=meaning, type=[sort] if sort else [])
                    )
                elif kind in _PROCEDURES and code:
                    when = day(segment.text(element, 4), segment.place(element))
                    meaning = coded(icd_coding(code, _PROCEDURES[kind], is_procedure=True))
                    procedures.append(kept(sequence=len(procedures) + 1, date=when, procedureCodeableConcept=meaning))
        return diagnoses, procedures

    def _line(self, segments: list[Segment], number: int) -> Fhir:
        """One service line, and its days."""
        service = _service(segments)
        is_institutional = service.name == "SV2"
        code, modifiers, _ = procedure(service, 2 if is_institutional else 1)
        revenue = coded(coding(REVENUE, service.text(1).rjust(4, "0"))) if is_institutional else None
        when = first(segments, "DTP", "472")
        days = span(when, 2, 3) if when else (None, None)
        place = (
            "" if is_institutional else service.text(5) or (self.head.text(5) if self.head.text(5, 2) == "B" else "")
        )
        pointed = [] if is_institutional else service.components(7)
        item = kept(
            sequence=number,
            diagnosisSequence=[int(one) for one in pointed if is_number(one)],
            revenue=revenue,
            productOrService=code or revenue or {"text": "Not said"},
            modifier=modifiers,
            locationCodeableConcept=coded(coding(PLACE_OF_SERVICE, place)) if place else None,
            quantity=quantity(service, 5 if is_institutional else 4),
            net=money(_charge(segments)),
            detail=_drug(segments),
            **serviced(*days),
        )
        return {"item": item, "serviced": days}


def _service(line: list[Segment]) -> Segment:
    found = first(line, "SV1") or first(line, "SV2")
    if found is None:
        raise ItemError(line[0].place(), "The line names no service (SV1 or SV2).", RESEND)
    return found


def _charge(line: list[Segment]) -> Decimal:
    service = _service(line)
    value = amount(service, 3 if service.name == "SV2" else 2)
    if value is None:
        raise ItemError(service.place(), "The line does not say what is charged.", RESEND)
    return value


def _drug(line: list[Segment]) -> list[Fhir]:
    """The medicine that a line gave, by its NDC."""
    named, much = first(line, "LIN"), first(line, "CTP")
    if named is None or named.text(2) != "N4" or not named.text(3):
        return []
    code = coded(coding(NDC, named.text(3).replace("-", "")))
    return [kept(sequence=1, productOrService=code, quantity=quantity(much, 4) if much else None)]


def _unique() -> Fhir:
    """The type of an identifier by which payer and provider know a claim."""
    return coded(coding("http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBIdentifierType", "uc"))
