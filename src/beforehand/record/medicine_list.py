"""One person's medicines, each once: every order, fill and word about the same ingredients in the same strength.

The pages of a medicine list read this; what agrees within one table is ``record.reconcile``'s work.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F

from beforehand.clinical.strengths import Strength, strength_in
from beforehand.clinical.tables import FACTS
from beforehand.record.access import OnePatient
from beforehand.record.models import Concept
from beforehand.record.store.alike import codings_of, ingredients_of

MEDICINE_TABLES = ("medication_request", "medication_statement", "medication_dispense")
NEWEST = 600  # rows read of one table; the history pages show the rest
Row = dict[str, Any]


@dataclass
class Group:
    """What is on record about one thing: its rows by table, newest first, and the meanings they carry."""

    key: str  # stays the same while new rows join
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    concepts: set[int] = field(default_factory=set)


class Classes:
    """Which numbers stand for the same thing: merged by shared marks, the lowest number leads."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._parent = {number: number for number in numbers}
        self._owner: dict[Any, int] = {}

    def root(self, number: int) -> int:
        while self._parent[number] != number:
            number = self._parent[number]
        return number

    def mark(self, number: int, mark: Any) -> None:
        """Numbers with one mark in common are the same."""
        low, high = sorted((self.root(self._owner.setdefault(mark, number)), self.root(number)))
        self._parent[high] = low


def rows_of(one: OnePatient, table: str) -> list[Row]:
    """One patient's rows of a table, newest first, without those entered in error."""
    time = FACTS[table].by[1]
    order = [F(f"{time}_to_day").desc(nulls_last=True), "-id"]
    rows: list[Row] = list(one.facts(table).order_by(*order).values()[:NEWEST])
    return [row for row in rows if "entered-in-error" not in (row.get("status"), row.get("verification"))]


def displays_of(numbers: Iterable[int]) -> dict[int, str]:
    """The words of coded meanings."""
    wanted = sorted(set(numbers))
    found: dict[int, str] = {}
    for start in range(0, len(wanted), 900):
        named = Concept.objects.filter(pk__in=wanted[start : start + 900]).values_list("pk", "display", "key")
        found |= {number: display or key.rpartition(":")[2] for number, display, key in named}
    return found


def medicine_groups(one: OnePatient) -> list[Group]:
    """Every medicine ever on record for this patient, as far as the principal may see it."""
    tables = {table: rows_of(one, table) for table in MEDICINE_TABLES}
    numbers = {row["code"] for rows in tables.values() for row in rows if row["code"] is not None}
    return _grouped(tables, medicine_classes(numbers))


def groups_of(one: OnePatient, table: str) -> list[Group]:
    """Every allergy or problem on record, each once by its codes."""
    rows = rows_of(one, table)
    numbers = {row["code"] for row in rows if row["code"] is not None}
    classes = Classes(numbers)
    for concept, pairs in sorted(codings_of(numbers).items()):
        for pair in sorted(pairs):
            classes.mark(concept, pair)
    words = displays_of(numbers)
    for concept in sorted(numbers):
        if words.get(concept):
            classes.mark(concept, words[concept].casefold().strip(" ."))
    return _grouped({table: rows}, {number: classes.root(number) for number in numbers})


def medicine_classes(numbers: Iterable[int]) -> dict[int, int]:
    """For each medicine's meaning the one that leads all of the same ingredients and strength.

    Where one name leaves the strength out and only one strength of it is known here, that one is meant.
    """
    used = set(numbers)
    classes, words = Classes(used), displays_of(used)
    for concept, pairs in sorted(codings_of(used).items()):
        for pair in sorted(pairs):
            classes.mark(concept, pair)
    made_of = ingredients_of(used)
    strengths = {concept: strength_in(words.get(concept, "")) for concept in used}
    known: dict[Any, set[Strength]] = defaultdict(set)
    for concept, parts in made_of.items():
        if strengths[concept]:
            known[parts].add(strengths[concept])
    for concept in sorted(used):
        parts = made_of.get(concept)
        strength = strengths[concept]
        if parts is None:
            classes.mark(concept, " ".join(words.get(concept, str(concept)).casefold().split()))
            continue
        if not strength and len(known[parts]) == 1:
            (strength,) = known[parts]
        classes.mark(concept, (parts, strength))
    return {concept: classes.root(concept) for concept in used}


def _grouped(tables: Mapping[str, list[Row]], classes: Mapping[int, int]) -> list[Group]:
    groups: dict[str, Group] = {}
    for table, rows in tables.items():
        for row in rows:
            code = row["code"]
            key = f"c{classes[code]}" if code is not None else f"f{row['id']}"
            group = groups.setdefault(key, Group(key))
            group.rows[table].append(row)
            if code is not None:
                group.concepts.add(code)
    return list(groups.values())
