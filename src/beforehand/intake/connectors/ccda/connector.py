"""C-CDA from files: each document is one message, each of its entries one item."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from beforehand.intake.connectors.ccda.datatypes import V3, name_of
from beforehand.intake.connectors.ccda.document import STATEMENTS, items_in
from beforehand.intake.connectors.ccda.mapping import entries_of
from beforehand.intake.connectors.errors import StopError
from beforehand.intake.connectors.items import RawItem
from beforehand.intake.connectors.xml import read_xml

REMEDY = "Ask the sender for a whole C-CDA document."
_MARKS = (b"ClinicalDocument", b"urn:hl7-org:v3", b"2.16.840.1.113883.10.20.22")
_PARTS = frozenset(
    (
        *STATEMENTS, "section", "entry", "component", "author", "custodian", "participant", "performer", "informant",
        "recordTarget", "documentationOf", "componentOf", "authenticator", "legalAuthenticator", "dataEnterer",
        "informationRecipient", "inFulfillmentOf", "participantRole", "manufacturedProduct", "relatedDocument",
        "authorization", "entryRelationship", "patient", "name", "addr", "relatedSubject", "assignedAuthor",
        "assignedEntity", "serviceEvent", "encompassingEncounter", "encounterParticipant", "signatureText",
    )
)  # fmt: skip
_FHIR = re.compile(rb"xmlns=[\"']http://hl7\.org/fhir[\"']")
_TAG = re.compile(rb"<(?:\w+:)?([A-Za-z]\w*)[\s/>]")
# What may stand before the first element: a declaration or instruction, a comment.
_PROLOGUE = ((b"<?", b"?>"), (b"<!--", b"-->"))
_LOOKED_AT = 65_536


def _plain(content: bytes) -> bytes:
    """Bytes in which tags can be told, whatever the encoding."""
    return content.replace(b"\0", b"").lstrip(b" \t\r\n\xef\xbb\xbf\xff\xfe")


def _first_tag(content: bytes) -> str:
    """The name of the first element, without its prefix; empty where it stands beyond what is looked at."""
    start = _plain(content[:_LOOKED_AT])
    at = 0
    while (at := start.find(b"<", at)) >= 0:
        end = next((end for begin, end in _PROLOGUE if start.startswith(begin, at)), None)
        if end is None:
            found = _TAG.match(start, at)
            return found[1].decode() if found else ""
        close = start.find(end, at + 2)
        if close < 0:
            return ""
        at = close + len(end)
    return ""


def recognises(head: bytes, name: str) -> bool:
    """Whether the bytes look like a clinical document, or a part of one, which is refused with a reason."""
    start = _plain(head)
    if not start.startswith(b"<") or _FHIR.search(start):
        return False
    first = _first_tag(head)
    is_all_prologue = not first and start.startswith((b"<?xml", b"<!--"))  # only this connector reads XML
    return first in _PARTS or is_all_prologue or any(mark in start for mark in _MARKS)


def items(data: bytes | BinaryIO, name: str = "") -> Iterator[RawItem]:
    """Every item of the document; ``StopError`` before the first when it cannot be opened."""
    content = data if isinstance(data, bytes) else data.read()
    first = _first_tag(content)
    if first in _PARTS:
        raise StopError(
            f"It is a part of a C-CDA document ({first}), not a whole one, so it does not say whom it is about.", REMEDY
        )
    root = read_xml(content)
    if root.tag != f"{V3}ClinicalDocument":
        is_bare = name_of(root) == "ClinicalDocument"
        why = "its elements are not in HL7's namespace urn:hl7-org:v3" if is_bare else "it is some other XML"
        raise StopError(f"It is not a C-CDA document: {why}.", REMEDY)
    yield from items_in(iter(list(entries_of(root))))
