"""``beforehand pull``: fetch from FHIR servers."""

from __future__ import annotations

import os
import sys
from typing import IO, Any

import click
from django.utils import timezone

from beforehand.care.needs.arrivals import catch_up, ready_to_receive
from beforehand.care.needs.operations import update_operations
from beforehand.doors.cli.output import Progress, json_option, print_json, print_table
from beforehand.doors.cli.run import as_option, audited_run, ready_home
from beforehand.doors.pull.clock import Clock
from beforehand.doors.pull.grants import forget_given_token, keep_given_token
from beforehand.doors.pull.keys import key_set
from beforehand.doors.pull.run import Outcome, run_pull
from beforehand.intake import pull_sources
from beforehand.intake.limits import MEGABYTE
from beforehand.intake.models import PullSource
from beforehand.record.access import INGEST, MANAGE_USERS, require


@click.group("pull")
def command() -> None:
    """Fetch records from FHIR servers: bulk exports and searches, resumed where they stood.

    Tokens are never given on the command line; what a server answers is kept under the source NAME.
    """


def _pull(name: str) -> PullSource:
    pull = pull_sources.pull_named(name)
    if pull is None:
        raise click.UsageError("no server of that name is asked; see `beforehand pull list`")
    return pull


@command.command("list")
@json_option
def list_pulls(as_json: bool) -> None:
    """Every server that is asked, and how it stands."""
    ready_home()
    rows: list[dict[str, Any]] = [
        {
            "name": one.source.name,
            "kind": one.kind.lower(),
            "url": one.url,
            "since": one.since,
            "last_done": one.last_done_at.isoformat(timespec="seconds") if one.last_done_at else "",
            "next": one.next_at.isoformat(timespec="seconds"),
            "trouble": f"{one.trouble} {one.remedy}".strip(),
        }
        for one in pull_sources.pulls()
    ]
    if as_json:
        print_json(rows)
        return
    print_table(["name", "kind", "url", "up to", "last done", "next", "trouble"], ([*row.values()] for row in rows))


def _level(group: str, is_patients: bool) -> str:
    if group and is_patients:
        raise click.UsageError("say --group or --all-patients, not both")
    return f"Group/{group}" if group else "Patient" if is_patients else ""


@command.command("add")
@click.argument("name")
@click.option("--url", required=True, help="The base of the FHIR server, such as https://fhir.example.org/r4.")
@click.option("--kind", type=click.Choice(["bulk", "search"]), required=True, help="An export of many, or searches.")
@click.option("--group", default="", metavar="ID", help="Bulk: the patients of this group only.")
@click.option("--all-patients", is_flag=True, help="Bulk: all patients; without --group or this, the whole system.")
@click.option(
    "--type",
    "types",
    multiple=True,
    metavar="TYPE",
    help="Only these types; repeat it. Of a search also `Observation?category=laboratory`.",
)
@click.option(
    "--patients",
    type=click.File("r"),
    metavar="FILE",
    help="Search: the server's ids of patients, one a line; - reads.",
)
@click.option("--since", default="", metavar="MOMENT", help="Begin with what changed since (2026-01-31T00:00:00Z).")
@click.option(
    "--auth",
    type=click.Choice(["key", "refresh", "bearer", "none"]),
    default="key",
    show_default=True,
    help="Our key (backend services), a refresh token, a token, or nothing.",
)
@click.option("--client-id", default="", help="Under which the server knows this installation.")
@click.option("--token-url", default="", help="Where tokens are given, if the server does not say or it is elsewhere.")
@click.option("--scope", default="", help="Scopes to ask for; of our key: system/*.rs.")
@click.option("--origin", "origins", multiple=True, help="A further place its answers may name; repeat it.")
@click.option("--every", type=int, default=None, metavar="MINUTES", help="How often; bulk 1440, search 60.")
@click.option("--per-second", type=float, default=pull_sources.PER_SECOND, show_default=True, help="Requests at most.")
@click.option(
    "--largest",
    type=int,
    default=pull_sources.LARGEST // MEGABYTE,
    show_default=True,
    metavar="MB",
    help="Largest file, unpacked.",
)
@click.option("--label", default="", help="The source as people know it.")
@as_option
def add(
    name: str, kind: str, group: str, all_patients: bool, patients: IO[str] | None, auth: str, largest: int,
    every: int | None, as_user: str | None, **rest: Any,
) -> None:  # fmt: skip
    """Ask a server from now on; what it answers is kept under NAME.

    \b
    beforehand pull add st-brigid --url https://fhir.example.org/r4 --kind bulk --group panel --client-id beforehand
    beforehand pull keys
    beforehand pull run st-brigid
    """
    ready_home()
    wish = pull_sources.Wish(
        name=name,
        kind=kind.upper(),
        level=_level(group, all_patients),
        patients=[line.strip() for line in patients if line.strip()] if patients is not None else [],
        authorisation=auth.upper(),
        largest_bytes=largest * MEGABYTE,
        every_minutes=every,
        **rest,
    )
    with audited_run("pull.add", as_user) as principal:
        try:
            pull = pull_sources.add_pull(wish=wish, by=principal)
        except pull_sources.PullError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{name} is asked from now on.")
    if pull.authorisation == "KEY":
        click.echo("Have the server's side register the keys that `beforehand pull keys` prints.")
    elif pull.authorisation != "NONE":
        click.echo(f"Give the token by `beforehand pull token {name}`.")


@command.command("keys")
def keys() -> None:
    """Print our public keys (a JWK Set) for a server to register. The private halves stay in the home."""
    ready_home()
    print_json(key_set())


@command.command("token")
@click.argument("name")
@click.option("--file", "file", type=click.File("r"), default=None, help="Read it from a file; - reads standard input.")
@click.option("--env", "variable", default="", metavar="VARIABLE", help="Read it from this environment variable.")
@as_option
def token(name: str, file: IO[str] | None, variable: str, as_user: str | None) -> None:
    """Keep the token, or refresh token, of a server; asked for unseen unless a file or a variable holds it."""
    ready_home()
    pull = _pull(name)
    if pull.authorisation not in ("REFRESH", "BEARER"):
        raise click.UsageError(f"{name} takes no token: it is asked with --auth {pull.authorisation.lower()}")
    with audited_run("pull.token", as_user) as principal:
        require(principal, MANAGE_USERS)
        given = (
            file.read()
            if file
            else os.environ.get(variable, "")
            if variable
            else click.prompt("Token", hide_input=True)
        )
        given = given.strip()
        if not given or not given.isascii() or not given.isprintable() or " " in given:
            raise click.ClickException("That is no token: it must be one word of plain letters, digits and marks.")
        keep_given_token(pull, given)
        pull_sources.ask_soon(pull)
    click.echo(f"The token of {name} is kept.")


@command.command("run")
@click.argument("name", required=False)
@click.option("--no-wait", is_flag=True, help="Do not sit out longer pauses; a later run goes on from there.")
@as_option
@json_option
def run(name: str | None, no_wait: bool, as_user: str | None, as_json: bool) -> None:
    """Fetch now, from NAME or from every server; goes on where the last run stood."""
    ready_home()
    chosen = [_pull(name)] if name else pull_sources.pulls()
    with audited_run("pull.run", as_user) as principal:
        require(principal, INGEST)
        ready_to_receive()
        patience = 5.0 if no_wait else 3600.0
        with Progress("fetching", " items") as bar:
            outcomes = [run_pull(pull, clock=Clock(), patience=patience, progress=bar.advance) for pull in chosen]
        if any(outcome.received for outcome in outcomes):
            catch_up(as_of=timezone.localdate())
        else:
            update_operations(as_of=timezone.localdate())
    if as_json:
        print_json([_as_json(outcome) for outcome in outcomes])
    else:
        for outcome in outcomes:
            click.echo(_words(outcome))
    if any(outcome.state == "TROUBLE" for outcome in outcomes):
        sys.exit(1)


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "state": outcome.state,
        "received": outcome.received,
        "applied": outcome.applied,
        "files": outcome.files,
        "requests": outcome.requests,
        "until": outcome.until.isoformat(timespec="seconds") if outcome.until else None,
        "trouble": outcome.trouble,
        "remedy": outcome.remedy,
        "notes": list(outcome.notes),
    }


def _words(outcome: Outcome) -> str:
    """One line, and one for each thing the server said went wrong."""
    taken = f"{outcome.received:,} items received, {outcome.applied:,} applied"
    if outcome.state == "BUSY":
        return f"{outcome.name}: another run is fetching from it just now"
    if outcome.state == "TROUBLE":
        said = f"{outcome.name}: {outcome.trouble} {outcome.remedy}"
    elif outcome.state == "WAITING" and outcome.until is not None:
        moment = timezone.localtime(outcome.until).strftime("%Y-%m-%d %H:%M:%S")
        said = f"{outcome.name}: {taken} so far; to be taken up again at {moment}"
    else:
        said = f"{outcome.name}: {taken}"
    return "\n".join([said, *(f"  {note}" for note in outcome.notes)])


@command.command("remove")
@click.argument("name")
@click.option("--reason", required=True)
@as_option
def remove(name: str, reason: str, as_user: str | None) -> None:
    """Ask a server no more. What came from it stays; its token is forgotten."""
    ready_home()
    pull = _pull(name)
    with audited_run("pull.remove", as_user) as principal:
        try:
            pull_sources.remove_pull(pull=pull, by=principal, reason=reason)
        except pull_sources.PullError as error:
            raise click.ClickException(str(error)) from error
        forget_given_token(pull)
    click.echo(f"{name} is asked no more.")
