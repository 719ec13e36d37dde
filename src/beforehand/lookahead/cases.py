"""Cases: invented patients and the findings expected of them (``<rule_id>.cases.yaml``).

See docs/how-to/write-a-rule.md for the format. All cases of a rule lie in one in-memory house; a mutated
rule is run over the same patients again without loading anything.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from beforehand.clinical import knowledge
from beforehand.clinical.calendar import FEDERAL, calendar_rows
from beforehand.clinical.times import WhenError, parse_when
from beforehand.clinical.valuesets import ValueSetText
from beforehand.lookahead.case_patients import CaseWriter
from beforehand.lookahead.engines.answers import Answer, answers
from beforehand.lookahead.engines.binding import bind, bind_step
from beforehand.lookahead.engines.memory import MemoryHouse, places_between
from beforehand.lookahead.engines.possible import put_together
from beforehand.lookahead.engines.relations import stored_below
from beforehand.lookahead.engines.rows import SQLITE
from beforehand.lookahead.engines.shape import Shape
from beforehand.lookahead.errors import AnswerError, RuleError
from beforehand.lookahead.rule import STATUSES, PlainLoader, Query

_CASE_KEYS = {"name", "as_of", "patients", "expect", "steps", "knowledge", "references", "holidays", "why"}
_DAYS = ("opens_on", "due_on", "lapses_on", "recheck_on")


@dataclass(frozen=True)
class Case:
    """One small story: a day, people with facts, and what the rule must say of each."""

    name: str
    rule_id: str
    as_of: date
    body: Mapping[str, Any]
    line: int


@dataclass(frozen=True)
class Casebook:
    """All cases of one rule or family."""

    path: Path
    cases: tuple[Case, ...]
    equivalent: tuple[tuple[str, str], ...]  # mutants that cannot mean anything else: (text, why)


@dataclass(frozen=True)
class CaseFailure:
    """A case whose rule said something else."""

    where: str
    line: int
    case: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}:{self.line}: case {self.case!r}: {self.what}"


def cases_path(query: Query) -> Path:
    """Where a query's cases lie."""
    return query.path.with_name(f"{query.id}.cases.yaml")


def read_cases(query: Query) -> Casebook:
    """The cases of a query; RuleError with the line when the file is missing or malformed."""
    path = cases_path(query)
    if not path.is_file():
        raise RuleError(path.name, 1, "a rule has a file of cases beside it; see docs/how-to/write-a-rule.md")
    text = path.read_text(encoding="utf-8")
    try:
        content = yaml.load(text, PlainLoader)  # noqa: S506  PlainLoader is a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise RuleError(
            path.name, mark.line + 1 if mark else 1, f"is not YAML: {getattr(error, 'problem', '')}"
        ) from error
    if not isinstance(content, dict) or "cases" not in content:
        raise RuleError(path.name, 1, "begins with cases:")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*- \{?\s*name:", line)]
    listed = content["cases"]
    by_rule = listed if query.family else {query.id: listed}
    if not isinstance(by_rule, dict) or any(not isinstance(cases, list) for cases in by_rule.values()):
        raise RuleError(path.name, 1, "cases: is a list; a family's is a mapping from rule id to a list")
    numbers = iter(lines)
    cases = tuple(
        _case(path, query, rule_id, body, next(numbers, 1)) for rule_id, bodies in by_rule.items() for body in bodies
    )
    equivalent = tuple((str(one["mutant"]), str(one["why"])) for one in content.get("equivalent") or ())
    return Casebook(path, cases, equivalent)


def _case(path: Path, query: Query, rule_id: str, body: Any, line: int) -> Case:
    if not isinstance(body, dict) or not body.get("name"):
        raise RuleError(path.name, line, "a case has a name, as_of, patients and expect")
    if unknown := set(body) - _CASE_KEYS:
        raise RuleError(path.name, line, f"a case has no {', '.join(sorted(unknown))}; keys are {sorted(_CASE_KEYS)}")
    if rule_id not in query.rules:
        raise RuleError(path.name, line, f"{rule_id} is not a rule of {query.id}")
    try:
        as_of = date.fromisoformat(str(body.get("as_of")))
    except ValueError:
        raise RuleError(path.name, line, f"case {body['name']!r}: as_of is a date YYYY-MM-DD") from None
    strangers = set(body.get("expect") or {}) - set(body.get("patients") or {})
    if strangers:
        raise RuleError(
            path.name, line, f"case {body['name']!r} expects of {sorted(strangers)}, who are not its patients"
        )
    return Case(str(body["name"]), rule_id, as_of, body, line)


@dataclass
class CaseGroup:
    """Cases that one run answers: the same day, the same knowledge."""

    as_of_day: int
    low: int
    high: int
    cases: list[Case]
    stored: dict[str, str] = field(default_factory=dict)


_HOUSE: list[MemoryHouse] = []


def memory_house() -> MemoryHouse:
    """The one in-memory house of this process, emptied."""
    if not _HOUSE:
        _HOUSE.append(MemoryHouse())
        # As the row engine has it; else SQLite indexes whole tables anew for one person's few rows.
        _HOUSE[0].connection.execute("pragma automatic_index = off")
    _HOUSE[0].empty()
    return _HOUSE[0]


class LoadedCases:
    """A query's cases, loaded and ready to be run over and over."""

    def __init__(
        self,
        query: Query,
        shape: Shape,
        book: Casebook,
        value_sets: Mapping[str, ValueSetText],
        *,
        shared: MemoryHouse | None = None,
        after: int = 0,
    ) -> None:
        """``shared`` is a house whose calendar is whole already; every number in it will be larger than ``after``."""
        self.query, self.shape, self.book = query, shape, book
        self.house = shared or memory_house()
        self.is_alone = shared is None
        self.writer = CaseWriter(book.path.name, value_sets, after)
        self.groups: list[CaseGroup] = []
        self._calendars: set[tuple[int, tuple[date, ...], int]] = set()
        self._load()
        self.vague = self.writer.vague()

    def _load(self) -> None:
        plain: dict[date, list[Case]] = {}
        for case in self.book.cases:
            if not case.body.get("knowledge") and not case.body.get("holidays"):
                plain.setdefault(case.as_of, []).append(case)
        batches = [*plain.values()]
        batches += [[case] for case in self.book.cases if case.body.get("knowledge") or case.body.get("holidays")]
        for number, cases in enumerate(batches):
            low = self.writer.last_patient + 1
            for case in cases:
                self.writer.add(case.name, case.line, case.body)
            day = (cases[0].as_of - date(1970, 1, 1)).days
            self.groups.append(CaseGroup(day, low, self.writer.last_patient, cases, self._own(number, cases[0])))
        for table, rows in self.writer.rows().items():
            self.house.insert(table, rows)
        if self.is_alone:
            days = [group.as_of_day for group in self.groups] + self.writer.days()
            self.house.set_calendar(min(days) - 400, max(days) + 1200, self.writer.births() | set(self.writer.days()))
        wanted = [name for name in stored_below(self.shape.tables) if name in knowledge.RELATIONS]
        self.house.load_knowledge(wanted, self.writer.concept_codings())

    def _own(self, number: int, case: Case) -> dict[str, str]:
        """Relations a case brings along instead of the shipped ones, stored under names of their own."""
        stored: dict[str, str] = {}
        for name, rows in (case.body.get("knowledge") or {}).items():
            if name not in knowledge.RELATIONS:
                raise RuleError(self.book.path.name, case.line, f"there is no knowledge relation {name}")
            columns = [one.name for one in knowledge.RELATIONS[name].columns]
            table = f"own_{self.writer.after + number}_{name}"
            self.house.connection.execute(f"drop table if exists {table}")
            self.house.connection.execute(f"create table {table} ({', '.join(columns)})")
            values = [[self._cell(column, row.get(column), case) for column in columns] for row in rows]
            marks = ", ".join("?" * len(columns))
            self.house.connection.executemany(f"insert into {table} values ({marks})", values)  # noqa: S608
            stored[name] = table
        for calendar_id, days in (case.body.get("holidays") or {}).items():
            off = [date.fromisoformat(str(day)) for day in days]
            near = {"first_year": case.as_of.year - 3, "last_year": case.as_of.year + 3}
            if int(calendar_id) == FEDERAL:
                raise RuleError(
                    self.book.path.name, case.line, "calendar 1 holds the federal holidays; use another number"
                )
            shown = (int(calendar_id), tuple(off), case.as_of.year)
            if shown not in self._calendars:  # a day that stood there twice would make every row of the rule two
                self._calendars.add(shown)
                self.house.insert("calendar", calendar_rows(self.writer.calendar_id(int(calendar_id)), off, **near))
        return stored

    def _cell(self, column: str, value: object, case: Case) -> object:
        return self.writer.concept(value, case.line) if column == "code" and value is not None else value

    def answers(self, query: Query, shape: Shape, group: CaseGroup, patience: int = 0) -> list[Answer]:
        """What the rule, or a mutant of it, says of one group's patients."""
        found = self.written(query, shape, group, patience)
        unsure = self.unsure(shape, group)
        sure = [answer for answer in found if answer.patient_id not in unsure]
        return sure + self._put_together(query, shape, group, unsure, found, patience)

    def unsure(self, shape: Shape, group: CaseGroup) -> dict[int, list[int]]:
        """The people of a group with days that are not known exactly where the rule looks; what to suppose of each."""
        resting = stored_below(shape.tables)
        return {
            number: supposed
            for number, vague in self.vague.items()
            if group.low <= number <= group.high and (supposed := vague.suppositions(resting, group.as_of_day))
        }

    def _put_together(
        self, query: Query, shape: Shape, group: CaseGroup, unsure: Mapping[int, Sequence[int]],
        found: Sequence[Answer], patience: int,
    ) -> list[Answer]:  # fmt: skip
        """What may honestly be said of those people, given what the text alone says.

        One person at a time, as over the rows: for many at once SQLite finds no good way through supposed days.
        """
        places = replace(SQLITE, stored=group.stored, supposition=":supposition")
        statement = bind(query, shape, places) if unsure else ""
        kept: list[Answer] = []
        for number, listed in unsure.items():
            by_supposition = []
            for one in listed:
                values = {**self._values(group), "pid": number, "supposition": one}
                rows = self.house.execute(statement, values, patience=patience)
                by_supposition.append(answers(query, shape.columns, rows, group.as_of_day))
            kept += put_together([answer for answer in found if answer.patient_id == number], by_supposition)
        return kept

    def written(self, query: Query, shape: Shape, group: CaseGroup, patience: int = 0) -> list[Answer]:
        """What its text alone says, without a thought for days that are not known exactly."""
        statement = bind(query, shape, places_between(group.stored))
        rows = self.house.execute(statement, self._values(group), patience=patience)
        return answers(query, shape.columns, rows, group.as_of_day, self.vague)

    @staticmethod
    def _values(group: CaseGroup) -> dict[str, int]:
        at = group.as_of_day * 86400 + 86399
        return {"day": group.as_of_day, "at": at, "low": group.low, "high": group.high}

    def failures(
        self, shape: Shape | None = None, *, query: Query | None = None, patience: int = 0
    ) -> Iterator[CaseFailure]:
        """Where the rule, or a mutant of it, says something else than expected."""
        shape, query = shape or self.shape, query or self.query
        waiting = []
        for group in self.groups:
            said, unsure = self.written(query, shape, group, patience), self.unsure(shape, group)
            yield from self._unexpected(group, [one for one in said if one.patient_id not in unsure], unsure, False)
            for case in group.cases:
                if shape is self.shape or case.body.get("steps"):
                    yield from self._step_failures(case, shape, group)
            waiting += [(group, unsure, said)] if unsure else []
        for group, unsure, said in waiting:  # dear, so asked last: most mutants fail before
            yield from self._unexpected(
                group, self._put_together(query, shape, group, unsure, said, patience), unsure, True
            )

    def _unexpected(
        self, group: CaseGroup, said: Iterable[Answer], unsure: Collection[int], is_unsure: bool
    ) -> Iterator[CaseFailure]:
        """What is not as expected of the people of a group who are unsure, or of those who are not."""
        by_patient: dict[int, list[Answer]] = {}
        for answer in said:
            by_patient.setdefault(answer.patient_id, []).append(answer)
        for case in group.cases:
            for name in case.body.get("patients") or {}:
                patient_id = self.writer.patient_id(case.name, name)
                if (patient_id in unsure) != is_unsure:
                    continue
                found = [one for one in by_patient.get(patient_id, ()) if one.rule_id == case.rule_id]
                expected = (case.body.get("expect") or {}).get(name) or []
                for what in self._differences(case, found, expected):
                    yield CaseFailure(self.book.path.name, case.line, case.name, f"{name}: {what}")

    def _differences(self, case: Case, found: Sequence[Answer], expected: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        by_subject = {answer.subject: answer for answer in found}
        for one in expected:
            subject = self.writer.with_labels(case.name, str(one.get("subject", "")))
            answer = by_subject.pop(subject, None)
            if answer is None:
                yield f"expected {one.get('status')} for {one.get('subject')}, found {self._shown(found) or 'nothing'}"
                continue
            for key, value in one.items():
                if key != "subject":
                    yield from self._difference(case, answer, key, value)
        for answer in by_subject.values():
            yield f"found {answer.status} for {answer.subject}, which is not expected"

    def _shown(self, found: Sequence[Answer]) -> str:
        return ", ".join(f"{answer.status} for {answer.subject}" for answer in found)

    def _difference(self, case: Case, answer: Answer, key: str, value: Any) -> Iterator[str]:
        got: Any
        if key == "evidence":
            got = {one.fact_id for one in answer.evidence}
            wanted: Any = {self.writer.label_id(case.name, str(label)) for label in value or ()}
            if got != wanted:
                names = {number: label for label, number in self.writer.labels(case.name).items()}
                shown = sorted(f"{names.get(one.fact_id, one.fact_id)} ({one.table})" for one in answer.evidence)
                yield f"evidence of {answer.subject} is {shown}, expected {value}"
            return
        if key in ("status", "missing"):
            got, wanted = getattr(answer, key) or None, value
        elif key == "blocks":
            got, wanted = answer.blocks or None, self.writer.with_labels(case.name, str(value)) if value else None
        elif key in _DAYS:
            got, wanted = getattr(answer, key), day_in(value)
        elif key in answer.say:
            named = self.writer.with_labels(case.name, value) if isinstance(value, str) else value
            got, wanted = answer.say[key], day_in(value) if key.endswith("_on") else named
        else:
            raise RuleError(self.book.path.name, case.line, f"case {case.name!r}: a finding has no {key}")
        if got != wanted and str(got) != str(wanted):
            yield f"{key} of {answer.subject} is {_shown_value(key, got)}, expected {value}"

    def _step_failures(self, case: Case, shape: Shape, group: CaseGroup) -> Iterator[CaseFailure]:
        for step, people in (case.body.get("steps") or {}).items():
            if step not in shape.steps:
                raise RuleError(self.book.path.name, case.line, f"case {case.name!r}: the rule has no step {step}")
            statement = bind_step(self.query, shape, places_between(group.stored), step)
            cursor = self.house.connection.execute(statement, self._values(group))
            names = [one[0] for one in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor]
            for name, expected in people.items():
                patient_id = self.writer.patient_id(case.name, name)
                mine = [row for row in rows if row.get("patient_id") == patient_id]
                wanted = [self._step_row(case, row) for row in expected or ()]
                if not _same_rows(mine, wanted):
                    what = f"step {step} of {name} gives {mine}, expected {wanted}"
                    yield CaseFailure(self.book.path.name, case.line, case.name, what)

    def _step_row(self, case: Case, row: Mapping[str, Any]) -> dict[str, Any]:
        labels = self.writer.labels(case.name)
        return {key: labels[value] if value in labels else day_in(value) for key, value in row.items()}


def _same_rows(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> bool:
    left = list(found)
    for row in wanted:
        match = next((one for one in left if all(one.get(key) == value for key, value in row.items())), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def day_in(value: Any) -> Any:
    """A day number for an ISO date in a case; anything else as it is."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return parse_when(value).from_day
        except WhenError:
            return value
    return value


def _shown_value(key: str, value: Any) -> str:
    if isinstance(value, int) and key.endswith("_on"):
        return date.fromordinal(value + date(1970, 1, 1).toordinal()).isoformat()
    return repr(value)


def failures_of(loaded: LoadedCases) -> list[CaseFailure]:
    """What fails of a rule's cases; and statuses, or rules of a family, that no case speaks of."""
    try:
        failures = list(loaded.failures())
    except AnswerError as error:
        return [CaseFailure(loaded.book.path.name, 1, "all", str(error))]
    except sqlite3.Error as error:
        return [CaseFailure(loaded.query.path.name, loaded.query.sql_line, "all", f"SQLite refuses it: {error}")]
    return failures + list(_unspoken(loaded.query, loaded.shape, loaded.book))


def _unspoken(query: Query, shape: Shape, book: Casebook) -> Iterator[CaseFailure]:
    """Statuses the rule can give that no case expects, and rules of a family without a case."""
    spoken = {
        str(one.get("status"))
        for case in book.cases
        for findings in (case.body.get("expect") or {}).values()
        for one in findings or ()
    }
    for status in STATUSES:
        if status.lower() in shape.words and status not in spoken:
            yield CaseFailure(book.path.name, 1, "all", f"the rule can say {status}, but no case expects it")
    for rule_id in query.rules:
        if not any(case.rule_id == rule_id for case in book.cases):
            yield CaseFailure(book.path.name, 1, "all", f"{rule_id} has no case")
