"""A format for tests only: one item a line, with its unit, its method and its resource."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.items import RawItem

HEAD = b"LINES\n"


def recognises(head: bytes, name: str) -> bool:
    """Whether it is this format."""
    return head.startswith(HEAD)


def items(content: bytes, name: str = "") -> Iterator[RawItem]:
    """Every line."""
    for place, line in enumerate(content.removeprefix(HEAD).splitlines()):
        said = orjson.loads(line)
        error = ItemError(f"line {place}", "The line cannot be read.") if said.get("error") else None
        resource = None if error else said["resource"]
        yield RawItem(place, resource, error=error, method=said.get("method", ""), unit=said.get("unit"))


def lines(*parts: dict[str, Any]) -> bytes:
    """A message of this format."""
    return HEAD + b"\n".join(orjson.dumps(part) for part in parts)


def unit(number: int | None, *resources: dict[str, Any], method: str = "") -> list[dict[str, Any]]:
    """The lines of one item of several resources."""
    return [{"unit": number, "resource": resource, "method": method} for resource in resources]
