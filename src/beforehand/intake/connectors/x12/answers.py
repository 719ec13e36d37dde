"""277CA: what became of claims that were sent, before the payer decided. Each status becomes a ClaimResponse."""

from __future__ import annotations

from collections.abc import Iterator

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.x12 import words
from beforehand.intake.connectors.x12.envelope import Segment, Transaction
from beforehand.intake.connectors.x12.guide import Guide
from beforehand.intake.connectors.x12.parties import (
    Made,
    Sheet,
    check_all_placed,
    claim_key,
    first,
    placed,
    read_person,
    unread,
)
from beforehand.intake.connectors.x12.values import (
    CLAIM_STATUS,
    RESEND,
    STATUS_CATEGORY,
    Fhir,
    authority,
    coded,
    coding,
    day,
    full_name,
    identifier,
    kept,
    logical_id,
    member_system,
)

_PATIENT = "PT"


def read(transaction: Transaction, guide: Guide) -> Iterator[Made]:
    """Each status of a claim; last, what the payer says of the whole batch."""
    payer: list[Segment] = []
    around: list[Segment] = []  # everything said of the batch, the sender and the provider
    patient: list[Segment] = []
    status: list[Segment] = []
    level = ""
    for segment in placed(transaction, guide):
        if status and (segment.name == "HL" or (segment.name == "TRN" and level == _PATIENT)):
            yield _attempt(transaction, payer, patient, status)
            status = []
        if segment.name == "HL":
            level, patient = segment.text(3), [segment]
            payer = [] if level == "20" else payer
        elif level != _PATIENT:
            around.append(segment)
            if level == "20":
                payer.append(segment)
        elif segment.name == "TRN":
            status = [segment]
        elif status:
            status.append(segment)
        else:
            patient.append(segment)
    if status:
        yield _attempt(transaction, payer, patient, status)
    yield _batch(transaction, payer, around)


def _attempt(transaction: Transaction, payer: list[Segment], patient: list[Segment], status: list[Segment]) -> Made:
    try:
        check_all_placed(status)
        return _status(transaction, payer, patient, status)
    except ItemError as fault:
        return Made(error=fault)


def _status(transaction: Transaction, payer: list[Segment], patient: list[Segment], status: list[Segment]) -> Made:
    """One status of one claim: the claim is named by its provider's number (TRN02)."""
    number = status[0].text(2)
    said = [segment for segment in status if segment.name == "STC"]
    whole = next((segment for segment in said if segment.loop == "2200D"), None)
    if not number or whole is None:
        raise ItemError(status[0].place(), "It does not say which claim it is about, or what became of it.", RESEND)
    source = first(payer, "NM1")
    payer_name = full_name(source) if source else ""
    sheet = Sheet(transaction.sent)
    who = read_person(first(patient, "NM1", "QC"))
    payer_number = (source.text(9) or payer_name) if source else ""
    who.system, who.type = member_system(authority("payer", payer_number), who.number, "")
    outcome, decision, meaning = _meaning(whole.text(1))
    payers_own = first(status, "REF", "1K")
    on = day(whole.text(2), whole.place(2))
    sheet.add(
        "ClaimResponse",
        logical_id("ClaimResponse", transaction.control, transaction.sent, who.key, number, on or ""),
        extension=unread(status),
        identifier=[identifier(f"{authority('payer', payer_number)}:claim", payers_own.text(2))]
        if payers_own and payers_own.text(2) else [],
        status="active",
        type=coded(coding("http://terminology.hl7.org/CodeSystem/claim-type", "professional"))
        if first(status, "REF", "BLT") is None else
        coded(coding("http://terminology.hl7.org/CodeSystem/claim-type", "institutional")),
        use="claim",
        patient=sheet.patient(who) or kept(display=who.shown),
        created=on or transaction.sent[:10],
        insurer=kept(display=payer_name),
        request={"reference": f"Claim/{claim_key(who.key, number)}"} if who.key else None,
        outcome=outcome,
        disposition=meaning or None,
        adjudication=[_decided(decision)] if decision else [],
        error=[{"code": one} for segment in said for one in _codes(segment)] if outcome == "error" else [],
        processNote=_notes(said, outcome),
    )  # fmt: skip
    return Made(list(sheet.said.values()))


def _meaning(category: str) -> tuple[str, str, str]:
    """Outcome, decision and words of a status category; one that is not known is still being looked at."""
    category = category.upper()
    return words.STATUSES.get(category) or words.STATUSES.get(category[:1]) or ("queued", "", "")


def _decided(decision: str) -> Fhir:
    system = "http://terminology.hl7.org/CodeSystem/adjudication"
    return {"category": coded(coding(system, "submitted")), "reason": {"coding": [{"code": decision}]}}


def _codes(segment: Segment) -> Iterator[Fhir]:
    """Category and status of an STC, as codes: up to three pairs."""
    for element in (1, 10, 11):
        category, status = segment.text(element), segment.text(element, 2)
        if category or status:
            yield coded(coding(STATUS_CATEGORY, category.upper()), coding(CLAIM_STATUS, status))


def _notes(said: list[Segment], outcome: str) -> list[Fhir]:
    """The codes in words of their own where nothing is wrong, and what the payer wrote by hand."""
    found: list[str] = []
    for segment in said:
        if outcome != "error":
            found += ["Status " + " / ".join(one["code"] for one in pair.get("coding", [])) for pair in _codes(segment)]
        if segment.text(12):
            found.append(segment.text(12))
    return [{"number": at, "type": "display", "text": text} for at, text in enumerate(found, start=1)]


def _batch(transaction: Transaction, payer: list[Segment], around: list[Segment]) -> Made:
    """What is said of the batch, its sender and its providers: kept, about nobody."""
    sheet = Sheet(transaction.sent)
    begin, source = first(around, "BHT"), first(payer, "NM1")
    categories = [segment.text(1).upper() for segment in around if segment.name == "STC"]
    is_refused = any(_meaning(one)[0] == "error" for one in categories)
    answered = next((one.text(2) for one in around if one.name == "TRN" and one.loop == "2200B"), "")
    sheet.add(
        "MessageHeader",
        logical_id("MessageHeader", transaction.control, transaction.sent, begin.text(3) if begin else ""),
        extension=unread(around),
        eventCoding=coding("https://codesystem.x12.org/005010/143", "277", "Answer to claims that were sent"),
        source=kept(name=full_name(source) if source else "", endpoint="urn:x12:277"),
        response=kept(identifier=answered or "not said", code="fatal-error" if is_refused else "ok"),
    )
    return Made(list(sheet.said.values()))
