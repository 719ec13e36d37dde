"""``beforehand valuesets``: lists of codes that rules ask for by name."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from beforehand.care.needs.jobs import look_again
from beforehand.doors.cli.output import json_option, print_json, print_table
from beforehand.doors.cli.run import as_option, audited_run, ready_home
from beforehand.record.access import RUN_RULES, require
from beforehand.record.models import ValueSet, ValueSetMember
from beforehand.record.valuesets import ValueSetLoadError, load_path, load_shipped


@click.group("valuesets")
def command() -> None:
    """List value sets, or load an organisation's own."""


@command.command("list")
@json_option
def list_valuesets(as_json: bool) -> None:
    """Name, title, where it came from, and how many codes it holds."""
    ready_home()
    load_shipped()
    rows = [
        {
            "name": one.name,
            "title": one.title,
            "origin": one.origin,
            "codes": ValueSetMember.objects.filter(value_set=one).count(),
        }
        for one in ValueSet.objects.order_by("name")
    ]
    if as_json:
        print_json(rows)
        return
    print_table(["name", "title", "origin", "codes"], (row.values() for row in rows))


@command.command("load")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@as_option
@json_option
def load_valuesets(path: Path, as_user: str | None, as_json: bool) -> None:
    """Load FHIR ValueSet resources (one, a Bundle, NDJSON, a folder) or CSV files (system,code,display).

    A set of the same name replaces the one before; rules that use it are run again.
    """
    ready_home()
    with audited_run("valuesets.load", as_user) as principal:
        require(principal, RUN_RULES)
        try:
            loaded = load_path(path)
        except ValueSetLoadError as error:
            raise click.ClickException(f"{error}. Nothing was changed.") from error
    if any(one.outcome != "SAME" for one in loaded):
        look_again()
    if as_json:
        print_json([dataclasses.asdict(one) for one in loaded])
        return
    print_table(["name", "outcome", "codes"], ((one.name, one.outcome.lower(), one.codes) for one in loaded))
