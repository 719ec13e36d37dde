"""The read side: resources leave exactly as they came."""

import json

import orjson
import pytest

from beforehand.clinical.fhir.bundles import Sent, bundle_of, json_of
from beforehand.clinical.quantities import Numeral
from beforehand.intake.connectors.fhir.connector import items

RECEIVED = b'{"resourceType":"Observation","text":{"div":"<div>7,10</div>"},"valueQuantity":{"value":7.10},"x":1.0}'


def test_a_resource_leaves_in_the_bytes_it_came_in():
    written = json_of(bundle_of([Sent(RECEIVED, "clinic")]))
    assert RECEIVED in written
    assert json.loads(written)["entry"][0]["link"][0]["url"] == "urn:beforehand:source:clinic"


def test_a_resource_read_by_the_connector_keeps_its_digits():
    (item,) = items(RECEIVED)
    written = json_of(bundle_of([Sent(item.resource, "clinic", "urn:uuid:1")]))
    assert b'"value":7.10' in written
    assert json.loads(written)["entry"][0]["fullUrl"] == "urn:uuid:1"
    assert json.loads(written)["entry"][0]["resource"] == json.loads(RECEIVED)


def test_bytes_alone_are_enough():
    assert json.loads(json_of(bundle_of([RECEIVED])))["entry"] == [{"resource": json.loads(RECEIVED)}]


def test_control_plain_json_would_turn_the_number_into_text():
    assert orjson.dumps({"value": Numeral("7.10")}) == b'{"value":"7.10"}'
    assert json_of({"value": Numeral("7.10")}) == b'{"value":7.10}'


def test_what_is_no_json_is_refused():
    with pytest.raises(TypeError):
        json_of({"value": object()})
