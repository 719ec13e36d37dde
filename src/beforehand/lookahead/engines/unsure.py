"""People with days that are not known exactly, asked about many at once: each supposition makes a person of its own.

What is supposed, and how answers are put together, is in possible.py; this is for engines that ask about everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from beforehand.lookahead.engines.answers import Answer, answers
from beforehand.lookahead.engines.binding import TURNS, Places, bind
from beforehand.lookahead.engines.possible import looks, put_together, suppositions
from beforehand.lookahead.engines.relations import stored_below
from beforehand.lookahead.engines.shape import Shape
from beforehand.lookahead.rule import Query

AT_ONCE = 2_000  # such people are asked about together
Range = tuple[int, int]


class Asked(Protocol):
    """What an engine must be able to do for it."""

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """The rows of a bound statement."""

    def show_suppositions(self, rows: Sequence[tuple[int, int, int]]) -> None:
        """Show these as the table supposition: s_patient, s_turn, s_day."""


def of_unsure(
    engine: Asked, query: Query, shape: Shape, as_of_day: int, places: Places, ranges: Mapping[int, Sequence[Range]]
) -> Iterator[list[Answer]]:
    """What may honestly be said of these people, some at a time, given the times that are not known to the day."""
    listed = sorted(ranges)
    for start in range(0, len(listed), AT_ONCE):
        part = listed[start : start + AT_ONCE]
        turns = _suppose(engine, shape, {number: ranges[number] for number in part}, as_of_day)
        written = _asked(engine, query, shape, as_of_day, replace(places, whose=_WHOSE), part)
        supposed = _asked(engine, query, shape, as_of_day, replace(places, supposition="s_day", spread="supposition"))
        for answers_of in supposed.values():
            for answer in answers_of:
                answer.patient_id //= TURNS
        yield [
            answer
            for number in part
            for answer in put_together(
                written.get(number, []), [supposed.get(number * TURNS + turn, []) for turn in range(turns[number])]
            )
        ]


_WHOSE = "{column} in (select s_patient from supposition)"


def _asked(
    engine: Asked, query: Query, shape: Shape, as_of_day: int, places: Places, vague: Sequence[int] = ()
) -> dict[int, list[Answer]]:
    rows = engine.rows(bind(query, shape, places))
    return by_patient(answers(query, shape.columns, rows, as_of_day, frozenset(vague)))


def _suppose(engine: Asked, shape: Shape, ranges: Mapping[int, Sequence[Range]], as_of_day: int) -> Mapping[int, int]:
    """Write down the suppositions about these people; how many of each."""
    days: dict[int, set[int]] = {}
    these = f"patient_id in ({', '.join(map(str, ranges))})"
    for number, day in engine.rows(
        f"select distinct patient_id, from_day from ({looks(True, these, tables=stored_below(shape.tables))}) d"  # noqa: S608
    ):
        if any(first - 1 <= day <= last + 1 for first, last in ranges[int(number)]):
            days.setdefault(int(number), set()).add(int(day))
    listed = {number: suppositions(found, days.get(number, ()), as_of_day) for number, found in ranges.items()}
    engine.show_suppositions([(who, turn, day) for who, found in listed.items() for turn, day in enumerate(found)])
    return {number: len(found) for number, found in listed.items()}


def by_patient(found: Iterable[Answer]) -> dict[int, list[Answer]]:
    """Answers by person."""
    grouped: dict[int, list[Answer]] = {}
    for answer in found:
        grouped.setdefault(answer.patient_id, []).append(answer)
    return grouped
