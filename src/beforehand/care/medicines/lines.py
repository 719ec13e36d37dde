"""A list as it stands: one line a medicine, allergy or problem, with every fact that speaks of it.

Of a medicine, *last filled*, *last prescribed* and *last said by the patient* are three different facts, and what a
clinic merely has on its list is a fourth. None stands for another, and none wins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from beforehand.clinical.fact_words import quantity, when
from beforehand.record.access import OnePatient, Principal, for_principal
from beforehand.record.medicine_list import Group, groups_of, medicine_groups
from beforehand.record.models import PersonRecord, Source
from beforehand.record.store.alike import displays_of

Row = dict[str, Any]

MEDICINES, ALLERGIES, PROBLEMS = "medicines", "allergies", "problems"
KINDS = (MEDICINES, ALLERGIES, PROBLEMS)
TABLE_OF = {ALLERGIES: "allergy", PROBLEMS: "condition"}

FILLED, PRESCRIBED, SAID, LISTED = "filled", "prescribed", "said", "listed"
ORDERED = ("active", "on-hold")
TAKEN = ("active", "intended", "on-hold")
STILL_ILL = ("active", "recurrence", "relapse", None, "")
LASTS_WITHOUT_DAYS = 180  # a fill that does not say for how many days it is, counts for half a year
_FIRM = ("proposal", "option")


@dataclass(frozen=True)
class Fact:
    """One fact about a line: what it says in words, when, and who said so."""

    table: str
    fact_id: int
    day: int | None  # the day it is ordered by
    day_words: str
    words: str  # what it says besides the name: how to take it, how much was handed out
    state: str  # in words; empty where it is as usual
    source_id: int
    source: str
    is_said: bool  # a person's word, not a system's record
    code: int | None
    status: str
    until: int | None = None  # the last day it speaks of
    item_id: int = 0  # what arrived later has a higher one

    @property
    def key(self) -> tuple[str, int]:
        """As a reference to it."""
        return self.table, self.fact_id


@dataclass
class Line:
    """One medicine, allergy or problem."""

    key: str
    name: str
    stands: bool  # some source has it as current
    facts: dict[str, list[Fact]] = field(default_factory=dict)  # what sort of fact -> newest first
    labels: frozenset[str] = frozenset()
    seen: str = ""  # a digest of everything behind it
    runs_out: int | None = None
    code: int | None = None
    is_none_known: bool = False

    def last(self, sort: str) -> Fact | None:
        """The newest fact of a sort."""
        found = self.facts.get(sort)
        return found[0] if found else None

    @property
    def every(self) -> list[Fact]:
        """All facts behind the line, each once."""
        return list({fact.key: fact for facts in self.facts.values() for fact in facts}.values())


@dataclass(frozen=True)
class ListNow:
    """One person's list of one kind, as a principal may see it on a day."""

    kind: str
    patient_id: int
    as_of: int
    lines: tuple[Line, ...]

    @property
    def current(self) -> list[Line]:
        """What stands."""
        return [line for line in self.lines if line.stands]

    @property
    def past(self) -> list[Line]:
        """What was stopped, ran out or is over; still on record."""
        return [line for line in self.lines if not line.stands and not line.is_none_known]

    def line(self, key: str) -> Line | None:
        """The line of that key."""
        return next((line for line in self.lines if line.key == key), None)


def list_of(principal: Principal, patient_id: int, kind: str, *, as_of: int) -> ListNow:
    """The list as it stands; a fixed number of reads, however long it is."""
    one = for_principal(principal).of(patient_id)
    groups = medicine_groups(one) if kind == MEDICINES else groups_of(one, TABLE_OF[kind])
    reader = _Reader(one, groups, as_of)
    build = {MEDICINES: reader.medicine, ALLERGIES: reader.allergy, PROBLEMS: reader.problem}[kind]
    lines = sorted((build(group) for group in groups), key=lambda line: (line.name.casefold(), line.key))
    return ListNow(kind, patient_id, as_of, tuple(lines))


class _Reader:
    """Turns groups of rows into lines, with the words and sources their numbers stand for."""

    def __init__(self, one: OnePatient, groups: Sequence[Group], as_of: int) -> None:
        self.as_of = as_of
        rows = [row for group in groups for rows in group.rows.values() for row in rows]
        coded = ("code", "reason", "reaction", "severity", "category")
        self.words = displays_of(
            row[name] for row in rows for name in coded if isinstance(row.get(name), int) and row[name]
        )
        self.sources = Source.objects.in_bulk({row["source_id"] for row in rows})
        relatives = one.facts("related_person").values_list("pk", flat=True)
        own = one.scope(PersonRecord.unscoped.all()).values_list("pk", flat=True)
        self.family = {int(number) for number in (*relatives, *own)}

    def fact(self, table: str, row: Row, time: str, words: str, state: str, until: int | None = None) -> Fact:
        source = self.sources.get(row["source_id"])
        return Fact(
            table=table,
            fact_id=int(row["id"]),
            day=row.get(f"{time}_to_day"),
            day_words=when(row, time, self.as_of),
            words=words,
            state=state,
            source_id=int(row["source_id"]),
            source=(source.label or source.name) if source else "unknown source",
            is_said=source is not None and source.kind == "PERSON",
            code=row["code"],
            status=str(row.get("status") or row.get("clinical_status") or ""),
            until=until,
            item_id=int(row["item_id"]),
        )

    def medicine(self, group: Group) -> Line:
        orders = [self._order(row) for row in group.rows.get("medication_request", ())]
        fills = [self._fill(row) for row in group.rows.get("medication_dispense", ()) if row["status"] == "completed"]
        said: list[Fact] = []
        listed: list[Fact] = []
        for row in group.rows.get("medication_statement", ()):
            fact = self._statement(row)
            (said if fact.is_said or row.get("informant_id") in self.family else listed).append(fact)
        line = self._line(group, {PRESCRIBED: orders, FILLED: fills, SAID: _newest(said), LISTED: _newest(listed)})
        line.runs_out = fills[0].until if fills else None
        line.stands = self._is_taken(orders, fills, [*line.facts[SAID], *line.facts[LISTED]])
        return line

    def _is_taken(self, orders: list[Fact], fills: list[Fact], words: list[Fact]) -> bool:
        """Some source has it as current: an order, a word, or a fill that still lasts and that nobody stopped since."""
        if any(fact.status in ORDERED and self._holds(fact) for fact in orders):
            return True
        if any(fact.status in TAKEN and self._holds(fact) for fact in words):
            return True
        if not fills or fills[0].day is None:
            return False
        until = fills[0].until if fills[0].until is not None else fills[0].day + LASTS_WITHOUT_DAYS
        stopped = [fact.day for fact in (*orders, *words) if fact.day is not None and fact.status not in TAKEN]
        return until >= self.as_of and not any(day >= fills[0].day for day in stopped)

    def _holds(self, fact: Fact) -> bool:
        return fact.until is None or fact.until >= self.as_of

    def _order(self, row: Row) -> Fact:
        status = str(row["status"] or "")
        state = "" if status == "active" else _ORDER_WORDS.get(status, status)
        until = row.get("valid_until_to_day")
        if row.get("do_not_perform"):
            status, state = "not-to-take", "ordered not to be taken"
        elif row.get("intent") in _FIRM:
            status, state = "proposed", "proposed, not ordered"
        elif not state and until is not None and until < self.as_of:
            state = "no longer valid"
        who = row.get("prescriber_name") or ""
        words = ". ".join(part.rstrip(".") for part in (row.get("sig") or "", who) if part)
        fact = self.fact("medication_request", row, "authored", words, state, until)
        return fact if fact.status == status else _with_status(fact, status)

    def _fill(self, row: Row) -> Fact:
        days, filled = row.get("days_supply"), row.get("filled_to_day")
        parts = (quantity(row, "supply"), f"for {days} days" if days else "")
        until = filled + days if filled is not None and days else None
        return self.fact("medication_dispense", row, "filled", ", ".join(part for part in parts if part), "", until)

    def _statement(self, row: Row) -> Fact:
        time = "asserted" if row.get("asserted_to_day") is not None else "start"
        state = _STATEMENT_WORDS.get(str(row["status"] or ""), "")
        return self.fact("medication_statement", row, time, row.get("sig") or "", state, row.get("end_to_day"))

    def allergy(self, group: Group) -> Line:
        facts = []
        for row in group.rows["allergy"]:
            time = "recorded" if row.get("recorded_to_day") is not None else "onset"
            reaction = self.words.get(row.get("reaction") or 0, "")
            parts = (reaction, row.get("reaction_severity") or "", _RISK.get(row.get("criticality") or "", ""))
            state = _sureness(row)
            facts.append(self.fact("allergy", row, time, ", ".join(part for part in parts if part), state))
        line = self._line(group, {LISTED: facts})
        rows = group.rows["allergy"]
        line.is_none_known = all(row.get("is_none_known") for row in rows)
        line.stands = not line.is_none_known and any(_is_current(row) for row in rows)
        return line

    def problem(self, group: Group) -> Line:
        facts = []
        for row in group.rows["condition"]:
            time = "recorded" if row.get("recorded_to_day") is not None else "onset"
            since = when(row, "onset", self.as_of)
            severity = self.words.get(row.get("severity") or 0, "")
            parts = (severity, f"since {since}" if since else "")
            facts.append(self.fact("condition", row, time, ", ".join(p for p in parts if p), _sureness(row)))
        line = self._line(group, {LISTED: facts})
        line.stands = any(_is_current(row) for row in group.rows["condition"])
        return line

    def _line(self, group: Group, facts: dict[str, list[Fact]]) -> Line:
        rows = [row for rows in group.rows.values() for row in rows]
        code = next((fact.code for sort in facts.values() for fact in sort if fact.code is not None), None)
        labels = frozenset(label for row in rows for label in str(row["sensitivity"] or "").split())
        return Line(
            key=group.key,
            name=self.words.get(code or 0, "") or "Not named",
            stands=False,
            facts=facts,
            labels=labels,
            seen=_digest(group),
            code=code,
        )


_ORDER_WORDS = {
    "on-hold": "on hold", "stopped": "stopped", "cancelled": "cancelled", "completed": "completed", "ended": "ended",
    "draft": "only drafted", "unknown": "whether it still holds was not said",
}  # fmt: skip
_STATEMENT_WORDS = {
    "active": "takes it", "intended": "is to take it", "completed": "took it until then", "stopped": "stopped it",
    "not-taken": "does not take it", "on-hold": "pauses it", "unknown": "is not sure about it",
}  # fmt: skip
_RISK = {"high": "a reaction could be serious", "low": "a reaction is unlikely to be serious"}
_SURENESS = {
    "refuted": "said not to be so", "unconfirmed": "not confirmed", "provisional": "not confirmed",
    "differential": "one of several it could be", "presumed": "presumed",
}  # fmt: skip
_COURSE = {"inactive": "not active", "resolved": "over", "remission": "in remission"}


def _sureness(row: Row) -> str:
    parts = (_COURSE.get(row.get("clinical_status") or "", ""), _SURENESS.get(row.get("verification") or "", ""))
    return ", ".join(part for part in parts if part)


def _is_current(row: Row) -> bool:
    return row.get("clinical_status") in STILL_ILL and row.get("verification") != "refuted"


def _newest(facts: list[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: (fact.day if fact.day is not None else -(10**6), fact.fact_id), reverse=True)


def _with_status(fact: Fact, status: str) -> Fact:
    return Fact(**{**fact.__dict__, "status": status})


def _digest(group: Group) -> str:
    """Changes whenever a fact joins, leaves or has a newer version."""
    marks = sorted(f"{table}:{row['id']}:{row['item_id']}" for table, rows in group.rows.items() for row in rows)
    return hashlib.sha256("\n".join(marks).encode()).hexdigest()[:20]


def facts_of(lines: Iterable[Line]) -> set[tuple[str, int]]:
    """Every fact behind these lines."""
    return {fact.key for line in lines for fact in line.every}
