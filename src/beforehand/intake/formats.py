"""Which connector reads which bytes. A connector is a format and knows nothing of how the bytes came."""

from __future__ import annotations

from collections.abc import Iterator

from beforehand.intake.connectors.fhir import connector as fhir
from beforehand.intake.connectors.items import RawItem
from beforehand.intake.errors import RefusedError

CONNECTORS = {"fhir": fhir}
HEAD = 4096


def recognise(content: bytes, name: str) -> str:
    """The connector that reads these bytes; refused when there is none."""
    for format_, connector in CONNECTORS.items():
        if connector.recognises(content[:HEAD], name):
            return format_
    raise RefusedError(
        "The format is not one that can be read here.",
        "FHIR R4 JSON is: Bundles, single resources, NDJSON, archives of them.",
    )


def items_of(content: bytes, name: str) -> Iterator[RawItem]:
    """Every item in the bytes, in the order they stand."""
    found: Iterator[RawItem] = CONNECTORS[recognise(content, name)].items(content, name)
    return found
