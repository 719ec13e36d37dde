"""What mapping takes and gives: a FHIR resource and a context in; rows of tables, or a reasoned refusal, out."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from beforehand.clinical.columns import FACT_COLUMNS, REFERENCE_COLUMNS
from beforehand.clinical.tables import ALL

Resource = dict[str, Any]
Row = tuple[str, str, list[Any]]


class MappingError(ValueError):
    """A resource that cannot be read safely: where, why, and what its sender should do. Holds no patient values."""

    def __init__(self, place: str, reason: str, remedy: str = "") -> None:
        self.place = place
        self.reason = reason
        self.remedy = remedy or "Ask the sender to correct it and send the resource again."
        super().__init__(f"{place}: {reason}")


class MappingContext(Protocol):
    """What the house knows while a resource is read: identities of references, numbers of concepts, the home zone."""

    own_id: int  # identity of the resource being read
    zone: str  # IANA zone for times sent without an offset; empty if unknown

    def ref(self, reference: Any) -> int | None:
        """The identity a reference names, allotted at first mention; nothing for contained or absent ones."""

    def concept(self, codeable: Any) -> int | None:
        """The number of a coded meaning in the concept dictionary; nothing for an absent or empty one."""


class PersonStatement(NamedTuple):
    """Who a person is, as one source says: kept beside the facts, out of reach of rules."""

    names: list[tuple[str, str, str, str]]  # use, family, given, text
    identifiers: list[tuple[str, str, str]]  # system, value, type
    contacts: list[tuple[str, str, str]]  # kind, use, value
    links: list[tuple[str, Resource]]  # replaced-by, replaces, refer, seealso; the other record


class Mapped:
    """What one resource says.

    ``rows``: table, fragment (empty for the resource itself), values in the order of ``value_columns(table)``.
    ``patient``: the reference to whom it is about. ``through``: references of which the first that belongs to a
    known person tells whose it is, where the resource itself names no patient.
    ``medication``: the reference to a Medication whose concept becomes ``code`` of the first row.
    """

    __slots__ = (
        "is_kept_only",
        "medication",
        "notes",
        "patient",
        "person",
        "rows",
        "sensitivity",
        "through",
        "withdrawn",
    )

    def __init__(self, rows: list[Row], patient: Resource | None = None, withdrawn: bool = False) -> None:
        self.rows = rows
        self.patient = patient
        self.withdrawn = withdrawn
        self.through: tuple[Resource, ...] = ()
        self.sensitivity = ""
        self.is_kept_only = False
        self.person: PersonStatement | None = None
        self.medication: Resource | None = None
        self.notes: tuple[str, ...] = ()


@lru_cache(maxsize=256)
def value_columns(table: str) -> tuple[str, ...]:
    """The stored columns of a table that mapping fills, in order: all but those every row has."""
    statement = ALL[table]
    own = {column.name for column in (REFERENCE_COLUMNS if statement.reference else FACT_COLUMNS)}
    return tuple(stored.name for column in statement.columns if column.name not in own for stored in column.physical())
