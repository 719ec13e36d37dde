"""From a document to items: the header, the document itself, and one item for each entry.

An entry is read by the template it names; where it names none that is known, by the section it stands in and the
kind of statement it is. What cannot be read is set aside with its place, and the rest is applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from beforehand.intake.connectors.ccda import care, conditions, header, medicines, observations
from beforehand.intake.connectors.ccda.datatypes import (
    UnreadableError,
    attribute,
    child,
    children,
    templates_of,
    words_in,
)
from beforehand.intake.connectors.ccda.document import Document, Entry, Section, related, statements_in
from beforehand.intake.connectors.ccda.narrative import html_of, read_narrative
from beforehand.intake.connectors.ccda.sections import check_section, check_strays, sections_of, sort_of, text_of
from beforehand.intake.connectors.errors import StopError
from beforehand.intake.connectors.xml import Element

Writer = Callable[[Entry, Element, str], None]
_T = "2.16.840.1.113883.10.20.22.4."
NOT_BUILT_SO = "It is not built as C-CDA builds it."
_CONFIDENTIALITIES = frozenset(["L", "M", "N", "R", "U", "V"])


def _observation(category: str) -> Writer:
    def write(entry: Entry, statement: Element, about: str) -> None:
        observations.write_observation(entry, statement, category)

    return write


def _panel(category: str) -> Writer:
    def write(entry: Entry, statement: Element, about: str) -> None:
        observations.write_panel(entry, statement, category)

    return write


def _concern(category: str) -> Writer:
    def write(entry: Entry, statement: Element, about: str) -> None:
        conditions.write_concern(entry, statement, category)

    return write


def _problem(entry: Entry, statement: Element, about: str) -> None:
    category = {"health-concern": "health-concern", "diagnosis": "encounter-diagnosis"}.get(about, "problem-list-item")
    conditions.write_problem(entry, statement, None, category)


def _medication(entry: Entry, statement: Element, about: str) -> None:
    is_planned = about == "plan" or _names(statement, f"{_T}42")
    setting = {"given": "given", "discharge": "discharge"}.get(about, "")
    medicines.write_medication(entry, statement, is_planned=is_planned, setting=setting)


def _medications_inside(entry: Entry, statement: Element, about: str) -> None:
    """The act of discharge or admission medications."""
    inside = [one for one in related(statement) if one.tag.endswith("}substanceAdministration")]
    if not inside:
        raise UnreadableError("medication", "It holds no medicine.", "Ask the sender for the medicine itself.")
    discharge = "discharge" if _names(statement, f"{_T}35") else about
    for one in inside:
        _medication(entry, one, discharge)


def _plain(write: Callable[[Entry, Element], None]) -> Writer:
    def call(entry: Entry, statement: Element, about: str) -> None:
        write(entry, statement)

    return call


def _planned_immunization(entry: Entry, statement: Element, about: str) -> None:
    medicines.write_immunization(entry, statement, is_planned=True)


def _health_concern(entry: Entry, statement: Element, about: str) -> None:
    """A health concern: the problems and observations in it, else its own words."""
    for one in related(statement):
        if _names(one, conditions.PROBLEM):
            conditions.write_problem(entry, one, statement, "health-concern")
        elif one.tag.endswith("}observation") and child(one, "value") is not None:
            _read(entry, one, "health-concern")
        elif one.tag.endswith("}act") and _names(one, f"{_T}3"):
            conditions.write_concern(entry, one, "health-concern")
    if entry.resources or entry.errors:
        return
    words = entry.words(child(statement, "text"))
    is_denied = statement.get("negationInd") == "true"
    code = {"text": words or "No known health concerns"} if words or is_denied else None
    if code is None:
        if _refers(statement):
            _keep(entry, statement)
            return
        raise UnreadableError("health concern", "It does not say what the concern is.")
    category = "http://terminology.hl7.org/CodeSystem/condition-category"
    sure = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    entry.write(
        "Condition",
        statement,
        verificationStatus={"coding": [{"system": sure, "code": "refuted" if is_denied else "confirmed"}]},
        category=[{"coding": [{"system": category, "code": "health-concern"}]}],
        code=code,
    )


def _intervention(entry: Entry, statement: Element, about: str) -> None:
    """An intervention: what it consists of, each read as what it is."""
    for one in related(statement):
        if one.get("nullFlavor") is None and (child(one, "code") is not None or child(one, "consumable") is not None):
            try:
                _read(entry, one, "plan")
            except UnreadableError as fault:
                entry.refuse(fault)
    if not entry.resources and not entry.errors:
        _keep(entry, statement)


def _refers(statement: Element) -> bool:
    """Whether it only points to what stands elsewhere."""
    return bool(children(statement, "reference") or related(statement))


def _keep(entry: Entry, statement: Element) -> None:
    """Keep, and count, what is no fact here: a pointer, a comment, a kind of statement that no table holds."""
    code = entry.concept(child(statement, "code"), "code")
    words = entry.words(child(statement, "text"))
    entry.write("Basic", statement, code=code or {"text": words or statement.tag.rpartition("}")[2]})


def _kept(entry: Entry, statement: Element, about: str) -> None:
    _keep(entry, statement)


WRITERS: dict[str, Writer] = {
    f"{_T}3": _concern("problem-list-item"),
    f"{_T}4": _problem,
    f"{_T}30": _plain(conditions.write_allergies),
    f"{_T}7": lambda entry, statement, about: conditions.write_allergy(entry, statement, None),
    f"{_T}33": _concern("encounter-diagnosis"),
    f"{_T}34": _concern("encounter-diagnosis"),
    f"{_T}51": _concern("encounter-diagnosis"),
    f"{_T}65": _concern("encounter-diagnosis"),
    f"{_T}80": _concern("encounter-diagnosis"),
    f"{_T}132": _health_concern,
    f"{_T}136": _health_concern,
    f"{_T}16": _medication,
    f"{_T}42": _medication,
    f"{_T}35": _medications_inside,
    f"{_T}36": _medications_inside,
    f"{_T}17": _plain(medicines.write_supply_order),
    f"{_T}18": _plain(medicines.write_dispense),
    f"{_T}52": _plain(medicines.write_immunization),
    f"{_T}120": _planned_immunization,
    f"{_T}1": _panel("laboratory"),
    f"{_T}2": _observation("laboratory"),
    f"{_T}26": _panel("vital-signs"),
    f"{_T}27": _observation("vital-signs"),
    f"{_T}66": _panel("functional-status"),
    f"{_T}75": _panel("mental-status"),
    f"{_T}14": _plain(care.write_procedure),
    f"{_T}12": _plain(care.write_procedure),
    f"{_T}13": _plain(care.write_procedure),
    f"{_T}39": _plain(care.write_request),
    f"{_T}40": _plain(care.write_request),
    f"{_T}41": _plain(care.write_request),
    f"{_T}44": _plain(care.write_request),
    f"{_T}140": _plain(care.write_request),
    f"{_T}130": _plain(care.write_request),
    f"{_T}131": _intervention,
    f"{_T}146": _intervention,
    f"{_T}49": _plain(care.write_encounter),
    f"{_T}121": _plain(care.write_goal),
    f"{_T}20": _plain(care.write_instruction),
    f"{_T}202": _plain(care.write_note),
    f"{_T}45": _plain(observations.write_family_history),
    f"{_T}60": _plain(care.write_coverage),
    f"{_T}48": _plain(care.write_directive),
    f"{_T}108": _plain(care.write_directive),
    f"{_T}50": _plain(care.write_supply),
    f"{_T}43": _plain(care.write_supply),
    f"{_T}500": _plain(care.write_care_team),
    f"{_T}141": _kept,
    f"{_T}122": _kept,
}
# Templates of observations, which need no writer of their own but are known.
_OBSERVATIONS = (
    "5 31 38 64 67 68 69 70 72 73 74 76 77 78 79 85 86 109 110 111 114 123 124 126 127 128 129 134 138 144"
    " 200 201 205 206 501 502 503 504 505 506 507 508 509"
)
_OBSERVED = frozenset(_T + number for number in _OBSERVATIONS.split())
# What FHIR cannot say the opposite of: a device, goal, directive, coverage, team or note that there is not.
_NEVER_DENIED = "17 18 20 43 45 48 49 50 60 108 121 202 500"
_CANNOT_DENY = frozenset(_T + number for number in _NEVER_DENIED.split()) | {
    "equipment", "goal", "directive", "coverage", "team", "family", "instruction",
}  # fmt: skip
_MEDIA = ("observationMedia", "regionOfInterest")  # pictures, and marks upon them
_ABOUT: dict[str, Writer] = {
    "problem": _concern("problem-list-item"),
    "diagnosis": _concern("encounter-diagnosis"),
    "allergy": _plain(conditions.write_allergies),
    "family": _plain(observations.write_family_history),
    "coverage": _plain(care.write_coverage),
    "team": _plain(care.write_care_team),
    "health-concern": _health_concern,
    "instruction": _plain(care.write_instruction),
}


def _names(statement: Element, *templates: str) -> bool:
    return not templates_of(statement).isdisjoint(templates)


def _read(entry: Entry, statement: Element, about: str) -> None:
    """Write a statement by its template, else by where it stands and of which kind it is."""
    templates = templates_of(statement)
    if statement.get("negationInd") == "true" and (templates & _CANNOT_DENY or about in _CANNOT_DENY):
        _keep(entry, statement)
        return
    for template in sorted(templates):
        if template in WRITERS:
            if statement.get("moodCode") == "GOL":
                care.write_goal(entry, statement)
            else:
                WRITERS[template](entry, statement, about)
            return
    if (
        statement is not None
        and not templates & _OBSERVED
        and about in ("problem", "allergy", "medication", "immunization")
    ):
        entry.remark(
            "template", "The entry names no template that is known here; it is read by the section it stands in."
        )
    _by_kind(entry, statement, about)


def _by_kind(entry: Entry, statement: Element, about: str) -> None:
    kind = statement.tag.rpartition("}")[2]
    is_planned = care.is_planned(statement)
    if statement.get("moodCode") == "GOL" or (about == "goal" and kind == "observation"):
        care.write_goal(entry, statement)
    elif kind == "substanceAdministration":
        if about == "immunization":
            medicines.write_immunization(entry, statement, is_planned=is_planned)
        else:
            _medication(entry, statement, about)
    elif kind == "supply":
        care.write_supply(entry, statement)
    elif kind == "encounter" and not is_planned:
        care.write_encounter(entry, statement)
    elif kind == "procedure" and not is_planned:
        care.write_procedure(entry, statement)
    elif is_planned:
        care.write_request(entry, statement)
    elif about == "directive" and kind in ("observation", "organizer"):
        care.write_directive(entry, statement)
    elif kind == "act":
        _act(entry, statement, about)
    elif kind == "organizer":
        _organizer(entry, statement, about)
    else:
        _observed(entry, statement, about)


def _observed(entry: Entry, statement: Element, about: str) -> None:
    if about == "problem" and child(statement, "value") is not None:
        _problem(entry, statement, about)
    elif about == "allergy":
        conditions.write_allergy(entry, statement, None)
    else:
        observations.write_observation(entry, statement, _category(about))


def _act(entry: Entry, statement: Element, about: str) -> None:
    """An act that names no template known here."""
    if about in _ABOUT:
        _ABOUT[about](entry, statement, about)
    elif about == "procedure":
        care.write_procedure(entry, statement)
    else:
        _intervention(entry, statement, about)


def _organizer(entry: Entry, statement: Element, about: str) -> None:
    if about in ("family", "team"):
        _ABOUT[about](entry, statement, about)
        return
    inside = [one for one in related(statement) if not one.tag.endswith("}observation")]
    if not inside:
        observations.write_panel(entry, statement, _category(about))
        return
    for one in related(statement):
        try:
            _read(entry, one, about)
        except UnreadableError as fault:
            entry.refuse(fault)


def _category(about: str) -> str:
    """FHIR's category of what is observed in such a section."""
    known = ("laboratory", "vital-signs", "social-history", "functional-status", "mental-status", "survey", "exam")
    return about if about in known else "exam" if about == "plan" else ""


# The whole.


def entries_of(root: Element) -> Iterator[Entry]:
    """Every item of a document."""
    document = Document(root)
    role = header.patient_role(root)
    header.identify(document, role)
    about = Entry(document, None, "Header", "header")
    header.state_time(document, about)
    _check_header(about)
    _attempt(about, lambda: header.write_patient(about, role))
    if not about.resources:
        raise StopError("The header cannot be read, so nobody can tell whom the document is about.", header.REMEDY)
    yield about
    sections = list(sections_of(document))
    in_words_only = not any(children(section.element, "entry") for section in sections)
    visit = Entry(document, None, "Header", "visit")
    for write in (header.write_visit, header.write_care_team, header.write_authorizations):
        _attempt(visit, lambda write=write: write(visit))  # type: ignore[misc]
    title = words_in(child(root, "title")) or "Clinical document"
    paper = Entry(document, None, "Document", "document")
    _attempt(paper, lambda: header.write_document(paper, title[:200], in_words_only))
    yield from (visit, paper)
    for section in sections:
        yield from _entries_in(document, section)
    yield check_strays(document)


def _check_header(entry: Entry) -> None:
    root = entry.document.root
    code = attribute(root, "code", "code")
    if not code:
        entry.remark("code of the document", "The document does not say what kind of document it is.")
    confidentiality = attribute(root, "confidentialityCode", "code")
    if confidentiality and confidentiality not in _CONFIDENTIALITIES:
        entry.remark("confidentiality of the document", "The code is not one of HL7's.")


def _attempt(entry: Entry, write: Callable[[], None]) -> None:
    """Do it, or set the item aside with the reason."""
    try:
        write()
    except UnreadableError as fault:
        entry.refuse(fault)
    except RecursionError:
        entry.refuse(UnreadableError("entry", "It nests deeper than any entry does.", "Check the sending system."))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        entry.refuse(UnreadableError("entry", NOT_BUILT_SO))  # one entry must not cost the document


def _entries_in(document: Document, section: Section) -> Iterator[Entry]:
    checks = Entry(document, section, section.name, section.path)
    check_section(checks, section)
    sort = sort_of(section.code, section.templates)
    about = sort.about if sort else ""
    found = children(section.element, "entry")
    if not found and (text := text_of(section)) is not None:
        _attempt(checks, lambda: _write_words(checks, section, text))
    yield checks
    for number, element in enumerate(found, 1):
        entry = Entry(document, section, f"{section.name}, entry {number}", f"{section.path}/{number}")
        statements = statements_in(element)
        for statement in statements:
            _attempt(entry, lambda statement=statement: _read(entry, statement, about))  # type: ignore[misc]  # noqa: B023
        media = [one for name in _MEDIA for one in children(element, name)]
        if media and not statements:
            _attempt(entry, lambda media=media: _keep(entry, media[0]))  # type: ignore[misc]  # noqa: B023
        elif not statements:
            entry.refuse(UnreadableError("entry", "It holds no statement.", "Ask the sender for the entry itself."))
        elif not entry.resources and not entry.errors:
            _keep(entry, statements[0])
        yield entry


def _write_words(entry: Entry, section: Section, text: Element) -> None:
    """A section in words only, such as the hospital course or the discharge instructions, is a note of its own."""
    document = entry.document
    title = words_in(child(section.element, "title")) or section.name
    attachment = {
        "contentType": "text/html",
        "data": header.encoded(html_of(read_narrative(text))),
        "title": title[:200],
    }
    entry.write(
        "DocumentReference",
        section.element,
        status="current",
        type=entry.concept(child(section.element, "code"), "code of the section"),
        date=document.stated,
        description=f"{title[:200]} (in words only)",
        content=[{"attachment": attachment}],
        context={"encounter": [{"reference": document.visit}]} if document.visit else {},
    )
