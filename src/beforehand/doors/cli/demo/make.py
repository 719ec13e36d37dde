"""Build the demo in this process's home and, if asked, serve it."""

from __future__ import annotations

import sys
import time

import click

from beforehand.doors.cli.main import set_up

set_up()

from django.utils import timezone  # noqa: E402 - Django is loaded one line above

from beforehand.doors.cli.commands.up import serve  # noqa: E402
from beforehand.doors.cli.demo.caseload import PASSWORD, USERS, fill_home  # noqa: E402


@click.command()
@click.option("--serve", "is_serving", is_flag=True)
@click.option("--host", default="127.0.0.1")
@click.option("--port", default=8000, type=int)
def make(is_serving: bool, host: str, port: int) -> None:
    """Fill the home, say who can log in, serve."""
    began = time.monotonic()
    counts = fill_home(today=timezone.localdate())
    click.echo(
        f"Built in {time.monotonic() - began:.0f} s: {counts['people']} people, {counts['sources']} sources, "
        f"{counts['needs']} open needs."
    )
    click.echo(f"\n  http://{host}:{port}/\n")
    click.echo("  Log in as     who                               password")
    for user in USERS:
        click.echo(f"  {user.username:<12}  {user.words:<32}  {PASSWORD}")
    click.echo("\n  Start with dana. Everyone here is invented. Clinical content is a draft, not yet reviewed.")
    if is_serving:
        click.echo("  Stop with Ctrl-C.\n")
        sys.exit(serve(host, port, 2))


if __name__ == "__main__":
    make()
