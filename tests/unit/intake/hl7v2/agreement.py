"""What a message says, in our resources and in the FHIR that accompanies it, brought to one form and set side by side.

Only meaning is compared: ids, extensions, displays and the accompanying converter's own systems are left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

Fhir = dict[str, Any]
Told = Counter[tuple[Any, ...]]


def moment(text: str | None) -> str:
    """A time as its UTC minute; a date or a time without an offset as it is."""
    if not text:
        return ""
    if "T" not in text:
        return text
    read = datetime.fromisoformat(text)
    return read.astimezone(UTC).strftime("%Y-%m-%dT%H:%M") if read.tzinfo else text[:16]


def code(codeable: Any) -> str:
    """The first code, else the words."""
    for one in (codeable or {}).get("coding") or ():
        if one.get("code"):
            return str(one["code"]).strip()
    return str((codeable or {}).get("text") or "").strip()


def value(r: Fhir) -> str:
    """The value of an observation, whatever its type."""
    for name, sent in r.items():
        if not name.startswith("value"):
            continue
        if name == "valueQuantity":
            return f"{sent.get('comparator', '')}{float(sent['value']):g}" if "value" in sent else ""
        if name == "valueCodeableConcept":
            return code(sent)
        if name in ("valueRange", "valueRatio"):
            ends = [sent.get(part, {}).get("value") for part in ("low", "high", "numerator", "denominator")]
            return ":".join(f"{float(end):g}" for end in ends if end is not None)
        if name == "valueDateTime":
            return moment(sent)
        if name == "valuePeriod":
            return f"{moment(sent.get('start'))} {moment(sent.get('end'))}"
        return re.sub(r"\s+", " ", str(sent)).strip()
    return ""


def _medicine(r: Fhir, found: dict[str, Fhir]) -> str:
    if "medicationCodeableConcept" in r:
        return code(r["medicationCodeableConcept"])
    address = r.get("medicationReference", {}).get("reference", "")
    return code(found.get(address, {}).get("code"))


def _patient(r: Fhir, _: dict[str, Fhir]) -> list[tuple[Any, ...]]:
    name = (r.get("name") or [{}])[0]
    told: list[tuple[Any, ...]] = [("name", name.get("family", ""), (name.get("given") or [""])[0])]
    told += [("birth", r.get("birthDate", "")), ("sex", r.get("gender", ""))]
    return told + [("number", sent["value"]) for sent in r.get("identifier") or () if sent.get("value")]


def _assumed(r: Fhir) -> str:
    """How the visit stands where only updates of it came."""
    return str(((r.get("_status") or {}).get("extension") or [{}])[0].get("valueCode", ""))


def _encounter(r: Fhir, _: dict[str, Fhir]) -> list[tuple[Any, ...]]:
    span = r.get("period") or {}
    return [
        ("class", (r.get("class") or {}).get("code", "")),
        ("status", r.get("status") or _assumed(r)),
        ("start", moment(span.get("start"))),
        ("end", moment(span.get("end"))),
    ]


def _observation(r: Fhir, _: dict[str, Fhir]) -> list[tuple[Any, ...]]:
    told: list[tuple[Any, ...]] = [("result", code(r.get("code")), value(r), r.get("status", ""))]
    unit = (r.get("valueQuantity") or {}).get("unit")
    told += [("unit", code(r.get("code")), unit)] if unit else []
    when = moment(r.get("effectiveDateTime"))
    return told + ([("taken", code(r.get("code")), when)] if when else [])


def _appointment(r: Fhir, _: dict[str, Fhir]) -> list[tuple[Any, ...]]:
    return [("status", r.get("status")), ("start", moment(r.get("start"))), ("end", moment(r.get("end")))]


READERS: dict[str, Callable[[Fhir, dict[str, Fhir]], list[tuple[Any, ...]]]] = {
    "Patient": _patient,
    "Encounter": _encounter,
    "Observation": _observation,
    "Appointment": _appointment,
    "MedicationRequest": lambda r, found: [("medicine", _medicine(r, found), r.get("status") or _assumed(r))],
    "MedicationDispense": lambda r, found: [("fill", _medicine(r, found), moment(r.get("whenHandedOver")))],
    "Immunization": lambda r, _: [
        ("vaccine", code(r.get("vaccineCode")), r.get("status"), moment(r.get("occurrenceDateTime")))
    ],
    "Condition": lambda r, _: [("condition", code(r.get("code")), moment(r.get("onsetDateTime")))],
    "AllergyIntolerance": lambda r, _: [("allergy", code(r.get("code")))],
    "Coverage": lambda r, _: [("coverage", *(moment((r.get("period") or {}).get(end)) for end in ("start", "end")))],
    "Procedure": lambda r, _: [("procedure", code(r.get("code")), moment(r.get("performedDateTime")))],
    "ServiceRequest": lambda r, _: [("order", code(r.get("code")), r.get("status") or _assumed(r))],
    "DiagnosticReport": lambda r, _: [("report", code(r.get("code")), r.get("status"))],
    "DocumentReference": lambda r, _: [("document", r.get("status"), r.get("docStatus"))],
}


def told_by(resources: Iterable[Fhir]) -> dict[str, Told]:
    """What the resources say, by their type; nothing said is left out."""
    every = list(resources)
    found = {f"{r['resourceType']}/{r.get('id')}": r for r in every}
    told: dict[str, Told] = {}
    for r in every:
        reader = READERS.get(r["resourceType"])
        if reader is not None:
            told.setdefault(r["resourceType"], Counter()).update(
                one for one in reader(r, found) if any(part for part in one[1:])
            )
    return told
