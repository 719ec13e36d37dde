"""Resources that are stated in parts: what the newest part leaves unsaid stays as the same sender said it before.

Each element has the newest word ever said on it, whatever order the parts arrive in; an element that is present
but empty clears what was said. A whole version starts anew. What was said is kept beside the facts, in
``PartialStatement``, so that one more part costs one row and not the reading of every part before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from beforehand.clinical.fhir.bundles import json_of
from beforehand.intake.as_sent import raw_of
from beforehand.intake.connectors.fhir.reading import read_json
from beforehand.intake.models import PartialStatement
from beforehand.intake.pieces import Piece
from beforehand.record.models import Item

Word = tuple[int, int, Any]  # version time, item, value
Words = dict[str, Word]
_EMPTY: tuple[Any, ...] = (None, "", [], {})
# Elements whose parts are said one by one, and by what each part is told apart.
_BY_MEMBER = ("meta", "period", "hospitalization")
_BY_KEY = {"extension": "url", "contained": "id", "identifier": "system"}
# Elements of several types, of which one excludes the others: deceasedBoolean takes the place of deceasedDateTime.
_CHOICE = re.compile(
    r"(value|effective|onset|abatement|deceased|multipleBirth|occurrence|performed|medication|reported|serviced|timing"
    r"|scheduled|product|identified)(?=[A-Z])"
)


def elements_of(resource: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a resource says, element by element; begin and end, labels and each extension by themselves."""
    for name, value in resource.items():
        if name in _BY_MEMBER and isinstance(value, dict):
            for member, part in value.items():
                yield f"{name}\n{member}", part
        elif name in _BY_KEY and isinstance(value, list) and value:
            parts: dict[str, list[Any]] = {}
            for part in value:
                key = part.get(_BY_KEY[name]) if isinstance(part, dict) else None
                parts.setdefault(str(key or ""), []).append(part)
            for key, same in parts.items():
                yield f"{name}\n{key}", same
        elif choice := _CHOICE.match(name):
            yield f"{choice[0]}[x]", {name: value}
        else:
            yield name, value


def whole_of(words: Mapping[str, Word]) -> dict[str, Any]:
    """The resource that the newest words come to; what was cleared is left out."""
    resource: dict[str, Any] = {}
    for element, (_, _, value) in words.items():
        if value in _EMPTY:
            continue
        name, _, member = element.partition("\n")
        if name.endswith("[x]"):
            resource.update({choice: said for choice, said in value.items() if said not in _EMPTY})
        elif name == element:
            resource[name] = value
        elif name in _BY_MEMBER:
            resource.setdefault(name, {})[member] = value
        else:
            resource.setdefault(name, []).extend(value)
    return resource


class Partials:
    """The resources stated in parts that one transaction speaks of."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[int, Words]] = {}  # resource -> the item it holds for, its words
        self.offered: dict[int, Words] = {}  # item -> words with what this item adds, until it is settled
        self.changed: set[int] = set()
        self.settled: dict[int, Piece] = {}  # items settled in this transaction, which are not in the database yet

    def offer(self, piece: Piece, latest: tuple[int, int, bytes | None] | None) -> bool:
        """Give a part its whole, as it would be; False when it adds nothing to what is known."""
        number = piece.resource_id or 0
        words = dict(self._words(number, latest))
        adds = False
        for element, value in elements_of(piece.resource or {}):
            before = words.get(element)
            if before is None or before[:2] < (piece.version_at, piece.item_id):
                words[element] = (piece.version_at, piece.item_id, value)
                adds = adds or before is None or before[2] != value
        piece.whole = whole_of(words)
        self.offered[piece.item_id] = words
        return adds

    def settle(self, piece: Piece) -> None:
        """The piece became facts: what it said holds."""
        self.settled[piece.item_id] = piece
        words = self.offered.pop(piece.item_id, None)
        if words is not None and piece.resource_id:
            self.known[piece.resource_id] = (piece.stands_as or piece.item_id, words)
            self.changed.add(piece.resource_id)

    def _words(self, number: int, latest: tuple[int, int, bytes | None] | None) -> Words:
        """The newest word on each element of a resource, as of its current item."""
        if latest is None:
            return {}
        version_at, item, _ = latest
        if number not in self.known:
            found = PartialStatement.objects.filter(resource_id=number).values_list("item_id", "content").first()
            if found is not None:
                words, _ = read_json(found[1].encode())
                self.known[number] = (found[0], {name: tuple(word) for name, word in words.items()})
        held = self.known.get(number)
        if held is not None and held[0] == item:
            return held[1]
        said = self._said_whole(item)  # a whole version came since, or no part ever has
        return {element: (version_at, item, value) for element, value in elements_of(said)}

    def _said_whole(self, item: int) -> Mapping[str, Any]:
        piece = self.settled.get(item)
        if piece is not None:
            return piece.resource or {}
        return raw_of(Item.objects.get(pk=item)).resource or {}

    def write(self) -> None:
        """Keep what this transaction's parts came to."""
        if not self.changed:
            return
        PartialStatement.objects.filter(resource_id__in=self.changed).delete()
        PartialStatement.objects.bulk_create(
            PartialStatement(resource_id=number, item_id=item, content=json_of(words).decode())
            for number, (item, words) in self.known.items()
            if number in self.changed
        )


def wholes(items: Mapping[int, int]) -> dict[int, dict[str, Any]]:
    """Of current items (item -> resource) that state only a part: the whole that stands now, by item."""
    rows = PartialStatement.objects.filter(resource_id__in=set(items.values()), item_id__in=set(items))
    return {row.item_id: whole_of(read_json(row.content.encode())[0]) for row in rows}
