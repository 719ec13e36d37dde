"""Observations, reports, procedures, documents and forms as rows."""

import pytest

from beforehand.clinical.fhir import MappingError
from beforehand.clinical.quantities import Numeral
from tests.unit.clinical.contexts import mapped, row_of

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ANN = {"reference": "Patient/ann"}


def loinc(code):
    return {"coding": [{"system": LOINC, "code": code}]}


def observation(**changes):
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": loinc("4548-4"),
        "subject": ANN,
        "effectiveDateTime": "2026-01-10T08:00:00-05:00",
    } | changes


def test_a_lab_value_keeps_its_digits_its_unit_and_its_range():
    row = row_of(
        observation(
            category=[{"coding": [{"code": "laboratory"}]}],
            valueQuantity={"value": Numeral("9.10"), "unit": "percent", "system": UCUM, "code": "%"},
            interpretation=[{"coding": [{"code": "H"}]}],
            referenceRange=[
                {"type": {"coding": [{"code": "critical"}]}, "low": {"value": 3}},
                {"low": {"value": 4.0, "unit": "%"}, "high": {"value": 5.6, "unit": "%"}},
            ],
            basedOn=[{"reference": "ServiceRequest/o1"}],
            encounter={"reference": "Encounter/e1"},
        )
    )
    assert (row["value_micro"], row["value_unit"], row["value_text"]) == (9_100_000, "%", "9.10")
    assert (row["low_micro"], row["high_micro"], row["interpretation"]) == (4_000_000, 5_600_000, "H")
    assert (row["category"], row["order_id"], row["encounter_id"]) == (
        "laboratory",
        "ServiceRequest/o1",
        "Encounter/e1",
    )
    assert row["code"] == "loinc:4548-4"


def test_each_component_is_a_row_that_names_its_parent():
    pressure = observation(
        code=loinc("85354-9"),
        component=[
            {
                "code": loinc("8480-6"),
                "valueQuantity": {"value": 152, "unit": "mmHg", "code": "mm[Hg]", "system": UCUM},
            },
            {"code": loinc("8462-4"), "valueQuantity": {"value": 94, "unit": "mmHg", "code": "mm[Hg]", "system": UCUM}},
        ],
    )
    result, context = mapped(pressure)
    assert [fragment for _, fragment, _ in result.rows] == ["", "component-0", "component-1"]
    systolic = row_of(pressure, 1)
    assert (systolic["code"], systolic["value_micro"], systolic["parent_id"]) == (
        "loinc:8480-6",
        152_000_000,
        context.own_id,
    )
    assert systolic["taken_at"] == row_of(pressure)["taken_at"]
    assert row_of(pressure)["parent_id"] is None


def test_a_bound_keeps_its_comparator():
    row = row_of(observation(valueQuantity={"value": 5, "comparator": "<", "unit": "ng/mL"}))
    assert (row["comparator"], row["value_micro"]) == ("<", 5_000_000)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"valueString": "see note"}, "see note"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, "1:128"),
        ({"valueRange": {"low": {"value": 5, "unit": "mg"}, "high": {"value": 10, "unit": "mg"}}}, "5 mg - 10 mg"),
        ({"valueCodeableConcept": {"coding": [{"system": "x", "code": "y", "display": "Positive"}]}}, "Positive"),
        ({"valueBoolean": True}, "yes"),
    ],
)
def test_values_that_are_no_number_are_kept_in_words(value, words):
    row = row_of(observation(**value))
    assert (row["value_words"], row["value_micro"]) == (words, None)


def test_a_missing_value_says_why():
    row = row_of(observation(dataAbsentReason={"coding": [{"system": "x", "code": "not-performed"}]}))
    assert (row["value_micro"], row["absent_reason"]) == (None, "x:not-performed")


def test_fhirs_own_category_leads_among_several():
    sdoh = {"coding": [{"system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "code": "sdoh"}]}
    survey = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "survey"}]}
    assert row_of(observation(category=[sdoh, survey]))["category"] == "survey"


def test_a_period_counts_from_its_end():
    resource = observation(effectivePeriod={"start": "2026-01-01", "end": "2026-01-03"})
    del resource["effectiveDateTime"]
    assert row_of(resource)["taken_from_day"] == row_of(observation(effectiveDateTime="2026-01-03"))["taken_from_day"]


def test_an_observation_of_nothing_is_set_aside():
    resource = observation()
    del resource["code"]
    with pytest.raises(MappingError, match="what was observed"):
        mapped(resource)


def test_a_report_carries_its_conclusion():
    row = row_of(
        {
            "resourceType": "DiagnosticReport",
            "status": "preliminary",
            "code": loinc("24606-6"),
            "category": [{"coding": [{"code": "RAD"}]}],
            "subject": ANN,
            "effectiveDateTime": "2026-01-10",
            "conclusionCode": [{"coding": [{"system": "http://www.radlex.org", "code": "RID36028"}]}],
            "conclusion": "Suspicious.",
            "basedOn": [{"reference": "ServiceRequest/o1"}],
        }
    )
    assert (row["status"], row["category"], row["conclusion_code"]) == ("preliminary", "RAD", "radlex:RID36028")
    assert (row["conclusion"], row["order_id"]) == ("Suspicious.", "ServiceRequest/o1")


def test_a_procedure_not_done_keeps_its_reason_and_one_with_a_period_its_end():
    procedure = {
        "resourceType": "Procedure",
        "status": "not-done",
        "statusReason": {"coding": [{"system": "https://beforehand.example/fhir/CodeSystem/work", "code": "declined"}]},
        "code": {"text": "Colonoscopy"},
        "subject": ANN,
        "performedPeriod": {"start": "2026-01-10T08:00:00Z", "end": "2026-01-11T09:00:00Z"},
    }
    row = row_of(procedure)
    assert (row["status"], row["status_reason"]) == ("not-done", "work:declined")
    assert row["done_from_day"] == row["started_from_day"] + 1


def test_a_document_that_was_an_error_is_withdrawn():
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "docStatus": "entered-in-error",
        "subject": ANN,
        "content": [{"attachment": {"title": "Discharge summary", "creation": "2026-01-03"}}],
        "context": {"encounter": [{"reference": "Encounter/e1"}]},
    }
    result, _ = mapped(document)
    row = row_of(document)
    assert result.withdrawn
    assert (row["title"], row["encounter_id"]) == ("Discharge summary", "Encounter/e1")
    assert row["written_from_day"] is not None


def test_each_answer_of_a_form_is_a_row_however_deep_it_stands():
    form = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "questionnaire": "http://example.org/phq-9",
        "authored": "2026-01-10",
        "subject": ANN,
        "item": [
            {
                "linkId": "/44249-1",
                "item": [
                    {"linkId": "/44249-1/44250-9", "text": "Little interest",
                     "answer": [{"valueCoding": {"system": LOINC, "code": "LA6569-3", "display": "Several days"}}]},
                    {"linkId": "total", "answer": [{"valueInteger": 12}]},
                    {"linkId": "help", "answer": [{"valueBoolean": False, "item": [
                        {"linkId": "help.1", "answer": [{"valueString": "no one"}]}]}]},
                ],
            }
        ],
    }  # fmt: skip
    result, context = mapped(form)
    assert [table for table, _, _ in result.rows] == ["questionnaire_response"] + ["questionnaire_answer"] * 4
    assert len({fragment for _, fragment, _ in result.rows}) == 5
    first, total, no, below = (row_of(form, index) for index in range(1, 5))
    assert (first["code"], first["answer_code"], first["answer_words"]) == (
        "loinc:44250-9",
        "loinc:LA6569-3",
        "Several days",
    )
    assert (total["answer_micro"], total["code"], total["response_id"]) == (12_000_000, None, context.own_id)
    assert (no["is_yes"], below["answer_words"], below["link_id"]) == (0, "no one", "help.1")


def test_a_form_nested_ten_thousand_deep_is_read():
    item = {"linkId": "deepest", "answer": [{"valueBoolean": True}]}
    for _ in range(10_000):
        item = {"linkId": "x", "item": [item]}
    result, _ = mapped({"resourceType": "QuestionnaireResponse", "status": "completed", "subject": ANN, "item": [item]})
    assert len(result.rows) == 2
