"""The header: whom the document is about, who wrote and keeps it, of which visit it is, who cares for the patient."""

from __future__ import annotations

import base64
from typing import Any

from beforehand.intake.connectors.ccda.datatypes import (
    UnreadableError,
    addresses_of,
    attribute,
    child,
    children,
    codings_of,
    display_of,
    identifiers_of,
    is_null,
    name_of,
    names_of,
    period_of,
    stated_id,
    telecoms_of,
    time_of,
    words_in,
)
from beforehand.intake.connectors.ccda.document import Document, Entry, Resource, digest
from beforehand.intake.connectors.ccda.narrative import html_of, read_narrative
from beforehand.intake.connectors.ccda.people import author_of, location, organization, practitioner
from beforehand.intake.connectors.errors import StopError
from beforehand.intake.connectors.xml import Element

_GENDERS = {"F": "female", "M": "male", "UN": "other", "OTH": "other", "UNK": "unknown"}
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
_CDCREC = "urn:oid:2.16.840.1.113883.6.238"
_OMB = frozenset(("1002-5", "2028-9", "2054-5", "2076-8", "2106-3", "2131-1", "2135-2", "2186-5"))
BIRTH_SEX = "2.16.840.1.113883.10.20.22.4.200"
_PRIMARY_CARE = "PCP"
REMEDY = "Ask the sender for a C-CDA document of one patient."
# The class of a visit, by the code of HL7's ActCode that the header may state.
_CLASSES = frozenset(["AMB", "EMER", "FLD", "HH", "IMP", "ACUTE", "NONAC", "OBSENC", "PRENC", "SS", "VR"])
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def patient_role(root: Element) -> Element:
    """The one patient of the document; ``StopError`` where it names none, or several."""
    roles = children(root, "recordTarget/patientRole")
    if len(roles) > 1:
        raise StopError("The document is about several patients at once.", REMEDY)
    if not roles or (is_null(child(roles[0], "patient")) and not identifiers_of(roles[0])):
        raise StopError("The document does not say which patient it is about.", REMEDY)
    return roles[0]


def identify(document: Document, role: Element) -> None:
    """Settle by what the patient is known in every document of this sender."""
    stated = stated_id(role)
    if stated is not None:
        document.patient_key = digest("patient", *stated)
    else:
        patient = child(role, "patient")
        name = display_of((names_of(children(patient, "name")) or [{}])[0])
        document.patient_key = digest("patient", name.casefold(), attribute(patient, "birthTime", "value")[:8])
    document.patient_id = document.patient_key


def state_time(document: Document, entry: Entry) -> None:
    """When the document says that all of this was so."""
    try:
        stated = time_of(child(document.root, "effectiveTime"), "effectiveTime of the document")
    except UnreadableError as fault:
        entry.remark(fault.element, fault.reason)
        return
    if stated is None:
        entry.remark("effectiveTime of the document", "The document does not say when it was written.")
    document.stated = stated


def write_patient(entry: Entry, role: Element) -> None:
    """The Patient, the guardian and who else is to be called."""
    document = entry.document
    patient = child(role, "patient")
    birth = time_of(child(patient, "birthTime"), "birth date of the patient")
    gender = attribute(patient, "administrativeGenderCode", "code")
    if gender and gender not in _GENDERS:
        entry.remark("sex of the patient", "The code is not one of HL7's administrative genders.")
    resource: Resource = {"resourceType": "Patient", "id": document.patient_id}
    if document.stated is not None:
        resource["meta"] = {"lastUpdated": document.stated}
    names = names_of(children(patient, "name"))
    parts: dict[str, Any] = {
        "extension": [*_origin(entry, patient), *_birth_sex(document)],
        "identifier": identifiers_of(role),
        "name": names,
        "telecom": telecoms_of(children(role, "telecom")),
        "gender": _GENDERS.get(gender),
        "birthDate": birth[:10] if birth else None,
        "address": addresses_of(children(role, "addr")),
        "maritalStatus": entry.concept(child(patient, "maritalStatusCode"), "marital status"),
        "communication": _languages(entry, patient),
        "contact": _guardians(entry, patient),
    }
    resource |= {name: value for name, value in parts.items() if value}
    resource |= _death(patient)
    keeper = organization(entry, child(role, "providerOrganization"))
    if keeper:
        resource["managingOrganization"] = keeper
    carer = _primary_care(entry)
    if carer:
        resource["generalPractitioner"] = [carer]
    parts_of_names = (part for name in children(patient, "name") for part in name if not part.get("nullFlavor"))
    if any(not words_in(part) for part in parts_of_names if name_of(part) in ("given", "family", "suffix", "prefix")):
        entry.remark("name of the patient", "A part of the name is empty.")
    if not any("family" in name for name in names):
        entry.remark("name of the patient", "The patient's family name is missing.")
    entry.resources.insert(0, document.once(resource))


def _origin(entry: Entry, patient: Element | None) -> list[dict[str, Any]]:
    """Race and ethnicity as US Core writes them."""
    found = []
    for name, codes in (
        ("race", [*children(patient, "raceCode"), *children(patient, "sdtc:raceCode")]),
        ("ethnicity", [*children(patient, "ethnicGroupCode"), *children(patient, "sdtc:ethnicGroupCode")]),
    ):
        said = [coding for code in codes for coding in codings_of(code)]
        if not said:
            continue
        parts: list[dict[str, Any]] = []
        for coding in said:
            if coding.get("system") != _CDCREC or not _is_origin(coding["code"]):
                entry.remark(f"{name} of the patient", "The code is not one of the CDC's codes for it.")
                continue
            url = "ombCategory" if coding["code"] in _OMB else "detailed"
            parts.append({"url": url, "valueCoding": coding})
        words = "; ".join(coding.get("display", coding["code"]) for coding in said)
        parts.append({"url": "text", "valueString": words})
        found.append({"url": f"{_US_CORE}us-core-{name}", "extension": parts})
    return found


def _is_origin(code: str) -> bool:
    number, dash, check = code.partition("-")
    return len(number) == 4 and number.isdigit() and bool(dash) and len(check) == 1 and check.isdigit()


def _birth_sex(document: Document) -> list[dict[str, Any]]:
    """The sex assigned at birth, which C-CDA states as an observation of the social history."""
    for template in document.root.iter("{urn:hl7-org:v3}templateId"):
        if template.get("root") == BIRTH_SEX and (observation := template.getparent()) is not None:
            code = attribute(observation, "value", "code")
            if code in ("F", "M", "OTH", "UNK"):
                return [{"url": f"{_US_CORE}us-core-birthsex", "valueCode": code}]
    return []


def _languages(entry: Entry, patient: Element | None) -> list[dict[str, Any]]:
    found = []
    for spoken in children(patient, "languageCommunication"):
        code = attribute(spoken, "languageCode", "code")
        if not code:
            continue
        if not _is_language(code) or attribute(spoken, "languageCode", "codeSystem") not in (
            "",
            "2.16.840.1.113883.6.121",
        ):
            entry.remark("language of the patient", "The code is not one of the tags that name languages.")
            continue
        language: dict[str, Any] = {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": code}]}}
        preferred = attribute(spoken, "preferenceInd", "value")
        if preferred in ("true", "false"):
            language["preferred"] = preferred == "true"
        found.append(language)
    return found


def _is_language(code: str) -> bool:
    first, *rest = code.split("-")
    return 2 <= len(first) <= 3 and first.isalpha() and all(1 < len(part) <= 8 and part.isalnum() for part in rest)


def _death(patient: Element | None) -> dict[str, Any]:
    at = time_of(child(patient, "sdtc:deceasedTime"), "time of death")
    if at:
        return {"deceasedDateTime": at}
    said = attribute(patient, "sdtc:deceasedInd", "value")
    return {"deceasedBoolean": said == "true"} if said in ("true", "false") else {}


def _guardians(entry: Entry, patient: Element | None) -> list[dict[str, Any]]:
    """Guardians, and the people whom the header's participants say to call."""
    contacts = []
    people = [(one, "guardianPerson", "GUARD") for one in children(patient, "guardian")]
    people += [
        (one, "associatedPerson", "")
        for participant in children(entry.document.root, "participant")
        if participant.get("typeCode") in ("IND", "IRCP")
        for one in children(participant, "associatedEntity")
        if one.get("classCode") in ("PRS", "NOK", "ECON", "CAREGIVER", "AGNT", "GUAR", "GUARD")
    ]
    for person, inner, implied in people:
        names = names_of(children(child(person, inner), "name"))
        relationship = entry.concept(child(person, "code"), "relationship")
        if relationship is None and (implied or person.get("classCode")):
            system = "http://terminology.hl7.org/CodeSystem/v3-RoleClass"
            relationship = {"coding": [{"system": system, "code": implied or str(person.get("classCode"))}]}
        telecoms, addresses = telecoms_of(children(person, "telecom")), addresses_of(children(person, "addr"))
        if not names and not telecoms:
            continue
        contact: dict[str, Any] = {"relationship": [relationship]} if relationship else {}
        if names:
            contact["name"] = names[0]
        if telecoms:
            contact["telecom"] = telecoms
        if addresses:
            contact["address"] = addresses[0]
        contacts.append(contact)
        relative = entry.write(
            "RelatedPerson",
            None,
            relationship=[relationship] if relationship else [],
            name=names,
            telecom=telecoms,
            address=addresses,
        )
        known = digest(
            "RelatedPerson", entry.document.patient_key, display_of(names[0]) if names else telecoms[0]["value"]
        )
        relative["id"] = known
    return contacts


def _primary_care(entry: Entry) -> dict[str, str] | None:
    for performer in children(entry.document.root, "documentationOf/serviceEvent/performer"):
        if attribute(performer, "functionCode", "code") == _PRIMARY_CARE:
            return practitioner(entry, child(performer, "assignedEntity"))
    return None


def write_visit(entry: Entry) -> None:
    """The visit or stay that the document is of."""
    visit = child(entry.document.root, "componentOf/encompassingEncounter")
    if visit is None:
        return
    period = period_of(child(visit, "effectiveTime"), "time of the visit")
    code = child(visit, "code")
    codings = list(codings_of(code))
    sort = next((coding for coding in codings if coding["code"] in _CLASSES), None)
    people = []
    for performer in (*children(visit, "responsibleParty"), *children(visit, "encounterParticipant")):
        who = practitioner(entry, child(performer, "assignedEntity"))
        if who is not None:
            people.append({"individual": who})
    facility = child(visit, "location/healthCareFacility")
    place = location(entry, facility)
    provider = organization(entry, child(facility, "serviceProviderOrganization"))
    disposition = entry.concept(child(visit, "dischargeDispositionCode"), "discharge disposition")
    type_ = entry.concept(code, "kind of visit")
    resource = entry.write(
        "Encounter",
        visit,
        identifier=identifiers_of(visit),
        status="finished" if "end" in period or not period else "in-progress",
        class_={"system": ACT_CODE, "code": sort["code"]} if sort else None,
        type=[type_] if type_ and not (sort and len(codings) == 1) else [],
        period=period,
        participant=people,
        location=[{"location": place}] if place else [],
        serviceProvider=provider,
        hospitalization={"dischargeDisposition": disposition} if disposition else None,
    )
    entry.document.visit = f"Encounter/{resource['id']}"


def write_care_team(entry: Entry) -> None:
    """Who cares for the patient, as the header's serviceEvent tells."""
    event = child(entry.document.root, "documentationOf/serviceEvent")
    members = []
    for performer in children(event, "performer"):
        who = practitioner(entry, child(performer, "assignedEntity"))
        if who is None:
            continue
        role = entry.concept(child(performer, "functionCode"), "function") or entry.concept(
            child(performer, "assignedEntity/code"), "function"
        )
        members.append({"member": who} | ({"role": [role]} if role else {}))
    if members:
        entry.write("CareTeam", event, "team", status="active", participant=members)


def write_authorizations(entry: Entry) -> None:
    """Consents that the header says were given."""
    for consent in children(entry.document.root, "authorization/consent"):
        code = entry.concept(child(consent, "code"), "consent")
        entry.write(
            "Consent",
            consent,
            status="active" if attribute(consent, "statusCode", "code") in ("", "completed", "active") else "inactive",
            scope={
                "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
            },
            category=[code] if code else [],
            identifier=identifiers_of(consent),
        )


def write_document(entry: Entry, title: str, is_in_words_only: bool) -> None:
    """The document itself, with all of its narrative as HTML of our own."""
    document = entry.document
    root = document.root
    who, _ = author_of(entry, root)
    keeper = organization(entry, child(root, "custodian/assignedCustodian/representedCustodianOrganization"))
    content = _content(root)
    content["title"] = title
    if document.stated:
        content["creation"] = document.stated
    context: dict[str, Any] = {}
    if document.visit:
        context["encounter"] = [{"reference": document.visit}]
    if period := period_of(child(root, "documentationOf/serviceEvent/effectiveTime"), "time the document covers"):
        context["period"] = period
    entry.write(
        "DocumentReference",
        root,
        status="current",
        docStatus="final",
        identifier=identifiers_of(root),
        type=entry.concept(child(root, "code"), "code of the document"),
        date=document.stated,
        author=[who] if who else [],
        custodian=keeper,
        description=f"{title} (in words only: it has no coded entries)" if is_in_words_only else title,
        content=[{"attachment": content}],
        context=context,
    )


def _content(root: Element) -> dict[str, Any]:
    """The narrative of a structured document, or the text that an unstructured one holds."""
    loose = child(root, "component/nonXMLBody/text")
    if loose is not None:
        kind = (loose.get("mediaType") or "text/plain")[:100]
        if loose.get("representation") == "B64":
            return {"contentType": kind, "data": "".join((loose.text or "").split())}
        return {"contentType": "text/plain", "data": encoded(words_in(loose))}
    parts = []
    for section in root.iter("{urn:hl7-org:v3}section"):
        heading = html_of(read_narrative(title)) if (title := child(section, "title")) is not None else ""
        text = child(section, "text")
        body = html_of(read_narrative(text)) if text is not None else ""
        parts.append(f"<section><h2>{heading}</h2>{body}</section>")
    return {"contentType": "text/html", "data": encoded("".join(parts))}


def encoded(text: str) -> str:
    """Text as FHIR holds it in an attachment."""
    return base64.b64encode(text.encode("utf-8", "replace")).decode()
