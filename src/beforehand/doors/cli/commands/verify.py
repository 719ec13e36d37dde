"""``beforehand verify``: the promises that data can prove."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import click

from beforehand.care.needs.invariants import check_needs
from beforehand.doors.cli.output import json_option, print_json
from beforehand.doors.cli.run import as_option, audited_run, needs_home
from beforehand.intake.quarantine import check_balance
from beforehand.intake.sheet import balance_sheet
from beforehand.record.access import READ_AUDIT, require
from beforehand.record.identity import check_links
from beforehand.record.seal import check_chain
from beforehand.record.verify import Breach, check_access

CHECKS: tuple[tuple[str, Callable[[], list[Breach]]], ...] = (
    ("nothing received is lost", check_balance),
    ("nothing open is ownerless", check_needs),
    ("two people are never joined by guess", check_links),
    ("access knows every role, label and enrolment", check_access),
)
SHOWN = 10  # rows of a broken promise in words


@click.command("verify")
@click.option("--anchor", type=click.Path(exists=True, path_type=Path), help="An anchor file kept elsewhere.")
@as_option
@json_option
def command(anchor: Path | None, as_user: str | None, as_json: bool) -> None:
    """Check that received items balance by source and day, that no open need lacks an owner, that links are sound,
    and that the audit trail is whole. Exit 1 and the rows if a promise is broken."""
    needs_home()
    with audited_run("verify", as_user) as principal:
        require(principal, READ_AUDIT)
        results = {name: check() for name, check in CHECKS}
        results["the audit trail is whole"] = check_chain(anchor)
    breaches = [breach for found in results.values() for breach in found]
    if as_json:
        ledger = [line.as_json() for line in balance_sheet()]
        print_json({"sound": not breaches, "breaches": [dataclasses.asdict(one) for one in breaches], "ledger": ledger})
    else:
        for name, found in results.items():
            click.echo(f"{'BROKEN' if found else 'holds '}  {name}")
            for one in found[:SHOWN]:
                click.echo(f"        {one.where}: {one.what}. Remedy: {one.remedy}")
            if len(found) > SHOWN:
                click.echo(f"        and {len(found) - SHOWN} more; --json lists them all")
    sys.exit(1 if breaches else 0)
