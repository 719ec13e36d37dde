"""Reference pages are made from what they describe, and are current."""

import shutil
from pathlib import Path

from beforehand.clinical.content import content_root
from beforehand.doors.cli.reference import reference
from beforehand.lookahead.library import library
from beforehand.lookahead.rule_pages import FOLDER, pages, write

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_command_line_page_shows_every_command_as_it_is() -> None:
    assert (DOCS / "reference/command-line.md").read_text() == reference(), (
        "run: python -m beforehand.doors.cli.reference > docs/reference/command-line.md"
    )


def test_every_rule_has_its_page_and_no_page_is_left_of_a_rule_that_is_gone() -> None:
    folder = content_root() / FOLDER
    kept = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.md")}
    assert kept == pages(library()), "run: python -m beforehand.lookahead.rule_pages"


def test_page_that_differs_is_written_again_and_one_without_a_rule_is_taken_away(tmp_path: Path) -> None:
    shutil.copytree(content_root() / FOLDER, tmp_path / FOLDER)
    (tmp_path / FOLDER / "README.md").write_text("an older text")
    (tmp_path / FOLDER / "medicines" / "long_gone.md").write_text("a rule that is no more")
    assert write(tmp_path, library()) >= 2
    assert write(tmp_path, library()) == 0
    assert not (tmp_path / FOLDER / "medicines" / "long_gone.md").exists()
