"""``beforehand ingest``: records in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

import click
from django.utils import timezone

from beforehand.care.needs.arrivals import catch_up, ready_to_receive
from beforehand.doors.cli.output import Progress, json_option, print_json, summary_words
from beforehand.doors.cli.run import as_option, audited_run, ready_home
from beforehand.intake.connectors.csv.mapping import read_mapping
from beforehand.intake.connectors.errors import StopError
from beforehand.intake.errors import SourceNameError
from beforehand.intake.ingest import ingest_paths
from beforehand.record.access import INGEST, require


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--source", "source_name", default="local", show_default=True, help="Who sends this, by a short name.")
@click.option(
    "--mapping", type=click.File("rb"), help="What the columns of lists (CSV) mean; see docs/how-to/take-in-lists.md."
)
@click.option("--no-enrol", is_flag=True, help="Do not enrol new people in the default programme.")
@click.option("--no-rules", is_flag=True, help="Only take in; rules run later (by `up` or `lookahead`).")
@as_option
@json_option
def command(
    paths: tuple[str, ...],
    source_name: str,
    mapping: IO[bytes] | None,
    no_enrol: bool,
    no_rules: bool,
    as_user: str | None,
    as_json: bool,
) -> None:
    """Take in records: files, folders, .gz, .zip, .tar.gz, or - for standard input. The format is recognised.

    Bytes are kept as received before anything is applied; the same bytes again change nothing; whatever cannot be
    placed waits in quarantine with a reason and an owner. Stopped half-way? Run it again.

    \b
    beforehand ingest export.tar.gz --source st-brigid
    cat bundle.json | beforehand ingest - --source park-primary-care
    beforehand ingest members.csv --mapping members.yaml --source harbor-health-plan
    """
    columns = mapping.read() if mapping is not None else None
    if columns is not None:
        try:
            read_mapping(columns)
        except StopError as fault:
            raise click.UsageError(str(fault)) from None
    for path in paths:
        if path != "-" and not Path(path).exists():
            raise click.UsageError(f"there is no file or folder {path}")
    ready_home()
    with audited_run("ingest", as_user) as principal:
        require(principal, INGEST)
        ready_to_receive(enrol_everyone=not no_enrol)
        try:
            with Progress("taking in", "B") as bar:
                summary = ingest_paths(paths, source_name=source_name, progress=bar.items_and_bytes, mapping=columns)
        except SourceNameError as fault:
            raise click.UsageError(str(fault)) from None
        if not no_rules:
            with Progress("looking ahead", " people", total=len(summary.patients)) as bar:
                catch_up(as_of=timezone.localdate(), progress=bar.advance)
    outcome = summary.as_json()
    if as_json:
        print_json(outcome)
    else:
        resources = outcome.pop("resources")
        summary_words(outcome)
        if resources:
            click.echo("by type     " + ", ".join(f"{name} {count:,}" for name, count in sorted(resources.items())))
        if outcome["quarantined"]:
            click.echo("Quarantined items wait on the page Needs sorting; `beforehand up` opens it.")
    balanced = outcome["received"] == sum(outcome[part] for part in ("applied", "quarantined", "refused", "duplicates"))
    if not balanced:
        click.echo("The items do not balance: run `beforehand verify`.", err=True)
        sys.exit(1)
