"""What the conditions of one SELECT ask: which of them must all hold, what is compared, which value sets are named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlglot import exp

from beforehand.lookahead.lineage import Lineage, Source


def conjuncts(condition: exp.Expr | None) -> Iterator[exp.Expr]:
    """The conditions all of which must hold."""
    if isinstance(condition, (exp.Where, exp.Paren)):
        yield from conjuncts(condition.this)
    elif isinstance(condition, exp.And):
        yield from conjuncts(condition.left)
        yield from conjuncts(condition.right)
    elif condition is not None:
        yield condition


def compared(condition: exp.Expr) -> Iterator[tuple[exp.Expr, list[exp.Expr]]]:
    """One side of an equation, and what it may equal."""
    if isinstance(condition, exp.EQ):
        yield condition.this, [condition.expression]
        yield condition.expression, [condition.this]
    elif isinstance(condition, exp.In) and condition.args.get("query") is None and condition.expressions:
        yield condition.this, list(condition.expressions)


def joins_of(select: exp.Select, sources: Sequence[Source]) -> Iterator[tuple[Source, str, exp.Expr | None]]:
    """Each source of a SELECT with the side of its join (LEFT, or empty) and the condition it is joined on."""
    joins = select.args.get("joins") or []
    for place, source in enumerate(sources):
        join = joins[place - 1] if place else None
        side = str(join.args.get("side") or "").upper() if join is not None else ""
        yield source, side, join.args.get("on") if join is not None else None


def codes_asked(
    lineage: Lineage, source: Source, conditions: Iterable[exp.Expr]
) -> tuple[list[exp.Expr], frozenset[str] | None]:
    """Of a joined value set: the codes compared with its own, and which sets it can be; None if it can be any."""
    codes: list[exp.Expr] = []
    sets: frozenset[str] | None = None
    for condition in conditions:
        for mine, other in compared(condition):
            if not isinstance(mine, exp.Column) or lineage.source_of(mine) is not source:
                continue
            if mine.name == "code" and len(other) == 1:
                codes.append(other[0])
            elif mine.name == "value_set":
                stated = set_names(lineage, other)
                sets = stated if sets is None or stated is None else sets & stated
    return codes, sets


def set_names(lineage: Lineage, values: Iterable[exp.Expr]) -> frozenset[str] | None:
    """The value sets an expression can name: literals and the family's cells; None when it cannot be told."""
    found: set[str] = set()
    family = lineage.family
    for value in values:
        for origin in lineage.origins(value):
            if origin.sort == "literal":
                found.add(origin.name)
            elif origin.sort == "column" and origin.name.startswith("family.") and family is not None:
                place = family.columns.index(origin.name.split(".", 1)[1])
                found |= {str(row[place]) for row in family.rows if row[place] is not None}
            else:
                return None
    return frozenset(found)
