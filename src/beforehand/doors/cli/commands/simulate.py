"""``beforehand simulate``: a year of an invented world through the real product."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import click
import orjson
from django.conf import settings

from beforehand.doors.cli.output import IsoDate, json_option, print_json
from beforehand.doors.cli.simulate.words import tell


@click.command("simulate")
@click.option("--patients", type=click.IntRange(1, 20_000), default=100, show_default=True, help="How many people.")
@click.option("--days", type=click.IntRange(7, 730), default=365, show_default=True, help="How long.")
@click.option("--seed", type=int, default=None, help="The same seed makes the same world; without it a new one.")
@click.option("--start", type=IsoDate(), default="2026-01-05", show_default=True, help="The first day.", metavar="DATE")
@click.option(
    "--coordinators", type=click.IntRange(1), default=None, help="How many work; one for 100 people if not given."
)
@click.option("--capacity", type=click.IntRange(1), default=20, show_default=True, help="Rows each can work in a day.")
@click.option("--without", multiple=True, metavar="RULE", help="Leave a rule out, to see what it is worth; repeatable.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=None,
    help="Also write the outcome and everything that was true into this folder.",
)  # fmt: skip
@json_option
def command(
    patients: int, days: int, seed: int | None, start: date, coordinators: int | None, capacity: int,
    without: tuple[str, ...], out: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Simulate people, their clinics, pharmacies and plan, and coordinators at work, day by day.

    What goes wrong is known to the simulation alone: it tells how much of it stood on the list in time, how early,
    and what stood there without cause; beside it a plain list of due dates, and nobody looking ahead.

    Your own home is not touched: the simulation has a home of its own and throws it away. Everybody in it is invented.

    \b
    beforehand simulate --patients 500 --days 365 --seed 7
    beforehand simulate --patients 300 --coordinators 2 --capacity 15
    """
    chosen = {
        "patients": patients,
        "days": days,
        "seed": secrets.randbelow(1_000_000) if seed is None else seed,
        "start": start.isoformat(),
        "coordinators": coordinators or max(1, round(patients / 100)),
        "capacity": capacity,
        "without": list(without),
    }
    outcome = run_apart(chosen, out)
    if as_json:
        print_json(outcome)
    else:
        tell(outcome)


def run_apart(chosen: dict[str, Any], out: Path | None) -> dict[str, Any]:
    """Simulate in a process and a home of its own, because this one has opened the operator's."""
    home = Path(tempfile.mkdtemp(prefix="beforehand-simulated-"))
    try:
        told = home / "outcome.json"
        checked = Path(settings.HOME) / "cache" / "sound-rules.json"  # rules found sound need not be checked again
        if checked.is_file():
            (home / "home/cache").mkdir(mode=0o700, parents=True)
            shutil.copy(checked, home / "home/cache")
        environment = {**os.environ, "BEFOREHAND_HOME": str(home / "home"), "BEFOREHAND_ZONE": "America/New_York"}
        environment.pop("DATABASE_URL", None)
        program = [sys.executable, "-m", "beforehand.doors.cli.simulate.make", json.dumps(chosen), str(told)]
        program += [str(out)] if out is not None else []
        code = subprocess.run(program, env=environment).returncode  # noqa: S603 - our own command
        if code:
            sys.exit(code)
        outcome: dict[str, Any] = orjson.loads(told.read_bytes())
        return outcome
    finally:
        shutil.rmtree(home, ignore_errors=True)
