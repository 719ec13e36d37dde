"""From rows to answers: what every engine returns of a rule, checked against the contract of the result columns."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from beforehand.clinical.tables import FACTS
from beforehand.lookahead.errors import AnswerError
from beforehand.lookahead.rule import FORECAST_DAYS, STATUSES, Query

FIXED = ("patient_id", "subject", "status", "opens_on", "due_on", "lapses_on", "recheck_on", "missing")
BLOCKS = "blocks"  # optional: the subject of what cannot go ahead until this is settled
EVIDENCE_COLUMNS = ("patient_id", "subject", "fact_table", "fact_id", "role")
SUBJECT_LENGTH = 200
VAGUE_DAYS = "vague_days"  # in what an answer says: what hangs on days not known exactly, and how far it reaches
BETWEEN, PIECES = "\x1f", "\x1e"  # in the text a fingerprint is made of: between its parts, between pieces of evidence


class Evidence(NamedTuple):
    """A fact that speaks for an answer, and its part in it."""

    table: str
    fact_id: int
    role: str


@dataclass(slots=True)
class Answer:
    """What a rule says of one patient and subject."""

    rule_id: str
    patient_id: int
    subject: str
    status: str
    opens_on: int | None
    due_on: int | None
    lapses_on: int | None
    recheck_on: int | None
    missing: str
    blocks: str = ""
    say: dict[str, str | int | None] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()

    @property
    def key(self) -> tuple[str, int, str]:
        """What names a finding for ever."""
        return self.rule_id, self.patient_id, self.subject


def columns_wanted(query: Query) -> tuple[str, ...]:
    """The columns a rule must return, before its say_ columns."""
    return ("rule_id", *FIXED) if query.family else FIXED


def answers(
    query: Query,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    as_of_day: int,
    vague: Container[int] = frozenset(),
) -> list[Answer]:
    """Gather rows (result columns, fact_table, fact_id, role) into answers; AnswerError when the contract is broken.

    Of the people in ``vague`` the rule was asked with days as ranges: 45 days after the end of a year may lie far off,
    and one such person must not stop the rule for everybody. Their ``recheck_on`` is brought within its bounds.
    """
    place = {name: number for number, name in enumerate(columns)}
    says = [(name, place[name]) for name in columns if name.startswith("say_")]
    fixed = [place[name] for name in FIXED]
    rule_place = place.get("rule_id")
    single = query.id if rule_place is None else ""
    blocks_place = place.get(BLOCKS)
    width = len(columns)
    found: dict[tuple[str, int, str], Answer] = {}
    contents: dict[tuple[str, int, str], Sequence[object]] = {}
    pieces: dict[tuple[str, int, str], set[Evidence]] = {}
    for row in rows:
        rule_id = single or str(row[rule_place or 0])
        patient, subject, status, opens, due, lapses, recheck, missing = (row[number] for number in fixed)
        if patient is None or not subject:
            raise AnswerError(f"{query.id}: a row has no patient_id or no subject")
        key = (rule_id, int(str(patient)), str(subject))
        if key not in found:
            answer = Answer(*key, str(status), _day(opens), _day(due), _day(lapses), _day(recheck), str(missing or ""))
            if answer.patient_id in vague and answer.recheck_on is not None:
                answer.recheck_on = max(as_of_day + 1, min(answer.recheck_on, as_of_day + FORECAST_DAYS))
            if blocks_place is not None:
                answer.blocks = str(row[blocks_place] or "")
            answer.say = {name: _said(row[number]) for name, number in says}
            check(query, answer, as_of_day)
            found[key] = answer
            contents[key] = row[:width]
            pieces[key] = set()
        elif row[:width] != contents[key]:
            raise AnswerError(
                f"{query.id}: gives two rows for one patient and one subject; make the subject tell them apart"
            )
        if row[width] is not None:
            table = str(row[width])
            if table not in FACTS or row[width + 1] is None:
                raise AnswerError(
                    f"{query.id}: evidence names no fact: fact_table is a fact table's name, fact_id its id"
                )
            pieces[key].add(Evidence(table, int(str(row[width + 1])), str(row[width + 2] or "")))
    for key, answer in found.items():
        answer.evidence = tuple(sorted(pieces[key]))
    return list(found.values())


def _day(value: object) -> int | None:
    return None if value is None else int(str(value))


def _said(value: object) -> str | int | None:
    if value is None or isinstance(value, str):
        return value
    return int(str(value))


def check(query: Query, answer: Answer, as_of_day: int) -> None:
    """AnswerError when an answer breaks the contract of the result columns."""
    rule = query.rules.get(answer.rule_id)
    if rule is None:
        raise AnswerError(f"{query.id}: rule_id is not one of the family's")
    if answer.status not in STATUSES:
        raise AnswerError(f"{query.id}: status is not one of {', '.join(STATUSES)}")
    if answer.status == "UNKNOWN":
        if answer.missing not in rule.missing:
            raise AnswerError(f"{query.id}: missing of an UNKNOWN row is not a key of the header's missing: map")
    elif answer.status == "EXCLUDED":
        if answer.missing not in rule.excluded:
            raise AnswerError(f"{query.id}: missing of an EXCLUDED row is a key of the header's excluded: map")
    elif answer.missing:
        raise AnswerError(f"{query.id}: missing is said for UNKNOWN and EXCLUDED only")
    if answer.recheck_on is not None and not as_of_day < answer.recheck_on <= as_of_day + FORECAST_DAYS:
        raise AnswerError(f"{query.id}: recheck_on lies after as_of.day and at most {FORECAST_DAYS} days after it")
    if answer.blocks and (len(answer.blocks) > SUBJECT_LENGTH or ":" not in answer.blocks):
        raise AnswerError(f"{query.id}: blocks is the subject kind:key of another thing, or NULL")
    if len(answer.subject) > SUBJECT_LENGTH or ":" not in answer.subject:
        raise AnswerError(f"{query.id}: subject is kind:key, at most {SUBJECT_LENGTH} characters")


def fingerprint(answer: Answer, sensitivity: str) -> str:
    """A short digest of all an answer says. ``differences`` makes the same inside DuckDB: change both or neither."""
    days = (answer.opens_on, answer.due_on, answer.lapses_on, answer.recheck_on)
    parts = [answer.status, *("" if day is None else str(day) for day in days), answer.missing, answer.blocks]
    for name, value in sorted(answer.say.items()):
        sign = "" if value is None else "s" if isinstance(value, str) else "i"
        parts.append(f"{name}={sign}{'' if value is None else value}")
    parts.append(PIECES.join(sorted({f"{one.table}:{one.fact_id}:{one.role}" for one in answer.evidence})))
    parts.append(sensitivity)
    return hashlib.md5(BETWEEN.join(parts).encode(), usedforsecurity=False).hexdigest()


def as_rows(answer: Answer, columns: Sequence[str]) -> list[tuple[object, ...]]:
    """An answer as the rows a rule gives: its columns, then fact_table, fact_id and role; undoes ``answers``."""
    cells = {**asdict(answer), **answer.say, "missing": answer.missing or None, "blocks": answer.blocks or None}
    row = tuple(cells[name] for name in columns)
    return [(*row, *one) for one in answer.evidence] or [(*row, None, None, None)]


def write_ranges(ranges: Mapping[str, tuple[int, int]]) -> str:
    """Days, and numbers reckoned from days, that are not known exactly: as one text, kept with what an answer says."""
    return ";".join(f"{name} {first} {last}" for name, (first, last) in sorted(ranges.items()))


def read_ranges(say: Mapping[str, object]) -> dict[str, tuple[int, int]]:
    """Undo ``write_ranges``: column -> least and most it can be; empty where every day is known."""
    text = say.get(VAGUE_DAYS)
    pieces = [piece.split(" ") for piece in str(text).split(";")] if text else []
    return {name: (int(first), int(last)) for name, first, last in pieces}


def by_rule(found: Iterable[Answer]) -> Mapping[str, int]:
    """How many answers each rule gave."""
    counts: dict[str, int] = {}
    for answer in found:
        counts[answer.rule_id] = counts.get(answer.rule_id, 0) + 1
    return counts
