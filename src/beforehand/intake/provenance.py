"""Where a fact came from, down to the words as sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from beforehand.intake.as_sent import sent
from beforehand.record.access import Access
from beforehand.record.audit import audited
from beforehand.record.models import Item
from beforehand.record.reading import Origin, origin


@dataclass(frozen=True)
class Provenance:
    """The origin of a fact and the resource exactly as its sender wrote it."""

    origin: Origin
    as_sent: dict[str, Any]

    @property
    def excerpt(self) -> str:
        """The resource for people to read, indented, without its generated narrative."""
        shown = {name: value for name, value in self.as_sent.items() if name != "text"}
        return orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()


def provenance(access: Access, table: str, fact_id: int) -> Provenance:
    """Who says this, in which message, received when, who else says so, what was said before, and the words as sent."""
    found = origin(access, table, fact_id)
    item = Item.objects.get(pk=found.said.item_id)
    row = access.facts(table).get(pk=fact_id)
    audited(access.principal, "read_provenance", patients=[row.patient_id])
    return Provenance(found, sent(item))


def older_version(access: Access, table: str, fact_id: int, item_id: int) -> dict[str, Any]:
    """An earlier version of the same fact as it was sent; still readable after it was superseded or withdrawn."""
    found = origin(access, table, fact_id)
    if item_id not in {version.item_id for version in found.versions}:
        raise LookupError(f"Item {item_id} is no version of fact {fact_id}.")
    return sent(Item.objects.get(pk=item_id))
