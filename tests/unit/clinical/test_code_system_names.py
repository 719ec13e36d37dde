"""The one table of code system names: object identifier, HL7 v2 mnemonic, FHIR address."""

import pytest

from beforehand.clinical.code_system_names import (
    MNEMONICS,
    SYSTEMS,
    uri_of_mnemonic,
    uri_of_namespace,
    uri_of_oid,
    uri_of_root,
)
from beforehand.clinical.codes import token_of


@pytest.mark.parametrize(
    ("oid", "uri"),
    [
        ("2.16.840.1.113883.6.1", "http://loinc.org"),
        ("2.16.840.1.113883.6.96", "http://snomed.info/sct"),
        ("2.16.840.1.113883.5.83", "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"),
        ("2.16.840.1.113883.12.1", "http://terminology.hl7.org/CodeSystem/v2-0001"),
        ("1.2.3", "urn:oid:1.2.3"),
        ("no identifier", "no identifier"),
    ],
)
def test_an_object_identifier_has_an_address(oid: str, uri: str) -> None:
    assert uri_of_oid(oid) == uri


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("LN", "http://loinc.org"),
        ("sct", "http://snomed.info/sct"),
        ("HL70078", "http://terminology.hl7.org/CodeSystem/v2-0078"),
        ("99LOCAL", None),
        ("", None),
    ],
)
def test_a_mnemonic_has_an_address_or_is_local(name: str, uri: str | None) -> None:
    assert uri_of_mnemonic(name) == uri


def test_identifiers_have_systems() -> None:
    assert uri_of_namespace("2.16.840.1.113883.4.6") == "http://hl7.org/fhir/sid/us-npi"
    assert uri_of_root("3F2504E0-4F89-11D3-9A0C-0305E82C3301") == "urn:uuid:3f2504e0-4f89-11d3-9a0c-0305e82c3301"


def test_every_name_in_the_table_means_one_system() -> None:
    tokens = {token for token, _, _ in SYSTEMS}
    assert set(MNEMONICS.values()) <= tokens
    for token, uri, others in SYSTEMS:
        assert {token_of(name) for name in (uri, *others)} == {token}
