"""Who a transaction set speaks of: patients, payers, providers; and what the resources of all readers share.

A person is known by the member number and the first given name: a family shares one number, and the claim, its
answer and its payment all tell both. So the same person is one record in every file of one sender.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.x12 import words
from beforehand.intake.connectors.x12.envelope import Segment, Transaction
from beforehand.intake.connectors.x12.guide import Guide, Placing
from beforehand.intake.connectors.x12.values import (
    ELEMENT,
    HL7,
    NPI,
    RESEND,
    SSN,
    UNREAD,
    Fhir,
    address,
    coded,
    coding,
    day,
    folded,
    full_name,
    human_name,
    identifier,
    kept,
    logical_id,
    number_of,
    telecoms,
)

Said = tuple[Fhir, bool]  # a resource, and whether it states only a part of what its sender says of the thing
# Of these nothing may be left unread: money, diagnoses, services and coverage hang on them.
_WEIGHTY = frozenset(("CLM", "CLP", "CAS", "SVC", "SV1", "SV2", "SV3", "HI", "HD", "INS", "STC", "LX", ""))


@dataclass
class Made:
    """What became of one claim, payment, answer or member: its resources, or why it cannot be read."""

    said: list[Said] = field(default_factory=list)
    error: ItemError | None = None


class Sheet:
    """The resources of one item while it is read."""

    def __init__(self, stamp: str) -> None:
        self.stamp = stamp
        self.said: dict[tuple[str, str], Said] = {}

    def add(self, type_: str, key: str, *, part: bool = False, timeless: bool = False, **elements: Any) -> Fhir:
        """Add a resource; its reference comes back. What says nothing is left out."""
        resource: Fhir = {"resourceType": type_, "id": key}
        if self.stamp and not timeless:
            resource["meta"] = {"lastUpdated": self.stamp}
        self.said[type_, key] = (resource | kept(**elements), part)
        return {"reference": f"{type_}/{key}"}

    def organization(self, head: Segment, more: Iterable[Segment] = (), numbers: Iterable[Fhir] = ()) -> Fhir | None:
        """A payer, provider or employer (NM1 or N1 with what follows it)."""
        name = full_name(head) if head.name == "NM1" else head.text(2)
        own = number_of(head)
        every = [one for one in (own, *numbers) if one]
        if not name and not every:
            return None
        best = next((one for one in every if one.get("system") == NPI), every[0] if every else None)
        told = (best.get("system", ""), best["value"]) if best else ("", folded(name))
        following = list(more)
        reference = self.add(
            "Organization", logical_id("Organization", *told), part=True, timeless=True, name=name, identifier=every,
            telecom=[one for segment in following if segment.name == "PER" for one in telecoms(segment)],
            address=[found] if (found := address(following)) else [],
        )  # fmt: skip
        return kept(**reference, display=name or (best or {}).get("value"))

    def practitioner(self, head: Segment) -> Fhir | None:
        """A professional (NM1)."""
        if head.text(2) != "1":
            return self.organization(head)
        number, name = number_of(head), full_name(head)
        if number is None:
            return {"display": name} if name else None
        key = logical_id("Practitioner", number.get("system", ""), number["value"])
        reference = self.add(
            "Practitioner", key, part=True, timeless=True, identifier=[number], name=[human_name(head)] if name else []
        )
        return kept(**reference, display=name)

    def patient(self, who: Person, **more: Any) -> Fhir | None:
        """The person; None where no number says who it is."""
        if not who.key:
            return None
        numbers = [who.member, *who.numbers]
        return self.add(
            "Patient", who.key, part=True, identifier=[one for one in numbers if one],
            name=[who.name] if who.name else [], birthDate=who.birth, gender=who.sex,
            address=[who.address] if who.address else [], telecom=who.telecom, **more,
        )  # fmt: skip


@dataclass
class Person:
    """A patient, insured or member as a loop states it."""

    number: str = ""
    system: str = ""
    type: str = ""
    name: Fhir = field(default_factory=dict)
    birth: str | None = None
    sex: str | None = None
    address: Fhir = field(default_factory=dict)
    telecom: list[Fhir] = field(default_factory=list)
    numbers: list[Fhir] = field(default_factory=list)
    shown: str = ""

    @property
    def key(self) -> str:
        """The id of the person's record; empty where no number is said."""
        return person_key(self.number, next(iter(self.name.get("given", ())), ""))

    @property
    def member(self) -> Fhir | None:
        """The member number."""
        return identifier(self.system, self.number, self.type) if self.number else None


def person_key(number: str, given: str) -> str:
    """The id of the record of a member of this number and given name."""
    plain = folded(number).replace(" ", "")
    if not plain:
        return ""
    first = folded(given).partition(" ")[0]
    return logical_id("Patient", plain, first)


def coverage_key(person: str, line: str = "medical") -> str:
    """The id of a member's coverage: enrolment, claim and payment speak of the same one."""
    return logical_id("Coverage", person, line)


def claim_key(person: str, number: str) -> str:
    """The id of a claim by the number its provider gave it: the payer's answers carry the same number."""
    return logical_id("Claim", person, folded(number))


def read_person(head: Segment | None, more: Iterable[Segment] = (), *, number: str = "") -> Person:
    """The person an NM1 names, with the address, birth date, sex, phones and numbers that follow it."""
    who = Person(number=number)
    if head is not None:
        who.name, who.shown = human_name(head), full_name(head)
        kind, said = head.text(8).upper(), head.text(9)
        if said and kind == "34":
            who.numbers.append(identifier(SSN, said, "SS"))
        who.number = who.number or said
    following = list(more)
    who.address = address(following)
    for segment in following:
        if segment.name == "PER":
            who.telecom += telecoms(segment)
        elif segment.name == "DMG":
            who.birth = day(segment.text(2), segment.place(2))
            who.sex = words.SEX.get(segment.text(3).upper())
        elif segment.name == "REF" and segment.text(1) == "SY" and segment.text(2):
            who.numbers.append(identifier(SSN, segment.text(2), "SS"))
    return who


# Going through a transaction set.


def placed(transaction: Transaction, guide: Guide) -> Iterator[Segment]:
    """The segments of a transaction set, each with the loop that its guide puts it in."""
    placing = Placing(guide)
    for segment in transaction.segments():
        placing.place(segment)
        yield segment


def first(segments: Iterable[Segment], name: str, code: str = "", loop: str = "") -> Segment | None:
    """The first segment of a name, with a code in its first element and in a loop where they are given."""
    for segment in segments:
        if segment.name == name and (not code or segment.text(1) == code) and (not loop or segment.loop == loop):
            return segment
    return None


def check_all_placed(segments: Iterable[Segment]) -> None:
    """``ItemError`` where something weighty stands where the guide has no place for it."""
    for segment in segments:
        if not segment.loop and segment.name in _WEIGHTY:
            raise ItemError(
                segment.place(),
                "It stands where the guide has no place for it, is too long, or is taken apart by other signs than the"
                " header of the interchange names.",
                RESEND,
            )


def unread(segments: Iterable[Segment]) -> list[Fhir]:
    """Names what the guide has no place for, so that nobody believes it was understood."""
    places = [segment.place() for segment in segments if not segment.loop]
    return [{"url": UNREAD, "valueString": "; ".join(places[:50])}] if places else []


def filing_coding(code: str) -> Fhir:
    """What sort of plan a claim was filed with, as a coding."""
    code = code.upper()
    return coding(f"{ELEMENT}1032", code, words.FILING.get(code, "")) if code else {}


def claim_type(code: str, filing: str) -> Fhir:
    """The type of a claim beside the sort of plan it was filed with."""
    shown = {"professional": "Professional", "institutional": "Institutional", "oral": "Oral", "pharmacy": "Pharmacy"}
    return coded(coding(f"{HL7}claim-type", code, shown.get(code, "")) if code else {}, filing_coding(filing))


def is_number(text: str) -> bool:
    """Whether it is a whole number that can be counted with."""
    return re.fullmatch(r"[0-9]{1,6}", text) is not None
