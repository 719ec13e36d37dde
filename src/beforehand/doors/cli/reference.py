"""Write docs/reference/command-line.md from the commands themselves: ``python -m beforehand.doors.cli.reference``."""

from __future__ import annotations

import re

import click

from beforehand.doors.cli.main import COMMANDS, cli

_HEAD = """# Command line

The command line is an interface: stable, with `--json` on each command that prints something.
Exit 0: every item accounted for, also when some are quarantined or refused; 1: failure or imbalance; 2: usage.
Dates are ISO. PATIENT is our id, `system|value`, or `source:Patient/id`. `--as-of` other than today is read-only.

Not built yet: `listen` (HL7 v2 over MLLP).

This page is made from the commands (`python -m beforehand.doors.cli.reference`); a test keeps it current.
"""


def _section(command: click.Command, path: str) -> str:
    context = click.Context(command, info_name=path, max_content_width=100, terminal_width=100)
    help_text = re.sub(r"[ \t]+$", "", command.get_help(context), flags=re.MULTILINE)
    return f"## `{path}`\n\n```text\n{help_text}\n```\n"


def reference() -> str:
    """The page as Markdown."""
    parts = [_HEAD]
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        if command is None:
            raise LookupError(f"command {name} is listed and does not load")
        parts.append(_section(command, f"beforehand {name}"))
        if isinstance(command, click.Group):
            parts += [_section(sub, f"beforehand {name} {sub_name}") for sub_name, sub in command.commands.items()]
    return "\n".join(parts)


if __name__ == "__main__":
    print(reference(), end="")
