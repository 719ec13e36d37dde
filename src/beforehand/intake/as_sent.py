"""Items as their sender wrote them, read again from the bytes kept."""

from __future__ import annotations

from typing import Any

from beforehand.intake.blobs import read_blob
from beforehand.intake.connectors.items import RawItem
from beforehand.intake.errors import StatementError
from beforehand.intake.formats import items_of
from beforehand.record.models import Item, Message


def raw_of(item: Item) -> RawItem:
    """One item as the connector reads it from its message."""
    message = Message.objects.get(pk=item.message_id)
    for raw in items_of(read_blob(message.digest), message.name):
        if raw.place == item.place:
            return raw
    raise StatementError(f"Item {item.pk} is not in its message any more: restore the bytes from a backup.")


def sent(item: Item) -> dict[str, Any]:
    """The resource of one item exactly as it was sent."""
    resource = raw_of(item).resource
    if resource is None:
        raise StatementError(f"Item {item.pk} holds no resource.")
    return resource
