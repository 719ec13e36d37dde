"""Accounts: made, changed and closed by an administrator. Nobody registers themselves; no e-mail is sent.

A person signs in with the first password, sets up the second factor, and may then change the password.
"""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from beforehand.record.access import MANAGE_USERS, Principal, require
from beforehand.record.audit import CHANGE, audited
from beforehand.record.models import Team, TeamMember, User
from beforehand.record.roles import ROLE_CAPABILITIES


class UserError(ValueError):
    """The account cannot be made or changed as asked; says what to do instead."""


@transaction.atomic
def create_user(
    *,
    username: str,
    role: str,
    by: Principal,
    team: Team | None = None,
    password: str = "",
    first_name: str = "",
    last_name: str = "",
    credential: str = "",
    reason: str = "",
) -> User:
    """Make an account. Without a password it cannot sign in until ``set_password`` gives it one."""
    require(by, MANAGE_USERS)
    _known_role(role)
    if not username or User.objects.filter(username__iexact=username).exists():
        raise UserError(f"the user name {username!r} is empty or taken: choose another")
    user = User(username=username, role=role, first_name=first_name, last_name=last_name, credential=credential)
    _give_password(user, password)
    user.save()
    if team is not None:
        TeamMember.objects.create(team=team, user=user)
    audited(by, "create_user", access=CHANGE, reason=f"user {user.pk}, {role}. {reason}")
    return user


@transaction.atomic
def set_password(*, user: User, password: str, by: Principal, reason: str) -> None:
    """Give a colleague who forgot it a new password. Their sessions end."""
    require(by, MANAGE_USERS)
    _give_password(user, password)
    user.save(update_fields=["password"])
    audited(by, "set_password", access=CHANGE, reason=f"user {user.pk}. {reason}")


@transaction.atomic
def reset_second_factor(*, user: User, by: Principal, reason: str) -> None:
    """Take away a lost second factor; the person sets up a new one at the next sign-in."""
    require(by, MANAGE_USERS)
    Authenticator.objects.filter(user=user).delete()
    _end_sessions(user)
    audited(by, "reset_second_factor", access=CHANGE, reason=f"user {user.pk}. {reason}")


@transaction.atomic
def change_role(*, user: User, role: str, by: Principal, reason: str) -> None:
    """Give a colleague another role. It counts from their next read on."""
    require(by, MANAGE_USERS)
    _known_role(role)
    before, user.role = user.role, role
    user.save(update_fields=["role"])
    audited(by, "change_role", access=CHANGE, reason=f"user {user.pk}, {before} to {role}. {reason}")


@transaction.atomic
def join_team(*, user: User, team: Team, by: Principal, reason: str) -> TeamMember:
    """Make a colleague a member of a team, from now on."""
    require(by, MANAGE_USERS)
    current = TeamMember.objects.filter(user=user, team=team, until=None).first()
    if current is not None:
        return current
    member = TeamMember.objects.create(user=user, team=team)
    audited(by, "join_team", access=CHANGE, reason=f"user {user.pk}, team {team.pk}. {reason}")
    return member


@transaction.atomic
def leave_team(*, user: User, team: Team, by: Principal, reason: str) -> None:
    """End a membership now. What the colleague owned goes to the team's queue with the next run."""
    require(by, MANAGE_USERS)
    TeamMember.objects.filter(user=user, team=team, until=None).update(until=timezone.now())
    audited(by, "leave_team", access=CHANGE, reason=f"user {user.pk}, team {team.pk}. {reason}")


@transaction.atomic
def deactivate_user(*, user: User, by: Principal, reason: str) -> None:
    """Close an account: from the next request on it may do and see nothing. It is never deleted."""
    require(by, MANAGE_USERS)
    user.is_active = False
    user.save(update_fields=["is_active"])
    _end_sessions(user)
    audited(by, "deactivate_user", access=CHANGE, reason=f"user {user.pk}. {reason}")


def _known_role(role: str) -> None:
    if role not in ROLE_CAPABILITIES:
        raise UserError(f"there is no role {role!r}; there are {', '.join(ROLE_CAPABILITIES)}")


def _give_password(user: User, password: str) -> None:
    if not password:
        user.set_unusable_password()
        return
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise UserError(" ".join(error.messages)) from error
    user.set_password(password)


def _end_sessions(user: User) -> None:
    """Session rows hold whose they are in signed form only, so each running one is opened to see."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()):
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
