"""The mapping of a list: FHIR resources with the names of columns in braces where the cells go.

``{Member ID}`` is a cell. Words after a bar change it: ``{Born|date:%m/%d/%Y}``, ``{Sex|map:F=female,M=male}``,
``{Paid|number}``, ``{Phone|digits}``. What stays empty is left out, and so is whatever holds nothing then.
"""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from beforehand.clinical.quantities import numeral
from beforehand.intake.connectors.errors import StopError

_CELL = re.compile(r"\{([^{}|]+)((?:\|[^{}|]*)*)\}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?")
_KEYS = frozenset({"list", "delimiter", "encoding", "zone", "partial", "resources"})
DEEPEST = 20
LARGEST = 5_000  # parts of a mapping, each counted as often as it is named
CORRECT = "Correct the mapping; docs/how-to/take-in-lists.md shows one."
Fill = Callable[[Mapping[str, str]], Any]


class RowError(Exception):
    """A row that cannot be read: why, where in it and what to do. Never says what the cell holds."""

    def __init__(self, reason: str, remedy: str, column: str = "") -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy
        self.column = f", column {column}" if column else ""


def _fault(words: str) -> StopError:
    return StopError(f"The mapping of the list {words}.", CORRECT)


class ListMapping:
    """What the columns of a list mean."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        unknown = sorted(set(map(str, said)) - _KEYS)
        if unknown:
            raise _fault(f"says {', '.join(unknown)[:100]}, which means nothing here")
        self.title = str(said.get("list") or "")
        self.delimiter = said.get("delimiter") or ","
        if not isinstance(self.delimiter, str) or len(self.delimiter) != 1 or self.delimiter in '"\r\n':
            raise _fault("names a delimiter that is not one character")
        self.encoding = self._encoding(said.get("encoding") or "utf-8-sig")
        self.zone = self._zone(said.get("zone"))
        self.is_partial = said.get("partial") is True
        self.columns: set[str] = set()
        self._parts = 0
        templates = said.get("resources")
        if not isinstance(templates, list) or not templates:
            raise _fault("holds no list of resources")
        self._made = [self._resource(template) for template in templates]

    def resources_of(self, row: Mapping[str, str]) -> list[dict[str, Any]]:
        """The resources one row makes; the row holds cells by column in small letters."""
        found = [resource for when, fill in self._made if when(row) and (resource := fill(row))]
        if not found:
            raise RowError("The row makes no resource: every cell the mapping names is empty.", CORRECT)
        for resource in found:
            if not resource.get("id"):
                raise RowError("The row gives its resource no id: the cell it is taken from is empty.", CORRECT)
        return found

    # Reading the mapping itself.

    def _encoding(self, name: object) -> str:
        try:
            return codecs.lookup(str(name)).name
        except LookupError:
            raise _fault("names an encoding that is not known") from None

    def _zone(self, name: object) -> ZoneInfo | None:
        try:
            return ZoneInfo(str(name)) if name else None
        except (KeyError, ValueError, OSError):
            raise _fault("names a time zone that is not known") from None

    def _resource(self, template: object) -> tuple[Callable[[Mapping[str, str]], bool], Fill]:
        if not isinstance(template, dict) or not isinstance(template.get("resourceType"), str):
            raise _fault("has a resource without resourceType")
        if not isinstance(template.get("id"), str):
            raise _fault(f"gives its {template['resourceType']} no id")
        when = self._compile(template.get("when", "always"), 0)
        fill = self._compile({key: value for key, value in template.items() if key != "when"}, 0)
        fixed = {key for key, value in template.items() if isinstance(value, str) and "{" not in value}

        def made(row: Mapping[str, str]) -> Any:
            resource = fill(row)
            return resource if resource and set(resource) - fixed - {"id"} else None

        return lambda row: bool(when(row)), made

    def _compile(self, template: object, depth: int) -> Fill:
        self._parts += 1
        if depth > DEEPEST or self._parts > LARGEST:
            raise _fault("nests too deep or is too long")
        if isinstance(template, str):
            return self._text(template)
        if isinstance(template, dict):
            parts = {str(key): self._compile(value, depth + 1) for key, value in template.items()}
            return lambda row: _object(parts, row)
        if isinstance(template, list):
            fills = [self._compile(value, depth + 1) for value in template]
            return lambda row: [value for fill in fills if (value := fill(row)) not in (None, "")] or None
        if isinstance(template, bool | int) or template is None:
            return lambda row: template
        raise _fault("holds a value that is neither text nor a whole number; write it in quotes")

    def _text(self, template: str) -> Fill:
        cells = list(_CELL.finditer(template))
        if not cells:
            if "{" in template or "}" in template:
                raise _fault("has a brace that does not close")
            return lambda row: template
        if len(cells) == 1 and cells[0][0] == template:
            return self._cell(cells[0])
        fills = [self._cell(cell) for cell in cells]
        between = [template[a.end() : b.start()] for a, b in itertools.pairwise(cells)]
        pieces = [template[: cells[0].start()], *between, template[cells[-1].end() :]]

        def joined(row: Mapping[str, str]) -> str | None:
            values = [fill(row) for fill in fills]
            if any(value in (None, "") for value in values):
                return None
            return pieces[0] + "".join(f"{value}{after}" for value, after in zip(values, pieces[1:], strict=True))

        return joined

    def _cell(self, cell: re.Match[str]) -> Fill:
        column = " ".join(cell[1].split())
        self.columns.add(column)
        changes = [self._change(words, column) for words in cell[2].split("|")[1:]]
        key = column.casefold()

        def value(row: Mapping[str, str]) -> Any:
            found: Any = row[key]
            for change in changes:
                found = change(found)
            return found or None

        return value

    def _change(self, words: str, column: str) -> Callable[[Any], Any]:
        name, _, argument = words.strip().partition(":")
        makers: dict[str, Callable[[str, str], Callable[[Any], Any]]] = {
            "date": self._date, "datetime": self._datetime, "map": self._map, "number": self._number,
            "digits": lambda *_: lambda text: re.sub(r"[^0-9]", "", text),
            "lower": lambda *_: lambda text: text.lower(),
            "default": lambda given, _: lambda text: text or given,
        }  # fmt: skip
        if name not in makers:
            raise _fault(f"asks of column {column} for {name or 'nothing'}, which means nothing here")
        return makers[name](argument, column)

    def _date(self, pattern: str, column: str) -> Callable[[Any], Any]:
        pattern = pattern or "%Y-%m-%d"
        has_month = any(part in pattern for part in ("%m", "%b", "%B"))
        length = 10 if "%d" in pattern else 7 if has_month else 4  # a month stays a month
        return lambda text: _read_time(text, pattern, column).date().isoformat()[:length] if text else ""

    def _datetime(self, pattern: str, column: str) -> Callable[[Any], Any]:
        if self.zone is None and "%z" not in pattern:
            raise _fault(f"reads times from column {column} and names no zone")

        def changed(text: str) -> str:
            if not text:
                return ""
            moment = _read_time(text, pattern or "%Y-%m-%dT%H:%M:%S", column)
            return (moment if moment.tzinfo else moment.replace(tzinfo=self.zone)).isoformat()

        return changed

    def _map(self, pairs: str, column: str) -> Callable[[Any], Any]:
        known = {
            key.strip().casefold(): value.strip()
            for key, _, value in (pair.partition("=") for pair in pairs.split(","))
        }

        def changed(text: str) -> str:
            if not text or text.casefold() in known:
                return known.get(text.casefold(), "")
            if "*" in known:
                return known["*"]
            raise RowError("The cell holds a word that the mapping does not know.", CORRECT, column)

        return changed

    def _number(self, _: str, column: str) -> Callable[[Any], Any]:
        def changed(text: str) -> Any:
            plain = text.replace(",", "").removeprefix("$")
            if not plain:
                return ""
            if not _NUMBER.fullmatch(plain):
                raise RowError("The cell holds no number.", "Ask the sender to correct it.", column)
            return numeral(plain) if "." in plain else int(plain)

        return changed


def _object(parts: Mapping[str, Fill], row: Mapping[str, str]) -> dict[str, Any] | None:
    """The object with what is not empty; None where only fixed words such as a system would be left of it."""
    filled = {key: value for key, fill in parts.items() if (value := fill(row)) not in (None, "")}
    if "value" in parts and "value" not in filled:
        return None  # an identifier, phone or amount that is empty
    return filled or None


def _read_time(text: str, pattern: str, column: str) -> datetime:
    try:
        return datetime.strptime(text, pattern)
    except ValueError:
        raise RowError("The cell holds no date of the form the mapping states.", CORRECT, column) from None


def read_mapping(content: bytes) -> ListMapping:
    """The mapping in YAML; ``StopError`` where it says nothing that can be used."""
    try:
        said = yaml.safe_load(content.decode())
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        raise _fault("is not valid YAML in UTF-8") from None
    if not isinstance(said, dict) or "resources" not in said:
        raise _fault("holds no list of resources")
    return ListMapping(said)
