"""``beforehand webhooks``: who may post to us."""

from __future__ import annotations

from typing import IO, Any

import click
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from beforehand.doors.cli.output import json_option, print_json, print_table
from beforehand.doors.cli.run import as_option, audited_run, ready_home
from beforehand.intake import webhooks
from beforehand.intake.models import WebhookSender


@click.group("webhooks")
def command() -> None:
    """Say who may post records to this home, signed, and as which source."""


def _address(sender: WebhookSender) -> str:
    return reverse("inbox:webhook", args=[sender.public_id])


def _say_secret(sender: WebhookSender) -> None:
    click.echo(f"secret     {webhooks.secret_of(sender)}")
    click.echo("Give it to the sender on a safe way. `beforehand webhooks list` does not show it again.")


def _found(number: int) -> WebhookSender:
    sender = WebhookSender.objects.filter(pk=number).select_related("source").first()
    if sender is None:
        raise click.UsageError("there is no webhook of that number; see `beforehand webhooks list`")
    return sender


@command.command("list")
@json_option
def list_webhooks(as_json: bool) -> None:
    """Everybody who may post, their addresses, and when they were last heard."""
    ready_home()
    now = timezone.now()
    rows: list[dict[str, Any]] = [
        {
            "webhook": one.pk,
            "source": one.source.name,
            "address": _address(one),
            "secrets": len(webhooks.secrets_that_hold(one, now)),
            "accepted": one.accepted_at.isoformat(timespec="seconds") if one.accepted_at else "",
            "refused": one.refused_why if one in webhooks.refused_webhooks(now) else "",
        }
        for one in webhooks.webhooks()
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ["webhook", "source", "address", "secrets", "last accepted", "refused"], ([*row.values()] for row in rows)
    )


@command.command("add")
@click.argument("source")
@click.option("--label", default="", help="The source as people know it.")
@click.option("--mapping", type=click.File("rb"), help="What the columns of lists (CSV) mean.")
@click.option("--per-minute", default=120, show_default=True, type=click.IntRange(1, 6000), help="Calls at most.")
@as_option
def add(source: str, label: str, mapping: IO[bytes] | None, per_minute: int, as_user: str | None) -> None:
    """Let somebody post; what they post is kept under SOURCE. Prints their address and their secret, once."""
    ready_home()
    with audited_run("webhooks.add", as_user) as principal:
        try:
            sender = webhooks.add_webhook(
                source=source,
                label=label,
                by=principal,
                per_minute=per_minute,
                mapping=mapping.read() if mapping else b"",
            )
        except webhooks.WebhookError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"Webhook {sender.pk} may post as {sender.source.name}.")
    click.echo(f"address    {_address(sender)}  (behind https:// and the name of this house)")
    _say_secret(sender)
    if not settings.SESSION_COOKIE_SECURE:
        click.echo("Take calls over TLS only: see docs/how-to/run-it-for-a-team.md.", err=True)


@command.command("rotate")
@click.argument("number", type=int, metavar="WEBHOOK")
@click.option("--reason", required=True)
@click.option(
    "--overlap", default=webhooks.OVERLAP_DAYS, show_default=True, type=click.IntRange(0, 90),
    help="Days for which the secret before holds too; 0 when it has leaked.",
)  # fmt: skip
@as_option
def rotate(number: int, reason: str, overlap: int, as_user: str | None) -> None:
    """Make a new secret. For some days both are right, so that the sender can change over."""
    ready_home()
    with audited_run("webhooks.rotate", as_user) as principal:
        try:
            sender = webhooks.rotate_webhook(sender=_found(number), by=principal, reason=reason, overlap_days=overlap)
        except webhooks.WebhookError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"Webhook {number} has a new secret; the one before holds for {overlap} days.")
    _say_secret(sender)


@command.command("remove")
@click.argument("number", type=int, metavar="WEBHOOK")
@click.option("--reason", required=True)
@as_option
def remove(number: int, reason: str, as_user: str | None) -> None:
    """Take the leave to post back. What was posted stays."""
    ready_home()
    with audited_run("webhooks.remove", as_user) as principal:
        try:
            webhooks.remove_webhook(sender=_found(number), by=principal, reason=reason)
        except webhooks.WebhookError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"Webhook {number} may no longer post.")
