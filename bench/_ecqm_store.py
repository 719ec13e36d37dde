"""A store for one test patient: the bundle goes through the FHIR connector and mapping into a house in memory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from beforehand.clinical.calendar import FIRST_YEAR
from beforehand.clinical.codes import token_of
from beforehand.clinical.columns import REFERENCE_COLUMNS
from beforehand.clinical.fhir import Mapped, MappingError, map_resource, value_columns
from beforehand.clinical.tables import ALL, REFERENCES
from beforehand.clinical.times import day_of
from beforehand.intake.connectors.fhir.connector import items
from beforehand.lookahead.engines.memory import MemoryHouse, stored_tables

SOURCE = 1
_LITERAL = re.compile(r"(?:^|/)([A-Z][A-Za-z]{2,39})/([^/?#]+)(?:/_history/[^/]*)?$")
Pairs = frozenset[tuple[str, str]]
Key = tuple[str, str]


class _Context:
    """Identities and concepts of one store."""

    zone = "UTC"

    def __init__(self, store: CaseStore) -> None:
        self.store = store
        self.own_id = 0
        self.ids: dict[Key, int] = {}
        self.urls: dict[str, Key] = {}

    def of(self, key: Key) -> int:
        return self.ids.setdefault(key, len(self.ids) + 1)

    def ref(self, reference: Any) -> int | None:
        address = reference if isinstance(reference, str) else (reference or {}).get("reference")
        if not address or address.startswith("#"):
            return None
        if address in self.urls:
            return self.of(self.urls[address])
        found = _LITERAL.search(address)
        return self.of((found[1], found[2])) if found else self.of(("", address))

    def concept(self, codeable: Any) -> int | None:
        return self.store.concept(codeable)


class CaseStore:
    """One patient at a time, with the value sets of one measure's deck."""

    def __init__(self) -> None:
        self.house = MemoryHouse()
        self.house.connection.execute("pragma automatic_index = off")
        self.house.set_calendar(*_whole_calendar())
        self.set_aside: list[str] = []
        self._sets: Mapping[str, Pairs] = {}
        self._concepts: dict[tuple[Any, ...], int] = {}

    def use(self, sets: Mapping[str, Pairs]) -> None:
        """From now on concepts fall into these value sets."""
        self._sets = sets
        self._concepts = {}
        self.house.connection.execute("delete from value_set_code")

    def concept(self, codeable: Any) -> int | None:
        """The number of a coded meaning, with the value sets it is in."""
        if not codeable:
            return None
        codings = codeable.get("coding")
        if codings is None:
            codings = [codeable] if "code" in codeable else []
        pairs = frozenset((token_of(c.get("system") or ""), str(c["code"])) for c in codings if c.get("code"))
        key = (pairs, "" if pairs else codeable.get("text"))
        if not pairs and not key[1]:
            return None
        number = self._concepts.get(key)
        if number is None:
            number = self._concepts[key] = len(self._concepts) + 1
            members = [(name, number) for name, codes in self._sets.items() if pairs & codes]
            self.house.insert("value_set_code", members)
        return number

    def load(self, bundle: Mapping[str, Any]) -> list[int]:
        """Empty the store, then take in a bundle; the people in it."""
        if self.house.connection.in_transaction:  # the case before broke off
            self.house.connection.rollback()
        for table in stored_tables():
            if table.startswith("fact_") or table == "patient":
                self.house.connection.execute(f"delete from {table}")
        self.set_aside = []
        context = _Context(self)
        found = [item for item in items(orjson.dumps(bundle)) if item.resource is not None]
        keys: list[Key] = []
        for place, item in enumerate(found):
            key = (str(item.resource["resourceType"]), str(item.resource.get("id") or item.full_url))
            if key in keys:  # two resources of one id are two all the same, as for an engine that reads the bundle
                key = (key[0], f"{key[1]} again at {place}")
            keys.append(key)
            if item.full_url:
                context.urls.setdefault(item.full_url, key)
        rows: dict[str, list[list[Any]]] = {}
        waiting: list[tuple[list[Any], int]] = []
        medicines: dict[int, int | None] = {}
        last = _Numbers(context)
        for item, key in zip(found, keys, strict=True):
            resource = item.resource
            own = context.of(key)
            context.own_id = own
            try:
                mapped = map_resource(resource, context)
            except MappingError as error:
                self.set_aside.append(f"{error.place}: {error.reason}")
                continue
            self._place(mapped, own, context, last, rows, waiting, medicines)
        for row, medicine in waiting:
            table = ALL[str(row[0])]
            names = [stored.name for stored in table.physical()]
            row[1][names.index("code")] = medicines.get(medicine)
        self._adopt(rows)
        for table_name, values in rows.items():
            self.house.insert(f"fact_{table_name}", values)
        return self._people(rows.get("patient_record", []))

    def _place(
        self,
        mapped: Mapped,
        own: int,
        context: _Context,
        last: _Numbers,
        rows: dict[str, list[list[Any]]],
        waiting: list[Any],
        medicines: dict[int, int | None],
    ) -> None:
        if mapped.withdrawn:
            return
        for place, (table, fragment, values) in enumerate(mapped.rows):
            number = last.next() if fragment else own
            if table in REFERENCES:
                assert len(REFERENCE_COLUMNS) == 3
                row = [number, SOURCE, own, *values]
                if table == "medication":
                    medicines[own] = values[value_columns(table).index("code")]
            else:
                person = own if table == "patient_record" else context.ref(mapped.patient) or 0
                row = [number, person, person, SOURCE, own, number, mapped.sensitivity, *values]
            rows.setdefault(table, []).append(row)
            if place == 0 and mapped.medication is not None:
                waiting.append(([table, row], context.ref(mapped.medication) or 0))  # type: ignore[list-item]

    def _adopt(self, rows: dict[str, list[list[Any]]]) -> None:
        """A deck's bundle is one patient's: what names a patient nowhere in it (some cases misspell theirs) is theirs.

        Intake itself would keep such facts waiting for the patient they name.
        """
        people = [record[0] for record in rows.get("patient_record", [])]
        if len(people) != 1:
            return
        for table, listed in rows.items():
            for row in listed if table not in REFERENCES else ():
                row[1] = row[2] = people[0]

    def _people(self, records: list[list[Any]]) -> list[int]:
        names = [stored.name for stored in ALL["patient_record"].physical()]
        for record in records:
            said = dict(zip(names, record, strict=True))
            row = [said["id"], said["birth_from_day"], said["birth_to_day"], said["sex"], said["is_deceased"]]
            row += [said["deceased_from_day"], said["deceased_to_day"], said["language"], said["needs_interpreter"]]
            self.house.insert("patient", [[*row, 1, None, 0]])
        return [int(record[0]) for record in records]


class _Numbers:
    """Identities of the parts of resources, apart from those of resources."""

    def __init__(self, context: _Context) -> None:
        self.context = context
        self.count = 0

    def next(self) -> int:
        self.count += 1
        return 1_000_000 + self.count


def _whole_calendar() -> tuple[int, int]:
    from datetime import date

    return day_of(date(FIRST_YEAR, 1, 1)), day_of(date(2100, 12, 31))
