"""The FHIR connector keeps the promises of every connector."""

from types import ModuleType

import pytest

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.fhir.connector import items
from beforehand.intake.connectors.items import RawItem
from tests.contracts.connector_suite import ConnectorSuite, fate_of, readable, suite_for

TestFhirConnector = suite_for(
    "fhir",
    hostile={
        "no number": b'{"resourceType":"Observation","valueQuantity":{"value":NaN}}',
        "infinity": b'{"resourceType":"Observation","valueQuantity":{"value":1e999}}',
        "a number without end": b'{"resourceType":"Observation","valueQuantity":{"value":' + b"9" * 100_000 + b"}}",
        "digits without end": b'{"resourceType":"Observation","valueQuantity":{"value":0.' + b"1" * 100_000 + b"}}",
        "doubled key": b'{"resourceType":"Patient","id":"a","id":"b"}',
        "a bundle that is no list": b'{"resourceType":"Bundle","entry":{"resource":{}}}',
        "bundles in bundles": b'{"resourceType":"Bundle","entry":[{"resource":' * 120 + b"{}" + b"}]}" * 120,
        "wide": b'{"resourceType":"Bundle","entry":[' + b"{}," * 200_000 + b"{}]}",
        "colons": b'{"resourceType":"Patient","text":"' + b'\\":' * 300_000 + b'"}',
    },
)


def test_control_a_connector_that_forgets_its_place_fails_the_suite():
    class Forgetful(ModuleType):
        calls = 0

        def items(self, content: bytes, name: str = "") -> list[RawItem]:
            self.calls += 1
            return [RawItem(self.calls, {"resourceType": "Patient"})]

    suite = type("Suite", (ConnectorSuite,), {"connector": Forgetful("x"), "samples": TestFhirConnector.samples})
    with pytest.raises(AssertionError):
        suite().test_the_same_bytes_give_the_same_items_numbered_in_order()


def test_control_a_reason_nobody_can_read_fails_the_suite():
    assert not readable("AttributeError: 'NoneType' object has no attribute 'get'")
    with pytest.raises(AssertionError):
        fate_of(RawItem(0, None, error=ItemError("line 1", "<class 'dict'>")))


def test_a_bundle_whose_entries_have_another_name_is_not_taken_for_an_empty_one():
    (item,) = items(b'{"resourceType": "Bundle", "type": "searchset", "entries": [{"resource": {}}]}')
    assert item.error is not None
    assert list(items(b'{"resourceType": "Bundle", "type": "searchset", "total": 0, "link": []}')) == []
