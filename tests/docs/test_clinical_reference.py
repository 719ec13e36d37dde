"""The reference pages of tables and mapping say what the code does."""

from pathlib import Path

import pytest

from beforehand.clinical.fhir import MAPPERS
from beforehand.clinical.reference import page
from beforehand.clinical.tables import ALL

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def test_the_committed_page_of_clinical_tables_is_what_the_statements_say():
    committed = (REFERENCE / "clinical-tables.md").read_text(encoding="utf-8")
    assert committed == page(), "run: python -m beforehand.clinical.reference > docs/reference/clinical-tables.md"


def test_the_page_names_every_table_and_column():
    written = page()
    for table in ALL.values():
        assert f"## {table.name}\n" in written
        for column in table.columns:
            assert f"| `{column.name}` | {column.kind.value} |" in written


@pytest.mark.parametrize("kind", sorted(MAPPERS))
def test_the_mapping_page_names_every_resource_and_its_table(kind):
    tables = {table.name for table in ALL.values() if table.fhir == kind}
    lines = (REFERENCE / "fhir-mapping.md").read_text(encoding="utf-8").splitlines()
    line = next((line for line in lines if line.startswith(f"| {kind} |")), "")
    assert all(table in line for table in tables), f"{kind} becomes {tables}"


def test_control_a_changed_statement_makes_the_page_stale():
    table = next(iter(ALL.values()))
    before = table.caveat
    object.__setattr__(table, "caveat", "Changed for this test.")
    try:
        assert "Changed for this test." in page()
    finally:
        object.__setattr__(table, "caveat", before)
