"""Writing down what became of each item: its row, its message's counters, its place on the quarantine worklist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection

from beforehand.intake.models import QuarantinedItem
from beforehand.intake.pieces import Counts, Part, Piece
from beforehand.record.enrolment import operations_team
from beforehand.record.models import Item, Message
from beforehand.record.store.rows import among, change, insert_rows, listed, table_of, update_rows

if TYPE_CHECKING:
    from beforehand.intake.batch import Applied

_COUNTERS = ("received", "applied", "kept", "quarantined", "refused", "duplicates")
_FIELD = {"APPLIED": "applied", "QUARANTINED": "quarantined", "REFUSED": "refused", "DUPLICATE": "duplicates"}


def count(pieces: Sequence[Piece]) -> dict[int, Counts]:
    """Counters of each message, of items seen for the first time."""
    found: dict[int, Counts] = defaultdict(Counts)
    for piece in pieces:
        counts = found[piece.message.pk]
        counts.received += 1
        name = _FIELD[piece.outcome]
        setattr(counts, name, getattr(counts, name) + 1)
        if piece.version_state == "KEPT":
            counts.kept += 1
    return found


def recount(pieces: Sequence[Piece]) -> dict[int, Counts]:
    """Changes to the counters of each message, of items that were set aside before."""
    found: dict[int, Counts] = defaultdict(Counts)
    for piece in pieces:
        counts = found[piece.message.pk]
        before, after = _FIELD[piece.was], _FIELD[piece.outcome]
        setattr(counts, before, getattr(counts, before) - 1)
        setattr(counts, after, getattr(counts, after) + 1)
        if piece.version_state == "KEPT":
            counts.kept += 1
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
    _write_items(pieces, released)
    _write_quarantine(pieces, released, now)
    first, again = count(pieces), recount(released)
    write_counts(first)
    write_counts(again)
    for part in parts:
        done = "state = 'APPLIED', " if part.is_last else ""
        change(
            f"update {table_of(Message)} set {done}format = %s, items_done = items_done + %s where id = %s",
            ["fhir", len(part.items), part.message.pk],
        )
    for counts in (*first.values(), *again.values()):
        applied.counts.add(counts)
    for piece in pieces:
        if piece.type and piece.outcome != "QUARANTINED":
            applied.resources[piece.type] = applied.resources.get(piece.type, 0) + 1
