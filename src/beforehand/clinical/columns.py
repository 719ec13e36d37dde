"""The language in which each clinical table is stated once.

Storage (Django models), engine schemas (SQLite, PostgreSQL, DuckDB, Spark), reference docs and the
harness for rule cases all derive from these statements, so a column's meaning is written in one place.

A *column* here may be stored as several physical columns: a clinical time is five, a quantity three.
``Table.physical()`` lists what is really stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """What a column holds; decides its physical form on every engine."""

    ID = "id"  # whole number; the identity of this row's resource, the same for every version of it
    REF = "ref"  # whole number; the identity of another resource, which may not have arrived yet
    CONCEPT = "concept"  # whole number; row of the concept dictionary (a coded meaning with all its codings)
    STATUS = "status"  # one word of a closed vocabulary
    KEY = "key"  # short text that may be compared for equality, never ordered
    TEXT = "text"  # words for people; rules may show it, never compare it
    FLAG = "flag"  # 0 or 1
    WHOLE = "whole"  # whole number with a unit
    CENTS = "cents"  # money in cents of US dollars
    QUANTITY = "quantity"  # x_micro (value times 1,000,000), x_unit (UCUM), x_text (as sent)
    WHEN = "when"  # x_from_day, x_to_day, x_at, x_zone, x_precision


class Physical(Enum):
    """How a stored column is typed; each engine has its own word for it."""

    INTEGER = "integer"
    TEXT = "text"


@dataclass(frozen=True)
class Stored:
    """One physical column, with the meaning inherited from its statement."""

    name: str
    type: Physical
    required: bool
    meaning: str


@dataclass(frozen=True)
class Column:
    """One stated column: its name, kind, meaning, and whatever a reader must beware of."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    caveat: str = ""
    values: tuple[str, ...] = ()
    to: str = ""
    required: bool = False

    def physical(self) -> Iterator[Stored]:
        """The physical columns this statement is stored as."""
        if self.kind is Kind.WHEN:
            yield Stored(f"{self.name}_from_day", Physical.INTEGER, False, f"{self.meaning}; first civil day it can be")
            yield Stored(f"{self.name}_to_day", Physical.INTEGER, False, f"{self.meaning}; last civil day it can be")
            yield Stored(
                f"{self.name}_at", Physical.INTEGER, False, f"{self.meaning}; UTC seconds, if a time was given"
            )
            yield Stored(f"{self.name}_zone", Physical.TEXT, False, "the offset or zone it was meant in")
            yield Stored(f"{self.name}_precision", Physical.TEXT, False, "year, month, day, minute, second")
        elif self.kind is Kind.QUANTITY:
            yield Stored(f"{self.name}_micro", Physical.INTEGER, False, f"{self.meaning}; times 1,000,000")
            yield Stored(f"{self.name}_unit", Physical.TEXT, False, "UCUM unit as sent")
            yield Stored(f"{self.name}_text", Physical.TEXT, False, "the number as sent, digit for digit")
        else:
            textual = self.kind in (Kind.STATUS, Kind.KEY, Kind.TEXT)
            yield Stored(self.name, Physical.TEXT if textual else Physical.INTEGER, self.required, self.meaning)


@dataclass(frozen=True)
class Table:
    """One clinical table: what a row is, which FHIR resource it comes from, and its columns.

    ``by`` names the concept column and the clinical time that index it after the patient;
    ``same`` names the columns that must agree for two sources to be saying the same thing
    (a WHEN column there means "same first and last day"); ``differ`` names those which contradict where both sources
    state them and they differ, and say nothing where one leaves them out (see ``record.agreement``).
    """

    name: str
    fhir: str
    meaning: str
    columns: tuple[Column, ...]
    by: tuple[str, str] = ("", "")
    same: tuple[str, ...] = ()
    differ: tuple[str, ...] = ()
    caveat: str = ""
    reference: bool = False
    _extra: tuple[Column, ...] = field(default=(), repr=False)

    def all_columns(self) -> tuple[Column, ...]:
        """The columns every row of this sort has, then the table's own."""
        return (*(REFERENCE_COLUMNS if self.reference else FACT_COLUMNS), *self.columns)

    def physical(self) -> tuple[Stored, ...]:
        """Every stored column, in order."""
        return tuple(stored for column in self.all_columns() for stored in column.physical())

    def column(self, name: str) -> Column:
        """The stated column of that name; KeyError names the table when there is none."""
        for column in self.all_columns():
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} states no column {name}")


def ident(name: str, meaning: str) -> Column:
    return Column(name, Kind.ID, meaning, required=True)


def ref(name: str, to: str, meaning: str, caveat: str = "") -> Column:
    return Column(name, Kind.REF, meaning, to=to, caveat=caveat)


def concept(name: str, meaning: str, caveat: str = "") -> Column:
    return Column(name, Kind.CONCEPT, meaning, caveat=caveat)


def status(name: str, meaning: str, values: str, caveat: str = "") -> Column:
    return Column(name, Kind.STATUS, meaning, values=tuple(values.split()), caveat=caveat)


def key(name: str, meaning: str, caveat: str = "") -> Column:
    return Column(name, Kind.KEY, meaning, caveat=caveat)


def text(name: str, meaning: str, caveat: str = "") -> Column:
    return Column(name, Kind.TEXT, meaning, caveat=caveat)


def flag(name: str, meaning: str, caveat: str = "") -> Column:
    return Column(name, Kind.FLAG, meaning, caveat=caveat)


def whole(name: str, unit: str, meaning: str, caveat: str = "") -> Column:
    return Column(name, Kind.WHOLE, meaning, unit=unit, caveat=caveat)


def cents(name: str, meaning: str, caveat: str = "") -> Column:
    return Column(name, Kind.CENTS, meaning, unit="US cents", caveat=caveat)


def quantity(name: str, meaning: str, caveat: str = "") -> Column:
    return Column(name, Kind.QUANTITY, meaning, unit="UCUM, as sent", caveat=caveat)


def when(name: str, meaning: str, caveat: str = "") -> Column:
    return Column(name, Kind.WHEN, meaning, unit="civil days since 1970-01-01", caveat=caveat)


FACT_COLUMNS: tuple[Column, ...] = (
    ident("id", "identity of the resource this row states, the same for all its versions"),
    Column(
        "patient_id", Kind.ID, "the one person it is about; derived from the source's own person record", required=True
    ),
    Column("person_record_id", Kind.ID, "the source's own person record, for ever", required=True),
    Column("source_id", Kind.ID, "the sending system or person", required=True),
    Column("item_id", Kind.ID, "the received item (and so the message) that says so now", required=True),
    Column(
        "same_as",
        Kind.ID,
        "leading row among rows of several sources that say the same; equals id when it leads",
        required=True,
    ),
    key(
        "sensitivity",
        "space-separated labels that limit who may see it (SUD, MENTAL, HIV, SEXUAL, VIOLENCE, R); empty if none",
    ),
)

REFERENCE_COLUMNS: tuple[Column, ...] = (
    ident("id", "identity of the resource this row states, the same for all its versions"),
    Column("source_id", Kind.ID, "the sending system or person", required=True),
    Column("item_id", Kind.ID, "the received item that says so now", required=True),
)
