"""One person's medicines, each once: every order, fill and word about the same ingredients in the same strength.

The pages of a medicine list read this; what agrees within one table is ``record.reconcile``'s work.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F

from beforehand.clinical.tables import FACTS
from beforehand.record.access import OnePatient
from beforehand.record.reconcile import meanings_of
from beforehand.record.store.alike import displays_of, ingredients_of

MEDICINE_TABLES = ("medication_request", "medication_statement", "medication_dispense")
NEWEST = 600  # rows read of one table; the history pages show the rest
_SLOW = re.compile(r"\b(?:extended|delayed|sustained|controlled|xr|er|sr|cr|xl|la|ec|dr)\b|\b\d+ ?hr\b", re.IGNORECASE)
Row = dict[str, Any]


@dataclass
class Group:
    """What is on record about one thing: its rows by table, newest first."""

    key: str  # stays the same while new rows join
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))


def rows_of(one: OnePatient, table: str) -> list[Row]:
    """One patient's rows of a table, newest first, without those entered in error."""
    time = FACTS[table].by[1]
    newest_first = F(f"{time}_to_day").desc(nulls_last=True)
    rows: list[Row] = list(one.facts(table).order_by(newest_first, "-id").values()[:NEWEST])
    return [row for row in rows if "entered-in-error" not in (row.get("status"), row.get("verification"))]


def medicine_groups(one: OnePatient) -> list[Group]:
    """Every medicine ever on record for this patient, as far as the principal may see it."""
    tables = {table: rows_of(one, table) for table in MEDICINE_TABLES}
    numbers = {row["code"] for rows in tables.values() for row in rows if row["code"] is not None}
    return _grouped(tables, medicine_classes(numbers))


def groups_of(one: OnePatient, table: str) -> list[Group]:
    """Every allergy or problem on record, each once by what its code means."""
    rows = rows_of(one, table)
    meanings = meanings_of(FACTS[table], rows)
    numbers = {row["code"] for row in rows if row["code"] is not None}
    words = displays_of(numbers)
    alike: dict[Hashable, Hashable] = {}
    for number in sorted(numbers):  # the same words in two spellings are one thing, whatever codes came with them
        alike.setdefault(_folded(words.get(number, str(number))), meanings.of(number))
    return _grouped({table: rows}, {n: alike[_folded(words.get(n, str(n)))] for n in numbers})


def medicine_classes(numbers: Iterable[int]) -> dict[int, Hashable]:
    """For each medicine's meaning what it shares with all of the same ingredients, strength and kind of release.

    Where one name leaves the strength out and only one strength of it is known here, that one is meant.
    """
    used = set(numbers)
    meanings = meanings_of(FACTS["medication_statement"], [{"code": number} for number in used])
    words, placed = displays_of(used), ingredients_of(used)
    strengths = {n: (meanings.strengths.get(n) or frozenset(), _is_slow(words.get(n, ""))) for n in used}
    known: dict[int | None, set[Hashable]] = defaultdict(set)
    for number in used:
        if strengths[number][0]:
            known[meanings.of(number)].add(strengths[number])
    found: dict[int, Hashable] = {}
    for number in used:
        base, strength = meanings.of(number), strengths[number]
        if number not in placed and base == number and not known[base] - {strength}:
            found[number] = _folded(words.get(number, str(number)))  # in no table of ours: by its name
        elif not strength[0] and len(known[base]) == 1:
            found[number] = (base, next(iter(known[base])))
        else:
            found[number] = (base, strength)
    return found


def _folded(words: str) -> str:
    return " ".join(words.casefold().split()).strip(" .")


def _is_slow(name: str) -> bool:
    """Whether it releases slowly: another medicine than the plain one of the same strength."""
    return _SLOW.search(name) is not None


def _grouped(tables: Mapping[str, list[Row]], classes: Mapping[int, Hashable]) -> list[Group]:
    lowest: dict[Hashable, int] = {}
    for number, alike in classes.items():
        lowest[alike] = min(number, lowest.get(alike, number))
    groups: dict[str, Group] = {}
    for table, rows in tables.items():
        for row in rows:
            code = row["code"]
            key = f"c{lowest[classes[code]]}" if code is not None else f"f{row['id']}"
            groups.setdefault(key, Group(key)).rows[table].append(row)
    return list(groups.values())
