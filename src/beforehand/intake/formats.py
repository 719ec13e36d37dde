"""Which connector reads which bytes. A connector is a format and knows nothing of how the bytes came."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from beforehand.intake import connectors
from beforehand.intake.connectors.items import RawItem
from beforehand.intake.errors import RefusedError

# Each folder of connectors/ is one, found by its name; no two recognise the same bytes.
CONNECTORS: dict[str, ModuleType] = {
    name: import_module(f"{connectors.__name__}.{name}.connector")
    for _, name, is_folder in sorted(iter_modules(connectors.__path__), key=lambda found: found.name)
    if is_folder
}
HEAD = 4096


def recognise(content: bytes, name: str) -> str:
    """The connector that reads these bytes; refused when there is none."""
    for format_, connector in CONNECTORS.items():
        if connector.recognises(content[:HEAD], name):
            return format_
    raise RefusedError(
        "The format is not one that can be read here.",
        "These are: FHIR R4 JSON, HL7 v2, C-CDA, X12 (835, 837, 277CA, 834), lists (CSV) with a mapping, calendars,"
        " PDF, scans, text and e-mail.",
    )


def items_of(content: bytes, name: str) -> Iterator[RawItem]:
    """Every item in the bytes, in the order they stand."""
    found: Iterator[RawItem] = CONNECTORS[recognise(content, name)].items(content, name)
    return found
