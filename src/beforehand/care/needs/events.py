"""The history of needs: append-only, in words, with what is needed to undo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone

from beforehand.care.needs.models import Need, NeedEvent
from beforehand.care.needs.store import add_rows

# Columns an event remembers when they change; what the rules own (question, reason) is theirs to restore.
KEPT = (
    "state",
    "next_step",
    "step_kind",
    "is_planned",
    "is_dated",
    "next_on",
    "shown_from",
    "owner_user_id",
    "team_id",
    "outcome",
    "closed_why",
    "hold_digest",
    "hold_until",
    "marked",
)

WORDS: Mapping[str, str] = {
    "OPENED": "Opened",
    "REOPENED": "Opened again",
    "MARKED": "Stays open",
    "TAKEN": "Taken",
    "ASSIGNED": "Handed over",
    "PLANNED": "Next step planned",
    "SNOOZED": "Snoozed",
    "WOKEN": "Back on the list",
    "DISMISSED": "Dismissed as not needed",
    "CLOSED": "Closed",
    "ADDED": "Added by hand",
    "HAPPENED": "Said what happened",
    "MOVED": "Moved with the record",
    "RELEASED": "Returned to the team queue",
    "UNDONE": "Undone",
}


def kept(need: Need) -> dict[str, Any]:
    """The need's columns that an event remembers."""
    return {name: getattr(need, name) for name in KEPT}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only what changed, as it was and as it is."""
    names = [name for name in KEPT if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def event(need: Need, what: str, *, by: str, by_label: str, day: int, words: str = "", reason: str = "") -> NeedEvent:
    """An event of a need, not yet saved."""
    return NeedEvent(
        need_id=need.pk,
        patient_id=need.patient_id,
        what=what,
        words=(words or WORDS[what])[:400],
        by=by,
        by_label=by_label[:200],
        reason=reason[:400],
        at=timezone.now(),
        day=day,
    )


def write(events: Iterable[NeedEvent]) -> None:
    """Append."""
    add_rows(NeedEvent, list(events))
