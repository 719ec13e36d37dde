"""Cases of quality measures: invented patients, and in which populations each of them counts.

``rules/measures/<measure>.cases.yaml`` lies beside the measure. Patients are written as in the cases of rules (see
docs/how-to/write-a-rule.md); a code ``set:office`` is in the value set ``office`` and no other, so cases hold no code
of a licensed system. ``expect`` lists the populations a patient is in: ``{ann: [initial_population, denominator]}``,
``ann: {2: [...]}`` by rate, and counts for a measure of visits: ``ann: {initial_population: 2}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from beforehand.clinical.times import day_of
from beforehand.clinical.valuesets import Member, ValueSetText
from beforehand.lookahead.case_patients import CaseWriter
from beforehand.lookahead.engines.binding import Places
from beforehand.lookahead.engines.duckdb import HOUSE, DuckEngine
from beforehand.lookahead.engines.memory import MemoryHouse, stored_tables
from beforehand.lookahead.engines.relations import stored_below
from beforehand.lookahead.engines.rows import RowEngine, last_second
from beforehand.lookahead.errors import RuleError
from beforehand.lookahead.measures import Measure
from beforehand.lookahead.rule import PlainLoader

PLACES = Places(":day", ":at", "{column} = :pid", "main.patient", {}, ":first")
Counts = dict[tuple[int, str], int]


def invented_sets(measure: Measure) -> dict[str, ValueSetText]:
    """Each value set the measure names, holding one invented code of its own."""
    return {
        name: ValueSetText(name, name, "invented", "ours", (Member("set", name, name),), "")
        for name in measure.value_sets()
    }


def read_cases(measure: Measure) -> list[Mapping[str, Any]]:
    """The cases beside a measure."""
    path = measure.path.with_name(f"{measure.path.stem}.cases.yaml")
    if not path.is_file():
        raise RuleError(path.name, 1, "a measure has a file of cases beside it; see lookahead/measure_cases.py")
    content = yaml.load(path.read_text(encoding="utf-8"), PlainLoader)  # noqa: S506  PlainLoader is a SafeLoader
    if not isinstance(content, dict) or not isinstance(content.get("cases"), list):
        raise RuleError(path.name, 1, "begins with cases:")
    return list(content["cases"])


class LoadedMeasure:
    """A measure's cases in a house in memory."""

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        self.cases = read_cases(measure)
        self.house = MemoryHouse()
        RowEngine(self.house.connection)  # plans as the row engine does: see there
        self.writer = CaseWriter(f"{measure.path.stem}.cases.yaml", invented_sets(measure))
        for case in self.cases:
            if not case.get("name") or not case.get("period"):
                what = "a case has a name, a period: [first day, last day], patients, expect"
                raise RuleError(self.writer.file_name, 1, what)
            self.writer.add(str(case["name"]), 1, case)
        for table, rows in self.writer.rows().items():
            self.house.insert(table, rows)
        every = [day for case in self.cases for day in period_of(case)] + self.writer.days()
        every += sorted(self.writer.births())
        self.house.set_calendar(min(every) - 4_000, max(every) + 4_000)

    def patients(self) -> Iterator[tuple[Mapping[str, Any], str, dict[str, int]]]:
        """Each patient of each case, with the values a run for them takes."""
        for case in self.cases:
            first, last = period_of(case)
            for name in case.get("patients") or {}:
                number = self.writer.patient_id(str(case["name"]), name)
                yield case, name, {"pid": number, "day": last, "at": last_second(last), "first": first}

    def counts(self, measure: Measure, values: Mapping[str, int]) -> Counts:
        """Where a measure (or a changed one) counts a patient, on SQLite."""
        return counted(measure, self.house.execute(measure.statement(PLACES), dict(values)))


def period_of(case: Mapping[str, Any]) -> tuple[int, int]:
    """The first and last day of a case's period."""
    first, last = (day_of(date.fromisoformat(str(end))) for end in case["period"])
    return first, last


def case_failures(measure: Measure, loaded: LoadedMeasure | None = None) -> Iterator[str]:
    """Where the measure counts somebody otherwise than expected; and populations that no case speaks of."""
    loaded = loaded or LoadedMeasure(measure)
    file, spoken = loaded.writer.file_name, set()
    for case, patient, values in loaded.patients():
        found = loaded.counts(measure, values)
        wanted = expected(measure, (case.get("expect") or {}).get(patient))
        spoken |= {population for _, population in wanted}
        if found != wanted:
            yield f"{file}: case {case['name']!r}: {patient} is in {found}, expected {wanted}"
    for population in measure.populations:
        if population not in spoken:
            yield f"{file}: no case expects anybody in {population}"


def disagreements(measure: Measure) -> Iterator[str]:
    """Where DuckDB, asked of all patients of a case at once, counts one otherwise than SQLite does one by one."""
    loaded = LoadedMeasure(measure)
    below = stored_below(measure.shape.tables)
    with TemporaryDirectory(prefix="beforehand-measures-") as folder, DuckEngine(threads=1) as duck:
        file = Path(folder) / "cases.db"
        file.write_bytes(loaded.house.connection.serialize())
        duck.attach("sqlite", str(file))
        for table in stored_tables():
            if table.removeprefix("fact_").removeprefix("k_") in below:
                duck.connection.execute(f"create table {table} as select * from {HOUSE}.{table}")  # noqa: S608
        for case in loaded.cases:
            told = [values for one, _, values in loaded.patients() if one is case]
            if not told:
                continue
            day, first = str(told[0]["day"]), str(told[0]["first"])
            whose = f"{{column}} between {told[0]['pid']} and {told[-1]['pid']}"
            places = Places(day, str(told[0]["at"]), whose, "main.patient", {}, first)
            by_patient: dict[int, list[Sequence[Any]]] = {}
            for row in duck.rows(measure.statement(places)):
                by_patient.setdefault(row[0], []).append(row)
            for values in told:
                if counted(measure, by_patient.get(values["pid"], [])) != loaded.counts(measure, values):
                    yield f"{loaded.writer.file_name}: case {case['name']!r}: DuckDB counts a patient otherwise"


def counted(measure: Measure, rows: Iterable[Sequence[Any]]) -> Counts:
    """How many rows are in each population of each rate; what nobody is in is left out."""
    counts: Counts = {}
    for values in rows:
        row = dict(zip(measure.shape.columns, values, strict=True))
        for name in measure.populations:
            if row[name]:
                key = (int(row.get("rate", 1)), name)
                counts[key] = counts.get(key, 0) + 1
    return counts


def expected(measure: Measure, stated: Any) -> Counts:
    """What a case expects, in the form of ``counted``."""
    if not stated:
        return {}
    by_rate = stated if isinstance(stated, dict) and all(str(key).isdigit() for key in stated) else {1: stated}
    counts: Counts = {}
    for rate, populations in by_rate.items():
        listed = populations if isinstance(populations, dict) else dict.fromkeys(populations, 1)
        for name, count in listed.items():
            if name not in measure.populations:
                raise RuleError(measure.path.name, 1, f"a case expects {name}, which the measure has not")
            if int(count):
                counts[int(rate), name] = int(count)
    return counts


def measure_files(places: list[Path]) -> list[Path]:
    """The measures among the given files and folders."""
    found = [path for place in places for path in ([place] if place.is_file() else sorted(place.rglob("*.sql")))]
    return [path for path in found if path.suffix == ".sql" and path.parent.name == "measures"]
