"""Work is evidence: what a person says happened becomes a fact like any other, and can be taken back."""

from pathlib import Path

import pytest
from django.utils import timezone

from beforehand.clinical.tables import FACTS
from beforehand.intake.errors import SourceNameError, StatementError
from beforehand.intake.ingest import ingest_paths
from beforehand.intake.ledger import source_named
from beforehand.intake.provenance import older_version, provenance
from beforehand.intake.quarantine import check_balance
from beforehand.intake.statements import state, withdraw
from beforehand.intake.whose import reference_to
from beforehand.record.access import AccessRefusedError, PatientNotVisibleError, for_principal, principal_of
from beforehand.record.models import FACT_MODELS, DirtyPatient, Message, Patient, Source, Team, TeamMember, User
from tests.unit.intake.bundles import bundle, observation, patient
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db
WORK = "https://beforehand.example/fhir/CodeSystem/work"
CALL = {
    "resourceType": "Communication",
    "status": "completed",
    "category": [{"coding": [{"system": WORK, "code": "call"}]}],
    "sent": "2026-11-20T10:00:00-05:00",
}
STAY = {
    "resourceType": "Encounter",
    "id": "stay",
    "status": "finished",
    "class": {"code": "IMP"},
    "subject": {"reference": "Patient/ann"},
    "period": {"start": "2026-11-10", "end": "2026-11-18"},
}


@pytest.fixture
def dana() -> User:
    user = User.objects.create_user("dana", password="long-enough-words", role="COORDINATOR")
    team, _ = Team.objects.get_or_create(name="Care team")
    member = TeamMember.objects.create(team=team, user=user)
    TeamMember.objects.filter(pk=member.pk).update(since=timezone.now() - timezone.timedelta(days=1))
    return user


@pytest.fixture
def ann() -> int:
    receive(bundle(patient(), STAY, observation()))
    DirtyPatient.objects.all().delete()
    return int(Patient.unscoped.get().pk)


def test_call_becomes_a_fact_of_the_patient_about_the_stay(dana: User, ann: int) -> None:
    stay = FACT_MODELS["encounter"].unscoped.get()
    ids = state(resource={**CALL, "encounter": {"reference": reference_to(stay.pk)}}, patient_id=ann, by=dana)
    call = FACT_MODELS["communication"].unscoped.get(pk__in=ids)
    assert (call.patient_id, call.encounter_id, call.status) == (ann, stay.pk, "completed")
    assert DirtyPatient.objects.get().patient_id == ann
    message = Message.objects.order_by("-id")[0]
    assert message.source.kind == "PERSON" and message.source.user_id == dana.pk
    assert check_balance() == []


@pytest.mark.parametrize(
    ("table", "resource"),
    [
        ("appointment", {"resourceType": "Appointment", "status": "booked", "start": "2026-11-27T09:00:00-05:00",
                         "end": "2026-11-27T09:30:00-05:00", "participant": []}),
        ("task", {"resourceType": "Task", "status": "completed", "intent": "order",
                  "code": {"coding": [{"system": WORK, "code": "refill-request"}]}}),
        ("procedure", {"resourceType": "Procedure", "status": "completed", "performedDateTime": "2026-11-20",
                       "code": {"coding": [{"system": WORK, "code": "medication-reconciliation"}]}}),
        ("encounter", {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"},
                       "period": {"start": "2026-11-20", "end": "2026-11-20"}}),
        ("medication_dispense", {"resourceType": "MedicationDispense", "status": "completed",
                                 "whenHandedOver": "2026-11-20", "medicationCodeableConcept": {"text": "pills"}}),
        ("claim_response", {"resourceType": "ClaimResponse", "status": "active", "use": "preauthorization",
                            "outcome": "complete", "created": "2026-11-20", "type": {"text": "professional"},
                            "insurer": {"display": "Plan"}}),
        ("care_plan", {"resourceType": "CarePlan", "status": "active", "intent": "plan", "created": "2026-11-20"}),
    ],
)  # fmt: skip
def test_each_kind_of_statement_becomes_a_fact(dana: User, ann: int, table: str, resource: dict[str, object]) -> None:
    ids = state(resource=resource, patient_id=ann, by=dana)
    assert FACT_MODELS[table].unscoped.filter(pk__in=ids, patient_id=ann).exists()
    assert table in FACTS


def test_taking_a_statement_back_marks_it_entered_in_error(dana: User, ann: int) -> None:
    (call,) = state(resource=CALL, patient_id=ann, by=dana)
    with pytest.raises(StatementError, match="reason"):
        withdraw(fact_id=call, by=dana, reason="")
    DirtyPatient.objects.all().delete()
    withdraw(fact_id=call, by=dana, reason="Wrong patient.")
    assert FACT_MODELS["communication"].unscoped.get(pk=call).status == "entered-in-error"
    assert DirtyPatient.objects.get().patient_id == ann
    access = for_principal(principal_of(dana))
    found = provenance(access, "communication", call)
    assert found.as_sent["status"] == "entered-in-error"
    first = found.origin.versions[-1]
    assert older_version(access, "communication", call, first.item_id)["status"] == "completed"


def test_what_a_source_sent_is_not_taken_back_by_a_person(dana: User, ann: int) -> None:
    with pytest.raises(StatementError, match="sender"):
        withdraw(fact_id=FACT_MODELS["observation"].unscoped.get().pk, by=dana, reason="x")


def test_statement_about_somebody_elses_patient_is_refused(dana: User, ann: int) -> None:
    TeamMember.objects.all().delete()
    with pytest.raises(PatientNotVisibleError):
        state(resource=CALL, patient_id=ann, by=dana)
    administrator = User.objects.create_user("ada", password="long-enough-words", role="ADMINISTRATOR")
    with pytest.raises(AccessRefusedError):
        state(resource=CALL, patient_id=ann, by=administrator)


def test_statement_that_cannot_be_read_leaves_nothing_behind(dana: User, ann: int) -> None:
    before = Message.objects.count()
    with pytest.raises(StatementError):
        state(resource={**CALL, "sent": 7}, patient_id=ann, by=dana)
    assert Message.objects.count() == before


def test_sources_cannot_speak_of_other_sources_resources(ann: int) -> None:
    record = FACT_MODELS["patient_record"].unscoped.get().pk
    applied = receive(bundle(observation("forged", subject=reference_to(record))), source="stranger")
    assert applied.counts.applied == 0


def test_provenance_shows_the_words_as_sent(dana: User, ann: int) -> None:
    row = FACT_MODELS["observation"].unscoped.get()
    found = provenance(for_principal(principal_of(dana)), "observation", row.pk)
    assert found.as_sent == observation()
    assert found.origin.said.source == "clinic"
    assert '"4548-4"' in found.excerpt


def test_nobody_speaks_for_a_person_or_a_rule_by_handing_over_a_file(tmp_path: Path) -> None:
    source_named("rules of the organisation", kind="RULE")
    for name in ("user:1", "rules of the organisation"):
        with pytest.raises(SourceNameError, match="choose another name"):
            ingest_paths([str(tmp_path)], source_name=name)
    assert not Source.objects.exclude(kind="RULE").exists()
