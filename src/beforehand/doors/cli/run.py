"""What every command does around its work: the home is ready, somebody is named, one audit event is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, TypeVar

import click
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from beforehand.record.access import AccessRefusedError, Principal, principal_of, system_principal
from beforehand.record.audit import collecting, write_event
from beforehand.record.models import User
from beforehand.record.people import PatientUnknownError
from beforehand.record.seal import seal_pending

Command = TypeVar("Command", bound=Callable[..., Any])


def as_option(command: Command) -> Command:
    """``--as USER``: do it as this user, with what they may see; without it, as the home's operator."""
    return click.option(
        "--as", "as_user", metavar="USER", default=None, help="Do it as this user, seeing what they may see."
    )(command)


def ready_home() -> None:
    """Bring the tables of this home up to date; quick when they are."""
    call_command("migrate", verbosity=0, interactive=False)


def needs_home() -> None:
    """Stop with the remedy when this home holds nothing yet."""
    if "patient" not in connection.introspection.table_names():
        raise click.ClickException(
            "this home is empty: run `beforehand ingest FOLDER` or `beforehand demo` first, or set BEFOREHAND_HOME"
        )


def principal_named(username: str | None) -> Principal:
    """The principal a run is for: a user of this home, or its operator."""
    if username is None:
        return system_principal("operator")
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise click.UsageError("no active user of this home has that name; see `beforehand users list`")
    return principal_of(user)


@contextmanager
def audited_run(action: str, as_user: str | None = None) -> Iterator[Principal]:
    """Run a command for a principal; leave one audit event with the patients it touched, and seal it."""
    principal = principal_named(as_user)
    outcome = "FAILED"
    with collecting() as trail:
        try:
            yield principal
            outcome = "OK"
        except AccessRefusedError as refused:
            outcome = "REFUSED"
            raise click.ClickException(str(refused)) from refused
        except PatientUnknownError as unknown:
            outcome = "NOT_FOUND"
            raise click.ClickException(str(unknown)) from unknown
        finally:
            reason = "; ".join(trail.reasons)
            write_event(
                principal, f"cli.{action}", patients=trail.patients, method="CLI", outcome=outcome, reason=reason
            )
            seal_pending()


def day_or_today(as_of: date | None) -> date:
    """The day asked for, else today where the home is."""
    return as_of or timezone.localdate()
