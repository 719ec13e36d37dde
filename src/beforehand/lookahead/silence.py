"""When a rule surely says nothing of a patient: what must be in the record before its query can return a row.

Read off the SQL, once for each query: every inner join needs a row on both sides, a union needs one of its branches,
and a code compared with a value set needs a code of that set. What cannot be told counts as possible, so a patient
is passed over only when the answer is known to be empty. One look at a patient's tables then stands for dozens of
queries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.relations import Relation, Sort
from beforehand.lookahead.engines.shape import Shape
from beforehand.lookahead.lineage import Lineage, Source
from beforehand.lookahead.rule import Family
from beforehand.lookahead.sql_conditions import codes_asked, conjuncts, joins_of

Present = Mapping[str, Collection[str]]  # fact table that has rows of the patient -> value sets its codes are in


@dataclass(frozen=True)
class Need:
    """Something without which there is no row: facts of a table, or any (``is_all`` False) or all of several needs."""

    table: str = ""
    sets: frozenset[str] = frozenset()  # of the table's codes at least one is in one of these; none named: any code
    parts: tuple[Need, ...] = ()
    is_all: bool = True

    def holds(self, present: Present) -> bool:
        """Whether the patient's record has it."""
        if self.table:
            found = present.get(self.table)
            return found is not None and (not self.sets or not self.sets.isdisjoint(found))
        if self.is_all:
            return all(part.holds(present) for part in self.parts)
        return any(part.holds(present) for part in self.parts)

    def all(self) -> Iterator[Need]:
        """It and all it is made of."""
        yield self
        for part in self.parts:
            yield from part.all()

    def tables(self) -> Iterator[str]:
        """The fact tables to look at."""
        return (one.table for one in self.all() if one.table)


NOTHING = Need()  # always there


def _every(parts: list[Need]) -> Need:
    kept: dict[Need, None] = {}
    for part in parts:
        inner = part.parts if not part.table and part.is_all else (part,)
        kept.update(dict.fromkeys(inner))
    return next(iter(kept)) if len(kept) == 1 else Need(parts=tuple(kept))


def _either(parts: list[Need]) -> Need:
    kept = tuple(dict.fromkeys(parts))
    if NOTHING in kept:
        return NOTHING
    return kept[0] if len(kept) == 1 else Need(parts=kept, is_all=False)


class Silence:
    """Reads off one query (or view) what its rows need."""

    def __init__(self, shape: Shape, known: Mapping[str, Relation], family: Family | None = None) -> None:
        self.shape, self.known, self.family = shape, known, family
        self.lineage = Lineage(shape, known, family)
        self._found: dict[int, Need] = {}
        self._views: dict[str, Need] = {}

    def need(self) -> Need:
        """What must be there before the query can return a row."""
        return self._of_query(self.shape.tree)

    def _of_query(self, query: exp.Expr) -> Need:
        found = self._found.get(id(query))
        if found is None:
            self._found[id(query)] = NOTHING  # of a query that named itself nothing could be told
            found = self._found[id(query)] = self._read(query)
        return found

    def _read(self, query: exp.Expr) -> Need:
        if isinstance(query, exp.Subquery):
            return self._of_query(query.this)
        if isinstance(query, exp.Union):
            return _either([self._of_query(query.this), self._of_query(query.expression)])
        if isinstance(query, exp.SetOperation):  # EXCEPT, INTERSECT: a row of theirs is a row of the left side
            return self._of_query(query.this)
        return self._of_select(query) if isinstance(query, exp.Select) else NOTHING

    def _of_select(self, select: exp.Select) -> Need:
        sources = self.lineage.sources(select)
        joins = list(joins_of(select, sources))
        if any(side in ("RIGHT", "FULL") for _, side, _ in joins):
            return NOTHING
        if not select.args.get("group") and any(_counts(one) for one in select.expressions):
            return NOTHING  # a count of nothing is a row too
        needed, conditions = [], list(conjuncts(select.args.get("where")))
        for source, side, on in joins:
            if side != "LEFT":
                needed.append(self._of_source(source))
                conditions += conjuncts(on)
        needed += [self._of_code(source, conditions) for source in sources if source.name == "value_set_code"]
        needed += [self._of_query(one.this) for one in conditions if isinstance(one, exp.Exists)]
        return _every(needed)

    def _of_source(self, source: Source) -> Need:
        if source.query is not None:
            return self._of_query(source.query)
        relation = source.relation
        if relation is None:
            return NOTHING
        if relation.sort is Sort.FACT:
            return Need(table=source.name)
        if relation.sort is Sort.VIEW and relation.shape is not None:
            if source.name not in self._views:
                self._views[source.name] = Silence(relation.shape, self.known).need()
            return self._views[source.name]
        return NOTHING

    def _of_code(self, source: Source, conditions: list[exp.Expr]) -> Need:
        """Of a value set joined to a code of facts: that such a code is there."""
        codes, sets = codes_asked(self.lineage, source, conditions)
        if not sets:
            return NOTHING
        return _every([self._of_origin(code, sets) for code in codes])

    def _of_origin(self, code: exp.Expr, sets: frozenset[str]) -> Need:
        tables: list[Need] = []
        for origin in self.lineage.origins(code):
            table, _, column = origin.name.partition(".")
            if origin.sort != "column" or table not in FACTS or FACTS[table].by[0] != column:
                return NOTHING
            tables.append(Need(table=table, sets=sets))
        return _either(tables) if tables else NOTHING


def _counts(one: exp.Expr) -> bool:
    """Whether a returned column is an aggregate over all rows."""
    return any(
        not isinstance(found.parent, (exp.Window, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup))
        for found in one.find_all(exp.AggFunc)
    )
