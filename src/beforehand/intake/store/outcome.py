"""Writing down what became of each item: its row, its message's counters, its place on the quarantine worklist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection

from beforehand.intake.models import ItemUnit, QuarantinedItem
from beforehand.intake.pieces import Counts, Part, Piece
from beforehand.intake.store.balance import fates_of, having_a_unit
from beforehand.record.enrolment import operations_team
from beforehand.record.models import Item, Message
from beforehand.record.store.rows import among, change, insert_rows, listed, table_of, update_rows

if TYPE_CHECKING:
    from beforehand.intake.batch import Applied

_COUNTERS = ("received", "applied", "kept", "quarantined", "refused", "duplicates")
# The graver first: what one of its items is says what the whole of them is.
_FIELD = {"QUARANTINED": "quarantined", "APPLIED": "applied", "REFUSED": "refused", "DUPLICATE": "duplicates"}


Fate = tuple[str, str]  # outcome, version state


def _add(counts: Counts, fates: Iterable[Fate], by: int) -> None:
    """Count one unit in or out: set aside if any of it is, else applied, refused or repeated."""
    outcomes = [outcome for outcome, _ in fates]
    unit = next(outcome for outcome in _FIELD if outcome in outcomes)
    name = _FIELD[unit]
    setattr(counts, name, getattr(counts, name) + by)
    counts.received += by
    if unit == "APPLIED" and all(state == "KEPT" for outcome, state in fates if outcome == "APPLIED"):
        counts.kept += by


def tally(pieces: Sequence[Piece], released: Sequence[Piece]) -> dict[int, Counts]:
    """Changes to the counters of each message: of items seen for the first time, and of items tried again.

    Items of one unit count once, with those of it that were written before.
    """
    found: dict[int, Counts] = defaultdict(Counts)
    now: dict[tuple[int, int], dict[int, Fate]] = defaultdict(dict)
    before: dict[tuple[int, int], dict[int, Fate]] = defaultdict(dict)
    for piece in (*pieces, *released):
        now[piece.unit_key][piece.item_id] = (piece.outcome, piece.version_state)
    for piece in released:
        before[piece.unit_key][piece.item_id] = (piece.was, "")
    for unit, item, fate in fates_of({piece.unit_key for piece in released if piece.unit is not None}):
        before[unit][item] = fate
        now[unit].setdefault(item, fate)
    for unit, fates in now.items():
        _add(found[unit[0]], list(fates.values()), 1)
        if unit in before:
            _add(found[unit[0]], list(before[unit].values()), -1)
    return found


def _write_items(pieces: Sequence[Piece], released: Sequence[Piece]) -> None:
    superseded = {piece.replaces for piece in (*pieces, *released) if piece.replaces is not None and _states(piece)}
    for piece in (*pieces, *released):
        if piece.item_id in superseded and piece.version_state in ("CURRENT", "KEPT", "WITHDRAWN"):
            piece.version_state = "SUPERSEDED"
    columns = [
        "id",
        "message_id",
        "place",
        "resource_id",
        "patient_id",
        "outcome",
        "version_state",
        "version_at",
        "digest",
    ]
    insert_rows(
        table_of(Item),
        columns,
        (
            (
                piece.item_id,
                piece.message.pk,
                piece.place,
                piece.resource_id,
                piece.patient_id,
                piece.outcome,
                piece.version_state,
                piece.version_at or None,
                piece.digest,
            )
            for piece in pieces
        ),
    )
    shared: list[tuple[int, int, int | None]] = [
        (piece.item_id, piece.message.pk, piece.unit) for piece in pieces if piece.unit is not None
    ]
    first = {piece.item_id: piece for piece in released if piece.unit is not None and piece.place == 0}
    for item in set(first) - having_a_unit(first):  # its message was set aside as a whole and is open now
        shared.append((item, first[item].message.pk, first[item].unit))
    if shared:
        insert_rows(table_of(ItemUnit), ["item_id", "message_id", "unit"], shared)
    update_rows(
        table_of(Item),
        "outcome = %s, version_state = %s, patient_id = %s, resource_id = %s",
        "id = %s",
        [(p.outcome, p.version_state, p.patient_id, p.resource_id, p.item_id) for p in released],
    )
    own = {piece.item_id for piece in pieces} | {piece.item_id for piece in released}
    if earlier := superseded - own:
        change(f"update {table_of(Item)} set version_state = 'SUPERSEDED' where {among('id')}", [listed(earlier)])


def _states(piece: Piece) -> bool:
    return piece.outcome == "APPLIED" and piece.version_state != "LATE"


def _write_quarantine(pieces: Sequence[Piece], released: Sequence[Piece], now: datetime) -> None:
    table = table_of(QuarantinedItem)
    aside = [piece for piece in pieces if piece.outcome == "QUARANTINED"]
    if aside:
        team = operations_team().pk
        opened_at = connection.ops.adapt_datetimefield_value(now)
        rows = []
        for piece in aside:
            trouble = piece.trouble
            assert trouble is not None
            rows.append(
                (
                    piece.message.pk,
                    piece.item_id,
                    piece.place,
                    piece.type,
                    trouble.reason,
                    trouble.field,
                    trouble.remedy,
                    team,
                    opened_at,
                    "OPEN",
                    trouble.waiting_for,
                    "",
                )
            )
        columns = ["message_id", "item_id", "place", "resource_type", "reason", "field", "remedy", "owner_team_id"]
        insert_rows(table, [*columns, "opened_at", "state", "waiting_for", "closing_reason"], rows)
    done = [piece.item_id for piece in released if piece.outcome != "QUARANTINED"]
    if done:
        QuarantinedItem.objects.filter(item_id__in=done).update(state="RELEASED", waiting_for=None, closed_at=now)
    for piece in released:
        if piece.outcome == "QUARANTINED" and piece.trouble is not None:
            QuarantinedItem.objects.filter(item_id=piece.item_id).update(
                reason=piece.trouble.reason,
                field=piece.trouble.field,
                remedy=piece.trouble.remedy,
                waiting_for=piece.trouble.waiting_for,
            )


def write_counts(changes: dict[int, Counts]) -> None:
    """Add to the counters of messages."""
    update_rows(
        table_of(Message),
        ", ".join(f"{name} = {name} + %s" for name in _COUNTERS),
        "id = %s",
        [(*(getattr(counts, name) for name in _COUNTERS), number) for number, counts in changes.items()],
    )


def write_outcome(
    applied: Applied, parts: Sequence[Part], pieces: Sequence[Piece], released: Sequence[Piece], *, now: datetime
) -> None:
    """Write every item's outcome and add it up in ``applied``."""
    changes = tally(pieces, released)
    _write_items(pieces, released)
    _write_quarantine(pieces, released, now)
    write_counts(changes)
    for part in parts:
        done = "state = 'APPLIED', " if part.is_last else ""
        change(
            f"update {table_of(Message)} set {done}format = %s, items_done = items_done + %s where id = %s",
            [part.format, len(part.items), part.message.pk],
        )
    for counts in changes.values():
        applied.counts.add(counts)
    for piece in pieces:
        if piece.type and piece.outcome != "QUARANTINED":
            applied.resources[piece.type] = applied.resources.get(piece.type, 0) + 1
