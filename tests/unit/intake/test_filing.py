"""Paper is a source too: what does not say whose it is waits, a person files it, and that can be taken back."""

import json
from email.message import EmailMessage

import pytest

from beforehand.intake.blobs import read_blob
from beforehand.intake.filing import FilingError, can_file, document_of, file_message, take_back
from beforehand.intake.models import FiledItem, QuarantinedItem
from beforehand.intake.quarantine import check_balance
from beforehand.intake.replay import replay, written_ledger
from beforehand.record.access import PatientNotVisibleError, principal_of
from beforehand.record.models import FACT_MODELS, Message, PersonRecord, Team, TeamMember, User
from beforehand.record.store.canon import canonical_record
from tests.unit.intake.bundles import bundle, observation, patient
from tests.unit.intake.receiving import receive
from tests.unit.intake.test_replay import empty_the_house

pytestmark = pytest.mark.django_db
DOCUMENTS = FACT_MODELS["document_reference"].unscoped


def mail() -> bytes:
    letter = EmailMessage()
    letter["From"], letter["Subject"] = "desk@clinic.example", "The letter"
    letter.set_content("Here it is.")
    letter.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="letter.pdf")
    return bytes(letter)


@pytest.fixture
def sue():
    user = User.objects.create_user("sue", password="long-enough-words", role="SUPERVISOR")
    team, _ = Team.objects.get_or_create(name="Care team")
    TeamMember.objects.create(team=team, user=user)
    return principal_of(user)


@pytest.fixture
def arrived():
    """Two people, and an e-mail about one of them."""
    receive(bundle(patient("ann"), patient("bea")), source="hospital")
    receive(mail(), source="fax")
    return Message.objects.get(source__name="fax")


def person(number: int) -> int:
    return PersonRecord.unscoped.order_by("id")[number].patient_id


def counts(message: Message) -> dict[str, int]:
    message.refresh_from_db()
    return {name: getattr(message, name) for name in ("received", "applied", "quarantined")}


def test_a_mail_waits_as_one_item_until_it_is_filed_with_all_it_brought(sue, arrived):
    assert counts(arrived) == {"received": 1, "applied": 0, "quarantined": 1}
    file_message(message=arrived, patient_id=person(0), by=sue)
    assert set(DOCUMENTS.values_list("patient_id", "title")) == {
        (person(0), "The letter"), (person(0), "letter.pdf"),
    }  # fmt: skip
    assert counts(arrived) == {"received": 1, "applied": 1, "quarantined": 0}
    assert check_balance() == []


def test_filing_can_be_taken_back_and_filed_to_another(sue, arrived):
    file_message(message=arrived, patient_id=person(0), by=sue)
    take_back(message=arrived, by=sue)
    assert not DOCUMENTS.exists()
    assert counts(arrived) == {"received": 1, "applied": 0, "quarantined": 1}
    assert check_balance() == []
    file_message(message=arrived, patient_id=person(1), by=sue)
    assert set(DOCUMENTS.values_list("patient_id", flat=True)) == {person(1)}
    assert check_balance() == []


def test_only_what_names_nobody_is_filed(sue):
    receive(bundle(observation("early")), source="hospital")
    (waiting,) = QuarantinedItem.objects.all()
    assert not can_file(waiting.message)
    receive(bundle(patient("bea")), source="clinic")
    with pytest.raises(FilingError, match="says itself whose it is"):
        file_message(message=waiting.message, patient_id=person(0), by=sue)


def test_nobody_files_to_a_person_they_may_not_see(arrived):
    other = principal_of(User.objects.create_user("ned", password="long-enough-words", role="COORDINATOR"))
    with pytest.raises(PatientNotVisibleError):
        file_message(message=arrived, patient_id=person(0), by=other)
    assert not FiledItem.objects.exists()


def test_nobody_takes_back_what_was_filed_to_a_person_they_may_not_see(sue, arrived):
    file_message(message=arrived, patient_id=person(0), by=sue)
    other = principal_of(User.objects.create_user("ned", password="long-enough-words", role="COORDINATOR"))
    with pytest.raises(FilingError, match="may not see"):
        take_back(message=arrived, by=other)
    assert DOCUMENTS.count() == 2


def test_a_replay_files_it_again(sue, arrived):
    file_message(message=arrived, patient_id=person(1), by=sue)
    before = canonical_record()
    ledger = json.loads(json.dumps(list(written_ledger())))
    empty_the_house()
    replay(ledger, read_bytes=read_blob)
    assert canonical_record() == before
    assert FiledItem.objects.count() == 2


def test_the_bytes_of_each_part_are_shown_as_received(arrived):
    assert document_of(arrived, "attachment:1") == ("application/pdf", b"%PDF-1.4 x")
    assert document_of(arrived)[1] == mail() or b"Subject: The letter" in document_of(arrived)[1]
