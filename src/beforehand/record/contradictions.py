"""Where sources differ about one person: both sides with their sources, what harm can come of it, how it was settled.

A contradiction is between two *lines* of one table: the leading rows of what one or several sources say (``same_as``).
It is open until a person, or a rule the organisation set, settles it; it is open again when either side's own words
change. Nothing wins silently: both sides stay on record with their sources, whatever was settled.

``contradictions_of`` lists them, the worst harm first, as far as the principal may see both sides. Settling is an
action of ``care.needs.settling``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from beforehand.clinical.columns import Kind
from beforehand.clinical.drugs import read_table, resolve
from beforehand.clinical.fact_words import fact_line
from beforehand.clinical.tables import FACTS
from beforehand.clinical.times import date_of
from beforehand.record.access import Access
from beforehand.record.differences import Differs, Pair, Told, pairs_of, said_day
from beforehand.record.models import Source
from beforehand.record.reading import Line, Said, lines, words_of
from beforehand.record.reconcile import meanings_of
from beforehand.record.settlements import digests_said
from beforehand.record.store.alike import ingredients_of

Row = Mapping[str, Any]
OPEN, REOPENED, SETTLED = "OPEN", "REOPENED", "SETTLED"  # states
KEPT, BOTH, NEITHER = "KEPT", "BOTH", "NEITHER"  # outcomes: one side holds, both hold (two things), neither does
NOT_BY_RULE = "OPEN"  # what a person says who takes back what a rule settled
TABLES_OF: dict[str, tuple[str, ...]] = {
    "medicine": ("medication_request", "medication_statement"),
    "allergy": ("allergy",),
    "problem": ("condition",),
    "immunization": ("immunization",),
    "result": ("observation",),
    "coverage": ("coverage",),
}
KINDS = tuple(TABLES_OF)


@dataclass(frozen=True)
class Side:
    """One of the two statements: the leading row of a line, and everyone who says it."""

    table: str
    fact_id: int
    row: Row
    said_by: tuple[Said, ...]
    words: str
    said_day: int | None

    @property
    def source(self) -> str:
        """Who says so, the leading source."""
        return self.said_by[0].source


@dataclass(frozen=True)
class Settlement:
    """What was decided about a contradiction: by a person with a reason, or by a rule the organisation set."""

    fact_id: int
    outcome: str
    kept_id: int | None
    reason: str
    by: str
    settled_day: int | None
    is_rule: bool
    rule_words: str


@dataclass(frozen=True)
class Contradiction:
    """Two sources say different things of one medicine, allergy, problem, vaccine, result or insurance.

    ``key`` names it by its two leading facts; ``seen`` is a digest of what both say and of what was settled, to be
    given back with a decision, so that a decision on words that have changed since is noticed.
    """

    key: str
    kind: str
    table: str
    patient_id: int
    name: str
    left: Side
    right: Side
    differences: tuple[Differs, ...]
    harm: int
    harm_words: str
    harm_basis: str
    seen: str
    state: str
    settled: Settlement | None
    reopened_why: str
    is_kept_open: bool = False  # a person said that the organisation's rule is not to settle this one

    @property
    def is_settled(self) -> bool:
        """Whether somebody decided, and both sides still say what they said then."""
        return self.state == SETTLED


def contradictions_of(access: Access, patient_id: int, *, kinds: Collection[str] = KINDS) -> list[Contradiction]:
    """Where sources differ about one person, the worst harm first, settled ones too; only where both sides are seen."""
    found: list[Contradiction] = []
    settlements = list(access.of(patient_id).facts("settlement").filter(status="completed").values())
    for kind in kinds:
        told = {name: _told(access, name, patient_id) for name in TABLES_OF[kind]}
        pairs = list(pairs_of({name: one for name, one in told.items() if len(one.lines) > 1 or kind == "medicine"}))
        said: dict[int, str] = {}
        for name in TABLES_OF[kind]:
            rows = [line.row for pair in pairs for line in pair[:2] if line.table == name]
            said |= digests_said(name, rows)
        found += [_contradiction(kind, pair, told, said, settlements) for pair in pairs]
    return sorted(found, key=lambda one: (one.is_settled, -one.harm, KINDS.index(one.kind), one.key))


def contradiction_named(access: Access, patient_id: int, key: str) -> Contradiction | None:
    """The contradiction between two lines now; nothing where they no longer differ, or may not be seen."""
    return next((one for one in contradictions_of(access, patient_id) if one.key == key), None)


def _told(access: Access, table: str, patient_id: int) -> Told:
    said = lines(access, table, patient_id)
    rows = [line.row for line in said]
    names = [column.name for column in FACTS[table].columns if column.kind is Kind.CONCEPT]
    subjects = {}
    if table in TABLES_OF["medicine"]:
        subjects = ingredients_of({row["code"] for row in rows if row["code"] is not None})
    words = words_of(row[name] for row in rows for name in names)
    return Told(table, said, meanings_of(FACTS[table], rows), subjects, words)


def _contradiction(
    kind: str, pair: Pair, told: Mapping[str, Told], said: Mapping[int, str], settlements: Iterable[Row]
) -> Contradiction:
    one, other, differences = pair
    left, right = (_side(line, told[line.table]) for line in (one, other))
    low, high = sorted((left.fact_id, right.fact_id))
    subject = told[one.table].subjects.get(one.row.get("code") or 0)
    ingredients = {number for number, _ in subject} if isinstance(subject, frozenset) else set()
    harm, harm_words, basis = max(_harm(kind, each.what, ingredients) for each in differences)
    standing, gone = _settled(left, right, settlements)
    is_kept_open = standing is None and gone is not None and gone["outcome"] == NOT_BY_RULE
    gone = None if is_kept_open else gone
    settled = _settlement(standing or gone)
    return Contradiction(
        key=f"{low}-{high}",
        kind=kind,
        table=one.table,
        patient_id=one.row["patient_id"],
        name=told[one.table].called(one.row["code"]) or one.row.get("payor_name") or kind,
        left=left,
        right=right,
        differences=tuple(differences),
        harm=harm,
        harm_words=harm_words,
        harm_basis=basis,
        seen=_seen(left, right, said, settled),
        state=SETTLED if standing else REOPENED if gone else OPEN,
        settled=settled,
        reopened_why="" if standing or not gone else _why(gone, left, right, said),
        is_kept_open=is_kept_open,
    )


def _side(line: Line, told: Told) -> Side:
    return Side(
        line.table,
        line.fact_id,
        line.row,
        line.said_by,
        fact_line(line.table, line.row, told.called),
        said_day(line.row),
    )


def _seen(left: Side, right: Side, said: Mapping[int, str], settled: Settlement | None) -> str:
    parts = sorted((side.fact_id, said[side.fact_id]) for side in (left, right))
    return hashlib.sha256(repr((parts, settled.fact_id if settled else 0)).encode()).hexdigest()[:32]


# Harm: knowledge/contradiction_harm.csv.


class Harm(NamedTuple):
    """What may come of a difference: 5 (death or lasting harm within days) to 1 (little)."""

    level: int
    words: str
    basis: str


@cache
def _harms() -> dict[tuple[str, str], list[tuple[frozenset[int], Harm]]]:
    found: dict[tuple[str, str], list[tuple[frozenset[int], Harm]]] = {}
    for row in read_table("contradiction_harm.csv"):
        medicines = resolve(row["medicines"]) if row["medicines"] else frozenset()
        found.setdefault((row["kind"], row["what"]), []).append(
            (medicines, Harm(int(row["harm"]), row["words"], row["basis"]))
        )
    return found


def _harm(kind: str, what: str, ingredients: Collection[int]) -> Harm:
    """The gravest row that names an ingredient; the plain one counts too unless every ingredient is named."""
    rows = _harms()[kind, what]
    plain = next(harm for medicines, harm in rows if not medicines)
    named = [harm for medicines, harm in rows if medicines & set(ingredients)]
    if named and all(any(number in medicines for medicines, _ in rows) for number in ingredients):
        return max(named)
    return max([plain, *named])


# What was settled.


def _settled(left: Side, right: Side, settlements: Iterable[Row]) -> tuple[Row | None, Row | None]:
    """The settlement that stands between these two lines; else the newest that once did."""
    mine = {left.fact_id, right.fact_id}
    of_lines = [*left.said_by, *right.said_by]
    all_of = {said.fact_id for said in of_lines}
    ordered = sorted(settlements, key=lambda row: (row["settled_at"] or 0, row["id"]), reverse=True)
    standing = next(
        (row for row in ordered if row["is_standing"] and {row["left_line_id"], row["right_line_id"]} == mine), None
    )
    gone = next((row for row in ordered if {row["left_id"], row["right_id"]} <= all_of), None)
    return standing, gone


def _settlement(row: Row | None) -> Settlement | None:
    if row is None:
        return None
    source = Source.objects.get(pk=row["source_id"])
    kept = row["kept_id"]
    line = {row["left_id"]: row["left_line_id"], row["right_id"]: row["right_line_id"]}
    return Settlement(
        fact_id=row["id"],
        outcome=row["outcome"],
        kept_id=None if kept is None else line.get(kept, kept),
        reason=row["reason"] or "",
        by=source.label or source.name,
        settled_day=row["settled_from_day"],
        is_rule=bool(row["rule"]),
        rule_words=row["reason"] or "" if row["rule"] else "",
    )


def _why(row: Row, left: Side, right: Side, said: Mapping[int, str]) -> str:
    """Why a settlement no longer stands, in plain words."""
    changed = []
    for name in ("left", "right"):
        side = next(
            (side for side in (left, right) if row[f"{name}_id"] in {one.fact_id for one in side.said_by}), None
        )
        if side is not None and said.get(row[f"{name}_id"], row[f"{name}_seen"]) != row[f"{name}_seen"]:
            changed.append(side.source)
    day = f" on {date_of(row['settled_from_day']).isoformat()}" if row["settled_from_day"] is not None else ""
    who = " and ".join(dict.fromkeys(changed))
    if who:
        return f"It was settled{day}; since then {who} says it in other words, so it is open again."
    return f"It was settled{day} about other statements of the same sources, so it is open again."
