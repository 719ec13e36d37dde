"""Accounts are made, changed and closed by those who may (``record.users``)."""

import pytest

from beforehand.record.access import AccessRefusedError, for_principal, principal_of, system_principal
from beforehand.record.models import AuditEvent, User
from beforehand.record.users import (
    UserError,
    change_role,
    create_user,
    deactivate_user,
    join_team,
    leave_team,
    reset_second_factor,
    set_password,
)
from tests.access.people import PASSWORD, make_patient, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator():
    return principal_of(make_user("ADMINISTRATOR"))


def test_administrator_makes_an_account_in_a_team(administrator):
    team = make_team()
    make_patient(team)
    user = create_user(username="dana", role="COORDINATOR", team=team, password=PASSWORD, by=administrator)
    assert user.check_password(PASSWORD)
    assert for_principal(principal_of(user)).patients().count() == 1
    assert AuditEvent.objects.get().action == "create_user"


def test_operator_of_the_home_makes_accounts_too():
    assert not create_user(username="dana", role="CLINICIAN", by=system_principal("operator")).has_usable_password()


@pytest.mark.parametrize("role", ["COORDINATOR", "SUPERVISOR", "PHARMACIST", "SOCIAL_WORKER", "CLINICIAN"])
def test_nobody_else_makes_or_changes_accounts(role):
    by = principal_of(make_user(role))
    user, team = make_user(), make_team()
    for attempt in (
        lambda: create_user(username="new", role="SUPERVISOR", by=by),
        lambda: change_role(user=user, role="SUPERVISOR", by=by, reason=""),
        lambda: set_password(user=user, password=PASSWORD, by=by, reason=""),
        lambda: reset_second_factor(user=user, by=by, reason=""),
        lambda: join_team(user=user, team=team, by=by, reason=""),
        lambda: leave_team(user=user, team=team, by=by, reason=""),
        lambda: deactivate_user(user=user, by=by, reason=""),
    ):
        with pytest.raises(AccessRefusedError):
            attempt()
    assert User.objects.count() == 2
    assert not AuditEvent.objects.exists()


def test_weak_password_unknown_role_and_taken_name_are_refused(administrator):
    for wrong in (
        {"username": "a", "role": "COORDINATOR", "password": "short"},
        {"username": "a", "role": "COORDINATOR", "password": "password1234"},
        {"username": "a", "role": "KING"},
        {"username": "", "role": "COORDINATOR"},
    ):
        with pytest.raises(UserError):
            create_user(by=administrator, **wrong)
    create_user(username="dana", role="COORDINATOR", by=administrator)
    with pytest.raises(UserError, match="taken"):
        create_user(username="DANA", role="COORDINATOR", by=administrator)


def test_leaving_a_team_and_closing_an_account_end_access(administrator):
    team = make_team()
    make_patient(team)
    user = make_user("COORDINATOR")
    join_team(user=user, team=team, by=administrator, reason="new here")
    join_team(user=user, team=team, by=administrator, reason="twice changes nothing")
    seen = for_principal(principal_of(user)).patients()
    assert seen.count() == 1
    leave_team(user=user, team=team, by=administrator, reason="moved")
    assert for_principal(principal_of(user)).patients().count() == 0
    deactivate_user(user=user, by=administrator, reason="left")
    assert not principal_of(User.objects.get(pk=user.pk)).capabilities


def test_closing_an_account_ends_its_sessions(administrator, signed_in, gate):
    user = make_user("COORDINATOR")
    client, other = signed_in(user), signed_in(make_user())
    assert client.get("/").status_code == 200
    deactivate_user(user=user, by=administrator, reason="left")
    assert client.get("/").status_code == 302
    assert other.get("/").status_code == 200


def test_lost_second_factor_is_set_up_anew(administrator, signed_in, gate):
    user = make_user("COORDINATOR")
    client = signed_in(user)
    reset_second_factor(user=user, by=administrator, reason="lost phone")
    assert client.get("/").status_code == 302
    assert "/2fa/" in signed_in(user, second_factor=False).get("/").headers["Location"]


def test_every_action_on_an_account_leaves_its_trace(administrator):
    user = make_user()
    change_role(user=user, role="SUPERVISOR", by=administrator, reason="promoted")
    set_password(user=user, password=PASSWORD, by=administrator, reason="forgot")
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == ["change_role", "set_password"]
