"""``beforehand worklist``: the day's list."""

from __future__ import annotations

from datetime import date

import click

from beforehand.care.needs.plain import worklist_as_dicts
from beforehand.doors.cli.output import as_of_option, json_option, print_json
from beforehand.doors.cli.run import as_option, audited_run, day_or_today, needs_home


@click.command("worklist")
@as_of_option
@click.option("--owner", metavar="NAME", help="Only what this user or team owns.")
@as_option
@json_option
def command(as_of: date | None, owner: str | None, as_user: str | None, as_json: bool) -> None:
    """The day's list, ranked: who needs what, why, by when, and what to do next."""
    needs_home()
    with audited_run("worklist", as_user) as principal:
        rows = worklist_as_dicts(principal, as_of=day_or_today(as_of), owner=owner)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        lead, *others = row["needs"]
        click.echo(f"{row['rank']:>3}. {lead['question']}")
        click.echo(f"     {lead['reason']}")
        click.echo(f"     Next: {lead['next_step']}  ({lead['owner']}, due {lead['due_on'] or 'not set'})")
        if others:
            click.echo(f"     and {len(others)} more for the same person")
    click.echo(f"{len(rows)} people" if rows else "Nobody needs anything today.")
