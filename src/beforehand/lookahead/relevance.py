"""Which arriving facts can change a rule's answers: of each fact table the value sets whose codes it looks at.

A blood count cannot move a rule that looks at observations for a colonoscopy alone. Read off the SQL, once for each
query, from its answer and its evidence down to the stored tables: a row joined to a value set by its code counts only
when its code is in that set. What cannot be told counts as relevant, so a rule is left out only when its answers
surely stay as they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from sqlglot import exp

from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.binding import EVIDENCE
from beforehand.lookahead.engines.relations import Relation, Sort
from beforehand.lookahead.engines.shape import Shape, returned
from beforehand.lookahead.lineage import Lineage, Source
from beforehand.lookahead.rule import Family
from beforehand.lookahead.sql_conditions import codes_asked, conjuncts, joins_of

Sets = frozenset[str] | None  # value sets of which a code must be in one; None: any row counts
Relevant = Mapping[str, Sets]  # fact table -> of which value sets; tables that are not read are not named


def relevant(shape: Shape, known: Mapping[str, Relation], family: Family | None = None) -> Relevant:
    """The fact tables a query reads, each with the value sets it reads them for, or None when any row counts."""
    reading = _Reading(known)
    reading.read(shape, family)
    return reading.found


class _Reading:
    """Gathers what one query reads, through its steps and the clinical views."""

    def __init__(self, known: Mapping[str, Relation]) -> None:
        self.known = known
        self.found: dict[str, Sets] = {}
        self._lineages: dict[str, Lineage] = {}
        self._seen: set[tuple[int, int | None, Sets]] = set()

    def read(self, shape: Shape, family: Family | None) -> None:
        """From the last SELECT and the evidence, both of which become the answer."""
        lineage = Lineage(shape, self.known, family)
        self._query(lineage, shape.tree, None, None)
        if EVIDENCE in lineage.steps:
            self._query(lineage, lineage.steps[EVIDENCE], None, None)

    def _query(self, lineage: Lineage, query: exp.Expr, place: int | None, sets: Sets) -> None:
        """Rows of this query count whose column at ``place`` is in one of ``sets``; all of them without."""
        if (id(query), place, sets) in self._seen:
            return
        self._seen.add((id(query), place, sets))
        if isinstance(query, exp.Subquery):
            self._query(lineage, query.this, place, sets)
        elif isinstance(query, exp.Union):
            self._query(lineage, query.this, place, sets)
            self._query(lineage, query.expression, place, sets)
        elif isinstance(query, exp.SetOperation):  # EXCEPT, INTERSECT: what one side has decides about the other
            self._query(lineage, query.this, None, None)
            self._query(lineage, query.expression, None, None)
        elif isinstance(query, exp.Select):
            self._select(lineage, query, place, sets)

    def _select(self, lineage: Lineage, select: exp.Select, place: int | None, sets: Sets) -> None:
        sources = lineage.sources(select)
        limits = _Limits(lineage, sources)
        if not any(side in ("RIGHT", "FULL") for _, side, _ in joins_of(select, sources)):
            if place is not None and sets is not None:
                limits.pass_down(select, place, sets)
            limits.read_conditions(select)
        for source in sources:
            self._source(lineage, source, limits.of(source))
        for inner in _inner_selects(select):
            self._query(lineage, inner, None, None)

    def _source(self, lineage: Lineage, source: Source, limits: Mapping[str, frozenset[str]]) -> None:
        if source.query is not None:
            self._query(lineage, source.query, *_first(limits, returned(source.query)))
        elif source.relation is None:
            return
        elif source.relation.sort is Sort.FACT:
            sets = limits.get(FACTS[source.name].by[0] or "")
            before = self.found.get(source.name, frozenset())
            self.found[source.name] = None if sets is None or before is None else before | sets
        elif source.relation.sort is Sort.VIEW and source.relation.shape is not None:
            shape = source.relation.shape
            below = self._lineages.setdefault(source.name, Lineage(shape, self.known))
            self._query(below, shape.tree, *_first(limits, shape.columns))


def _first(limits: Mapping[str, frozenset[str]], columns: tuple[str, ...]) -> tuple[int | None, Sets]:
    """One limited column, by its place among those returned; one is enough."""
    for place, column in enumerate(columns):
        if column in limits:
            return place, limits[column]
    return None, None


class _Limits:
    """Which columns of a SELECT's sources must be codes of which value sets for their row to count."""

    def __init__(self, lineage: Lineage, sources: list[Source]) -> None:
        self.lineage, self.sources = lineage, sources
        self._found: dict[int, dict[str, frozenset[str]]] = defaultdict(dict)

    def of(self, source: Source) -> Mapping[str, frozenset[str]]:
        """The limits of one source, by column."""
        return self._found.get(id(source), {})

    def pass_down(self, select: exp.Select, place: int, sets: frozenset[str]) -> None:
        """A limit on what is returned is one on the source it comes from, unless other rows have a say in this one."""
        value = select.expressions[place].unalias() if place < len(select.expressions) else None
        if select.args.get("limit") or not isinstance(value, exp.Column):
            return
        if any(one.find(exp.Window) for one in (*select.expressions, select.args.get("qualify")) if one is not None):
            return
        grouped = select.args.get("group")
        if grouped is not None and value not in grouped.expressions:
            return
        self._limit(value, sets, self.sources)

    def read_conditions(self, select: exp.Select) -> None:
        """What WHERE and ON ask of codes; the ON of a LEFT JOIN asks it of the joined side alone."""
        everywhere = list(conjuncts(select.args.get("where")))
        inner: list[Source] = []
        for source, side, on in joins_of(select, self.sources):
            if side == "LEFT":
                self._read(list(conjuncts(on)), [], [source])
            else:
                inner.append(source)
                everywhere += conjuncts(on)
        self._read(everywhere, inner, self.sources)

    def _read(self, conditions: list[exp.Expr], joined: list[Source], limited: list[Source]) -> None:
        for source in joined:
            if source.name == "value_set_code":
                self._set(source, conditions, limited)
        for condition in conditions:
            if isinstance(condition, exp.Exists) and isinstance(condition.this, exp.Select):
                below = self.lineage.sources(condition.this)
                asked = list(conjuncts(condition.this.args.get("where")))
                for _, side, on in joins_of(condition.this, below):
                    if side != "LEFT":
                        asked += conjuncts(on)
                for source in below:
                    if source.name == "value_set_code":
                        self._set(source, asked, limited)

    def _set(self, source: Source, conditions: list[exp.Expr], limited: list[Source]) -> None:
        """A value set joined to codes: their rows count only when their code is in it."""
        codes, sets = codes_asked(self.lineage, source, conditions)
        if sets is not None:
            for code in codes:
                if isinstance(code, exp.Column):
                    self._limit(code, sets, limited)

    def _limit(self, column: exp.Column, sets: frozenset[str], limited: list[Source]) -> None:
        source = self.lineage.source_of(column)
        if source is not None and any(source is one for one in limited):
            # Of two limits each is enough by itself. Their sets in common are not: a code may be in one of each.
            self._found[id(source)].setdefault(column.name, sets)


def _inner_selects(select: exp.Select) -> Iterator[exp.Expr]:
    """The queries inside a SELECT's expressions: EXISTS, IN and single values; not those it reads from."""
    waiting: list[exp.Expr] = list(select.expressions)
    for name in ("where", "having", "group", "order", "qualify"):
        if select.args.get(name) is not None:
            waiting.append(select.args[name])
    waiting += [on for join in select.args.get("joins") or [] if (on := join.args.get("on")) is not None]
    while waiting:
        one = waiting.pop()
        if isinstance(one, (exp.Select, exp.SetOperation)):
            yield one
        else:
            waiting += list(one.iter_expressions())
