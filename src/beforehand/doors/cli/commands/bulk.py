"""``beforehand bulk``: an export of millions to columns."""

from __future__ import annotations

from pathlib import Path

import click
from django.conf import settings

from beforehand.doors.bulk.columns import BulkError, load
from beforehand.doors.bulk.parquet import ParquetError
from beforehand.doors.cli.output import Progress, json_option, print_json, summary_words


@click.command("bulk")
@click.argument("export", type=click.Path(exists=True, path_type=Path))
@click.option("--to", "target", required=True, type=click.Path(file_okay=False, path_type=Path), help="A new folder.")
@click.option("--source", "source_name", default="bulk", show_default=True, help="Who sent this, by a short name.")
@click.option("--workers", default=0, help="Processes that read at once; one for each core when not said.")
@click.option(
    "--only", multiple=True, metavar="TABLE", help="Read only what this fact table is made of; repeatable. Quicker."
)
@json_option
def command(export: Path, target: Path, source_name: str, workers: int, only: tuple[str, ...], as_json: bool) -> None:
    """Make columns for the sweep from a folder of FHIR: NDJSON of a bulk export, or bundles; .gz as well.

    Or from tables of another warehouse in Parquet, one file or folder a clinical table: TABLE.parquet, stored columns
    by name; identities may be text, a concept is text system:code, a clinical time may be one DATE column.

    For populations that need no worklist here: nothing is kept in the home, no person is enrolled, each Patient of
    the export is one person. Everything received is counted as applied or refused, and what was refused is named.
    The folder holds patient data and is for its owner only.

    \b
    beforehand bulk export/ --to columns/
    beforehand lookahead --columns columns/ --answers answers/
    """
    try:
        with Progress("reading", "B") as bar:
            summary = load(
                export,
                target,
                zone=settings.TIME_ZONE,
                source_name=source_name,
                workers=workers,
                only=only,
                progress=bar.advance,
            )
    except (BulkError, ParquetError) as error:
        raise click.ClickException(str(error)) from None
    outcome = summary.as_json()
    if as_json:
        print_json(outcome)
        return
    counted = (
        "received",
        "applied",
        "kept",
        "refused",
        "passed_over",
        "patients",
        "rows_of_older_versions",
        "concepts",
        "bytes",
    )
    summary_words({name: outcome[name] for name in counted})
    for one in outcome["why_refused"][:20]:
        click.echo(f"refused {one['items']:,}: {one['where']}: {one['why']}")
    for table, rows in sorted(outcome["rows_without_patient"].items()):
        click.echo(f"left out {rows:,} rows of {table}: their patient is not in the export")
    click.echo(f"All counts and reasons: {target / 'summary.json'}")
