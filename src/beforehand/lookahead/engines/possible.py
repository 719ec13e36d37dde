"""Days that are not known exactly: a rule is asked as if each were, and what it then says is put together.

A clinical time known by its month or year is a range. A rule is written with days in mind, and a boundary may lie
inside the range. So for people with such a time in a table the rule rests on, the rule is run once as written, over
both ends, and then several times more under **suppositions**: every vague day taken as near as can be to one day,
such as the first or last it can be, one between, the day asked about, or a day on which something else happened to the
person; and some early while others are late. What all suppositions agree on is the answer. Where one makes it DUE and
another does not, the answer is UNKNOWN, and what is missing is the exact day.

Everybody else costs nothing: no vague day, no supposition.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.answers import VAGUE_DAYS, Answer, write_ranges
from beforehand.lookahead.rule import EXACT_DAY

# Times that may lie ahead: when something is to begin or end. Every other time says when something happened.
AHEAD = frozenset(
    {"start", "end", "due", "valid_from", "valid_until", "taken_from", "taken_until", "wanted", "expires"}
    | {"authorized_from", "authorized_until"}
)
# Statuses under which even such a time lies behind.
OVER = ("finished", "completed", "fulfilled", "noshow")
_BEGINS = frozenset({"start", "valid_from", "taken_from", "authorized_from"})

# A supposition is one whole number: a day to be near to, or one of the orders of several vague days.
EARLIEST, LATEST = -9_000_000, 9_000_000
_ORDER = 10_000_000
_ORDERS = (
    "{begin}",
    *(
        f"case when id % {2 * bit} < {bit} then {{{first}}} else {{{second}}} end"
        for bit in (1, 2, 4)
        for first, second in (("a", "z"), ("z", "a"))
    ),
)
ORDERS = tuple(range(_ORDER, _ORDER + len(_ORDERS)))
_DAYS = ("opens_on", "due_on", "lapses_on")
_WINDOWS = (7, 14, 30, 45, 60, 90, 183, 365)  # days back from the day asked about where the windows of rules often end
MOST = 60  # suppositions about one person, however many things happened in a vague year


@dataclass(frozen=True)
class Vague:
    """What is not known to the day of one person, as ranges, and beside it the days that are known; by table."""

    ranges: Mapping[str, Sequence[tuple[int, int]]]
    days: Mapping[str, Collection[int]]

    def suppositions(self, tables: Collection[str], as_of_day: int) -> list[int]:
        """The suppositions under which to ask a rule that rests on these tables."""
        ranges = [one for table, found in self.ranges.items() if table in tables for one in found]
        return suppositions(ranges, (day for table in tables for day in self.days.get(table, ())), as_of_day)


KNOWN = Vague({}, {})  # every day is known


def suppositions(ranges: Sequence[tuple[int, int]], days: Iterable[int], as_of_day: int) -> list[int]:
    """Which days to suppose, given the ranges of vague days and the exact days of other things; none for no range."""
    if not ranges:
        return []
    near = {day + step for day in {as_of_day, *days} for step in (-1, 0, 1)}
    near |= {as_of_day - days_ago + step for days_ago in _WINDOWS for step in (0, 1)}
    found = {day for first, last in ranges for day in near if first < day < last}
    beside = {first + (last - first) * part // 4 for first, last in ranges for part in (1, 2, 3) if last - first > 3}
    so_far = [as_of_day - first for first, last in ranges if first < as_of_day < last]  # what happened, did by then
    beside |= {as_of_day - days + days * part // 8 for days in so_far for part in range(1, 8) if days > 1}
    inside = _thinned(found, MOST)  # where something happened or a window ends comes before what only lies between
    inside = sorted({*inside, *_thinned(beside - found, MOST - len(inside))})
    return [EARLIEST, LATEST, *inside, *(ORDERS if len(ranges) > 1 else ())]


def _thinned(days: Collection[int], most: int) -> list[int]:
    """At most so many of these days, evenly chosen, the first and the last among them."""
    ordered = sorted(days)
    if len(ordered) <= most:
        return ordered
    return sorted({ordered[number * (len(ordered) - 1) // max(most - 1, 1)] for number in range(most)})


def times_of(table: str) -> tuple[str, ...]:
    """The clinical times of a fact table."""
    return tuple(
        one.name.removesuffix("_from_day") for one in FACTS[table].physical() if one.name.endswith("_from_day")
    )


def looks(
    is_exact: bool, whose: str = "", place: Callable[[str], str] = "fact_{}".format, tables: Collection[str] = FACTS
) -> str:
    """SQL: fact_table, patient_id, from_day and to_day of every time that is known to the day, or is not."""
    only = f"{whose} and " if whose else ""
    sign = "=" if is_exact else "<"
    return "\nunion all\n".join(
        f"select '{name}' as fact_table, patient_id, {time}_from_day as from_day, {time}_to_day as to_day"  # noqa: S608
        f" from {place(name)} where {only}{time}_from_day {sign} {time}_to_day"
        for name in sorted(tables)
        if name in FACTS
        for time in times_of(name)
    )


def supposed(table: str, column: str, day: str, supposition: str) -> str:
    """A column of a fact table as the supposition with that number has it; other columns stay as they are."""
    time = column.removesuffix("_from_day").removesuffix("_to_day")
    if time == column or time not in times_of(table):
        return column
    first, last = f"{time}_from_day", f"{time}_to_day"
    behind = f"case when {first} <= {day} and {last} > {day} then {day} else {last} end"
    if time in AHEAD:
        has_status = any(one.name == "status" for one in FACTS[table].physical())
        over = ", ".join(f"'{status}'" for status in OVER)
        end = f"case when status in ({over}) then {behind} else {last} end" if has_status else last
    else:
        end = behind
    begin = "{a}" if time in _BEGINS else "{z}"
    orders = " ".join(
        f"when {number} then {text.replace('{begin}', begin).format(a=first, z=f'({end})')}"
        for number, text in zip(ORDERS, _ORDERS, strict=True)
    )
    near = f"when {supposition} < {first} then {first} when {supposition} > ({end}) then ({end}) else {supposition}"
    day_supposed = f"case when {supposition} < {_ORDER} then case {near} end else case {supposition} {orders} end end"
    return f"case when {first} < {last} then {day_supposed} else {column} end as {column}"


def is_honest(said: str, possible: frozenset[str]) -> bool:
    """Whether a status (empty: nothing is said) may be given when these are what possible days give.

    UNKNOWN always may; so may what every possible day gives. Else, when no possible day makes it DUE, one of the
    possible answers may, unless that chooses between MET and EXCLUDED.
    """
    if said == "UNKNOWN" or possible == {said}:
        return True
    if "DUE" in possible or said == "DUE" or {"MET", "EXCLUDED"} <= possible:
        return False
    return said in possible


def put_together(written: Iterable[Answer], by_supposition: Sequence[Iterable[Answer]]) -> list[Answer]:
    """What may honestly be said, given the rule's answers as written and under each supposition."""
    base = {answer.key: answer for answer in written}
    suppositions = [{answer.key: answer for answer in found} for found in by_supposition]
    keys = list(dict.fromkeys([*base, *(key for found in suppositions for key in found)]))
    said = (_said(base.get(key), [found.get(key) for found in suppositions]) for key in keys)
    return [
        _with_ranges(answer, [one for found in suppositions if (one := found.get(answer.key)) is not None])
        for answer in said
        if answer is not None
    ]


def _with_ranges(said: Answer, given: Sequence[Answer]) -> Answer:
    """The answer, with the first and last day that each of its days can be, where they are not one day."""
    alike = [one for one in given if one.status == said.status] or list(given)
    ranges = {}
    for name in (*_DAYS, *said.say):
        found = {getattr(one, name) if name in _DAYS else one.say.get(name) for one in alike}
        days = [day for day in found if isinstance(day, int)]
        if len(days) > 1:
            ranges[name] = min(days), max(days)
    return replace(said, say={**said.say, VAGUE_DAYS: write_ranges(ranges)}) if ranges else said


def _said(written: Answer | None, supposed_answers: Sequence[Answer | None]) -> Answer | None:
    """What may honestly be said of one subject."""
    if written is not None and written.status == "UNKNOWN":
        return written
    given = [answer for answer in supposed_answers if answer is not None]
    possible = frozenset(answer.status if answer else "" for answer in supposed_answers)
    rechecks = [one.recheck_on for one in (written, *given) if one is not None and one.recheck_on is not None]
    recheck_on = min(rechecks, default=None)
    if is_honest(written.status if written else "", possible):
        return replace(written, recheck_on=recheck_on) if written else None
    if len(possible) == 1:
        return replace(given[0], recheck_on=recheck_on) if given else None
    due = [answer for answer in given if answer.status == "DUE"]
    like = written or (due or given)[0]
    lapses = [answer.lapses_on for answer in due or given]
    evidence = {one for answer in (written, *given) if answer is not None for one in answer.evidence}
    return replace(
        like,
        status="UNKNOWN",
        missing=EXACT_DAY,
        opens_on=min((answer.opens_on for answer in due if answer.opens_on is not None), default=like.opens_on),
        due_on=min((answer.due_on for answer in due if answer.due_on is not None), default=like.due_on),
        lapses_on=None if None in lapses else max(day for day in lapses if day is not None),
        recheck_on=recheck_on,
        evidence=tuple(sorted(evidence)),
    )
