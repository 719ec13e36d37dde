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
_BUNDLE = frozenset((
    "resourceType", "id", "meta", "implicitRules", "language", "identifier", "type", "timestamp", "total", "link",
    "entry", "signature",
))  # fmt: skip
_WRAPPINGS = frozenset(("Bundle", "Parameters"))


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
        if not isinstance(value, dict):
            yield self.error(place, "Something else stands where a resource is due.", RESEND, full_url)
            return
        kind = value.get("resourceType")
        if kind == "Bundle":
            yield from self._entries(value, place, is_suspect, full_url)
        elif kind == "Parameters" and (inside := _parameters(value)):
            for part in inside:
                yield from self.unwrap(part, f"{place}.parameter", is_suspect, full_url or "")
        else:
            fault = fault_in(value, place) if is_suspect else None
            yield self._item(resource=None if fault else value, full_url=full_url, error=fault)

    def _entries(self, bundle: dict[str, Any], place: str, is_suspect: bool, full_url: str | None) -> Iterator[RawItem]:
        entries = bundle.get("entry")
        if entries is not None and not isinstance(entries, list):
            yield self.error(
                f"{place}.entry", "Something else stands where a list of entries is due.", RESEND, full_url
            )
            return
        if not entries and (others := [name for name in bundle if name.removeprefix("_") not in _BUNDLE]):
            reason = f"The Bundle has no entries, and {len(others)} parts that a Bundle does not have."
            yield self.error(place, reason, RESEND, full_url)
        for number, entry in enumerate(entries or ()):
            if type(entry) is dict and not is_suspect:  # nearly every entry: a plain resource to take up
                resource, request = entry.get("resource"), entry.get("request")
                url = entry.get("fullUrl", "")
                kind = resource.get("resourceType") if type(resource) is dict else None
                is_plain = type(kind) is str and kind not in _WRAPPINGS and type(url) is str
                if is_plain and (request is None or _method(request) in _TAKEN):
                    yield RawItem(self.place, resource, url)
                    self.place += 1
                    continue
            yield from self._entry(entry, f"{place}.entry[{number}]", is_suspect)

    def _entry(self, entry: Any, where: str, is_suspect: bool) -> Iterator[RawItem]:
        """The items of an entry, or why it has none."""
        if not isinstance(entry, dict):
            yield self.error(where, "Something else stands where an entry is due.", RESEND, "")
            return
        url = entry.get("fullUrl")
        url = url if isinstance(url, str) else ""
        method = _method(entry.get("request"))
        resource = entry.get("resource")
        if method == "DELETE":
            address = str(entry["request"].get("url") or url)
            yield self._item(resource=None, full_url=url, method="DELETE", url=address)
        elif method not in _TAKEN and method != "GET":
            reason = f"The entry asks for {method[:20]}, which changes a resource without stating it whole."
            yield self.error(f"{where}.request.method", reason, "Ask the sender for the resource as it now is.", url)
        elif resource is None:
            yield self.error(where, "The entry holds no resource.", RESEND, url)
        else:
            yield from self.unwrap(resource, f"{where}.resource", is_suspect, url)


def _method(request: Any) -> str:
    """What an entry asks a server to do; empty when it does not say."""
    return str(request.get("method") or "") if isinstance(request, dict) else ""


def _parameters(found: dict[str, Any]) -> list[Any]:
    """The resources that an operation's answer carries as parameters."""
    sent = found.get("parameter")
    if not isinstance(sent, list):
        return []
    inside = [part.get("resource") for part in sent if isinstance(part, dict)]
    return [part for part in inside if isinstance(part, dict)]
