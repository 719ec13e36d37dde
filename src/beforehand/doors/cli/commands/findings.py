"""``beforehand findings``: what the rules say, one JSON object a line."""

from __future__ import annotations

from datetime import date

import click

from beforehand.doors.cli.output import as_of_option, print_lines
from beforehand.doors.cli.run import as_option, audited_run, needs_home
from beforehand.lookahead.findings import findings_as_dicts
from beforehand.record.people import visible_patient


@click.command("findings")
@click.option("--patient", metavar="PATIENT", help="Only this person: our id, system|value, or source:Patient/id.")
@click.option("--rule", metavar="RULE", help="Only this rule.")
@click.option("--status", type=click.Choice(["DUE", "MET", "UNKNOWN", "EXCLUDED"]), help="Only this answer.")
@as_of_option
@click.option("--json", "_as_json", is_flag=True, help="Accepted for symmetry: the output is always NDJSON.")
@as_option
def command(
    patient: str | None,
    rule: str | None,
    status: str | None,
    as_of: date | None,
    _as_json: bool,
    as_user: str | None,
) -> None:
    """What the rules say of each person: status, reason, dates and evidence, one JSON object a line.

    \b
    beforehand findings --status DUE --rule medicine_runs_out
    beforehand findings --patient 'https://hospital.example/mrn|12345'
    """
    needs_home()
    with audited_run("findings", as_user) as principal:
        patient_id = visible_patient(principal, patient) if patient else None
        print_lines(findings_as_dicts(principal, patient_id=patient_id, rule=rule, status=status, as_of=as_of))
