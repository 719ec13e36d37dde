"""The command line speaks for a person with ``--as`` and says no more than their pages would (promise 6)."""

from datetime import timedelta

import pytest
from click.testing import CliRunner
from django.utils import timezone

from beforehand.doors.cli.commands import findings, record, worklist
from beforehand.record import access
from beforehand.record.models import AuditEvent, AuditPatient
from beforehand.record.roles import LABELS
from tests.access.test_matrix import unlimited
from tests.access.world import SEES, World, may_meet

USERS = sorted(set(SEES) - {"ANONYMOUS", "DEACTIVATED", "NO_SECOND_FACTOR"})


@pytest.fixture
def world(db, settings, tmp_path):
    settings.BLOBS = tmp_path / "blobs"
    settings.AUDIT_ANCHOR = tmp_path / "anchor" / "audit.jsonl"
    return World()


def calls(world):
    """Every way of asking the command line for patients' data; what it names, if anything."""
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    yield worklist.command, [], ""
    yield worklist.command, ["--json"], ""
    yield worklist.command, ["--json", "--as-of", tomorrow], ""
    yield findings.command, [], ""
    for relation, marked in world.marked.items():
        for name in (str(marked.patient.pk), f"quay-lab:Patient/p{marked.patient.pk}"):
            yield findings.command, ["--patient", name], relation
            for more in ([], ["--json"], ["--fhir"]):
                yield record.command, [name, *more], relation


def said_to(world, principal, wrong):
    """Everything the command line says to a principal; what is wrong is added to the list."""
    words = world.canaries()
    met = set()
    for command, arguments, relation in calls(world):
        before = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        done = CliRunner().invoke(command, [*arguments, "--as", world.users[principal].username])
        cell = f"{principal} {command.name} {' '.join(arguments)}"
        if done.exception and not isinstance(done.exception, SystemExit):
            wrong.append(f"{cell}: {done.exception!r}")
        here = {marks for word, marks in words.items() if word in done.output}
        met |= here
        wrong += [f"LEAK {cell}: {marks}" for marks in sorted(here) if not may_meet(principal, marks)]
        events = AuditEvent.objects.filter(pk__gt=before)
        if events.count() != 1:
            wrong.append(f"{cell}: {events.count()} audit events")
        noted = set(AuditPatient.objects.filter(event__in=events).values_list("patient_id", flat=True))
        read = {one.patient.pk for name, one in world.marked.items() if f"patient:{name}" in here}
        if not read <= noted:
            wrong.append(f"AUDIT {cell}: {len(read - noted)} patients left no trace")
        if relation and relation not in SEES[principal] and (done.exit_code == 0 or here):
            wrong.append(f"{cell}: answered about {relation}")
    return met


@pytest.mark.parametrize("principal", USERS)
def test_command_line_says_nothing_about_a_patient_out_of_reach(principal, world):
    wrong = []
    met = said_to(world, principal, wrong)
    assert wrong == []
    assert {f"patient:{relation}" for relation in SEES[principal]} <= met


def test_closed_account_cannot_be_spoken_for(world):
    assert CliRunner().invoke(worklist.command, ["--as", "deactivated"]).exit_code == 2


def test_control_without_the_scope_the_command_line_leaks(world, monkeypatch):
    unlimited(monkeypatch)
    wrong = []
    said_to(world, "COORDINATOR", wrong)
    assert {line.split()[2] for line in wrong if line.startswith("LEAK")} == {"worklist", "findings", "record"}


def test_control_without_the_labels_the_command_line_leaks(world, monkeypatch):
    monkeypatch.setattr(access, "_without_hidden_labels", lambda person, rows: rows)
    wrong = []
    said_to(world, "CLINICIAN", wrong)
    leaked = {line.rpartition(": ")[2] for line in wrong if line.startswith("LEAK")}
    assert {f"label:{label}" for label in LABELS} <= leaked
