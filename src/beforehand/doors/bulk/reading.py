"""One piece of an export to rows of facts: read, mapped, counted, written as Parquet some thousand rows at a time."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

import duckdb
import orjson

from beforehand.clinical.fhir import Mapped, MappingError, map_resource, value_columns
from beforehand.clinical.knowledge import ConceptCodings
from beforehand.clinical.tables import ALL, REFERENCES
from beforehand.intake.connectors.errors import ConnectorError
from beforehand.intake.connectors.fhir.connector import items
from beforehand.intake.connectors.items import RawItem
from beforehand.intake.pieces import addresses, key_of, version_at
from beforehand.intake.store.identities import LITERAL, Key
from beforehand.lookahead.engines.duckdb import TYPES
from beforehand.record.concepts import Dictionary, Pair, digest_of

BLOCK = 8 * 1024 * 1024  # bytes of lines read and mapped together
ROWS = 20_000  # of one table, held before they are written
MOST_ADDRESSES = 50_000  # kept with their numbers
SOURCE = 1
OWN = ("resource_id", "version", "medication_id")  # what a piece carries beside the stored columns
_LINES = (".ndjson", ".jsonl")
_TYPE = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"')  # where exports put it: first
WRAPPINGS = (b"Bundle", b"Parameters")
_BENEFITS = frozenset(("ClaimResponse", "CoverageEligibilityResponse", "ExplanationOfBenefit"))


def types_of(tables: Iterable[str]) -> frozenset[str]:
    """The types of FHIR resources that these tables are made of; of no table named: none, which stands for all."""
    types = {ALL[table].fhir for table in tables}
    if types:
        types |= {ALL[name].fhir for name in REFERENCES} | {"Patient"}
    return frozenset(types | _BENEFITS if types & _BENEFITS else types)


def number_of(*parts: str) -> int:
    """The whole number that stands for these words everywhere: 63 bits of their digest."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


@dataclass(frozen=True)
class Task:
    """Files of the export, or the part of one large file whose lines begin in these bytes."""

    paths: tuple[Path, ...]
    begin: int = 0
    end: int = 0  # 0: to the end


@dataclass
class Outcome:
    """What became of a task's items; every item is in exactly one of the counts."""

    received: int = 0
    applied: int = 0
    kept: int = 0  # of the applied: no facts are made of their type
    passed_over: int = 0  # of a type that was not asked for
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)  # (type and place, reason)
    resources: Counter[str] = field(default_factory=Counter)
    concepts: dict[int, tuple[tuple[tuple[str, str, str], ...], str]] = field(default_factory=dict)
    read: int = 0  # bytes

    def add(self, other: Outcome) -> None:
        """Count the other's items too."""
        self.received += other.received
        self.applied += other.applied
        self.kept += other.kept
        self.passed_over += other.passed_over
        self.read += other.read
        self.refused += other.refused
        self.resources += other.resources
        self.concepts |= other.concepts

    def codings(self) -> list[ConceptCodings]:
        """Every concept with its codings."""
        return [ConceptCodings(number, codings, words) for number, (codings, words) in self.concepts.items()]


class _Concepts(Dictionary):
    """Numbers of concepts that need no dictionary: digests of their codings."""

    def __init__(self, source_name: str, found: dict[int, tuple[tuple[tuple[str, str, str], ...], str]]) -> None:
        self.local = f"local:{source_name}"[:200]
        self.numbers: dict[Any, int | None] = {}
        self.found = found

    def _look_up(self, codeable: dict[str, Any], codings: Iterable[dict[str, Any]], key: Any) -> int | None:
        displays, words = self.said(codeable, codings)
        if not displays and not words:
            return None
        number = number_of("concept", digest_of(displays, words))
        pairs: list[Pair] = sorted(displays)
        said = next((displays[pair] for pair in pairs if displays[pair]), "") or str(codeable.get("text") or words)
        self.found.setdefault(number, (tuple((*pair, displays[pair]) for pair in pairs), said))
        return number


class _Context:
    """What the mapping may ask while it reads one resource."""

    def __init__(self, concepts: _Concepts, zone: str) -> None:
        self.zone = zone
        self.own_id = 0
        self.urls: Mapping[str, Key] = {}
        self.concept = concepts.number
        self.numbers: dict[str, int | None] = {}  # of addresses already read: a patient's stands in every resource

    def ref(self, reference: Any) -> int | None:
        """The number of what a reference names."""
        address = reference.get("reference") if isinstance(reference, dict) else reference
        if not isinstance(address, str) or address.startswith("#"):
            return None
        if (target := self.urls.get(address)) is not None:
            return number_of(*target)
        try:
            return self.numbers[address]
        except KeyError:
            if len(self.numbers) > MOST_ADDRESSES:
                self.numbers.clear()
            number = self.numbers[address] = self._number(address)
            return number

    def _number(self, address: str) -> int | None:
        if "?" in address:  # by an identifier: a number of its own, which no resource of the export bears
            return number_of("identifier", address)
        literal = None if address.startswith("urn:") else LITERAL.search(address)
        return number_of(literal[1], literal[2]) if literal else None


class Reader:
    """One process's reading of tasks, into a folder of pieces."""

    def __init__(self, pieces: Path, zone: str, source_name: str, types: frozenset[str] = frozenset()) -> None:
        """``types`` are the resources to read; none: all."""
        self.pieces, self.zone, self.source_name, self.types = pieces, zone, source_name, types
        self.rows: dict[str, list[bytes]] = {}
        self.written = 0
        self.duck: duckdb.DuckDBPyConnection | None = None

    def read(self, task: Task) -> Outcome:
        """Map every item of a task."""
        self.task = number_of(str(task.paths[0]), str(task.begin))
        self.outcome = Outcome()
        self.context = _Context(_Concepts(self.source_name, self.outcome.concepts), self.zone)
        for block, name in _blocks(task):
            self.outcome.read += len(block)
            self._block(block, name)
        for table in list(self.rows):
            self._write(table)
        return self.outcome

    def _wanted(self, block: bytes, name: str) -> bytes:
        """Of lines, those that may hold a wanted resource; what is passed over is not even read as JSON."""
        if not self.types or not name.endswith(_LINES):
            return block
        kept = []
        for line in block.split(b"\n"):
            said = _TYPE.match(line)
            if not line.strip():
                continue
            if said is None or said[1] in WRAPPINGS or said[1].decode() in self.types:
                kept.append(line)
            else:
                self.outcome.received += 1
                self.outcome.passed_over += 1
        return b"\n".join(kept)

    def _block(self, block: bytes, name: str) -> None:
        block = self._wanted(block, name)
        if not block:
            return
        try:
            found = list(items(block, name))
        except ConnectorError as error:
            self.outcome.received += 1
            self.outcome.refused["file", str(error.reason)] += 1
            return
        self.context.urls = addresses(found) if found and found[0].full_url is not None else {}
        for item in found:
            self.outcome.received += 1
            self._item(item)

    def _item(self, item: RawItem) -> None:
        resource, refused = item.resource, self.outcome.refused
        if item.error is not None or resource is None:
            refused[
                "item", item.error.reason if item.error else "it asks for a deletion, which an export has none of"
            ] += 1
            return
        key = key_of(resource, item.full_url)
        if key is None or not key[1]:
            refused["item", "it names no resourceType or no id"] += 1
            return
        if self.types and key[0] not in self.types:
            self.outcome.passed_over += 1
            return
        self.context.own_id = number = number_of(*key)
        try:
            mapped = map_resource(resource, self.context)
        except MappingError as error:
            refused[f"{key[0]} {error.place}", error.reason] += 1
            return
        except RecursionError:
            refused[key[0], "the item nests too deep"] += 1
            return
        person = number if mapped.person is not None else self.context.ref(mapped.patient)
        is_shared = bool(mapped.rows) and ALL[mapped.rows[0][0]].reference
        if mapped.rows and person is None and not is_shared:
            refused[key[0], "it does not say which patient it is about"] += 1
            return
        self.outcome.applied += 1
        self.outcome.kept += mapped.is_kept_only
        self.outcome.resources[key[0]] += 1
        self._rows(mapped, key, number, person, version_at(resource, 0))

    def _rows(self, mapped: Mapped, key: Key, number: int, person: int | None, version: int) -> None:
        medication = self.context.ref(mapped.medication) if mapped.medication is not None else None
        for table, fragment, values in mapped.rows:
            own = number_of(key[0], f"{key[1]}#{fragment}") if fragment else number
            if ALL[table].reference:
                shared = (*values, own, SOURCE, 0, number, version)
                row = dict(zip(_names(table), shared, strict=True))
            else:
                ours = (*values, own, SOURCE, 0, number, version, person, person, own, mapped.sensitivity, medication)
                row = dict(zip(_names(table), ours, strict=True))
                medication = None  # of the first row only
            gathered = self.rows.setdefault(table, [])
            gathered.append(orjson.dumps(row))
            if len(gathered) >= ROWS:
                self._write(table)

    def _write(self, table: str) -> None:
        """Hand the gathered rows of a table over as a Parquet piece."""
        rows = self.rows.pop(table)
        self.written += 1
        piece = self.pieces / table / f"{self.task}-{self.written}"
        piece.parent.mkdir(mode=0o700, exist_ok=True)
        handed = piece.with_suffix(".ndjson")
        handed.write_bytes(b"\n".join(rows))
        types = {one.name: TYPES[one.type] for one in ALL[table].physical()} | dict.fromkeys(OWN, "bigint")
        columns = ", ".join(f"{name}: '{kind}'" for name, kind in types.items())
        if self.duck is None:  # one for each process that reads
            self.duck = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "512MB"})
        self.duck.execute(
            f"copy (select * from read_json('{_quoted(handed)}', format = 'newline_delimited',"  # noqa: S608
            f" columns = {{{columns}}})) to '{_quoted(piece)}.parquet' (format parquet, compression zstd)"
        )
        handed.unlink()


@cache
def _names(table: str) -> tuple[str, ...]:
    """The columns of a piece, in the order its values are put together."""
    names = (*value_columns(table), "id", "source_id", "item_id", "resource_id", "version")
    if ALL[table].reference:
        return names
    return (*names, "patient_id", "person_record_id", "same_as", "sensitivity", "medication_id")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _blocks(task: Task) -> Iterator[tuple[bytes, str]]:
    """The bytes of a task in blocks of whole lines; a file that is no NDJSON is one block."""
    for path in task.paths:
        name = path.name.removesuffix(".gz")
        with path.open("rb") as plain:
            file: Any = gzip.GzipFile(fileobj=plain) if path.suffix == ".gz" else plain
            if not name.endswith(_LINES):
                yield file.read(), name
                continue
            for block in _lines(file, task):
                yield block, name


def _lines(file: IO[bytes], task: Task) -> Iterator[bytes]:
    at = 0
    if task.begin:
        file.seek(task.begin - 1)
        at = task.begin - 1 + len(file.readline())  # the line begun before belongs to the part before
    while not task.end or at < task.end:
        wanted = min(BLOCK, task.end - at) if task.end else BLOCK
        block = file.read(wanted)
        if not block:
            return
        if not block.endswith(b"\n"):
            block += file.readline()
        at += len(block)
        if block.strip():
            yield block
