"""``beforehand quarantine``: what could not be filed, and another try after its cause was mended."""

from __future__ import annotations

from typing import Any

import click
from django.utils import timezone

from beforehand.care.needs.arrivals import settle_patients
from beforehand.doors.cli.output import Progress, json_option, print_json, print_table
from beforehand.doors.cli.run import as_option, audited_run, needs_home
from beforehand.intake.models import QuarantinedItem
from beforehand.intake.quarantine import open_items, retry_item


@click.group("quarantine")
def command() -> None:
    """See what could not be filed, and try it again."""


def _row(item: QuarantinedItem) -> dict[str, Any]:
    return {
        "item": item.pk,
        "source": item.message.source.name,
        "message": item.message_id,
        "place": item.place,
        "type": item.resource_type,
        "reason": item.reason,
        "field": item.field,
        "remedy": item.remedy,
        "owner": item.owner_user.username if item.owner_user else item.owner_team.name,
        "days": (timezone.now() - item.opened_at).days,
        "waits_for_its_patient": item.waiting_for is not None,
    }


@command.command("list")
@click.option("--source", default=None, help="Only what this source sent.")
@as_option
@json_option
def list_items(source: str | None, as_user: str | None, as_json: bool) -> None:
    """Everything that waits, the oldest first: where it came from, why, with whom, for how long."""
    needs_home()
    with audited_run("quarantine.list", as_user) as principal:
        items = open_items(principal)
        rows = [_row(item) for item in (items.filter(message__source__name=source) if source else items)]
    if as_json:
        print_json(rows)
        return
    shown = ("item", "source", "type", "days", "owner", "reason")
    print_table([*shown], ([row[name] for name in shown] for row in rows))


@command.command("retry")
@click.argument("numbers", type=int, nargs=-1, metavar="ITEM...")
@click.option("--all", "every", is_flag=True, help="Everything that waits, but for what waits for its patient.")
@click.option("--source", default=None, help="With --all: only what this source sent.")
@as_option
@json_option
def retry(numbers: tuple[int, ...], every: bool, source: str | None, as_user: str | None, as_json: bool) -> None:
    """Try items again as they were received, after a mapping, a limit or a sender was put right."""
    if bool(numbers) == every:
        raise click.UsageError("name the items to try again, or say --all")
    needs_home()
    filed, patients = 0, set()
    with audited_run("quarantine.retry", as_user) as principal:
        items = open_items(principal)
        items = items.filter(pk__in=numbers) if numbers else items.filter(waiting_for=None)
        if source:
            items = items.filter(message__source__name=source)
        wanted = list(items.values_list("pk", flat=True))
        with Progress("trying again", " items", total=len(wanted)) as bar:
            for number in wanted:
                item = QuarantinedItem.objects.get(pk=number)
                if item.state == "OPEN":  # another one's retry may have let it in
                    patients |= retry_item(item=item, by=principal).patients
                filed += not QuarantinedItem.objects.filter(pk=number, state="OPEN").exists()
                bar.advance()
        settle_patients(patients, as_of=timezone.localdate())
    outcome = {"tried": len(wanted), "filed": filed, "still_waiting": len(wanted) - filed}
    if as_json:
        print_json(outcome)
    else:
        click.echo(f"{outcome['tried']} tried again: {filed} filed, {outcome['still_waiting']} still wait.")
