"""A fact in one line, as a nurse would say it."""

from typing import Any

import pytest

from beforehand.clinical.fact_words import fact_line, normal, plain_amount, value, with_its_kind

WORDS = {1: "Potassium", 2: "Positive", 3: "apixaban 5 MG Oral Tablet", 4: "Pneumonia", 5: "Penicillin G", 6: "call"}


def concepts(number: int | None) -> str:
    return WORDS.get(number or 0, "")


@pytest.mark.parametrize(
    ("table", "row", "line"),
    [
        ("observation", {"code": 1, "value_text": "5.9", "value_unit": "mmol/L"}, "Potassium 5.9 mmol/L"),
        ("observation", {"code": 1, "value_text": "60", "value_unit": "mL/min/{1.73_m2}", "comparator": ">"},
         "Potassium >60 mL/min/1.73 m²"),
        ("observation", {"code": 1, "value_code": 2}, "Potassium Positive"),
        ("observation", {"code": 1, "absent_reason": 9}, "Potassium no value sent"),
        ("medication_request", {"code": 3, "sig": "1 tablet twice a day", "status": "active"},
         "apixaban 5 MG Oral Tablet, 1 tablet twice a day"),
        ("medication_request", {"code": 3, "status": "stopped"}, "apixaban 5 MG Oral Tablet, stopped"),
        ("medication_dispense",
         {"code": 3, "supply_text": "56", "supply_unit": "tablet", "days_supply": 28, "status": "completed"},
         "apixaban 5 MG Oral Tablet, 56 tablets, 28 days"),
        ("encounter", {"class_code": "IMP", "place_name": "St. Brigid Hospital", "reason": 4},
         "Hospital stay at St. Brigid Hospital: Pneumonia"),
        ("invoice", {"total_cents": 41200, "issuer_name": "Imaging"}, "Bill $412.00 from Imaging"),
        ("explanation_of_benefit", {"patient_share_cents": 18640}, "Plan statement: you owe $186.40"),
        ("explanation_of_benefit", {"billed_cents": 96000}, "Plan statement: billed $960.00"),
        ("communication", {"code": 6, "status": "not-done"}, "Call, not reached"),
        ("claim_response", {"decision": "denied"}, "Plan approval denied"),
        ("allergy", {"code": 5, "clinical_status": "active"}, "Penicillin G"),
        ("allergy", {"code": 5, "clinical_status": "resolved"}, "Penicillin G, resolved"),
        ("patient_record", {}, "The person's own entry"),
    ],
)  # fmt: skip
def test_a_fact_is_one_line(table: str, row: dict[str, Any], line: str) -> None:
    assert fact_line(table, row, concepts) == line


def test_evidence_says_what_it_is_where_its_words_alone_do_not() -> None:
    assert with_its_kind("allergy", "Penicillin G") == "Allergy: Penicillin G"
    assert with_its_kind("allergy", "Allergy to penicillin") == "Allergy to penicillin"
    assert with_its_kind("care_team_member", "Dr. Lena Park") == "Care team: Dr. Lena Park"
    assert with_its_kind("service_request", "MRI of the knee") == "Order: MRI of the knee"
    assert with_its_kind("service_request", "Referral to heart clinic") == "Referral to heart clinic"
    assert with_its_kind("condition", "Type 2 diabetes") == "Type 2 diabetes"


def test_a_fact_that_says_nothing_is_called_by_its_kind() -> None:
    assert fact_line("observation", {}, concepts)
    assert fact_line("goal", {}, concepts)


def test_the_normal_range_is_the_one_that_came_with_the_result() -> None:
    assert normal({"low_text": "3.5", "high_text": "5.1"}) == "normal 3.5 to 5.1"
    assert normal({"low_text": "60"}) == "normal 60 or more"
    assert normal({"high_text": "5.6"}) == "normal up to 5.6"
    assert normal({}) == ""


def test_a_percentage_stands_close_to_its_sign() -> None:
    assert value({"value_text": "7.1", "value_unit": "%"}, concepts) == "7.1%"


def test_a_unit_in_curly_brackets_is_written_as_people_write_it() -> None:
    assert plain_amount("24 mL/min/{1.73_m2}") == "24 mL/min/1.73 m²"
    assert plain_amount("2.4 {INR}") == "2.4 INR"
    assert plain_amount("Call {nobody}") == "Call {nobody}"
