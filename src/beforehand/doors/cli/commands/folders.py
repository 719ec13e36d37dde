"""``beforehand folders``: which folders are watched."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import click

from beforehand.doors.cli.output import json_option, print_json, print_table
from beforehand.doors.cli.run import as_option, audited_run, ready_home
from beforehand.intake.folders import FolderError, add_folder, folders, remove_folder
from beforehand.intake.models import WatchedFolder


@click.group("folders")
def command() -> None:
    """Say which folders `beforehand up` watches, and as which source."""


@command.command("list")
@json_option
def list_folders(as_json: bool) -> None:
    """Every watched folder, and what keeps it from being taken in."""
    ready_home()
    rows: list[dict[str, Any]] = [
        {
            "folder": one.pk,
            "source": one.source.name,
            "path": one.path,
            "by_up": one.is_standing,
            "looked_at": one.looked_at.isoformat(timespec="minutes") if one.looked_at else "",
            "trouble": one.trouble,
        }
        for one in folders()
    ]
    if as_json:
        print_json(rows)
        return
    print_table(["folder", "source", "path", "by up", "last look", "trouble"], ([*row.values()] for row in rows))


@command.command("add")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--source", required=True, help="Who puts files there, by a short name.")
@click.option("--label", default="", help="The source as people know it.")
@click.option("--mapping", type=click.File("rb"), help="What the columns of lists (CSV) mean.")
@as_option
def add(folder: Path, source: str, label: str, mapping: IO[bytes] | None, as_user: str | None) -> None:
    """Let `beforehand up` watch FOLDER; what is put there is kept under SOURCE."""
    ready_home()
    with audited_run("folders.add", as_user) as principal:
        try:
            added = add_folder(
                path=folder, source=source, by=principal, label=label, mapping=mapping.read() if mapping else b""
            )
        except FolderError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"Folder {added.pk} is watched by `beforehand up`, as {added.source.name}.")


@command.command("remove")
@click.argument("number", type=int, metavar="FOLDER")
@click.option("--reason", required=True)
@as_option
def remove(number: int, reason: str, as_user: str | None) -> None:
    """Watch it no longer. What it brought stays."""
    ready_home()
    folder = WatchedFolder.objects.filter(pk=number).first()
    if folder is None:
        raise click.UsageError("there is no folder of that number; see `beforehand folders list`")
    with audited_run("folders.remove", as_user) as principal:
        try:
            remove_folder(folder=folder, by=principal, reason=reason)
        except FolderError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"Folder {number} is watched no longer.")
