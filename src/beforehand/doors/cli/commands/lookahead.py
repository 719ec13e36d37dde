"""``beforehand lookahead``: run the rules."""

from __future__ import annotations

import dataclasses
from datetime import date

import click
from django.conf import settings
from django.utils import timezone

from beforehand.care.needs.arrivals import note_look
from beforehand.care.needs.from_findings import update_needs
from beforehand.doors.cli.output import Progress, as_of_option, json_option, print_json, print_table
from beforehand.doors.cli.run import as_option, audited_run, day_or_today, needs_home, ready_home
from beforehand.lookahead.engines.spark import SparkMissingError, lacking
from beforehand.lookahead.folder import FolderError, run_folder
from beforehand.lookahead.run import ENGINES, RunReport, run_everyone, run_patients
from beforehand.record.access import RUN_RULES, require
from beforehand.record.people import visible_patient


@click.command("lookahead")
@as_of_option
@click.option("--patient", metavar="PATIENT", help="Only this person: our id, system|value, or source:Patient/id.")
@click.option(
    "--engine", type=click.Choice(ENGINES), default="auto", show_default=True,
    help="Where the rules run; auto chooses rows or duckdb by the number of people, spark only when asked.",
)  # fmt: skip
@click.option(
    "--columns", metavar="FOLDER", help="Sweep the columns that `beforehand bulk` made, instead of this home."
)
@click.option(
    "--answers", metavar="FOLDER", default="", help="With --columns: write each rule's answers there, as Parquet."
)
@as_option
@json_option
def command(
    as_of: date | None,
    patient: str | None,
    engine: str,
    columns: str | None,
    answers: str,
    as_user: str | None,
    as_json: bool,
) -> None:
    """Run the rules for everyone, or for one person, and keep what changed.

    A day other than today replays the clock and keeps nothing.
    """
    if engine == "spark" and (lack := lacking()) is not None:
        raise click.ClickException(str(lack))
    if columns:
        _sweep_folder(columns, answers, as_of, engine, as_json)
        return
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
    _show(report, as_json)
    if not store and not as_json:
        click.echo("Another day than today: nothing was kept.")


def _sweep_folder(columns: str, answers: str, as_of: date | None, engine: str, as_json: bool) -> None:
    """Columns of a bulk load have no home and no worklist: the answers are counted, and written when asked."""
    day = as_of or timezone.localdate()
    master = str(settings.SPARK_MASTER)
    chosen = "spark" if engine == "spark" else "duckdb"
    try:
        with Progress("looking ahead", " rules") as bar:
            report = run_folder(columns, as_of=day, engine=chosen, answers=answers, master=master, progress=bar.advance)
    except (FolderError, SparkMissingError) as error:
        raise click.ClickException(str(error)) from None
    _show(report, as_json)
    if report.failed:
        raise click.ClickException(f"these rules failed and gave no answers: {', '.join(report.failed)}")


def _show(report: RunReport, as_json: bool) -> None:
    outcome = dataclasses.asdict(report)
    shown = {name: outcome[name] for name in ("as_of", "patients", "findings", "by_rule", "by_status", "seconds")}
    if as_json:
        print_json(shown)
        return
    print_table(["rule", "findings"], sorted(shown["by_rule"].items()))
    statuses = ", ".join(f"{status} {count:,}" for status, count in sorted(shown["by_status"].items()))
    click.echo(f"{shown['findings']:,} findings for {shown['patients']:,} people as of {shown['as_of']}: {statuses}")
