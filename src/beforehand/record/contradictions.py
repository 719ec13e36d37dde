"""Where sources differ about one person: both sides with their sources, what harm can come of it, how it was settled.

A contradiction is between two *lines* of one table: the leading rows of what one or several sources say (``same_as``).
It is open until a person, or a rule the organisation set, settles it; it is open again when either side's own words
change. Nothing wins silently: both sides stay on record with their sources, whatever was settled.

``contradictions_of`` lists them, the worst harm first, as far as the principal may see both sides. Settling is an
action of ``care.needs.settling``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from beforehand.record.reading import Said

Row = Mapping[str, Any]
OPEN, REOPENED, SETTLED = "OPEN", "REOPENED", "SETTLED"  # states
KEPT, BOTH, NEITHER = "KEPT", "BOTH", "NEITHER"  # outcomes: one side holds, both hold (two things), neither does
KINDS = ("medicine", "allergy", "problem", "immunization", "result", "coverage")


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
class Difference:
    """In what the two sides differ, and what each says of it."""

    what: str
    left: str
    right: str


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
    """Two sources say different things of one medicine, allergy, problem, vaccine, result or insurance."""

    key: str
    kind: str
    table: str
    patient_id: int
    name: str
    left: Side
    right: Side
    differences: tuple[Difference, ...]
    harm: int
    harm_words: str
    harm_basis: str
    seen: str
    state: str
    settled: Settlement | None
    reopened_why: str

    @property
    def is_settled(self) -> bool:
        """Whether somebody decided, and both sides still say what they said then."""
        return self.state == SETTLED
