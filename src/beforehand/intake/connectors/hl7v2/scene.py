"""One message while it is mapped: who sent it and when, whom it is about, and the resources made of it so far."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.hl7v2.datatypes import (
    NPI,
    Fhir,
    authority_uri,
    entity,
    hierarchic,
    human_name,
    identifier,
    kept,
)
from beforehand.intake.connectors.hl7v2.grammar import Message, Part, Segment
from beforehand.intake.connectors.hl7v2.moments import fhir_time, offset_of, time_in

ASSUMED = "https://beforehand.example/fhir/StructureDefinition/assumed-status"


# Who somebody is called does not hang on when it was said: the same words again are a duplicate, not a version.
_TIMELESS = frozenset(("Practitioner", "Organization"))


def assumed(status: str) -> Fhir:
    """``_status`` of a thing that the message only updates: how it stands if nobody ever said."""
    return {"extension": [{"url": ASSUMED, "valueCode": status}]}


def logical_id(*parts: str) -> str:
    """The id that the same thing has in every message of its sender."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:40]


class Scene:
    """A message being mapped."""

    def __init__(self, message: Message) -> None:
        self.message = message
        head = message.segments[0]
        self.head = head
        self.type = head.text(9).upper()
        self.trigger = head.text(9, 2).upper()
        self.control_id = head.text(10)
        self.zone = offset_of(head.text(7))
        self.stamp = self._stamp()
        facility, application = head[4], head[3]
        said = facility if facility else application
        self.local = said.text
        self.authority = authority_uri(*(said.words(number) for number in (1, 2, 3))) if said else ""
        self.patient: Fhir | None = None  # the reference to whom the message is about
        self.encounter: Fhir | None = None
        self.found: dict[tuple[str, str], tuple[Fhir, bool]] = {}
        self.copies: dict[tuple[str, str], int] = {}
        self.providers: list[tuple[str, Fhir | None]] | None = None  # of a referral: in which part, and who
        self.errors: list[ItemError] = []
        self.used: set[str] = {"MSH"}
        self.notes: list[str] = []  # places of fields that are left out because they cannot be read

    def _stamp(self) -> str | None:
        """When the sender says it spoke: MSH-7, else EVN-2, as an instant."""
        event = self.message.first("EVN")
        for raw in (self.head.text(7), event.text(2) if event else ""):
            try:
                said = fhir_time(raw, self.zone, "MSH-7")
            except ItemError:
                continue
            if said:
                return said if "T" in said else f"{(said + '-01-01')[:10] if len(said) != 7 else said + '-01'}T00:00:00"
        return None

    # Making resources.

    def add(self, type_: str, key: str, *, patch: bool = False, deleted: tuple[str, ...] = (), **elements: Any) -> Fhir:
        """Add a resource, or add to the one of this identity that the message made before; its reference comes back.

        Elements that say nothing are left out. ``deleted`` names those that the sender says hold no longer. Two
        different things of one identity in one message are told apart by a number.
        """
        said = {
            "class" if name == "class_" else name: value
            for name, value in elements.items()
            if value not in (None, "", [], {})
        }
        known = self.found.get((type_, key))
        if known is not None and not patch and not known[1]:
            if all(known[0].get(name) == value for name, value in said.items()):
                return {"reference": f"{type_}/{key}"}
            number = self.copies[(type_, key)] = self.copies.get((type_, key), 1) + 1
            key, known = f"{key}-{number}", None
        resource: Fhir = known[0] if known else {"resourceType": type_, "id": key}
        if known is None and self.stamp and type_ not in _TIMELESS:
            resource["meta"] = {"lastUpdated": self.stamp}
        for name, value in said.items():
            resource.setdefault(name, value)
        for name in deleted:
            resource.setdefault(name, None)
        self.found[(type_, key)] = (resource, patch or (known is not None and known[1]))
        return {"reference": f"{type_}/{key}"}

    def attempt(self, read: Callable[..., Any], *arguments: Any) -> Any:
        """Do one step; what cannot be read is set aside with its place, and the rest goes on."""
        try:
            return read(self, *arguments)
        except ItemError as fault:
            self.errors.append(fault)
            return None

    # Reading fields.

    def time(self, segment: Segment, number: int, component: int = 1) -> str | None:
        """The FHIR time of a field."""
        if number >= len(segment.fields) or not segment.fields[number]:
            return None
        part = segment[number]
        return time_in(part if component == 1 else part.component(component), self.zone, segment.place(number))

    def minor_time(self, segment: Segment, number: int) -> str | None:
        """A time that decides nothing: where it cannot be read it is named and left out."""
        try:
            return self.time(segment, number)
        except ItemError as fault:
            self.notes.append(fault.place)
            return None

    def skip(self, segment: Segment) -> None:
        """Name a segment that says too little to be a fact; an empty one says nothing."""
        if any(segment.fields[2:]):
            self.notes.append(segment.place(0))

    def clinician(self, part: Part) -> Fhir | None:
        """The reference to a professional (XCN), and the resource where a number tells who it is."""
        number, name = part.words(1), human_name(_shifted(part))
        shown = _full(name) or ("" if number.replace("-", "").isalnum() and any(map(str.isdigit, number)) else number)
        if not number or not (name or any(map(str.isdigit, number))):
            return kept(display=shown) or None
        kind = part.words(13).upper()
        system = NPI if kind == "NPI" else hierarchic(part.component(9)) or self.authority
        key = logical_id("Practitioner", system, number)
        reference = self.add(
            "Practitioner",
            key,
            patch=True,
            identifier=[kept(system=system, value=number)],
            name=[name] if name else None,
        )
        return kept(**reference, display=shown)

    def clinicians(self, part: Part) -> list[Fhir]:
        """The references to every professional of a field."""
        return [found for one in part.repetitions() if (found := self.clinician(one)) is not None]

    def organization(self, name: str, number: Fhir | None = None, **more: Any) -> Fhir | None:
        """The reference to an organization, known by its number or by its name."""
        if not name and number is None:
            return None
        key = logical_id(
            "Organization", *((number.get("system", ""), number["value"]) if number else ("", name.casefold()))
        )
        told = self.add("Organization", key, patch=True, name=name, identifier=[number] if number else None, **more)
        return kept(**told, display=name)

    def xon(self, part: Part, **more: Any) -> Fhir | None:
        """The reference to an organization that an XON names."""
        number = part.words(10) or part.words(3)
        system = hierarchic(part.component(6)) or self.authority
        return self.organization(part.words(1), kept(system=system, value=number) if number else None, **more)

    def number(self, part: Part) -> Fhir | None:
        """An EI of this message."""
        return entity(part, self.authority)

    def cx(self, part: Part) -> Fhir | None:
        """A CX of this message."""
        return identifier(part, self.authority)


def _shifted(part: Part) -> Part:
    """The name of an XCN as an XPN: its components without the first."""
    sign = part.by.component
    rest = part.raw.partition(part.by.repetition)[0].split(sign)[1:]
    return Part(sign.join(rest[:6]), part.by)


def _full(name: Fhir | None) -> str:
    if not name:
        return ""
    parts = [*name.get("prefix", ()), *name.get("given", ()), name.get("family", ""), *name.get("suffix", ())]
    return " ".join(word for word in parts if word)
