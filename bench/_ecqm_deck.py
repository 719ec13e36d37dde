"""A deck of official quality measure test cases: what lies in it, found by content and not by file name."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from beforehand.clinical.codes import token_of

Pairs = frozenset[tuple[str, str]]
_LINES = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz")


@dataclass(frozen=True)
class Case:
    """One test patient: the period, the bundle, and the counts expected of each group."""

    id: str
    measure: str
    year: str
    title: str
    start: date
    end: date
    expected: tuple[Mapping[str, int], ...]
    is_agreed: bool
    bundle: Mapping[str, Any]


@dataclass
class Deck:
    """Cases, value sets by year and object identifier, and the codes each measure names singly."""

    cases: list[Case] = field(default_factory=list)
    sets: dict[str, dict[str, Pairs]] = field(default_factory=dict)
    single_codes: dict[tuple[str, str], Pairs] = field(default_factory=dict)

    def codes_of(self, oid: str, year: str) -> Pairs:
        """The codes of a value set in that year's deck, else in another year's."""
        own = self.sets.get(year, {}).get(oid)
        if own is not None:
            return own
        return next((sets[oid] for _, sets in sorted(self.sets.items(), reverse=True) if oid in sets), frozenset())

    def cpt_of(self, measure: str, year: str) -> Pairs:
        """The CPT codes that a measure names singly."""
        named = self.single_codes.get((measure, year)) or self.single_codes.get((measure, ""), frozenset())
        return frozenset(pair for pair in named if pair[0] == "cpt")


def read_deck(place: Path) -> Deck:
    """Everything in a folder, or in an archive of one."""
    deck = Deck()
    for name, content in _files(place):
        if name.endswith(".json"):
            _read_measures(deck, json.loads(content))
            continue
        for line in content.splitlines():
            if line.strip():
                _read_line(deck, json.loads(line))
    deck.cases.sort(key=lambda case: (case.measure, case.year, case.id))
    return deck


def _files(place: Path) -> Iterator[tuple[str, bytes]]:
    """Every file that can hold cases, value sets or measures, unpacked."""
    if place.is_dir():
        for path in sorted(place.rglob("*")):
            if path.is_file():
                yield from _unpacked(path.name, path.read_bytes())
    else:
        yield from _unpacked(place.name, place.read_bytes())


def _unpacked(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    if name.endswith((".tar.gz", ".tgz", ".tar")):
        with tarfile.open(fileobj=io.BytesIO(content)) as packed:
            for member in packed:
                stream = packed.extractfile(member) if member.isfile() else None
                if stream is not None:
                    yield from _unpacked(Path(member.name).name, stream.read())
    elif name.endswith(_LINES):
        yield name.removesuffix(".gz"), gzip.decompress(content) if name.endswith(".gz") else content
    elif name.endswith(".json"):
        yield name, content


def _read_line(deck: Deck, line: Mapping[str, Any]) -> None:
    if "bundle" in line:
        deck.cases.append(_case(line))
    elif "codes" in line and "url" in line:
        sets = deck.sets.setdefault(str(line.get("deckYear") or ""), {})
        oid = str(line["url"]).rsplit("/", 1)[-1].partition("|")[0]
        sets[oid] = sets.get(oid, frozenset()) | _pairs(line["codes"])


def _case(line: Mapping[str, Any]) -> Case:
    expected = line["expected"]
    engine = line.get("referenceEngine")
    return Case(
        id=str(line["caseId"]),
        measure=str(line["measure"]),
        year=str(line.get("deckYear") or ""),
        title=" ".join(f"{line.get('title') or ''}: {line.get('description') or ''}".split()).strip(": "),
        start=date.fromisoformat(str(line["period"]["start"])[:10]),
        end=date.fromisoformat(str(line["period"]["end"])[:10]),
        expected=tuple(expected if isinstance(expected, list) else [expected]),
        is_agreed=engine is None or engine == "agrees",
        bundle=line["bundle"],
    )


def _read_measures(deck: Deck, content: Any) -> None:
    for one in content.get("measures", ()) if isinstance(content, dict) else ():
        pairs = _pairs(one.get("directReferenceCodes") or ())
        for year in (str(one.get("deckYear") or ""), ""):
            key = (str(one["measure"]), year)
            deck.single_codes[key] = deck.single_codes.get(key, frozenset()) | pairs


def _pairs(codes: Any) -> Pairs:
    return frozenset((token_of(one["system"]), str(one["code"])) for one in codes if one.get("system"))
