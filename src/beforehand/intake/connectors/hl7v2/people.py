"""Who a message is about: PID, PD1, MRG; relatives (NK1, GT1), the care team (ROL, PD1-4) and insurance (IN1, IN2)."""

from __future__ import annotations

from urllib.parse import quote

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.hl7v2 import words as said_as
from beforehand.intake.connectors.hl7v2.datatypes import (
    SSN,
    Fhir,
    address,
    coded,
    human_name,
    kept,
    telecom,
)
from beforehand.intake.connectors.hl7v2.grammar import RESEND, Segment
from beforehand.intake.connectors.hl7v2.scene import Scene, logical_id

# Which of several numbers names the record: the sender's own medical record number before others.
_OWN = ("MR", "MRN", "PI", "PT", "PN", "EPI", "MRT", "AN")
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
_NULLABLE = {7: "birthDate", 8: "gender", 11: "address", 13: "telecom", 15: "communication", 16: "maritalStatus"}


def numbers_of(scene: Scene, segment: Segment, *fields: int) -> list[Fhir]:
    """Every identifier in the fields, each once."""
    found: dict[tuple[str, str], Fhir] = {}
    for number in fields:
        for part in segment[number].repetitions():
            made = scene.cx(part)
            if made is not None:
                found.setdefault(_pair(made), made)
    return list(found.values())


def _pair(number: Fhir) -> tuple[str, str]:
    return number.get("system", ""), number["value"]


def _kind(number: Fhir) -> str:
    coding = number.get("type", {}).get("coding")
    return str(coding[0]["code"]) if coding else ""


def _own(numbers: list[Fhir]) -> Fhir:
    """The number that names the record at its sender."""
    for kind in (*_OWN[:5], ""):
        for number in numbers:
            if _kind(number) == kind and number.get("system") != SSN:
                return number
    return numbers[0]


def record_key(number: Fhir) -> str:
    """The logical id of the person's record at its sender."""
    return logical_id("Patient", number.get("system", ""), number["value"])


def read_patient(scene: Scene, segment: Segment) -> Fhir:
    """PID as a Patient; the reference to it."""
    scene.used.add("PID")
    numbers = numbers_of(scene, segment, 3) or numbers_of(scene, segment, 2, 4)
    numbers = [number for number in numbers if any(letter.isalnum() for letter in number["value"])]
    if not numbers:
        raise ItemError(
            segment.place(3),
            "The patient has no identifier, so nobody can tell whose message it is.",
            "Ask the sender to give the patient's number in PID-3 and send the message again.",
        )
    own = _own(numbers)
    more = numbers_of(scene, segment, 2, 4)
    known = {_pair(number) for number in numbers}
    numbers += [number for number in more if _pair(number) not in known]
    numbers += _social_security(segment, numbers) + _licence(segment)
    names = [name for part in segment[5].repetitions() if (name := human_name(part))]
    names += [name | {"use": name.get("use", "old")} for part in segment[9].repetitions() if (name := human_name(part))]
    sex = segment.text(8).upper()
    tables = scene.local
    is_dead, died = segment.text(30).upper() == "Y", scene.minor_time(segment, 29)
    scene.patient = scene.add(
        "Patient",
        record_key(own),
        patch=True,
        deleted=tuple(name for number, name in _NULLABLE.items() if segment[number].is_null),
        identifier=numbers,
        name=names,
        birthDate=(scene.minor_time(segment, 7) or "")[:10],
        gender=said_as.GENDER.get(sex) or ("unknown" if sex else None),
        address=[found for part in segment[11].repetitions() if (found := address(part))],
        telecom=_telecoms(segment, 13, "home") + _telecoms(segment, 14, "work") + _telecoms(segment, 40, ""),
        communication=_language(segment, tables),
        maritalStatus=coded(segment[16], tables, "0002"),
        deceasedDateTime=died,
        deceasedBoolean=True if is_dead and not died else None,
        multipleBirthInteger=_whole(segment.text(25)),
        extension=_race_and_ethnicity(segment, tables),
    )
    if segment.text(30).upper() == "N" or segment[29].is_null:
        scene.add("Patient", record_key(own), patch=True, deleted=("deceasedDateTime", "deceasedBoolean"))
    return scene.patient


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:4]) < 20 and len(text) < 4 else None


def _social_security(segment: Segment, numbers: list[Fhir]) -> list[Fhir]:
    """PID-19, which newer versions put into PID-3 as type SS."""
    value = segment.text(19)
    if not value or any(number.get("system") == SSN for number in numbers):
        return []
    return [{"system": SSN, "value": value, "type": {"coding": [{"code": "SS"}]}}]


def _race_and_ethnicity(segment: Segment, local: str) -> list[Fhir]:
    """PID-10 and PID-22 as US Core writes them."""
    found = []
    for number, word, table in ((10, "race", "0005"), (22, "ethnicity", "0189")):
        said = [code for part in segment[number].repetitions() if (code := coded(part, local, table))]
        inside = [{"url": "detailed", "valueCoding": one} for code in said for one in code.get("coding", [])[:1]]
        names = [code.get("text") or code["coding"][0].get("display", code["coding"][0]["code"]) for code in said]
        if names:
            text = {"url": "text", "valueString": ", ".join(names)}
            found.append({"url": f"{_US_CORE}us-core-{word}", "extension": [*inside, text]})
    return found


def _licence(segment: Segment) -> list[Fhir]:
    """PID-20, the driver's licence and who gave it."""
    value = segment.text(20)
    if not any(letter.isdigit() for letter in value):
        return []
    given_by = segment.text(20, 2)
    system = f"urn:hl7v2:licence:{quote(given_by, safe='')}" if given_by else None
    return [kept(system=system, value=value, type={"coding": [{"code": "DL"}]})]


def _telecoms(segment: Segment, number: int, use: str) -> list[Fhir]:
    return [found for part in segment[number].repetitions() if (found := telecom(part, use))]


def _language(segment: Segment, local: str) -> list[Fhir]:
    spoken = coded(segment[15], local, "0296")
    return [{"language": spoken, "preferred": True}] if spoken else []


def read_primary_care(scene: Scene, segment: Segment) -> None:
    """PD1-4 (and PD1-3): who the patient's own clinician and practice are."""
    scene.used.add("PD1")
    if scene.patient is None:
        return
    named = [*scene.clinicians(segment[4])]
    practice = next((scene.xon(part) for part in segment[3].repetitions()), None)
    if practice is not None:
        named.append(practice)
    if named:
        key = scene.patient["reference"].partition("/")[2]
        scene.add("Patient", key, patch=True, generalPractitioner=[one for one in named if "reference" in one] or named)


def read_merge(scene: Scene, segment: Segment) -> None:
    """MRG: the record of the old number is replaced by that of PID."""
    scene.used.add("MRG")
    if scene.patient is None:
        raise ItemError("MRG", "The message merges a record into none: it has no PID.", RESEND)
    old = numbers_of(scene, segment, 1) or numbers_of(scene, segment, 4)
    if not old:
        raise ItemError(segment.place(1), "The message does not say which record was merged.", RESEND)
    surviving = scene.patient["reference"].partition("/")[2]
    key = record_key(_own(old))
    if key == surviving:
        raise ItemError(segment.place(1), "The message merges a record into itself.", RESEND)
    names = [name for part in segment[7].repetitions() if (name := human_name(part))]
    scene.add(
        "Patient",
        key,
        patch=True,
        identifier=old,
        name=names,
        link=[{"other": scene.patient, "type": "replaced-by"}],
    )


def read_relative(scene: Scene, segment: Segment) -> None:
    """NK1: a relative or other person to turn to."""
    scene.used.add("NK1")
    names = [name for part in segment[2].repetitions() if (name := human_name(part))]
    names += [name for part in segment[30].repetitions() if not names and (name := human_name(part))]
    company = segment.text(13)
    if scene.patient is None or not (names or company):
        scene.skip(segment)
        return
    who = scene.patient["reference"]
    roles = [role for number in (3, 7) if (role := coded(segment[number], scene.local, {3: "0063", 7: "0131"}[number]))]
    told = "|".join(str(name.get(part, "")) for name in names[:1] for part in ("family", "given")) or company
    scene.add(
        "RelatedPerson",
        logical_id("RelatedPerson", who, told.casefold(), segment.text(3)),
        patient=scene.patient,
        relationship=roles,
        name=names or [{"text": company}],
        telecom=_telecoms(segment, 5, "home") + _telecoms(segment, 6, "work") + _telecoms(segment, 40, ""),
        address=[found for part in segment[4].repetitions() if (found := address(part))],
        period=kept(start=scene.minor_time(segment, 8), end=scene.minor_time(segment, 9)),
    )


def read_guarantor(scene: Scene, segment: Segment) -> None:
    """GT1: who answers for the bill."""
    scene.used.add("GT1")
    names = [name for part in segment[3].repetitions() if (name := human_name(part))]
    if scene.patient is None or not names:
        scene.skip(segment)
        return
    role = coded(segment[11], scene.local, "0063") or {}
    also = {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUAR"}],
        "text": "Guarantor",
    }
    told = "|".join(str(names[0].get(part, "")) for part in ("family", "given"))
    scene.add(
        "RelatedPerson",
        logical_id("RelatedPerson", scene.patient["reference"], "GT1", told.casefold()),
        patient=scene.patient,
        relationship=[also, *([role] if role else [])],
        name=names,
        telecom=_telecoms(segment, 6, "home") + _telecoms(segment, 7, "work"),
        address=[found for part in segment[5].repetitions() if (found := address(part))],
        period=kept(start=scene.minor_time(segment, 13), end=scene.minor_time(segment, 14)),
    )


def read_team(scene: Scene, roles: list[Segment]) -> None:
    """ROL: the people who care for the patient, one CareTeam at the sender."""
    scene.used.add("ROL")
    if scene.patient is None:
        return
    members: dict[str, Fhir] = {}
    for segment in roles:
        if segment.text(2).upper() in ("DE", "D"):
            continue
        for who in scene.clinicians(segment[4]):
            period = kept(start=scene.time(segment, 5), end=scene.time(segment, 6))
            role = coded(segment[3], scene.local, "0443")
            entry = kept(member=who, role=[role] if role else [], period=period)
            members.setdefault(repr(entry), entry)
    if members:
        key = logical_id("CareTeam", scene.patient["reference"])
        scene.add("CareTeam", key, status="active", subject=scene.patient, participant=list(members.values()))


def read_coverage(scene: Scene, segment: Segment, more: Segment | None) -> None:
    """IN1 with its IN2: a policy that covers the patient."""
    scene.used.update({"IN1", "IN2"})
    if scene.patient is None:
        return
    plan = coded(segment[2], scene.local, "0072")
    name = next((part.words(1) for part in segment[4].repetitions()), "")
    company = scene.cx(segment[3])
    member = segment.text(49) or segment.text(36) or (more.text(61) if more else "")
    medicare = (more.text(6) or more.text(8)) if more else ""
    member = member or medicare
    if not (plan or name or company or member):
        scene.skip(segment)
        return
    payer = scene.organization(name or (plan or {}).get("text", ""), company) or {"display": "Not said"}
    policy = segment.text(36) or member
    told = (policy, segment.text(8), name or segment.text(3) or segment.text(2))
    relation = coded(segment[17], scene.local, "0063")
    sort = coded(segment[15], scene.local, "0086")
    types = [part for part in (sort, plan) if part]
    scene.add(
        "Coverage",
        logical_id("Coverage", scene.patient["reference"], *(word.casefold() for word in told)),
        status="active",
        type=kept(
            coding=[code for part in types for code in part.get("coding", [])],
            text=next((part["text"] for part in types if part.get("text")), None),
        ),
        beneficiary=scene.patient,
        subscriberId=member,
        relationship=_relation(relation),
        period=kept(start=scene.time(segment, 12), end=scene.time(segment, 13)),
        payor=[payer],
        order=_whole(segment.text(1)),
        class_=[{"type": {"coding": [{"code": "group"}]}, "value": segment.text(8), **kept(name=segment.text(9))}]
        if segment.text(8)
        else [],
    )


def _relation(relation: Fhir | None) -> Fhir | None:
    """The patient's relation to the subscriber, with FHIR's word beside the table's code."""
    word = {"SEL": "self", "18": "self", "SPO": "spouse", "01": "spouse", "CHD": "child", "19": "child"}
    if relation is None or not relation.get("coding"):
        return relation
    known = word.get(str(relation["coding"][0]["code"]).upper())
    if known is None:
        return relation
    system = "http://terminology.hl7.org/CodeSystem/subscriber-relationship"
    return relation | {"coding": [{"system": system, "code": known}, *relation["coding"]]}
