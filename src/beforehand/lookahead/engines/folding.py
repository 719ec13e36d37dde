"""The day itself in place of a join with ``as_of``, for engines that would carry it along with every row.

DuckDB joins a relation of one row as it joins any other: each fact is copied beside the day before it is looked at,
which costs as much as reading it. So the day is written where a rule says ``a.day``. Only where the alias means
``as_of`` throughout the text; anything else stays as it was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from beforehand.lookahead.engines.shape import Shape

AS_OF = "as_of"
_COLUMNS = ("day", "at")


@lru_cache(maxsize=2048)
def folded(shape: Shape, day: str, at: str) -> tuple[str, str, str]:
    """The whole text, its steps and its last SELECT, with the day in them."""
    values = {"day": f"cast({day} as bigint)", "at": f"cast({at} as bigint)"}
    edits = [(begin, end, values.get(what, "")) for begin, end, what in _edits(shape)]
    begin_last = len(shape.text) - len(shape.last_text)
    begin_steps = begin_last - len(shape.step_text)
    return (
        _edited(shape.text, 0, edits),
        _edited(shape.step_text, begin_steps, [one for one in edits if begin_steps <= one[0] < begin_last]),
        _edited(shape.last_text, begin_last, [one for one in edits if one[0] >= begin_last]),
    )


def _edited(text: str, offset: int, edits: list[tuple[int, int, str]]) -> str:
    parts, done = [], 0
    for begin, end, put in edits:
        parts += [text[done : begin - offset], put]
        done = end - offset
    return "".join((*parts, text[done:]))


@lru_cache(maxsize=1024)
def _edits(shape: Shape) -> tuple[tuple[int, int, str], ...]:
    """(begin, end, what) of each stretch to be replaced: by a column of ``as_of``, or by nothing."""
    aliases = _aliases(shape.tree)
    return tuple(_found(shape.tokens, aliases)) if aliases else ()


def _aliases(tree: exp.Query) -> frozenset[str]:
    """What ``as_of`` is called in this text; nothing when that is not told apart from everything else."""
    ours: set[str] = set()
    others = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        (ours if table.name == AS_OF else others).add(table.alias_or_name)
        join = table.parent
        if table.name == AS_OF and isinstance(join, exp.Join) and (join.side or join.args.get("on") is not None):
            return frozenset()
    others |= {one.alias for one in tree.find_all(exp.Subquery)}
    for column in tree.find_all(exp.Column):
        if (not column.table and column.name in (*_COLUMNS, "zone") and _reads_as_of(column)) or (
            column.table in ours and column.name not in _COLUMNS
        ):
            return frozenset()
    stars = any(_reads_as_of(star) for star in tree.find_all(exp.Star) if isinstance(star.parent, exp.Select))
    return frozenset() if ours & others or stars else frozenset(ours)


def _reads_as_of(part: exp.Expr) -> bool:
    select = part.find_ancestor(exp.Select)
    if not isinstance(select, exp.Select):
        return False
    first = select.args.get("from_")
    sources = [*([first.this] if first is not None else []), *(join.this for join in select.args.get("joins") or [])]
    return any(isinstance(source, exp.Table) and source.name == AS_OF for source in sources)


def _found(tokens: tuple[Token, ...], aliases: frozenset[str]) -> Iterator[tuple[int, int, str]]:
    place, count = 0, len(tokens)
    while place < count:
        token = tokens[place]
        if (
            token.token_type is TokenType.CROSS
            and place + 2 < count
            and tokens[place + 1].token_type is TokenType.JOIN
            and tokens[place + 2].text == AS_OF
        ):
            last = place + 2
            if last + 1 < count and tokens[last + 1].token_type is TokenType.ALIAS:
                last += 1
            if last + 1 < count and tokens[last + 1].text in aliases:
                last += 1
            yield token.start, tokens[last].end + 1, ""
            place = last + 1
        elif (
            token.text in aliases
            and place + 2 < count
            and tokens[place + 1].token_type is TokenType.DOT
            and tokens[place + 2].text in _COLUMNS
            and token.token_type is not TokenType.STRING
        ):
            yield token.start, tokens[place + 2].end + 1, tokens[place + 2].text
            place += 3
        else:
            place += 1
