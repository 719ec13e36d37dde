"""A signed list as FHIR: the List as it was seen, what was said of each line, and the fact that it was gone through.

Everything stands in one message of the signer's, so that undo and replay need nothing of their own. The List is a
snapshot: each entry keeps in words what was on record that moment, and points to the facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from beforehand.care.medicines.answers import (
    CHANGED,
    NO,
    NOT_TAKING,
    OVER,
    TAKING,
    TOLD_BY,
    UNSURE,
    Added,
    Answer,
    Review,
)
from beforehand.care.medicines.lines import (
    ALLERGIES,
    MEDICINES,
    ORDERED,
    PRESCRIBED,
    PROBLEMS,
    Line,
    ListNow,
)
from beforehand.care.medicines.seen import SORTS, seen_line
from beforehand.care.needs.situation import WORK, coded, moment

Resource = dict[str, Any]

SEEN = f"{WORK}/list-entry-as-seen"
TOLD = f"{WORK}/told-by"
ENDED = f"{WORK}/ended-by-this-list"
_V3 = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_SECURITY = {  # sensitivity label -> the security label of HL7 that carries it
    "HIV": (_V3, "HIV"), "MENTAL": (_V3, "MH"), "SEXUAL": (_V3, "SEX"), "SUD": (_V3, "SUD"), "VIOLENCE": (_V3, "SDV"),
    "R": ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R"),
}  # fmt: skip
_LIST_CODES = {MEDICINES: "10160-0", ALLERGIES: "48765-2", PROBLEMS: "11450-4"}  # LOINC
TITLES = {MEDICINES: "Medicines list", ALLERGIES: "Allergy list", PROBLEMS: "Problem list"}
DONE = {  # the fact that rules read
    MEDICINES: ("medication-reconciliation", "Medicines list gone through"),
    ALLERGIES: ("allergies-reviewed", "Allergies gone through"),
    PROBLEMS: ("problems-reviewed", "Problems gone through"),
}
_DOCUMENTED = {"system": "http://snomed.info/sct", "code": "428191000124101", "display": "Current medicines documented"}
_STATEMENT = {TAKING: "active", CHANGED: "active", NOT_TAKING: "not-taken", UNSURE: "unknown"}
_NONE = {
    "system": "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips",
    "code": "no-known-allergies",
    "display": "No known allergies",
}


@dataclass(frozen=True)
class Circumstances:
    """When and by whom a list is signed, and what the composer must know of the record."""

    number: str  # of the list; the logical id of the List and of the Procedure that stands for it
    at: datetime
    zone: ZoneInfo
    by_name: str
    patient_name: str
    codes: Mapping[int, list[dict[str, str]]]  # meaning -> its codings
    references: Mapping[int, str]  # fact -> how a statement refers to it
    ended: tuple[str, ...] = ()  # earlier statements that this list ends

    @property
    def now(self) -> str:
        return moment(self.at, self.zone)

    @property
    def day(self) -> str:
        return self.at.astimezone(self.zone).date().isoformat()


def signed_resources(now: ListNow, review: Review, answers: Mapping[str, Answer], how: Circumstances) -> list[Resource]:
    """Everything one signing states; the List last, when what it points to is there."""
    said: list[Resource] = []
    entries: list[Resource] = []
    for number, line in enumerate(now.current):
        answer = answers[line.key]
        stated = _stated(now.kind, f"{how.number}-{number}", line, answer, review, how)
        said += [stated] if stated else []
        entries.append(_entry(line, answer, stated, how))
    for number, one in enumerate(review.added):
        stated = _added(now.kind, f"{how.number}-added-{number}", one, review, how)
        said.append(stated)
        entries.append(_added_entry(one, stated))
    if review.none_known:
        said.append(_none_known(f"{how.number}-none", review, how))
    labels = sorted({label for line in now.current for label in line.labels})
    return [_done(now.kind, how), *said, _list(now.kind, review, entries, labels, how)]


def _done(kind: str, how: Circumstances) -> Resource:
    code = coded(*DONE[kind])
    if kind == MEDICINES:
        code["coding"].append(_DOCUMENTED)
    return {
        "resourceType": "Procedure",
        "id": how.number,
        "status": "completed",
        "code": code,
        "performedDateTime": how.now,
        "performer": [{"actor": {"display": how.by_name}}],
    }


def _list(kind: str, review: Review, entries: list[Resource], labels: list[str], how: Circumstances) -> Resource:
    made: Resource = {
        "resourceType": "List",
        "id": how.number,
        "status": "current",
        "mode": "snapshot",
        "title": TITLES[kind],
        "code": {"coding": [{"system": "http://loinc.org", "code": _LIST_CODES[kind]}], "text": TITLES[kind]},
        "date": how.now,
        "source": {"display": how.by_name},
        "extension": [
            {"url": TOLD, "valueCode": review.told_by},
            *({"url": ENDED, "valueReference": {"reference": one}} for one in how.ended),
        ],
    }
    if labels:
        made["meta"] = _security(labels)
    if review.note.strip():
        made["note"] = [{"text": review.note.strip()}]
    if entries:
        made["entry"] = entries
    elif review.none_known:
        made["emptyReason"] = {"coding": [{"code": "nilknown"}], "text": "None known, as the person says"}
    return made


def _entry(line: Line, answer: Answer, stated: Resource | None, how: Circumstances) -> Resource:
    seen = seen_line(line)
    newest = [fact for fact in (line.last(sort) for sort in SORTS) if fact is not None]
    item = f"{stated['resourceType']}/{stated['id']}" if stated else how.references[newest[0].fact_id]
    parts: list[Resource] = [{"url": sort, "valueString": words} for sort, words in seen.words.items()]
    parts += [{"url": "fact", "valueReference": {"reference": how.references[fact.fact_id]}} for fact in newest]
    parts += [{"url": "label", "valueCode": label} for label in sorted(line.labels)]
    if answer.words.strip():
        parts.append({"url": "words", "valueString": answer.words.strip()})
    return {
        "flag": coded(answer.answer),
        "item": {"reference": item, "display": line.name},
        "extension": [{"url": SEEN, "extension": parts}],
    }


def _added_entry(one: Added, stated: Resource) -> Resource:
    parts: list[Resource] = [{"url": "added", "valueBoolean": True}]
    parts += [{"url": "words", "valueString": one.words.strip()}] if one.words.strip() else []
    return {
        "flag": coded("added"),
        "item": {"reference": f"{stated['resourceType']}/{stated['id']}", "display": one.name.strip()},
        "extension": [{"url": SEEN, "extension": parts}],
    }


def _stated(kind: str, number: str, line: Line, answer: Answer, review: Review, how: Circumstances) -> Resource | None:
    """What the answer states of the line; nothing where it only confirms, or where nobody was asked."""
    if review.told_by == "records":
        return None
    named: dict[str, Any] = {"text": line.name}
    if how.codes.get(line.code or 0):
        named["coding"] = how.codes[line.code or 0]
    made: Resource | None = None
    if kind == MEDICINES:
        order = line.last(PRESCRIBED)
        is_ordered = order is not None and any(fact.status in ORDERED for fact in line.facts[PRESCRIBED])
        made = _medicine(number, named, _STATEMENT[answer.answer], answer.words, review, how)
        if is_ordered and answer.answer in (TAKING, CHANGED):
            # The order goes on saying it; the word holds for the day it was given.
            made["effectivePeriod"] = {"start": how.day, "end": how.day}
        else:
            made["effectiveDateTime"] = how.day
        made["derivedFrom"] = [
            {"reference": how.references[fact.fact_id]}
            for fact in (line.last(sort) for sort in SORTS)
            if fact is not None
        ]
    elif answer.answer == NO:
        made = _finding(kind, number, named, "inactive", "refuted", answer.words, review, how)
    elif answer.answer == OVER:
        made = _finding(kind, number, named, "resolved", "confirmed", answer.words, review, how)
        made["abatementDateTime"] = how.day
    if made is not None and line.labels:
        made["meta"] = _security(sorted(line.labels))
    return made


def _medicine(
    number: str, named: Mapping[str, Any], status: str, words: str, review: Review, how: Circumstances
) -> Resource:
    made: Resource = {
        "resourceType": "MedicationStatement",
        "id": number,
        "status": status,
        "medicationCodeableConcept": dict(named),
        "dateAsserted": how.now,
        "informationSource": _told_by(review, how),
    }
    if words.strip():
        made["dosage"] = [{"text": words.strip()}]
    return made


def _finding(
    kind: str, number: str, named: Mapping[str, Any], course: str, sure: str, words: str, review: Review,
    how: Circumstances,
) -> Resource:  # fmt: skip
    is_allergy = kind == ALLERGIES
    root = "http://terminology.hl7.org/CodeSystem/" + ("allergyintolerance-" if is_allergy else "condition-")
    made: Resource = {
        "resourceType": "AllergyIntolerance" if is_allergy else "Condition",
        "id": number,
        "clinicalStatus": {"coding": [{"system": f"{root}clinical", "code": course}]},
        "code": dict(named),
        "recordedDate": how.now,
        "asserter": _told_by(review, how),
    }
    if sure:
        system = f"{root}{'verification' if is_allergy else 'ver-status'}"
        made["verificationStatus"] = {"coding": [{"system": system, "code": sure}]}
    if not is_allergy:
        system = "http://terminology.hl7.org/CodeSystem/condition-category"
        made["category"] = [{"coding": [{"system": system, "code": "problem-list-item"}]}]
    if words.strip():
        made["note"] = [{"text": words.strip()}]
    return made


def _added(kind: str, number: str, one: Added, review: Review, how: Circumstances) -> Resource:
    named = {"text": one.name.strip()}
    if kind == MEDICINES:
        return _medicine(number, named, "active", one.words, review, how) | {"effectiveDateTime": how.day}
    return _finding(kind, number, named, "active", "", one.words, review, how)


def _none_known(number: str, review: Review, how: Circumstances) -> Resource:
    named = {"coding": [_NONE], "text": _NONE["display"]}
    return _finding(ALLERGIES, number, named, "active", "confirmed", "", review, how)


def _told_by(review: Review, how: Circumstances) -> Resource:
    if review.told_by == "patient":
        return {"type": "Patient", "display": how.patient_name or "The patient"}
    return {"type": "RelatedPerson", "display": dict(TOLD_BY)[review.told_by]}


def _security(labels: list[str]) -> Resource:
    return {"security": [{"system": _SECURITY[one][0], "code": _SECURITY[one][1]} for one in labels]}
