"""The person's risk: why a missed need would hurt this person more. Counted from facts, explained in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet

from beforehand.care.needs.models import PersonRisk
from beforehand.care.needs.rank import Policy, policy
from beforehand.record.access import for_principal, system_principal

BATCH = 500
TABLES = frozenset({"encounter", "condition", "medication_request", "patient"})
ACTIVE = ("active", "recurrence", "relapse")
STAYS = ("IMP", "ACUTE", "NONAC")


def _facts(table: str, patient_ids: list[int]) -> QuerySet[Any]:
    facts = for_principal(system_principal("jobs")).facts(table)
    return facts.filter(patient_id__in=patient_ids, same_as=F("id"))


def _by_patient(rows: QuerySet[Any], **what: Any) -> dict[int, Any]:
    ((_, amount),) = what.items()
    return dict(rows.order_by().values_list("patient_id").annotate(amount=amount))


def points(stay_day: int | None, emergency: int, conditions: int, medicines: int, rules: Policy) -> int:
    """0 to 10, by the organisation's choices."""
    risk = rules.risk
    total = risk["recent_stay"] if stay_day is not None else 0.0
    total += min(emergency * risk["emergency_visit"], risk["emergency_cap"])
    total += min(conditions * risk["condition"], risk["conditions_cap"])
    total += min(medicines * risk["medicine"], risk["medicines_cap"])
    return round(min(total, 10))


def _computed(patient_ids: list[int], as_of: int, rules: Policy) -> list[PersonRisk]:
    stay_from, visit_from = as_of - int(rules.risk["stay_days"]), as_of - int(rules.risk["visit_days"])
    encounters = _facts("encounter", patient_ids).exclude(status__in=("cancelled", "entered-in-error", "planned"))
    stays = _by_patient(
        encounters.filter(class_code__in=STAYS, status="finished", end_to_day__gte=stay_from, end_to_day__lte=as_of),
        day=Max("end_to_day"),
    )
    emergency = _by_patient(
        encounters.filter(class_code="EMER", start_from_day__gte=visit_from, start_from_day__lte=as_of),
        visits=Count("id"),
    )
    sure = Q(verification=None) | ~Q(verification__in=("refuted", "entered-in-error"))
    conditions = _by_patient(
        _facts("condition", patient_ids).filter(sure, clinical_status__in=ACTIVE), codes=Count("code", distinct=True)
    )
    medicines = _by_patient(
        _facts("medication_request", patient_ids).filter(status="active"), codes=Count("code", distinct=True)
    )
    made = []
    for patient_id in patient_ids:
        stay, visits = stays.get(patient_id), emergency.get(patient_id, 0)
        ails, takes = conditions.get(patient_id, 0), medicines.get(patient_id, 0)
        made.append(
            PersonRisk(
                patient_id=patient_id,
                points=points(stay, visits, ails, takes, rules),
                recent_stay_day=stay,
                conditions=ails,
                medicines=takes,
                emergency_visits=visits,
                computed_day=as_of,
            )
        )
    return made


def refresh_risk(patient_ids: Iterable[int], as_of: int) -> None:
    """Recompute the risk of these patients: four reads and one write a batch."""
    listed, rules = sorted(set(patient_ids)), policy()
    columns = ["points", "recent_stay_day", "conditions", "medicines", "emergency_visits", "computed_day"]
    for start in range(0, len(listed), BATCH):
        made = _computed(listed[start : start + BATCH], as_of, rules)
        PersonRisk.unscoped.bulk_create(
            made, update_conflicts=True, unique_fields=["patient_id"], update_fields=columns
        )
