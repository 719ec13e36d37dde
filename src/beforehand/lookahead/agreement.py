"""Do the engines agree? The same rule over the same invented patients, on SQLite and on DuckDB, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from beforehand.lookahead.cases import LoadedCases
from beforehand.lookahead.engines.answers import Answer, answers
from beforehand.lookahead.engines.binding import Places, bind
from beforehand.lookahead.engines.duckdb import ERRORS, HOUSE, DuckEngine
from beforehand.lookahead.engines.memory import stored_tables
from beforehand.lookahead.engines.relations import Sort, relations, stored_below
from beforehand.lookahead.engines.rows import last_second
from beforehand.lookahead.errors import AnswerError


def disagreements(loaded: LoadedCases) -> Iterator[str]:
    """Where DuckDB says something else of a rule's cases than SQLite, in words without values."""
    query, shape = loaded.query, loaded.shape
    with TemporaryDirectory(prefix="beforehand-cases-") as folder, DuckEngine(threads=1) as duck:
        file = Path(folder) / "cases.db"
        file.write_bytes(loaded.house.connection.serialize())
        duck.attach("sqlite", str(file))
        for table in _tables(loaded):
            duck.connection.execute(f"create table {table} as select * from {HOUSE}.{table}")  # noqa: S608
        for group in loaded.groups:
            day = group.as_of_day
            whose = f"{{column}} between {group.low} and {group.high}"
            text = bind(
                query,
                shape,
                Places(str(day), str(last_second(day)), whose, "main.patient", group.stored, folds_day=True),
            )
            expected = loaded.written(query, shape, group)
            try:
                found = answers(query, shape.columns, duck.rows(text), day, loaded.vague)
            except (*ERRORS, AnswerError) as error:
                yield f"{query.id}: DuckDB refuses it: {str(error).splitlines()[0]}"
                return
            yield from differences(query.id, expected, found)


def differences(rule: str, left: list[Answer], right: list[Answer]) -> Iterator[str]:
    """Findings that only one engine gives, or that differ."""
    ours = {answer.key: answer for answer in left}
    theirs = {answer.key: answer for answer in right}
    for key in sorted(ours.keys() | theirs.keys()):
        if key not in theirs or key not in ours:
            yield f"{rule}: only {'the first' if key in ours else 'the second'} engine finds {key[2]}"
        elif ours[key] != theirs[key]:
            yield f"{rule}: the engines differ on {key[2]}"


def _tables(loaded: LoadedCases) -> list[str]:
    """The stored tables a rule rests on, under their stored names."""
    known = relations()
    stored = stored_tables()
    names = []
    for name in sorted(stored_below(loaded.shape.tables)):
        if name in known and known[name].sort not in (Sort.AS_OF, Sort.FAMILY):
            names += [table for table in (name, f"fact_{name}", f"k_{name}") if table in stored]
    return names + [table for group in loaded.groups for table in group.stored.values()]
