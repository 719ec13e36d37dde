"""One message to the resources it speaks of: which segments its type and trigger make into what."""

from __future__ import annotations

from collections.abc import Iterator

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.hl7v2 import people, visits
from beforehand.intake.connectors.hl7v2.charges import read_charge
from beforehand.intake.connectors.hl7v2.datatypes import Fhir, kept
from beforehand.intake.connectors.hl7v2.documents import read_document
from beforehand.intake.connectors.hl7v2.grammar import RESEND, Message, Segment
from beforehand.intake.connectors.hl7v2.medicines import read_fill, read_given, read_prescription
from beforehand.intake.connectors.hl7v2.orders import read_order, read_referral
from beforehand.intake.connectors.hl7v2.results import read_observed, read_report
from beforehand.intake.connectors.hl7v2.scene import Scene, logical_id
from beforehand.intake.connectors.hl7v2.schedule import read_appointment

# Types that speak of patients' care and are made into facts.
_MAPPED = """
ADT ORU OUL ORM OML OMG OMP OMN OMS OMI SIU RDE RDS RAS RGV RDO VXU REF RRI MDM BAR DFT PPR PGL PPP PEX
"""
# Types that HL7 knows and that hold no facts for the record: answers, queries, master files, stock, automation.
_KEPT_ONLY = """
ACK ADR BPS BRP BRT BTS CCF CCI CCM CCQ CCU CQU CRM CSU DBC DBU DEL DEO DER DFR DPR DRC DRG DSR EAC EAN EAR EHC ESR
ESU INR INU LSR LSU MCF MFD MFK MFN MFQ MFR NMD NMQ NMR OPL OPR OPU ORA ORB ORD ORF ORG ORI ORL ORN ORP ORR ORS ORX
OSM OSQ OSR OSU PIN PMU PPG PPT PPV PRR PTR QBP QCK QCN QRY QSB QSX QVR RAR RCI RCL RDR RDY RER RGR ROR RPA RPI RPL
RPR RQA RQC RQI RQP RQQ RRA RRD RRE RRG ROL RSP RTB SCN SDN SDR SIR SLN SLR SMD SPQ SQM SQR SRM SRR SSR SSU STC STI
SUR TBR TCR TCU UDM VQQ VXQ VXR VXX
"""
MAPPED = frozenset(_MAPPED.split())
KEPT_ONLY = frozenset(_KEPT_ONLY.split())
RESULTS = frozenset(("ORU", "OUL"))
MERGES = frozenset(("A40", "A47"))
_NOT_BY_MESSAGE = "A17 A18 A24 A30 A34 A35 A36 A37 A39 A42 A43 A44 A46 A48 A49 A50 A51"
NOT_BY_MESSAGE = frozenset(_NOT_BY_MESSAGE.split())
_OF_NOBODY = frozenset((("SIU", "S23"), ("SIU", "S24")))  # blocked and opened time slots
_UNDERSTOOD = frozenset(("MSH", "EVN", "SFT", "UAC", "DSC", "BLG"))
SEGMENTS = "https://beforehand.example/fhir/StructureDefinition/segments-kept"
UNREAD = "https://beforehand.example/fhir/StructureDefinition/fields-unread"
READ_AS = "https://beforehand.example/fhir/StructureDefinition/read-as"


def resources_of(message: Message) -> Iterator[tuple[Fhir, bool] | ItemError]:
    """Each resource the message speaks of with whether it states only a part; then what could not be read."""
    scene = Scene(message)
    _check(scene)
    if scene.type in MAPPED and (scene.type, scene.trigger) not in _OF_NOBODY:
        for block in _blocks(message):
            _read_block(scene, block)
        if not scene.found and not scene.errors:
            raise ItemError("PID", f"The {scene.type} message names no patient (PID).", RESEND)
    kept_only = _kept(scene)
    if kept_only is not None:
        yield kept_only, False
    yield from scene.found.values()
    yield from scene.errors


def _check(scene: Scene) -> None:
    """Whether the message's type is one HL7 knows; ``ItemError`` otherwise."""
    if not scene.type:
        raise ItemError("MSH-9", "The message does not say of which type it is.", RESEND)
    if not (scene.type in MAPPED or scene.type in KEPT_ONLY or scene.type.startswith("Z")):
        raise ItemError("MSH-9", "The message is of a type that HL7 v2 does not have.", RESEND)


def _blocks(message: Message) -> list[list[Segment]]:
    """The segments by patient: what stands before the first PID belongs to it."""
    blocks: list[list[Segment]] = [[]]
    has_patient = False
    for segment in message.segments:
        if segment.name == "PID":
            if has_patient:
                blocks.append([])
            has_patient = True
        blocks[-1].append(segment)
    return blocks


def _read_block(scene: Scene, block: list[Segment]) -> None:
    """One patient with everything that follows."""
    named: dict[str, list[Segment]] = {}
    for segment in block:
        named.setdefault(segment.name, []).append(segment)
    scene.patient = scene.encounter = None
    if scene.trigger in NOT_BY_MESSAGE and scene.type == "ADT":
        scene.used.add("PID")
        scene.attempt(visits.refuse_merge, block[0])
        return
    if "PID" not in named:
        if len(block) > 1:
            scene.errors.append(ItemError("PID", f"The {scene.type} message names no patient (PID).", RESEND))
        return
    if scene.attempt(people.read_patient, named["PID"][0]) is None:
        return
    _read_person(scene, named)
    if "PV1" in named:
        scene.attempt(visits.read_visit, named["PV1"][0], next(iter(named.get("PV2", ())), None))
        for other in named["PV1"][1:]:  # of results that came before, which no order of this message is about
            scene.skip(other)
    _read_known(scene, named)
    for segment in named.get("SCH", ()):
        scene.attempt(read_appointment, segment)
    for segment in named.get("RF1", ()):
        scene.attempt(read_referral, segment)
    head, groups = _groups(block)
    for segment in named.get("TXA", ()):
        scene.attempt(read_document, segment)
    if scene.type == "MDM":
        scene.used.update({"ORC", "OBR", "TQ1"} if named.get("TXA") else ())
        return
    read_observed(scene, head)
    for group in groups:
        _read_group(scene, group)


def _read_person(scene: Scene, named: dict[str, list[Segment]]) -> None:
    for segment in named.get("PD1", ()):
        scene.attempt(people.read_primary_care, segment)
    if scene.type == "ADT" and scene.trigger in MERGES:
        for segment in named.get("MRG", ()):
            scene.attempt(people.read_merge, segment)
    for segment in named.get("NK1", ()):
        scene.attempt(people.read_relative, segment)
    for segment in named.get("GT1", ()):
        scene.attempt(people.read_guarantor, segment)
    scene.attempt(people.read_team, named.get("ROL", []))
    second = named.get("IN2", [])
    for number, segment in enumerate(named.get("IN1", ())):
        scene.attempt(people.read_coverage, segment, second[number] if number < len(second) else None)


def _read_known(scene: Scene, named: dict[str, list[Segment]]) -> None:
    for name, read in (
        ("AL1", visits.read_allergy),
        ("IAM", visits.read_allergy),
        ("DG1", visits.read_diagnosis),
        ("PRB", visits.read_problem),
        ("PR1", visits.read_procedure),
        ("FT1", read_charge),
    ):
        for segment in named.get(name, ()):
            scene.attempt(read, segment)


def _groups(block: list[Segment]) -> tuple[list[Segment], list[list[Segment]]]:
    """What stands before the first order, and each order with what follows it."""
    head: list[Segment] = []
    groups: list[list[Segment]] = []
    seen: set[str] = set()
    for segment in block:
        begins = segment.name == "ORC" or (
            segment.name in ("OBR", "RXA", "RXO", "RXE") and (not groups or bool(seen & _closes(segment.name)))
        )
        if begins:
            groups.append([])
            seen = set()
        (groups[-1] if groups else head).append(segment)
        seen.add(segment.name)
    return head, groups


def _closes(name: str) -> set[str]:
    """What in an order shows that a segment of this name begins the next one."""
    return {"OBR": {"OBR"}, "RXA": {"RXA"}, "RXO": {"RXO", "RXE", "RXD"}, "RXE": {"RXE", "RXD"}}[name]


def _read_group(scene: Scene, group: list[Segment]) -> None:
    """One order with its details and results."""
    order = group[0] if group[0].name == "ORC" else None
    details = [segment for segment in group if segment.name == "OBR"]
    vaccine = next((segment for segment in group if segment.name == "RXA"), None)
    names = {segment.name for segment in group}
    if vaccine is not None:
        scene.attempt(read_given, order, vaccine, _after(group, vaccine))
    elif names & {"RXO", "RXE", "RXD"}:
        asked = scene.attempt(read_prescription, order, group)
        scene.attempt(read_fill, order, group, asked)
        read_observed(scene, group)
    elif details:
        below = _after(group, details[0])
        is_result = scene.type in RESULTS
        asked = scene.attempt(read_order, order, details[0], group, is_result)
        scene.attempt(_report, details[0], below, asked, is_result)
    else:
        read_observed(scene, group)


def _report(scene: Scene, detail: Segment, below: list[Segment], asked: Fhir | None, is_result: bool) -> None:
    read_report(scene, detail, below, asked, is_result=is_result)


def _after(group: list[Segment], segment: Segment) -> list[Segment]:
    return group[group.index(segment) + 1 :]


def _kept(scene: Scene) -> Fhir | None:
    """What of the message is kept and not made into facts, named; nothing where all of it was."""
    names = dict.fromkeys(segment.name for segment in scene.message.segments)
    left = [name for name in names if name not in scene.used and name not in _UNDERSTOOD]
    if not (left or scene.notes or scene.message.read_as) and (scene.found or scene.errors):
        return None
    more = [{"url": SEGMENTS, "valueString": " ".join(left)[:2_000]}] if left else []
    if scene.message.read_as:
        more.append({"url": READ_AS, "valueString": scene.message.read_as})
    if scene.notes:
        more.append({"url": UNREAD, "valueString": " ".join(dict.fromkeys(scene.notes))[:2_000]})
    head = {
        "resourceType": "MessageHeader",
        "id": logical_id("MessageHeader", scene.head[3].raw, scene.head[4].raw, scene.control_id, scene.head.text(7)),
        "eventCoding": kept(system="http://terminology.hl7.org/CodeSystem/v2-0003", code=scene.trigger or scene.type),
        "source": kept(name=scene.head.text(3), endpoint=f"urn:hl7v2:{scene.type}"),
        "extension": more,
    }
    if scene.stamp:
        head["meta"] = {"lastUpdated": scene.stamp}
    return head
