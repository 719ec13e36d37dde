"""Lists as CSV with the mapping that tells what their columns mean; each row is one item, of one or more resources.

The mapping travels in front of the list as one message, so that whoever reads the message again, a year later or in
another home, reads the same from it. The list itself stays byte for byte what came.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from beforehand.intake.connectors.csv.mapping import ListMapping, RowError, read_mapping
from beforehand.intake.connectors.errors import ItemError, StopError
from beforehand.intake.connectors.items import RawItem

MARK = b"#beforehand-list 1 "
_SUFFIXES = (".csv", ".tsv")
_FIRST_LINE = re.compile(rb"#beforehand-list 1 ([0-9]{1,7})\n")
LONGEST_CELL = 1024 * 1024
LONGEST_ROW = 4 * LONGEST_CELL
NO_MAPPING = "It is a list, and nothing says what its columns mean."
GIVE_MAPPING = "Give its mapping: beforehand ingest LIST --mapping MAPPING (docs/how-to/take-in-lists.md)."
RESEND = "Ask the sender to send it again."


def with_mapping(mapping: bytes, content: bytes) -> bytes:
    """The list with its mapping in front: what is kept and read."""
    return MARK + str(len(mapping)).encode() + b"\n" + mapping + content


def is_list_named(name: str) -> bool:
    """Whether a file is a list, by its name."""
    return name.casefold().endswith(_SUFFIXES)


def recognises(head: bytes, name: str) -> bool:
    """Whether the bytes are a list with its mapping, or by their name a list that lacks one."""
    return head.startswith(MARK) or is_list_named(name)


def items(data: bytes | BinaryIO, name: str = "") -> Iterator[RawItem]:
    """The resources of every row, in the order they stand; ``StopError`` where the list cannot be opened."""
    content = data if isinstance(data, bytes) else data.read()
    mapping, text = _open(content)
    rows = _Rows(text, mapping)
    place = 0
    for unit, (line, row) in enumerate(rows):
        made: list[dict[str, Any]] = []
        try:
            if isinstance(row, RowError):
                raise row
            made = mapping.resources_of(row)
        except RowError as fault:
            yield RawItem(
                place, None, error=ItemError(f"line {line}{fault.column}", fault.reason, fault.remedy), unit=unit
            )
            place += 1
            continue
        for resource in made:
            yield RawItem(place, resource, method="PATCH" if mapping.is_partial else "", unit=unit)
            place += 1


def rows_of(content: bytes) -> Iterator[tuple[int, dict[str, str] | RowError]]:
    """Every row, in the order in which items number them, with the line it begins on."""
    mapping, text = _open(content)
    return iter(_Rows(text, mapping))


def _open(content: bytes) -> tuple[ListMapping, str]:
    first = _FIRST_LINE.match(content)
    if first is None:
        raise StopError(NO_MAPPING, GIVE_MAPPING)
    begin, length = first.end(), int(first[1])
    if len(content) < begin + length:
        raise StopError("The list was cut short within its mapping.", "Take it in again.")
    mapping = read_mapping(content[begin : begin + length])
    body = content[begin + length :]
    if b"\0" in body:
        raise StopError("The list holds NUL characters, so it is no text.", "Ask the sender for CSV in UTF-8.")
    try:
        return mapping, body.decode(mapping.encoding)
    except UnicodeDecodeError:
        raise StopError(
            f"The list is not text in {mapping.encoding}.",
            "State its encoding in the mapping, such as encoding: cp1252.",
        ) from None


class _Rows:
    """The rows under the heading, each with the number of the line it begins on."""

    def __init__(self, text: str, mapping: ListMapping) -> None:
        csv.field_size_limit(LONGEST_CELL)
        # Rows end where the csv module says, so that a line break within quotes stays in its cell.
        self.reader = csv.reader(io.StringIO(text, newline=""), delimiter=mapping.delimiter, strict=True)
        self.heading = self._heading(mapping)

    def _heading(self, mapping: ListMapping) -> list[str]:
        try:
            heading = next((row for row in self.reader if any(cell.strip() for cell in row)), [])
        except csv.Error:
            raise StopError("The heading of the list cannot be read.", RESEND) from None
        names = [" ".join(cell.split()).casefold() for cell in heading]
        if not names:
            raise StopError("The list is empty.", RESEND)
        lacking = sorted(column for column in mapping.columns if column.casefold() not in names)
        if lacking:
            raise StopError(
                f"The list lacks columns that its mapping names: {', '.join(lacking)[:200]}.",
                "Correct the mapping, or ask the sender for the columns.",
            )
        named = {column.casefold() for column in mapping.columns}
        twice = sorted({name for name in names if name in named and names.count(name) > 1})
        if twice:
            raise StopError(
                f"Columns stand twice in the list: {', '.join(twice)[:200]}.", "Ask the sender to name them apart."
            )
        return names

    def __iter__(self) -> Iterator[tuple[int, dict[str, str] | RowError]]:
        while True:
            line = self.reader.line_num + 1
            try:
                row = next(self.reader)
            except StopIteration:
                return
            except csv.Error:
                yield (
                    line,
                    RowError("The row is not valid CSV: its quotes do not close, or a cell is too long.", RESEND),
                )
                continue
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(self.heading):
                words = f"The row has {len(row)} cells, and the heading has {len(self.heading)}."
                yield line, RowError(words, "Ask the sender to put cells that hold the delimiter in quotes.")
            elif sum(map(len, row)) > LONGEST_ROW:
                yield line, RowError("The row is too long.", "Ask the sender what it holds.")
            else:
                yield line, dict(zip(self.heading, (cell.strip() for cell in row), strict=True))
