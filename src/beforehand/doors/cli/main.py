"""``beforehand``: the command line. Each command is a module of ``commands`` and is loaded when it is called."""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Sequence

import click
import django

COMMANDS = {
    "demo": "A fresh home with the demo caseload, opened in the web app.",
    "up": "Run the web app and the workers on this home.",
    "ingest": "Take in records: files, folders, archives or standard input.",
    "listen": "Listen for HL7 v2 over MLLP.",
    "senders": "Say who may send HL7 v2 over MLLP, and as which source.",
    "sources": "Say which source holds over another where they contradict each other.",
    "pull": "Fetch records from FHIR servers: bulk exports and searches.",
    "watch": "Take in the files that are put into a folder.",
    "folders": "Say which folders `up` watches, and as which source.",
    "webhooks": "Say who may post records to this home, signed.",
    "quarantine": "See what could not be filed, and try it again.",
    "bulk": "Columns for the sweep of millions, from an export, without the database of rows.",
    "lookahead": "Run the rules: who is due for what, and when.",
    "findings": "What the rules say of each person, one JSON object a line.",
    "simulate": "A simulated year: what the list would have foreseen, and how many people one coordinator can carry.",
    "worklist": "The day's list, ranked, with the reason for each rank.",
    "forecast": "One person's next 90 days, and what must come before what.",
    "record": "The one record of a person.",
    "rules": "List, check and test the rules.",
    "valuesets": "List the value sets, or load an organisation's own.",
    "holidays": "List the holidays that business days skip, or set an organisation's own.",
    "users": "Add the people who sign in, and their teams.",
    "verify": "Prove the promises that data can prove.",
    "backup": "Write everything of this home into one file.",
    "restore": "Make a home from a backup file.",
    "completion": "Print the shell completion script.",
}


class LazyGroup(click.Group):
    """Knows its commands by name and loads the one that is asked for, so that ``--help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if ctx.resilient_parsing and "_BEFOREHAND_COMPLETE" not in os.environ:
            return click.Command(cmd_name, short_help=COMMANDS[cmd_name])
        set_up()
        command = importlib.import_module(f"beforehand.doors.cli.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def set_up() -> None:
    """Load Django once for this run of the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beforehand.config.settings")
    logging.captureWarnings(True)
    django.setup()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="beforehand")
def cli() -> None:
    """Beforehand sees a bump in someone's health journey before they hit it.

    Everything of one installation lies in one folder, the home: ~/.beforehand, or BEFOREHAND_HOME.
    A first look: `beforehand demo`. Your own records: `beforehand ingest FOLDER`, then `beforehand up`.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console script. Exit 0: done; 1: failure or imbalance; 2: usage."""
    cli.main(args=list(arguments) if arguments is not None else None, prog_name="beforehand")


if __name__ == "__main__":
    main()
