"""Which clinical views a sweep reckons once for all its rules, instead of once in every rule that asks them.

A view that joins, ranks or gathers is dear, and dozens of rules may stand on it. One that only leaves rows of a single
table out is as cheap to read again as what it was kept in, so it is kept only where it is small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from beforehand.lookahead.engines.relations import Sort, relations, stored_below, views_below
from beforehand.lookahead.engines.shape import Shape

SHARED_BY = 3  # a view that fewer rules and views ask is reckoned in each
IN_MEMORY = 16_000_000  # bytes; what may be larger is kept in a file, and a mere filter not at all
CELL = 8


@dataclass(frozen=True)
class Shared:
    """A view worth reckoning once, with the columns anybody in the sweep names."""

    name: str
    columns: tuple[str, ...]
    is_filter: bool

    def size(self, rows: Mapping[str, int]) -> int:
        """How many bytes it may take at the most, judged by the rows of the stored tables below it."""
        below = stored_below(frozenset({self.name}))
        return sum(rows.get(table, 0) for table in below) * len(self.columns) * CELL

    def serves(self, shape: Shape) -> bool:
        """Whether it has every column the text names, which one made for other rules may lack."""
        whole = relations()[self.name].columns
        return shape.words.isdisjoint(set(whole) - set(self.columns))


def shared_views(shapes: Iterable[Shape]) -> dict[str, Shared]:
    """The views that these rules' texts together ask often enough, each after the views it uses."""
    known = relations()
    asked: Counter[str] = Counter()
    words: dict[str, set[str]] = {}

    def ask(shape: Shape, times: int) -> None:
        for name in shape.tables:
            if name in known and known[name].sort is Sort.VIEW:
                asked[name] += times
                words.setdefault(name, set()).update(shape.words)

    texts = list(shapes)
    for shape in texts:
        ask(shape, 1)
    ordered = views_below(frozenset().union(*(shape.tables for shape in texts)) if texts else frozenset())
    for name in reversed(ordered):  # a view before those it uses
        below = known[name].shape
        assert below is not None
        ask(below, 1 if asked[name] >= SHARED_BY else asked[name])
    found = {}
    for name in ordered:
        if asked[name] >= SHARED_BY:
            columns = tuple(column for column in known[name].columns if column in words[name])
            found[name] = Shared(name, columns, is_filter(name))
    return found


@lru_cache(maxsize=512)
def is_filter(name: str) -> bool:
    """Whether a view only leaves out rows and columns of one table (or of another such view)."""
    known = relations()
    shape = known[name].shape
    if shape is None or not isinstance(shape.tree, exp.Select) or shape.steps:
        return False
    sources = shape.tables - {"as_of"}
    if len(sources) != 1 or any(shape.tree.args.get(part) for part in ("group", "distinct", "having")):
        return False
    if shape.tree.find(exp.Window, exp.AggFunc, exp.Subquery, exp.Exists) is not None:
        return False
    (source,) = sources
    named = [table for table in shape.tree.find_all(exp.Table) if table.name == source]
    sort = known[source].sort
    return len(named) == 1 and (sort in (Sort.FACT, Sort.REFERENCE) or (sort is Sort.VIEW and is_filter(source)))
