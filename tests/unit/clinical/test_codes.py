"""Code systems are types, and each has one token whatever name it comes under."""

import pytest

from beforehand.clinical.codes import (
    SYSTEM_TYPES,
    WORK_SYSTEM,
    CodeError,
    Icd9cm,
    Icd10cm,
    Loinc,
    Snomed,
    code_of,
    read_code,
    token_of,
    uri_of,
)


def test_a_loinc_code_never_equals_a_snomed_code():
    same_digits = "1234567"
    assert code_of("rxnorm", same_digits) != Snomed(same_digits)
    assert Loinc("4548-4") != code_of("https://local.example/codes", "4548-4")
    assert len({Snomed(same_digits), code_of("rxnorm", same_digits)}) == 2


def test_the_same_code_of_the_same_system_is_equal_however_the_system_is_named():
    assert (
        code_of("http://loinc.org", "4548-4") == code_of("urn:oid:2.16.840.1.113883.6.1", "4548-4") == Loinc("4548-4")
    )
    assert hash(code_of("http://loinc.org", "4548-4")) == hash(Loinc("4548-4"))


def test_codes_of_two_systems_without_a_type_are_not_equal_either():
    assert code_of("https://a.example/x", "1") != code_of("https://b.example/x", "1")


@pytest.mark.parametrize(
    ("address", "token"),
    [
        ("http://snomed.info/sct", "snomed"),
        ("http://snomed.info/sct/731000124108/version/20240301", "snomed"),
        ("urn:oid:2.16.840.1.113883.6.96", "snomed"),
        ("2.16.840.1.113883.6.88", "rxnorm"),
        ("https://loinc.org/", "loinc"),
        ("http://loinc.org|2.77", "loinc"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "icd10cm"),
        ("http://hl7.org/fhir/sid/icd-9-cm", "icd9cm"),
        ("http://hl7.org/fhir/sid/ndc", "ndc"),
        ("http://hl7.org/fhir/sid/cvx", "cvx"),
        ("http://www.ama-assn.org/go/cpt", "cpt"),
        ("https://bluebutton.cms.gov/resources/codesystem/hcpcs", "hcpcs"),
        ("http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "hcpcs"),
        ("https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "hcpcs"),
        ("http://unitsofmeasure.org", "ucum"),
        ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "hl7:v3-ActCode"),
        ("http://hl7.org/fhir/v3/ActCode", "hl7:v3-ActCode"),
        ("urn:oid:2.16.840.1.113883.5.4", "hl7:v3-ActCode"),
        ("http://terminology.hl7.org/CodeSystem/condition-clinical", "hl7:condition-clinical"),
        ("http://hl7.org/fhir/us/core/CodeSystem/condition-category", "hl7:condition-category"),
        ("http://hl7.org/fhir/administrative-gender", "hl7:administrative-gender"),
        (WORK_SYSTEM, "work"),
        ("https://local.example/codes", "https://local.example/codes"),
    ],
)
def test_a_system_has_one_token_whatever_name_it_comes_under(address, token):
    assert token_of(address) == token


@pytest.mark.parametrize("token", [*SYSTEM_TYPES, "hl7:v3-ActCode", "hl7:administrative-gender", "https://a.example/x"])
def test_the_address_written_for_a_token_is_read_back_as_that_token(token):
    assert token_of(uri_of(token)) == token


def test_tokens_are_tokens_of_themselves():
    assert all(token_of(token) == token for token in SYSTEM_TYPES)


@pytest.mark.parametrize(
    ("system", "value"),
    [
        ("loinc", "A1C"),
        ("snomed", "12"),
        ("rxnorm", "0123"),
        ("icd10cm", "250.00"),
        ("cvx", "flu"),
        ("work", "Call"),
        ("ndc", "1-2"),
    ],
)
def test_a_code_its_system_cannot_contain_is_refused(system, value):
    with pytest.raises(CodeError):
        code_of(system, value)


@pytest.mark.parametrize(
    ("system", "value"),
    [
        ("loinc", "LA6576-8"), ("icd10cm", "E11.9"), ("icd10cm", "E119"), ("icd10cm", "C7A.00"), ("icd9cm", "250.00"),
        ("icd9cm", "V58.61"), ("ndc", "00071-0155-23"), ("ndc", "00071015523"), ("hcpcs", "A0130"), ("cvx", "08"),
    ],
)  # fmt: skip
def test_a_code_of_the_right_form_is_taken(system, value):
    assert code_of(system, value).value == value


def test_a_code_is_read_and_written_as_system_and_code():
    assert read_code("loinc:4548-4") == Loinc("4548-4")
    assert str(read_code("hl7:v3-ActCode:IMP")) == "hl7:v3-ActCode:IMP"
    assert Icd10cm("E11.9").uri == "http://hl7.org/fhir/sid/icd-10-cm"
    for text in ("4548-4", ":4548-4", "loinc:"):
        with pytest.raises(CodeError):
            read_code(text)


def test_icd_9_and_icd_10_do_not_mix():
    assert Icd9cm("V10") != Icd10cm("V10")
