"""Break-glass: opening one record in an emergency, without being on its team, with a reason and an end.

The role's own view holds: labels it may not see stay hidden, also behind broken glass.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from beforehand.record.access import (
    BREAK_GLASS,
    READ_AUDIT,
    PatientNotVisibleError,
    Principal,
    for_principal,
    require,
)
from beforehand.record.audit import CHANGE, audited
from beforehand.record.models import BreakGlass, Patient

LASTS = timedelta(hours=4)
SHORTEST_REASON = 10


class ReasonTooShortError(ValueError):
    """The reason does not let a supervisor judge why the record was opened."""


@dataclass(frozen=True)
class OpenedRecord:
    """One break-glass access as supervisors see it. ``patient`` is empty where they may not see the patient's name."""

    who: str
    patient_id: int
    patient: str
    reason: str
    from_at: datetime
    until_at: datetime
    is_open: bool


@transaction.atomic
def open_break_glass(*, patient_id: int, by: Principal, reason: str) -> BreakGlass:
    """Let this person read one patient's record for four hours. Supervisors see who, whose and why."""
    require(by, BREAK_GLASS)
    reason = reason.strip()
    if len(reason) < SHORTEST_REASON:
        raise ReasonTooShortError(f"say in at least {SHORTEST_REASON} letters why the record must be opened now")
    found = Patient.unscoped.filter(pk=patient_id).values_list("merged_into_id", flat=True)
    if not found:
        raise PatientNotVisibleError(f"there is no patient {patient_id}: check the number")
    patient_id = found[0] or patient_id
    now = timezone.now()
    opened = BreakGlass.objects.create(
        user_id=by.id, patient_id=patient_id, reason=reason[:400], from_at=now, until_at=now + LASTS
    )
    audited(by, "open_break_glass", patients=[patient_id], access=CHANGE, reason=reason)
    return opened


def opened_records(principal: Principal, *, since: datetime) -> list[OpenedRecord]:
    """Break-glass accesses since then, the newest first, for those who read the audit trail."""
    require(principal, READ_AUDIT)
    now = timezone.now()
    rows = list(BreakGlass.objects.filter(from_at__gte=since).select_related("user").order_by("-from_at", "-pk"))
    patients = for_principal(principal).patients().filter(pk__in={row.patient_id for row in rows})
    names = dict(patients.values_list("pk", "display_name"))
    audited(principal, "opened_records", patients=names)
    return [
        OpenedRecord(
            who=row.user.label,
            patient_id=row.patient_id,
            patient=names.get(row.patient_id, ""),
            reason=row.reason,
            from_at=row.from_at,
            until_at=row.until_at,
            is_open=row.until_at > now,
        )
        for row in rows
    ]
