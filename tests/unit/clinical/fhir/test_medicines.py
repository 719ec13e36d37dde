"""Medication orders, statements, fills, administrations and vaccines as rows."""

import pytest

from beforehand.clinical.fhir import MappingError
from tests.unit.clinical.contexts import mapped, row_of

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
WARFARIN = {"coding": [{"system": RXNORM, "code": "855332", "display": "warfarin sodium 5 MG Oral Tablet"}]}
ANN = {"reference": "Patient/ann"}


def request(**changes):
    return {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": WARFARIN,
        "subject": ANN,
        "authoredOn": "2026-01-05",
        "requester": {"reference": "Practitioner/p1", "display": "Dr. Rivera"},
    } | changes


def dispense(**changes):
    return {
        "resourceType": "MedicationDispense",
        "status": "completed",
        "medicationCodeableConcept": WARFARIN,
        "subject": ANN,
        "authorizingPrescription": [{"reference": "MedicationRequest/m1"}],
        "whenPrepared": "2026-01-05T09:00:00-05:00",
        "whenHandedOver": "2026-01-06T12:00:00-05:00",
        "quantity": {"value": 30, "unit": "tablets"},
        "daysSupply": {"value": 30, "unit": "day", "system": "http://unitsofmeasure.org", "code": "d"},
    } | changes


def test_an_order_says_what_a_rule_needs_to_see_a_gap_coming():
    row = row_of(
        request(
            dosageInstruction=[
                {
                    "text": "1 tablet twice a day",
                    "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}},
                    "asNeededBoolean": False,
                    "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}],
                }
            ],
            dispenseRequest={
                "numberOfRepeatsAllowed": 3,
                "quantity": {"value": 60, "unit": "tablet"},
                "expectedSupplyDuration": {"value": 30, "unit": "days"},
                "validityPeriod": {"start": "2026-01-05", "end": "2027-01-05"},
            },
            category=[{"coding": [{"code": "outpatient"}]}],
        )
    )
    assert row["code"] == "rxnorm:855332"
    assert (row["status"], row["intent"], row["category"], row["do_not_perform"]) == (
        "active",
        "order",
        "outpatient",
        0,
    )
    assert (row["prescriber_id"], row["prescriber_name"]) == ("Practitioner/p1", "Dr. Rivera")
    assert (row["days_supply"], row["refills"], row["supply_micro"]) == (30, 3, 60_000_000)
    assert (row["daily_micro"], row["dose_micro"], row["dose_unit"], row["is_as_needed"]) == (
        2_000_000,
        1_000_000,
        "tablet",
        0,
    )
    assert row["sig"] == "1 tablet twice a day"
    assert row["valid_until_from_day"] - row["valid_from_from_day"] == 365


@pytest.mark.parametrize(
    ("timing", "micro", "digits"),
    [
        ({"repeat": {"frequency": 1, "period": 8, "periodUnit": "h"}}, 3_000_000, "3"),
        ({"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}}, 142_857, "0.142857"),
        ({"repeat": {"frequency": 1, "period": 2, "periodUnit": "d"}}, 500_000, "0.5"),
        ({"code": {"coding": [{"code": "BID"}]}}, 2_000_000, "2"),
        ({"repeat": {"frequency": 1, "frequencyMax": 2, "period": 1, "periodUnit": "d"}}, None, None),
        ({"repeat": {"frequency": 1, "period": 1, "periodUnit": "mo"}}, None, None),
    ],
)
def test_times_a_day_are_said_only_where_the_timing_states_them(timing, micro, digits):
    row = row_of(request(dosageInstruction=[{"timing": timing}]))
    assert (row["daily_micro"], row["daily_text"]) == (micro, digits)


def test_several_instructions_give_words_and_no_single_dose():
    dose = [{"doseQuantity": {"value": 1}}]
    row = row_of(
        request(
            dosageInstruction=[
                {"text": "2 in the morning", "doseAndRate": dose},
                {"text": "1 at night", "doseAndRate": dose},
            ]
        )
    )
    assert (row["sig"], row["dose_micro"]) == ("2 in the morning; 1 at night", None)


def test_a_month_of_supply_is_not_guessed_in_days():
    row = row_of(request(dispenseRequest={"expectedSupplyDuration": {"value": 1, "unit": "month", "code": "mo"}}))
    assert row["days_supply"] is None


def test_a_contained_medication_is_resolved_in_place():
    resource = request(
        contained=[{"resourceType": "Medication", "id": "med", "code": WARFARIN}],
        medicationReference={"reference": "#med"},
    )
    del resource["medicationCodeableConcept"]
    result, _ = mapped(resource)
    assert row_of(resource)["code"] == "rxnorm:855332"
    assert result.medication is None


def test_a_separate_medication_is_left_for_intake_to_fill_in():
    resource = request(medicationReference={"reference": "Medication/m9"})
    del resource["medicationCodeableConcept"]
    result, _ = mapped(resource)
    assert result.medication == {"reference": "Medication/m9"}
    assert row_of(resource)["code"] is None


def test_an_order_for_no_medicine_is_set_aside():
    resource = request()
    del resource["medicationCodeableConcept"]
    with pytest.raises(MappingError) as fault:
        mapped(resource)
    assert fault.value.place == "MedicationRequest.medication[x]"


def test_a_fill_counts_from_the_day_it_was_handed_over():
    row = row_of(dispense())
    assert row["filled_from_day"] == row["handed_over_from_day"] == row["prepared_from_day"] + 1
    assert (row["days_supply"], row["supply_micro"], row["request_id"]) == (30, 30_000_000, "MedicationRequest/m1")
    assert row["is_mail_order"] == 0


def test_a_fill_not_yet_handed_over_counts_from_its_preparation():
    row = row_of(dispense(whenHandedOver=None))
    assert row["filled_from_day"] == row["prepared_from_day"]


def test_a_fill_by_mail_says_so():
    assert row_of(dispense(type={"coding": [{"code": "mail-order"}]}))["is_mail_order"] == 1
    assert row_of(dispense(type={"text": "Mail order"}))["is_mail_order"] == 1


def test_weeks_of_supply_are_days():
    assert row_of(dispense(daysSupply={"value": 2, "code": "wk"}))["days_supply"] == 14


def test_a_statement_of_not_taking_keeps_its_status():
    row = row_of(
        {
            "resourceType": "MedicationStatement",
            "status": "not-taken",
            "medicationCodeableConcept": WARFARIN,
            "subject": ANN,
            "effectivePeriod": {"start": "2025-11", "end": "2026-01-10"},
            "dateAsserted": "2026-01-11",
        }
    )
    assert row["status"] == "not-taken"
    assert row["start_to_day"] - row["start_from_day"] == 29
    assert row["end_from_day"] == row["asserted_from_day"] - 1


def test_an_administration_is_placed_in_its_stay():
    row = row_of(
        {
            "resourceType": "MedicationAdministration",
            "status": "completed",
            "medicationCodeableConcept": WARFARIN,
            "subject": ANN,
            "context": {"reference": "Encounter/e1"},
            "effectivePeriod": {"start": "2026-01-05T08:00:00Z", "end": "2026-01-05T09:00:00Z"},
            "dosage": {"dose": {"value": 5, "unit": "mg", "code": "mg", "system": "http://unitsofmeasure.org"}},
        }
    )
    assert (row["encounter_id"], row["dose_micro"], row["dose_unit"]) == ("Encounter/e1", 5_000_000, "mg")
    assert row["given_at"] is not None


def test_a_vaccine_not_given_says_why():
    row = row_of(
        {
            "resourceType": "Immunization",
            "status": "not-done",
            "statusReason": {
                "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "PATOBJ"}]
            },
            "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "140"}]},
            "patient": ANN,
            "occurrenceDateTime": "2025-10-01",
            "protocolApplied": [{"doseNumberPositiveInt": 2}],
        }
    )
    assert (row["status"], row["status_reason"], row["code"]) == ("not-done", "hl7:v3-ActReason:PATOBJ", "cvx:140")
    assert row["dose_number"] == 2
