"""``beforehand sources``: which source holds over which, where the organisation says so."""

from __future__ import annotations

from typing import Any

import click

from beforehand.care.needs.trust import TrustError, end_source_trust, set_source_trust, standing_trust
from beforehand.doors.cli.output import json_option, print_json, print_table
from beforehand.doors.cli.run import as_option, audited_run, ready_home
from beforehand.record.contradictions import KINDS
from beforehand.record.trust import set_by, set_on


@click.group("sources")
def command() -> None:
    """Say which source holds over another where they contradict each other.

    None does unless it is said here.
    """


@command.command("list")
@json_option
def list_rules(as_json: bool) -> None:
    """The rules that hold now, with who set them, when and why."""
    ready_home()
    rows: list[dict[str, Any]] = [
        {
            "rule": rule.pk,
            "kind": rule.kind,
            "preferred": rule.preferred.name,
            "over": rule.over.name,
            "since": set_on(rule).isoformat(),
            "set_by": set_by(rule),
            "reason": rule.reason,
        }
        for rule in standing_trust()
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ["rule", "for", "this source", "holds over", "since", "set by", "why"], ([*row.values()] for row in rows)
    )


@command.command("trust")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("preferred")
@click.argument("over")
@click.option("--reason", required=True, help="Why; shown beside everything the rule settles.")
@as_option
def trust(kind: str, preferred: str, over: str, reason: str, as_user: str | None) -> None:
    """For KIND, let source PREFERRED hold over source OVER, now and from now on."""
    ready_home()
    with audited_run("sources.trust", as_user) as principal:
        try:
            rule = set_source_trust(kind=kind, preferred=preferred, over=over, by=principal, reason=reason)
        except TrustError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"Rule {rule.pk}: for {kind}, {preferred} holds over {over}.")


@command.command("untrust")
@click.argument("number", type=int, metavar="RULE")
@click.option("--reason", required=True)
@as_option
def untrust(number: int, reason: str, as_user: str | None) -> None:
    """End a rule. What it settled is open again."""
    ready_home()
    with audited_run("sources.untrust", as_user) as principal:
        try:
            end_source_trust(rule=number, by=principal, reason=reason)
        except TrustError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"Rule {number} has ended.")
