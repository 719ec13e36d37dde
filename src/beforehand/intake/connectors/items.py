"""What a connector makes of bytes: items, each a FHIR resource, a deletion, or the reason why it cannot be read."""

from __future__ import annotations

from typing import Any, NamedTuple

from beforehand.intake.connectors.errors import ItemError


class RawItem(NamedTuple):
    """One item of a message.

    ``place`` counts items from 0 and is the same each time the same bytes are read. ``full_url`` is None outside
    bundles. A deletion has method ``DELETE``, no resource, and the resource's address in ``url``.
    """

    place: int
    resource: dict[str, Any] | None
    full_url: str | None = None
    error: ItemError | None = None
    method: str = ""
    url: str = ""
