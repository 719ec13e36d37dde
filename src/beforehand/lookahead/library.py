"""The library: every rule found under ``rules/<topic>/``, parsed and checked; a broken one is refused by name."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path

from beforehand.clinical.content import content_root
from beforehand.clinical.valuesets import ValueSetText, shipped_value_sets
from beforehand.lookahead.engines.relations import relations, stored_below, views_below
from beforehand.lookahead.engines.shape import Shape, ShapeError, shape_of
from beforehand.lookahead.errors import LookaheadError, RuleError
from beforehand.lookahead.lint import lint
from beforehand.lookahead.relevance import Relevant, Sets, relevant
from beforehand.lookahead.rule import Query, Rule, read_query
from beforehand.lookahead.silence import Need, Silence
from beforehand.lookahead.sound import digest, is_sound, keep_sound, note_sound


@lru_cache(maxsize=1024)
def parsed(text: str) -> Shape:
    """The shape of a rule's SQL, read once in a process."""
    return shape_of(text)


@dataclass(frozen=True, eq=False)
class CheckedQuery:
    """A query that passed the linter."""

    query: Query

    @property
    def shape(self) -> Shape:
        """The shape of its SQL, read when it is first asked for: whoever only shows needs never waits for it."""
        return parsed(self.query.sql)

    def value_sets(self) -> frozenset[str]:
        """The value sets its answers hang on: named in its SQL, its family's rows or the clinical views below."""
        known = relations()
        below = [shape for name in self.views() if (shape := known[name].shape) is not None]
        return sets_named(self.query, self.shape).union(*({name for name, _ in one.value_sets()} for one in below))

    def stored(self) -> frozenset[str]:
        """The stored relations it rests on: only when one of them changed can its answers change."""
        return self._stored

    @cached_property
    def _stored(self) -> frozenset[str]:
        return stored_below(self.shape.tables) - {"family", "as_of"}

    @cached_property
    def reads(self) -> Relevant:
        """Of which value sets the codes are whose facts can change its answers, by fact table."""
        return relevant(self.shape, relations(), self.query.family)

    def concerned(self, changed: Mapping[str, Sets]) -> bool:
        """Whether its answers may change: ``changed`` tells of each table whose facts were added, of which sets."""
        for table, sets in changed.items():
            if table in self._stored:
                reads = self.reads.get(table)
                if sets is None or reads is None or not reads.isdisjoint(sets):
                    return True
        return False

    @cached_property
    def needs_facts(self) -> Need:
        """What a patient's record must hold before it can say anything."""
        return Silence(self.shape, relations(), self.query.family).need()

    def views(self) -> tuple[str, ...]:
        """The clinical views it rests on."""
        return views_below(self.shape.tables)

    @staticmethod
    def view_text(name: str) -> str:
        """The text of a clinical view."""
        shape = relations()[name].shape
        return shape.text if shape else ""

    def holds_on(self, as_of: date) -> frozenset[str]:
        """Its rules whose authority is in force on that day."""
        return _holding(self, as_of)


@lru_cache(maxsize=4096)
def _holding(checked: CheckedQuery, as_of: date) -> frozenset[str]:
    return frozenset(rule.id for rule in checked.query.rules.values() if rule.authority.holds_on(as_of))


@lru_cache(maxsize=256)
def looked_at(queries: tuple[CheckedQuery, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """The fact tables to look at before these queries run, and those whose codes matter."""
    needs = [checked.needs_facts for checked in queries]
    with_sets = frozenset(one.table for need in needs for one in need.all() if one.sets)
    return frozenset(table for need in needs for table in need.tables()), with_sets


@dataclass(frozen=True)
class Refusal:
    """A rule that is not run, and why."""

    rule_id: str
    where: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.where}:{self.line}: {self.what}"


@dataclass
class Library:
    """All rules that may run, what people read of them, and what was refused."""

    root: Path
    queries: dict[str, CheckedQuery] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    value_sets: dict[str, ValueSetText] = field(default_factory=dict)

    def named(self, rule_ids: Iterable[str]) -> dict[str, CheckedQuery]:
        """The queries that answer for the given rules (or are named themselves)."""
        wanted = set(rule_ids)
        return {i: q for i, q in self.queries.items() if i in wanted or wanted & set(q.query.rules)}


def sets_named(query: Query, shape: Shape) -> frozenset[str]:
    """The value sets a query names by a literal compared with value_set, and in its family's ``_set`` columns."""
    from_family = query.family.sets() if query.family else frozenset()
    return frozenset(name for name, _ in shape.value_sets()) | from_family


def rule_files(place: Path) -> list[Path]:
    """Rule files at a place: one file, or every ``.sql`` below a folder but quality measures (see ``measures``)."""
    found = [place] if place.is_file() else sorted(place.rglob("*.sql"))
    return [path for path in found if path.parent.name != "measures"]


def read_library(root: Path, *, places: Iterable[Path] | None = None, known_sets: Iterable[str] = ()) -> Library:
    """Read and check every rule under ``root/rules`` (or at the given places).

    ``known_sets`` are value sets an organisation has loaded, beside those under ``root/valuesets``.
    """
    found = Library(root, value_sets=shipped_value_sets(root))
    sets = set(found.value_sets) | set(known_sets)
    for path in [file for place in (places or [root / "rules"]) for file in rule_files(place)]:
        try:
            checked, faults = check_file(path, root, sets)
        except RuleError as error:
            found.refused.append(Refusal(path.stem, error.where, error.line, error.what))
            continue
        twice = sorted(set(checked.query.rules) & set(found.rules)) or (
            [path.stem] if path.stem in found.queries else []
        )
        if twice:
            faults.append(RuleError(path.name, 1, f"another file already holds the rule {', '.join(twice)}"))
        if faults:
            found.refused += [Refusal(path.stem, fault.where, fault.line, fault.what) for fault in faults]
            continue
        found.queries[path.stem] = checked
        found.rules.update(checked.query.rules)
    keep_sound()
    return found


def check_file(path: Path, root: Path, sets: set[str]) -> tuple[CheckedQuery, list[RuleError]]:
    """One rule file, parsed, and what the linter says against it."""
    query = read_query(path, root)
    key = digest(query, sets)
    if is_sound(key):
        return CheckedQuery(query), []
    try:
        shape = parsed(query.sql)
    except ShapeError as error:
        raise RuleError(path.name, query.sql_line + error.line - 1, error.what) from error
    faults = [RuleError(path.name, query.sql_line + f.line - 1, f.what) for f in lint(query, shape, relations(), sets)]
    if not faults:
        note_sound(key)
    return CheckedQuery(query), faults


@lru_cache(maxsize=4)
def _read_once(root: Path, stamp: str, known_sets: frozenset[str]) -> Library:
    return read_library(root, known_sets=known_sets)


def _stamp(root: Path) -> str:
    """Changes when a rule, value set or family file does, so that a running worker sees an edited rule."""
    parts = []
    waiting = [
        place for folder in ("rules", "valuesets", "knowledge") if os.path.isdir(place := os.path.join(root, folder))
    ]
    while waiting:  # by scandir: an event that finds the last look too old waits for this one
        with os.scandir(waiting.pop()) as found:
            for entry in found:
                if entry.name.endswith((".sql", ".csv")):
                    status = entry.stat()
                    parts.append(f"{entry.path}:{status.st_mtime_ns}:{status.st_size}")
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


LOOK_AGAIN = 2.0  # seconds between two looks at the files
_LAST: dict[Path, tuple[float, Library]] = {}
_LOADED_SETS: set[str] = set()


def know_value_sets(names: Iterable[str]) -> None:
    """Value sets that an organisation has loaded into its database, which rules may name beside the shipped ones."""
    if not _LOADED_SETS.issuperset(names):
        _LOADED_SETS.update(names)
        _LAST.clear()


def library(root: Path | None = None) -> Library:
    """The shipped library (or one under another root), read again only when a file changed."""
    place = root or content_root()
    now = time.monotonic()
    last = _LAST.get(place)
    if last is None or now - last[0] > LOOK_AGAIN:
        last = (now, _read_once(place, _stamp(place), frozenset(_LOADED_SETS)))
        _LAST[place] = last
    return last[1]


class UnknownRuleError(LookaheadError):
    """A rule was named that is not in the library."""


@contextmanager
def held_still(without: Collection[str] = ()) -> Iterator[Library]:
    """For a run that must not change under way: the library as it is now, fewer the rules named, read once."""
    place = content_root()
    whole = library()
    unknown = set(without) - set(whole.rules) - set(whole.queries)
    if unknown:
        raise UnknownRuleError(f"there is no rule {', '.join(sorted(unknown))}")
    queries = {}
    for name, checked in whole.queries.items():
        rules = {} if name in without else {i: r for i, r in checked.query.rules.items() if i not in without}
        if rules:
            queries[name] = replace(checked, query=replace(checked.query, rules=rules))
    kept = {rule_id: rule for checked in queries.values() for rule_id, rule in checked.query.rules.items()}
    _LAST[place] = (math.inf, replace(whole, queries=queries, rules=kept))
    try:
        yield _LAST[place][1]
    finally:
        _LAST.pop(place, None)
