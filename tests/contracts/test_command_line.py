"""The command line is an interface: a newcomer's first hour, each command as a process of its own."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from beforehand.doors.cli.demo.build import write_files

Outcome = subprocess.CompletedProcess[bytes]
Beforehand = Callable[..., Outcome]
pytestmark = pytest.mark.one_database
SOURCES = ("corner-pharmacy", "larkfield-plan", "park-primary-care", "quay-lab")  # enough; tests/demo takes in all
SUMMARY = {"received", "applied", "kept", "quarantined", "refused", "duplicates", "patients", "resources", "seconds"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def beforehand(home: Path) -> Beforehand:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    }

    def run(*arguments: str, stdin: bytes = b"") -> Outcome:
        return subprocess.run(
            [sys.executable, "-m", "beforehand.doors.cli.main", *arguments],
            input=stdin, capture_output=True, env={**environment, "BEFOREHAND_HOME": str(home)},
        )  # fmt: skip

    return run


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_files(date.today(), folder)
    return folder


@pytest.fixture(scope="module")
def ingested(beforehand: Beforehand, files: Path) -> dict[str, dict[str, object]]:
    """Some sources' folders taken in, each by the name of its source."""
    summaries = {}
    for name in SOURCES:
        outcome = beforehand("ingest", str(files / name), "--source", name, "--json")
        assert outcome.returncode == 0, outcome.stderr.decode()
        summaries[name] = json.loads(outcome.stdout)
    return summaries


def test_ingest_accounts_for_every_item(ingested: dict[str, dict[str, int]]) -> None:
    for summary in ingested.values():
        assert set(summary) == SUMMARY
        parts = sum(summary[part] for part in ("applied", "quarantined", "refused", "duplicates"))
        assert summary["received"] == parts > 0


def test_the_same_bytes_again_change_nothing(
    beforehand: Beforehand, files: Path, ingested: dict[str, dict[str, int]]
) -> None:
    again = json.loads(beforehand("ingest", str(files / "quay-lab"), "--source", "quay-lab", "--json").stdout)
    assert again["duplicates"] == again["received"] == ingested["quay-lab"]["received"]
    assert again["applied"] == 0


def test_an_archive_and_standard_input_are_taken_in_too(beforehand: Beforehand, files: Path) -> None:
    one = (files / "quay-lab" / "gloria.json").read_bytes()
    by_pipe = json.loads(beforehand("ingest", "-", "--source", "pipe", "--json", stdin=gzip.compress(one)).stdout)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(files / "quay-lab" / "gloria.json", "gloria.json")
    path = files.parent / "gloria.tar.gz"
    path.write_bytes(packed.getvalue())
    by_archive = json.loads(beforehand("ingest", str(path), "--source", "archive", "--json").stdout)
    assert by_pipe["applied"] == by_archive["applied"] == by_pipe["received"]


@pytest.mark.usefixtures("ingested")
def test_the_look_ahead_says_how_many_findings_each_rule_gives(beforehand: Beforehand) -> None:
    outcome = beforehand("lookahead", "--json")
    assert outcome.returncode == 0, outcome.stderr.decode()
    report = json.loads(outcome.stdout)
    assert set(report) == {"as_of", "patients", "findings", "by_rule", "by_status", "seconds"}
    assert report["findings"] == sum(report["by_rule"].values()) == sum(report["by_status"].values())


@pytest.mark.usefixtures("ingested")
def test_findings_come_one_a_line_with_their_evidence(beforehand: Beforehand) -> None:
    lines = [json.loads(line) for line in beforehand("findings", "--status", "DUE").stdout.splitlines()]
    assert lines
    for finding in lines:
        assert finding["status"] == "DUE"
        assert finding["identifiers"]
        assert finding["reason"]
        for fact in finding["evidence"]:  # "no vaccine on record" rests on no fact
            assert {"table", "fact_id", "source", "message_id", "text"} <= set(fact)
    assert any(finding["evidence"] for finding in lines)


@pytest.mark.usefixtures("ingested")
def test_the_worklist_is_ranked_with_reasons(beforehand: Beforehand) -> None:
    rows = json.loads(beforehand("worklist", "--json").stdout)
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    assert all(row["factors"] and row["needs"][0]["next_step"] and row["needs"][0]["owner"] for row in rows)


@pytest.mark.usefixtures("ingested")
def test_another_day_is_replayed_and_keeps_nothing(beforehand: Beforehand) -> None:
    before = beforehand("findings").stdout
    assert json.loads(beforehand("lookahead", "--as-of", "2031-01-06", "--json").stdout)["as_of"] == "2031-01-06"
    assert beforehand("findings").stdout == before


@pytest.mark.usefixtures("ingested")
def test_one_person_is_found_by_any_of_their_names_in_the_sources(beforehand: Beforehand) -> None:
    by_identifier = beforehand("record", "https://beforehand.example/id/member|LHA-31877", "--fhir")
    by_source = beforehand("record", "corner-pharmacy:Patient/aisha-patient", "--fhir")
    bundle = json.loads(by_identifier.stdout)
    assert bundle["resourceType"] == "Bundle"
    assert bundle == json.loads(by_source.stdout)
    assert json.loads(beforehand("record", "corner-pharmacy:Patient/aisha-patient", "--json").stdout)["sections"]


@pytest.mark.usefixtures("ingested")
def test_the_promises_hold(beforehand: Beforehand) -> None:
    outcome = beforehand("verify", "--json")
    assert outcome.returncode == 0, outcome.stdout.decode()
    said = json.loads(outcome.stdout)
    assert (said["sound"], said["breaches"]) == (True, [])
    assert said["ledger"]
    assert all(line["balanced"] for line in said["ledger"])


@pytest.mark.usefixtures("ingested")
def test_a_backup_makes_an_equal_home(beforehand: Beforehand, home: Path, tmp_path: Path) -> None:
    assert beforehand("backup", str(tmp_path / "all.tar.zst")).returncode == 0
    environment = {**os.environ, "BEFOREHAND_HOME": str(tmp_path / "other")}
    for name in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE"):
        environment.pop(name, None)

    def other(*arguments: str) -> Outcome:
        command = [sys.executable, "-m", "beforehand.doors.cli.main", *arguments]
        return subprocess.run(command, capture_output=True, env=environment)

    restored = other("restore", str(tmp_path / "all.tar.zst"))
    assert restored.returncode == 0, restored.stderr.decode()
    assert other("findings").stdout == beforehand("findings").stdout
    assert other("verify").returncode == 0


def test_usage_errors_exit_with_two_and_say_the_remedy(beforehand: Beforehand) -> None:
    unknown = beforehand("ingest", "/no/such/folder")
    assert unknown.returncode == 2
    assert b"there is no file or folder" in unknown.stderr
    assert beforehand("worklist", "--as-of", "tomorrow").returncode == 2


@pytest.mark.usefixtures("ingested")
def test_nobody_found_is_said_without_repeating_who_was_asked_for(beforehand: Beforehand) -> None:
    outcome = beforehand("record", "https://beforehand.example/id/member|SECRET-VALUE")
    assert outcome.returncode == 1
    assert b"SECRET-VALUE" not in outcome.stdout + outcome.stderr


def test_every_command_teaches_by_its_help(beforehand: Beforehand) -> None:
    listed = beforehand("--help").stdout.decode()
    for name in ("demo", "up", "ingest", "lookahead", "findings", "worklist", "record", "rules", "verify", "backup"):
        assert f"  {name} " in listed
    assert "Usage" in beforehand("ingest", "--help").stdout.decode()
    assert b"_BEFOREHAND_COMPLETE" in beforehand("completion", "bash").stdout
