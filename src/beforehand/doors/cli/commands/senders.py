"""``beforehand senders``: who may send over a line."""

from __future__ import annotations

from typing import Any

import click

from beforehand.doors.cli.output import json_option, print_json, print_table
from beforehand.doors.cli.run import as_option, audited_run, ready_home
from beforehand.intake import senders
from beforehand.intake.models import Sender


@click.group("senders")
def command() -> None:
    """Say who may send HL7 v2 over MLLP, and as which source."""


@command.command("list")
@json_option
def list_senders(as_json: bool) -> None:
    """Everybody who may send."""
    ready_home()
    rows: list[dict[str, Any]] = [
        {
            "sender": one.pk,
            "source": one.source.name,
            "address": one.network,
            "application": one.application,
            "facility": one.facility,
        }
        for one in senders.senders()
    ]
    if as_json:
        print_json(rows)
        return
    print_table(["sender", "source", "address", "MSH-3", "MSH-4"], ([*row.values()] for row in rows))


@command.command("add")
@click.argument("source")
@click.option("--address", default="", help="10.1.2.3 or 10.1.0.0/16; empty: from anywhere.")
@click.option("--application", default="", metavar="MSH-3", help="As the messages say it; empty: any.")
@click.option("--facility", default="", metavar="MSH-4", help="As the messages say it; empty: any.")
@click.option("--label", default="", help="The source as people know it.")
@as_option
def add(source: str, address: str, application: str, facility: str, label: str, as_user: str | None) -> None:
    """Let somebody send; what they send is kept under SOURCE."""
    ready_home()
    with audited_run("senders.add", as_user) as principal:
        try:
            added = senders.add_sender(
                source=source, network=address, application=application, facility=facility, label=label, by=principal
            )
        except senders.SenderError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"Sender {added.pk} may send as {source}.")


@command.command("remove")
@click.argument("number", type=int, metavar="SENDER")
@click.option("--reason", required=True)
@as_option
def remove(number: int, reason: str, as_user: str | None) -> None:
    """Take the leave to send back. What was sent stays."""
    ready_home()
    sender = Sender.objects.filter(pk=number).first()
    if sender is None:
        raise click.UsageError("there is no sender of that number; see `beforehand senders list`")
    with audited_run("senders.remove", as_user) as principal:
        try:
            senders.remove_sender(sender=sender, by=principal, reason=reason)
        except senders.SenderError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"Sender {number} may no longer send.")
