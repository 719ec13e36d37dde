"""Habits of the house that a machine can check."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for path in (ROOT / "src").rglob("*.py") if path.parent.name != "migrations")
FORBIDDEN_NAMES = {"utils", "helpers", "misc", "common", "manager", "handler", "process", "data", "info"}
LONGEST_MODULE = 600
LONGEST_FUNCTION = 60


def _functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def long_functions(source: str) -> list[str]:
    """Functions longer than a screen."""
    return [
        node.name for node in _functions(ast.parse(source)) if (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_named_for_what_is_in_it_and_fits_in_a_head(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


def test_no_more_than_one_function_in_a_hundred_is_longer_than_a_screen() -> None:
    every = sum(len(_functions(ast.parse(path.read_text()))) for path in SOURCES)
    long = [f"{path.relative_to(ROOT)}:{name}" for path in SOURCES for name in long_functions(path.read_text())]
    assert len(long) <= every / 100, long


def test_a_long_function_is_noticed() -> None:
    assert long_functions("def long():\n" + "    pass\n" * 70) == ["long"]
    assert long_functions("def short():\n    pass\n") == []


def signal_hook_ups(source: str) -> list[int]:
    """Lines that hook a signal: effects must be seen where they are caused."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.ImportFrom) and node.module in {"django.dispatch", "django.db.models.signals"})
    ]


def test_nothing_happens_by_signal() -> None:
    assert [str(path) for path in SOURCES if signal_hook_ups(path.read_text())] == []
    assert signal_hook_ups("from django.dispatch import receiver") == [1]


def test_decisions_are_numbered_once_and_in_order() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs/adr").glob("[0-9]*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
    for path in sorted((ROOT / "docs/adr").glob("[0-9]*.md")):
        assert path.read_text().startswith(f"# {int(path.name[:4])}. "), path.name


def registry_hosts(text: str) -> list[str]:
    """Addresses of package registries, which no file may name."""
    return re.findall(r"https?://[\w.-]*(?:pypi|pythonhosted|npmjs|yarnpkg|debian)\.[\w.]+", text)


def test_no_file_names_a_registry_host() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    named = [
        name
        for name in filter(None, listed)
        if (ROOT / name).is_file()
        and (ROOT / name).stat().st_size < 2_000_000
        and (ROOT / name).suffix not in {".png", ".gz", ".zst", ".zip", ".woff2"}
        and registry_hosts((ROOT / name).read_text(errors="replace"))
    ]
    assert named == []
    assert registry_hosts("https://registry." + "npmjs.org/x") != []
