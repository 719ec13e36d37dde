"""``beforehand users``: who signs in, in which role, in which team."""

from __future__ import annotations

from typing import Any

import click

from beforehand.care.needs.actions import release_work
from beforehand.doors.cli.output import json_option, print_json, print_table
from beforehand.doors.cli.run import as_option, audited_run, ready_home
from beforehand.record.access import MANAGE_USERS, require
from beforehand.record.models import Team, TeamMember, User
from beforehand.record.users import UserError, create_user, deactivate_user, set_password

ROLES = [role for role, _ in User.ROLES]


@click.group("users")
def command() -> None:
    """Add the people who sign in, and their teams."""


@command.command("list")
@json_option
def list_users(as_json: bool) -> None:
    """Users with their role and teams."""
    ready_home()
    teams: dict[int, list[str]] = {}
    for member in TeamMember.objects.filter(until=None).select_related("team"):
        teams.setdefault(member.user_id, []).append(member.team.name)
    rows: list[dict[str, Any]] = [
        {
            "user": user.username,
            "name": user.label,
            "role": user.role,
            "teams": teams.get(user.pk, []),
            "active": user.is_active,
        }
        for user in User.objects.order_by("username")
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ["user", "name", "role", "teams", ""],
        (
            [row["user"], row["name"], row["role"], ", ".join(row["teams"]), "" if row["active"] else "closed"]
            for row in rows
        ),
    )


@command.command("add")
@click.argument("username")
@click.option("--role", type=click.Choice(ROLES, case_sensitive=False), required=True)
@click.option("--team", "team_name", default="Care team", show_default=True, help="Made if there is none.")
@click.option("--name", default="", help="First and last name, as colleagues see it.")
@click.option("--credential", default="", help="RN, LCSW, PharmD ...")
@click.password_option(help="Asked for when not given.")
@as_option
def add_user(
    username: str, role: str, team_name: str, name: str, credential: str, password: str, as_user: str | None
) -> None:
    """Make an account. A second factor is set up at the first sign-in."""
    ready_home()
    first, _, last = name.rpartition(" ")
    with audited_run("users.add", as_user) as principal:
        require(principal, MANAGE_USERS)
        team, _made = Team.objects.get_or_create(name=team_name)
        try:
            create_user(
                username=username, role=role, by=principal, team=team, password=password,
                first_name=first, last_name=last, credential=credential,
            )  # fmt: skip
        except UserError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{username} can sign in, in team {team_name}.")


def _user(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise click.UsageError("no user of this home has that name; see `beforehand users list`")
    return user


@command.command("password")
@click.argument("username")
@click.password_option(help="Asked for when not given.")
@as_option
def give_password(username: str, password: str, as_user: str | None) -> None:
    """Give a colleague who forgot it a new password. Their sessions end."""
    ready_home()
    with audited_run("users.password", as_user) as principal:
        try:
            set_password(user=_user(username), password=password, by=principal, reason="forgotten")
        except UserError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{username} has a new password.")


@command.command("close")
@click.argument("username")
@click.option("--reason", required=True)
@as_option
def close_user(username: str, reason: str, as_user: str | None) -> None:
    """Close an account. What the person owned goes to the team's queue: nobody's work is left behind."""
    ready_home()
    with audited_run("users.close", as_user) as principal:
        user = _user(username)
        deactivate_user(user=user, by=principal, reason=reason)
        released = release_work(user=user, by=principal, reason=reason)
    click.echo(f"{username} can no longer sign in; {released} needs went to their teams' queues.")
