"""What a connector makes of bytes: items, each a FHIR resource, a deletion, or the reason why it cannot be read."""

from __future__ import annotations

from typing import Any, NamedTuple

from beforehand.intake.connectors.errors import ItemError


class RawItem(NamedTuple):
    """One item of a message.

    ``place`` counts resources from 0 and is the same each time the same bytes are read. ``full_url`` is None outside
    bundles. A deletion has method ``DELETE``, no resource, and the resource's address in ``url``. Of method ``PATCH``,
    what the resource leaves unsaid stays as its sender said it before; otherwise it is a whole new version.
    ``unit`` tells which resources came from one item as its sender counts them, such as one HL7 v2 message or one
    entry of a C-CDA document; None where the resource is an item of its own.
    """

    place: int
    resource: dict[str, Any] | None
    full_url: str | None = None
    error: ItemError | None = None
    method: str = ""
    url: str = ""
    unit: int | None = None
