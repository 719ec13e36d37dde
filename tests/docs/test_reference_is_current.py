"""Reference pages are made from what they describe, and are current."""

from pathlib import Path

from beforehand.doors.cli.reference import reference

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_command_line_page_shows_every_command_as_it_is() -> None:
    assert (DOCS / "reference/command-line.md").read_text() == reference(), (
        "run: python -m beforehand.doors.cli.reference > docs/reference/command-line.md"
    )
