"""The HL7 v2 connector keeps the promises of every connector, and more of its own: no mutant ends it or is lost."""

from __future__ import annotations

import pytest

from beforehand.intake.connectors.errors import StopError
from beforehand.intake.connectors.hl7v2 import connector
from tests.contracts.connector_suite import fate_of, readable, suite_for
from tests.unit.intake.hl7v2.mutants import SAMPLES, mutants

HEAD = b"MSH|^~\\&|A|B|||20260101||ORU^R01|1|P|2.5\rPID|1||5^^^B^MR||Doe^Jo\rOBR|1||7^L|1-8^x^LN\r"
TestHl7v2Connector = suite_for(
    "hl7v2",
    hostile={
        "only a header": b"MSH|^~\\&|",
        "no separators": b"MSH|",
        "alike separators": b"MSH|||||A|B|||20260101||ADT^A01|1|P|2.5\rPID|||5\r",
        "letters for separators": b"MSH|abcd|A\r",
        "a long field": HEAD + b"OBX|1|TX|2-6^y^LN||" + b"x" * 3_000_000,
        "many repetitions": HEAD + b"OBX|1|NM|2-6^y^LN||" + b"1~" * 500_000,
        "many components": HEAD + b"OBX|1|CE|2-6^y^LN||" + b"^" * 1_000_000,
        "many fields": HEAD + b"OBX" + b"|" * 1_000_000,
        "many segments": HEAD + b"NTE|1||a\r" * 100_000,
        "many messages": HEAD * 2_000,
        "many escapes": HEAD + b"OBX|1|TX|2-6^y^LN||" + b"\\X41\\\\T\\\\.sp999\\" * 100_000,
        "an escape without end": HEAD + b"OBX|1|TX|2-6^y^LN||" + b"\\X" + b"41" * 1_000_000,
        "many MSH": b"MSH|" * 200_000,
        "many lines of MSH": b"MSH|^~\\&\r" * 20_000,
        "many patients": b"MSH|^~\\&|A|B|||20260101||ADT^A08|1|P|2.5\r" + b"PID|1||5^^^B^MR||Doe^Jo\r" * 15_000,
        "digits without end": HEAD + b"OBX|1|NM|2-6^y^LN||" + b"9" * 100_000,
        "a range without end": HEAD + b"OBX|1|NM|2-6^y^LN||" + b"9" * 300_000 + b"x|mg|" + b"9" * 300_000 + b"x\r",
        "framing without end": b"MSH|^~\\&|A\r" + b"\x0b" * 1_000_000 + b"\x1c" * 1_000_000,
        "many orders": HEAD + b"OBR|1||7^L|1-8^x^LN\rOBX|1|ST|2-6^y^LN||a\r" * 9_000,
        "many carers": HEAD + b"ROL|1|AD|PP|7^Roe^Ann\r" * 19_000,
        "many numbers": HEAD.replace(b"PID|1||5", b"PID|1||" + b"".join(b"%d~" % n for n in range(900)) + b"5") * 100,
        "framing left in": b"\x0b" + HEAD + b"\x1c\r\x0b" + HEAD + b"\x1c\r",
        "wide letters": "\ufeffMSH|^~\\&|A|B|||20260101||ADT^A08|1|P|2.5\rPID|||5\r".encode("utf-16"),
        "half a wide letter": b"\xff\xfeM\x00S\x00H\x00|",
        "entities": HEAD + b"OBX|1|TX|2-6^y^LN||<!ENTITY a SYSTEM 'http://192.0.2.1/'>&a;\r",
    },
)


def test_no_mutant_ends_the_connector_and_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last wall is down, so a stumble of the connector itself fails the test."""
    monkeypatch.setattr(connector, "_FAULTS", ())
    units = 0
    for content in mutants(3_000, seed=20261123):
        try:
            found = list(connector.items(content, ""))
        except StopError as refusal:
            assert readable(refusal.reason), refusal.reason
            units += 1
            continue
        assert found
        assert [item.place for item in found] == list(range(len(found)))
        assert {item.unit for item in found} == set(range(1 + max(item.unit or 0 for item in found)))
        units += len({item.unit for item in found})
        for item in found:
            fate_of(item)
    assert units >= 3_000


def test_every_sample_message_is_mapped_whole() -> None:
    """The samples are of every supported type, and nothing of them is set aside."""
    kinds = set()
    for content in SAMPLES:
        for item in connector.items(content, ""):
            assert item.error is None, item.error
            assert item.resource is not None
            kinds.add(item.resource["resourceType"])
            assert fate_of(item) in ("mapped", "kept"), fate_of(item)
    assert kinds >= {
        "Patient", "Encounter", "Observation", "DiagnosticReport", "ServiceRequest", "Appointment", "MedicationRequest",
        "MedicationDispense", "Immunization", "DocumentReference", "Condition", "AllergyIntolerance", "Coverage",
        "RelatedPerson", "CareTeam", "Procedure", "ChargeItem", "Practitioner", "Organization", "Specimen",
    }  # fmt: skip
