"""A small house in memory: the engine's tables in SQLite, made from ``clinical.tables``; for cases and tests."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from beforehand.clinical import calendar, knowledge
from beforehand.clinical.columns import Physical, Stored
from beforehand.clinical.tables import ALL, FACTS, REFERENCES
from beforehand.lookahead.engines.binding import Places, patient_index

PATIENT_STORED = (
    Stored("id", Physical.INTEGER, True, "the person"),
    Stored("birth_from_day", Physical.INTEGER, False, "first day of birth it can be"),
    Stored("birth_to_day", Physical.INTEGER, False, "last day of birth it can be"),
    Stored("sex", Physical.TEXT, False, "administrative gender"),
    Stored("is_deceased", Physical.INTEGER, True, "1 when dead"),
    Stored("deceased_from_day", Physical.INTEGER, False, "first day of death it can be"),
    Stored("deceased_to_day", Physical.INTEGER, False, "last day of death it can be"),
    Stored("language", Physical.INTEGER, False, "concept of the language"),
    Stored("needs_interpreter", Physical.INTEGER, False, "1 when an interpreter is needed"),
    Stored("calendar_id", Physical.INTEGER, True, "whose holidays"),
    Stored("merged_into_id", Physical.INTEGER, False, "set while no person record points here"),
    Stored("changed_seq", Physical.INTEGER, True, "rises with each change"),
)
VALUE_SET_STORED = (
    Stored("value_set", Physical.TEXT, True, "name of the set"),
    Stored("code", Physical.INTEGER, True, "concept in it"),
)
SOURCE_STORED = (
    Stored("id", Physical.INTEGER, True, "the source"),
    Stored("name", Physical.TEXT, True, "its name"),
    Stored("label", Physical.TEXT, False, "its name as people know it"),
)
Values = Sequence[object]


def stored_tables() -> dict[str, tuple[Stored, ...]]:
    """Every stored table of the engine's house, with its physical name."""
    tables = {f"fact_{name}": table.physical() for name, table in ALL.items()}
    tables |= {f"k_{name}": relation.columns for name, relation in knowledge.RELATIONS.items()}
    tables |= {"patient": PATIENT_STORED, "value_set_code": VALUE_SET_STORED}
    return tables | {"source": SOURCE_STORED, "calendar": calendar.COLUMNS}


def shared_tables() -> dict[str, tuple[Stored, ...]]:
    """The stored tables that are the same for all patients, by their stored name."""
    tables = {
        "calendar": calendar.COLUMNS,
        "value_set_code": VALUE_SET_STORED,
        "source": SOURCE_STORED,
    }
    tables |= {f"k_{name}": relation.columns for name, relation in knowledge.RELATIONS.items()}
    return tables | {f"fact_{name}": table.physical() for name, table in REFERENCES.items()}


def indexes() -> list[tuple[str, str, tuple[str, ...]]]:
    """Name, table and columns of each index the engines count on."""
    found = []
    for name, table in FACTS.items():
        code, time = table.by
        columns = ["patient_id", *([code] if code else []), *([f"{time}_from_day"] if time else [])]
        found.append((patient_index(name), f"fact_{name}", tuple(columns)))
    found += [(f"k_by_{name}", f"k_{name}", relation.index) for name, relation in knowledge.RELATIONS.items()]
    # The day comes first: SQLite then finds it by index without statistics. Given statistics, it sometimes reads a
    # whole calendar for one patient to build a Bloom filter (8 ms), so a house on SQLite is never analyzed.
    found.append(("calendar_by_day", "calendar", ("day", "calendar_id")))
    found.append(("calendar_by_month", "calendar", ("month_index", "day_of_month", "calendar_id")))
    found.append(("calendar_by_business", "calendar", ("business_index", "is_business", "calendar_id")))
    found.append(("value_set_code_by_code", "value_set_code", ("code", "value_set")))
    found.append(("value_set_code_by_set", "value_set_code", ("value_set", "code")))
    return found


@lru_cache(maxsize=1)
def federal_calendar() -> list[calendar.CalendarRow]:
    """Every day of calendar 1, in order."""
    return list(calendar.calendar_rows())


class MemoryHouse:
    """A SQLite database with the engine's tables, empty; in memory unless a file is named."""

    def __init__(self, place: str = ":memory:") -> None:
        self.connection = sqlite3.connect(place, cached_statements=256, check_same_thread=False)
        self.connection.isolation_level = None
        for table, columns in stored_tables().items():
            key = " primary key" if table.startswith("fact_") or table == "patient" else ""
            parts = [f"{c.name} {c.type.value}{key if c.name == 'id' else ''}" for c in columns]
            self.connection.execute(f"create table {table} ({', '.join(parts)})")
        for name, table, by in indexes():
            self.connection.execute(f"create index {name} on {table} ({', '.join(by)})")
        self._loaded: set[str] = set()

    def set_calendar(self, first_day: int, last_day: int, also: Collection[int] = ()) -> None:
        """Show the federal calendar from a day to another, and single days with their anniversaries, such as births.

        A small calendar keeps cases fast; anniversaries let a rule come to a 45th birthday or ten years after a test.
        """
        rows = federal_calendar()
        dates = {rows[day - rows[0][1]][3:5] for day in also}
        dates |= {(month, 1) for month, _ in dates}  # months are counted by their first day
        clamped = {(month, of_month) for month, of_month in dates if of_month > 28}

        def is_wanted(row: calendar.CalendarRow) -> bool:
            if first_day <= row[1] <= last_day or row[3:5] in dates:
                return True
            is_last = row[4] == row[5]
            return is_last and any(month == row[3] and of_month > row[4] for month, of_month in clamped)

        wanted = [row for row in rows if is_wanted(row)]
        self.connection.execute("delete from calendar where calendar_id = ?", (calendar.FEDERAL,))
        self.insert("calendar", wanted)

    def insert(self, table: str, rows: Iterable[Values]) -> None:
        """Put rows, given in the order of the stored columns, into a stored table."""
        width = len(stored_tables()[table])
        marks = ", ".join("?" * width)
        self.connection.execute("begin")
        self.connection.executemany(f"insert into {table} values ({marks})", rows)  # noqa: S608  our own names
        self.connection.execute("commit")

    def empty(self) -> None:
        """Forget all patients, facts, value sets and what knowledge says of concepts; static knowledge stays."""
        gone = [table for table in stored_tables() if table.startswith("fact_")]
        gone += [f"k_{name}" for name, relation in knowledge.RELATIONS.items() if relation.by_concept]
        for table in (*gone, "patient", "value_set_code", "source"):
            self.connection.execute(f"delete from {table}")  # noqa: S608  our own names
        self.connection.execute("delete from calendar")

    def load_knowledge(self, names: Iterable[str], concepts: Sequence[knowledge.ConceptCodings]) -> None:
        """Make the shipped knowledge visible: static relations once, those by concept for the given concepts."""
        for name in names:
            relation = knowledge.RELATIONS[name]
            if relation.by_concept:
                self.insert(f"k_{name}", knowledge.rows(name, concepts))
            elif name not in self._loaded:
                self._loaded.add(name)
                self.insert(f"k_{name}", knowledge.rows(name))

    def execute(self, statement: str, values: dict[str, int], *, patience: int = 0) -> list[tuple[object, ...]]:
        """Run a bound statement; with ``patience``, give up (sqlite3.OperationalError) after so many thousand steps."""
        if patience:
            left = iter(range(patience))
            self.connection.set_progress_handler(lambda: next(left, None) is None, 1000)
        try:
            return self.connection.execute(statement, values).fetchall()
        finally:
            if patience:
                self.connection.set_progress_handler(None, 0)


def places_between(stored: dict[str, str] | None = None) -> Places:
    """Places for a run over the patients numbered :low to :high."""
    return Places(":day", ":at", "{column} between :low and :high", "main.patient", stored or {})
