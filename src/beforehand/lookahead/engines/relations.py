"""The names a rule may use: facts, references, the patient, views, the calendar, value sets, knowledge.

Every name has columns; a rule sees no other. A clinical view lies in ``clinical/views/<name>.sql``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path

from beforehand.clinical import calendar, knowledge, views
from beforehand.clinical.tables import FACTS, REFERENCES
from beforehand.lookahead.engines.shape import Shape, shape_of

VIEW_FOLDER = Path(str(views.__file__)).parent


class Sort(Enum):
    """What a relation is, which decides how the runner binds it."""

    FACT = "fact"
    PATIENT = "patient"
    VIEW = "view"
    REFERENCE = "reference"
    SHARED = "shared"  # calendar, value_set_code, source: the same for all patients
    KNOWLEDGE = "knowledge"
    AS_OF = "as_of"
    PERIOD = "period"  # of measures only
    FAMILY = "family"


@dataclass(frozen=True)
class Relation:
    """One name of the rule language."""

    name: str
    sort: Sort
    columns: tuple[str, ...]
    meaning: str
    shape: Shape | None = None  # of a view

    @property
    def is_of_patients(self) -> bool:
        """Whether its rows belong to a patient, so that joins must equate patient_id."""
        return "patient_id" in self.columns


# What rules see of the patient; names and the like are out of their reach.
PATIENT_COLUMNS = (
    "patient_id",
    "birth_from_day",
    "birth_to_day",
    "sex",
    "is_deceased",
    "deceased_from_day",
    "deceased_to_day",
    "language",
    "needs_interpreter",
    "calendar_id",
)
AS_OF_COLUMNS = ("day", "at", "zone")
PERIOD_COLUMNS = ("from_day", "to_day")
SHARED: dict[str, tuple[tuple[str, ...], str]] = {
    "calendar": (tuple(stored.name for stored in calendar.COLUMNS), "what a day is; see clinical.calendar"),
    "value_set_code": (("value_set", "code"), "which concept is in which value set"),
    "source": (("id", "name", "label"), "the sending systems and people"),
}


@lru_cache(maxsize=1)
def relations() -> Mapping[str, Relation]:
    """Every relation by name, except a family's own."""
    found = {
        name: Relation(name, Sort.FACT, tuple(s.name for s in t.physical()), t.meaning) for name, t in FACTS.items()
    }
    for name, table in REFERENCES.items():
        found[name] = Relation(name, Sort.REFERENCE, tuple(s.name for s in table.physical()), table.meaning)
    found["patient"] = Relation("patient", Sort.PATIENT, PATIENT_COLUMNS, "the people of this run")
    found["period"] = Relation("period", Sort.PERIOD, PERIOD_COLUMNS, "first and last day a measure is about; one row")
    found["as_of"] = Relation("as_of", Sort.AS_OF, AS_OF_COLUMNS, "the day the rule answers for; one row")
    for name, (columns, meaning) in SHARED.items():
        found[name] = Relation(name, Sort.SHARED, columns, meaning)
    for name, stated in knowledge.RELATIONS.items():
        found[name] = Relation(name, Sort.KNOWLEDGE, tuple(s.name for s in stated.columns), stated.meaning)
    for path in sorted(VIEW_FOLDER.glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        lines = [line[2:].strip() for line in text.splitlines() if line.startswith("--")]
        shape = shape_of(text)
        found[path.stem] = Relation(path.stem, Sort.VIEW, shape.columns, " ".join(lines), shape)
    return found


# Views that many rules ask and that show few rows: an engine that asks about everybody reckons them once for all rules.
FEW = frozenset(
    {
        "hospice_care",
        "kidney_failure",
        "organ_not_screened",
        "pregnant",
        "said_no",
        "screening_stopped",
        "settled",
        "too_frail",
    }
)


@lru_cache(maxsize=4096)
def views_below(names: frozenset[str], kept: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The views among ``names`` and those they use, each after the views it uses; not those in ``kept``."""
    known = relations()
    ordered: list[str] = []

    def visit(name: str) -> None:
        relation = known.get(name)
        if relation is None or relation.shape is None or name in ordered or name in kept:
            return
        for below in sorted(relation.shape.tables):
            visit(below)
        ordered.append(name)

    for name in sorted(names):
        visit(name)
    return tuple(ordered)


@lru_cache(maxsize=1024)
def stored_below(names: frozenset[str]) -> frozenset[str]:
    """The stored relations that ``names`` rest on, through views: what must change for a rule to answer otherwise."""
    known = relations()
    reached: set[str] = set()
    for view in views_below(names):
        shape = known[view].shape
        assert shape is not None
        reached |= shape.tables
    return frozenset(name for name in names | reached if name not in known or known[name].sort is not Sort.VIEW)
