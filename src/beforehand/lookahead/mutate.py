"""Do the cases pin the rule down? Each comparison and literal is moved one step; every mutant must fail a case."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from beforehand.clinical.valuesets import ValueSetText
from beforehand.lookahead.cases import LoadedCases, read_cases
from beforehand.lookahead.engines.shape import DIALECT, Shape, line_of, shape_of
from beforehand.lookahead.errors import AnswerError
from beforehand.lookahead.rule import Query

PATIENCE = 2_000  # thousands of steps of the database's machine before a mutant counts as running away

# One step over: the boundary moves, or the direction turns.
_STEPS: dict[type[exp.Expression], tuple[type[exp.Expression], ...]] = {
    exp.LT: (exp.LTE,),
    exp.LTE: (exp.LT,),
    exp.GT: (exp.GTE,),
    exp.GTE: (exp.GT,),
    exp.EQ: (exp.NEQ,),
    exp.NEQ: (exp.EQ,),
    exp.And: (exp.Or,),
    exp.Or: (exp.And,),
}


@dataclass(frozen=True)
class Mutant:
    """The rule with one thing moved."""

    line: int  # of the SQL
    before: str
    after: str
    shape: Shape

    @property
    def text(self) -> str:
        return f"{self.before} -> {self.after}"


@dataclass(frozen=True)
class Survivor:
    """A mutant that no case notices."""

    where: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.where}:{self.line}: no case notices: {self.text}"


def mutants(shape: Shape) -> Iterator[Mutant]:
    """Every mutant of a rule's SQL."""
    count = sum(1 for _ in shape.tree.walk())
    for place in range(count):
        tree = shape.tree.copy()
        node = next(one for number, one in enumerate(tree.walk()) if number == place)
        for replacement in _moved(node):
            changed = tree.copy()
            target = next(one for number, one in enumerate(changed.walk()) if number == place)
            target.replace(replacement)
            before, after = node.sql(DIALECT), replacement.sql(DIALECT)
            yield Mutant(line_of(node), before, after, shape_of(changed.sql(DIALECT)))


def _moved(node: exp.Expression) -> Iterator[exp.Expression]:
    for other in _STEPS.get(type(node), ()):
        yield other(this=node.this.copy(), expression=node.expression.copy())
    if isinstance(node, exp.Literal) and not node.is_string and str(node.this).isdigit() and not _is_size(node):
        for number in (int(node.this) - 1, int(node.this) + 1):
            yield exp.Literal.number(number) if number >= 0 else exp.Neg(this=exp.Literal.number(-number))


def _is_size(node: exp.Expression) -> bool:
    """Whether the literal is the size in a type, such as varchar(20)."""
    return isinstance(node.parent, exp.DataTypeParam)


def survivors(query: Query, shape: Shape, value_sets: Mapping[str, ValueSetText]) -> list[Survivor]:
    """The mutants that no case notices and that are not listed as equivalent."""
    book = read_cases(query)
    loaded = LoadedCases(query, shape, book, value_sets)
    excused = {" ".join(text.split()) for text, _ in book.equivalent}
    found = []
    for mutant in mutants(shape):
        if " ".join(mutant.text.split()) in excused:
            continue
        try:
            is_noticed = next(loaded.failures(mutant.shape, patience=PATIENCE), None) is not None
        except (AnswerError, sqlite3.OperationalError):  # broken, or running away: anybody would notice
            is_noticed = True
        if not is_noticed:
            found.append(Survivor(query.path.name, query.sql_line + mutant.line - 1, mutant.text))
    return found
