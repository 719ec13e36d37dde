"""``beforehand restore``: a home from a backup."""

from __future__ import annotations

from pathlib import Path

import click

from beforehand.doors.cli.output import json_option, print_json, summary_words
from beforehand.record.backup import restore


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def command(file: Path, as_json: bool) -> None:
    """Make this (empty) home from FILE. Every part is checked before anything is put in place."""
    report = restore(file)
    print_json(report) if as_json else summary_words(report)
