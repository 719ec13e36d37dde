"""A deck of official quality measure test cases: what lies in it, found by content and not by file name."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections import Counter
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
    fault: str = ""  # what it lacks, so that it cannot be run


@dataclass
class Deck:
    """Cases, value sets by year and object identifier, and the codes each measure names singly."""

    cases: list[Case] = field(default_factory=list)
    sets: dict[str, dict[str, Pairs]] = field(default_factory=dict)
    single_codes: dict[tuple[str, str], Pairs] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)  # what could not be read, and how often

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
        is_lines = not name.endswith(".json")
        for text in content.splitlines() if is_lines else [content]:
            if not text.strip():
                continue
            try:
                said = json.loads(text)
            except ValueError:
                deck.unread[f"{'a line of ' if is_lines else ''}{name} is no JSON"] += 1
                continue
            if is_lines:
                _read_line(deck, said)
            else:
                _read_measures(deck, said)
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


def _read_line(deck: Deck, line: Any) -> None:
    if not isinstance(line, dict):
        return
    if "caseId" in line or "bundle" in line:
        deck.cases.append(_case(line))
    elif "codes" in line and "url" in line:
        sets = deck.sets.setdefault(str(line.get("deckYear") or ""), {})
        oid = str(line["url"]).partition("|")[0].rsplit("/", 1)[-1]
        sets[oid] = sets.get(oid, frozenset()) | _pairs(line["codes"])


def _case(line: Mapping[str, Any]) -> Case:
    engine = line.get("referenceEngine")
    report = line.get("measureReport") or {}
    stated = line.get("period") or report.get("period") or {}
    bundle = line.get("bundle") or {}
    start, end = _day(stated.get("start")), _day(stated.get("end"))
    expected = _expected(line.get("expected")) or _reported(report)
    lacks = [
        name
        for name, there in (
            ("period", start and end),
            ("bundle", bundle.get("entry")),
            ("expected counts", expected),
        )
        if not there
    ]
    return Case(
        id=str(line.get("caseId") or ""),
        measure=str(line.get("measure") or ""),
        year=str(line.get("deckYear") or ""),
        title=" ".join(f"{line.get('title') or ''}: {line.get('description') or ''}".split()).strip(": "),
        start=start or date.min,
        end=end or date.min,
        expected=expected,
        is_agreed=engine is None or engine == "agrees",
        bundle=bundle,
        fault=f"the deck states no {' and no '.join(lacks)} for this case" if lacks else "",
    )


def _day(said: Any) -> date | None:
    """The civil day of a date or dateTime."""
    try:
        return date.fromisoformat(str(said or "")[:10])
    except ValueError:
        return None


def _expected(said: Any) -> tuple[Mapping[str, int], ...]:
    """The counts of each group; a population without a count is not compared."""
    groups = said if isinstance(said, list) else [said or {}]
    counts = tuple({str(name): int(many) for name, many in group.items() if many is not None} for group in groups)
    return counts if any(counts) else ()


def _reported(report: Mapping[str, Any]) -> tuple[Mapping[str, int], ...]:
    """The counts as the case's own MeasureReport gives them."""
    groups = []
    for group in report.get("group") or ():
        listed = [(one.get("code") or {}, one.get("count")) for one in group.get("population") or ()]
        groups.append({coding["code"]: many for code, many in listed for coding in (code.get("coding") or ())[:1]})
    return _expected(groups)


def _read_measures(deck: Deck, content: Any) -> None:
    for one in (content.get("measures") or ()) if isinstance(content, dict) else ():
        if not one.get("measure"):
            continue
        pairs = _pairs(one.get("directReferenceCodes") or ())
        for year in (str(one.get("deckYear") or ""), ""):
            key = (str(one["measure"]), year)
            deck.single_codes[key] = deck.single_codes.get(key, frozenset()) | pairs


def _pairs(codes: Any) -> Pairs:
    return frozenset(
        (token_of(one["system"]), str(one["code"])) for one in codes if one.get("system") and one.get("code")
    )
