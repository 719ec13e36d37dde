"""HL7 v2 messages through intake: what a sender says one message after another is what the record holds."""

from __future__ import annotations

import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from beforehand.intake.connectors.hl7v2.grammar import pieces
from beforehand.intake.models import QuarantinedItem
from beforehand.intake.quarantine import check_balance
from beforehand.record.models import FACT_MODELS, Item, Message, PersonIdentifier, PersonName, PersonRecord
from tests.unit.intake.hl7v2.mutants import FOLDER
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db
SHARED = Path(__file__).parents[5] / "shared" / "data" / "hl7v2-messages"
HEAD = "MSH|^~\\&|LAB|LAKEVIEW|B|C|{at}||{kind}|{number}|P|2.5.1\r"
PATIENT = "PID|1||5^^^LAKEVIEW^MR||Okafor^Grace||19510314|F\r"


def say(kind: str, at: str, *lines: str) -> Any:
    """One message of one patient."""
    head = HEAD.format(kind=kind, at=at, number=f"{kind[-3:]}{at}")
    return receive((head + PATIENT + "".join(f"{line}\r" for line in lines)).encode(), "lakeview", "m.hl7")


def facts(table: str) -> list[Any]:
    model: Any = FACT_MODELS[table]
    return list(model.unscoped.order_by("id"))


def messages_of(sample: str) -> list[bytes]:
    return list(pieces((FOLDER / sample).read_bytes()))


def test_a_stay_from_booking_to_a_discharge_that_was_taken_back() -> None:
    seen = []
    for message in messages_of("adt_stay.hl7"):
        applied = receive(message, "ward", "m.hl7")
        assert (applied.counts.received, applied.counts.applied) == (1, 1)
        (stay,) = facts("encounter")
        seen.append((stay.status, stay.start_at is not None, stay.end_at is not None, stay.discharge_disposition))
        assert stay.class_code == "IMP"
    assert [one[0] for one in seen] == [
        "planned", "in-progress", "in-progress", "in-progress", "in-progress", "finished", "in-progress", "finished",
    ]  # fmt: skip
    assert [one[1] for one in seen] == [False] + [True] * 7, "the discharge that says no admission keeps it"
    assert [one[2] for one in seen] == [False] * 5 + [True, False, True]
    home, nobody, nursing = (one[3] for one in seen[5:])
    assert home is not None
    assert nobody is None
    assert nursing not in (None, home)
    assert facts("encounter")[0].place_name.startswith("LAKEVIEW, 4W")
    assert len(facts("allergy")) == 2
    assert len(facts("condition")) == 1
    assert facts("condition")[0].verification == "confirmed"
    assert facts("coverage")[0].payor_name == "Prairie Health Plan"
    assert len(facts("observation")) == 2
    assert facts("care_team_member")[0].member_name == "Dr Per Lindqvist"
    assert {"http://hl7.org/fhir/sid/us-ssn", "urn:oid:2.16.840.1.113883.3.9999.1"} <= set(
        PersonIdentifier.unscoped.values_list("system", flat=True)
    )
    assert check_balance() == []


def test_messages_out_of_order_come_to_the_same_stay() -> None:
    for message in reversed(messages_of("adt_stay.hl7")):
        receive(message, "ward", "m.hl7")
    (stay,) = facts("encounter")
    assert (stay.status, stay.start_at is not None, stay.end_at is not None) == ("finished", True, True)


def test_a_result_after_the_discharge_does_not_bring_the_patient_back() -> None:
    visit = "PV1|1|I|4W||||||||||||||||V-1^^^LAKEVIEW^VN|||||||||||||||||||||||||20260301"
    say("ADT^A01", "20260301120000", visit)
    say("ADT^A03", "20260305120000", f"{visit}|20260305110000")
    say(
        "ORU^R01",
        "20260306120000",
        visit.replace("|I|", "|O|"),
        "OBR|1||F1^LAB|4548-4^A1c^LN",
        "OBX|1|NM|4548-4^A1c^LN||7.10|%|||||F",
    )
    (stay,) = facts("encounter")
    assert (stay.status, stay.class_code) == ("finished", "IMP")
    (result,) = facts("observation")
    assert (result.value_text, result.value_unit, result.status, result.encounter_id) == ("7.10", "%", "final", stay.id)


def test_a_correction_takes_the_place_of_the_result_and_a_wrong_one_is_withdrawn() -> None:
    first, second = messages_of("oru_results.hl7")
    receive(first, "lab", "m.hl7")
    before = {row.code: row for row in facts("observation")}
    assert len([row for row in before.values() if row.status == "preliminary"]) == 1
    receive(second, "lab", "m.hl7")
    after = {row.code: row for row in facts("observation")}
    corrected = [row for row in after.values() if row.status == "corrected"]
    assert [row.value_text for row in corrected] == ["4.9"]
    wrong = [row for row in after.values() if row.status == "entered-in-error"]
    assert [row.value_text for row in wrong] == [None], "the wrong creatinine is withdrawn"
    assert len(after) == len(before)
    assert [row.status for row in facts("diagnostic_report")] == ["corrected"]
    assert [row.status for row in facts("service_request")] == ["completed"]
    assert [row.status for row in facts("observation") if row.code == corrected[0].code] == ["corrected"]
    assert check_balance() == []


def test_a_status_alone_finishes_a_result_and_keeps_its_value() -> None:
    order, code = "OBR|1||F1^LAB|2345-7^Glucose^LN", "OBX|1|NM|2345-7^Glucose^LN|"
    say("ORU^R01", "20260301120000", order, f"{code}|99|mg/dL|||||P")
    say("ORU^R01", "20260301130000", order, f"{code}|||||||U")
    (result,) = facts("observation")
    assert (result.status, result.value_text) == ("final", "99")


def test_an_appointment_follows_its_messages() -> None:
    seen = []
    for message in messages_of("siu_appointments.hl7"):
        receive(message, "schedule", "m.hl7")
        (visit, *_) = facts("appointment")
        seen.append((visit.status, visit.start_at))
    assert [status for status, _ in seen][:5] == ["booked", "booked", "booked", "cancelled", "noshow"]
    assert seen[1][1] - seen[0][1] == 3600
    rows = facts("appointment")
    assert [row.status for row in rows] == ["noshow", "cancelled", "entered-in-error"], "the deleted one is withdrawn"
    assert rows[0].minutes == 30
    assert rows[0].place_name == "Heart clinic, LAKEVIEW, CARD, 3"
    assert rows[0].practitioner_id is not None


def test_a_prescription_is_filled_and_stopped() -> None:
    for message in messages_of("pharmacy.hl7"):
        receive(message, "pharmacy", "m.hl7")
    first, second = facts("medication_request")
    assert (first.status, second.status) == ("stopped", "active")
    assert first.dose_text == "5"
    (fill,) = facts("medication_dispense")
    assert (fill.days_supply, fill.supply_text, fill.request_id) == (30, "30", first.id)
    assert second.daily_text == "4"


def test_a_fill_does_not_restart_what_was_stopped_nor_a_first_result_an_order_called_off() -> None:
    messages = messages_of("pharmacy.hl7")
    for message in (messages[0], messages[2], messages[1].replace(b"20260308120000", b"20260501120000")):
        receive(message, "pharmacy", "m.hl7")
    assert [row.status for row in facts("medication_request")] == ["stopped"]
    assert len(facts("medication_dispense")) == 1
    order = "OBR|1|P7^WARD|F7^LAB|4548-4^A1c^LN"
    say("ORM^O01", "20260301120000", "ORC|NW|P7^WARD", order)
    say("ORM^O01", "20260302120000", "ORC|CA|P7^WARD", order)
    say("ORU^R01", "20260303120000", order, "OBX|1|NM|4548-4^A1c^LN||7|%|||||P")
    assert [row.status for row in facts("service_request")] == ["revoked"]
    say("ORU^R01", "20260304120000", order, "OBX|1|NM|4548-4^A1c^LN||7|%|||||F")
    assert [row.status for row in facts("service_request")] == ["completed"]


def test_vaccines_given_refused_told_of_and_taken_back() -> None:
    for message in messages_of("vxu_vaccines.hl7"):
        receive(message, "registry", "m.hl7")
    given, refused, history = facts("immunization")
    assert (given.status, refused.status, history.status) == ("completed", "not-done", "entered-in-error")
    assert given.dose_number == 2
    assert refused.status_reason is not None


def test_referrals_orders_and_documents_stand_as_their_last_message_says() -> None:
    for sample in ("ref_referral.hl7", "orders.hl7", "mdm_documents.hl7"):
        for message in messages_of(sample):
            receive(message, "ward", "m.hl7")
    assert Counter(row.status for row in facts("service_request")) == {"active": 2, "revoked": 2, "on-hold": 1}
    assert [row.status for row in facts("document_reference")] == ["superseded", "current", "entered-in-error"]
    assert [row.doc_status for row in facts("document_reference")][:2] == ["final", "final"]


def test_a_merge_links_the_old_record_within_the_sender_and_a_null_takes_away() -> None:
    for message in messages_of("adt_other.hl7"):
        receive(message, "ward", "m.hl7")
    records = list(PersonRecord.unscoped.order_by("pk"))
    assert len(records) == 2
    assert len({record.patient_id for record in records}) == 1, "A40 joins the two records of one sender"
    (visit,) = facts("encounter")
    assert (visit.status, visit.class_code) == ("cancelled", "EMER")
    assert set(PersonName.unscoped.values_list("family", flat=True)) == {"Petrov"}


def test_a_merge_of_another_kind_is_set_aside_with_its_reason() -> None:
    say("ADT^A01", "20260301120000")
    say("ADT^A18", "20260301130000", "MRG|6^^^LAKEVIEW^MR")
    (aside,) = QuarantinedItem.objects.all()
    assert "A18" in aside.reason
    assert "A40" in aside.remedy
    assert PersonRecord.unscoped.count() == 1


def test_what_is_not_made_into_facts_is_named() -> None:
    applied = say("ADT^A08", "20260301120000", "ZXY|1|own words", "GOL|AD|20260301")
    assert applied.counts.received == applied.counts.applied == 1
    assert applied.resources["MessageHeader"] == 1
    answer = receive(HEAD.format(kind="ACK", at="20260301", number="1").encode() + b"MSA|AA|1\r", "lakeview", "m.hl7")
    assert answer.counts.applied == answer.counts.kept == 1


def shared(archive: str) -> list[tuple[str, bytes]]:
    path = SHARED / archive
    if not path.exists():
        pytest.skip("the shared HL7 v2 messages are not beside this checkout")
    with tarfile.open(path) as packed:
        files = [(member.name, packed.extractfile(member)) for member in packed if member.isfile()]
        return sorted((name, stream.read()) for name, stream in files if stream is not None and name.endswith(".hl7"))


def test_every_shared_message_ends_applied() -> None:
    """88 messages of many senders; each file is its own sender here, since their numbers clash."""
    fates: Counter[str] = Counter()
    for archive in ("microsoft-fhir-converter.tar.gz", "cdc-trusted-intermediary.tar.gz"):
        for number, (name, content) in enumerate(shared(archive)):
            counts = receive(content, f"{archive[:3]}{number}", name).counts
            fates.update(applied=counts.applied, aside=counts.quarantined, refused=counts.refused)
            assert counts.received == 1, name
    assert dict(fates) == {"applied": 88, "aside": 0, "refused": 0}
    assert check_balance() == []
    assert Item.objects.count() > 1_000
    assert Message.objects.count() == 88
