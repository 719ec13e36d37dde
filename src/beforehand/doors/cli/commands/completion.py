"""``beforehand completion``: tab completion for bash, zsh or fish."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from beforehand.doors.cli.main import cli


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash:  beforehand completion bash >> ~/.bashrc
    zsh:   beforehand completion zsh  >> ~/.zshrc
    fish:  beforehand completion fish > ~/.config/fish/completions/beforehand.fish
    """
    complete = get_completion_class(shell)
    if complete is None:
        raise click.ClickException(f"no completion is known for {shell}")
    click.echo(complete(cli, {}, "beforehand", "_BEFOREHAND_COMPLETE").source())
