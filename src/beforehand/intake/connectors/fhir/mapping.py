"""From a FHIR wrapping to items. The bytes are FHIR already, so an item is the resource itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.fhir.reading import fault_in
from beforehand.intake.connectors.items import RawItem

RESEND = "Ask the sender for the resource itself."
# What an entry asks a server to do that leaves a resource to be taken up here.
_TAKEN = frozenset(("", "POST", "PUT"))


class Unwrapping:
    """Items of one message, numbered in the order they stand, however deep the bundles are nested."""

    def __init__(self) -> None:
        self.place = 0

    def _item(self, **parts: Any) -> RawItem:
        item = RawItem(self.place, **parts)
        self.place += 1
        return item

    def error(self, place: str, reason: str, remedy: str, full_url: str | None = None) -> RawItem:
        """An item that cannot be read."""
        return self._item(resource=None, full_url=full_url, error=ItemError(place, reason, remedy))

    def unwrap(self, value: Any, place: str, is_suspect: bool, full_url: str | None = None) -> Iterator[RawItem]:
        """Every item in a value that stands alone, on a line, in a list or in an entry."""
        waiting: list[tuple[Any, str, str | None]] = [(value, place, full_url)]
        while waiting:
            found, where, url = waiting.pop()
            if not isinstance(found, dict):
                yield self.error(where, "Something else stands where a resource is due.", RESEND, url)
                continue
            kind = found.get("resourceType")
            if kind == "Bundle":
                entries = found.get("entry")
                if entries is not None and not isinstance(entries, list):
                    yield self.error(
                        f"{where}.entry", "Something else stands where a list of entries is due.", RESEND, url
                    )
                    continue
                numbered = enumerate(entries or ())
                below = [(_Entry(entry), f"{where}.entry[{number}]", None) for number, entry in numbered]
                waiting.extend(reversed(below))
            elif isinstance(found, _Entry):
                item = self._entry(found, where)
                if isinstance(item, RawItem):
                    yield item
                else:
                    waiting.append((item, f"{where}.resource", found.url))
            elif kind == "Parameters" and (inside := _parameters(found)):
                waiting.extend((part, f"{where}.parameter", url or "") for part in reversed(inside))
            else:
                fault = fault_in(found, where) if is_suspect else None
                yield self._item(resource=None if fault else found, full_url=url, error=fault)

    def _entry(self, entry: _Entry, where: str) -> RawItem | dict[str, Any]:
        """The resource of an entry, or the item it is without one."""
        sent = entry.sent
        if not isinstance(sent, dict):
            return self.error(where, "Something else stands where an entry is due.", RESEND, entry.url)
        request = sent.get("request")
        request = request if isinstance(request, dict) else {}
        method = str(request.get("method") or "")
        if method == "DELETE":
            address = str(request.get("url") or entry.url)
            return self._item(resource=None, full_url=entry.url, method="DELETE", url=address)
        if method not in _TAKEN and method != "GET":
            reason = f"The entry asks for {method}, which changes a resource without stating it whole."
            return self.error(
                f"{where}.request.method", reason, "Ask the sender for the resource as it now is.", entry.url
            )
        resource = sent.get("resource")
        if resource is None:
            return self.error(where, "The entry holds no resource.", RESEND, entry.url)
        if not isinstance(resource, dict):
            return self.error(f"{where}.resource", "Something else stands where a resource is due.", RESEND, entry.url)
        return resource


class _Entry(dict[str, Any]):
    """An entry of a bundle on its way to being opened."""

    def __init__(self, sent: Any) -> None:
        super().__init__()
        self.sent = sent
        url = sent.get("fullUrl") if isinstance(sent, dict) else None
        self.url = url if isinstance(url, str) else ""


def _parameters(found: dict[str, Any]) -> list[Any]:
    """The resources that an operation's answer carries as parameters."""
    sent = found.get("parameter")
    if not isinstance(sent, list):
        return []
    inside = [part.get("resource") for part in sent if isinstance(part, dict)]
    return [part for part in inside if isinstance(part, dict)]
