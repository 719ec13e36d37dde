"""Which resource a reference means. One whole number per (source, type, logical id), allotted at first mention.

So references resolve in any order of items and files: whoever comes first, the resource or a mention of it, makes
the identity. A conditional reference (``Practitioner?identifier=s|v``) makes one under the identifier, which the
resource takes over when it arrives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from beforehand.clinical.columns import Kind
from beforehand.clinical.tables import ALL
from beforehand.intake.models import SentIdentifier
from beforehand.record.models import Resource, Source
from beforehand.record.store.rows import (
    Numbers,
    among,
    change,
    fetch,
    find_resources,
    insert_rows,
    listed,
    table_of,
    update_rows,
)

OURS = "urn:beforehand:"  # a reference to a resource of any source here, used by statements of people
PLACEHOLDER = "?identifier="
LITERAL = re.compile(r"(?:^|/)([A-Z][A-Za-z]{2,39})/([^/?#]{1,250})(?:/_history/[^/]*)?$")
Key = tuple[str, str]


def our_reference(source_name: str, type_: str, logical_id: str) -> str:
    """A reference that means the same resource on any replay of the same messages."""
    return f"{OURS}{quote(source_name, safe='')}/{type_}/{quote(logical_id, safe='')}"


def identifier_keys(resource: Mapping[str, Any]) -> list[str]:
    """``system|value`` of every identifier of a resource."""
    identifiers = resource.get("identifier")
    if isinstance(identifiers, dict):
        identifiers = [identifiers]
    if not isinstance(identifiers, list):
        return []
    keys = []
    for identifier in identifiers:
        if isinstance(identifier, dict) and isinstance(value := identifier.get("value"), str) and value:
            keys.append(f"{identifier.get('system') or ''}|{value}"[:500])
    return keys


class Identities:
    """Identities of one source's resources during one write transaction."""

    def __init__(self, source: Source) -> None:
        self.source_id = int(source.pk)
        self.is_person = source.kind in ("PERSON", "RULE")  # only those of this house refer to what others said
        self.known: dict[Key, int] = {}
        self.current: dict[int, int | None] = {}  # identity -> item that states it now, of those found in the database
        self.fresh: dict[int, Key] = {}
        self.absent: set[Key] = set()  # looked for, not in the database
        self.aliases: dict[Key, int] = {}
        self.looked_up: set[Key] = set()
        self.fresh_aliases: dict[Key, int] = {}
        self.renamed: dict[int, str] = {}
        self.moved_aliases: dict[Key, int] = {}
        self.merges: list[tuple[int, int]] = []
        self.ids = Numbers(Resource)
        self.is_new_source = not fetch("select 1 from resource where source_id = %s limit 1", [self.source_id])

    def prepare(self, wanted: dict[str, set[str]], identifiers: dict[str, set[str]]) -> None:
        """Find in few questions what the items of this transaction are known as."""
        if self.is_new_source:
            return
        for type_, logical_ids in wanted.items():
            self.absent.update((type_, logical_id) for logical_id in logical_ids)
            for number, logical_id, item in find_resources(self.source_id, type_, logical_ids):
                self.known[type_, logical_id] = number
                self.current[number] = item
        self.absent -= self.known.keys()
        for type_, keys in identifiers.items():
            self.looked_up.update((type_, key) for key in keys)
            rows = fetch(
                f"select key, resource_id from sent_identifier where source_id = %s and type = %s and {among('key')}",
                [self.source_id, type_, listed(keys)],
            )
            self.aliases.update({(type_, key): number for key, number in rows})

    def of(self, type_: str, logical_id: str) -> int:
        """The identity of a resource, made now if this is its first mention."""
        key = (type_, logical_id)
        number = self.known.get(key)
        if number is None:
            number = self._find(key)
            if number is None:
                number = self.ids.take()
                self.fresh[number] = key
            self.known[key] = number
        return number

    def _find(self, key: Key) -> int | None:
        if self.is_new_source or key in self.absent:
            return None
        found = fetch(
            "select id, current_item_id from resource where source_id = %s and type = %s and logical_id = %s",
            [self.source_id, *key],
        )
        if not found:
            return None
        self.current[found[0][0]] = found[0][1]
        return int(found[0][0])

    def child(self, type_: str, parent: str, fragment: str, is_new: bool) -> int:
        """The identity of a part of a resource; parts of a resource never seen before need no search."""
        key = (type_, f"{parent}#{fragment}")
        if is_new and key not in self.known:
            number = self.known[key] = self.ids.take()
            self.fresh[number] = key
            return number
        return self.of(*key)

    def arrived(self, type_: str, logical_id: str, keys: Iterable[str]) -> int:
        """The identity of a resource that is here now, taking over what was kept under its identifiers."""
        number: int | None = None
        for key in keys:
            alias = self._alias((type_, key))
            if alias is None or not self._is_placeholder(alias):
                continue
            known = self.known.get((type_, logical_id)) or self._find((type_, logical_id))
            if known is None:
                self._rename(alias, type_, logical_id)
                number = alias
            elif known != alias:
                self.merges.append((alias, known))
                self.moved_aliases[type_, key] = self.aliases[type_, key] = known
        if number is None:
            number = self.of(type_, logical_id)
        for key in keys:
            if self._alias((type_, key)) is None:
                self.aliases[type_, key] = self.fresh_aliases[type_, key] = number
        return number

    def _alias(self, key: Key) -> int | None:
        number = self.aliases.get(key)
        if number is None and not self.is_new_source and key not in self.looked_up:
            self.looked_up.add(key)
            found = fetch(
                "select resource_id from sent_identifier where source_id = %s and type = %s and key = %s",
                [self.source_id, *key],
            )
            if found:
                number = self.aliases[key] = int(found[0][0])
        return number

    def _is_placeholder(self, number: int) -> bool:
        if number in self.fresh:
            return self.fresh[number][1].startswith(PLACEHOLDER)
        if number in self.renamed or any(number == gone for gone, _ in self.merges):
            return False
        found = fetch("select logical_id from resource where id = %s", [number])
        return bool(found) and found[0][0].startswith(PLACEHOLDER)

    def _rename(self, number: int, type_: str, logical_id: str) -> None:
        if number in self.fresh:
            self.fresh[number] = (type_, logical_id)
        else:
            self.renamed[number] = logical_id
        self.known[type_, logical_id] = number

    def by_identifier(self, type_: str, key: str) -> int:
        """The identity of the resource that carries an identifier, known or yet to come."""
        number = self._alias((type_, key))
        if number is None:
            number = self.of(type_, f"{PLACEHOLDER}{key}"[:300])
            self.aliases[type_, key] = self.fresh_aliases[type_, key] = number
        return number

    def resolve(self, reference: Mapping[str, Any] | str | None, urls: Mapping[str, Key]) -> int | None:
        """The identity a FHIR reference means; None when it names nothing that could ever arrive."""
        address: Any = reference
        logical: Any = None
        if isinstance(reference, Mapping):
            address, logical = reference.get("reference"), reference.get("identifier")
        if isinstance(address, str) and address:
            found = self._by_address(address, urls)
            if found is not None or logical is None:
                return found
        type_ = reference.get("type") if isinstance(reference, Mapping) else None
        keys = identifier_keys({"identifier": logical}) if logical else []
        return self.by_identifier(type_[:40], keys[0]) if keys and isinstance(type_, str) else None

    def _by_address(self, address: str, urls: Mapping[str, Key]) -> int | None:
        target = urls.get(address)
        if target is not None:
            return self.of(*target)
        if address.startswith("#"):
            return None
        if address.startswith(OURS):
            return self._ours(address)
        if "?" in address:
            type_, _, query = address.partition("?")
            values = parse_qs(query.replace("%00", "")).get("identifier")
            type_ = type_.rsplit("/", 1)[-1]
            return self.by_identifier(type_[:40], values[0][:500]) if values and type_ else None
        if address.startswith("urn:"):
            return None  # holds only inside its bundle, and its bundle does not have it
        literal = LITERAL.search(address)
        return self.of(literal[1], literal[2]) if literal else None

    def _ours(self, address: str) -> int | None:
        if not self.is_person:
            return None  # only people working here speak of other sources' resources
        parts = address[len(OURS) :].split("/")
        if len(parts) != 3:
            return None
        found = fetch(
            "select r.id from resource r join source s on s.id = r.source_id"
            " where s.name = %s and r.type = %s and r.logical_id = %s",
            [unquote(parts[0]), parts[1], unquote(parts[2])],
        )
        return int(found[0][0]) if found else None

    def write(self, stated: dict[int, int]) -> None:
        """Add new identities and note which item states each (``stated``: identity -> item)."""
        rows = [
            (number, self.source_id, type_, logical_id[:300], stated.get(number))
            for number, (type_, logical_id) in self.fresh.items()
        ]
        insert_rows(table_of(Resource), ["id", "source_id", "type", "logical_id", "current_item_id"], rows)
        old = [(item, number) for number, item in stated.items() if number not in self.fresh]
        update_rows(table_of(Resource), "current_item_id = %s", "id = %s", old)
        update_rows(table_of(Resource), "logical_id = %s", "id = %s", [(name, n) for n, name in self.renamed.items()])
        insert_rows(
            table_of(SentIdentifier),
            ["source_id", "type", "key", "resource_id"],
            [(self.source_id, type_, key, number) for (type_, key), number in self.fresh_aliases.items()],
        )
        moved = [
            (number, self.source_id, *key)
            for key, number in self.moved_aliases.items()
            if key not in self.fresh_aliases
        ]
        update_rows(table_of(SentIdentifier), "resource_id = %s", "source_id = %s and type = %s and key = %s", moved)

    def forget_current(self, numbers: Iterable[int]) -> None:
        """These resources are stated by no item any more."""
        update_rows(table_of(Resource), "current_item_id = %s", "id = %s", [(None, number) for number in numbers])

    def merge_placeholders(self) -> None:
        """Point everything that spoke of a resource by its identifier to the identity it is known by."""
        for placeholder, number in self.merges:
            for name, table in ALL.items():
                for column in table.columns:
                    if column.kind is Kind.REF:
                        change(
                            f'update "fact_{name}" set {column.name} = %s where {column.name} = %s',
                            [number, placeholder],
                        )
            change("update quarantined_item set waiting_for = %s where waiting_for = %s", [number, placeholder])
            change("update sent_identifier set resource_id = %s where resource_id = %s", [number, placeholder])
