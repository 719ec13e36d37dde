"""People made by chance, from the statements of the clinical tables: for comparing engines, never for meaning.

Codes are drawn from the value sets that rules name, days lie around the day the rules answer for, and every
kind of gap occurs: no day, a month instead of a day, no unit, a fact of another source that says the same.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from beforehand.clinical import knowledge
from beforehand.clinical.columns import Column, Kind, Table
from beforehand.clinical.tables import FACTS
from beforehand.clinical.valuesets import ValueSetText
from beforehand.lookahead.engines.memory import MemoryHouse

USUAL = ("final", "completed", "active", "finished", "booked", "issued", "current", "confirmed", "order")
WORDS: Mapping[str, tuple[str, ...]] = {
    "class_code": ("IMP", "AMB", "EMER", "VR", "ACUTE"),
    "category": ("laboratory", "vital-signs", "medication", "RAD"),
    "decision": ("approved", "denied", "partial"),
    "use": ("claim", "preauthorization"),
    "outcome": ("complete", "partial"),
    "interpretation": ("H", "N", "POS", "A"),
    "kind": ("AMB", "RIDE"),
    "priority": ("routine", "urgent"),
    "payer_claim_number": ("C1", "C2"),
}
UNITS = ("%", "mg/dL", "mmol/L", "mm[Hg]", "mL/min/{1.73_m2}", "ng/mL", "{INR}", "1", "mg", "{tbl}", "")


class GeneratedPeople:
    """Rows for a number of people, by stored table."""

    def __init__(
        self, value_sets: Mapping[str, ValueSetText], count: int, as_of_day: int, seed: int,
        facts_a_table: tuple[int, ...] = (0, 1, 2, 3, 6, 9),
    ) -> None:  # fmt: skip
        self.random = random.Random(seed)
        self.facts_a_table = facts_a_table
        self.as_of_day, self.count = as_of_day, count
        self.rows: dict[str, list[list[object]]] = {}
        self.concepts: list[knowledge.ConceptCodings] = []
        self.members: list[tuple[str, int]] = []
        self._ids = 1000
        self._by_set: list[list[int]] = []
        self._medicines: list[int] = []
        self._choose_concepts(value_sets)
        for patient_id in range(1, count + 1):
            self._person(patient_id)

    def fill(self, house: MemoryHouse, relations: list[str]) -> None:
        """Put everything into an empty house."""
        for table, rows in self.rows.items():
            house.insert(table, rows)
        house.insert("value_set_code", self.members)
        house.insert("source", [(1, "clinic", "The clinic"), (2, "hospital", None)])
        house.set_calendar(-30_000, self.as_of_day + 5000)
        house.load_knowledge(relations, self.concepts)

    def _choose_concepts(self, value_sets: Mapping[str, ValueSetText]) -> None:
        numbers: dict[tuple[str, str], int] = {}
        for one in value_sets.values():
            chosen = list(one.members)
            self.random.shuffle(chosen)
            group = []
            for member in chosen[:3]:
                pair = (member.system, member.code)
                if pair not in numbers:
                    numbers[pair] = len(numbers) + 1
                    coding = (member.system, member.code, member.display)
                    self.concepts.append(knowledge.ConceptCodings(numbers[pair], (coding,), member.display))
                group.append(numbers[pair])
            self._by_set.append(group)
        for one in value_sets.values():
            pairs = one.pairs()
            self.members += [(one.name, number) for pair, number in numbers.items() if pair in pairs]
        medicines = (
            "warfarin",
            "ibuprofen",
            "naproxen",
            "lisinopril",
            "metformin",
            "simvastatin",
            "amiodarone",
            "penicillin v",
        )
        group = []
        for words in medicines:
            self.concepts.append(knowledge.ConceptCodings(len(self.concepts) + 1, (), words))
            group.append(len(self.concepts))
        self._medicines = group

    def _person(self, patient_id: int) -> None:
        pick = self.random
        birth = self.as_of_day - pick.randint(18 * 365, 95 * 365)
        late = birth if pick.random() < 0.9 else birth + 29
        dead = pick.random() < 0.05
        death = self.as_of_day - pick.randint(-5, 50) if dead and pick.random() < 0.8 else None
        self.rows.setdefault("patient", []).append(
            [patient_id, birth, late, pick.choice(["female", "male", None]), int(dead), death, death,
             None, pick.choice([0, 1, None]), 1, None, 1]
        )  # fmt: skip
        concern = [number for group in pick.sample(self._by_set, min(12, len(self._by_set))) for number in group]
        own: dict[str, list[int]] = {}
        for name in FACTS:
            own[name] = [self._next() for _ in range(pick.choice(self.facts_a_table))]
        for name, ids in own.items():
            for number in ids:
                self._fact(FACTS[name], number, patient_id, own, concern)

    def _next(self) -> int:
        self._ids += 1
        return self._ids

    def _fact(
        self, table: Table, number: int, patient_id: int, own: Mapping[str, list[int]], concern: list[int]
    ) -> None:
        ids = own[table.name]
        same = number if self.random.random() < 0.85 else self.random.choice(ids)
        label = "MENTAL" if self.random.random() < 0.05 else ""
        row: list[object] = [number, patient_id, patient_id, self.random.choice([1, 2]), 0, same, label]
        for column in table.columns:
            is_medicine = table.name.startswith("medication") or table.name == "allergy"
            row += self._values(column, own, self._medicines if is_medicine and column.name == "code" else concern)
        self.rows.setdefault(f"fact_{table.name}", []).append(row)

    def _values(self, column: Column, own: Mapping[str, list[int]], concern: list[int]) -> list[object]:
        pick = self.random
        if column.kind is Kind.WHEN:
            return self._when()
        if column.kind is Kind.QUANTITY:
            return [None] * 3 if pick.random() < 0.1 else [pick.randint(0, 200) * 500_000, pick.choice(UNITS), "1"]
        if column.kind is Kind.CONCEPT:
            return [None if pick.random() < 0.1 else pick.choice(concern)]
        if column.kind is Kind.REF:
            there = own.get(column.to, [])
            return [pick.choice(there) if there and pick.random() < 0.6 else None]
        if column.kind is Kind.STATUS:
            usual = [value for value in column.values if value in USUAL]
            return [pick.choice(usual) if usual and pick.random() < 0.8 else pick.choice([*column.values, None])]
        if column.kind is Kind.FLAG:
            return [pick.choice([0, 1, None])]
        if column.kind is Kind.WHOLE:
            return [pick.choice([None, 0, 1, 30, 90])]
        if column.kind is Kind.CENTS:
            return [pick.choice([None, 0, 12_500, 20_000])]
        return [pick.choice([*WORDS.get(column.name, ("one", "two")), None])]

    def _when(self) -> list[object]:
        pick = self.random
        if pick.random() < 0.05:
            return [None] * 5
        near = pick.random() < 0.6
        day = self.as_of_day + (pick.randint(-45, 30) if near else int(pick.triangular(-700, 120, -10)))
        late = day if pick.random() < 0.9 else day + 29
        at = day * 86400 + 36000 if late == day and pick.random() < 0.5 else None
        return [day, late, at, "Z" if at else "", "day" if late == day else "month"]
