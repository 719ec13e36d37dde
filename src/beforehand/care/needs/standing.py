"""Where each patient stands on each list: the derived rows that Today reads, kept in step with the needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from beforehand.care.needs.models import WorkRow
from beforehand.care.needs.rank import Policy, Standing, band_number, order_key, policy, score
from beforehand.care.needs.store import add_rows, change_rows, live_needs, risk_points, rows_on_lists
from beforehand.record.access import Principal, for_principal
from beforehand.record.roles import LABELS, ROLE_LABELS

ANY = "any"
NOTHING_TODAY = 9
BATCH = 500
STANDING_FIELDS = (
    "id",
    "patient_id",
    "state",
    "status",
    "harm",
    "next_on",
    "is_dated",
    "opened_day",
    "shown_from",
    "owner_user_id",
    "team_id",
    "sensitivity",
    "marked",
)


def audience_of(labels: Iterable[str]) -> str:
    """The name of the set of people who see exactly these sensitivity labels."""
    return "+".join(sorted(labels)) or "none"


AUDIENCES: Mapping[str, frozenset[str]] = {
    audience_of(labels): labels for labels in {frozenset(LABELS), *ROLE_LABELS.values()}
}


def audience(principal: Principal) -> str:
    """Which audience this principal belongs to."""
    access = for_principal(principal)
    return audience_of(label for label in LABELS if access.sees_label(label))


def standing(need: Any, risk_points: int) -> Standing:
    """What the rank of a need depends on."""
    return Standing(need.harm, need.next_on, need.is_dated, need.opened_day, risk_points)


def slots(need: Any) -> tuple[str, str]:
    """The lists a need is on: everyone's, and its owner's or its team queue's."""
    return "all", f"user:{need.owner_user_id}" if need.owner_user_id else f"team:{need.team_id}"


def _row(patient_id: int, slot: str, who: str, needs: Sequence[Any], as_of: int, risk: int, rules: Policy) -> WorkRow:
    shown = [need for need in needs if need.shown_from <= as_of]
    lead = min(shown, key=lambda need: order_key(standing(need, risk), as_of, rules, need.id), default=None)
    placed = None if lead is None else standing(lead, risk)
    return WorkRow(
        patient_id=patient_id,
        slot=slot,
        audience=who,
        band=NOTHING_TODAY if placed is None else band_number(placed, as_of, rules),
        score=0 if placed is None else score(placed, as_of, rules),
        lead_need_id=None if lead is None else lead.id,
        open=len(shown),
        unknown=sum(need.status == "UNKNOWN" for need in shown),
        snoozed=sum(need.state == "SNOOZED" and need.shown_from > as_of for need in needs),
        late=sum(need.is_dated and need.next_on < as_of for need in shown),
        marked=sum(bool(need.marked) for need in shown),
        scored_day=as_of,
    )


def rows_of(patient_id: int, needs: Sequence[Any], as_of: int, risk: int, rules: Policy) -> list[WorkRow]:
    """The rows of one patient, unsaved, from her live needs."""
    labelled = any(need.sensitivity for need in needs)
    rows = []
    for who, labels in AUDIENCES.items() if labelled else [(ANY, frozenset(LABELS))]:
        by_slot: dict[str, list[Any]] = defaultdict(list)
        for need in needs:
            if set((need.sensitivity or "").split()) <= labels:
                for slot in slots(need):
                    by_slot[slot].append(need)
        rows += [_row(patient_id, slot, who, listed, as_of, risk, rules) for slot, listed in by_slot.items()]
    return rows


_COMPARED = ("band", "score", "lead_need_id", "open", "unknown", "snoozed", "late", "marked", "scored_day")


def _write_changes(wanted: list[WorkRow], present: Iterable[WorkRow]) -> None:
    by_key = {(row.patient_id, row.slot, row.audience): row for row in present}
    fresh, changed = [], []
    for row in wanted:
        old = by_key.pop((row.patient_id, row.slot, row.audience), None)
        if old is None:
            fresh.append(row)
        elif any(getattr(old, name) != getattr(row, name) for name in _COMPARED):
            row.pk = old.pk
            changed.append(row)
    if by_key:
        WorkRow.unscoped.filter(pk__in=[row.pk for row in by_key.values()]).delete()
    change_rows(WorkRow, changed, _COMPARED)
    add_rows(WorkRow, fresh)


def refresh_rows(patient_ids: Iterable[int], as_of: int) -> None:
    """Bring the lists in step with these patients' live needs. Three reads a batch, then only what changed."""
    rules = policy()
    listed = sorted(set(patient_ids))
    for start in range(0, len(listed), BATCH):
        batch = listed[start : start + BATCH]
        needs: dict[int, list[Any]] = defaultdict(list)
        for need in live_needs(batch):
            needs[need.patient_id].append(need)
        risks = risk_points(batch)
        wanted = [
            row
            for patient_id, live in needs.items()
            for row in rows_of(patient_id, live, as_of, risks.get(patient_id, 0), rules)
        ]
        _write_changes(wanted, rows_on_lists(batch))


def refresh_day(as_of: int) -> int:
    """Score every list for a new day; returns how many patients were scored. Each night, and when a day was missed."""
    stale = WorkRow.unscoped.exclude(scored_day=as_of).order_by("patient_id").values_list("patient_id", flat=True)
    patient_ids = list(stale.distinct())
    refresh_rows(patient_ids, as_of)
    return len(patient_ids)
