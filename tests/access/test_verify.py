"""What ``verify`` says of access: rows that access cannot know are named, by number only."""

import pytest

from beforehand.record.models import BreakGlass, Enrolment, User
from beforehand.record.verify import check_access
from tests.access.people import enrol, make_fact, make_patient, make_team, make_user, open_glass, today

pytestmark = pytest.mark.django_db


def where():
    return [breach.where for breach in check_access()]


def test_sound_house_has_no_breach():
    team = make_team()
    patient = make_patient(team)
    make_fact("condition", patient, sensitivity="HIV SUD")
    open_glass(make_user("COORDINATOR", team), patient)
    assert check_access() == []


def test_label_nobody_may_see_is_named():
    fact = make_fact("condition", make_patient(), sensitivity="NOVEL")
    assert where() == ["fact_condition"]
    assert str(fact.pk) in check_access()[0].what


def test_labels_in_another_order_are_named():
    make_fact("condition", make_patient(), sensitivity="SUD HIV")
    assert where() == ["fact_condition"]


def test_unknown_role_is_named():
    user = make_user()
    User.objects.filter(pk=user.pk).update(role="KING")
    assert where() == [f"user {user.pk}"]


def test_enrolment_that_ends_before_it_begins_and_one_of_nobody_are_named():
    team, patient = make_team(), make_patient()
    backwards = enrol(patient, team, from_day=today(), until_day=today() - 1)
    homeless = enrol(patient, team)
    Enrolment.objects.filter(pk=homeless.pk).update(patient_id=987_654)
    assert where() == [f"enrolment {backwards.pk}", f"enrolment {homeless.pk}"]


def test_break_glass_without_a_reason_is_named():
    opened = open_glass(make_user(), make_patient())
    BreakGlass.objects.update(reason="")
    assert where() == [f"break_glass {opened.pk}"]
