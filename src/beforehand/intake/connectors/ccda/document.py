"""A clinical document while it is read: its sections, its entries as items, and the ids its things are known by.

Ids are the same each time the same bytes are read. A thing that states an id of its own keeps one identity through
all documents its sender writes of that patient; one that states none is known by its document and place.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from beforehand.intake.connectors.ccda.datatypes import (
    V3,
    UnreadableError,
    attribute,
    child,
    children,
    codings_of,
    fits,
    name_of,
    stated_id,
    templates_of,
    words_in,
)
from beforehand.intake.connectors.ccda.narrative import Texts
from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.items import RawItem
from beforehand.intake.connectors.xml import Element

Resource = dict[str, Any]
STATEMENTS = ("act", "encounter", "observation", "organizer", "procedure", "substanceAdministration", "supply")
_STATEMENT_TAGS = frozenset(V3 + name for name in STATEMENTS)
# What names the patient, where it is not called subject.
_PATIENT_ELEMENT = {
    "AllergyIntolerance": "patient", "Immunization": "patient", "Device": "patient", "RelatedPerson": "patient",
    "Consent": "patient", "NutritionOrder": "patient", "FamilyMemberHistory": "patient", "Coverage": "beneficiary",
    "Organization": "", "Practitioner": "", "PractitionerRole": "", "Location": "", "Patient": "",
}  # fmt: skip
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_LONGEST_WORDS = 200


def digest(*parts: str) -> str:
    """A short name for these parts, the same wherever they are the same."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _signature(statement: Element) -> tuple[str, ...]:
    """What a statement says, as far as needed to see that two of one id are not the same."""
    value, time = child(statement, "value"), child(statement, "effectiveTime")
    product = child(statement, "consumable/manufacturedProduct/manufacturedMaterial/code")
    return (
        name_of(statement),
        attribute(statement, "code", "code"),
        attribute(value, "", "code") or attribute(value, "", "value"),
        attribute(product, "", "code"),
        attribute(time, "", "value") or attribute(time, "low", "value"),
    )


def _contradicted_ids(body: Element | None) -> frozenset[tuple[str, str]]:
    """Ids under which the document states different things, so that they name none of them."""
    said: dict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
    if body is not None:
        for found in body.iter(V3 + "id"):
            statement, root = found.getparent(), (found.get("root") or "").strip()
            if root and statement is not None and statement.tag in _STATEMENT_TAGS:
                signature = _signature(statement)
                if any(signature[1:]):
                    said[root, (found.get("extension") or "").strip()].add(signature)
    # A concern and the problem in it often share an id; they are of different kinds and never mistaken.
    return frozenset(
        key
        for key, signatures in said.items()
        if len(signatures) > 1 and len({signature[0] for signature in signatures}) < len(signatures)
    )


@dataclass(slots=True)
class Section:
    """A section: what it is, what people are told it is called, and its entries."""

    element: Element
    code: str
    templates: frozenset[str]
    name: str
    path: str
    labels: list[dict[str, str]]


class Document:
    """What holds throughout one document."""

    def __init__(self, root: Element) -> None:
        self.root = root
        structured = child(root, "component/structuredBody")
        self.texts = Texts(() if structured is None else structured.iter(V3 + "text"))
        identifier = stated_id(root)
        self.key = digest(*identifier) if identifier else digest(words_in(root))
        self.patient_key = ""
        self.patient_id = ""
        self.patient_place = ""
        self.stated: str | None = None
        self.labels = labels_of(root, [])
        self.visit: str | None = None  # the encounter that the document is of
        self._contradicted = _contradicted_ids(structured)
        self._written: dict[tuple[str, str], Resource] = {}

    def id_of(self, kind: str, element: Element | None, path: str) -> str:
        """The id of a thing of this kind that an element states, else by its place in the document."""
        stated = stated_id(element)
        if stated is not None and stated not in self._contradicted:
            return digest(kind, self.patient_key, *stated)
        return digest(kind, self.key, path)

    def once(self, resource: Resource) -> Resource:
        """The resource, or the one written before under its id, which takes over what it did not say yet."""
        before = self._written.setdefault((resource["resourceType"], resource["id"]), resource)
        if before is not resource:
            for name, value in resource.items():
                before.setdefault(name, value)
        return before

    def has_written(self, kind: str, number: str) -> bool:
        """Whether a resource of this id has been written."""
        return (kind, number) in self._written

    @property
    def patient(self) -> dict[str, str]:
        """The reference to the patient."""
        return {"reference": f"Patient/{self.patient_id}"}


def labels_of(element: Element, before: list[dict[str, str]]) -> list[dict[str, str]]:
    """The security label of a document or section that says it is more than normally confidential."""
    code = attribute(element, "confidentialityCode", "code")
    return [{"system": CONFIDENTIALITY, "code": code}] if code in ("R", "V") else before


@dataclass
class Entry:
    """One item: an entry of a section, the header, or the narrative; and what was made of it."""

    document: Document
    section: Section | None
    place: str  # such as "Problems, entry 3"
    path: str  # the same for ids
    resources: list[Resource] = field(default_factory=list)
    errors: list[ItemError] = field(default_factory=list)
    remarks: list[ItemError] = field(default_factory=list)
    _count: int = 0

    def write(self, kind: str, element: Element | None, part: str = "", /, **elements: Any) -> Resource:
        """A resource of this item. Elements without a value are left out; ``part`` tells several of one element."""
        self._count += 1
        document = self.document
        number = document.id_of(kind, element, f"{self.path}/{self._count}")
        if part:
            number = digest(number, part)
        meta: dict[str, Any] = {}
        if document.stated is not None:
            meta["lastUpdated"] = document.stated
        labels = self.section.labels if self.section is not None else document.labels
        if labels:
            meta["security"] = labels
        resource: Resource = {"resourceType": kind, "id": number}
        if meta:
            resource["meta"] = meta
        about = _PATIENT_ELEMENT.get(kind, "subject")
        if about:
            resource[about] = document.patient
        resource |= {
            name.rstrip("_"): value
            for name, value in elements.items()
            if value is not None and value not in ("", [], {})
        }
        resource = document.once(resource)
        self.resources.append(resource)
        return resource

    def remark(self, element: str, reason: str, remedy: str = "Ask the sender to correct it.") -> None:
        """Record a fault that does not keep the rest from being applied."""
        self.remarks.append(ItemError(f"{self.place}: {element}", reason, remedy))

    def refuse(self, fault: UnreadableError) -> None:
        """Set the item, or a part of it, aside."""
        self.errors.append(ItemError(f"{self.place}: {fault.element}", fault.reason, fault.remedy))

    def words(self, element: Element | None) -> str:
        """The words of an ED: its own, or those it points to in the narrative."""
        if element is None:
            return ""
        said = words_in(element)
        reference = child(element, "reference")
        if reference is None:
            return said
        return self.document.texts.words(reference.get("value") or "") or said

    def concept(self, element: Element | None, what: str) -> dict[str, Any] | None:
        """A CD as a CodeableConcept; nothing where it says nothing."""
        if element is None:
            return None
        codings = []
        spoilt = ""
        for coding in codings_of(element):
            if fits(coding.get("system", ""), coding["code"]):
                codings.append(coding)
            else:
                spoilt = spoilt or coding.get("display", "")
                self.remark(what, "The code is not one that its code system can contain; only its words are kept.")
        original = child(element, "originalText")
        typed = words_in(original)
        text = typed if typed and len(typed) <= _LONGEST_WORDS else ""
        if not any(coding.get("display") for coding in codings):
            text = text or self.words(original) or spoilt or (element.get("displayName") or "").strip()
        concept: dict[str, Any] = {"coding": codings} if codings else {}
        return (concept | ({"text": text} if text else {})) or None


def items_in(entries: Iterator[Entry]) -> Iterator[RawItem]:
    """The items of a document, numbered in the order they stand; what one entry gives shares its unit."""
    place = unit = 0
    for entry in entries:
        for resource in entry.resources:
            yield RawItem(place, resource, unit=unit)
            place += 1
        for error in entry.errors:
            yield RawItem(place, None, error=error, unit=unit)
            place += 1
        unit += 1 if entry.resources or entry.errors else 0
        for error in entry.remarks:
            yield RawItem(place, None, error=error, unit=unit)
            place, unit = place + 1, unit + 1


def statements_in(element: Element) -> list[Element]:
    """The statements directly inside an entry, entryRelationship or component."""
    return [part for part in element if part.tag in _STATEMENT_TAGS]


def related(statement: Element | None, *templates: str, type_code: str = "") -> list[Element]:
    """Statements related to a statement that follow one of these templates; all of them where none is named."""
    found = []
    for relationship in (*children(statement, "entryRelationship"), *children(statement, "component")):
        if type_code and relationship.get("typeCode") != type_code:
            continue
        for part in statements_in(relationship):
            if not templates or not templates_of(part).isdisjoint(templates):
                found.append(part)
    return found
