"""Where a value in a rule's SQL comes from: through its CTEs and the clinical views down to stored columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from beforehand.clinical import calendar, knowledge
from beforehand.clinical.columns import Kind, Physical
from beforehand.clinical.tables import ALL
from beforehand.lookahead.engines.relations import Relation, Sort
from beforehand.lookahead.engines.shape import Shape, returned
from beforehand.lookahead.rule import Family

_TEXT_OF_PATIENT = {"sex"}
_CONCEPTS_OF_PATIENT = {"language"}


@dataclass(frozen=True)
class Origin:
    """One place a value may come from."""

    sort: str  # column, literal, number, made (computed), unknown
    type: str  # text, whole, concept, unknown
    name: str = ""  # of a literal: its content; of a column: relation.column


@lru_cache(maxsize=4096)
def stored_type(relation: str, column: str) -> str:
    """text, whole or concept: what a stored column holds."""
    if relation in ALL:
        table = ALL[relation]
        for stated in table.all_columns():
            for stored in stated.physical():
                if stored.name == column:
                    if stated.kind is Kind.CONCEPT:
                        return "concept"
                    return "text" if stored.type is Physical.TEXT else "whole"
        return "unknown"
    if relation in knowledge.RELATIONS:
        found = {one.name: one.type for one in knowledge.RELATIONS[relation].columns}
        if column == "code":
            return "concept"
        return "text" if found.get(column) is Physical.TEXT else "whole"
    if relation == "patient":
        return "concept" if column in _CONCEPTS_OF_PATIENT else "text" if column in _TEXT_OF_PATIENT else "whole"
    if relation == "value_set_code":
        return "concept" if column == "code" else "text"
    if relation == "period":
        return "whole"
    if relation == "source":
        return "whole" if column == "id" else "text"
    is_whole = (relation == "as_of" and column != "zone") or column in {one.name for one in calendar.COLUMNS}
    return "whole" if is_whole else "text"


@dataclass(frozen=True)
class Source:
    """Something a SELECT reads from, under an alias."""

    alias: str
    name: str  # of a CTE or relation; empty for a subquery
    columns: tuple[str, ...]
    query: exp.Expr | None  # of a CTE or subquery
    relation: Relation | None


class Lineage:
    """Answers where values of one rule (or view) come from."""

    def __init__(self, shape: Shape, known: Mapping[str, Relation], family: Family | None = None) -> None:
        self.shape, self.known, self.family = shape, known, family
        self.steps: dict[str, exp.Expr] = {cte.alias: cte.this for cte in shape.tree.find_all(exp.CTE)}
        self._below: dict[str, Lineage] = {}
        self._sources: dict[int, list[Source]] = {}
        self._projected: dict[tuple[int, str], list[Origin]] = {}
        self._patients: dict[int, bool] = {}

    def sources(self, select: exp.Select) -> list[Source]:
        """What a SELECT reads from."""
        found = self._sources.get(id(select))
        if found is None:
            found = self._sources[id(select)] = self._find_sources(select)
        return found

    def _find_sources(self, select: exp.Select) -> list[Source]:
        parts: list[exp.Expr] = []
        first = select.args.get("from_")
        if first is not None:
            parts.append(first.this)
        parts += [join.this for join in select.args.get("joins") or []]
        return [self._source(part) for part in parts]

    def _source(self, part: exp.Expr) -> Source:
        if isinstance(part, exp.Subquery):
            return Source(part.alias, "", returned(part.this), part.this, None)
        name = part.name
        if name in self.steps:
            query = self.steps[name]
            return Source(part.alias_or_name, name, returned(query), query, None)
        if name == "family" and self.family is not None:
            return Source(part.alias_or_name, name, self.family.columns, None, None)
        relation = self.known.get(name)
        return Source(part.alias_or_name, name, relation.columns if relation else (), None, relation)

    def source_of(self, column: exp.Column) -> Source | None:
        """The source a column belongs to, looking outward from its SELECT; None when it cannot be told."""
        select = column.find_ancestor(exp.Select)
        while isinstance(select, exp.Select):
            for source in self.sources(select):
                if column.table == source.alias or (not column.table and column.name in source.columns):
                    return source
            select = select.find_ancestor(exp.Select)
        return None

    def origins(self, value: exp.Expr, depth: int = 0) -> Iterator[Origin]:
        """Every place a value may come from."""
        if depth > 30:
            yield Origin("unknown", "unknown")
        elif isinstance(value, (exp.Alias, exp.Paren)):
            yield from self.origins(value.this, depth + 1)
        elif isinstance(value, exp.Literal):
            yield Origin(
                "literal" if value.is_string else "number", "text" if value.is_string else "whole", str(value.this)
            )
        elif isinstance(value, exp.Null):
            return
        elif isinstance(value, exp.Column):
            yield from self._column(value, depth)
        elif isinstance(value, exp.Case):
            branches = [branch.args["true"] for branch in value.args["ifs"]]
            otherwise = value.args.get("default")
            for branch in [*branches, *([otherwise] if otherwise is not None else [])]:
                yield from self.origins(branch, depth + 1)
        elif isinstance(value, exp.Coalesce):
            for part in (value.this, *value.expressions):
                yield from self.origins(part, depth + 1)
        elif isinstance(value, (exp.Min, exp.Max, exp.Nullif, exp.Window, exp.FirstValue, exp.Lag, exp.Lead)):
            yield from self.origins(value.this, depth + 1)
        elif isinstance(value, exp.Cast):
            is_text = value.to.this in exp.DataType.TEXT_TYPES
            if not isinstance(value.this, exp.Null):
                yield Origin("made", "text" if is_text else "whole")
        elif isinstance(value, exp.Subquery):
            yield from self.projected(value.this, returned(value.this)[0], depth + 1)
        else:
            yield Origin("made", "text" if isinstance(value, exp.DPipe) else "whole")

    def _column(self, column: exp.Column, depth: int) -> Iterator[Origin]:
        source = self.source_of(column)
        if source is None:
            yield Origin("unknown", "unknown")
        elif source.query is not None:
            yield from self.projected(source.query, column.name, depth + 1)
        elif source.name == "family" and self.family is not None:
            yield Origin("column", "whole" if column.name in self.family.whole else "text", f"family.{column.name}")
        elif source.relation is None:
            yield Origin("unknown", "unknown")
        elif source.relation.sort is Sort.VIEW and source.relation.shape is not None:
            below = self._below.setdefault(source.name, Lineage(source.relation.shape, self.known))
            yield from below.projected(source.relation.shape.tree, column.name, depth + 1)
        else:
            yield Origin("column", stored_type(source.name, column.name), f"{source.name}.{column.name}")

    def projected(self, query: exp.Expr, name: str, depth: int = 0) -> Iterator[Origin]:
        """Where the column ``name`` of a SELECT or UNION comes from; in a UNION columns match by place."""
        found = self._projected.get((id(query), name))
        if found is None:
            found = self._projected[(id(query), name)] = list(dict.fromkeys(self._project(query, name, depth)))
        return iter(found)

    def _project(self, query: exp.Expr, name: str, depth: int) -> Iterator[Origin]:
        names = returned(query)
        if name not in names:
            yield Origin("unknown", "unknown")
            return
        place = names.index(name)
        for select in selects(query):
            if place < len(select.expressions):
                yield from self.origins(select.expressions[place], depth + 1)

    def type_of(self, value: exp.Expr) -> str:
        """text, whole, concept or unknown."""
        types = {origin.type for origin in self.origins(value)}
        for one in ("concept", "text", "whole"):
            if one in types:
                return one
        return "unknown"

    def reads_patients(self, query: exp.Expr, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a query rests on rows of patients."""
        for table in query.find_all(exp.Table):
            if table.name in self.steps and table.name not in seen:
                if self.reads_patients(self.steps[table.name], seen | {table.name}):
                    return True
            elif table.name in self.known and self.known[table.name].is_of_patients:
                return True
        return False

    def is_of_patients(self, source: Source) -> bool:
        """Whether a source's rows belong to patients."""
        if source.query is not None:
            if id(source.query) not in self._patients:
                self._patients[id(source.query)] = self.reads_patients(source.query)
            return self._patients[id(source.query)]
        return source.relation is not None and source.relation.is_of_patients


def selects(query: exp.Expr) -> Iterator[exp.Select]:
    """The SELECTs of a query: itself, or the branches of a UNION."""
    if isinstance(query, exp.Select):
        yield query
    elif isinstance(query, exp.SetOperation):
        yield from selects(query.this)
        yield from selects(query.expression)
    elif isinstance(query, exp.Subquery):
        yield from selects(query.this)
