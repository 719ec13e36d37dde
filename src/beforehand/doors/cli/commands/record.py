"""``beforehand record``: the one record of a person."""

from __future__ import annotations

import click

from beforehand.doors.cli.output import json_option, print_json
from beforehand.doors.cli.run import as_option, audited_run, needs_home
from beforehand.intake.received import received_json
from beforehand.record.access import for_principal
from beforehand.record.people import visible_patient
from beforehand.record.whole import record_as_dict


@click.command("record")
@click.argument("patient", metavar="PATIENT")
@click.option("--fhir", is_flag=True, help="A FHIR R4 Bundle of the resources as received.")
@as_option
@json_option
def command(patient: str, fhir: bool, as_user: str | None, as_json: bool) -> None:
    """The one record of a person, each line with the sources that say so.

    PATIENT is our id, system|value, or source:Patient/id.
    """
    needs_home()
    with audited_run("record", as_user) as principal:
        patient_id = visible_patient(principal, patient)
        if fhir:
            click.echo(received_json(for_principal(principal), patient_id))
            return
        one = record_as_dict(for_principal(principal), patient_id)
    if as_json:
        print_json(one)
        return
    click.echo(one["name"])
    for section, lines in one["sections"].items():
        click.echo(f"\n{section}")
        for line in lines:
            click.echo(f"  {line['text']}  [{', '.join(line['sources'])}]")
