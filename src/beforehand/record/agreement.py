"""When two sources say the same: which rows of one table stand as one line, and which of them leads it.

*Strictly the same*: equal in everything that is compared (``Table.same``, the states, and ``Table.differ``).
*The same, said with less*: nothing that is compared differs, but one source leaves a thing out that the other says
(a dose, an hour), puts the day a little apart (``knowledge/agreement_days.csv``: which tables, how far, and why),
writes the number in another unit, or writes it shorter. That is joined only where it can mean one thing: all that
could be meant agree with each other, and no source says two of them. A difference in what both say never joins, so
rows contradict each other or agree, never both.

A shorter number is the longer one rounded when it has three significant digits or more. Is that safe? A glucose of
104.6 and one of 105, of one day, may be two drops of blood. So where both sources give the hour it must be the same
minute (by the clock or in UTC: senders that write local time with a wrong offset are common), a source's own two
numbers are never taken for one, and with two candidates none is taken. What is left is a pair of numbers within half
of the last digit shown, of one day, from sources of which one gives no hour; hiding one behind the other changes no
decision that rests on the number, and both stay on record. Two digits are not enough ("13" for 12.7), except by
another kind of unit at the same minute: 5.5 mmol/L is 99 mg/dL.

The result does not depend on the order of the rows or of their arrival, but for which of equal rows is paired.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from beforehand.clinical.columns import Column, Kind, Table
from beforehand.clinical.drugs import read_table
from beforehand.clinical.strengths import Strength
from beforehand.clinical.units import Analyte, Unit, in_moles, unit_of

Row = Mapping[str, Any]
# Statuses that mean one thing to a reader; a status not named here agrees only with itself.
ALIKE = {
    "amended": "final", "corrected": "final",
    "recurrence": "active", "relapse": "active",
    "remission": "inactive", "resolved": "inactive",
    "confirmed": "", None: "",
}  # fmt: skip
SAY_NOTHING = ("", "unable-to-assess")  # keys that leave open what they are there to say
STATUSES = ("status", "clinical_status", "verification")
FEWEST_DIGITS = 3  # fewer could be another measurement of the day that is merely near
FEWEST_CONVERTED = 2  # of a number in another kind of unit, at the same minute


@dataclass(frozen=True)
class Meanings:
    """What the coded meanings of some rows have in common."""

    classes: Mapping[int, int] = field(default_factory=dict)  # concept -> the lowest concept that means the same
    strengths: Mapping[int, Strength] = field(default_factory=dict)  # medicine -> strength its name states
    analytes: Mapping[int, Analyte] = field(default_factory=dict)  # result -> what is measured

    def of(self, concept: int | None) -> int | None:
        """The concept that stands for all that mean the same."""
        return None if concept is None else self.classes.get(concept, concept)


class Moment(NamedTuple):
    """A clinical time as sources state it."""

    first: int | None
    last: int | None
    clock: int | None  # the minute on the clock of whoever wrote it; empty where no time of day was given
    minute: int | None  # the same, in UTC


class Amount(NamedTuple):
    """A number with its unit, by what both mean."""

    number: Fraction  # in base units, by amount of substance where the analyte's factor is stated
    dimension: Any
    factor: Fraction  # how many base units one unit of ``written`` is
    written: Decimal | None
    kind: Any  # the dimension as written: differs where the number was converted to another kind of unit


@dataclass(frozen=True)
class Tolerance:
    """How far apart sources may put one thing in time."""

    days: int = 0
    unstated_agrees: bool = False
    hour_counts: bool = False
    differs_from: int | None = None  # days apart from which two of one thing contradict each other, and up to which
    differs_to: int | None = None

    def is_one(self, one: Moment, other: Moment) -> bool:
        """Whether two times can be one."""
        if one.first is None or other.first is None:
            return self.unstated_agrees or one.first == other.first
        if (one.first, one.last) == (other.first, other.last):
            return one.minute is None or other.minute is None or one.clock == other.clock or one.minute == other.minute
        if not self.days or one.last is None or other.last is None:
            return False
        if one.first == one.last and other.first == other.last:
            return abs(one.first - other.first) <= self.days
        return one.first <= other.last and other.first <= one.last  # a month or a year that holds the day

    def differs(self, one: int | None, other: int | None) -> bool:
        """Whether two days are so far apart that one of them must be wrong."""
        if one is None or other is None or self.differs_from is None:
            return False
        return self.differs_from <= abs(one - other) <= (self.differs_to or abs(one - other))


@cache
def tolerances() -> dict[str, Tolerance]:
    """Fact table -> how many days apart two sources may put one thing."""
    return {
        row["table"]: Tolerance(
            int(row["days"]),
            row["unstated_agrees"] == "1",
            row["hour_counts"] == "1",
            int(row["differs_from"]) if row["differs_from"] else None,
            int(row["differs_to"]) if row["differs_to"] else None,
        )
        for row in read_table("agreement_days.csv")
    }


def amount_of(row: Row, name: str, analyte: Analyte | None = None) -> Amount | None:
    """A quantity column of a row; nothing where no number was sent."""
    micro = row.get(f"{name}_micro")
    if micro is None:
        return None
    written: Decimal | None
    try:
        written = Decimal(row.get(f"{name}_text") or "")
    except InvalidOperation:
        written = None
    sent: Unit = unit_of(row.get(f"{name}_unit"))
    unit = in_moles(sent, analyte)
    exact = Fraction(written) if written is not None and written.is_finite() else Fraction(micro, 1_000_000)
    return Amount(exact * unit.factor, unit.dimension, unit.factor, written, sent.dimension)


def tolerance_of(table: str) -> Tolerance:
    """How far apart in time; days must be equal where no table says otherwise."""
    return tolerances().get(table, Tolerance())


def moment_of(row: Row, name: str) -> Moment:
    """A time column of a row; with its minute where a time of day was given."""
    at = row.get(f"{name}_at")
    if at is None or row.get(f"{name}_precision") not in ("minute", "second"):
        return Moment(row[f"{name}_from_day"], row[f"{name}_to_day"], None, None)
    clock = (at + offset_of(row.get(f"{name}_zone") or "Z", at)) // 60
    return Moment(row[f"{name}_from_day"], row[f"{name}_to_day"], clock, at // 60)


def offset_of(zone: str, at: int) -> int:
    """Seconds by which a zone or offset as stored is ahead of UTC at that moment."""
    found = re.fullmatch(r"([+-])(\d\d):(\d\d)", zone)
    if found:
        return (int(found[2]) * 3600 + int(found[3]) * 60) * (1 if found[1] == "+" else -1)
    try:
        ahead = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    except (KeyError, ValueError, OSError, OverflowError):
        return 0
    return int(ahead.total_seconds()) if ahead else 0


class Said(NamedTuple):
    """What a row says, as far as it is compared: what must be equal, and what may be left out by one."""

    must: tuple[Any, ...]
    time: Moment | None
    value: Amount | None
    may: tuple[Any, ...]


def said_by(table: Table, row: Row, meanings: Meanings) -> Said | None:
    """What one row says; None where it says too little to be known again."""
    must: list[Any] = [row["sensitivity"] or ""]
    time: Moment | None = None
    value: Amount | None = None
    says_something = False
    for place, name in enumerate(table.same):
        column = table.column(name)
        if column.kind is Kind.WHEN and name == table.by[1]:
            time = moment_of(row, name)
            if not tolerance_of(table.name).hour_counts:
                time = time._replace(clock=None, minute=None)
            given = time.first is not None
        elif column.kind is Kind.QUANTITY:
            value = amount_of(row, name, meanings.analytes.get(row.get("code") or 0))
            given = value is not None
            if "value_code" in row:
                must += [meanings.of(row["value_code"]), row["value_words"], row.get("comparator")]
            must.append(value is None)
        else:
            part = _plain(column, row, meanings)
            given = part is not None
            if not given and (name == table.by[0] or place == 0):
                return None
            must.append(part)
        says_something |= given
    for status in STATUSES:
        if status in row:
            must.append(ALIKE.get(row[status], row[status]) if row[status] or status == "verification" else None)
    if "do_not_perform" in row:
        must.append(row["do_not_perform"] or 0)
    may = [_plain(table.column(name), row, meanings) for name in table.differ]
    if meanings.strengths and row.get("code") is not None:
        may.append(meanings.strengths.get(row["code"]) or None)
    return Said(tuple(must), time, value, tuple(may)) if says_something else None


def _plain(column: Column, row: Row, meanings: Meanings) -> Any:
    """One column's value, by what it means."""
    name = column.name
    if column.kind is Kind.WHEN:
        first = row.get(f"{name}_from_day")
        return None if first is None else (first, row[f"{name}_to_day"])
    if column.kind is Kind.QUANTITY:
        amount = amount_of(row, name)
        return None if amount is None else (amount.dimension, amount.number)
    if column.kind is Kind.CONCEPT:
        return meanings.of(row.get(name))
    if column.kind is Kind.TEXT:
        return " ".join((row.get(name) or "").casefold().split()) or None
    return None if row.get(name) in SAY_NOTHING else row.get(name)


# Whether two that are not strictly the same can be.


def is_compatible(table: str, one: Said, other: Said) -> bool:
    """Whether nothing that both say differs."""
    return (
        (one.time is None or other.time is None or tolerance_of(table).is_one(one.time, other.time))
        and _same_value(one, other)  # of times found to be the same
        and all(a is None or b is None or a == b for a, b in zip(one.may, other.may, strict=True))
    )


def _same_value(one: Said, other: Said) -> bool:
    a, b = one.value, other.value
    if a is None or b is None:
        return a is None and b is None
    same_minute = all(said.time is not None and said.time.minute is not None for said in (one, other))
    return is_same_number(a, b, same_minute)


def is_same_number(one: Amount, other: Amount, same_minute: bool) -> bool:
    """Whether two numbers are one, perhaps in another unit or rounded; of times found to be the same."""
    if one.dimension != other.dimension:
        return False
    if one.number == other.number:
        return True
    fewest = FEWEST_CONVERTED if one.kind != other.kind and same_minute else FEWEST_DIGITS
    return is_rounding(one, other, fewest) or is_rounding(other, one, fewest)


def is_rounding(short: Amount, long: Amount, fewest: int) -> bool:
    """Whether one number is the other, rounded to fewer digits (half to even or half up), in its own unit."""
    if short.written is None or long.written is None:
        return False
    places, exact = short.written.as_tuple().exponent, long.written.as_tuple().exponent
    if not isinstance(places, int) or not isinstance(exact, int):
        return False
    if short.factor == long.factor and exact >= places:
        return False
    if max(len(short.written.normalize().as_tuple().digits), len(short.written.as_tuple().digits)) < fewest:
        return False
    step = Fraction(10) ** places
    return abs(long.number / short.factor - Fraction(short.written)) * 2 <= step


# Lines.


Line = list[Row]  # rows of several sources, at most one of each


def leading_rows(table: Table, rows: Iterable[Row], meanings: Meanings) -> dict[int, int]:
    """For each row the row that leads its line: the n-th a source says of something agrees with the n-th of another's.

    The row that states most leads, so that nothing one source says is hidden behind another's silence.
    """
    leading: dict[int, int] = {}
    buckets: dict[tuple[Any, ...], dict[Said, list[tuple[Said, Row]]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(rows, key=lambda row: row["id"]):
        leading[row["id"]] = row["id"]
        said = said_by(table, row, meanings)
        if said is not None:
            buckets[_bucket(table.name, said)][_strictly(said)].append((said, row))
    for bucket in buckets.values():
        alike = [
            (_most_exact(said for said, _ in found), _paired(row for _, row in found)) for found in bucket.values()
        ]
        for line in _joined(table.name, alike):
            chief = min(line, key=lambda row: (-_states(table, row), row["id"]))["id"]
            leading.update((row["id"], chief) for row in line)
    return leading


def _bucket(table: str, said: Said) -> tuple[Any, ...]:
    """What two rows must share before they are compared at all."""
    tolerance = tolerance_of(table)
    if said.time is None or tolerance.days or tolerance.unstated_agrees:
        return said.must
    return (*said.must, said.time.first, said.time.last)


def _strictly(said: Said) -> Said:
    """The same for rows that say strictly the same: how a number was written is no part of it."""
    value, time = said.value, said.time
    return said._replace(
        value=None if value is None else value._replace(factor=Fraction(1), written=None, kind=None),
        time=None if time is None else time._replace(minute=None),
    )


def _most_exact(alike: Iterable[Said]) -> Said:
    """Of rows that say strictly the same, what was written with most digits: the least can be taken for rounded."""

    def places(said: Said) -> tuple[int, Fraction]:
        if said.value is None or said.value.written is None:
            return (0, Fraction(0))
        exponent = said.value.written.as_tuple().exponent
        return (exponent if isinstance(exponent, int) else 0, said.value.factor)

    return min(alike, key=places)


def _states(table: Table, row: Row) -> int:
    """How much of what is compared a row states."""
    names = [next(table.column(name).physical()).name for name in (*table.same, *table.differ)]
    return sum(row.get(name) is not None for name in names)


def _paired(rows: Iterable[Row]) -> list[Line]:
    """Rows that say strictly the same as lines: the n-th of each source together."""
    by_source: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_source[row["source_id"]].append(row)
    longest = max(map(len, by_source.values()))
    return [[each[place] for each in by_source.values() if place < len(each)] for place in range(longest)]


def _joined(table: str, alike: Sequence[tuple[Said, list[Line]]]) -> Iterator[Line]:
    """The lines of a bucket, with those joined that can only mean one thing."""
    for members in _neighbourhoods(table, [said for said, _ in alike]):
        of_each = [alike[member][1] for member in members]
        if len(members) > 1 and _means_one(table, [alike[member] for member in members]):
            for place in range(max(map(len, of_each))):
                yield [row for lines in of_each if place < len(lines) for row in lines[place]]
        else:
            for lines in of_each:
                yield from lines


def _means_one(table: str, alike: Sequence[tuple[Said, list[Line]]]) -> bool:
    """Whether all of these agree with each other and no source says two of them."""
    sources: set[int] = set()
    for _, lines in alike:
        mine = {row["source_id"] for line in lines for row in line}
        if mine & sources:
            return False
        sources |= mine
    return all(
        is_compatible(table, one, other) for place, (one, _) in enumerate(alike) for other, _ in alike[place + 1 :]
    )


def _neighbourhoods(table: str, said: Sequence[Said]) -> list[list[int]]:
    """Which of these could mean the same, directly or by way of others."""
    rest, found = list(range(len(said))), []
    while rest:
        group, edge = [rest[0]], [rest.pop(0)]
        while edge:
            near = [other for other in rest if is_compatible(table, said[edge[0]], said[other])]
            rest = [other for other in rest if other not in near]
            group, edge = group + near, edge[1:] + near
        found.append(group)
    return found
