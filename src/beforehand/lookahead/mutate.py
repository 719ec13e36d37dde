"""Do the cases pin the rule down? Each comparison and literal is moved one step; every mutant must fail a case."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from beforehand.lookahead.cases import LoadedCases
from beforehand.lookahead.engines.shape import DIALECT, Shape, line_of, shape_of
from beforehand.lookahead.errors import AnswerError
from beforehand.lookahead.rule import Family, Query

PATIENCE = 2_000  # thousands of steps of the database's machine before a mutant counts as running away

# One step over: the boundary moves, or the direction turns.
_STEPS: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.LTE,
    exp.LTE: exp.LT,
    exp.GT: exp.GTE,
    exp.GTE: exp.GT,
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.And: exp.Or,
    exp.Or: exp.And,
}
_OPPOSITES = (exp.In, exp.Is, exp.Exists)


@dataclass(frozen=True)
class Mutant:
    """The rule with one thing moved."""

    where: str
    line: int
    text: str  # before -> after
    query: Query
    shape: Shape


@dataclass(frozen=True)
class Survivor:
    """A mutant that no case notices."""

    where: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.where}:{self.line}: no case notices: {self.text}"


def mutants(query: Query, shape: Shape) -> Iterator[Mutant]:
    """Every mutant of a rule's SQL, and of the whole numbers in its family's rows."""
    for place, node in enumerate(list(shape.tree.walk())):
        for replacement in _moved(node):
            changed = shape.tree.copy()
            target = next(one for number, one in enumerate(changed.walk()) if number == place)
            target.replace(replacement)
            text = f"{_around(node).sql(DIALECT)} -> {_around(replacement).sql(DIALECT)}"
            moved = shape_of(changed.sql(DIALECT))
            yield Mutant(query.path.name, query.sql_line + line_of(_around(node)) - 1, text, query, moved)
    if query.family is not None:
        yield from _moved_cells(query, query.family, shape)


def _moved(node: exp.Expr) -> Iterator[exp.Expr]:
    other = _STEPS.get(type(node))
    if other is not None and not (isinstance(node, exp.And) and _joins(node)) and not _is_smaller_of_two(node):
        yield other(this=node.this.copy(), expression=node.expression.copy())
    if isinstance(node, _OPPOSITES) and not isinstance(node.parent, exp.Not):
        yield exp.Not(this=node.copy())
    if isinstance(node, exp.Not) and isinstance(node.this, _OPPOSITES):
        yield node.this.copy()
    if isinstance(node, exp.Between):
        value, low, high = node.this, node.args["low"], node.args["high"]
        yield exp.and_(
            exp.GT(this=value.copy(), expression=low.copy()), exp.LTE(this=value.copy(), expression=high.copy())
        )
        yield exp.and_(
            exp.GTE(this=value.copy(), expression=low.copy()), exp.LT(this=value.copy(), expression=high.copy())
        )
    if isinstance(node, exp.Literal) and not node.is_string and str(node.this).isdigit() and not _is_idle(node):
        for number in (int(node.this) - 1, int(node.this) + 1):
            yield exp.Literal.number(number) if number >= 0 else exp.Neg(this=exp.Literal.number(-number))


def _joins(node: exp.Expr) -> bool:
    """Whether an AND stands in a join's ON, where OR would mean nothing sensible."""
    while isinstance(node.parent, (exp.And, exp.Or, exp.Paren)):
        node = node.parent
    return isinstance(node.parent, exp.Join)


def _is_smaller_of_two(node: exp.Expr) -> bool:
    """Whether it is ``case when a > b then b else a end``, where moving the boundary changes nothing."""
    branch = node.parent
    if not isinstance(branch, exp.If) or not isinstance(node, (exp.GT, exp.GTE, exp.LT, exp.LTE)):
        return False
    case = branch.parent
    otherwise = case.args.get("default") if isinstance(case, exp.Case) and len(case.args["ifs"]) == 1 else None
    return {branch.args["true"], otherwise} == {node.this, node.expression}


def _is_idle(node: exp.Expr) -> bool:
    """Whether a literal says nothing: the size in a type, or the 1 of EXISTS (SELECT 1 ...)."""
    return isinstance(node.parent, (exp.DataTypeParam, exp.Select))


def _around(node: exp.Expr) -> exp.Expr:
    """The comparison or expression a literal stands in, so that a message shows which one it is."""
    while isinstance(node, (exp.Literal, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Paren)) and isinstance(
        node.parent, (exp.Binary, exp.Between, exp.Neg, exp.Paren, exp.In)
    ):
        if isinstance(node.parent, (exp.And, exp.Or)):
            break
        node = node.parent
    return node


def _moved_cells(query: Query, family: Family, shape: Shape) -> Iterator[Mutant]:
    for row_number, row in enumerate(family.rows):
        rule_id = row[family.columns.index("rule_id")]
        for place, column in enumerate(family.columns):
            value = row[place]
            if column not in family.whole or not isinstance(value, int) or column.lower() not in shape.words:
                continue
            for moved in (value - 1, value + 1):
                changed = (*row[:place], moved, *row[place + 1 :])
                rows = (*family.rows[:row_number], changed, *family.rows[row_number + 1 :])
                mutated = replace(query, family=replace(family, rows=rows))
                text = f"{rule_id}: {column} {value} -> {moved}"
                yield Mutant(family.path, row_number + 2, text, mutated, shape)


def survivors(loaded: LoadedCases) -> list[Survivor]:
    """The mutants that no case notices and that are not listed as equivalent."""
    excused = {" ".join(text.split()) for text, _ in loaded.book.equivalent}
    found = []
    for mutant in mutants(loaded.query, loaded.shape):
        if (
            " ".join(mutant.text.split()) in excused
            or mutant.text.partition(" -> ")[0] == mutant.text.partition(" -> ")[2]
        ):
            continue
        if not _is_noticed(loaded, mutant):
            found.append(Survivor(mutant.where, mutant.line, mutant.text))
    return found


def _is_noticed(loaded: LoadedCases, mutant: Mutant) -> bool:
    try:
        return next(loaded.failures(mutant.shape, query=mutant.query, patience=PATIENCE), None) is not None
    except (AnswerError, sqlite3.OperationalError):  # broken, or running away: anybody would notice
        return True
