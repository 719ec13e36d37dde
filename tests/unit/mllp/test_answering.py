"""What one message is answered: the contract of DESIGN and TRUST, without a socket."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from beforehand.doors.mllp import answering
from beforehand.doors.mllp.answering import Answered, Call, apply_calls, keep_calls, unframed
from beforehand.doors.mllp.framing import FrameError
from beforehand.intake import numbered
from beforehand.intake.ledger import LINE
from beforehand.intake.models import Answer, QuarantinedItem
from beforehand.intake.quarantine import check_balance, refuse_item, refused_messages, retry_item
from beforehand.intake.senders import UNREGISTERED, SenderError, add_sender, remove_sender, senders, source_for
from beforehand.record.access import system_principal
from beforehand.record.models import FACT_MODELS, AuditEvent, Message, PersonRecord
from tests.factories.hl7_messages import NOW, admission, discharge

pytestmark = pytest.mark.django_db
OPERATOR = system_principal("operator")


@pytest.fixture(autouse=True)
def sender() -> None:
    add_sender(source="st-brigid", network="10.1.0.0/16", application="ADT1", by=OPERATOR)


def send(data: bytes, address: str = "10.1.2.3") -> tuple[list[str], Answered]:
    """What a sender gets back, its first answer first."""
    call = Call(data, address)
    answered = keep_calls([call])[0]
    replies = [call.accept] if answered is None and call.accept else []
    answered = answered or apply_calls([call])[0]
    return [one.decode("latin-1") for one in (*replies, *answered.replies)], answered


def codes(replies: list[str]) -> list[str]:
    """MSA-1 and MSA-2 of each answer."""
    found = [segment for reply in replies for segment in reply.split("\r") if segment.startswith("MSA|")]
    return ["|".join(segment.split("|")[1:3]) for segment in found]


def test_a_message_is_applied_and_accepted_under_its_own_number() -> None:
    replies, answered = send(admission("A-17"))
    assert codes(replies) == ["AA|A-17"]
    assert answered.stays_open
    stay = FACT_MODELS["encounter"].unscoped.get()
    assert answered.patients == {stay.patient_id}
    message = Message.objects.get()
    assert (message.received, message.applied, message.format) == (1, 1, "hl7v2")
    assert AuditEvent.objects.filter(action="mllp.receive", method="MLLP").count() == 1
    assert check_balance() == []


def test_the_same_message_again_gets_the_stored_answer_and_changes_nothing() -> None:
    first, _ = send(admission("1"))
    facts = FACT_MODELS["encounter"].unscoped.count()
    again, answered = send(admission("1"))
    assert again == first
    assert answered.patients == frozenset()
    assert FACT_MODELS["encounter"].unscoped.count() == facts
    assert [message.duplicates for message in Message.objects.order_by("pk")] == [0, 1]
    assert check_balance() == []


def test_control_answering_anew_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = send(admission("1"))
    Answer.objects.all().delete()
    monkeypatch.setattr(answering, "_moment", lambda now: "x")
    again, _ = send(admission("1"))
    assert codes(again) == codes(first)
    assert again != first  # another answer's number: only the stored one is the same byte for byte


def test_another_body_under_a_used_number_is_held_and_answered_so() -> None:
    send(admission("7"))
    replies, answered = send(admission("7", mrn="700999", family="STONE"))
    assert codes(replies) == ["AE|7"]
    assert "used before" in replies[0]
    assert answered.stays_open
    assert PersonRecord.unscoped.count() == 1
    item = QuarantinedItem.objects.get()
    assert (item.state, item.message.name, item.owner_team.is_operations) == ("OPEN", LINE, True)
    assert codes(send(admission("7", mrn="700999", family="STONE"))[0]) == ["AE|7"]  # and so it stays
    assert PersonRecord.unscoped.count() == 1
    assert check_balance() == []
    retry_item(item=item, by=OPERATOR)  # a person found that the number was given twice
    assert PersonRecord.unscoped.count() == 2
    assert not QuarantinedItem.objects.filter(state="OPEN").exists()
    assert check_balance() == []


def test_a_number_may_be_used_again_after_a_season(monkeypatch: pytest.MonkeyPatch) -> None:
    send(admission("7"))
    Answer.objects.update(at=NOW.astimezone() - numbered.NUMBER_STANDS - timedelta(days=1))
    assert codes(send(admission("7", mrn="700999", family="STONE"))[0]) == ["AA|7"]


def test_what_cannot_be_read_has_an_answer_a_quarantine_row_and_an_owner() -> None:
    replies, _ = send(b"\xff\xfe no header here")
    assert len(replies) == 1
    assert "MSA|AE" in replies[0]
    item = QuarantinedItem.objects.get()
    assert item.owner_team.is_operations
    assert item.reason == "It holds no MSH segment, so it is no HL7 v2 message."
    assert item.message.received == 1
    assert check_balance() == []
    retry_item(item=item, by=OPERATOR)
    assert QuarantinedItem.objects.get().state == "OPEN"
    refuse_item(item=item, by=OPERATOR, reason="Noise on the line.")
    assert Message.objects.get().refused == 1
    assert check_balance() == []


def test_unknown_senders_are_refused_counted_and_nothing_of_them_is_kept() -> None:
    for address, data in (("10.9.9.9", admission("1")), ("10.1.2.3", admission("2").replace(b"|ADT1|", b"|LAB9|"))):
        for _ in range(3):
            replies, answered = send(data, address)
            assert codes(replies)[0].startswith("AR|")
            assert not answered.stays_open
    assert PersonRecord.unscoped.count() == 0
    counted = {message.name: message.refused for message in refused_messages(OPERATOR)}
    assert counted == {"from 10.9.9.9": 3, "from 10.1.2.3": 3}
    assert {message.source.name for message in refused_messages(OPERATOR)} == {UNREGISTERED}
    assert not Message.objects.exclude(digest="").exists()
    assert check_balance() == []


def test_the_enhanced_mode_accepts_what_is_kept_and_answers_what_was_asked_for() -> None:
    assert codes(send(admission("1", more="|||AL|NE"))[0]) == ["CA|1"]
    assert codes(send(admission("2", more="|||AL|AL"))[0]) == ["CA|2", "AA|2"]
    assert codes(send(admission("3", more="|||NE|AL"))[0]) == ["AA|3"]
    assert send(admission("4", more="|||NE|NE"))[0] == []
    assert send(admission("5", more="|||ER|ER"))[0] == []
    first, again = send(admission("2", more="|||AL|AL"))[0], send(admission("2", more="|||AL|AL"))[0]
    assert first == again
    replies, _ = send(admission("6", more="|||AL|AL"), "10.9.9.9")
    assert codes(replies) == ["CR|6"]


def test_a_database_that_is_down_means_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object, **__: object) -> None:
        raise OperationalError("down")

    call = Call(admission("1"), "10.1.2.3")
    monkeypatch.setattr(numbered, "keep_all", down)
    with pytest.raises(OperationalError):
        keep_calls([call])[0]
    monkeypatch.undo()
    assert keep_calls([call])[0] is None
    monkeypatch.setattr(numbered, "apply_messages", down)
    with pytest.raises(OperationalError):
        apply_calls([call])[0]
    assert Message.objects.get().state == "KEPT"
    monkeypatch.undo()
    assert codes(send(admission("1"))[0]) == ["AA|1"]  # its sender sends again: the kept one is finished
    assert Message.objects.count() == 1
    assert check_balance() == []


def test_a_fault_nobody_foresaw_sets_the_message_aside_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = numbered.apply_messages

    def break_down(*_: object, **__: object) -> None:
        raise KeyError("unforeseen")

    call = Call(admission("1"), "10.1.2.3")
    assert keep_calls([call])[0] is None
    calls = iter((break_down, real))
    monkeypatch.setattr(numbered, "apply_messages", lambda *given, **named: next(calls)(*given, **named))
    answered = apply_calls([call])[0]
    assert codes([answered.replies[0].decode()]) == ["AE|1"]
    monkeypatch.undo()
    retry_item(item=QuarantinedItem.objects.get(), by=OPERATOR)
    assert FACT_MODELS["encounter"].unscoped.count() == 1
    assert check_balance() == []


def test_a_message_kept_before_a_hard_stop_is_taken_up() -> None:
    call = Call(admission("1"), "10.1.2.3")
    assert keep_calls([call])[0] is None
    taken_up = Call.taken_up(Message.objects.select_related("source").get())
    assert codes([apply_calls([taken_up])[0].replies[0].decode()]) == ["AA|1"]
    assert codes(send(admission("1"))[0]) == ["AA|1"]
    assert FACT_MODELS["encounter"].unscoped.count() == 1


def test_a_discharge_keeps_what_the_admission_said() -> None:
    send(admission("1", at=NOW - timedelta(days=3)))
    send(discharge("2", at=NOW))
    stay = FACT_MODELS["encounter"].unscoped.get()
    assert stay.status == "finished"
    assert None not in (stay.start_at, stay.end_at)


def test_what_is_too_large_is_refused_and_counted() -> None:
    answered = unframed(FrameError("The message is larger than 16 MB.", admission("9")[:2000]), "10.1.2.3")
    assert codes([answered.replies[0].decode()]) == ["AR|9"]
    assert not answered.stays_open
    assert refused_messages(OPERATOR).get().source.name == "st-brigid"
    assert unframed(FrameError("It has no frame.", b"GET /"), "10.9.9.9").replies == ()


def test_the_sender_described_most_closely_wins() -> None:
    add_sender(source="lab", application="LAB", by=OPERATOR)
    add_sender(source="ward", network="10.1.7.0/24", application="ADT1", facility="WARD", by=OPERATOR)
    assert source_for("10.1.7.1", "ADT1", "WARD").name == "ward"
    assert source_for("10.1.7.1", "ADT1", "OTHER").name == "st-brigid"
    assert source_for("::ffff:10.1.7.1", "ADT1", "").name == "st-brigid"
    assert source_for("192.0.2.1", "LAB", "ANY").name == "lab"
    assert source_for("192.0.2.1", "", "", is_readable=False) is None
    with pytest.raises(SenderError, match="no address"):
        add_sender(source="x", network="here", by=OPERATOR)
    with pytest.raises(SenderError, match="Say who"):
        add_sender(source="x", by=OPERATOR)
    with pytest.raises(SenderError, match="already"):
        add_sender(source="x", application="LAB", by=OPERATOR)


def test_a_removed_sender_is_unknown() -> None:
    remove_sender(sender=senders()[0], by=OPERATOR, reason="The contract ended.")
    assert codes(send(admission("1"))[0]) == ["AR|1"]


def test_messages_that_wait_together_are_answered_each_by_its_own() -> None:
    other = admission("3", mrn="700999", family="STONE")
    together = [admission("1"), admission("2"), admission("1"), other, other.replace(b"|ADT1|", b"|LAB9|"), b"noise"]
    calls = [Call(data, "10.1.2.3") for data in together]
    assert [answered is None for answered in keep_calls(calls)] == [True, True, True, True, False, True]
    replies = [one.replies[0].decode("latin-1") for one in apply_calls(calls)]
    assert codes(replies) == ["AA|1", "AA|2", "AA|1", "AA|3", "AR|3", "AE|"]
    assert replies[0] == replies[2]  # the same message twice is answered once
    assert PersonRecord.unscoped.count() == 2
    assert Message.objects.filter(name=LINE, state="APPLIED").count() == 4
    assert AuditEvent.objects.filter(action="mllp.receive").count() == 1
    assert check_balance() == []


def test_two_bodies_under_one_number_that_wait_together_are_not_both_applied() -> None:
    calls = [Call(admission("7"), "10.1.2.3"), Call(admission("7", mrn="700999", family="STONE"), "10.1.2.3")]
    keep_calls(calls)
    assert codes([one.replies[0].decode() for one in apply_calls(calls)]) == ["AA|7", "AE|7"]
    assert PersonRecord.unscoped.count() == 1


def test_one_message_that_nobody_foresaw_does_not_spoil_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    real, broken = numbered.apply_messages, admission("2", mrn="700999", family="STONE")

    def stumbles(source: object, messages: object) -> object:
        if any(data == broken and message.state == "KEPT" for message, data in messages):
            raise RuntimeError("unforeseen")
        return real(source, messages)

    monkeypatch.setattr(numbered, "apply_messages", stumbles)
    calls = [Call(data, "10.1.2.3") for data in (admission("1"), broken, discharge("3"))]
    keep_calls(calls)
    assert codes([one.replies[0].decode() for one in apply_calls(calls)]) == ["AA|1", "AE|2", "AA|3"]
    assert check_balance() == []
