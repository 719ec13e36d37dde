"""A small seeded crowd of hard pairs, always run; the whole of it is ``python -m bench.identity``."""

from __future__ import annotations

import pytest
from bench._identity_people import NEGATIVES, pairs
from bench.identity import Crowd, identifier_alone, on_our_people
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from beforehand.intake.apply import apply_message
from beforehand.intake.statements import state
from beforehand.record.access import principal_of
from beforehand.record.identity import (
    IdentityError,
    keep_apart,
    link_records,
    settle_statement,
    undo_decision,
    unlink_record,
)
from beforehand.record.models import (
    HouseSetting,
    LinkDecision,
    MatchKey,
    Patient,
    PersonRecord,
    PossibleMatch,
    Team,
    TeamMember,
    UnlinkedStatement,
    User,
)
from beforehand.record.store.canon import canonical_record
from beforehand.record.store.matching import FILED, file_all
from tests.unit.intake.bundles import SSN, bundle, observation, patient
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db
assert apply_message


@pytest.fixture
def sue() -> User:
    user = User.objects.create_user("sue", password="long-enough-words", role="SUPERVISOR")
    team, _ = Team.objects.get_or_create(name="Care team")
    member = TeamMember.objects.create(team=team, user=user)
    TeamMember.objects.filter(pk=member.pk).update(since=timezone.now() - timezone.timedelta(days=1))
    return user


def person(id_: str = "ann", ssn: str = "123-45-7890", **more: object) -> dict[str, object]:
    return patient(id_, identifier=[{"system": SSN, "value": ssn}], **more)


def people() -> int:
    return Patient.unscoped.filter(merged_into_id=None).count()


def records() -> list[int]:
    return list(PersonRecord.unscoped.order_by("id").values_list("pk", flat=True))


def test_nobody_of_nine_kinds_is_linked_falsely_and_hardly_anybody_is_missed() -> None:
    found = on_our_people(Crowd(), list(pairs(7, 360, 150)))
    assert found["false_links"] == 0
    assert set(found["kinds"]) == {*NEGATIVES, "one person"}
    assert found["recall_with_review"] >= 0.97
    assert found["recall_automatic"] >= 0.5


def test_control_identifier_alone_links_falsely() -> None:
    with identifier_alone():
        found = on_our_people(Crowd(), list(pairs(7, 90, 0)))
    assert found["false_links"] > 10


def test_number_of_questions_does_not_grow_with_people() -> None:
    crowd = Crowd()
    crowd.arrive("hospital", [pair.left for pair in pairs(3, 0, 150)])
    asked = []
    for count in (5, 60):
        strangers = [pair.left for pair in pairs(40 + count, 0, count)]
        with CaptureQueriesContext(connection) as questions:
            crowd.arrive("clinic", strangers)
        asked.append(len(questions))
    assert asked[1] <= asked[0] + 5


def test_records_are_filed_anew_when_keys_are_made_another_way() -> None:
    receive(bundle(person()), source="hospital")
    before = set(MatchKey.objects.values_list("person_record_id", "key"))
    MatchKey.objects.all().delete()
    assert file_all() == 0
    HouseSetting.objects.filter(name=FILED).delete()
    assert file_all() == 1
    assert set(MatchKey.objects.values_list("person_record_id", "key")) == before


@pytest.mark.parametrize(
    "other",
    [
        {"birthDate": "1951-03-01"},
        {"name": [{"family": "Weiss", "given": ["Carla"]}]},
        {"name": [{"family": "Reyes", "given": ["Nancy"]}]},
        {"gender": "male"},
    ],
)
def test_replaced_record_with_other_demographics_goes_to_review(other: dict[str, object]) -> None:
    receive(bundle(person()), source="hospital")
    replaces = [{"other": {"reference": "Patient/ann"}, "type": "replaces"}]
    receive(bundle(person("x", link=replaces, **other)), source="hospital")
    assert people() == 2
    assert PossibleMatch.objects.get(state="OPEN").why.startswith("their source says that one replaces the other; ")


def test_source_merges_only_its_own_records() -> None:
    receive(bundle(person("ann", name=[{"family": "Weiss", "given": ["Carla"]}])), source="clinic")
    replaces = [{"other": {"reference": "Patient/ann"}, "type": "replaces"}]
    receive(bundle(person("x", ssn="222-33-4444", link=replaces)), source="hospital")
    assert people() == 2


def test_two_records_of_one_source_are_not_joined_by_way_of_another() -> None:
    receive(bundle(person("a")), source="hospital")
    receive(bundle(person("b")), source="clinic")
    assert people() == 1
    receive(bundle(person("c")), source="hospital")
    assert people() == 2
    assert PossibleMatch.objects.filter(state="OPEN").exists()


def test_link_that_no_longer_agrees_is_doubted_not_undone() -> None:
    receive(bundle(person("a")), source="hospital")
    receive(bundle(person("b")), source="clinic")
    receive(bundle(person("b", birthDate="1950-01-03")), source="clinic")
    assert people() == 1
    doubt = PossibleMatch.objects.get(state="DOUBT")
    assert doubt.why.startswith("linked by ourselves, but since then: ")
    receive(bundle(person("b", birthDate="1950-03-01", gender="unknown")), source="clinic")
    assert not PossibleMatch.objects.filter(state="DOUBT").exists()


def test_new_member_number_stays_linked_and_a_new_record_links_by_the_rule_alone() -> None:
    plan = "https://plan.example/member"
    receive(bundle(person("a")), source="hospital")
    receive(bundle(person("b")), source="plan")
    receive(bundle(patient("b", identifier=[{"system": plan, "value": "LK-00099"}])), source="plan")
    assert people() == 1
    receive(bundle(patient("n", identifier=[{"system": plan, "value": "LK-00123"}])), source="registry")
    assert people() == 2
    assert PossibleMatch.objects.filter(state="OPEN").count() == 2


def test_number_given_to_another_person_is_set_aside() -> None:
    receive(bundle(person()), source="hospital")
    stranger = person(name=[{"family": "Weiss", "given": ["Carl"]}], birthDate="1971-07-07", gender="male")
    assert receive(bundle(stranger), source="hospital").counts.quarantined == 1
    receive(bundle(person("z", name=[{"family": "Weiss", "given": ["Carl"]}], birthDate="1971-07-07")), source="clinic")
    assert people() == 2
    assert "identifier" in PossibleMatch.objects.get().why


def test_keeping_apart_is_undone_and_waits_again(sue: User) -> None:
    receive(bundle(person()), source="hospital")
    receive(bundle(person("x", birthDate="1950-01-03")), source="clinic")
    left, right = records()
    by = principal_of(sue)
    before = canonical_record()
    keep_apart(left=left, right=right, by=by, reason="Cousins")
    assert PossibleMatch.objects.get().state == "APART"
    first = LinkDecision.objects.latest("pk")
    undo_decision(decision=first.pk, by=by, reason="A mistake")
    assert canonical_record() == before
    link_records(left=left, right=right, by=by, reason="Asked her")
    with pytest.raises(IdentityError, match="since"):
        undo_decision(decision=first.pk, by=by, reason="Again")
    undo_decision(decision=LinkDecision.objects.latest("pk").pk, by=by, reason="It was her cousin after all")
    assert canonical_record() == before


def test_undone_decision_is_not_made_again_by_itself(sue: User) -> None:
    receive(bundle(person()), source="hospital")
    receive(bundle(person("x", birthDate="1950-01-03")), source="clinic")
    left, right = records()
    by = principal_of(sue)
    link_records(left=left, right=right, by=by, reason="Asked her")
    undo_decision(decision=LinkDecision.objects.latest("pk").pk, by=by, reason="Not sure")
    receive(bundle(person("x")), source="clinic")
    assert people() == 2
    assert PossibleMatch.objects.get().state == "OPEN"


def test_what_was_entered_while_linked_waits_for_somebody(sue: User) -> None:
    receive(bundle(person()), source="hospital")
    receive(bundle(person("x", birthDate="1950-01-03")), source="clinic")
    left, right = records()
    by = principal_of(sue)
    link_records(left=left, right=right, by=by, reason="Asked her")
    joined = PersonRecord.unscoped.get(pk=right).patient_id
    said = {key: value for key, value in observation().items() if key not in ("id", "subject")}
    (fact,) = state(resource=said, patient_id=joined, by=sue)
    undone = unlink_record(record=right, by=by, reason="Two people")
    assert [number for number, _ in undone.to_review] == [fact]
    waiting = UnlinkedStatement.objects.get()
    assert (waiting.person_record_id, waiting.other_record_id, waiting.looked_at) == (left, right, None)
    settle_statement(resource=fact, by=by, reason="About Ann")
    assert UnlinkedStatement.objects.get().looked_at is not None
