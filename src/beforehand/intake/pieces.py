"""Items on their way: what was received, as what, whose version it is, and what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from beforehand.intake.connectors.items import RawItem
from beforehand.intake.limits import too_deep
from beforehand.intake.store.identities import Key, identifier_keys
from beforehand.record.models import Message

FILED = "urn:beforehand-filed"  # a reference to whom a person filed the item to; means nothing in what is sent
LOGICAL_ID = 250  # longer ones are named by their digest


@dataclass(slots=True)
class Counts:
    """What became of items. ``kept`` is part of ``applied``; the rest add up to ``received``."""

    received: int = 0
    applied: int = 0
    kept: int = 0
    quarantined: int = 0
    refused: int = 0
    duplicates: int = 0

    def add(self, other: Counts) -> None:
        """Count the other's items too."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def balances(self) -> bool:
        """Promise 1."""
        return self.received == self.applied + self.quarantined + self.refused + self.duplicates


@dataclass(slots=True)
class Trouble:
    """Why an item was set aside, where in it, and what to do. Holds no patient values."""

    reason: str
    field: str = ""
    remedy: str = ""
    waiting_for: int | None = None


@dataclass(slots=True)
class Piece:
    """One item on its way to becoming facts."""

    message: Message
    place: int
    item_id: int
    resource: dict[str, Any] | None
    urls: Mapping[str, Key]
    type: str = ""
    logical_id: str = ""
    resource_id: int | None = None
    digest: bytes | None = None
    version_at: int = 0
    keys: Sequence[str] = ()
    outcome: str = ""
    version_state: str = ""
    patient_id: int | None = None
    trouble: Trouble | None = None
    was: str = ""  # the outcome before, of an item tried again
    replaces: int | None = None  # item whose facts it takes the place of
    unit: int | None = None  # items of one unit are one as their sender counts them
    is_part: bool = False  # what it leaves unsaid stays as said before
    whole: dict[str, Any] | None = None  # of a part: the resource with what was said before
    filed_to: int | None = None  # person record, by the word of a person
    stands_as: int | None = None  # of a late part that adds something: the newer item whose facts it adds to

    @property
    def unit_key(self) -> tuple[int, int]:
        """What it is counted as: message and unit; items that count by themselves have negative ones."""
        return (self.message.pk, -1 - self.place if self.unit is None else self.unit)

    def set_aside(self, reason: str, *, field: str = "", remedy: str = "", waiting_for: int | None = None) -> None:
        """Quarantine it."""
        self.outcome, self.version_state = "QUARANTINED", ""
        self.trouble = Trouble(reason[:400], field[:200], remedy[:400], waiting_for)


@dataclass(slots=True)
class Part:
    """Some or all items of one message, for one transaction."""

    message: Message
    items: list[RawItem]
    is_last: bool
    urls: Mapping[str, Key] = field(default_factory=dict)
    format: str = "fhir"

    @property
    def count(self) -> int:
        """How many items these are as their sender counts them."""
        return len({("unit", raw.unit) if raw.unit is not None else ("place", raw.place) for raw in self.items})


def milliseconds(moment: datetime) -> int:
    """UTC milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def key_of(resource: Mapping[str, Any], full_url: str | None) -> Key | None:
    """Type and logical id of a resource; one without an id is known by the address of its entry."""
    type_ = resource.get("resourceType")
    if not isinstance(type_, str) or not type_ or "\0" in type_:
        return None
    logical_id = resource.get("id")
    if not isinstance(logical_id, str) or not logical_id:
        logical_id = full_url or ""
        if logical_id and not logical_id.startswith("urn:"):
            logical_id = logical_id.rsplit("/", 1)[-1]
    if len(logical_id) > LOGICAL_ID or "#" in logical_id or "\0" in logical_id:
        logical_id = "long:" + hashlib.sha256(logical_id.encode()).hexdigest()
    return (type_[:40], logical_id)


def addresses(items: Sequence[RawItem]) -> dict[str, Key]:
    """What the entries of a bundle call each other, by their full address."""
    urls: dict[str, Key] = {}
    for item in items:
        if item.full_url and item.resource is not None:
            key = key_of(item.resource, item.full_url)
            if key is not None and key[1]:
                urls[item.full_url] = key
    return urls


def version_at(resource: Mapping[str, Any], received: int) -> int:
    meta = resource.get("meta")
    said = meta.get("lastUpdated") if isinstance(meta, dict) else None
    if not isinstance(said, str):
        return received
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return received
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return milliseconds(moment)


def _read_resource(piece: Piece, resource: dict[str, Any], full_url: str | None, received: int) -> None:
    key = key_of(resource, full_url)
    if key is None:
        piece.set_aside("The item names no resourceType.", field="resourceType", remedy="Ask the sender to correct it.")
        return
    try:
        content = orjson.dumps(resource)
    except (TypeError, ValueError, RecursionError):
        refusal = too_deep()
        piece.set_aside(refusal.reason, remedy=refusal.remedy)
        return
    if b"\\u0000" in content and b"\\u0000" in content.replace(b"\\\\", b""):
        piece.set_aside(
            "The item holds a NUL character, which FHIR does not allow.", remedy="Ask the sender to correct it."
        )
        return
    piece.digest = hashlib.sha256(content).digest()[:16]
    piece.type, piece.logical_id = key
    if not piece.logical_id:
        piece.logical_id = f"content:{piece.digest.hex()}"
    piece.version_at = version_at(resource, received)
    if "identifier" in resource:
        piece.keys = identifier_keys(resource)


def piece_of(message: Message, raw: RawItem, item_id: int, urls: Mapping[str, Key], received: int) -> Piece:
    """What one received item is, before anything is known of its meaning."""
    piece = Piece(message, raw.place, item_id, raw.resource, urls, unit=raw.unit, is_part=raw.method == "PATCH")
    if raw.error is not None:
        piece.set_aside(raw.error.reason, field=raw.error.place, remedy=raw.error.remedy)
    elif raw.method == "DELETE" and raw.resource is None:
        parts = (raw.url or raw.full_url or "").split("?")[0].rstrip("/").rsplit("/", 2)
        if len(parts) < 2 or not parts[-1] or not parts[-2] or "\0" in "".join(parts):
            piece.set_aside("The deletion does not name a resource by type and id.", field="request.url")
        else:
            piece.type, piece.logical_id, piece.version_at = parts[-2][:40], parts[-1][:LOGICAL_ID], received
    elif raw.resource is None:
        piece.set_aside(
            "The entry holds no resource.", field="resource", remedy="Ask the sender for the resource itself."
        )
    else:
        _read_resource(piece, raw.resource, raw.full_url, received)
    return piece


def pieces_of(parts: Sequence[Part], first_item: int) -> Iterator[Piece]:
    """Every item of the parts, numbered from ``first_item``."""
    number = first_item
    for part in parts:
        received = milliseconds(part.message.received_at)
        for raw in part.items:
            yield piece_of(part.message, raw, number, part.urls, received)
            number += 1
