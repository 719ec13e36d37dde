"""FHIR JSON in every usual wrapping becomes items, losing nothing and naming what cannot be read."""

import json

import pytest

from beforehand.clinical.fhir import MappingError, map_resource
from beforehand.clinical.quantities import Numeral
from beforehand.intake.connectors.errors import ConnectorError, ItemError, RetryError, StopError
from beforehand.intake.connectors.fhir.connector import items, recognises
from tests.unit.clinical.contexts import NumberingContext

PATIENT = {"resourceType": "Patient", "id": "ann"}
FLAG = {"resourceType": "Flag", "id": "f", "status": "active"}


def read(value, name=""):
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return list(items(content, name))


def bundle(kind, *entries):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


@pytest.mark.parametrize(
    "kind", ["transaction", "batch", "collection", "searchset", "history", "document", "message", "batch-response"]
)
def test_every_bundle_gives_its_resources_with_their_addresses(kind):
    found = read(bundle(kind, {"fullUrl": "urn:uuid:1", "resource": PATIENT}, {"resource": FLAG}))
    assert [(item.place, item.full_url, item.resource) for item in found] == [(0, "urn:uuid:1", PATIENT), (1, "", FLAG)]


def test_a_single_resource_is_one_item_outside_any_bundle():
    assert [(item.resource, item.full_url) for item in read(PATIENT)] == [(PATIENT, None)]


def test_a_list_of_resources_is_read_like_a_bundle():
    assert [item.resource for item in read([PATIENT, FLAG])] == [PATIENT, FLAG]


@pytest.mark.parametrize("name", ["Patient.ndjson", "patients.jsonl", "patients.json", "", "-"])
def test_ndjson_is_read_with_or_without_its_name(name):
    content = (json.dumps(PATIENT) + "\r\n\r\n" + json.dumps(FLAG)).encode()
    assert [item.resource for item in read(content, name)] == [PATIENT, FLAG]


def test_one_resource_in_a_file_called_ndjson_may_stand_on_many_lines():
    assert [item.resource for item in read(json.dumps(PATIENT, indent=2).encode(), "x.ndjson")] == [PATIENT]


def test_a_broken_line_is_one_item_and_the_others_are_read():
    found = read(json.dumps(PATIENT).encode() + b"\n{broken\n" + json.dumps(FLAG).encode(), "x.ndjson")
    assert [item.resource for item in found] == [PATIENT, None, FLAG]
    assert found[1].error.place == "line 2"


def test_a_broken_first_line_does_not_cost_the_others():
    found = read(b'{"resourceType": NaN}\n' + json.dumps(FLAG).encode(), "x.ndjson")
    assert [item.resource for item in found] == [None, FLAG]


def test_bundles_in_bundles_on_lines_are_opened_and_numbered_in_order():
    inner = bundle("searchset", {"resource": PATIENT}, {"resource": FLAG})
    line = json.dumps(bundle("collection", {"resource": inner}, {"resource": FLAG})).encode()
    found = read(line + b"\n" + line)
    assert [item.resource for item in found] == [PATIENT, FLAG, FLAG] * 2
    assert [item.place for item in found] == list(range(6))


def test_an_operations_answer_gives_the_resources_it_carries():
    answer = {
        "resourceType": "Parameters",
        "parameter": [{"name": "return", "resource": bundle("searchset", {"resource": FLAG})}],
    }
    assert [item.resource for item in read(answer)] == [FLAG]


def test_parameters_without_resources_are_an_item_themselves():
    plain = {"resourceType": "Parameters", "parameter": [{"name": "x", "valueString": "y"}]}
    assert [item.resource for item in read(plain)] == [plain]


def test_a_deletion_names_what_it_withdraws():
    (item,) = read(bundle("transaction", {"request": {"method": "DELETE", "url": "Flag/f"}}))
    assert (item.method, item.url, item.resource, item.error) == ("DELETE", "Flag/f", None, None)


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ({}, "Bundle.entry[1]"),
        ({"response": {"status": "201"}}, "Bundle.entry[1]"),
        (5, "Bundle.entry[1]"),
        (None, "Bundle.entry[1]"),
        ({"resource": "x"}, "Bundle.entry[1].resource"),
        ({"resource": {"resourceType": "Parameters"}, "request": {"method": "PATCH", "url": "Flag/f"}},
         "Bundle.entry[1].request.method"),
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_read_is_named_by_its_place_and_the_rest_is_read(entry, place):
    found = read(bundle("batch", {"resource": PATIENT}, entry, {"resource": FLAG}))
    assert [item.resource for item in found] == [PATIENT, None, FLAG]
    assert found[1].error.place == place
    assert found[1].error.reason
    assert found[1].error.remedy


def test_an_empty_bundle_holds_nothing_and_is_no_fault():
    assert read({"resourceType": "Bundle", "type": "searchset"}) == []


def test_a_byte_order_mark_is_no_fault():
    assert [item.resource for item in read(b"\xef\xbb\xbf" + json.dumps(PATIENT).encode())] == [PATIENT]


def test_numbers_keep_their_digits():
    content = b'{"resourceType":"Observation","valueQuantity":{"value":7.10},"x":{"value":7.1}}'
    (item,) = read(content)
    assert item.resource["valueQuantity"]["value"] == Numeral("7.10")
    assert isinstance(item.resource["valueQuantity"]["value"], Numeral)
    assert item.resource["x"]["value"] == 7.1


@pytest.mark.parametrize("digits", ["1e2", "0.12345678901234567890", "100.00", "12345678901234567.5"])
def test_numbers_a_float_would_change_are_kept_as_written(digits):
    (item,) = read(b'{"resourceType":"Observation","valueQuantity":{"value": ' + digits.encode() + b"}}")
    assert str(item.resource["valueQuantity"]["value"]) == digits


def test_a_key_that_stands_twice_sets_aside_only_its_own_item():
    twice = b'{"resourceType":"Flag","status":"active","status":"entered-in-error"}'
    content = b'{"resourceType":"Bundle","entry":[{"resource":' + twice + b'},{"resource":{"resourceType":"Patient"}}]}'
    first, second = read(content)
    assert "twice" in first.error.reason
    assert second.resource == {"resourceType": "Patient"}


def test_the_word_status_in_a_text_is_no_doubled_key():
    sly = {"resourceType": "Flag", "status": "active", "text": {"div": 'she wrote "status": and "status":'}}
    assert read(sly)[0].resource == sly
    assert read(json.dumps(sly).replace('\\"', "\\u0022").encode())[0].resource == sly


def test_bottomless_nesting_sets_aside_only_its_own_item():
    deep = b'{"resourceType":"Flag","x":' + b'{"x":' * 400 + b"1" + b"}" * 401
    content = b'{"resourceType":"Bundle","entry":[{"resource":' + deep + b'},{"resource":{"resourceType":"Patient"}}]}'
    first, second = read(content)
    assert "nests deeper" in first.error.reason
    assert second.resource == {"resourceType": "Patient"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b'<Patient xmlns="http://hl7.org/fhir"/>', "XML"),
        ('{"resourceType":"Patient"}'.encode("utf-16"), "UTF-16"),
        (b'{"resourceType":"Patient"', "not valid JSON"),
        (b'{"resourceType":"Patient","x":NaN}', "not valid JSON"),
        (b'{"name":"package"}', "no resourceType"),
        (b'"Patient"', "no record"),
        (b'{"exportId":"1","eventId":"kickoff"}\n{"exportId":"1","eventId":"status_page"}', "log of a bulk export"),
        (b'{"transactionTime":"2026-01-01","output":[],"error":[]}', "manifest of a bulk export"),
    ],
)
def test_what_cannot_be_opened_is_refused_whole_with_a_reason_and_a_remedy(content, words):
    with pytest.raises(StopError) as refusal:
        read(content)
    assert words in refusal.value.reason
    assert refusal.value.remedy


def test_a_refusal_holds_no_value_of_the_patient():
    with pytest.raises(ConnectorError) as refusal:
        read(b'{"resourceType":"Patient","name":[{"family":"Doe-Secret"}')
    assert "Secret" not in str(refusal.value)


def test_json_and_fhir_xml_are_recognised_and_other_things_are_not():
    assert recognises(b'  {"resourceType":"Patient"}', "x")
    assert recognises(b"\xef\xbb\xbf[", "x")
    assert recognises(b'<?xml version="1.0"?><Patient xmlns="http://hl7.org/fhir">', "x.xml")
    assert recognises(b"", "empty.ndjson")
    assert not recognises(b"MSH|^~\\&|", "x.hl7")
    assert not recognises(b"<ClinicalDocument xmlns='urn:hl7-org:v3'>", "x.xml")
    assert not recognises(b"%PDF", "x.pdf")


def test_errors_are_grouped_by_what_to_do():
    families = {error.family for error in (RetryError("x"), ItemError("p", "x"), StopError("x"))}
    assert families == {"retry", "skip", "stop"}


@pytest.mark.parametrize("kind", [None, 5, ["Patient"], {}])
def test_a_resource_of_no_kind_is_an_item_that_mapping_refuses_by_name(kind):
    found = read(bundle("batch", {"resource": {"resourceType": kind}}, {"resource": FLAG}))
    assert [item.resource for item in found] == [{"resourceType": kind}, FLAG]


def test_bundles_nested_as_deep_as_a_reader_goes_are_opened():
    value = PATIENT
    for _ in range(60):
        value = bundle("collection", {"resource": value})
    assert [item.resource for item in read(value)] == [PATIENT]


@pytest.mark.parametrize("digits", [b"9" * 10_000, b"1e999", b"123456789012345678901234567890"])
def test_a_number_larger_than_any_store_holds_costs_only_its_own_item(digits):
    sent = b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/ann"},'
    content = b"[" + sent + b'"valueQuantity":{"value":' + digits + b'}},{"resourceType":"Patient"}]'
    first, second = read(content)
    with pytest.raises(MappingError) as fault:
        map_resource(first.resource, NumberingContext())
    assert fault.value.place == "Observation.valueQuantity.value"
    assert second.resource == {"resourceType": "Patient"}
