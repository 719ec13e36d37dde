"""X12: one file, any number of interchanges; each claim, payment, claim status and member is one item."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO

from beforehand.intake.connectors.errors import ItemError, StopError
from beforehand.intake.connectors.items import RawItem
from beforehand.intake.connectors.x12 import answers, claims, enrolment, envelope, remittance, words
from beforehand.intake.connectors.x12.envelope import NO_X12, RESEND, Transaction
from beforehand.intake.connectors.x12.guide import Guide, guide_of
from beforehand.intake.connectors.x12.parties import Made

_READERS: dict[str, Callable[[Transaction, Guide], Iterator[Made]]] = {
    "835": remittance.read, "837": claims.read, "277": answers.read, "834": enrolment.read,
}  # fmt: skip
_FAULTS: tuple[type[Exception], ...] = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


def recognises(head: bytes, name: str) -> bool:
    """Whether the bytes begin as an interchange does: ISA and its signs."""
    return envelope.recognises(head)


def items(data: bytes | BinaryIO, name: str = "") -> Iterator[RawItem]:
    """Every item in the bytes, in the order they stand; the resources of one share its number as ``unit``.

    ``StopError`` when no transaction set of the file can be opened.
    """
    content = data if isinstance(data, bytes) else data.read()
    if not recognises(content[:4096], name):
        raise StopError(NO_X12, RESEND)
    every = envelope.transactions(envelope.read_text(content))
    faults: list[ItemError] = []
    for found in every:
        fault = found if isinstance(found, ItemError) else _unsupported(found)
        if fault is None:
            assert isinstance(found, Transaction)
            yield from _numbered(chain((Made(error=one) for one in faults), _read(found), _rest(every)))
            return
        faults.append(fault)
    if not faults:
        raise StopError(
            "The interchange holds no transaction set.", "Nothing needs to be done, unless one was expected."
        )
    worst = faults[0]
    raise StopError(worst.reason, worst.remedy)


def _rest(every: Iterator[Transaction | ItemError]) -> Iterator[Made]:
    """What follows the first transaction set that can be read."""
    for found in every:
        fault = found if isinstance(found, ItemError) else _unsupported(found)
        if fault is not None:
            yield Made(error=fault)
        elif isinstance(found, Transaction):
            yield from _read(found)


def _numbered(every: Iterator[Made]) -> Iterator[RawItem]:
    """Items with their places."""
    place = 0
    for unit, made in enumerate(every):
        if made.error is not None:
            yield RawItem(place, None, error=made.error, unit=unit)
            place += 1
            continue
        for resource, is_part in made.said:
            yield RawItem(place, resource, method="PATCH" if is_part else "", unit=unit)
            place += 1


def _unsupported(transaction: Transaction) -> ItemError | None:
    """Why a transaction set is not read; None where it is."""
    if guide_of(transaction.type, transaction.guide) is not None:
        return None
    what, remedy = words.UNSUPPORTED.get(
        transaction.type, ("of a type that is not known here", "Ask the sender what it is.")
    )
    named = transaction.type if transaction.type.isdigit() else "without a number"
    return ItemError(transaction.place(), f"The transaction set ({named[:6]}) is {what}; it is not read.", remedy)


def _read(transaction: Transaction) -> Iterator[Made]:
    """The items of one transaction set; what the connector itself stumbles over is set aside."""
    guide = guide_of(transaction.type, transaction.guide)
    assert guide is not None
    try:
        yield from _READERS[transaction.type](transaction, guide)
    except _FAULTS:
        yield Made(error=unread(transaction))


def unread(transaction: Transaction) -> ItemError:
    """The last wall: a transaction set that the connector stumbles over is set aside from there on."""
    return ItemError(
        transaction.place(),
        "The transaction set could not be read to its end by this connector.",
        "Send its form to whoever runs this house.",
    )
