"""Whose patients a principal sees."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.utils import timezone

from beforehand.clinical.fhir.labels import sensitivity_of
from beforehand.record.access import (
    READ_RECORD,
    WORK_NEEDS,
    AccessRefusedError,
    PatientNotVisibleError,
    for_principal,
    may_see,
    principal_of,
    require,
    system_principal,
)
from beforehand.record.audit import collecting
from beforehand.record.models import Patient, TeamMember, User
from beforehand.record.models.scoping import UnscopedAccessError
from beforehand.record.roles import LABELS, ROLE_LABELS, visible_sensitivities
from tests.access.people import enrol, join, make_fact, make_patient, make_team, make_user, open_glass, today

pytestmark = pytest.mark.django_db


SAID = ("SUD", "PSY", "HIV", "SEX", "SDV", "R")


def seen_by(user):
    return set(for_principal(principal_of(user)).patients().values_list("pk", flat=True))


def test_a_member_sees_the_people_the_team_works_for_and_nobody_else():
    ours, theirs = make_team(), make_team()
    mine, other = make_patient(ours), make_patient(theirs)
    user = make_user("COORDINATOR", ours)
    assert seen_by(user) == {mine.pk}
    assert seen_by(make_user("COORDINATOR", theirs)) == {other.pk}
    assert seen_by(make_user("COORDINATOR")) == set()


def test_membership_that_ended_shows_nobody():
    team = make_team()
    make_patient(team)
    user = make_user()
    join(user, team, until=timezone.now() - timedelta(seconds=1))
    assert seen_by(user) == set()


def test_enrolment_counts_from_its_first_day_and_no_longer_on_its_until_day():
    team = make_team()
    user = make_user("COORDINATOR", team)
    starts_today, starts_tomorrow, ended_today, ends_tomorrow = (make_patient() for _ in range(4))
    enrol(starts_today, team, from_day=today())
    enrol(starts_tomorrow, team, from_day=today() + 1)
    enrol(ended_today, team, until_day=today())
    enrol(ends_tomorrow, team, until_day=today() + 1)
    assert seen_by(user) == {starts_today.pk, ends_tomorrow.pk}


def test_break_glass_opens_one_patient_until_it_expires():
    patient, other = make_patient(make_team()), make_patient(make_team())
    user = make_user()
    open_glass(user, patient)
    open_glass(user, other, hours=4, began_hours_ago=4.01)
    assert seen_by(user) == {patient.pk}


def test_break_glass_of_a_colleague_opens_nothing():
    patient = make_patient(make_team())
    open_glass(make_user(), patient)
    assert seen_by(make_user()) == set()


def test_administrator_sees_no_patient_even_as_a_member_with_break_glass():
    team = make_team()
    patient = make_patient(team)
    user = make_user("ADMINISTRATOR", team)
    open_glass(user, patient)
    assert seen_by(user) == set()


def test_deactivated_user_sees_nobody():
    team = make_team()
    make_patient(team)
    assert seen_by(make_user("COORDINATOR", team, is_active=False)) == set()


@pytest.mark.parametrize("change", ["deactivate", "change role", "leave team", "end enrolment"])
def test_a_change_counts_at_the_next_read_of_a_job_already_running(change):
    team = make_team()
    patient = make_patient(team)
    user = make_user("COORDINATOR", team)
    access = for_principal(system_principal("jobs", on_behalf_of=principal_of(user)))
    assert access.patients().count() == 1
    make_fact("observation", patient)
    some = access.among([patient.pk])
    assert some.facts("observation").exists()
    if change == "deactivate":
        User.objects.filter(pk=user.pk).update(is_active=False)
    elif change == "change role":
        User.objects.filter(pk=user.pk).update(role="ADMINISTRATOR")
    elif change == "leave team":
        TeamMember.objects.filter(user=user).update(until=timezone.now())
    else:
        patient_enrolment = enrol(patient, make_team())
        type(patient_enrolment).objects.filter(team=team).update(until_day=today())
    assert access.patients().count() == 0
    assert not access.of(patient.pk).facts("observation").exists()
    assert not some.facts("observation").exists()


def test_system_principals_see_everyone_but_do_only_what_is_listed():
    make_patient()
    lookahead = system_principal("lookahead")
    assert for_principal(lookahead).patients().count() == 1
    with pytest.raises(AccessRefusedError, match="system:lookahead may not work needs"):
        require(lookahead, WORK_NEEDS)
    with pytest.raises(AccessRefusedError, match="no system principal is called 'nobody'"):
        system_principal("nobody")


def test_job_for_a_person_may_do_no_more_than_the_person():
    job = system_principal("operator", on_behalf_of=principal_of(make_user("CLINICIAN")))
    require(job, READ_RECORD)
    with pytest.raises(AccessRefusedError):
        require(job, WORK_NEEDS)


def test_require_asks_the_database_again():
    user = make_user("COORDINATOR")
    principal = principal_of(user)
    require(principal, WORK_NEEDS)
    User.objects.filter(pk=user.pk).update(is_active=False)
    with pytest.raises(AccessRefusedError):
        require(principal, WORK_NEEDS)


def test_enrolment_follows_a_linked_record_to_the_surviving_patient_and_back():
    team = make_team()
    user = make_user("COORDINATOR", team)
    merged, survivor = make_patient(team), make_patient(make_team())
    assert seen_by(user) == {merged.pk}
    Patient.unscoped.filter(pk=merged.pk).update(merged_into_id=survivor.pk)
    assert seen_by(user) == {survivor.pk}
    access = for_principal(principal_of(user))
    assert access.patient(merged.pk).pk == survivor.pk
    make_fact("observation", survivor)
    assert access.of(survivor.pk).facts("observation").count() == 1
    Patient.unscoped.filter(pk=merged.pk).update(merged_into_id=None)
    assert seen_by(user) == {merged.pk}


def test_patient_out_of_reach_and_patient_that_does_not_exist_look_the_same():
    access = for_principal(principal_of(make_user("COORDINATOR", make_team())))
    hidden = make_patient(make_team())
    messages = []
    for number in (hidden.pk, 987_654):
        with pytest.raises(PatientNotVisibleError) as refused:
            access.patient(number)
        messages.append(str(refused.value).replace(f"patient {number} ", "patient N "))
    assert messages[0] == messages[1]


def test_naming_a_patient_notes_them_for_the_audit_trail():
    team = make_team()
    patient = make_patient(team)
    with collecting() as trail:
        for_principal(principal_of(make_user("COORDINATOR", team))).patient(patient.pk)
    assert trail.patients == {patient.pk: "READ"}


def test_may_see_asks_for_every_patient():
    team = make_team()
    ours, theirs = make_patient(team), make_patient()
    principal = principal_of(make_user("COORDINATOR", team))
    assert may_see(principal, [ours.pk])
    assert not may_see(principal, [ours.pk, theirs.pk])


def test_patient_data_without_a_principal_raises():
    with pytest.raises(UnscopedAccessError):
        Patient.objects.all()


def test_scoped_manager_answers_a_principal():
    team = make_team()
    patient = make_patient(team)
    make_patient()
    principal = principal_of(make_user("COORDINATOR", team))
    assert [row.pk for row in Patient.objects.for_principal(principal)] == [patient.pk]


@pytest.mark.parametrize("role", sorted(ROLE_LABELS))
@pytest.mark.parametrize("label", sorted(LABELS))
def test_each_role_sees_exactly_the_labels_of_its_row(role, label):
    team = make_team()
    patient = make_patient(team)
    plain, labelled = make_fact("condition", patient), make_fact("condition", patient, sensitivity=label)
    access = for_principal(principal_of(make_user(role, team)))
    expected = set() if role == "ADMINISTRATOR" else {plain.pk}
    if label in ROLE_LABELS[role]:
        expected.add(labelled.pk)
    assert set(access.facts("condition").values_list("pk", flat=True)) == expected
    assert set(access.of(patient.pk).facts("condition").values_list("pk", flat=True)) == expected
    assert access.sees_label(label) == (label in ROLE_LABELS[role])


def test_fact_with_two_labels_needs_both():
    team = make_team()
    make_fact("condition", make_patient(team), sensitivity="MENTAL SUD")
    for role, count in (("COORDINATOR", 1), ("SOCIAL_WORKER", 0)):
        assert for_principal(principal_of(make_user(role, team))).facts("condition").count() == count


def test_label_nobody_knows_is_hidden_from_every_role():
    team = make_team()
    make_fact("condition", make_patient(team), sensitivity="NOVEL")
    for role in ROLE_LABELS:
        assert not for_principal(principal_of(make_user(role, team))).facts("condition").exists()
    assert for_principal(system_principal("intake")).facts("condition").count() == 1


def test_a_fact_with_several_labels_is_seen_by_who_may_see_each_of_them():
    """However the sender orders them: what the mapping writes is what the access function looks for."""
    stated = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code} for code in SAID]
    for size in range(1, len(stated) + 1):
        for chosen in permutations(stated, size):
            found = sensitivity_of(list(chosen))
            assert found in visible_sensitivities(frozenset(found.split()))


def test_visible_sensitivities_lists_every_combination():
    assert visible_sensitivities(frozenset({"SUD", "HIV"})) == ["", "HIV", "SUD", "HIV SUD"]
    assert len(visible_sensitivities(frozenset(LABELS))) == 64


def test_the_three_ways_of_asking_agree_for_every_relation():
    team = make_team()
    user = make_user("COORDINATOR", team)
    everyone = [make_patient(team), make_patient(make_team()), make_patient(), make_patient(make_team())]
    open_glass(user, everyone[2])
    merged = make_patient(team, merged_into_id=everyone[3].pk)
    everyone.append(merged)
    ended = make_patient()
    enrol(ended, team, until_day=today())
    everyone.append(ended)
    for patient in everyone:
        make_fact("observation", patient)
    access, numbers = for_principal(principal_of(user)), [patient.pk for patient in everyone]

    def owners(rows):
        return set(rows.values_list("patient_id", flat=True))

    one_by_one = {number for number in numbers if access.of(number).facts("observation").exists()}
    expected = {everyone[0].pk, everyone[2].pk, everyone[3].pk, merged.pk}
    assert one_by_one == owners(access.facts("observation")) == expected
    assert owners(access.among(numbers).facts("observation")) == expected
    assert owners(access.among(range(10_000)).facts("observation")) == expected


def test_one_read_is_one_query_however_many_patients(django_assert_num_queries):
    team = make_team()
    user = make_user("COORDINATOR", team)
    for _ in range(5):
        make_fact("observation", make_patient(team))
    access = for_principal(principal_of(user))
    with django_assert_num_queries(1):
        assert len(access.facts("observation")) == 5
