"""The shape of a rule's SQL: which relations it names, what it returns, where its last SELECT begins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokenizer_core import Token, TokenType

DIALECT = "sqlite"  # what the portable subset is read as; see docs/how-to/write-a-rule.md


class ShapeError(ValueError):
    """SQL that cannot be read; ``line`` counts from 1 at the SQL's first line."""

    def __init__(self, line: int, what: str) -> None:
        self.line, self.what = line, what
        super().__init__(f"line {line}: {what}")


@dataclass(frozen=True, eq=False)
class Shape:
    """One parsed SELECT."""

    text: str
    tree: exp.Query
    steps: tuple[str, ...]  # names of its CTEs, in order
    step_text: str  # the CTEs as written, without the leading WITH
    last_text: str  # the last SELECT as written
    columns: tuple[str, ...]  # what the last SELECT returns
    tables: frozenset[str]  # relations it names that are not its own CTEs
    words: frozenset[str]  # every identifier in the text, for trimming columns
    tokens: tuple[Token, ...]

    def value_sets(self) -> list[tuple[str, int]]:
        """Value sets named by a literal compared with a column ``value_set``, each with its line."""
        return list(self._value_sets)

    @cached_property
    def _value_sets(self) -> tuple[tuple[str, int], ...]:
        """The whole tree is walked for them once: every sweep asks each rule, and each rule its views."""
        found = []
        for comparison in self.tree.find_all(exp.EQ, exp.In):
            if isinstance(comparison, exp.EQ):
                sides = [comparison.this, comparison.expression]
            else:
                sides = [comparison.this, *comparison.expressions]
            if any(isinstance(side, exp.Column) and side.name == "value_set" for side in sides):
                literals = [side for side in sides if isinstance(side, exp.Literal) and side.is_string]
                found += [(str(side.this), line_of(side)) for side in literals]
        return tuple(found)


def shape_of(text: str) -> Shape:
    """Parse one SELECT statement; raises ShapeError with the line."""
    try:
        tokens = sqlglot.tokenize(text, read=DIALECT)
        trees = Dialect.get_or_raise(DIALECT).parser().parse(tokens, text)
    except sqlglot.errors.ParseError as error:
        said = error.errors[0] if error.errors else {}
        raise ShapeError(int(said.get("line") or 1), str(said.get("description") or error).strip()) from error
    except sqlglot.errors.TokenError as error:
        raise ShapeError(1, f"cannot be read as SQL: {str(error).splitlines()[0]}") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise ShapeError(1, "a rule is one SELECT statement")
    tree = trees[0]
    begin = _last_select(tokens)
    first = tokens[0]
    has_steps = first.token_type is TokenType.WITH
    step_text = text[first.end + 1 : begin] if has_steps else ""
    steps = tuple(cte.alias for cte in tree.ctes)
    return Shape(
        text=text,
        tree=tree,
        steps=steps,
        step_text=step_text,
        last_text=text[begin:],
        columns=returned(tree),
        tables=frozenset(table.name for table in tree.find_all(exp.Table)) - set(steps),
        words=frozenset(token.text.lower() for token in tokens),
        tokens=tuple(tokens),
    )


def _last_select(tokens: list[Token]) -> int:
    """Where the statement's own SELECT begins: the first one outside all brackets."""
    depth = 0
    for token in tokens:
        if token.token_type is TokenType.L_PAREN:
            depth += 1
        elif token.token_type is TokenType.R_PAREN:
            depth -= 1
        elif token.token_type is TokenType.SELECT and depth == 0:
            return token.start
    raise ShapeError(1, "there is no SELECT outside the brackets")


def returned(query: exp.Expr) -> tuple[str, ...]:
    """The column names a SELECT (or the first of a UNION) returns."""
    while isinstance(query, exp.SetOperation):
        query = query.this
    if isinstance(query, exp.Subquery):
        return returned(query.this)
    return tuple(part.alias_or_name for part in query.expressions) if isinstance(query, exp.Select) else ()


def line_of(node: exp.Expr) -> int:
    """The line on which a node of the tree begins (its first named or literal part)."""
    lines = [int(part.meta["line"]) for part in node.walk() if "line" in part.meta]
    return min(lines) if lines else 1
