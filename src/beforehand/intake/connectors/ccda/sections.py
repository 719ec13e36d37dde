"""The sections of C-CDA: what people are told they are called, and what their entries are about."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from beforehand.clinical.codes import Loinc
from beforehand.intake.connectors.ccda.datatypes import V3, attribute, child, children, templates_of, words_in
from beforehand.intake.connectors.ccda.document import Document, Entry, Section, labels_of
from beforehand.intake.connectors.xml import Element

_T = "2.16.840.1.113883.10.20.22.2."


class Sort(NamedTuple):
    """A sort of section."""

    name: str
    about: str  # what an entry without a template that is known is read as
    templates: tuple[str, ...] = ()


_ALLERGIES = Sort("Allergies", "allergy", (f"{_T}6", f"{_T}6.1"))
_MEDICATIONS = Sort("Medications", "medication", (f"{_T}1", f"{_T}1.1"))
_PROBLEMS = Sort("Problems", "problem", (f"{_T}5", f"{_T}5.1"))
_RESULTS = Sort("Results", "laboratory", (f"{_T}3", f"{_T}3.1"))
_VITALS = Sort("Vital signs", "vital-signs", (f"{_T}4", f"{_T}4.1"))
_IMMUNIZATIONS = Sort("Immunizations", "immunization", (f"{_T}2", f"{_T}2.1"))
_PROCEDURES = Sort("Procedures", "procedure", (f"{_T}7", f"{_T}7.1"))
_ENCOUNTERS = Sort("Encounters", "encounter", (f"{_T}22", f"{_T}22.1"))

SORTS: dict[str, Sort] = {
    "48765-2": _ALLERGIES,
    "10160-0": _MEDICATIONS,
    "29549-3": Sort("Medications given", "given", (f"{_T}38",)),
    "10183-2": Sort("Discharge medications", "discharge", (f"{_T}11", f"{_T}11.1")),
    "75311-1": Sort("Discharge medications", "discharge"),
    "42346-7": Sort("Admission medications", "medication", (f"{_T}44",)),
    "11450-4": _PROBLEMS,
    "11348-0": Sort("Past illness", "problem", (f"{_T}20",)),
    "46241-6": Sort("Admission diagnosis", "diagnosis", (f"{_T}43",)),
    "42347-5": Sort("Admission diagnosis", "diagnosis"),
    "11535-2": Sort("Discharge diagnosis", "diagnosis", (f"{_T}24",)),
    "78375-3": Sort("Discharge diagnosis", "diagnosis"),
    "10219-4": Sort("Diagnosis before the procedure", "diagnosis"),
    "59769-0": Sort("Diagnosis after the procedure", "diagnosis"),
    "10218-6": Sort("Diagnosis after the procedure", "diagnosis"),
    "75310-3": Sort("Health concerns", "health-concern", (f"{_T}58",)),
    "30954-2": _RESULTS,
    "8716-3": _VITALS,
    "11369-6": _IMMUNIZATIONS,
    "47519-4": _PROCEDURES,
    "46240-8": _ENCOUNTERS,
    "18776-5": Sort("Plan of treatment", "plan", (f"{_T}10",)),
    "51847-2": Sort("Assessment and plan", "plan", (f"{_T}9",)),
    "62387-6": Sort("Interventions", "plan"),
    "61146-7": Sort("Goals", "goal", (f"{_T}60",)),
    "29762-2": Sort("Social history", "social-history", (f"{_T}17",)),
    "47420-5": Sort("Functional status", "functional-status", (f"{_T}14",)),
    "10190-7": Sort("Mental status", "mental-status", (f"{_T}56",)),
    "11383-7": Sort("Outcomes", "survey", (f"{_T}61",)),
    "42348-3": Sort("Advance directives", "directive", (f"{_T}21", f"{_T}21.1")),
    "46264-8": Sort("Medical equipment", "equipment", (f"{_T}23",)),
    "10157-6": Sort("Family history", "family", (f"{_T}15",)),
    "48768-6": Sort("Payers", "coverage", (f"{_T}18",)),
    "85847-2": Sort("Care team", "team", (f"{_T}500",)),
    "61144-2": Sort("Nutrition", "survey", (f"{_T}57",)),
    "69730-0": Sort("Instructions", "instruction", (f"{_T}45",)),
    "10184-0": Sort("Discharge instructions", "instruction"),
    "8653-8": Sort("Discharge instructions", "instruction", (f"{_T}41",)),
    "8648-8": Sort("Hospital course", "note"),
    "29545-1": Sort("Physical examination", "exam"),
    "10210-3": Sort("General status", "exam"),
    "42349-1": Sort("Reason for referral", "plan"),
    "51848-0": Sort("Assessment", "note"),
    "34117-2": Sort("History and physical", "note"),
}
# Sections whose entries C-CDA requires by the template they name.
_BY_TEMPLATE: dict[str, tuple[str, Sort]] = {
    template: (code, sort) for code, sort in SORTS.items() for template in sort.templates
}


def sort_of(code: str, templates: frozenset[str]) -> Sort | None:
    """The sort of a section by its code, else by the template it names."""
    sort = SORTS.get(code)
    if sort is not None:
        return sort
    return next((_BY_TEMPLATE[template][1] for template in sorted(templates) if template in _BY_TEMPLATE), None)


def sections_of(document: Document) -> Iterator[Section]:
    """Every section in the order it stands, also those within others."""
    body = child(document.root, "component/structuredBody")
    waiting = deque(
        (section, f"{number}", document.labels) for number, section in enumerate(children(body, "component/section"), 1)
    )
    while waiting:
        element, path, around = waiting.popleft()
        labels = labels_of(element, around)
        code, templates = attribute(element, "code", "code"), templates_of(element)
        sort = sort_of(code, templates)
        yield Section(element, code, templates, sort.name if sort else f"Section {path}", path, labels)
        inside = children(element, "component/section")
        waiting.extendleft((one, f"{path}.{number}", labels) for number, one in reversed([*enumerate(inside, 1)]))


def check_section(entry: Entry, section: Section) -> None:
    """Record what a section should say of itself and does not."""
    if section.code and attribute(section.element, "code", "codeSystem") in ("", "2.16.840.1.113883.6.1"):
        if Loinc.form.fullmatch(section.code) is None:
            entry.remark("code of the section", "The code is not one of LOINC.")
    elif not section.code:
        entry.remark("code of the section", "The section does not say by a code what it is.")
    sort = SORTS.get(section.code)
    if sort is not None and sort.templates and section.templates.isdisjoint(sort.templates):
        entry.remark("template of the section", "The section does not name the template that its code calls for.")


_KNOWN_IN_SECTION = (
    "realmCode typeId templateId id code title text confidentialityCode languageCode subject author informant entry"
    " component"
)
_IN_SECTION = frozenset(V3 + name for name in _KNOWN_IN_SECTION.split())


def check_strays(document: Document) -> Entry:
    """Record what stands where C-CDA has no place for it, since nobody would read it there."""
    stray = Entry(document, None, "Document", "stray")
    body = child(document.root, "component/structuredBody")
    if body is None:
        if child(document.root, "component/nonXMLBody") is None:
            stray.remark("body", "The document has no body.", "Ask the sender for the document with its sections.")
        return stray
    for section in document.root.iter(V3 + "section"):
        above = section.getparent()
        over = None if above is None else above.getparent()
        if (
            above is None
            or above.tag != V3 + "component"
            or over is None
            or (over is not body and over.tag != section.tag)
        ):
            stray.remark("section", "A section stands where C-CDA has no place for one; it is only kept in the text.")
        for part in section:
            if part.tag not in _IN_SECTION and str(part.tag).startswith(V3):
                stray.remark("section", "A section holds an element that C-CDA does not know; it is not read.")
            elif part.tag == V3 + "component" and child(part, "section") is None:
                stray.remark("section", "A component of a section holds no section; it is not read.")
    for part in body:
        if part.tag != V3 + "component" or child(part, "section") is None:
            stray.remark("body", "The body holds something that is no section; it is not read.")
    for entry in document.root.iter(V3 + "entry"):
        above = entry.getparent()
        if above is None or above.tag != V3 + "section":
            stray.remark("entry", "An entry stands outside of any section; it is not read.")
    return stray


def text_of(section: Section) -> Element | None:
    """The narrative of a section; nothing where it is empty."""
    text = section.element.find(V3 + "text")
    return text if text is not None and words_in(text) else None
