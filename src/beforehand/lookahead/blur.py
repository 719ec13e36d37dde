"""Are rules honest about days they do not know? One exact day of a case after the other is blurred to its month.

For every invented person of a rule's cases and every exact clinical day in that person's record, the day is replaced
by its month. The rule is asked again, and asked once more for days that this month holds: what it says with the day
exact is what is possible. An answer about a subject is **honest** when

- it is UNKNOWN (which names what is missing), or
- every possible day gives that very answer, or
- no possible day makes it DUE, the answer is one of the possible ones, and it does not choose between MET and EXCLUDED.

So the rule may never say DUE, MET or EXCLUDED, nor say nothing, when some day of the month makes it DUE and another
does not; being quiet about what is done on one day and no concern on another is honest. What can only have happened by
the day asked about (a fill, a result, an order) is possible up to that day. A subject that has the day in its name is
compared by what is left of it; a day that another fact of the person has as well is left in the name.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from beforehand.clinical.columns import Kind
from beforehand.clinical.tables import FACTS
from beforehand.clinical.times import day_of
from beforehand.lookahead.cases import Case, Casebook, LoadedCases, read_cases
from beforehand.lookahead.engines.answers import Answer
from beforehand.lookahead.engines.possible import AHEAD, OVER, is_honest
from beforehand.lookahead.library import CheckedQuery, Library

_GRAVEST = ("DUE", "UNKNOWN", "EXCLUDED", "MET")
_EXACT = re.compile(r"(\d{4}-\d\d-\d\d)(T.*)?\Z")
_NUMBER = re.compile(r"(?<![\w.])\d+(?!\w)|\d{4}-\d\d-\d\d")
AT_ONCE = 120  # invented people loaded together


@dataclass(frozen=True)
class Blur:
    """One exact day of one invented person, to be blurred."""

    case: Case
    patient: str
    table: str
    row: int
    column: str
    day: date
    time: str  # what follows the day, as written

    def possible_days(self) -> list[date]:
        """The days of that month to try: its ends, the day itself and its neighbours, those about the day asked about,
        and one in each week."""
        first, last = self.day.replace(day=1), self.day.replace(day=monthrange(self.day.year, self.day.month)[1])
        today = self.case.as_of
        if self.day <= today < last and self.is_over():
            last = today
        near = [centre + timedelta(days=step) for centre in (self.day, today) for step in (-1, 0, 1)]
        weekly = [first + timedelta(days=step) for step in (7, 14, 21)]
        return sorted({day for day in (first, last, *near, *weekly) if first <= day <= last})

    def days_of_others(self) -> frozenset[date]:
        """The exact days of everything else about this person: a subject that names one of them is not about this."""
        found = set()
        for table, rows in self.case.body["patients"][self.patient].items():
            times = _times_of(table)
            for number, row in enumerate((rows or ()) if times else ()):
                for column, value in row.items():
                    if column in times and (table, number, column) != (self.table, self.row, self.column):
                        found |= {date.fromisoformat(one.group(1)) for one in (_EXACT.match(str(value)),) if one}
        return frozenset(found)

    def is_over(self) -> bool:
        """Whether it tells of something that happened, and so not after the day asked about."""
        stated = self.case.body["patients"][self.patient][self.table][self.row]
        return self.column not in AHEAD or stated.get("status") in OVER

    def body(self, value: str) -> dict[str, Any]:
        """The case with nobody but this person, and the day written so; every fact has a label."""
        whole = self.case.body
        mine: dict[str, Any] = {}
        for table, rows in whole["patients"][self.patient].items():
            if table == "patient":
                mine[table] = rows
                continue
            mine[table] = [
                {"id": f"unlabelled_{table}_{number}", **row} if isinstance(row, Mapping) else row
                for number, row in enumerate(rows or ())
            ]
        mine[self.table][self.row] = {**mine[self.table][self.row], self.column: value}
        kept = {key: whole[key] for key in ("references", "holidays", "knowledge") if key in whole}
        return {**kept, "patients": {self.patient: mine}}

    @property
    def what(self) -> str:
        """The place of the day, in words."""
        return (
            f"{self.case.name!r}, {self.patient}: {self.table}.{self.column} ({self.day:%Y-%m-%d}, row {self.row + 1})"
        )


@dataclass(frozen=True)
class Dishonesty:
    """An answer that claims to know what it cannot."""

    rule_id: str
    blur: Blur
    subject: str
    said: str
    possible: tuple[tuple[date, str], ...]

    def __str__(self) -> str:
        days: dict[str, date] = {}
        for day, status in self.possible:
            days.setdefault(status, day)
        shown = ", ".join(f"{status or 'silent'} if {day}" for status, day in days.items())
        return (
            f"{self.rule_id}: case {self.blur.what}: with the month alone it is {self.said or 'silent'} about"
            f" {self.subject}, but {shown}"
        )


def blurs_of(book: Casebook) -> Iterator[Blur]:
    """Every exact clinical day in the facts of a rule's cases."""
    for case in book.cases:
        for patient, tables in (case.body.get("patients") or {}).items():
            for table, rows in (tables or {}).items():
                times = _times_of(table)
                for number, row in enumerate((rows or ()) if times else ()):
                    for column, value in row.items():
                        if column in times and (found := _EXACT.match(str(value))):
                            day = date.fromisoformat(found.group(1))
                            blur = Blur(case, patient, table, number, column, day, found.group(2) or "")
                            if day <= case.as_of or not blur.is_over():  # else it has not happened yet
                                yield blur


def _times_of(table: str) -> frozenset[str]:
    """The clinical times of a fact table; none for what is no fact."""
    columns = FACTS[table].all_columns() if table in FACTS else ()
    return frozenset(column.name for column in columns if column.kind is Kind.WHEN)


def chosen(checked: CheckedQuery, book: Casebook, share: int) -> list[Blur]:
    """Every ``share``-th blur; where the counting begins turns with the rule's text, so that it differs by rule."""
    listed = list(blurs_of(book))
    first = int(sha256(checked.query.text_digest.encode()).hexdigest(), 16) % share
    return listed[first::share] or listed[:1]


def dishonesties(
    checked: CheckedQuery, library: Library, *, share: int = 1, as_written: bool = False
) -> Iterator[Dishonesty]:
    """What a rule wrongly claims to know when one day of its cases is blurred; ``share`` tries every so-manieth day.

    ``as_written`` judges its text alone, without the supposed days that the engines try: see engines/possible.py.
    """
    book = read_cases(checked.query)
    waiting: list[Blur] = []
    people = 0
    for blur in chosen(checked, book, share):
        waiting.append(blur)
        people += 1 + len(blur.possible_days())
        if people >= AT_ONCE:
            yield from _judged(checked, library, book, waiting, as_written)
            waiting, people = [], 0
    if waiting:
        yield from _judged(checked, library, book, waiting, as_written)


def _judged(
    checked: CheckedQuery, library: Library, book: Casebook, blurs: Sequence[Blur], as_written: bool
) -> Iterator[Dishonesty]:
    """Ask the rule about all these blurs in one house, and judge each."""
    cases: list[Case] = []
    others = [blur.days_of_others() for blur in blurs]
    for number, blur in enumerate(blurs):
        values = [f"{blur.day:%Y-%m}", *(f"{day.isoformat()}{blur.time}" for day in blur.possible_days())]
        for value in values:
            name = f"{number} {value[:10]}"
            cases.append(Case(name, blur.case.rule_id, blur.case.as_of, blur.body(value), blur.case.line))
    loaded = LoadedCases(checked.query, checked.shape, Casebook(book.path, tuple(cases), ()), library.value_sets)
    said = _said(loaded, as_written, others)
    for number, blur in enumerate(blurs):
        month = said[f"{number} {blur.day:%Y-%m}"]
        by_day = {day: said[f"{number} {day.isoformat()}"] for day in blur.possible_days()}
        subjects = sorted(set(month).union(*by_day.values()))
        for subject in subjects:
            possible = tuple(
                (day, found.get(subject, ""))
                for day, found in by_day.items()
                if "{day}" not in subject or day not in others[number]  # that day has the name of another subject
            )
            status = month.get(subject, "")
            if not is_honest(status, frozenset(one for _, one in possible)):
                yield Dishonesty(blur.case.rule_id, blur, subject, status, possible)


def _said(loaded: LoadedCases, as_written: bool, others: Sequence[frozenset[date]]) -> dict[str, dict[str, str]]:
    """By case and subject: the status, the gravest where several subjects become one without their day."""
    found: dict[str, dict[str, str]] = {}
    ask = loaded.written if as_written else loaded.answers
    for group in loaded.groups:
        by_patient: dict[int, list[Answer]] = {}
        for answer in ask(loaded.query, loaded.shape, group):
            by_patient.setdefault(answer.patient_id, []).append(answer)
        for case in group.cases:
            mine = found.setdefault(case.name, {})
            number, value = case.name.split(" ")
            days = _days_named(value, others[int(number)])
            (patient,) = case.body["patients"]
            names = {str(number): label for label, number in loaded.writer.labels(case.name).items()}
            for answer in by_patient.get(loaded.writer.patient_id(case.name, patient), ()):
                if answer.rule_id != case.rule_id:
                    continue
                subject = _NUMBER.sub(lambda part: _plain(part.group(), names, days), answer.subject)  # noqa: B023
                both = {answer.status, mine.get(subject, answer.status)}
                mine[subject] = next(status for status in _GRAVEST if status in both)
    return found


def _plain(number: str, names: Mapping[str, str], days: frozenset[str]) -> str:
    return f"{{{names[number]}}}" if number in names else "{day}" if number in days else number


def _days_named(value: str, others: frozenset[date]) -> frozenset[str]:
    """How a subject may name a day, or those of a month, that are not also others' days: as a number or as a date."""
    if len(value) == len("2026-03"):
        first = date.fromisoformat(f"{value}-01")
        listed = [first + timedelta(days=step) for step in range(monthrange(first.year, first.month)[1])]
    else:
        listed = [date.fromisoformat(value)]
    return frozenset(text for day in listed if day not in others for text in (str(day_of(day)), day.isoformat()))
