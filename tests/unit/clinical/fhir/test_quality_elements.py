"""What QI-Core adds for quality measures: why not, from when until when, and what a visit dealt with."""

import pytest

from beforehand.clinical.times import day_when, parse_when
from tests.unit.clinical.contexts import row_of

ANN = {"reference": "Patient/ann"}
QICORE = "http://hl7.org/fhir/us/qicore/StructureDefinition/"


def coded(code, system="http://snomed.info/sct"):
    return {"coding": [{"system": system, "code": code}]}


def test_an_order_that_must_not_be_done_keeps_its_reason():
    row = row_of(
        {
            "resourceType": "ServiceRequest",
            "status": "completed",
            "intent": "order",
            "doNotPerform": True,
            "code": coded("1"),
            "subject": ANN,
            "extension": [{"url": QICORE + "qicore-doNotPerformReason", "valueCodeableConcept": coded("183932001")}],
        }
    )
    assert (row["do_not_perform"], row["status_reason"]) == (1, "snomed:183932001")


def test_an_order_without_a_reason_has_none():
    row = row_of({"resourceType": "ServiceRequest", "status": "active", "intent": "order", "subject": ANN})
    assert row["status_reason"] is None


def test_a_measurement_not_taken_keeps_its_reason_and_a_period_its_beginning():
    row = row_of(
        {
            "resourceType": "Observation",
            "status": "cancelled",
            "code": coded("39156-5"),
            "subject": ANN,
            "effectivePeriod": {"start": "2026-03-01", "end": "2026-03-04"},
            "extension": [{"url": QICORE + "qicore-notDoneReason", "valueCodeableConcept": coded("7")}],
        }
    )
    assert row["not_done_reason"] == "snomed:7"
    assert row["started_from_day"] == parse_when("2026-03-01").from_day
    assert row["taken_from_day"] == parse_when("2026-03-04").from_day


@pytest.mark.parametrize(
    ("when", "started"),
    [
        ({"DateTime": "2026-03-01T10:00:00Z"}, None),
        ({"Period": {"start": "2026-03-01T10:00:00Z", "end": "2026-03-01T10:00:00+00:00"}}, None),
        ({"Period": {"start": "2026-03-01T10:00:00Z", "end": "2026-03-01T10:00:01Z"}}, "2026-03-01"),
        ({"Period": {"start": "2026-03-01T10:00:00Z"}}, "2026-03-01"),
    ],
    ids=["moment", "period of no length", "period", "no end told"],
)
def test_only_what_lasted_has_a_beginning_of_its_own(when, started):
    rest = {"code": coded("1"), "subject": ANN}
    observation = {"resourceType": "Observation", "status": "final", **rest}
    procedure = {"resourceType": "Procedure", "status": "completed", **rest}
    day = parse_when(started).from_day if started else None
    for resource, stem, ended in ((observation, "effective", "taken"), (procedure, "performed", "done")):
        row = row_of({**resource, **{stem + suffix: value for suffix, value in when.items()}})
        assert row["started_from_day"] == day
        assert row[f"{ended}_from_day"] == parse_when("2026-03-01").from_day


def request(**more):
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "subject": ANN,
        "medicationCodeableConcept": coded("9", "http://www.nlm.nih.gov/research/umls/rxnorm"),
        **more,
    }


def test_a_prescription_says_from_when_until_when_it_is_taken():
    row = row_of(
        request(
            dosageInstruction=[
                {"timing": {"repeat": {"boundsPeriod": {"start": "2026-02-01", "end": "2026-02-10"}}}},
                {"timing": {"event": ["2026-01-15", "2026-01-20"]}},
            ]
        )
    )
    assert row["taken_from_from_day"] == parse_when("2026-01-15").from_day
    assert row["taken_until_from_day"] == parse_when("2026-02-10").from_day


def test_one_open_instruction_leaves_the_end_open():
    row = row_of(
        request(
            dosageInstruction=[
                {"timing": {"repeat": {"boundsPeriod": {"start": "2026-02-01"}}}},
                {"timing": {"repeat": {"boundsPeriod": {"start": "2026-01-01", "end": "2026-01-10"}}}},
            ]
        )
    )
    assert row["taken_from_from_day"] == parse_when("2026-01-01").from_day
    assert row["taken_until_from_day"] is None


def test_equipment_that_must_not_be_given():
    sent = {
        "resourceType": "DeviceRequest",
        "status": "active",
        "intent": "order",
        "subject": ANN,
        "codeCodeableConcept": coded("1"),
        "modifierExtension": [
            {
                "url": "http://hl7.org/fhir/5.0/StructureDefinition/extension-DeviceRequest.doNotPerform",
                "valueBoolean": True,
            }
        ],
    }
    assert (row_of(sent)["do_not_perform"], row_of(sent)["intent"]) == (1, "order")
    sent["modifierExtension"][0]["valueBoolean"] = False
    assert row_of(sent)["do_not_perform"] == 0
    del sent["modifierExtension"]
    assert row_of(sent)["do_not_perform"] == 0


def test_a_visit_names_what_it_dealt_with():
    visit = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": ANN,
        "diagnosis": [
            {
                "condition": {"reference": "Condition/cold"},
                "rank": 1,
                "use": coded("billing", "http://terminology.hl7.org/CodeSystem/diagnosis-role"),
            }
        ],
    }
    row = row_of(visit, 1)
    assert row == {"encounter_id": 1, "condition_id": "Condition/cold", "code": "hl7:diagnosis-role:billing", "rank": 1}


def test_where_a_condition_sits_and_when_a_procedure_was_written_down():
    assert row_of({"resourceType": "Condition", "code": coded("1"), "bodySite": [coded("7771000")], "subject": ANN})[
        "body_site"
    ] == ("snomed:7771000")
    row = row_of(
        {
            "resourceType": "Procedure",
            "status": "not-done",
            "code": coded("1"),
            "subject": ANN,
            "extension": [{"url": QICORE + "qicore-recorded", "valueDateTime": "2026-03-01"}],
        }
    )
    assert row["recorded_from_day"] == day_when(parse_when("2026-03-01").from_day).from_day


def test_harm_from_care_is_a_fact():
    row = row_of(
        {
            "resourceType": "AdverseEvent",
            "actuality": "actual",
            "event": coded("1"),
            "subject": ANN,
            "date": "2026-03-01",
            "recordedDate": "2026-03-02",
        }
    )
    assert (row["actuality"], row["code"]) == ("actual", "snomed:1")
    assert row["occurred_from_day"] + 1 == row["recorded_from_day"]
