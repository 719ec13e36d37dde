"""The words of the section an entry of a C-CDA document stands in, through our own tree of narrative."""

from __future__ import annotations

from beforehand.intake.connectors.ccda.document import Entry
from beforehand.intake.connectors.ccda.mapping import entries_of
from beforehand.intake.connectors.ccda.narrative import plain_of, read_narrative
from beforehand.intake.connectors.ccda.sections import text_of
from beforehand.intake.connectors.items import RawItem
from beforehand.intake.connectors.xml import read_xml


def section_words(content: bytes, raw: RawItem) -> str:
    """What the section says in words; empty for what stands in the header or in a section without words."""
    place = 0
    for entry in entries_of(read_xml(content)):
        count = len(entry.resources) + len(entry.errors) + len(entry.remarks)
        if place <= raw.place < place + count:
            return _words(entry)
        place += count
    return ""


def _words(entry: Entry) -> str:
    text = text_of(entry.section) if entry.section is not None else None
    return plain_of(read_narrative(text)) if text is not None else ""
