"""Rows of facts gathered during one transaction, and the rows of earlier versions that they take the place of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from beforehand.clinical.tables import FACTS, REFERENCES
from beforehand.intake.models import MedicationMention
from beforehand.record.store.rows import among, change, delete_facts, fetch, insert_facts, insert_rows, listed, table_of

_PATIENT, _RECORD, _ITEM = 1, 2, 4  # places in a fact row: id, patient, record, source, item, same_as, sensitivity, ...
_REFERENCE_ITEM = 2

TABLES_OF: dict[str, list[str]] = defaultdict(list)
for _table in FACTS.values():
    TABLES_OF[_table.fhir].append(_table.name)
REFERENCES_OF: dict[str, list[str]] = defaultdict(list)
for _table in REFERENCES.values():
    REFERENCES_OF[_table.fhir].append(_table.name)


class Rows:
    """What will be written, table by table."""

    def __init__(self, source_id: int) -> None:
        self.source_id = source_id
        self.facts: dict[str, list[list[Any]]] = defaultdict(list)
        self.references: dict[str, list[list[Any]]] = defaultdict(list)
        self.mentions: dict[int, tuple[str, int]] = {}
        self.items: set[int] = set()  # items that have rows here, not yet in the database

    def add_fact(
        self, table: str, number: int, patient: int, record: int, item: int, sensitivity: str, values: list[Any]
    ) -> None:
        """Note a fact; until reconciled it leads."""
        self.facts[table].append([number, patient, record, self.source_id, item, number, sensitivity, *values])
        self.items.add(item)

    def add_reference(self, table: str, number: int, item: int, values: list[Any]) -> None:
        """Note a reference row."""
        self.references[table].append([number, self.source_id, item, *values])
        self.items.add(item)

    def mention_medication(self, number: int, table: str, medication: int) -> None:
        """Note that a fact's medicine stands in a resource of its own."""
        self.mentions[number] = (table, medication)

    def follow(self, persons: Mapping[int, int]) -> None:
        """Linking moved person records: rows gathered before go along."""
        for rows in self.facts.values():
            for row in rows:
                row[_PATIENT] = persons.get(row[_RECORD], row[_PATIENT])

    def fact_ids(self) -> list[int]:
        """Identities of the facts gathered."""
        return [row[0] for rows in self.facts.values() for row in rows]

    def take_out(self, type_: str, number: int, item: int, patient: int | None) -> dict[int, set[str]]:
        """Remove what an earlier version of a resource stated; whose it was, in which tables."""
        self.mentions.pop(number, None)
        if item in self.items:
            return self._take_out_gathered(type_, item)
        for table in REFERENCES_OF.get(type_, ()):
            delete_facts(table, [number])
        changed: dict[int, set[str]] = defaultdict(set)
        tables = TABLES_OF.get(type_, [])
        owners = {patient} if patient is not None else set()
        for table in tables:
            owners.update(row[0] for row in fetch(f'select patient_id from "fact_{table}" where id = %s', [number]))
        for table in tables:
            for owner in owners:
                if change(f'delete from "fact_{table}" where patient_id = %s and item_id = %s', [owner, item]):
                    changed[owner].add(table)
        if tables and not changed:  # only parts of it are facts, and it has changed hands: look everywhere
            for table in tables:
                for (owner,) in fetch(f'select distinct patient_id from "fact_{table}" where item_id = %s', [item]):
                    changed[owner].add(table)
                change(f'delete from "fact_{table}" where item_id = %s', [item])
        change(f"delete from {table_of(MedicationMention)} where fact_id = %s", [number])
        return changed

    def _take_out_gathered(self, type_: str, item: int) -> dict[int, set[str]]:
        changed: dict[int, set[str]] = defaultdict(set)
        for table in TABLES_OF.get(type_, ()):
            for row in self.facts[table]:
                if row[_ITEM] == item:
                    changed[row[_PATIENT]].add(table)
            self.facts[table] = [row for row in self.facts[table] if row[_ITEM] != item]
        for table in REFERENCES_OF.get(type_, ()):
            self.references[table] = [row for row in self.references[table] if row[_REFERENCE_ITEM] != item]
        self.items.discard(item)
        return changed

    def write(self) -> None:
        """Add everything gathered."""
        for table, rows in (*self.references.items(), *self.facts.items()):
            if rows:
                insert_facts(table, rows)
        insert_rows(
            table_of(MedicationMention),
            ["fact_id", "fact_table", "medication_id"],
            [(number, table, medication) for number, (table, medication) in self.mentions.items()],
        )

    def fill_medications(self) -> dict[int, set[str]]:
        """Give facts the medicine of the Medication resources they point to, whichever came first; whose changed."""
        arrived = [row[0] for row in self.references.get("medication", ())]
        if not self.mentions and not arrived:
            return {}
        mention = table_of(MedicationMention)
        found = fetch(
            f"select distinct fact_table from {mention} where {among('fact_id')} or {among('medication_id')}",
            [listed(self.mentions), listed(arrived)],
        )
        changed: dict[int, set[str]] = defaultdict(set)
        for (table,) in found:
            rows = fetch(
                f'select f.id, f.patient_id, m.code from {mention} n join "fact_{table}" f on f.id = n.fact_id'
                " join fact_medication m on m.id = n.medication_id"
                f" where n.fact_table = %s and ({among('n.fact_id')} or {among('n.medication_id')})"
                " and (f.code is null and m.code is not null or f.code <> m.code)",
                [table, listed(self.mentions), listed(arrived)],
            )
            for number, patient, code in rows:
                change(f'update "fact_{table}" set code = %s where id = %s', [code, number])
                changed[patient].add(table)
        return changed
