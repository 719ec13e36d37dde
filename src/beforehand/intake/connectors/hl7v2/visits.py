"""Visits and stays (PV1, PV2) and what is known of the patient at them: allergies, diagnoses, problems, procedures."""

from __future__ import annotations

from typing import Any

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.hl7v2 import words as said_as
from beforehand.intake.connectors.hl7v2.datatypes import TYPE, Fhir, code_of, coded, kept, place_name
from beforehand.intake.connectors.hl7v2.grammar import Segment
from beforehand.intake.connectors.hl7v2.scene import Scene, assumed, logical_id

ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
# Only messages about visits speak of them with authority. What others repeat of a visit (a laboratory may write another
# class) counts only where nobody else said it, as if it had been said first.
_OWN = frozenset(("ADT", "BAR", "DFT"))
LEAST = "1970-01-02T00:00:00Z"
_ROLES = {7: "ATND", 8: "REF", 9: "CON", 17: "ADM"}
_HL7 = "http://terminology.hl7.org/CodeSystem/"
# Messages whose event is the visit itself, so that its time is the visit's own.
_GOING_ON = frozenset(("A09", "A13", "A15", "A16", "A25", "A26", "A32", "A33"))
_BEGINS = frozenset(("A01", "A04", "A10"))


def read_visit(scene: Scene, segment: Segment, more: Segment | None) -> Fhir | None:
    """PV1 with its PV2 as an Encounter; the reference to it, or None where nothing tells which visit it is."""
    scene.used.update({"PV1", "PV2"})
    if scene.patient is None:
        return None
    key = _identity(scene, segment)
    number = scene.cx(segment[19])
    if key is None:
        scene.skip(segment)
        return None
    status = said_as.ENCOUNTER_STATUS.get(scene.trigger) if scene.type == "ADT" else None
    started, ended = scene.time(segment, 44), scene.time(segment, 45)
    event = scene.message.first("EVN")
    happened = (scene.minor_time(event, 6) or scene.minor_time(event, 2)) if event else None
    period: dict[str, Any] = {}
    if started or (scene.type == "ADT" and scene.trigger in _BEGINS):
        period["start"] = started or happened or scene.stamp
    elif status == "planned" and more is not None:
        period["start"] = scene.time(more, 8)  # when the patient is expected
    if ended or scene.trigger == "A03":
        period["end"] = ended or happened or scene.stamp
    if scene.trigger == "A13":
        period["end"] = None  # the discharge did not happen
    if ended and scene.type == "ADT" and status in ("in-progress", None) and scene.trigger not in _GOING_ON:
        status = "finished"
    kind, system = _class(segment)
    scene.encounter = scene.add(
        "Encounter",
        key,
        patch=True,
        subject=scene.patient,
        identifier=[number] if number else [],
        status=status,
        _status=None if status else assumed(_assumed(scene, segment, ended)),
        class_=kept(system=system, code=kind),
        type=_types(scene, segment),
        serviceType=coded(segment[10], scene.local, "0069"),
        reasonCode=[reason] if more and (reason := coded(more[3], scene.local)) else [],
        period={name: value for name, value in period.items() if value or name == "end"},
        participant=_participants(scene, segment),
        location=_locations(segment, scene.trigger),
        serviceProvider=_provider(scene, segment),
        hospitalization=_stay(scene, segment),
    )
    if scene.type not in _OWN:
        scene.found[("Encounter", key)][0]["meta"] = {"lastUpdated": LEAST}
    return scene.encounter


def _identity(scene: Scene, segment: Segment) -> str | None:
    """The visit's number; where there is none, the fallbacks that docs/reference/hl7v2.md states."""
    assert scene.patient is not None
    who = scene.patient["reference"]
    for part in (segment[19], segment[50]):
        number = scene.cx(part)
        if number is not None:
            return logical_id("Encounter", number.get("system", ""), number["value"])
    pid = scene.message.first("PID")
    account = scene.cx(pid[18]) if pid else None
    if account is not None:
        return logical_id("Encounter", "account", who, account.get("system", ""), account["value"])
    if segment.text(44):
        return logical_id("Encounter", "begun", who, segment.text(44)[:12])
    if scene.type == "ADT" and scene.trigger in said_as.ENCOUNTER_STATUS:
        return logical_id("Encounter", "event", who, scene.control_id, scene.stamp or "")
    return None


def _assumed(scene: Scene, segment: Segment, ended: str | None) -> str:
    """How the visit stands where nobody ever said: what an update shows of it."""
    if ended:
        return "finished"
    if scene.type == "SIU":
        return "planned"
    is_there = segment.text(44) or scene.trigger in _GOING_ON
    return "in-progress" if scene.type == "ADT" and is_there else "unknown"


def _class(segment: Segment) -> tuple[str, str]:
    sent = segment.text(2)
    known = said_as.ENCOUNTER_CLASS.get(sent.upper())
    return (known, ACT) if known else (sent, TYPE + "0004")


def _types(scene: Scene, segment: Segment) -> list[Fhir]:
    found = (coded(segment[number], scene.local, table) for number, table in ((4, "0007"), (18, "0018")))
    return [sort for sort in found if sort]


def _participants(scene: Scene, segment: Segment) -> list[Fhir]:
    people = []
    for number, code in _ROLES.items():
        role = {"coding": [{"system": f"{_HL7}v3-ParticipationType", "code": code}]}
        people += [{"type": [role], "individual": who} for who in scene.clinicians(segment[number])]
    return people


def _locations(segment: Segment, trigger: str) -> list[Fhir]:
    """Where the patient is now, then where they were before."""
    found = []
    for number, status in ((3, "planned" if trigger in ("A05", "A14") else "active"), (6, "completed")):
        name = place_name(segment[number])
        if name and (number == 3 or trigger in ("A02", "A06", "A07", "A12")):
            found.append({"location": {"display": name}, "status": status})
    return found


def _provider(scene: Scene, segment: Segment) -> Fhir | None:
    """The institution: PV1-39, else the facility of the place, else of the sender."""
    place = segment[3].component(4).below(1).text
    return scene.organization(segment.text(39) or place or scene.head.text(4))


def _stay(scene: Scene, segment: Segment) -> Fhir:
    """How the person came and where they went. A cancelled discharge takes back where they went."""
    stay: dict[str, Any] = {}
    came = coded(segment[14], scene.local, "0023")
    if came:
        stay["admitSource"] = came
    if scene.trigger == "A13":
        stay["dischargeDisposition"] = None
        return stay
    went = coded(segment[36], scene.local, "0112")
    if went:
        code = segment.text(36)
        known = said_as.DISPOSITION.get(code.zfill(2) if code.isdigit() else code)
        if known:
            went = went | {
                "coding": [{"system": _HL7 + "discharge-disposition", "code": known}, *went.get("coding", [])]
            }
        stay["dischargeDisposition"] = went
        destination = place_name(segment[37])
        if destination:
            stay["destination"] = {"display": destination}
    return stay


# What is known of the patient.


def read_allergy(scene: Scene, segment: Segment) -> None:
    """AL1 or IAM: an allergy, or that none is known."""
    scene.used.add(segment.name)
    is_new = segment.name == "IAM"
    code = coded(segment[3], scene.local)
    if scene.patient is None or code is None:
        scene.skip(segment)
        return
    severity = segment.text(4).upper()
    reactions = [{"text": part.text or part.joined()} for part in segment[5].repetitions()]
    action = segment.text(6).upper()[:1] if is_new else ""
    clinical = segment.text(17).upper()[:1] if is_new else ""
    sure = "entered-in-error" if action == "D" else said_as.ALLERGY_SURE.get(clinical)
    number = scene.number(segment[7]) if is_new else None
    told = (number.get("system", ""), number["value"]) if number else (code_of(segment[3]).casefold(),)
    reaction = kept(manifestation=reactions, severity=said_as.REACTION_SEVERITY.get(severity))
    if reaction and not reactions:
        reaction["manifestation"] = [{"text": "Not said"}]
    course = None if sure == "entered-in-error" else ("inactive" if clinical == "I" else "active")
    scene.add(
        "AllergyIntolerance",
        logical_id("AllergyIntolerance", scene.patient["reference"], *told),
        patient=scene.patient,
        code=code,
        clinicalStatus=_word("allergyintolerance-clinical", course),
        verificationStatus=_word("allergyintolerance-verification", sure),
        criticality={"SV": "high", "MI": "low", "U": "unable-to-assess"}.get(severity),
        category=[word] if (word := said_as.ALLERGY_CATEGORY.get(segment.text(2).upper())) else [],
        reaction=[reaction] if reaction else [],
        onsetDateTime=scene.time(segment, 11 if is_new else 6),
        recordedDate=scene.minor_time(segment, 13) if is_new else None,
    )


def _word(system: str, code: str | None) -> Fhir | None:
    return {"coding": [{"system": _HL7 + system, "code": code}]} if code else None


def read_diagnosis(scene: Scene, segment: Segment) -> None:
    """DG1: a diagnosis of the visit."""
    scene.used.add("DG1")
    code = coded(segment[3], scene.local)
    if code is not None and "coding" in code and segment.text(2) in ("I9", "I10") and "system" not in code["coding"][0]:
        sid = {"I9": "icd-9-cm", "I10": "icd-10-cm"}[segment.text(2)]
        code["coding"][0]["system"] = f"http://hl7.org/fhir/sid/{sid}"
    if code is None and segment.text(4):
        code = {"text": segment.text(4)}
    if scene.patient is None or code is None:
        scene.skip(segment)
        return
    number = scene.number(segment[20])
    where = scene.encounter["reference"] if scene.encounter else scene.patient["reference"]
    told = (number.get("system", ""), number["value"]) if number else (where, code_of(segment[3]) or segment.text(4))
    is_gone = segment.text(21).upper() == "D"
    tentative = segment.text(6).upper()[:1] in ("A", "W")  # admitting and working diagnoses are not yet sure
    sure = "entered-in-error" if is_gone else "provisional" if tentative else "confirmed"
    scene.add(
        "Condition",
        logical_id("Condition", *told),
        subject=scene.patient,
        encounter=scene.encounter,
        code=code,
        category=[_word("condition-category", "encounter-diagnosis")],
        clinicalStatus=None if is_gone else _word("condition-clinical", "active"),
        verificationStatus=_word("condition-ver-status", sure),
        onsetDateTime=scene.time(segment, 5),
        recordedDate=scene.minor_time(segment, 19),
        asserter=next(iter(scene.clinicians(segment[16])), None),
    )


def read_problem(scene: Scene, segment: Segment) -> None:
    """PRB: an entry of the problem list."""
    scene.used.add("PRB")
    code = coded(segment[3], scene.local)
    if scene.patient is None or code is None:
        scene.skip(segment)
        return
    number = scene.number(segment[4])
    told = (number.get("system", ""), number["value"]) if number else (code_of(segment[3]),)
    is_gone = segment.text(1).upper() in ("DE", "D")
    resolved = scene.time(segment, 9)
    course = segment.text(14).casefold()
    is_over = bool(resolved) or any(word in course for word in ("resolved", "inactive", "remission"))
    onset = scene.time(segment, 16)
    scene.add(
        "Condition",
        logical_id("Condition", "problem", scene.patient["reference"], *told),
        subject=scene.patient,
        code=code,
        category=[_word("condition-category", "problem-list-item")],
        clinicalStatus=None if is_gone else _word("condition-clinical", "resolved" if is_over else "active"),
        verificationStatus=_word("condition-ver-status", "entered-in-error" if is_gone else None),
        onsetDateTime=onset,
        onsetString=None if onset else segment[17].whole,
        abatementDateTime=resolved,
        recordedDate=scene.minor_time(segment, 7) or scene.time(segment, 2),
    )


def read_procedure(scene: Scene, segment: Segment) -> None:
    """PR1: something done at the visit."""
    scene.used.add("PR1")
    code = coded(segment[3], scene.local)
    if code is None and segment.text(4):
        code = {"text": segment.text(4)}
    if scene.patient is None or code is None:
        scene.skip(segment)
        return
    number = scene.number(segment[19])
    when = scene.time(segment, 5)
    told = (
        (number.get("system", ""), number["value"]) if number else (code_of(segment[3]) or segment.text(4), when or "")
    )
    reason = coded(segment[15], scene.local)
    surgeons = [who for field in (11, 12, 8) for who in scene.clinicians(segment[field])]
    scene.add(
        "Procedure",
        logical_id("Procedure", scene.patient["reference"], *told),
        status="entered-in-error" if segment.text(20).upper() == "D" else "completed",
        subject=scene.patient,
        encounter=scene.encounter,
        code=code,
        category=coded(segment[6], scene.local, "0230"),
        performedDateTime=when,
        performer=[{"actor": who} for who in surgeons],
        reasonCode=[reason] if reason else [],
    )


def refuse_merge(scene: Scene, segment: Segment) -> None:
    """Merges and moves that are not carried out by message."""
    scene.used.add("MRG")
    raise ItemError(
        "MSH-9",
        f"{scene.type} {scene.trigger} asks to merge, move or part records in a way that is not done by message.",
        "Ask the sender for A40 (merge of two patients), or link the records by hand under Identity.",
    )
