"""Checks before a rule runs; each says what is wrong, on which line, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from beforehand.lookahead.engines.answers import columns_wanted
from beforehand.lookahead.engines.relations import Relation
from beforehand.lookahead.engines.shape import Shape
from beforehand.lookahead.rule import Query


@dataclass(frozen=True)
class Fault:
    """One thing wrong; ``line`` counts from the SQL's first line."""

    check: str
    line: int
    what: str


def lint(query: Query, shape: Shape, known: Mapping[str, Relation], sets: Set[str]) -> list[Fault]:
    """Everything wrong with a rule."""
    faults = []
    for name in sorted(shape.tables):
        if name != "family" and name not in known:
            faults.append(Fault("known tables", 1, f"there is no relation {name}"))
    wanted = columns_wanted(query)
    absent = [column for column in wanted if column not in shape.columns]
    if absent:
        faults.append(Fault("result columns", 1, f"the last SELECT lacks {', '.join(absent)}"))
    for name, line in shape.value_sets():
        if name not in sets:
            faults.append(Fault("value sets", line, f"there is no value set {name}; add valuesets/{name}.csv"))
    return faults
