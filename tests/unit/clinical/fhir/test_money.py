"""Coverage, authorization, claims, statements and bills: amounts in exact cents."""

import pytest

from beforehand.clinical.fhir import MappingError, map_resource, value_columns
from beforehand.clinical.fhir.benefits import amounts_of
from beforehand.clinical.quantities import Numeral
from tests.unit.clinical.contexts import NumberingContext, mapped, row_of

ANN = {"reference": "Patient/ann"}
HCPCS = "http://terminology.hl7.org/CodeSystem/HCPCS"
BLUE_BUTTON = "https://bluebutton.cms.gov/resources/variables/"


def coded(code, system="http://terminology.hl7.org/CodeSystem/adjudication"):
    return {"coding": [{"system": system, "code": code}]}


def dollars(value, currency="USD"):
    return {"value": value, "currency": currency}


def statement(**changes):
    return {
        "resourceType": "ExplanationOfBenefit",
        "status": "active",
        "use": "claim",
        "outcome": "complete",
        "type": coded("professional"),
        "patient": ANN,
        "created": "2026-01-20",
        "insurer": {"display": "Plan"},
        "provider": {"reference": "Organization/h", "display": "Holyoke"},
        "billablePeriod": {"start": "2026-01-02", "end": "2026-01-06"},
        "claim": {"reference": "Claim/c"},
        "identifier": [{"value": "own"}, {"type": coded("uc"), "value": "CLM-7"}],
    } | changes


def total(code, value):
    return {"category": coded(code), "amount": dollars(value)}


def test_totals_as_carin_payers_send_them():
    row = row_of(
        statement(
            total=[total("submitted", 1200.0), total("eligible", 480.35), total("benefit", 400.1),
                   total("deductible", 50), total("copay", 20.25), total("coinsurance", 10)],
        )
    )  # fmt: skip
    assert (row["billed_cents"], row["allowed_cents"], row["paid_cents"]) == (120_000, 48_035, 40_010)
    assert (row["patient_share_cents"], row["deductible_cents"]) == (8_025, 5_000)
    assert (row["payer_claim_number"], row["claim_id"], row["provider_name"]) == ("CLM-7", "Claim/c", "Holyoke")


def test_the_total_said_to_be_the_members_wins_over_its_parts():
    row = row_of(statement(total=[total("memberliability", 75.5), total("copay", 20)]))
    assert row["patient_share_cents"] == 7_550


def test_items_are_added_up_where_totals_are_missing_as_synthea_sends_them():
    def line(coinsurance, allowed):
        return {
            "sequence": 1,
            "servicedPeriod": {"start": "2026-01-02", "end": "2026-01-03"},
            "adjudication": [
                {"category": coded(BLUE_BUTTON + "line_coinsrnc_amt"), "amount": dollars(coinsurance)},
                {"category": coded(BLUE_BUTTON + "line_alowd_chrg_amt"), "amount": dollars(allowed)},
                {"category": coded(BLUE_BUTTON + "line_bene_ptb_ddctbl_amt"), "amount": dollars(0)},
                {"category": coded(BLUE_BUTTON + "line_processing_indicator_code")},
            ],
        }

    row = row_of(
        statement(
            item=[line(0.1, 10.1), line(0.2, 20.2)],
            total=[total("submitted", 31.0)],
            payment={"amount": dollars(30.0)},
            billablePeriod={"start": "2026-01-02", "end": "2027-01-02"},
        )
    )
    assert (row["billed_cents"], row["allowed_cents"], row["paid_cents"]) == (3_100, 3_030, 3_000)
    assert (row["patient_share_cents"], row["deductible_cents"]) == (30, 0)
    assert row["service_from_day"] == row_of(statement(billablePeriod={"end": "2026-01-03"}))["service_from_day"]


def test_medicares_benefit_balances_are_read_last():
    balance = {"financial": [{"type": coded(BLUE_BUTTON + "nch_bene_ptb_ddctbl_amt"), "usedMoney": dollars(112)}]}
    assert amounts_of(statement(benefitBalance=[balance])) == (None, None, None, 11_200, 11_200)
    assert amounts_of(statement(benefitBalance=[balance], total=[total("deductible", 5)]))[4] == 500


def test_a_statement_without_amounts_claims_none():
    assert amounts_of(statement()) == (None, None, None, None, None)


def test_another_currency_is_left_out_never_converted():
    assert (
        row_of(statement(total=[{"category": coded("submitted"), "amount": dollars(5, "CAD")}]))["billed_cents"] is None
    )


def test_cents_are_exact_where_floats_are_not():
    many = [total("submitted", 0.1)] * 3
    assert amounts_of(statement(total=many))[0] == 30
    assert amounts_of(statement(total=[total("submitted", Numeral("1234567.10"))]))[0] == 123_456_710


def claim(**changes):
    return {
        "resourceType": "Claim",
        "status": "active",
        "use": "preauthorization",
        "type": coded("professional"),
        "patient": ANN,
        "created": "2026-01-05",
        "provider": {"reference": "Organization/h"},
        "billablePeriod": {"start": "2026-01-10", "end": "2026-01-10"},
        "item": [{"productOrService": coded("70553"), "encounter": [{"reference": "Encounter/e"}], "net": dollars(10)},
                 {"productOrService": coded("70554"), "net": dollars(2.5)}],
    } | changes  # fmt: skip


def test_a_request_for_authorization_names_the_order_it_is_for():
    asked = {"url": "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-requestedService",
             "valueReference": {"reference": "ServiceRequest/o"}}  # fmt: skip
    resource = claim()
    resource["item"][0]["extension"] = [asked]
    row = row_of(resource)
    assert (row["use"], row["order_id"], row["encounter_id"]) == ("preauthorization", "ServiceRequest/o", "Encounter/e")
    assert row_of(claim(referral={"reference": "ServiceRequest/r"}))["order_id"] == "ServiceRequest/r"


def test_a_claims_total_is_what_it_says_else_the_sum_of_its_items():
    assert row_of(claim())["total_cents"] == 1_250
    assert row_of(claim(total=dollars(99.99)))["total_cents"] == 9_999
    assert row_of(claim(item=[{"productOrService": coded("x")}]))["total_cents"] is None


def test_a_use_fhir_does_not_know_is_set_aside():
    with pytest.raises(MappingError) as fault:
        mapped(claim(use="quote"))
    assert fault.value.place == "Claim.use"


def reviewed(*codes):
    url = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewAction"
    return [
        {
            "adjudication": [
                {
                    "category": coded("submitted"),
                    "extension": [
                        {
                            "url": url,
                            "extension": [
                                {
                                    "url": url + "Code",
                                    "valueCodeableConcept": coded(code, "https://codesystem.x12.org/306"),
                                },
                                {"url": "number", "valueString": "AUTH-1"},
                            ],
                        }
                    ],
                }
            ]
        }
        for code in codes
    ]


def answer(**changes):
    return {
        "resourceType": "ClaimResponse",
        "status": "active",
        "use": "preauthorization",
        "outcome": "complete",
        "type": coded("professional"),
        "patient": ANN,
        "created": "2026-01-06",
        "insurer": {"display": "Plan"},
        "request": {"reference": "Claim/c"},
    } | changes


@pytest.mark.parametrize(
    ("codes", "decision"),
    [
        (["A1"], "approved"),
        (["A3"], "denied"),
        (["A4"], "pended"),
        (["A6"], "partial"),
        (["A1", "A3"], "partial"),
        ([], None),
    ],
)
def test_the_review_action_decides(codes, decision):
    row = row_of(answer(item=reviewed(*codes)))
    assert row["decision"] == decision
    assert row["authorization_number"] == ("AUTH-1" if codes else None)


def test_an_adjudication_may_name_the_decision_itself():
    judged = [{"adjudication": [{"category": coded("submitted"), "reason": coded("denied")}]}]
    assert row_of(answer(item=judged))["decision"] == "denied"


def test_an_authorization_says_from_when_to_when_it_holds():
    row = row_of(answer(preAuthRef="A-9", preAuthPeriod={"start": "2026-01-10", "end": "2026-04-10"}, outcome="queued"))
    assert (row["authorization_number"], row["decision"]) == ("A-9", "pended")
    assert row["authorized_until_from_day"] - row["authorized_from_from_day"] == 90


def test_an_answer_names_the_order_it_is_about():
    named = {"url": "http://example.org/order", "valueReference": {"reference": "ServiceRequest/o"}}
    assert row_of(answer(extension=[named]))["order_id"] == "ServiceRequest/o"


def test_a_bill_carries_what_a_person_checks_it_by():
    own = "https://beforehand.example/fhir/StructureDefinition/"
    row = row_of(
        {
            "resourceType": "Invoice",
            "status": "issued",
            "subject": ANN,
            "date": "2026-01-20",
            "issuer": {"reference": "Organization/h", "display": "Holyoke"},
            "totalNet": dollars(312.4),
            "account": {"reference": "Account/a"},
            "identifier": [{"value": "INV-1"}, {"system": "https://plan.example/claims", "value": "CLM-7"}],
            "extension": [
                {"url": own + "invoice-due", "valueDate": "2026-02-20"},
                {"url": own + "invoice-service-date", "valueDate": "2026-01-02"},
                {"url": own + "invoice-encounter", "valueReference": {"reference": "Encounter/e"}},
            ],
        }
    )
    assert (row["total_cents"], row["issuer_name"], row["account_id"]) == (31_240, "Holyoke", "Account/a")
    assert (row["payer_claim_number"], row["encounter_id"]) == ("CLM-7", "Encounter/e")
    assert row["due_from_day"] - row["issued_from_day"] == 31
    assert row["issued_from_day"] - row["service_from_day"] == 18


def test_coverage_names_its_payor_even_where_that_is_contained():
    coverage = {
        "resourceType": "Coverage",
        "status": "active",
        "beneficiary": ANN,
        "type": {"text": "Medicare"},
        "period": {"start": "2026-01-01", "end": "2026-12-31"},
        "relationship": coded("self"),
        "contained": [{"resourceType": "Organization", "id": "cms", "name": "Medicare"}],
        "payor": [{"reference": "#cms"}],
    }
    row = row_of(coverage)
    assert (row["payor_name"], row["payor_id"], row["relationship"]) == ("Medicare", None, "self")
    assert row_of(coverage | {"payor": [{"reference": "Organization/x", "display": "Plan"}]})["payor_name"] == "Plan"


def test_an_eligibility_answer_says_whether_coverage_holds_and_authorization_is_needed():
    response = {
        "resourceType": "CoverageEligibilityResponse",
        "status": "active",
        "outcome": "complete",
        "patient": ANN,
        "created": "2026-01-05",
        "insurance": [
            {"coverage": {"reference": "Coverage/c"}, "inforce": True, "item": [{"authorizationRequired": True}, {}]}
        ],
    }
    row = row_of(response)
    assert (row["is_in_force"], row["needs_authorization"], row["coverage_id"]) == (1, 1, "Coverage/c")
    assert row["code"] is None
    assert row_of(response | {"insurance": []})["needs_authorization"] is None


def test_an_eligibility_answer_speaks_of_each_service_that_it_names():
    scan, visit = coded("C8900", HCPCS), coded("G0439", HCPCS)
    items = [
        {"authorizationRequired": False, "productOrService": scan},
        {"authorizationRequired": False, "productOrService": visit, "unit": coded("individual")},
        {"authorizationRequired": True, "productOrService": scan, "network": coded("out")},
        {"authorizationRequired": True},
        {"productOrService": coded("J0897", HCPCS), "excluded": True},
    ]
    answer = {
        "resourceType": "CoverageEligibilityResponse",
        "status": "active",
        "patient": ANN,
        "created": "2026-01-05",
        "insurance": [{"inforce": True, "item": items[:2]}, {"item": items[2:]}],
    }
    rows = [row_of(answer, index) for index in range(3)]
    assert [(row["code"], row["needs_authorization"], row["is_in_force"]) for row in rows] == [
        ("hcpcs:C8900", 1, 1),
        ("hcpcs:G0439", 0, 1),
        (None, 1, 1),
    ]
    assert [fragment for _, fragment, _ in mapped(answer)[0].rows] == ["", "service-1", "service-2"]


def test_an_eligibility_answer_that_is_neither_yes_nor_no_is_set_aside():
    answer = {
        "resourceType": "CoverageEligibilityResponse",
        "status": "active",
        "patient": ANN,
        "created": "2026-01-05",
    }
    with pytest.raises(MappingError, match="true or false"):
        mapped(answer | {"insurance": [{"item": [{"authorizationRequired": "no"}]}]})


def test_an_account_of_two_patients_is_set_aside_rather_than_given_to_one():
    account = {"resourceType": "Account", "status": "active", "name": "Family", "subject": [ANN]}
    assert mapped(account)[0].patient == ANN
    with pytest.raises(MappingError, match="several patients"):
        mapped(account | {"subject": [ANN, {"reference": "Patient/bob"}]})


def test_a_charge_keeps_its_price():
    row = row_of(
        {"resourceType": "ChargeItem", "status": "billed", "code": coded("x"), "subject": ANN,
         "context": {"reference": "Encounter/e"}, "occurrenceDateTime": "2026-01-02",
         "account": [{"reference": "Account/a"}], "priceOverride": dollars(12.34)}
    )  # fmt: skip
    assert (row["price_cents"], row["encounter_id"], row["account_id"]) == (1_234, "Encounter/e", "Account/a")


def rows_of(resource, table):
    found = [values for name, _, values in map_resource(resource, NumberingContext()).rows if name == table]
    return [dict(zip(value_columns(table), values, strict=True)) for values in found]


CARIN = "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudicationDiscriminator"


def judged(code, value=None, reason=None):
    amount = {} if value is None else {"amount": dollars(value)}
    return {"category": coded(code, CARIN)} | amount | ({"reason": reason} if reason else {})


def test_each_line_with_a_decision_is_a_row_that_says_what_is_left_to_the_person():
    resource = statement(
        diagnosis=[{"sequence": 1, "diagnosisCodeableConcept": coded("Z00.00", "http://hl7.org/fhir/sid/icd-10-cm")}],
        adjudication=[judged("benefitpaymentstatus", reason=coded("outofnetwork"))],
        insurance=[{"coverage": {"reference": "Coverage/a"}}, {"focal": True, "coverage": {"reference": "Coverage/b"}}],
        item=[
            {
                "productOrService": coded("G0439", "hcpcs"),
                "servicedDate": "2026-01-03",
                "quantity": {"value": 2},
                "modifier": [coded("GA", "hcpcs"), coded("GX", "hcpcs")],
                "locationCodeableConcept": coded("23", "pos"),
                "adjudication": [
                    judged("submitted", 80), judged("copay", 12.5), judged("coinsurance", 2), judged("noncovered", 3),
                    judged("denialreason", reason=coded("50", "carc")),
                ],
            },
            {"productOrService": coded("G0008", "hcpcs")},
            {"productOrService": coded("G0010", "hcpcs"), "adjudication": [
                judged("memberliability", 0), judged("renderingnetworkstatus", reason=coded("contracted"))]},
        ],
    )  # fmt: skip
    assert row_of(resource)["coverage_id"] == "Coverage/b"
    first, last = rows_of(resource, "benefit_item")
    assert (first["billed_cents"], first["share_cents"], first["noncovered_cents"]) == (8_000, 1_450, 300)
    assert (first["network"], last["network"]) == ("out", "in")
    assert first["units_micro"] == 2_000_000
    assert first["service_from_day"] == first["service_to_day"] == 20_456
    assert last["service_to_day"] == 20_456  # the account's, as it says none itself
    assert last["share_cents"] == 0
    assert first["diagnosis"] == last["diagnosis"] is not None
    assert None not in (first["modifier"], first["reason"], first["place"])


def test_a_payers_answer_says_how_much_of_a_limit_is_used():
    resource = {
        "resourceType": "CoverageEligibilityResponse",
        "status": "active",
        "outcome": "complete",
        "patient": ANN,
        "created": "2026-05-01",
        "servicedPeriod": {"start": "2026-01-01", "end": "2026-12-31"},
        "insurance": [
            {
                "coverage": {"reference": "Coverage/b"},
                "item": [
                    {
                        "unit": coded("individual"),
                        "network": coded("in"),
                        "benefit": [
                            {
                                "type": coded("deductible"),
                                "allowedMoney": dollars(1500),
                                "usedMoney": dollars(1499.99),
                            },
                            {"type": coded("visit"), "allowedUnsignedInt": 20},
                        ],
                    }
                ],
            }
        ],
    }
    (row,) = rows_of(resource, "benefit_balance")
    assert (row["kind"], row["unit"], row["network"]) == ("deductible", "individual", "in")
    assert (row["allowed_cents"], row["used_cents"], row["end_to_day"]) == (150_000, 149_999, 20_818)
