"""Facts that another warehouse made, as Parquet in our tables' shape, to pieces: checked, numbered, counted.

One file or folder a table, ``<table>.parquet``, with stored columns by name (docs/reference/clinical-tables.md);
what is left out is NULL. Identities may be text of the sender's own; a concept is text ``system:code``; a clinical
time ``x`` may be given as one DATE column ``x``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from beforehand.clinical.columns import Column, Kind, Physical, Table
from beforehand.clinical.tables import ALL
from beforehand.doors.bulk.reading import OWN, SOURCE, Outcome, number_of
from beforehand.lookahead.engines.duckdb import TYPES, DuckEngine
from beforehand.lookahead.errors import LookaheadError
from beforehand.record.concepts import digest_of

_EPOCH = "date '1970-01-01'"
_ASSUMED = {"source_id": str(SOURCE), "item_id": "0", "sensitivity": "''"}


class ParquetError(LookaheadError):
    """A table cannot be read: it has a column we do not know, or lacks one that names its rows."""


def is_parquet(export: Path) -> bool:
    """Whether an export holds tables rather than FHIR."""
    return export.is_dir() and any(export.glob("*.parquet"))


def read_tables(duck: DuckEngine, export: Path, pieces: Path) -> Outcome:
    """Turn every table of the export into pieces for the merge."""
    found = {path.name.removesuffix(".parquet"): path for path in sorted(export.glob("*.parquet"))}
    if unknown := sorted(set(found) - set(ALL)):
        raise ParquetError(f"there is no table {', '.join(unknown)}; docs/reference/clinical-tables.md lists them")
    if "patient_record" not in found:
        raise ParquetError("patient_record.parquet is lacking: it says who the people are")
    outcome = Outcome()
    given = [_Given(duck, ALL[name], path) for name, path in found.items()]
    _number_concepts(duck, given, outcome)
    for one in given:
        outcome.read += sum(file.stat().st_size for file in one.files())
        one.write(pieces, outcome)
    return outcome


class _Given:
    """One table as it was given."""

    def __init__(self, duck: DuckEngine, table: Table, path: Path) -> None:
        self.duck, self.table, self.path = duck, table, path
        where = f"{path}/**/*.parquet" if path.is_dir() else str(path)
        self.source = "read_parquet('" + where.replace("'", "''") + "')"
        described = duck.rows(f"describe select * from {self.source}")  # noqa: S608
        self.types = {str(row[0]): str(row[1]) for row in described}
        lacking = {"id", *(["patient_id"] if not table.reference else [])} - set(self.types)
        if lacking:
            raise ParquetError(f"{path.name} lacks {', '.join(sorted(lacking))}")
        allowed = {one.name for one in table.physical()} | {
            column.name for column in table.columns if column.kind is Kind.WHEN
        }
        if unknown := sorted(set(self.types) - allowed):
            raise ParquetError(f"{path.name} has columns we do not know: {', '.join(unknown)}")

    def files(self) -> list[Path]:
        """The files of the table."""
        return sorted(self.path.rglob("*.parquet")) if self.path.is_dir() else [self.path]

    def concepts(self) -> Iterator[str]:
        """Its columns that hold concepts as text."""
        for column in self.table.columns:
            if column.kind is Kind.CONCEPT and column.name in self.types:
                if self.types[column.name] != "VARCHAR":
                    raise ParquetError(f"{self.path.name}: {column.name} is a concept, given as text system:code")
                yield column.name

    def write(self, pieces: Path, outcome: Outcome) -> None:
        """Write the rows that can be read as a piece; count the others by what is wrong with them."""
        columns = {name: text for column in self.table.all_columns() for name, text in self._columns(column)}
        wrong = [f"{name} is null" for name in ("id", "patient_id") if name in columns]
        wrong += [f"{name} is not null and {text} is null" for name, text in columns.items() if name in self.types]
        rows = self.duck.one(f"select count(*) from {self.source}")  # noqa: S608
        refused = 0
        for condition in wrong:
            earlier = "".join(f" and not ({one})" for one in wrong[: wrong.index(condition)])
            if count := self.duck.one(f"select count(*) from {self.source} where ({condition}){earlier}"):  # noqa: S608
                refused += count
                name = condition.split()[0]
                why = "it is empty" if condition.endswith(f"{name} is null") else "it is not of the column's type"
                outcome.refused[f"{self.table.name} {name}", why] += count
        outcome.received += rows
        outcome.applied += rows - refused
        outcome.resources[self.table.fhir] += rows - refused
        listed = ", ".join(f"{text} as {name}" for name, text in columns.items())
        own = dict.fromkeys(OWN, "cast(null as bigint)") | {"resource_id": columns["id"], "version": "0"}
        listed += "".join(f", cast({text} as bigint) as {name}" for name, text in own.items())
        sound = " and ".join(f"not ({condition})" for condition in wrong)
        folder = pieces / self.table.name
        folder.mkdir(mode=0o700)
        target = str(folder / "given.parquet").replace("'", "''")
        self.duck.connection.execute(
            f"copy (select {listed} from {self.source} where {sound}) to '{target}' (format parquet)"  # noqa: S608
        )

    def _columns(self, column: Column) -> Iterator[tuple[str, str]]:
        """Each stored column and the expression that gives it."""
        if column.kind is Kind.WHEN and column.name in self.types:
            day = f"cast(try_cast({column.name} as date) - {_EPOCH} as bigint)"
            yield f"{column.name}_from_day", day
            yield f"{column.name}_to_day", day
            yield f"{column.name}_at", "cast(null as bigint)"
            yield f"{column.name}_zone", "cast(null as varchar)"
            yield f"{column.name}_precision", f"case when {column.name} is not null then 'day' end"
            return
        for stored in column.physical():
            name, kind = stored.name, TYPES[stored.type]
            if name not in self.types:
                yield name, self._assumed(name, kind)
            elif column.kind is Kind.CONCEPT:
                yield name, f"(select c.number from concept_text c where c.text = {name})"  # noqa: S608
            elif (
                stored.type is Physical.INTEGER and self.types[name] == "VARCHAR" and column.kind in (Kind.ID, Kind.REF)
            ):
                yield name, _numbered(self._of(column), name)
            else:
                yield name, f"try_cast({name} as {kind})"

    def _assumed(self, name: str, kind: str) -> str:
        if name in ("person_record_id", "same_as"):
            other = "patient_id" if name == "person_record_id" else "id"
            return next(text for own, text in self._columns(self.table.column(other)) if own == other)
        return _ASSUMED.get(name, f"cast(null as {kind})")

    def _of(self, column: Column) -> str:
        """The type of resource that an identity names."""
        if column.name in ("patient_id", "person_record_id"):
            return "Patient"
        return ALL[column.to].fhir if column.to in ALL else self.table.fhir


def _numbered(of: str, name: str) -> str:
    return f"cast(md5_number_lower('{of}' || chr(31) || {name}) >> 1 as bigint)"


def _number_concepts(duck: DuckEngine, given: list[_Given], outcome: Outcome) -> None:
    """Number every coded meaning of the tables, as the reading of FHIR does."""
    duck.connection.execute("create table concept_text (text varchar, number bigint)")
    parts = [f"select {name} as text from {one.source}" for one in given for name in one.concepts()]  # noqa: S608
    if not parts:
        return
    every = " union all ".join(parts)
    texts = [str(row[0]) for row in duck.rows(f"select distinct text from ({every}) where text <> ''")]  # noqa: S608
    rows: list[tuple[str, int]] = []
    for text in texts:
        system, _, code = text.rpartition(":")
        if system and code:
            number = number_of("concept", digest_of({(system, code)}))
            outcome.concepts[number] = (((system, code, ""),), "")
            rows.append((text, number))
    if rows:
        duck.connection.executemany("insert into concept_text values (?, ?)", rows)
