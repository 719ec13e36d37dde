"""What each part of a clinical document becomes."""

from pathlib import Path
from typing import Any

import pytest

from beforehand.intake.connectors.ccda import connector
from beforehand.intake.connectors.errors import StopError
from beforehand.intake.connectors.items import RawItem
from beforehand.intake.formats import recognise

SAMPLES = Path(connector.__file__).parent / "samples"


def read(name: str, *changes: tuple[str, str]) -> list[RawItem]:
    text = (SAMPLES / name).read_text()
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return list(connector.items(text.encode(), name))


def of(items: list[RawItem], kind: str) -> list[dict[str, Any]]:
    return [item.resource for item in items if item.resource is not None and item.resource["resourceType"] == kind]


def faults(items: list[RawItem]) -> dict[str, str]:
    return {item.error.place: item.error.reason for item in items if item.error is not None}


@pytest.fixture(scope="module")
def ccd() -> list[RawItem]:
    return read("continuity-of-care.xml")


def code(concept: dict[str, Any]) -> str:
    return str(concept["coding"][0]["code"])


def test_the_patient_is_told_whole(ccd: list[RawItem]) -> None:
    (patient,) = of(ccd, "Patient")
    assert patient["identifier"] == [{"system": "urn:oid:1.3.6.1.4.1.99999.4.1", "value": "MRN-30417"}]
    assert patient["name"] == [
        {"use": "official", "given": ["Odalys", "Mae"], "family": "Ferran"},
        {"use": "nickname", "given": ["Ody"], "family": "Ferran"},
    ]
    assert (patient["birthDate"], patient["gender"]) == ("1948-03-17", "female")
    assert patient["telecom"][0] == {"system": "phone", "value": "+1(503)555-0142", "use": "mobile"}
    assert patient["communication"][0]["preferred"] is True
    assert patient["contact"][0]["name"]["given"] == ["Ines"]
    assert patient["generalPractitioner"][0]["display"] == "Dr. Tomas Weald"
    assert {one["url"].rpartition("/")[2] for one in patient["extension"]} == {
        "us-core-race", "us-core-ethnicity", "us-core-birthsex",
    }  # fmt: skip
    assert patient["meta"]["lastUpdated"] == "2026-10-01T09:15:00-07:00"


def test_a_problem_is_active_resolved_or_denied(ccd: list[RawItem]) -> None:
    active, over, denied = of(ccd, "Condition")
    assert (code(active["clinicalStatus"]), active["onsetDateTime"]) == ("active", "2011")
    assert (code(over["clinicalStatus"]), over["abatementDateTime"]) == ("resolved", "2026-02-05")
    assert code(denied["verificationStatus"]) == "refuted"


def test_an_end_without_a_date_still_means_that_it_is_over() -> None:
    _, over, _ = of(
        read("continuity-of-care.xml", ('<high value="20260205"/>', '<high nullFlavor="UNK"/>')), "Condition"
    )
    assert code(over["clinicalStatus"]) == "resolved"
    assert "abatementDateTime" not in over


def test_no_known_problems_names_no_problem() -> None:
    told = read("continuity-of-care.xml", ('code="44054006"', 'code="55607006"'))
    assert of(told, "Condition")[2]["code"]["text"] == "No known problems"


def test_an_allergy_has_its_reaction_severity_and_criticality(ccd: list[RawItem]) -> None:
    (allergy,) = of(ccd, "AllergyIntolerance")
    assert (code(allergy["code"]), allergy["category"], allergy["type"]) == ("7980", ["medication"], "allergy")
    assert allergy["reaction"][0]["severity"] == "moderate"
    assert allergy["criticality"] == "high"
    assert allergy["onsetDateTime"] == "1998"


def test_no_known_allergy() -> None:
    named = '<templateId root="2.16.840.1.113883.10.20.22.4.7"/>'
    substance = '<code code="7980" codeSystem="2.16.840.1.113883.6.88" displayName="Penicillin G"/>'
    told = read(
        "continuity-of-care.xml",
        (f'moodCode="EVN">{named}', f'moodCode="EVN" negationInd="true">{named}'),
        (substance, '<code nullFlavor="NA"/>'),
    )
    assert code(of(told, "AllergyIntolerance")[0]["code"]) == "409137002"


def test_a_medicine_is_ordered_filled_or_told(ccd: list[RawItem]) -> None:
    (order,) = of(ccd, "MedicationRequest")
    assert (order["status"], order["authoredOn"]) == ("active", "2025-03-04T10:15:00-08:00")
    dosage = order["dosageInstruction"][0]
    assert dosage["text"] == "Lisinopril 10 mg, one tablet every morning"
    assert dosage["timing"]["repeat"]["period"] == 24
    assert dosage["doseAndRate"][0]["doseQuantity"]["value"] == 10
    assert order["dispenseRequest"] == {"numberOfRepeatsAllowed": 3, "quantity": {"value": 90}}
    (fill,) = of(ccd, "MedicationDispense")
    assert fill["whenHandedOver"] == "2026-08-12"
    (told,) = of(ccd, "MedicationStatement")
    assert told["dosage"][0]["asNeededCodeableConcept"]["coding"][0]["display"] == "Pain"
    assert told["effectivePeriod"] == {"start": "2026"}


def test_results_of_every_type(ccd: list[RawItem]) -> None:
    creatinine, filtration, color, bilirubin = of(ccd, "Observation")[:4]
    assert str(creatinine["valueQuantity"]["value"]) == "1.30"
    assert creatinine["interpretation"][0]["coding"][0]["code"] == "H"
    assert str(creatinine["referenceRange"][0]["high"]["value"]) == "1.10"
    assert (filtration["valueQuantity"]["comparator"], filtration["valueQuantity"]["value"]) == (">", 60)
    assert color["valueString"] == "yellow"
    assert bilirubin["dataAbsentReason"]["coding"][0]["code"] == "temp-unknown"
    (report,) = of(ccd, "DiagnosticReport")
    assert len(report["result"]) == 4


def test_a_vaccine_given_and_one_refused(ccd: list[RawItem]) -> None:
    given, refused = of(ccd, "Immunization")
    assert (given["status"], refused["status"]) == ("completed", "not-done")
    assert code(refused["statusReason"]) == "PATOBJ"


def test_coverage_names_payer_member_and_span(ccd: list[RawItem]) -> None:
    (coverage,) = of(ccd, "Coverage")
    assert coverage["payor"][0]["display"] == "Harbor Health Plan"
    assert coverage["subscriberId"] == "HHP-1188"
    assert coverage["period"] == {"start": "2026-01-01", "end": "2026-12-31"}


def test_each_entry_is_one_item(ccd: list[RawItem]) -> None:
    units = {item.resource["resourceType"]: item.unit for item in ccd if item.resource is not None}
    assert units["MedicationRequest"] == units["MedicationDispense"]
    assert len({item.unit for item in ccd}) == 17


def test_a_stay_and_its_words() -> None:
    told = read("discharge-summary.xml")
    (stay,) = of(told, "Encounter")
    assert stay["class"]["code"] == "IMP"
    assert stay["period"]["end"] == "2026-09-18T13:30-07:00"
    assert stay["hospitalization"]["dischargeDisposition"]["coding"][0]["code"] == "01"
    document, course, instructions = of(told, "DocumentReference")
    assert document["context"]["encounter"] == [{"reference": f"Encounter/{stay['id']}"}]
    assert course["description"] == "Hospital course (in words only)"
    assert instructions["type"]["coding"][0]["code"] == "8653-8"
    (order,) = of(told, "MedicationRequest")
    assert order["category"][0]["coding"][0]["code"] == "discharge"


def test_a_bad_entry_goes_alone() -> None:
    told = read("discharge-summary.xml")
    assert list(faults(told)) == ["Plan of treatment, entry 3: plan"]
    assert [one["code"]["coding"][0]["code"] for one in of(told, "ServiceRequest")] == ["185389009", "2823-3"]


def test_a_bad_result_leaves_its_panel() -> None:
    told = read("continuity-of-care.xml", ('value="1.30"', 'value="high"'))
    assert list(faults(told)) == ["Results, entry 1: value"]
    assert len(of(told, "DiagnosticReport")[0]["result"]) == 3


def test_referral_note_and_care_plan() -> None:
    note = read("referral-note.xml")
    assert of(note, "ServiceRequest")[0]["intent"] == "order"
    assert of(note, "DocumentReference")[1]["date"] == "2026-09-30T11:15:00-07:00"
    plan = read("care-plan.xml")
    assert of(plan, "Condition")[0]["code"]["text"] == "Afraid of falling on the stairs"
    (goal,) = of(plan, "Goal")
    assert goal["description"]["text"] == "Walks to the market by herself"
    assert goal["target"] == [{"dueDate": "2026-12-31"}]


def test_the_same_thing_in_another_document_keeps_its_id(ccd: list[RawItem]) -> None:
    later = read(
        "continuity-of-care.xml", ('extension="CCD-1"', 'extension="CCD-2"'), ("20261001091500", "20261101091500")
    )
    assert [one["id"] for one in of(ccd, "Condition")] == [one["id"] for one in of(later, "Condition")]
    assert of(ccd, "Patient")[0]["id"] == of(later, "Patient")[0]["id"]
    assert of(ccd, "DocumentReference")[0]["id"] != of(later, "DocumentReference")[0]["id"]


def test_one_id_for_two_things_names_neither() -> None:
    told = of(read("continuity-of-care.xml", ('extension="P2"', 'extension="P1"')), "Condition")
    assert len({one["id"] for one in told}) == 3


def test_the_same_id_of_another_patient_is_another_thing(ccd: list[RawItem]) -> None:
    other = read("continuity-of-care.xml", ("MRN-30417", "MRN-30418"))
    assert {one["id"] for one in of(ccd, "Condition")}.isdisjoint(one["id"] for one in of(other, "Condition"))


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ('code="34133-9"', 'code="nonsense"', "Document: code of the document"),
        ('administrativeGenderCode code="F"', 'administrativeGenderCode code="x"', "Header: sex of the patient"),
        ("<family>Ferran</family></name>\n        <admin", "</name>\n        <admin", "Header: name of the patient"),
        ('code="2135-2"', 'code="x"', "Header: ethnicity of the patient"),
        ('languageCode code="es"', 'languageCode code="notalanguage"', "Header: language of the patient"),
        ('<effectiveTime value="20261001091500-0700"/>', '<effectiveTime value="7324979329329379"/>',
         "Header: effectiveTime of the document"),
        ('<code code="48765-2" ', '<code code="x" ', "Allergies: code of the section"),
        ('code="59621000"', 'code="x"', "Problems, entry 1: value"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_recorded_and_the_rest_applied(before: str, after: str, place: str) -> None:
    told = read("continuity-of-care.xml", (before, after))
    assert list(faults(told)) == [place]
    assert len(of(told, "Condition")) == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<section><title>Problems</title></section>", "part of a C-CDA document"),
        (b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>', "which patient"),
        (b"<ClinicalDocument/>", "namespace"),
        (b'<ClinicalDocument xmlns="urn:hl7-org:v3"><a></ClinicalDocument>', "line 1"),
        (b'<!DOCTYPE x []><ClinicalDocument xmlns="urn:hl7-org:v3"/>', "document type definition"),
    ],
)
def test_what_is_no_document_says_so(content: bytes, words: str) -> None:
    with pytest.raises(StopError) as refusal:
        list(connector.items(content))
    assert words in refusal.value.reason
    assert refusal.value.remedy


def test_what_is_denied_never_becomes_a_fact() -> None:
    """A concern, goal or directive that there is not."""
    act = '<act classCode="ACT" moodCode="EVN"{}><templateId root="2.16.840.1.113883.10.20.22.4.132"/>'
    goal = '<observation classCode="OBS" moodCode="GOL"{}>'
    denied = ' negationInd="true"'
    told = read("care-plan.xml", (act.format(""), act.format(denied)), (goal.format(""), goal.format(denied)))
    assert code(of(told, "Condition")[0]["verificationStatus"]) == "refuted"
    assert of(told, "Goal") == []
    assert len(of(told, "Basic")) == 1


def test_an_identifier_shared_by_two_names_is_two_people() -> None:
    changes = ('<id root="2.16.840.1.113883.4.6" extension="1999999976"/>', '<id root="1.2.3.4" extension="7"/>')
    told = read("continuity-of-care.xml", changes)
    name = "<family>Weald</family>"
    text = (SAMPLES / "continuity-of-care.xml").read_text().replace(*changes)
    other = list(connector.items(text.replace(name, "<family>Osei</family>", 1).encode()))
    assert len({one["id"] for one in of(told, "Practitioner")}) + 1 == len(
        {one["id"] for one in of(other, "Practitioner")}
    )


def test_a_note_that_points_nowhere_is_the_text_of_its_section() -> None:
    told = read("referral-note.xml", ('<reference value="#n1"/>', '<reference value="#gone"/>'))
    assert list(faults(told)) == ["Section 3, entry 1: note"]
    assert len(of(told, "DocumentReference")) == 2


def test_a_placeholder_is_no_value() -> None:
    told = read("continuity-of-care.xml", ('xsi:type="ST">yellow<', 'xsi:type="ST">{entry.value}<'))
    color = of(told, "Observation")[2]
    assert "valueString" not in color
    assert color["dataAbsentReason"]["coding"][0]["code"] == "error"


@pytest.mark.parametrize(
    "before",
    [
        "<!-- " + "x " * 5_000 + "-->",  # a comment longer than what is looked at
        "<!-- http://hl7.org/fhir -->",
        "\n\n<!-- <section> -->",
    ],
)
def test_a_document_is_known_whatever_stands_before_it(before: str) -> None:
    text = (SAMPLES / "care-plan.xml").read_text().partition("?>\n")[2]
    content = f'<?xml version="1.0"?>{before}{text}'.encode()
    assert recognise(content, "care-plan.xml") == "ccda"
    assert of(list(connector.items(content)), "Goal")
