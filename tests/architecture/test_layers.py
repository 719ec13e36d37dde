"""Imports point down only. The contracts are in pyproject.toml; here they are run, and shown to be able to fail."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).parent / "lint-imports"


def _contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(folder / "src")}
    )


def test_every_import_points_down() -> None:
    outcome = _contracts(ROOT)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("record/models/codes.py", "import beforehand.care.needs"),
        ("intake/apps.py", "import beforehand.lookahead.apps"),
        ("clinical/columns.py", "import django.db"),
        ("world/days.py", "import beforehand.lookahead.rule"),
        ("world/days.py", "import yaml"),
    ],
)
def test_an_import_that_points_up_breaks_the_contract(tmp_path: Path, module: str, line: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(
        ROOT / "src/beforehand",
        tmp_path / "src/beforehand",
        ignore=shutil.ignore_patterns("static", "templates", "__pycache__"),
    )
    sabotaged = tmp_path / "src/beforehand" / module
    sabotaged.write_text(f"{sabotaged.read_text()}\n{line}\n")
    assert _contracts(tmp_path).returncode != 0
