"""``beforehand forecast``: one person's next 90 days."""

from __future__ import annotations

from datetime import date

import click

from beforehand.care.needs.forecast import VISIT, as_dicts, forecast
from beforehand.doors.cli.output import as_of_option, json_option, print_json
from beforehand.doors.cli.run import as_option, audited_run, day_or_today, needs_home
from beforehand.record.people import visible_patient


@click.command("forecast")
@click.argument("patient", metavar="PATIENT")
@as_of_option
@as_option
@json_option
def command(patient: str, as_of: date | None, as_user: str | None, as_json: bool) -> None:
    """One person's next 90 days in one line: visits, what falls due, and what must come before what.

    PATIENT is our id, system|value, or source:Patient/id. A day other than today is replayed and kept nowhere.
    """
    needs_home()
    with audited_run("forecast", as_user) as principal:
        entries = as_dicts(forecast(principal, visible_patient(principal, patient), as_of=day_or_today(as_of)))
    if as_json:
        print_json(entries)
        return
    for one in entries:
        click.echo(f"{one['on']}  {'Visit: ' if one['kind'] == VISIT else ''}{one['words']}")
        for tie in one["waits_for"]:
            status = f" ({tie['status'].lower()})" if tie["status"] else ""
            click.echo(f"            first{status}: {tie['words']}")
        for tie in one["also"]:
            click.echo(f"            also: {tie['words']}")
        for tie in one["holds_up"]:
            click.echo(f"            then: {tie['words']}")
        if one["act_by"] and one["act_by"] != one["due_on"]:
            click.echo(f"            so act by {one['act_by']}")
    if not entries:
        click.echo("Nothing with a date is known for the next 90 days.")
