"""OBR with its OBX and NTE: reports and results. The same result in a later message is the same resource, newer."""

from __future__ import annotations

from typing import NamedTuple

from beforehand.intake.connectors.hl7v2 import words as said_as
from beforehand.intake.connectors.hl7v2.datatypes import TYPE, Fhir, code_of, coded, kept
from beforehand.intake.connectors.hl7v2.grammar import Segment
from beforehand.intake.connectors.hl7v2.scene import Scene, logical_id
from beforehand.intake.connectors.hl7v2.values import DOCUMENTS, TEXT, normal_range, value_of

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


class Finding(NamedTuple):
    """One OBX with the OBX that go on with its text, and its notes."""

    lines: list[Segment]
    notes: list[Segment]


def findings(segments: list[Segment]) -> list[Finding]:
    """OBX and the notes after each; lines of text that follow each other under one code are one finding."""
    found: list[Finding] = []
    for segment in segments:
        if segment.name == "OBX":
            if found and _goes_on(found[-1], segment):
                found[-1].lines.append(segment)
            else:
                found.append(Finding([segment], []))
        elif segment.name == "NTE" and found:
            found[-1].notes.append(segment)
    return found


def _goes_on(before: Finding, segment: Segment) -> bool:
    last = before.lines[-1]
    kinds = {last.text(2).upper(), segment.text(2).upper()}
    return (
        len(kinds) == 1
        and kinds <= TEXT
        and not before.notes
        and last[3].raw == segment[3].raw
        and last.text(11) == segment.text(11)
    )


def notes_of(notes: list[Segment]) -> list[Fhir]:
    """NTE as annotations."""
    found = []
    for note in notes:
        field = note[3]
        text = "\n".join(part.whole.strip() for part in field.repetitions())
        if text:
            found.append({"text": text})
    return found


def report_key(scene: Scene, order: Segment) -> tuple[str, ...]:
    """What the report of an OBR is known by: the filler's number, else the placer's, else what and when."""
    assert scene.patient is not None
    code = code_of(order[4]).casefold()
    for part in (order[3], order[2]):
        number = scene.number(part)
        if number is not None:
            return (number.get("system", ""), number["value"], code, order[26].raw)
    return (scene.patient["reference"], code, order.text(7) or order.text(22) or scene.control_id)


def _category(order: Segment | None, code: str) -> Fhir | None:
    section = order.text(24).upper() if order else ""
    if code in said_as.VITAL_SIGNS:
        word = "vital-signs"
    elif section in said_as.IMAGING:
        word = "imaging"
    elif order is not None:
        word = "laboratory"
    else:
        return None
    return {"coding": [{"system": CATEGORY, "code": word}]}


def read_report(
    scene: Scene, order: Segment, below: list[Segment], asked: Fhir | None, *, is_result: bool = True
) -> None:
    """One OBR with everything below it."""
    scene.used.update({"OBR", "OBX", "NTE"})
    if scene.patient is None:
        return
    key = report_key(scene, order)
    found = findings(below)
    status = order.text(25).upper()
    if not is_result and not found:
        return
    taken = kept(start=scene.time(order, 7), end=scene.time(order, 8)) if is_result else {}
    specimen, collected = _specimen(scene, key, below) if is_result else (None, None)
    when = taken.get("start") or collected
    results, texts, files = [], [], []
    seen: dict[str, int] = {}
    for finding in found:
        kind = finding.lines[0].text(2).upper()
        if kind in DOCUMENTS:
            for line in finding.lines:
                file = attachment(scene, line)
                if file is None:
                    scene.skip(line)
                else:
                    files.append(file)
            continue
        made = scene.attempt(read_finding, finding, key, order if is_result else None, seen, when, asked)
        if made is not None:
            results.append(made)
        if kind in TEXT:
            texts.append("\n".join(line[5].whole for line in finding.lines))
    if not is_result:
        return
    comments = [note["text"] for note in notes_of(_first_notes(below))]
    scene.add(
        "DiagnosticReport",
        logical_id("DiagnosticReport", *key),
        status=said_as.REPORT_STATUS.get(status, _from_results(scene, results)),
        code=coded(order[4], scene.local) or {"text": "Not said"},
        category=_section(order),
        identifier=[number for part in (order[3], order[2]) if (number := scene.number(part))],
        subject=scene.patient,
        encounter=scene.encounter,
        basedOn=[asked] if asked else [],
        effectiveDateTime=when if "end" not in taken else None,
        effectivePeriod=taken if "end" in taken else None,
        issued=scene.minor_time(order, 22),
        specimen=[specimen] if specimen else [],
        performer=_laboratories(scene, found),
        result=results,
        conclusion="\n".join([*texts, *comments]) or None,
        presentedForm=files,
    )


def _specimen_number(scene: Scene, found: Segment) -> Fhir | None:
    """SPM-2: the filler's number of the specimen, else the placer's."""
    value = found[2].component(2).below(1).text or found[2].component(1).below(1).text
    return kept(system=scene.authority, value=value) if value else None


def _specimen(scene: Scene, key: tuple[str, ...], below: list[Segment]) -> tuple[Fhir | None, str | None]:
    """SPM of the order, else of the message: the specimen, and when it was taken."""
    found = next((segment for segment in below if segment.name == "SPM"), None) or scene.message.first("SPM")
    if found is None or scene.patient is None:
        return None, None
    scene.used.add("SPM")
    when = scene.time(found, 17)
    number = _specimen_number(scene, found)
    told = (number["value"],) if number else key
    made = scene.add(
        "Specimen",
        logical_id("Specimen", scene.patient["reference"], *told),
        identifier=[number] if number else [],
        subject=scene.patient,
        type=coded(found[4], scene.local, "0487"),
        receivedTime=scene.minor_time(found, 18),
        collection=kept(collectedDateTime=when, bodySite=coded(found[8], scene.local)),
    )
    return made, when


def _first_notes(below: list[Segment]) -> list[Segment]:
    """The notes on the order itself: those before its first OBX."""
    notes = []
    for segment in below:
        if segment.name == "OBX":
            break
        if segment.name == "NTE":
            notes.append(segment)
    return notes


def _section(order: Segment) -> list[Fhir]:
    section = order.text(24)
    return [{"coding": [{"system": TYPE + "0074", "code": section}]}] if section else []


def _from_results(scene: Scene, results: list[Fhir]) -> str:
    """How a report stands that does not say: as its results do."""
    keys = [tuple(one["reference"].split("/", 1)) for one in results]
    stand = {scene.found[(kind, key)][0].get("status") for kind, key in keys}
    if not stand:
        return "unknown"
    if stand <= {"final", "cancelled"} and "final" in stand:
        return "final"
    if stand & {"corrected", "amended"} and not stand & {"preliminary", "registered", "unknown"}:
        return "corrected"
    return "partial" if stand & {"final", "corrected"} else "preliminary" if "preliminary" in stand else "unknown"


def _laboratories(scene: Scene, found: list[Finding]) -> list[Fhir]:
    """OBX-23: who performed, each once."""
    named: dict[str, Fhir] = {}
    for finding in found:
        line = finding.lines[0]
        if line[23]:
            who = scene.xon(line[23])
            if who is not None:
                named.setdefault(who["reference"], who)
    return list(named.values())


def attachment(scene: Scene, line: Segment) -> Fhir | None:
    """ED or RP: a document in the message, or the address of one."""
    field = line[5].component
    if line.text(2).upper() == "RP":
        address = field(1).whole.strip()
        return kept(url=address, title=line.text(3, 2)) if address else None
    subtype, kind = field(3).text.casefold(), field(2).text.casefold()
    data = "".join(field(5).whole.split())
    if field(4).text.casefold() not in ("base64", "") or not data:
        data = ""
    media = {"application": f"application/{subtype}", "image": f"image/{subtype}", "text": f"text/{subtype or 'plain'}"}
    sort = media.get(kind) or {"pdf": "application/pdf"}.get(subtype) or "application/octet-stream"
    return kept(contentType=sort, data=data, title=line.text(3, 2) or line.text(3)) if data else None


def _status(line: Segment, order: Segment | None, is_result: bool) -> str:
    said = line.text(11).upper()
    if said:
        return said_as.RESULT_STATUS.get(said, "unknown")
    if order is not None and order.text(25):
        return said_as.RESULT_OF_REPORT.get(order.text(25).upper(), "unknown")
    return "unknown" if is_result else "final"  # vital signs of an ADT are observed, not reported


def read_finding(
    scene: Scene,
    finding: Finding,
    key: tuple[str, ...],
    order: Segment | None,
    seen: dict[str, int],
    taken: str | None,
    asked: Fhir | None,
) -> Fhir | None:
    """One finding as an Observation; the reference to it, or None where it is none."""
    line = finding.lines[0]
    code = coded(line[3], scene.local)
    if code is None:
        if not line[5]:
            scene.skip(line)
            return None
        code = {"text": "Not said"}
    told = f"{code_of(line[3]).casefold()}|{line[4].raw}"
    seen[told] = seen.get(told, 0) + 1
    one = logical_id("Observation", *key, told, str(seen[told]) if seen[told] > 1 else "")
    value = value_of(scene, line)
    if len(finding.lines) > 1:
        value = {"valueString": "\n".join(text for part in finding.lines if (text := part[5].whole.strip()))}
    said = line.text(11).upper()
    is_same_value = said == "U" and "dataAbsentReason" in value  # only the status changed; the value was sent before
    if is_same_value:
        value = {}
    elif said in ("D", "W"):
        value.pop("dataAbsentReason", None)
    absent = value.pop("dataAbsentReason", None)
    return scene.add(
        "Observation",
        one,
        patch=is_same_value,
        status=_status(line, order, scene.type in ("ORU", "OUL")),
        code=code,
        category=[found] if (found := _category(order, line.text(3))) else [],
        subject=scene.patient,
        encounter=scene.encounter,
        basedOn=[asked] if asked else [],
        effectiveDateTime=scene.time(line, 14) or taken,
        issued=scene.minor_time(order, 22) if order is not None else None,
        performer=[*scene.clinicians(line[16]), *([who] if line[23] and (who := scene.xon(line[23])) else [])],
        interpretation=_flags(line),
        referenceRange=normal_range(line),
        method=coded(line[17], scene.local),
        bodySite=coded(line[20], scene.local),
        note=notes_of(finding.notes),
        dataAbsentReason=absent,
        **value,
    )


def _flags(line: Segment) -> list[Fhir]:
    """OBX-8: each flag, such as H or A."""
    found = []
    for part in line[8].repetitions():
        code = part.words(1)
        if code:
            found.append({"coding": [kept(system=INTERPRETATION, code=code, display=part.words(2))]})
    return found


def _enclosed(scene: Scene, line: Segment) -> None:
    """A document in an OBX without an order."""
    file = attachment(scene, line)
    if file is None or scene.patient is None:
        scene.skip(line)
        return
    code = coded(line[3], scene.local)
    scene.add(
        "DocumentReference",
        logical_id("DocumentReference", scene.patient["reference"], scene.control_id, line.place(0)),
        status="current",
        type=code,
        subject=scene.patient,
        date=scene.time(line, 14) or scene.stamp,
        description=(code or {}).get("text"),
        content=[{"attachment": file}],
        context=kept(encounter=[scene.encounter] if scene.encounter else []),
    )


def read_observed(scene: Scene, segments: list[Segment]) -> None:
    """OBX that stand at the patient or the visit, without an order: vital signs, mostly."""
    found = findings(segments)
    if not found or scene.patient is None:
        return
    scene.used.update({"OBX", "NTE"})
    where = (scene.encounter or scene.patient)["reference"]
    seen: dict[str, int] = {}
    for finding in found:
        line = finding.lines[0]
        if line.text(2).upper() in DOCUMENTS:
            scene.attempt(_enclosed, line)
            continue
        key = ("observed", scene.patient["reference"], where, line.text(14))  # without a time, one a visit
        scene.attempt(read_finding, finding, key, None, seen, None, None)
