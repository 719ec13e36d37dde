"""A signed call: believed by its signature alone, kept before it is answered, answered once."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from beforehand.doors.inbox import webhook
from beforehand.intake import webhooks
from beforehand.intake.models import WebhookCall, WebhookSender
from beforehand.intake.quarantine import check_balance
from beforehand.intake.webhooks import add_webhook, remove_webhook, rotate_webhook, secret_of, signature_of
from beforehand.record.access import system_principal
from beforehand.record.models import AuditEvent, DirtyPatient, Message, Patient

pytestmark = pytest.mark.django_db
OPERATOR = system_principal("operator")
PATIENT = {
    "resourceType": "Patient", "id": "p1", "birthDate": "1944-02-08", "gender": "female",
    "name": [{"family": "Quillfeather", "given": ["Ada"]}],
}  # fmt: skip
BODY = json.dumps(PATIENT).encode()


@pytest.fixture(autouse=True)
def nobody_was_wrong() -> None:
    webhook.wrong_signatures.clear()


@pytest.fixture
def sender() -> WebhookSender:
    return add_webhook(source="st-brigid", by=OPERATOR)


def post(
    sender: WebhookSender, body: bytes = BODY, *, secret: str = "", at: datetime | None = None,
    late: timedelta = timedelta(), signature: str = "",
    public_id: str = "", media_type: str = "application/fhir+json", client: Client | None = None,
) -> Any:  # fmt: skip
    """One call, signed as the sender would."""
    moment = f"{((at or timezone.now()) - late).timestamp():.0f}"
    return (client or Client(enforce_csrf_checks=True)).post(
        f"/inbox/{public_id or sender.public_id}",
        body,
        content_type=media_type,
        headers={
            "Beforehand-Timestamp": moment,
            "Beforehand-Signature": signature or signature_of(secret or secret_of(sender), moment, body),
        },
    )


def test_a_signed_call_is_kept_answered_202_and_applied_with_its_trace(sender: WebhookSender) -> None:
    answer = post(sender)
    message = Message.objects.get()
    assert answer.status_code == 202
    assert answer.json()["message"] == message.pk
    assert answer.json()["bytes"] == len(BODY)
    assert (message.state, message.applied, message.source.name) == ("APPLIED", 1, "st-brigid")
    patient = Patient.unscoped.get()
    event = AuditEvent.objects.get(action="inbox:webhook: receive_call")
    assert event.principal == "system:intake"
    assert list(event.auditpatient_set.values_list("patient_id", flat=True)) == [patient.pk]
    assert not DirtyPatient.objects.exists()  # the rules ran at once
    assert check_balance() == []


def test_a_call_is_no_matter_of_cookies(sender: WebhookSender) -> None:
    answer = post(sender)
    assert not answer.cookies
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"secret": "bfh_" + "0" * 64}, "signature is not right"),
        ({"signature": "v1=00"}, "signature is not right"),
        ({"signature": "ünsinn"}, "signature is not right"),
        ({"late": timedelta(minutes=6)}, "5 minutes"),
        ({"late": -timedelta(minutes=16)}, "5 minutes"),
    ],
)
def test_what_is_not_signed_here_and_now_is_refused_and_nothing_kept(
    sender: WebhookSender, said: dict[str, Any], words: str
) -> None:
    answer = post(sender, **said)
    assert answer.status_code == 401
    assert words in answer.json()["error"]
    assert not Message.objects.exists()
    sender.refresh_from_db()
    assert words in sender.refused_why
    assert webhooks.refused_webhooks(timezone.now()) == [sender]


def test_another_body_under_a_right_signature_is_refused(sender: WebhookSender) -> None:
    moment = f"{timezone.now().timestamp():.0f}"
    signature = signature_of(secret_of(sender), moment, BODY)
    other = BODY.replace(b"1944", b"1945")
    assert post(sender, other, signature=signature).status_code == 401


def test_control_without_the_check_a_stranger_would_get_in(
    sender: WebhookSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "is_signed", lambda *_: True)
    assert post(sender, secret="bfh_wrong").status_code == 202
    assert Message.objects.count() == 1  # which the tests above would notice


def test_a_call_without_its_headers_says_which_are_needed(sender: WebhookSender) -> None:
    answer = Client().post(f"/inbox/{sender.public_id}", BODY, content_type="application/json")
    assert answer.status_code == 401
    assert "Beforehand-Signature" in answer.json()["error"]


def test_the_same_call_again_gets_the_stored_answer_and_changes_nothing(sender: WebhookSender) -> None:
    at = timezone.now()
    first, again = post(sender, at=at), post(sender, at=at)
    assert (again.status_code, again.content) == (202, first.content)
    assert Message.objects.count() == WebhookCall.objects.count() == 1


def test_control_without_the_stored_answer_a_replay_would_be_a_second_message(sender: WebhookSender) -> None:
    at = timezone.now()
    first = post(sender, at=at)
    WebhookCall.objects.all().delete()
    assert post(sender, at=at).content != first.content
    assert Message.objects.count() == 2


def test_the_same_bytes_signed_anew_are_a_duplicate(sender: WebhookSender) -> None:
    post(sender)
    post(sender, at=timezone.now() - timedelta(minutes=1))
    assert [one.duplicates for one in Message.objects.order_by("pk")] == [0, 1]
    assert Patient.unscoped.count() == 1


def test_while_a_secret_is_changed_both_hold_and_later_only_the_new_one(sender: WebhookSender) -> None:
    before = secret_of(sender)
    now = rotate_webhook(sender=sender, by=OPERATOR, reason="yearly")
    assert secret_of(now) != before
    assert post(now, secret=before).status_code == 202
    assert post(now, BODY + b" ").status_code == 202
    WebhookSender.objects.update(earlier_until=timezone.now() - timedelta(seconds=1))
    assert post(now, BODY + b"  ", secret=before).status_code == 401
    again = rotate_webhook(sender=sender, by=OPERATOR, reason="it leaked", overlap_days=0)
    assert post(again, BODY + b"   ", secret=secret_of(now)).status_code == 401


def test_a_sender_changing_over_may_sign_with_both(sender: WebhookSender) -> None:
    moment = f"{timezone.now().timestamp():.0f}"
    both = f"v1={'0' * 64}, {signature_of(secret_of(sender), moment, BODY)}"
    assert post(sender, signature=both).status_code == 202


def test_who_is_unknown_or_removed_finds_nothing_there_and_is_told_nothing(sender: WebhookSender) -> None:
    unknown = post(sender, public_id="nobody")
    nowhere = Client().post("/no/such/place/", BODY, content_type="application/json")
    remove_webhook(sender=sender, by=OPERATOR, reason="the contract ended")
    removed = post(sender)
    assert {unknown.status_code, removed.status_code, nowhere.status_code} == {404}
    assert unknown.content == removed.content
    assert b"webhook" not in unknown.content.lower()


def test_too_large_too_often_and_empty_are_refused_in_plain_words(
    sender: WebhookSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "LARGEST", len(BODY) - 1)
    assert post(sender).status_code == 413
    monkeypatch.undo()
    assert post(sender, b" ").status_code == 400
    WebhookSender.objects.update(per_minute=1)
    assert post(sender).status_code == 202
    slower = post(sender, BODY + b" ")
    assert (slower.status_code, slower["Retry-After"]) == (429, "30")
    assert Message.objects.count() == 1


def test_whoever_guesses_signatures_is_slowed_down(sender: WebhookSender) -> None:
    answers = [post(sender, signature="v1=00").status_code for _ in range(32)]
    assert answers == [401] * 30 + [429] * 2


def test_when_it_cannot_be_kept_the_answer_is_not_202(sender: WebhookSender, monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (OperationalError("locked"), OSError(28, "No space left on device")):

        def fails(*_: Any, error: Exception = error, **__: Any) -> Any:
            raise error

        monkeypatch.setattr(webhooks, "keep", fails)
        assert post(sender).status_code == 503
        assert not Message.objects.exists()


def test_what_cannot_be_applied_at_once_is_kept_and_answered(
    sender: WebhookSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(webhook, "take_up", fails)
    assert post(sender).status_code == 202
    assert Message.objects.get().state == "KEPT"  # each_minute takes it up


def test_nothing_of_a_call_stands_in_the_log(
    sender: WebhookSender, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    post(sender)
    post(sender, signature="v1=00")
    monkeypatch.setattr(webhook, "take_up", lambda _: (_ for _ in ()).throw(RuntimeError("Quillfeather")))
    post(sender, BODY + b" ")
    said = [record.getMessage() for record in caplog.records if not record.name.startswith("django.db")]
    assert said
    assert not [words for words in said if "Quillfeather" in words or secret_of(sender) in words]


def test_a_list_is_read_by_the_mapping_of_its_sender() -> None:
    mapping = b"format: 1\n"
    with pytest.raises(webhooks.WebhookError):
        add_webhook(source="plan", by=OPERATOR, mapping=mapping)
    plain = add_webhook(source="plan", by=OPERATOR)
    post(plain, b"id,name\n1,x\n", media_type="text/csv; charset=utf-8")
    assert Message.objects.get().state == "REFUSED"  # it says that the mapping is missing
    assert "columns mean" in Message.objects.get().reason


def test_the_time_of_a_call_is_judged_in_utc(sender: WebhookSender) -> None:
    assert post(sender, at=datetime.now(UTC)).status_code == 202
