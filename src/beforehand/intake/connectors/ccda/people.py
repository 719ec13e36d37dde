"""People and organizations that a document names: who wrote, did, said or keeps something."""

from __future__ import annotations

from typing import Any

from beforehand.intake.connectors.ccda.datatypes import (
    UnreadableError,
    addresses_of,
    child,
    children,
    display_of,
    identifiers_of,
    is_null,
    names_of,
    telecoms_of,
    time_of,
    words_in,
)
from beforehand.intake.connectors.ccda.document import Entry, Resource, digest
from beforehand.intake.connectors.xml import Element

Reference = dict[str, str]
_NPI = "http://hl7.org/fhir/sid/us-npi"


def _reference(entry: Entry, resource: Resource, display: str) -> Reference:
    document = entry.document
    kind, number = resource["resourceType"], resource["id"]
    if not document.has_written(kind, number):
        if document.stated is not None:
            resource["meta"] = {"lastUpdated": document.stated}
        entry.resources.append(document.once(resource))
    reference = {"reference": f"{kind}/{number}"}
    return reference | {"display": display} if display else reference


def _known_as(identifiers: list[dict[str, Any]], *words: str) -> str:
    """What a person or organization is known by in every document of the sender.

    An NPI names one; any other identifier only together with the name, since senders give one to several.
    """
    for one in identifiers:
        if one["system"] == _NPI and len(one["value"]) == 10 and one["value"].isdigit():
            return digest(one["system"], one["value"])
    first = (identifiers[0]["system"], identifiers[0]["value"]) if identifiers else ()
    return digest(*first, *words)


def practitioner(entry: Entry, role: Element | None) -> Reference | None:
    """The person in an assignedAuthor or assignedEntity; nothing where neither name nor identifier is stated."""
    if role is None:
        return None
    person = child(role, "assignedPerson")
    if person is None:
        person = child(role, "informationRecipient")
    names = names_of(children(person, "name"))
    identifiers = identifiers_of(role)
    display = display_of(names[0]) if names else ""
    if not names and (not identifiers or child(role, "assignedAuthoringDevice") is not None):
        return None
    if not names and child(role, "representedOrganization") is not None:
        return None
    where = words_in(child(role, "representedOrganization/name"))
    resource: Resource = {
        "resourceType": "Practitioner",
        "id": _known_as(identifiers, "Practitioner", display.casefold(), "" if identifiers else where.casefold()),
    }
    code = entry.concept(child(role, "code"), "person's code")
    parts = {
        "identifier": identifiers,
        "name": names,
        "telecom": telecoms_of(children(role, "telecom")),
        "address": addresses_of(children(role, "addr")),
        "qualification": [{"code": code}] if code else [],
    }
    resource |= {name: value for name, value in parts.items() if value}
    return _reference(entry, resource, display)


def organization(entry: Entry, element: Element | None) -> Reference | None:
    """An organization; nothing where neither name nor identifier is stated."""
    if element is None:
        return None
    name = words_in(child(element, "name"))
    identifiers = identifiers_of(element)
    if not name and not identifiers:
        return None
    resource: Resource = {"resourceType": "Organization", "id": _known_as(identifiers, "Organization", name.casefold())}
    parts: dict[str, Any] = {
        "identifier": identifiers,
        "name": name,
        "telecom": telecoms_of(children(element, "telecom")),
        "address": addresses_of(children(element, "addr")),
    }
    resource |= {key: value for key, value in parts.items() if value}
    return _reference(entry, resource, name)


def location(entry: Entry, role: Element | None) -> Reference | None:
    """A place where care is given (a service delivery location, or the facility of the visit)."""
    if role is None:
        return None
    place = child(role, "playingEntity")
    if place is None:
        place = child(role, "location")
    name = words_in(child(place, "name"))
    identifiers = identifiers_of(role)
    if not name and not identifiers:
        return None
    addresses = [*addresses_of(children(role, "addr")), *addresses_of(children(place, "addr"))]
    resource: Resource = {"resourceType": "Location", "id": _known_as(identifiers, "Location", name.casefold())}
    code = entry.concept(child(role, "code"), "place")
    parts: dict[str, Any] = {
        "identifier": identifiers,
        "name": name,
        "type": [code] if code else [],
        "telecom": telecoms_of([*children(role, "telecom"), *children(place, "telecom")]),
        "address": addresses[0] if addresses else None,
    }
    resource |= {key: value for key, value in parts.items() if value}
    return _reference(entry, resource, name)


def author_of(entry: Entry, statement: Element | None) -> tuple[Reference | None, str | None]:
    """Who wrote a statement, and when; the latest author where there are several."""
    written: list[tuple[str, Element]] = []
    for author in children(statement, "author"):
        try:
            at = time_of(child(author, "time"), "author time")
        except UnreadableError as fault:
            entry.remark(fault.element, fault.reason)
            at = None
        written.append((at or "", author))
    if not written:
        return None, None
    at, latest = max(written, key=lambda one: one[0])
    role = child(latest, "assignedAuthor")
    who = practitioner(entry, role) or organization(entry, child(role, "representedOrganization"))
    return who, at or None


def performers_of(entry: Entry, statement: Element | None) -> list[Reference]:
    """Who did it."""
    found = []
    for performer in children(statement, "performer"):
        role = child(performer, "assignedEntity")
        who = practitioner(entry, role) or organization(entry, child(role, "representedOrganization"))
        if who is not None:
            found.append(who)
    return found


def informant_is_lay(statement: Element | None) -> bool:
    """Whether the patient or somebody near them is who said it."""
    return any(
        child(one, "relatedEntity") is not None or not is_null(child(one, "assignedPatient"))
        for one in children(statement, "informant")
    )


def place_of(entry: Entry, statement: Element) -> Reference | None:
    """Where it was done: the participant that is a location."""
    for participant in children(statement, "participant"):
        role = child(participant, "participantRole")
        if participant.get("typeCode") == "LOC" or (role is not None and role.get("classCode") == "SDLOC"):
            return location(entry, role)
    return None
