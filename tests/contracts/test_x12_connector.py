"""X12: claims, their answers, payments and enrolment; what is wrong with a file or a claim is said in a sentence."""

import random
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from beforehand.intake.connectors.errors import ItemError, StopError
from beforehand.intake.connectors.x12 import connector
from beforehand.intake.connectors.x12.connector import items, recognises
from tests.contracts.connector_suite import outcome_of, readable, suite_for
from tests.unit.intake.x12_mutants import mutant

SAMPLES = Path(connector.__file__).parent / "samples"
SHARED = Path(__file__).parents[3] / "shared/data/x12/linuxforhealth-x12.tar.gz"
HEAD = (
    b"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260514*0930*^*00501*000000001*0*T*:~"
    b"GS*HP*S*R*20260514*0930*1*X*005010X221A1~ST*835*0001~"
)
MANY = 20_000

TestX12Connector = suite_for(
    "x12",
    hostile={
        "only a header": HEAD,
        "a header without end": HEAD[:105],
        "no segment sign": HEAD[:105] + b"x" * 500_000,
        "one endless segment": HEAD + b"CLP*" + b"1" * 3_000_000,
        "one endless claim": HEAD + b"CLP*1*1*1*1~" + b"CAS*PR*1*1~" * MANY + b"SE*20003*0001~GE*1*1~IEA*1*000000001~",
        "many elements": HEAD + b"CLP" + b"*1" * 1_000_000 + b"~SE*3*0001~",
        "many components": HEAD + b"CLP*1*1*1*1~SVC*" + b":1" * 30_000 + b"*1*1~SE*4*0001~",
        "many qualifiers": HEAD + b"".join(b"REF*%d*1~" % n for n in range(MANY)) + b"SE*20002*0001~",
        "many empty segments": HEAD + b"~" * 500_000,
        "many headers": HEAD[:106] * 10_000,
        "many sets": HEAD[:106] + b"GS*HP*S*R*20260514*0930*1*X*005010X221A1~" + b"ST*835*1~SE*2*1~" * 20_000,
        "many groups": HEAD[:106] + b"GS*HP*S*R*20260514*0930*1*X*005010X221A1~GE*0*1~" * 20_000,
        "long numbers": HEAD + b"CLP*1*1*" + b"9" * 5_000 + b"*1~SE*3*0001~GE*" + b"9" * 5_000 + b"*1~",
        "signs alike": HEAD.replace(b"*:~", b"***"),
        "signs of letters": HEAD.replace(b"*:~", b"*AB"),
    },
)


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def resources(content: bytes, type_: str) -> list[dict]:
    return [item.resource for item in items(content) if item.resource and item.resource["resourceType"] == type_]


def of_claim(number: str, name: str = "remittance.835", type_: str = "ExplanationOfBenefit") -> dict:
    found = [one for one in resources(sample(name), type_) if number in str(one["identifier"])]
    assert len(found) == 1
    return found[0]


def errors(content: bytes) -> list[ItemError]:
    return [item.error for item in items(content) if item.error]


def total(claim: dict, code: str) -> str | None:
    amounts = {one["category"]["coding"][0]["code"]: str(one["amount"]["value"]) for one in claim["total"]}
    return amounts.get(code)


# What a payment says.


def test_a_paid_claim_says_what_was_billed_allowed_paid_and_left_to_the_person():
    claim = of_claim("LC-2001")
    said = {code: total(claim, code) for code in ("submitted", "eligible", "benefit", "memberliability", "deductible")}
    assert said == {
        "submitted": "460.00", "eligible": "335.00", "benefit": "198.20", "memberliability": "136.80",
        "deductible": "82.80",
    }  # fmt: skip
    assert [one["servicedDate"] for one in claim["item"]] == ["2026-04-21"] * 3
    assert claim["created"] == "2026-05-14"
    assert claim["identifier"][0]["value"] == "HHP26121000771"
    groups = [
        (one["category"]["coding"][1]["code"], one["reason"]["coding"][0]["code"])
        for one in claim["item"][1]["adjudication"]
        if "reason" in one
    ]
    assert groups == [("CO", "45"), ("PR", "1"), ("PR", "2")]


def test_a_refused_line_says_why_as_a_code_and_what_is_not_covered():
    claim = of_claim("LC-2002")
    judged = {one["category"]["coding"][0]["code"]: one for one in claim["item"][0]["adjudication"]}
    assert judged["denialreason"]["reason"]["coding"][0] == {
        "system": "https://x12.org/codes/claim-adjustment-reason-codes", "code": "204",
    }  # fmt: skip
    assert str(judged["noncovered"]["amount"]["value"]) == "95.00"
    assert claim["disposition"] == "Refused"


def test_what_was_taken_back_is_cancelled_whatever_order_it_stands_in():
    found = resources(sample("remittance.835"), "ExplanationOfBenefit")
    back = [one for one in found if one["status"] == "cancelled"]
    (anew,) = [one for one in found if "HHP26121001444" in str(one["identifier"])]
    assert [one["identifier"][0]["value"] for one in back] == ["HHP26088000123"]
    assert (anew["status"], total(anew, "benefit")) == ("active", "150.00")
    assert found.index(back[0]) < found.index(anew)
    assert [total(back[0], code) for code in ("submitted", "benefit", "memberliability")] == [
        "220.00",
        "35.00",
        "20.00",
    ]


def test_a_payment_states_its_amount_and_what_was_held_back():
    (payment,) = resources(sample("remittance.835"), "PaymentReconciliation")
    assert (str(payment["paymentAmount"]["value"]), payment["paymentIdentifier"]["value"]) == ("393.20", "EFT5540912")
    assert [str(one["amount"]["value"]) for one in payment["detail"]] == ["-10.00"]


def test_cents_are_exact():
    content = (
        sample("remittance.835").replace(b"AMT*AU*335~", b"AMT*AU*335.1~").replace(b"AMT*B6*95.00~", b"AMT*KH*95.00~")
    )
    claim = resources(content, "ExplanationOfBenefit")[1]
    assert total(claim, "eligible") == "335.10"


# One claim in all the files of a sender.


def test_a_claim_its_answer_and_its_payment_meet():
    (sent,) = [one for one in resources(sample("claims-professional.837"), "Claim") if "LC-2001" in str(one)]
    (answer,) = [one for one in resources(sample("answers.277"), "ClaimResponse") if "HHP26121000771" in str(one)]
    paid = of_claim("LC-2001")
    assert answer["request"] == paid["claim"] == {"reference": f"Claim/{sent['id']}"}
    assert sent["patient"] == answer["patient"] == paid["patient"]
    (covered,) = [
        one for one in resources(sample("enrolment.834"), "Coverage")
        if one["beneficiary"] == sent["patient"] and one["type"]["text"] == "SHIPYARD PPO"
    ]  # fmt: skip
    assert paid["insurance"][0]["coverage"]["reference"] == f"Coverage/{covered['id']}"


def test_members_of_a_family_share_a_number_and_stay_apart():
    people = resources(sample("enrolment.834"), "Patient")
    by_name = {one["name"][0]["given"][0]: one["id"] for one in people}
    assert len(set(by_name.values())) == len(by_name) == 6


def test_a_claim_says_who_what_why_where_and_what_was_approved():
    claim = of_claim("LC-2001", "claims-professional.837", "Claim")
    assert claim["insurance"][0]["preAuthRef"] == ["PA-30455"]
    assert claim["referral"]["identifier"]["value"] == "RF-7781"
    assert [one["diagnosisCodeableConcept"]["coding"][0]["code"] for one in claim["diagnosis"]] == ["M17.11", "I10"]
    line = claim["item"][0]
    assert (line["diagnosisSequence"], line["quantity"]["value"], str(line["net"]["value"])) == ([1, 2], 1, "180.00")
    assert line["modifier"][0]["coding"][0]["code"] == "25"
    assert line["locationCodeableConcept"]["coding"][0]["code"] == "11"
    assert claim["item"][2]["detail"][0]["productOrService"]["coding"][0]["code"] == "00003049320"


def test_an_institutional_claim_says_its_days_procedures_and_the_other_insurance():
    (claim,) = resources(sample("claims-institutional.837"), "Claim")
    assert claim["billablePeriod"] == {"start": "2026-04-18", "end": "2026-04-23"}
    assert [one["procedureCodeableConcept"]["coding"][0]["code"] for one in claim["procedure"]] == [
        "02HV33Z",
        "5A1D70Z",
    ]
    assert [one["coverage"].get("display") for one in claim["insurance"]] == ["MEDICARE", "GULL BAY SUPPLEMENT"]
    (person,) = resources(sample("claims-institutional.837"), "Patient")
    assert person["identifier"][0]["system"] == "http://hl7.org/fhir/sid/us-mbi"


def test_an_answer_says_accepted_or_rejected_and_why_as_codes():
    accepted, rejected, _ = resources(sample("answers.277"), "ClaimResponse")
    assert (accepted["outcome"], rejected["outcome"]) == ("queued", "error")
    codes = [[one["code"] for one in error["code"]["coding"]] for error in rejected["error"]]
    assert codes == [["A7", "507"], ["A7", "562"]]
    assert rejected["disposition"].startswith("Rejected")


# Enrolment.


def coverages(content: bytes, given: str) -> list[dict]:
    (person,) = [one for one in resources(content, "Patient") if one["name"][0]["given"][0] == given]
    return [one for one in resources(content, "Coverage") if one["beneficiary"]["reference"].endswith(person["id"])]


def test_a_termination_says_the_last_day_and_an_addition_has_none():
    assert [one["period"] for one in coverages(sample("enrolment.834"), "BO")] == [
        {"start": "2025-01-01", "end": "2026-06-30"}
    ]
    assert [one["period"] for one in coverages(sample("enrolment.834"), "CHIDI")] == [
        {"start": "2026-06-01", "end": None}
    ]
    medical, dental = coverages(sample("enrolment.834"), "ADA")
    assert medical["id"] != dental["id"]
    assert medical["relationship"]["coding"][0]["code"] == "self"


def test_a_termination_without_a_day_is_set_aside_alone():
    content = sample("enrolment.834").replace(b"DTP*349*D8*20260630~", b"DTP*348*D8*20250101~")
    content = content.replace(b"DTP*357*D8*20260630~", b"DTP*356*D8*20250101~")
    assert [fault.reason for fault in errors(content)] == ["The coverage ends, and nothing says on which day."] * 2
    assert len(resources(content, "Patient")) == 4


def test_a_corrected_first_name_replaces_the_record_of_the_wrong_one():
    wrong = [one for one in resources(sample("enrolment.834"), "Patient") if "link" in one]
    right = [one for one in resources(sample("enrolment.834"), "Patient") if one["name"][0]["given"] == ["NGOZI"]]
    assert [one["link"] for one in wrong] == [
        [{"other": {"reference": f"Patient/{right[0]['id']}"}, "type": "replaced-by"}]
    ]


# What is wrong is said, and loses as little as it can.


@pytest.mark.parametrize(
    ("before", "after", "place", "words"),
    [
        (b"CAS*PR*204*95.00~", b"CAS*PR*204*94.00~", "CLP04", "less every adjustment"),
        (b"CAS*PR*204*95.00~", b"CAS*PR*204*ninety~", "CAS03", "not an amount"),
        (b"CAS*PR*204*95.00~", b"CAS*PR*204*95.001~", "CAS03", "not an amount"),
        (b"CAS*PR*204*95.00~", b"CAS*XX*204*95.00~", "CAS", "no place for it"),
        (b"CLP*LC-2002*", b"CLP**", "CLP01", "no number"),
        (b"SVC*HC:83036*95.00*0.00**0~\nDTM*472*20260421~", b"SVC*HC:83036*95.00*0.00**0~\nDTM*472*20260431~",
         "DTM02", "not a day"),
    ],
)  # fmt: skip
def test_a_bad_claim_loses_that_claim_and_not_the_file(before, after, place, words):
    content = sample("remittance.835")
    assert before in content
    (fault,) = errors(content.replace(before, after))
    assert fault.place.startswith(place)
    assert words in fault.reason
    assert len(resources(content.replace(before, after), "ExplanationOfBenefit")) == 4


def test_claims_that_do_not_add_up_to_the_payment_are_noticed():
    (fault,) = errors(sample("remittance.835").replace(b"BPR*I*393.20*", b"BPR*I*493.20*"))
    assert "do not add up to the payment" in fault.reason


def test_a_claim_without_a_member_number_waits_for_somebody_to_say_whose_it_is():
    content = sample("remittance.835").replace(b"NM1*QC*1*OKAFOR*ADA*N***MI*HHP100200301~", b"NM1*QC*1*OKAFOR*ADA~")
    found = [one for one in resources(content, "ExplanationOfBenefit") if "LC-2002" in str(one["identifier"])]
    assert found[0]["patient"] == {"display": "ADA OKAFOR"}
    assert any(fate.startswith("set aside") for fate in outcome_of(connector, content, ""))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"SE*63*", b"SE*64*", "another number of segments"),
        (b"SE*63*0104", b"SE*63*0105", "different control numbers"),
        (b"ST*835*", b"ST*271*", "an answer about eligibility"),
        (b"*X*005010X221A1", b"*X*008020X999", "a version that is not read here"),
        (b"*00501*", b"*00200*", "ISA12"),
        (b"*T*:~", b"*T**~", "separators that are alike"),
    ],
)
def test_a_file_of_which_nothing_can_be_opened_is_refused_in_a_sentence(before, after, words):
    content = sample("remittance.835")
    assert before in content
    with pytest.raises(StopError, match=words) as refusal:
        list(items(content.replace(before, after)))
    assert readable(refusal.value.reason)
    assert refusal.value.remedy


def test_what_comes_after_a_bad_transaction_set_is_still_read():
    first, second = sample("enrolment.834"), sample("remittance.835")
    cut = first[: first.index(b"SE*")]
    found = list(items(cut + second))
    assert next(item.error.reason for item in found if item.error).startswith("The transaction set has no end")
    assert len([item for item in found if item.resource]) == len(list(items(second)))


@pytest.mark.parametrize("ends", [b"", b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("name", ["remittance.835", "enrolment.834"])
def test_line_ends_mean_nothing(name, ends):
    content = sample(name)
    assert list(items(content.replace(b"~\n", b"~" + ends))) == list(items(content))


def test_other_signs_mean_the_same():
    content = sample("remittance.835")
    other = content.replace(b"*", b"|").replace(b":", b"@").replace(b"~\n", b"\n")
    assert list(items(other)) == list(items(content))


def test_several_interchanges_each_have_their_own_signs():
    content = sample("remittance.835")
    other = sample("enrolment.834").replace(b"*", b"|").replace(b"~\n", b"'\r\n")
    found = list(items(content + b"\r\n" + other))
    assert len(found) == len(list(items(content))) + len(list(items(other)))
    assert [item.place for item in found] == list(range(len(found)))
    assert sorted({item.unit for item in found}) == list(range(6 + 5))


def test_segments_out_of_the_guide_s_order_find_their_place():
    content = sample("remittance.835")
    swapped = content.replace(
        b"DTM*472*20260421~\nCAS*PR*204*95.00~", b"LQ*HE*N130~\nCAS*PR*204*95.00~\nDTM*472*20260421~"
    ).replace(b"DTM*472*20260421~\nLQ*HE*N130~", b"DTM*472*20260421~")
    assert swapped != content
    assert resources(swapped, "ExplanationOfBenefit") == resources(content, "ExplanationOfBenefit")


def test_what_the_guide_has_no_place_for_is_named():
    content = sample("remittance.835").replace(b"DTM*050*20260430~", b"DTM*999*20260430~")
    named = [one for one in resources(content, "ExplanationOfBenefit") if "extension" in one]
    assert len(named) == 2
    assert named[0]["extension"][0]["valueString"].startswith("DTM, segment ")


def test_a_text_file_that_holds_x12_is_x12():
    assert recognises(sample("remittance.835")[:4096], "remit.txt")
    assert not recognises(b"ISAAC,NEWTON\n", "list.csv")


# Every shared file, and mutants.


@pytest.mark.skipif(not SHARED.exists(), reason="the shared test data is not here")
def test_every_shared_file_ends_in_a_stated_outcome():
    outcomes: Counter[str] = Counter()
    with tarfile.open(SHARED) as archive:
        for member in archive:
            if not member.isfile() or member.name.endswith("LICENSE"):
                continue
            fates = outcome_of(connector, archive.extractfile(member).read(), member.name)
            if isinstance(fates, str):
                assert readable(fates), member.name
                outcomes["refused"] += 1
            else:
                assert fates
                assert all(fate in ("mapped", "kept") or readable(fate) for fate in fates), (member.name, fates)
                outcomes["with items set aside" if set(fates) - {"mapped", "kept"} else "applied"] += 1
    assert outcomes == {"applied": 27, "refused": 10, "with items set aside": 3}


@pytest.mark.parametrize("seed", [1, 2])
def test_mutants_end_in_a_stated_outcome(monkeypatch, seed):
    """A small part of ``python -m bench.x12``: with the last wall taken down nothing crashes, and nothing is lost."""
    monkeypatch.setattr(connector, "_FAULTS", ())
    chance = random.Random(seed)
    files = [path.read_bytes() for path in sorted(SAMPLES.iterdir())]
    for _ in range(100):
        content = mutant(chance, chance.choice(files))
        outcome = outcome_of(connector, content, "")
        assert readable(outcome) if isinstance(outcome, str) else outcome
