"""FHIR written out: the resources of a person as received, in one Bundle, each saying which source sent it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

from beforehand.clinical.fhir.contract import Resource
from beforehand.clinical.quantities import Numeral


class Sent(NamedTuple):
    """A resource as a source sent it."""

    content: Resource | bytes
    source: str  # the source's name
    full_url: str = ""


def _digits(value: Any) -> orjson.Fragment:
    if isinstance(value, Numeral):
        return orjson.Fragment(value.encode())
    raise TypeError(f"{type(value).__name__} cannot stand in FHIR")


def json_of(value: Any, *, indent: bool = False) -> bytes:
    """JSON of what a connector read, with every number in the digits it was sent in."""
    option = orjson.OPT_PASSTHROUGH_SUBCLASS | (orjson.OPT_INDENT_2 if indent else 0)
    return orjson.dumps(value, default=_digits, option=option)


def bundle_of(resources: Iterable[Sent | bytes]) -> Resource:
    """A collection Bundle of resources exactly as received; narrative, extensions and digits are left as sent.

    The resource itself is never touched, so its source is told beside it, in the entry's link ``via``.
    """
    entries = []
    for sent in resources:
        one = sent if isinstance(sent, Sent) else Sent(sent, "")
        content = one.content
        # A fragment is written byte for byte, so bytes keep even their number formats.
        entry: Resource = {"resource": orjson.Fragment(content) if isinstance(content, bytes) else content}
        if one.full_url:
            entry["fullUrl"] = one.full_url
        if one.source:
            entry["link"] = [{"relation": "via", "url": f"urn:beforehand:source:{one.source}"}]
        entries.append(entry)
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}
