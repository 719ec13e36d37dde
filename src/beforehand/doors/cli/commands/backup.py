"""``beforehand backup``: everything in one file."""

from __future__ import annotations

from pathlib import Path

import click

from beforehand.doors.cli.output import json_option, print_json, summary_words
from beforehand.doors.cli.run import as_option, audited_run, needs_home
from beforehand.record.access import EXPORT, require
from beforehand.record.backup import backup


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@as_option
@json_option
def command(file: Path, as_user: str | None, as_json: bool) -> None:
    """Write database, received bytes, keys, decisions and the audit anchor into FILE, while work goes on.

    FILE holds patient data and keys: keep it as you would keep them.
    """
    needs_home()
    with audited_run("backup", as_user) as principal:
        require(principal, EXPORT)
        report = backup(file)
    print_json(report) if as_json else summary_words(report)
