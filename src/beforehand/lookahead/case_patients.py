"""The invented patients of cases: from YAML to rows of the engine's tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from beforehand.clinical.calendar import FEDERAL
from beforehand.clinical.columns import Column, Kind
from beforehand.clinical.knowledge import ConceptCodings
from beforehand.clinical.tables import ALL, FACTS, REFERENCES
from beforehand.clinical.times import WhenError, parse_when
from beforehand.clinical.valuesets import ValueSetText
from beforehand.lookahead.engines.possible import Vague, times_of
from beforehand.lookahead.errors import RuleError

_QUANTITY = re.compile(r"(-?[0-9.]+)\s*(.*)\Z")
_PATIENT_KEYS = {"birth", "sex", "deceased", "language", "needs_interpreter", "calendar_id"}


class CaseWriter:
    """Gathers the rows of all cases of a rule; every case has labels of its own."""

    def __init__(self, file_name: str, value_sets: Mapping[str, ValueSetText], after: int = 0) -> None:
        self.file_name = file_name
        self.after = after  # every number is larger, so that the cases of several rules can share a house
        self.last_patient = after
        self._last_id = after + 100_000
        self._pairs = {name: one.pairs() for name, one in value_sets.items()}
        self._patients: dict[tuple[str, str], int] = {}
        self._labels: dict[str, dict[str, int]] = {}
        self._concepts: dict[tuple[tuple[str, str, str], ...], int] = {}
        self._sources: dict[str, int] = {"case": after + 1}
        self._rows: dict[str, list[list[object]]] = {}

    def add(self, case: str, line: int, body: Mapping[str, Any]) -> None:
        """Add one case's people and facts."""
        if case in self._labels:
            raise RuleError(self.file_name, line, f"two cases are called {case!r}")
        self._labels[case] = {}
        for table, rows in (body.get("references") or {}).items():
            if table not in REFERENCES:
                raise RuleError(self.file_name, line, f"case {case!r}: there is no reference table {table}")
            for row in rows:
                self._fact(case, line, table, row, None)
        for name, tables in (body.get("patients") or {}).items():
            self.last_patient += 1
            self._patients[(case, name)] = self.last_patient
            tables = tables or {}
            self._person(case, line, tables.get("patient") or {})
            for table, rows in tables.items():
                if table == "patient":
                    continue
                if table not in FACTS:
                    raise RuleError(self.file_name, line, f"case {case!r}: there is no fact table {table}")
                for row in rows or ():
                    self._fact(case, line, table, row, self.last_patient)

    def _person(self, case: str, line: int, stated: Mapping[str, Any]) -> None:
        if unknown := set(stated) - _PATIENT_KEYS:
            raise RuleError(self.file_name, line, f"case {case!r}: a patient has no {sorted(unknown)}")
        birth = self._when(stated.get("birth"), line)
        dead = stated.get("deceased")
        death = self._when(None if isinstance(dead, bool) else dead, line)
        language = self.concept(stated["language"], line) if stated.get("language") else None
        row: list[object] = [
            self.last_patient,
            birth[0],
            birth[1],
            stated.get("sex"),
            int(bool(dead)),
            death[0],
            death[1],
        ]
        calendar_id = self.calendar_id(int(stated.get("calendar_id", FEDERAL)))
        row += [language, _whole(stated.get("needs_interpreter")), calendar_id, None, 0]
        self._rows.setdefault("patient", []).append(row)

    def _fact(self, case: str, line: int, table: str, stated: Mapping[str, Any], patient: int | None) -> None:
        statement = ALL[table]
        values: dict[str, object] = {}
        given = dict(stated)
        own = self.label_id(case, str(given.pop("id"))) if "id" in given else self._next_id()
        source = str(given.pop("source", "case"))
        leader = given.pop("same_as", None)
        values["id"], values["item_id"] = own, 0
        values["source_id"] = self._sources.setdefault(source, self.after + len(self._sources) + 1)
        if patient is not None:
            values |= {"patient_id": patient, "person_record_id": patient, "sensitivity": given.pop("sensitivity", "")}
            values["same_as"] = own if leader is None else self.label_id(case, str(leader))
        stored = {one.name for one in statement.physical()}
        for name, value in given.items():
            try:
                column = statement.column(name)
            except KeyError:
                if name not in stored:
                    raise RuleError(self.file_name, line, f"case {case!r}: {table} has no column {name}") from None
                values[name] = value
                continue
            values |= self._stored(case, line, column, value)
        if any(one.name == "status" for one in statement.physical()) and "status" not in values:
            raise RuleError(self.file_name, line, f"case {case!r}: say the status of each {table}")
        self._rows.setdefault(f"fact_{table}", []).append([values.get(one.name) for one in statement.physical()])

    def _stored(self, case: str, line: int, column: Column, value: Any) -> dict[str, object]:
        if value is None:
            return {}
        name = column.name
        if column.kind is Kind.WHEN:
            return dict(zip((one.name for one in column.physical()), self._when(value, line), strict=True))
        if column.kind is Kind.QUANTITY:
            return self._quantity(case, line, name, str(value))
        if column.kind is Kind.CONCEPT:
            return {name: self.concept(value, line)}
        if column.kind is Kind.REF:
            return {name: self.label_id(case, str(value))}
        if column.kind in (Kind.STATUS, Kind.KEY, Kind.TEXT):
            if column.values and str(value) not in column.values:
                raise RuleError(self.file_name, line, f"case {case!r}: {name} is one of {', '.join(column.values)}")
            return {name: str(value)}
        return {name: _whole(value)}

    def _when(self, value: Any, line: int) -> Sequence[object]:
        if value is None:
            return (None, None, None, None, None)
        try:
            return parse_when(str(value))
        except WhenError as error:
            raise RuleError(self.file_name, line, f"{value!r}: {error}") from error

    def _quantity(self, case: str, line: int, name: str, value: str) -> dict[str, object]:
        found = _QUANTITY.match(value)
        try:
            if found is None:
                raise InvalidOperation
            number = Decimal(found.group(1))
        except InvalidOperation:
            raise RuleError(self.file_name, line, f"case {case!r}: {name} is a number and a unit: '9.1 %'") from None
        micro = int((number * 1_000_000).to_integral_value())
        return {f"{name}_micro": micro, f"{name}_unit": found.group(2).strip() or None, f"{name}_text": found.group(1)}

    def concept(self, value: Any, line: int) -> int:
        """The number of a concept given as ``system:code words`` or a list of them; ``text:words`` has no code."""
        codings = []
        for one in value if isinstance(value, list) else [value]:
            code, _, words = str(one).partition(" ")
            system, _, code = code.rpartition(":")
            if str(one).startswith("text:"):
                codings.append(("text", "", str(one).removeprefix("text:")))
            elif not system or not code:
                raise RuleError(self.file_name, line, f"{one!r} is not system:code, such as loinc:4548-4")
            else:
                codings.append((system, code, words))
        return self._concepts.setdefault(tuple(codings), self.after + len(self._concepts) + 1)

    def calendar_id(self, stated: int) -> int:
        """The number of a calendar: the federal one is the same for all, the others are these cases' own."""
        return stated if stated == FEDERAL else self.after + stated

    def concept_codings(self) -> list[ConceptCodings]:
        """Every concept of these cases with its codings."""
        found = []
        for codings, number in self._concepts.items():
            coded = tuple(coding for coding in codings if coding[0] != "text")
            found.append(ConceptCodings(number, coded, codings[0][2]))
        return found

    def label_id(self, case: str, label: str) -> int:
        """The whole number behind a label of a case; allotted at first mention, like any identity."""
        labels = self._labels[case]
        if label not in labels:
            labels[label] = self._next_id()
        return labels[label]

    def labels(self, case: str) -> Mapping[str, int]:
        """The labels of a case and the numbers behind them."""
        return self._labels[case]

    def with_labels(self, case: str, text: str) -> str:
        """The text with each ``{label}`` replaced by its number."""
        return re.sub(r"\{(\w+)\}", lambda found: str(self.label_id(case, found.group(1))), text)

    def patient_id(self, case: str, name: str) -> int:
        """The number of a case's patient."""
        return self._patients[(case, name)]

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def births(self) -> set[int]:
        """The days on which the cases' people were born or died."""
        return {
            day for row in self._rows.get("patient", ()) for day in (row[1], row[2], row[5]) if isinstance(day, int)
        }

    def vague(self) -> dict[int, Vague]:
        """Which times are not known to the day, of each person who has such."""
        ranges: dict[int, dict[str, list[tuple[int, int]]]] = {}
        days: dict[int, dict[str, set[int]]] = {}
        for table, rows in self._rows.items():
            if (name := table.removeprefix("fact_")) in FACTS:
                place = {one.name: number for number, one in enumerate(FACTS[name].physical())}
                for time in times_of(name):
                    for row in rows:
                        first, last = row[place[f"{time}_from_day"]], row[place[f"{time}_to_day"]]
                        if isinstance(first, int) and isinstance(last, int):
                            whose = int(str(row[place["patient_id"]]))
                            if first < last:
                                ranges.setdefault(whose, {}).setdefault(name, []).append((first, last))
                            else:
                                days.setdefault(whose, {}).setdefault(name, set()).add(first)
        return {whose: Vague(ranges[whose], days.get(whose, {})) for whose in sorted(ranges)}

    def days(self) -> list[int]:
        """Every day that the facts of the cases speak of."""
        found = []
        for table, rows in self._rows.items():
            if table.startswith("fact_"):
                names = [one.name for one in ALL[table.removeprefix("fact_")].physical()]
                places = [number for number, name in enumerate(names) if name.endswith("_day")]
                found += [row[place] for row in rows for place in places]
        return [day for day in found if isinstance(day, int)]

    def rows(self) -> dict[str, list[list[object]]]:
        """Every row, by stored table, in the order of its stored columns."""
        members: list[list[object]] = []
        for codings, number in self._concepts.items():
            pairs = {(system, code) for system, code, _ in codings}
            members += [[name, number] for name, wanted in self._pairs.items() if pairs & wanted]
        sources: list[list[object]] = [[number, name, name] for name, number in self._sources.items()]
        return {**self._rows, "value_set_code": members, "source": sources}


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
