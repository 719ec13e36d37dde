"""How commands speak: words for people, JSON with ``--json``, progress on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

import click
import orjson
from tqdm import tqdm

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    """``--json``: one JSON value on standard output and nothing else there."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")(command)


def as_of_option(command: Command) -> Command:
    """``--as-of``: any day can be replayed; a day other than today reads only."""
    return click.option(
        "--as-of", type=IsoDate(), default=None, metavar="DATE", help="Replay another day (ISO date); reads only."
    )(command)


class IsoDate(click.ParamType[date]):
    """An ISO date, such as 2026-11-22."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail("is not an ISO date such as 2026-11-22", param, ctx)


def print_json(value: Any) -> None:
    """One JSON value, two-space indented, to standard output."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()


def print_lines(values: Iterable[Any]) -> None:
    """NDJSON to standard output."""
    for value in values:
        sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()


def print_table(headings: list[str], rows: Iterable[Iterable[Any]]) -> None:
    """Columns wide enough for their words."""
    body = [[("" if cell is None else str(cell)) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(headings, *body, strict=True)]
    for line in (headings, *body):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


class Progress:
    """A bar on standard error with rate and time left; silent when nobody watches."""

    def __init__(self, label: str, unit: str, total: int | None = None) -> None:
        self._bar = tqdm(
            total=total, desc=label, unit=unit, unit_scale=True, file=sys.stderr, disable=None, delay=1, leave=False
        )

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def items_and_bytes(self, items: int, done: int, total: int) -> None:
        """Where an ingest stands: the bar counts bytes, so it can tell the time left; items stand behind it."""
        self._bar.total = total or None
        self._bar.set_postfix_str(f"{items:,} items", refresh=False)
        self._bar.update(done - self._bar.n)

    def advance(self, by: int = 1) -> None:
        self._bar.update(by)


def summary_words(pairs: Mapping[str, Any]) -> None:
    """A short summary, one fact a line."""
    width = max((len(name) for name in pairs), default=0)
    for name, value in pairs.items():
        click.echo(f"{name.ljust(width)}  {value:,}" if isinstance(value, int) else f"{name.ljust(width)}  {value}")
