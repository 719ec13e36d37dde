"""All raw bytes and people's decisions, of every format and of a line, put through anew, give the same record."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from beforehand.doors.mllp.answering import Call, apply_calls, keep_calls
from beforehand.intake.apply import apply_message
from beforehand.intake.blobs import read_blob
from beforehand.intake.connectors import ccda
from beforehand.intake.ledger import keep, source_named
from beforehand.intake.models import QuarantinedItem
from beforehand.intake.quarantine import check_balance, refuse_item, retry_item
from beforehand.intake.replay import replay, written_ledger
from beforehand.intake.senders import add_sender
from beforehand.record.access import system_principal
from beforehand.record.identity import check_links
from beforehand.record.models import Message
from beforehand.record.store.canon import canonical_record
from tests.factories.hl7_messages import NOW, admission, discharge
from tests.unit.intake.bundles import bundle, observation, patient
from tests.unit.intake.test_replay import empty_the_house

pytestmark = pytest.mark.django_db
OPERATOR = system_principal("operator")


def receive(content: bytes, source: str, name: str = "test.json") -> None:
    apply_message(keep(data=content, source=source_named(source), name=name, received_at=timezone.now()))


def over_the_line(data: bytes) -> None:
    call = Call(data, "10.1.2.3")
    assert keep_calls([call])[0] is None
    apply_calls([call])[0]


def fill() -> None:
    """FHIR, HL7 v2 and C-CDA; late and partial, held and let in, held and refused, unreadable."""
    add_sender(source="st-brigid", network="10.0.0.0/8", by=OPERATOR)
    receive(bundle(observation("early"), patient()), source="clinic")
    over_the_line(discharge("2", at=NOW))
    over_the_line(admission("1", at=NOW - timedelta(days=4)))
    over_the_line(admission("1", mrn="700999", family="STONE", given="AL"))  # the number again, another body
    over_the_line(admission("2", mrn="700777", family="VOSS", given="IDA"))
    over_the_line(b"no header")
    let_in, refused, _ = QuarantinedItem.objects.order_by("pk")
    retry_item(item=let_in, by=OPERATOR)
    refuse_item(item=refused, by=OPERATOR, reason="The interface was tested.")
    for path in sorted((Path(ccda.__path__[0]) / "samples").glob("*.xml")):
        receive(path.read_bytes(), source="portal", name=path.name)
    receive(admission("file", mrn="700123", at=NOW - timedelta(days=4)), source="file drop", name="adt.hl7")


def test_every_format_and_every_decision_replays_to_the_same_record() -> None:
    fill()
    assert set(Message.objects.values_list("format", flat=True)) >= {"fhir", "hl7v2", "ccda"}
    before = canonical_record()
    ledger = json.loads(json.dumps(list(written_ledger())))
    assert {entry["entry"] for entry in ledger} == {"message", "refusal", "release"}
    empty_the_house()
    replay(ledger, read_bytes=read_blob)
    after = canonical_record()
    assert {name for name in before if before[name] != after[name]} == set()
    assert [*check_balance(), *check_links()] == []


def test_control_a_replay_that_forgets_what_was_held_differs() -> None:
    fill()
    before = canonical_record()
    ledger = [{**entry, "held": ""} for entry in written_ledger() if entry["entry"] == "message"]
    empty_the_house()
    replay(ledger, read_bytes=read_blob)
    assert canonical_record()["item"] != before["item"]
