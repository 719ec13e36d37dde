"""Value sets as files: ``valuesets/<name>.csv``, one named list of codes each.

A file starts with comment lines saying what it is and whose it is, then a header, then codes::

    # title: Haemoglobin A1c
    # source: LOINC 2.80, https://loinc.org
    # licence: LOINC licence, see NOTICE
    system,code,display
    loinc,4548-4,Hemoglobin A1c/Hemoglobin.total in Blood

``system`` is our token (loinc, snomed, rxnorm, icd10cm, cvx, ...). Rules name a set by the file's name.

``rules/measures/value_sets.csv`` says what the quality measures, and the clinical steps that rules share with them,
call the sets that others publish: these are not shipped, an organisation loads them under its own licence.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

COLUMNS = ["system", "code", "display"]
NOTES = ("title", "source", "licence")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_NOTE = re.compile(r"#\s*(\w+)\s*:\s*(.+)\Z")


class ValueSetError(ValueError):
    """A value set file that cannot be read; says which file and line, and what to do."""


@dataclass(frozen=True)
class Member:
    """One code of a value set."""

    system: str
    code: str
    display: str


@dataclass(frozen=True)
class ValueSetText:
    """A value set as its file states it."""

    name: str
    title: str
    source: str
    licence: str
    members: tuple[Member, ...]
    digest: str

    def pairs(self) -> frozenset[tuple[str, str]]:
        """The codes, each with its system."""
        return frozenset((member.system, member.code) for member in self.members)


def read_value_set(path: Path) -> ValueSetText:
    """The value set in a file; raises ValueSetError naming the line when it is malformed."""
    if not _NAME.match(path.stem):
        raise ValueSetError(f"{path.name}: name the file in lower case letters, digits and underscores")
    content = path.read_text(encoding="utf-8")
    lines = content.splitlines()
    notes: dict[str, str] = {}
    start = 0
    while start < len(lines) and (lines[start].startswith("#") or not lines[start].strip()):
        if found := _NOTE.match(lines[start].strip()):
            key, words = found.group(1).lower(), found.group(2).strip()
            notes[key] = f"{notes[key]} {words}" if key in notes else words
        start += 1
    absent = [note for note in NOTES if not notes.get(note)]
    if absent:
        raise ValueSetError(f"{path.name}:1: say the {', '.join(absent)} in leading lines such as '# {absent[0]}: ...'")
    if start == len(lines) or lines[start].strip() != ",".join(COLUMNS):
        raise ValueSetError(f"{path.name}:{start + 1}: after the comments comes the line {','.join(COLUMNS)}")
    members = tuple(_members(path, lines[start + 1 :], start + 2))
    digest = hashlib.sha256("\n".join(sorted(f"{m.system}|{m.code}" for m in members)).encode()).hexdigest()
    return ValueSetText(path.stem, notes["title"], notes["source"], notes["licence"], members, digest)


def _members(path: Path, lines: list[str], first_line: int) -> list[Member]:
    members: list[Member] = []
    seen: dict[tuple[str, str], int] = {}
    for offset, row in enumerate(csv.reader(lines)):
        line = first_line + offset
        if not row or row[0].startswith("#"):
            continue
        if len(row) != len(COLUMNS) or not row[0].strip() or not row[1].strip():
            raise ValueSetError(f"{path.name}:{line}: a line is system,code,display (quote a display with commas)")
        pair = (row[0].strip(), row[1].strip())
        if pair in seen:
            raise ValueSetError(f"{path.name}:{line}: this code already stands in line {seen[pair]}; remove one")
        seen[pair] = line
        members.append(Member(*pair, row[2].strip()))
    if not members:
        raise ValueSetError(f"{path.name}: has no codes; a rule joining it would never find anything")
    return members


def read_value_sets(folder: Path) -> dict[str, ValueSetText]:
    """Every value set of a folder by name; empty when the folder does not exist."""
    return {path.stem: read_value_set(path) for path in sorted(folder.glob("*.csv"))}


@dataclass(frozen=True)
class MeasureSet:
    """A value set as measures call it: published under an object identifier, or single codes."""

    name: str
    oid: str
    codes: tuple[tuple[str, str], ...]
    title: str
    in_homes: bool  # single codes that rules read too, through the steps they share with the measures


@lru_cache(maxsize=4)
def measure_sets(root: Path) -> Mapping[str, MeasureSet]:
    """What the measures call value sets (``rules/measures/value_sets.csv``); empty where there are none."""
    file = root / "rules" / "measures" / "value_sets.csv"
    if not file.is_file():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    found = {}
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        codes = tuple((system, code) for system, _, code in (one.rpartition(":") for one in row["codes"].split()))
        found[row["name"]] = MeasureSet(row["name"], row["oid"], codes, row["title"], row["in_homes"] == "yes")
    return found


def shipped_value_sets(root: Path) -> dict[str, ValueSetText]:
    """The value sets every home has: those under ``valuesets``, and the single codes the shared steps ask for."""
    found = read_value_sets(root / "valuesets")
    for name, one in measure_sets(root).items():
        if one.in_homes:
            members = tuple(Member(system, code, one.title) for system, code in one.codes)
            digest = hashlib.sha256("\n".join(sorted(f"{m.system}|{m.code}" for m in members)).encode()).hexdigest()
            found[name] = ValueSetText(
                name, one.title, "CMS, named singly by its measures", "see NOTICE", members, digest
            )
    return found


def published_name(root: Path, url: str) -> str:
    """What the measures call the value set published under this URL (it ends in an object identifier), or nothing."""
    oid = url.split("|")[0].rsplit("/", 1)[-1].removeprefix("urn:oid:")
    return next((one.name for one in measure_sets(root).values() if one.oid and one.oid == oid), "")
