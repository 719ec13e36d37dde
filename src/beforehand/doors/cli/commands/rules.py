"""``beforehand rules``: the register of rules, their lint, and their cases."""

from __future__ import annotations

import click

from beforehand.doors.cli.output import json_option, print_json, print_table
from beforehand.lookahead.findings import rules_register


@click.group("rules")
def command() -> None:
    """List, check and test the rules. A rule is two files under rules/ and no Python."""


@command.command("list")
@json_option
def list_rules(as_json: bool) -> None:
    """The register: id, topic, title, kind, authority, and whether a clinician has reviewed it."""
    register = rules_register()
    if as_json:
        print_json(register)
        return
    print_table(
        ["rule", "topic", "title", "clinical review"],
        (
            [rule["id"], rule["topic"], rule["title"], (rule["clinical_review"] or {}).get("by") or "not yet reviewed"]
            for rule in register
        ),
    )
    click.echo(f"{len(register)} rules")
