"""``beforehand lookahead``: run the rules."""

from __future__ import annotations

import dataclasses
from datetime import date

import click
from django.utils import timezone

from beforehand.care.needs.arrivals import note_look
from beforehand.care.needs.from_findings import update_needs
from beforehand.doors.cli.output import as_of_option, json_option, print_json, print_table
from beforehand.doors.cli.run import as_option, audited_run, day_or_today, needs_home, ready_home
from beforehand.lookahead.run import ENGINES, run_everyone, run_patients
from beforehand.record.access import RUN_RULES, require
from beforehand.record.people import visible_patient


@click.command("lookahead")
@as_of_option
@click.option("--patient", metavar="PATIENT", help="Only this person: our id, system|value, or source:Patient/id.")
@click.option(
    "--engine", type=click.Choice(ENGINES), default="auto", show_default=True,
    help="Where the rules run; auto chooses rows or duckdb by the number of people, spark only when asked.",
)  # fmt: skip
@as_option
@json_option
def command(as_of: date | None, patient: str | None, engine: str, as_user: str | None, as_json: bool) -> None:
    """Run the rules for everyone, or for one person, and keep what changed.

    A day other than today replays the clock and keeps nothing.
    """
    needs_home()
    ready_home()
    day = day_or_today(as_of)
    store = day == timezone.localdate()
    with audited_run("lookahead", as_user) as principal:
        require(principal, RUN_RULES)
        if patient:
            ids = [visible_patient(principal, patient)]
            report = run_patients(ids, as_of=day, store=store)
        else:
            report = run_everyone(as_of=day, engine=engine, store=store)
        if store:
            update_needs(ids if patient else None, as_of=day)
            note_look(timezone.now())
    outcome = dataclasses.asdict(report)
    shown = {name: outcome[name] for name in ("as_of", "patients", "findings", "by_rule", "by_status", "seconds")}
    if as_json:
        print_json(shown)
        return
    print_table(["rule", "findings"], sorted(shown["by_rule"].items()))
    statuses = ", ".join(f"{status} {count:,}" for status, count in sorted(shown["by_status"].items()))
    click.echo(f"{shown['findings']:,} findings for {shown['patients']:,} people as of {shown['as_of']}: {statuses}")
    if not store:
        click.echo("Another day than today: nothing was kept.")
