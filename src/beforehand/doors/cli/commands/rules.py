"""``beforehand rules``: the register of rules, their lint, and their cases."""

from __future__ import annotations

import sys

import click

from beforehand.doors.cli.output import json_option, print_json, print_table
from beforehand.lookahead.check import check_library, test_library
from beforehand.lookahead.engines.spark import lacking
from beforehand.lookahead.findings import rules_register
from beforehand.lookahead.gathered import spark_on_this_machine


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


@command.command("check")
@click.argument("names", nargs=-1)
@json_option
def check_rules(names: tuple[str, ...], as_json: bool) -> None:
    """Lint the rules: declared tables only, portable SQL, known value sets, exact columns."""
    problems = check_library(names)
    if as_json:
        print_json([{"rule": one.rule_id, "line": one.line, "what": one.message} for one in problems])
    else:
        for one in problems:
            click.echo(f"{one.path}:{one.line}: {one.message}")
        click.echo(f"{len(problems)} problems" if problems else "Every rule is sound.")
    sys.exit(1 if problems else 0)


@command.command("test")
@click.argument("names", nargs=-1)
@click.option("--mutate", is_flag=True, help="Also move each comparison and literal by a step; every change must fail.")
@click.option(
    "--blur", is_flag=True, help="Also blur each exact day to its month; no answer may claim to know the day."
)
@click.option("--quick", is_flag=True, help="Leave out Spark, which takes a minute to start and seconds a rule.")
@json_option
def test_rules(names: tuple[str, ...], mutate: bool, blur: bool, quick: bool, as_json: bool) -> None:
    """Run the cases of the rules on every engine present: SQLite, DuckDB, and Spark where it is installed."""
    outcome = test_library(names, mutate=mutate, blur=blur)
    outcome["engines"] = ["sqlite", "duckdb"]
    lack = lacking()
    if lack is None and not quick:
        outcome["engines"].append("spark")
        outcome["failures"] += spark_on_this_machine(names)
    if as_json:
        print_json(outcome)
    else:
        for failure in outcome["failures"]:
            click.echo(failure)
        engines = ", ".join(outcome["engines"])
        failures = len(outcome["failures"])
        click.echo(f"{outcome['rules']} rules, {outcome['cases']} cases, {failures} failures on {engines}")
        if lack is not None and not quick:
            click.echo(f"Not run on Spark: {lack}")
    sys.exit(1 if outcome["failures"] else 0)
