"""Every shared C-CDA file ends in a stated outcome: applied, with faults recorded, or refused with a reason.

The files lie beside the checkout (``../shared/data``); where they are absent the test is skipped and says so.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from beforehand.intake.connectors.ccda import connector
from beforehand.intake.connectors.errors import ConnectorError
from tests.contracts.connector_suite import fate_of, readable

DATA = Path(__file__).parents[3] / "shared" / "data" / "ccda-documents"


def files() -> Iterator[tuple[str, bytes]]:
    """Every XML file of the three sets."""
    for archive in sorted(DATA.glob("*.tar.gz")):
        with tarfile.open(archive) as opened:
            for entry in opened:
                if entry.isreg() and entry.name.endswith(".xml") and (body := opened.extractfile(entry)) is not None:
                    yield entry.name, body.read()


def test_all_414_files_end_in_a_stated_outcome() -> None:
    if not DATA.is_dir():
        pytest.skip("the shared C-CDA documents are not beside this checkout")
    outcomes = {"applied": 0, "applied, faults recorded": 0, "refused": 0}
    invalid = 0
    for name, content in files():
        try:
            fates = [fate_of(item) for item in connector.items(content, name)]
        except ConnectorError as refusal:
            assert readable(refusal.reason), name
            assert refusal.remedy, name
            outcomes["refused"] += 1
            continue
        faults = [fate for fate in fates if fate not in ("mapped", "kept")]
        assert len(faults) < len(fates), name
        outcomes["applied, faults recorded" if faults else "applied"] += 1
        if "/NegativeTesting_" in name:
            assert faults, f"{name} is invalid, and nothing was recorded"
            invalid += 1
    assert sum(outcomes.values()) == 414
    assert invalid == 23
    assert outcomes["refused"] == 357  # parts of documents, which the collection holds as examples
