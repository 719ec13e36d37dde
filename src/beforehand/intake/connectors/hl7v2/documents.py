"""TXA with its OBX: documents, with their text in them; and what becomes of the documents they replace."""

from __future__ import annotations

import base64

from beforehand.intake.connectors.hl7v2 import words as said_as
from beforehand.intake.connectors.hl7v2.datatypes import Fhir, coded, kept
from beforehand.intake.connectors.hl7v2.grammar import Segment
from beforehand.intake.connectors.hl7v2.results import attachment
from beforehand.intake.connectors.hl7v2.scene import Scene, logical_id
from beforehand.intake.connectors.hl7v2.values import DOCUMENTS

LOINC = "http://loinc.org"
_REPLACES = frozenset(("T09", "T10"))
_STATUS_ONLY = frozenset(("T03", "T04", "T11"))
_ADDS = frozenset(("T05", "T06"))


def _key(number: Fhir) -> str:
    return logical_id("DocumentReference", number.get("system", ""), number["value"])


def _content(scene: Scene, title: str) -> list[Fhir]:
    """The text of every OBX in one attachment, and each enclosed document in its own."""
    lines, files = [], []
    for line in scene.message.all("OBX"):
        if line.text(2).upper() in DOCUMENTS:
            file = attachment(scene, line)
            if file is not None:
                files.append({"attachment": file})
        elif line[5]:
            lines.append("\n".join(part.whole for part in line[5].repetitions()))
    if lines:
        data = base64.b64encode("\n".join(lines).encode("utf-8", "replace")).decode()
        files.insert(0, {"attachment": kept(contentType="text/plain; charset=utf-8", data=data, title=title)})
    return files


def _sort(scene: Scene, segment: Segment) -> Fhir | None:
    """What sort of document: TXA-2, with LOINC's code for it, or the one that its text was sent under."""
    sort = coded(segment[2], scene.local, "0270")
    loinc = said_as.DOCUMENT_LOINC.get(segment.text(2).upper())
    lines = scene.message.all("OBX") if scene.type == "MDM" else []
    found = [{"system": LOINC, "code": loinc}] if loinc else []
    for line in lines:
        code = coded(line[3], scene.local) or {}
        found += [one for one in code.get("coding", []) if one.get("system") == LOINC and one["code"] != loinc][:1]
        break
    return {**(sort or {}), "coding": [*(sort or {}).get("coding", []), *found]} if found else sort


def read_document(scene: Scene, segment: Segment) -> None:
    """One TXA as a DocumentReference."""
    scene.used.update({"TXA", "OBX", "NTE"} if scene.type == "MDM" else {"TXA"})
    if scene.patient is None:
        return
    number = scene.number(segment[12])
    name = segment.text(16)
    written = scene.time(segment, 4) or scene.time(segment, 6)
    key = _key(number) if number else logical_id(
        "DocumentReference",
        scene.patient["reference"],
        name or segment.text(2),
        "" if name else written or scene.control_id,
    )  # fmt: skip
    status = said_as.DOCUMENT_THERE.get(segment.text(19).upper(), "current")
    if scene.trigger == "T11":
        status = "entered-in-error"
    how = said_as.DOCUMENT_STATUS.get(segment.text(17).upper())
    parent = scene.number(segment[13])
    relation: list[Fhir] = []
    if parent is not None and _key(parent) != key and scene.trigger in _REPLACES | _ADDS:
        word = "replaces" if scene.trigger in _REPLACES else "appends"
        relation = [{"code": word, "target": {"reference": f"DocumentReference/{_key(parent)}"}}]
        if word == "replaces":
            scene.add("DocumentReference", _key(parent), patch=True, status="superseded", subject=scene.patient)
    sort = _sort(scene, segment)
    title = (sort or {}).get("text") or segment.text(16)
    report = next((code for order in scene.message.all("OBR") if (code := coded(order[4], scene.local))), None)
    content = _content(scene, title) if scene.type == "MDM" else []
    if not content and scene.trigger not in _STATUS_ONLY:
        content = [{"attachment": kept(title=title or "Document", creation=scene.minor_time(segment, 6))}]
    scene.add(
        "DocumentReference",
        key,
        patch=not content,  # a change of status leaves the text as it was
        identifier=[number] if number else [],
        status=status,
        docStatus=how,
        type=sort or report,
        category=[report] if sort and report else [],
        subject=scene.patient,
        date=written or scene.time(segment, 7) or scene.stamp,
        author=[*scene.clinicians(segment[9]), *scene.clinicians(segment[5])],
        authenticator=next(iter(scene.clinicians(segment[22])), None),
        relatesTo=relation,
        description=title,
        content=content,
        context=kept(
            encounter=[scene.encounter] if scene.encounter else [],
            period=kept(start=scene.time(segment, 4)),
        ),
    )
