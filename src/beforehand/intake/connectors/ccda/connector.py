"""C-CDA from files: each document is one message, each of its entries one item."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from beforehand.intake.connectors.errors import StopError
from beforehand.intake.connectors.items import RawItem

_CDA = (b"ClinicalDocument", b"urn:hl7-org:v3", b"2.16.840.1.113883.10.20")


def recognises(head: bytes, name: str) -> bool:
    """Whether the bytes look like a clinical document, or a part of one, which is refused with a reason."""
    plain = head.replace(b"\0", b"")  # UTF-16
    start = plain.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\xff\xfe")
    return start.startswith(b"<") and b"http://hl7.org/fhir" not in start and any(mark in start for mark in _CDA)


def items(data: bytes | BinaryIO, name: str = "") -> Iterator[RawItem]:
    """Every item of the document; ``StopError`` before the first when it cannot be opened."""
    content = data if isinstance(data, bytes) else data.read()
    if not re.search(rb"<(?:\w+:)?ClinicalDocument\b", content.replace(b"\0", b"")):
        raise StopError("It is a part of a C-CDA document, not a whole one.", "Ask the sender for the whole document.")
    raise StopError("The document cannot be read.", "Ask the sender for a C-CDA document.")
    yield
