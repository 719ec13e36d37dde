"""Settling a contradiction as one action: the decision is written down, and the needs that asked for it close."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from beforehand.care.needs.arrivals import settle_patients
from beforehand.intake.settling import ContradictionChangedError, SettlingError, settle, undo
from beforehand.record.access import Principal
from beforehand.record.models import User

__all__ = ["ContradictionChangedError", "SettlingError", "settle_contradiction", "undo_settlement"]


@transaction.atomic
def settle_contradiction(
    *, patient_id: int, key: str, outcome: str, kept: int | None, seen: str, by: Principal | User, reason: str
) -> int:
    """Decide about a contradiction; the settlement's fact. ``kept`` is the fact that holds where outcome is KEPT.

    ``seen`` is the contradiction's, as it was shown: ContradictionChangedError says what stands there now.
    """
    fact = settle(patient_id=patient_id, key=key, outcome=outcome, kept=kept, seen=seen, by=by, reason=reason)
    settle_patients([patient_id], as_of=timezone.localdate())
    return fact


@transaction.atomic
def undo_settlement(*, patient_id: int, settlement: int, by: Principal | User, reason: str) -> None:
    """Take back what was settled, by a person or by a rule; the contradiction is open again."""
    undo(patient_id=patient_id, settlement=settlement, by=by, reason=reason)
    settle_patients([patient_id], as_of=timezone.localdate())
