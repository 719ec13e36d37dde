"""Checks that keep one SQL text meaning the same on every engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from beforehand.lookahead.engines.shape import Shape, line_of
from beforehand.lookahead.lineage import Lineage


@dataclass(frozen=True)
class Fault:
    """One thing wrong; ``line`` counts from the SQL's first line."""

    check: str
    line: int
    what: str


FUNCTIONS = (
    exp.Abs, exp.And, exp.Case, exp.Cast, exp.Coalesce, exp.Count, exp.DenseRank, exp.Exists, exp.FirstValue, exp.If,
    exp.Lag, exp.Lead, exp.Max, exp.Min, exp.Nullif, exp.Or, exp.Rank, exp.RowNumber, exp.Sum,
)  # fmt: skip
CASTS = {"INT", "BIGINT", "SMALLINT", "VARCHAR", "TEXT"}
# Node -> what to write instead.
REFUSED: dict[type[exp.Expr], str] = {
    exp.Div: "/ divides whole numbers differently on each engine: multiply the other side instead",
    exp.IntDiv: "// is not the same on each engine: multiply the other side instead",
    exp.Like: "LIKE differs in letter case between engines: use a value set or equality",
    exp.ILike: "ILIKE is not everywhere: use a value set or equality",
    exp.Glob: "GLOB is not everywhere: use a value set or equality",
    exp.RegexpLike: "regular expressions differ between engines: use a value set or equality",
    exp.Limit: "LIMIT over people means nothing: number rows with row_number()",
    exp.Offset: "OFFSET over people means nothing: number rows with row_number()",
    exp.Fetch: "FETCH over people means nothing: number rows with row_number()",
    exp.Qualify: "QUALIFY is not everywhere: filter row_number() in the next CTE",
    exp.Interval: "there are no date functions: join the calendar",
    exp.Boolean: "true and false are not values everywhere: write 1 and 0",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM is not everywhere: compare, and test for NULL",
    exp.NullSafeNEQ: "IS DISTINCT FROM is not everywhere: compare, and test for NULL",
    exp.Collate: "COLLATE is not the same on each engine",
    exp.Lateral: "LATERAL is not everywhere: use a CTE",
    exp.Pivot: "PIVOT is not everywhere: use sum(case when ...)",
    exp.Placeholder: "a rule has no parameters: read as_of",
    exp.Parameter: "a rule has no parameters: read as_of",
    exp.JSONExtract: "rules do not read JSON",
    exp.JSONExtractScalar: "rules do not read JSON",
    exp.Bracket: "lists are not everywhere",
    exp.Array: "lists are not everywhere",
    exp.BitwiseAnd: "bit operators are not the same on each engine",
    exp.BitwiseOr: "bit operators are not the same on each engine",
}
_PREDICATES = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Is, exp.Exists, exp.Between,
    exp.And, exp.Or, exp.Not,
)  # fmt: skip


def portable_faults(shape: Shape, lineage: Lineage) -> Iterator[Fault]:
    """Everything in a rule's SQL that would not mean the same everywhere."""
    tree = shape.tree
    for node in tree.walk():
        refused = REFUSED.get(type(node))
        if refused:
            yield Fault("portable", line_of(_spot(node)), refused)
        elif isinstance(node, exp.Func) and not isinstance(node, FUNCTIONS):
            name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
            yield Fault("functions", line_of(_spot(node)), f"{name.lower()} is not in the portable subset")
        elif isinstance(node, exp.Cast) and node.to.this.name not in CASTS:
            yield Fault("types", line_of(node), "cast to integer, bigint or varchar(n) only")
        elif isinstance(node, exp.Is) and not isinstance(node.expression, exp.Null):
            yield Fault("portable", line_of(node), "IS is for NULL only: use =")
        elif isinstance(node, exp.Join):
            yield from _join(node)
        elif isinstance(node, exp.Select):
            yield from _select(node)
    recursive = tree.args.get("with_")
    if recursive is not None and recursive.args.get("recursive"):
        yield Fault("portable", 1, "recursive CTEs cannot be bound: join the calendar instead")
    yield from _text_order(shape, lineage)
    yield from _windows(shape)


def _spot(node: exp.Expr) -> exp.Expr:
    """The node, or the nearest one around it that has a line."""
    while node.parent is not None and not any("line" in part.meta for part in node.walk()):
        node = node.parent
    return node


def _join(join: exp.Join) -> Iterator[Fault]:
    side, method = str(join.args.get("side") or ""), str(join.args.get("method") or "")
    if side.upper() in ("RIGHT", "FULL"):
        yield Fault("portable", line_of(join), f"{side} JOIN is not everywhere: turn it into LEFT JOIN")
    if method.upper() in ("NATURAL", "ASOF"):
        yield Fault("portable", line_of(join), f"{method} JOIN is not allowed: say ON what")


def _select(select: exp.Select) -> Iterator[Fault]:
    for part in select.expressions:
        value = part.this if isinstance(part, exp.Alias) else part
        if isinstance(value, exp.Star) or (isinstance(value, exp.Column) and isinstance(value.this, exp.Star)):
            yield Fault("star", line_of(select), "name the columns instead of *")
        bare = value.unnest() if isinstance(value, exp.Paren) else value
        if isinstance(bare, _PREDICATES):
            yield Fault(
                "portable", line_of(part), "a condition is no value everywhere: write case when ... then 1 else 0 end"
            )
    distinct = select.args.get("distinct")
    if distinct is not None and distinct.args.get("on"):
        yield Fault("portable", line_of(select), "DISTINCT ON is not everywhere: use row_number()")


def _text_order(shape: Shape, lineage: Lineage) -> Iterator[Fault]:
    what = "text sorts differently on each engine: order, compare and aggregate whole numbers"
    for node in shape.tree.walk():
        values: list[exp.Expr] = []
        if isinstance(node, (exp.Ordered, exp.Min, exp.Max)):
            values = [node.this]
        elif isinstance(node, (exp.LT, exp.LTE, exp.GT, exp.GTE)):
            values = [node.this, node.expression]
        elif isinstance(node, exp.Between):
            values = [node.this]
        if any(lineage.type_of(value) == "text" for value in values):
            yield Fault("text order", line_of(node), what)


def _windows(shape: Shape) -> Iterator[Fault]:
    """Every ORDER BY of a window says where NULLs go and ends in an id, so that ties fall the same everywhere."""
    for window in shape.tree.find_all(exp.Window):
        order = window.args.get("order")
        if order is not None:
            last = order.expressions[-1].this
            if not (isinstance(last, exp.Column) and is_id(last.name)):
                yield Fault(
                    "window order", line_of(window), "end a window's ORDER BY with an id, so that ties fall the same"
                )
    tokens = shape.tokens
    for begin, token in enumerate(tokens):
        if token.token_type is TokenType.ORDER_BY and (bad := _without_nulls(tokens, begin)):
            yield Fault("nulls order", bad, "say NULLS FIRST or NULLS LAST for each column of an ORDER BY")


def is_id(name: str) -> bool:
    """Whether a column is an identity, by its name: id, stay_id, id_a. An identity is never NULL."""
    return name == "id" or name.endswith("_id") or name.startswith("id_")


def _without_nulls(tokens: Sequence[Token], begin: int) -> int:
    """The line of the first ordered column that does not say where NULLs go; 0 when all do."""
    depth, says, line, name = 0, False, tokens[begin].line, ""
    for token in tokens[begin + 1 :]:
        kind, word = token.token_type, token.text.lower()
        if kind is TokenType.L_PAREN:
            depth += 1
        elif kind is TokenType.R_PAREN:
            if depth == 0:
                break
            depth -= 1
        elif depth == 0 and kind is TokenType.COMMA:
            if not says and not is_id(name):
                return line
            says, line, name = False, token.line, ""
        elif depth == 0 and word in ("rows", "range", "groups"):
            break
        elif depth == 0 and word == "nulls":
            says = True
        elif depth == 0 and word not in ("asc", "desc", "first", "last", "."):
            name = word
    return 0 if says or is_id(name) else line
