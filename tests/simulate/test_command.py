"""``beforehand simulate`` as an organisation runs it: a process of its own, words or JSON, nothing left behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_database
FIGURES = {
    "settings", "truth", "beforehand", "baselines", "work", "silent_feeds", "by_kind", "by_fault", "misses",
    "false_rows", "false_by_rule", "seconds", "cpu_seconds",
}  # fmt: skip


def beforehand(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    dropped = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    return subprocess.run(
        [sys.executable, "-m", "beforehand.doors.cli.main", "simulate", *arguments],
        capture_output=True, env={**environment, "BEFOREHAND_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path)},
    )  # fmt: skip


def test_simulation_prints_json_writes_the_truth_and_leaves_no_home_behind(tmp_path: Path) -> None:
    ran = beforehand(
        tmp_path, "--patients", "3", "--days", "10", "--seed", "5", "--json", "--out", str(tmp_path / "out")
    )
    assert ran.returncode == 0, ran.stderr.decode()
    outcome = json.loads(ran.stdout)
    assert set(outcome) == FIGURES
    assert outcome["settings"]["seed"] == 5
    truth = [json.loads(line) for line in (tmp_path / "out/truth.ndjson").read_bytes().splitlines()]
    assert len(truth) == outcome["truth"]["bumps"] + outcome["truth"]["near_misses"]
    assert json.loads((tmp_path / "out/outcome.json").read_text())["truth"] == outcome["truth"]
    assert list(tmp_path.glob("beforehand-simulated-*")) == []
    assert not (tmp_path / "home/beforehand.db").exists()


def test_simulation_speaks_to_people(tmp_path: Path) -> None:
    ran = beforehand(tmp_path, "--patients", "2", "--days", "8", "--coordinators", "1", "--capacity", "5")
    assert ran.returncode == 0, ran.stderr.decode()
    said = ran.stdout.decode()
    for words in ("2 people, 8 days", "Beforehand", "due dates, 14 days ahead", "no look-ahead", "Seed "):
        assert words in said


@pytest.mark.parametrize("wrong", [("--patients", "0"), ("--days", "3"), ("--start", "soon")])
def test_wrong_use_is_refused(tmp_path: Path, wrong: tuple[str, str]) -> None:
    assert beforehand(tmp_path, *wrong).returncode == 2


def test_an_unknown_rule_cannot_be_left_out(tmp_path: Path) -> None:
    ran = beforehand(tmp_path, "--patients", "1", "--days", "7", "--without", "no_such_rule")
    assert ran.returncode == 1
    assert b"no_such_rule" in ran.stderr
