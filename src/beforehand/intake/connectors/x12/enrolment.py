"""834: who is covered, since when and until when. Each member becomes a Patient and a Coverage for each line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.x12 import words
from beforehand.intake.connectors.x12.envelope import Segment, Transaction
from beforehand.intake.connectors.x12.guide import Guide
from beforehand.intake.connectors.x12.parties import (
    Made,
    Person,
    Sheet,
    check_all_placed,
    coverage_key,
    first,
    person_key,
    placed,
    read_person,
    unread,
)
from beforehand.intake.connectors.x12.values import (
    ELEMENT,
    HL7,
    MBI,
    RESEND,
    Fhir,
    authority,
    coded,
    coding,
    day,
    identifier,
    kept,
    member_system,
)

MAINTAINED = "https://beforehand.example/fhir/StructureDefinition/enrolment-maintenance"


@dataclass
class _Plan:
    """Who sends the file and who pays."""

    segments: list[Segment] = field(default_factory=list)

    @property
    def payer(self) -> Segment | None:
        """The insurer (N1*IN), else the sponsor."""
        return first(self.segments, "N1", "IN") or first(self.segments, "N1", "P5")

    @property
    def number(self) -> str:
        """By which the payer's numbers are told from others'."""
        payer = self.payer
        return (payer.text(4) or payer.text(2)) if payer else ""


def read(transaction: Transaction, guide: Guide) -> Iterator[Made]:
    """Each member, in the order they stand."""
    plan, member = _Plan(), list[Segment]()
    is_any = False
    for segment in placed(transaction, guide):
        if segment.name == "INS":
            if member:
                yield _attempt(transaction, plan, member)
            member, is_any = [segment], True
        elif member:
            member.append(segment)
        else:
            plan.segments.append(segment)
    if member:
        yield _attempt(transaction, plan, member)
    if not is_any:
        yield Made(error=ItemError(transaction.place(), "It holds no member (INS).", "Ask the sender what it is for."))


def _attempt(transaction: Transaction, plan: _Plan, member: list[Segment]) -> Made:
    try:
        check_all_placed(member)
        return _Member(transaction, plan, member).read()
    except ItemError as fault:
        return Made(error=fault)


class _Member:
    """One member, insured or dependant."""

    def __init__(self, transaction: Transaction, plan: _Plan, member: list[Segment]) -> None:
        self.sheet = Sheet(transaction.sent)
        self.plan = plan
        self.head = member[0]
        self.segments = member
        self.own: list[Segment] = []
        self.lines: list[list[Segment]] = []
        for segment in member[1:]:
            if segment.name == "HD":
                self.lines.append([segment])
            elif self.lines and not segment.loop.startswith(("2100", "2000")):
                self.lines[-1].append(segment)
            else:
                self.own.append(segment)
        self.change = self.head.text(3)
        self.number = self._number()

    def _number(self) -> str:
        """The member's number: the insured's (0F), which a family shares."""
        said = first(self.own, "REF", "0F")
        if said is not None and said.text(2):
            return said.text(2)
        name = self._name()
        return name.text(9) if name else ""

    def _name(self) -> Segment | None:
        return first(self.own, "NM1", "IL") or first(self.own, "NM1", "74")

    def read(self) -> Made:
        """The member; ``ItemError`` where it cannot be told who it is or until when it holds."""
        name = self._name()
        if name is None:
            raise ItemError(self.head.place(), "The member has no name (NM1).", RESEND)
        following = [one for one in self.own if one.loop == "2100A"]
        who = read_person(name, following[1:], number=self.number)
        who.system, who.type = member_system(authority("payer", self.plan.number), who.number, "")
        self._add_numbers(who)
        reference = self.sheet.patient(who, **self._more(following))
        if reference is None:
            raise ItemError(self.head.place(), "The member has no number (REF*0F).", RESEND)
        self._follow_renaming(who, reference)
        self._coverages(who, reference)
        return Made(list(self.sheet.said.values()))

    def _add_numbers(self, who: Person) -> None:
        medicare = first(self.own, "REF", "F6")
        if medicare is not None and medicare.text(2):
            system, kind = member_system("", medicare.text(2), "MA")
            if system == MBI:
                who.numbers.append(identifier(system, medicare.text(2), kind))

    def _more(self, following: list[Segment]) -> dict[str, object]:
        """What only an enrolment says of a person: marriage, death, language."""
        told = first(following, "DMG")
        married = words.MARITAL.get(told.text(4).upper()) if told else None
        more: dict[str, object] = {}
        if married:
            more["maritalStatus"] = coded(coding(f"{HL7}v3-MaritalStatus", married))
        died = day(self.head.text(12), self.head.place(12)) if self.head.text(11).upper() == "D8" else None
        if died:
            more["deceasedDateTime"] = died
        spoken = first(following, "LUI")
        if spoken is not None and spoken.text(1).upper() == "LE" and spoken.text(2):
            more["communication"] = [{"language": coded(coding("urn:ietf:bcp:47", spoken.text(2).lower()))}]
        doctor = next((one for line in self.lines for one in line if one.name == "NM1" and one.text(1) == "P3"), None)
        who = self.sheet.practitioner(doctor) if doctor else None
        if who is not None:
            more["generalPractitioner"] = [who]
        return more

    def _follow_renaming(self, who: Person, reference: Fhir) -> None:
        """A corrected first name: the record of the wrong one (NM1*70) is replaced by this one."""
        wrong = first(self.own, "NM1", "70")
        old = person_key(self.number, wrong.text(4)) if wrong is not None and wrong.text(4) else ""
        if old and old != who.key:
            former = read_person(wrong, (), number=self.number)
            former.system, former.type = who.system, who.type
            self.sheet.patient(former, link=[{"other": reference, "type": "replaced-by"}])

    def _coverages(self, who: Person, patient: Fhir) -> None:
        """A coverage for each line; where none is named, the medical one, if the member's own dates say something."""
        if self.lines:
            for line in self.lines:
                self._coverage(who, patient, line)
        elif self.change in words.ENDS | words.BEGINS or self._day("357", self.own) or self._day("356", self.own):
            self._coverage(who, patient, [])

    def _day(self, code: str, segments: list[Segment]) -> str | None:
        """A day of the member or of a line; some senders write DTM where the guide has DTP."""
        for segment in segments:
            if segment.name in ("DTP", "DTM") and segment.text(1) == code and segment.text(2) in ("D8", "RD8", "DT"):
                return day(segment.text(3)[:8], segment.place(3))
        return None

    def _coverage(self, who: Person, patient: Fhir, line: list[Segment]) -> None:
        head = line[0] if line else None
        change = (head.text(1) if head else "") or self.change
        code = head.text(3).upper() if head else ""
        meaning, sort = words.LINES.get(code, ("", code.casefold() or "medical"))
        start = self._day("348", line) or (None if line else self._day("356", self.own))
        end = self._day("349", line)
        if change in words.ENDS:
            end = end or self._day("357", self.own) or self._day("303", line) or self._day("303", self.own)
            if end is None:
                raise ItemError(
                    (head or self.head).place(), "The coverage ends, and nothing says on which day.",
                    "Ask the sender for the last day of coverage.",
                )  # fmt: skip
        elif end is None:
            end = self._day("357", self.own)
        spans: Fhir = kept(start=start, end=end)
        if end is None and change in words.BEGINS:
            spans["end"] = None  # a member who is added or brought back has no last day any more
        done = coding(f"{ELEMENT}875", change, words.MAINTENANCE.get(change, ""))
        payer = self.plan.payer
        group = first(self.own, "REF", "1L")
        named = self.sheet.organization(payer) if payer else None
        self.sheet.add(
            "Coverage",
            coverage_key(who.key, sort),
            part=True,
            extension=[{"url": MAINTAINED, "valueCoding": done}, *unread(self.segments)],
            status="active",
            type=coded(coding(f"{ELEMENT}1205", code, meaning), text=(head.text(4) if head else "") or meaning),
            beneficiary=patient,
            subscriberId=self.number,
            relationship=coded(coding(f"{HL7}subscriber-relationship", self._relationship())),
            period=spans,
            payor=[named or {"display": "Not said"}],
            class_=[
                {"type": coded(coding(f"{HL7}coverage-class", kind)), "value": value}
                for kind, value in (("group", group.text(2) if group else ""), ("plan", head.text(4) if head else ""))
                if value
            ],
        )  # fmt: skip

    def _relationship(self) -> str:
        if self.head.text(1).upper() == "Y":
            return "self"
        return words.RELATIONSHIPS.get(self.head.text(2), "other")
