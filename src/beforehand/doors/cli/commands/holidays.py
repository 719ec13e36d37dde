"""``beforehand holidays``: the days that "business days" skip."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
from django.utils import timezone

from beforehand.care.needs.jobs import look_again
from beforehand.clinical.calendar import federal_holidays
from beforehand.doors.cli.output import json_option, print_json, print_table
from beforehand.doors.cli.run import as_option, audited_run, ready_home
from beforehand.lookahead.holidays import HolidayFileError, house_holidays, read_holidays, set_holidays


@click.group("holidays")
def command() -> None:
    """List the holidays that business days skip, or set an organisation's own."""


@command.command("list")
@click.option("--year", type=int, default=None, help="This year when left out.")
@json_option
def list_holidays(year: int | None, as_json: bool) -> None:
    """Federal holidays, as observed, and the organisation's own."""
    ready_home()
    wanted = year or timezone.localdate().year
    named: dict[date, str] = {day: "federal" for day in federal_holidays() if day.year == wanted}
    named |= {day: name or "organisation" for day, name in house_holidays() if day.year == wanted}
    rows = [{"date": day.isoformat(), "weekday": f"{day:%A}", "what": what} for day, what in sorted(named.items())]
    if as_json:
        print_json(rows)
        return
    print_table(["date", "weekday", "what"], (row.values() for row in rows))


@command.command("set")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_option
def set_house_holidays(file: Path, as_user: str | None) -> None:
    """Let business days skip the days in FILE (lines of DATE,NAME) as well as the federal ones.

    It replaces the list before; an empty file goes back to the federal holidays alone.
    """
    ready_home()
    with audited_run("holidays.set", as_user) as principal:
        try:
            days = read_holidays(file)
        except HolidayFileError as error:
            raise click.ClickException(f"{file.name}: {error}. Nothing was changed.") from error
        changed = set_holidays(days=days, by=principal)
    if changed:
        look_again()
    click.echo(f"{len(days)} days of your own." if changed else "Nothing changed.")
