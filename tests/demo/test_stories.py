"""Each demo story surfaces what it tells of, on any day it is opened; and the one with nothing due stays silent."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from beforehand.care.needs.invariants import check_needs
from beforehand.care.needs.models import Need, NeedFinding
from beforehand.doors.cli.demo.build import charts
from beforehand.doors.cli.demo.caseload import take_in_everything
from beforehand.intake.quarantine import check_balance
from beforehand.lookahead.models import Finding
from beforehand.record.models import Patient

AFTER_THE_STAY = (
    "contact_two_business_days discharge_summary_missing reconciliation_30_days teach_back_after_stay "
    "team_unaware_of_stay visit_7_14_days"
)

# Person -> the open needs, each as the rules folded into it. Nothing else may stand on the list.
STORIES: dict[str, set[str]] = {
    "Eleanor Smith": {
        "dose_differs same_ingredient_twice",
        "medicine_runs_out refill_viewed_not_asked renewal_needed",
    },
    "Aisha Rahman": {
        "interacting_medicines",
    },
    "Gloria Whitfield": {
        "creatinine_rise_slow",
        "high_potassium_medicine interacting_medicines potassium_high",
    },
    "Rosa Álvarez": {
        AFTER_THE_STAY,
        "medicine_runs_out",
    },
    "Luis Álvarez": {
        "interacting_medicines",
    },
    "Bernice Jackson": {
        "allergy_against_medicine",
    },
    "Walter Okafor": {
        AFTER_THE_STAY,
    },
    "Wei Chen": {
        "interpreter_not_arranged",
        "transport_need_no_referral",
        "visit_without_ride",
    },
    "Harold Lindqvist": {
        "fit_positive",
    },
    "Irene Kowalski": {
        "bill_above_eob",
    },
    "Thomas Begay": {
        "authorization_missing",
    },
    "Joseph Whelan": {
        "appointments_clash",
        "repeated_a1c",
    },
    "Dmitri Volkov": {
        "emergency_visits_pile_up",
        "referral_not_scheduled",
    },
    "Fatima Noor": {
        "food_need_no_referral",
        "medicare_at_65",
        "plan_review_overdue",
    },
    "Samuel Ortiz": {
        "diabetes_a1c",
        "diabetes_eye",
    },
}


def test_every_person_is_told_of_by_three_sources_or_more() -> None:
    sources: dict[str, set[str]] = {}
    for chart in charts(date(2026, 11, 22)):
        sources.setdefault(chart.person.slug, set()).add(chart.source)
    told = {slug: names for slug, names in sources.items() if slug != "eleanor-shore"}
    assert len(told) >= 12
    assert all(len(names) >= 3 for names in told.values()), {k: v for k, v in told.items() if len(v) < 3}


def open_needs() -> dict[str, set[str]]:
    """Of each person, the open needs, each named by the rules of the findings it takes in."""
    names = dict(Patient.unscoped.values_list("pk", "display_name"))
    rules = dict(Finding.unscoped.values_list("pk", "rule_id"))
    folded: dict[int, set[str]] = {}
    for key, finding in NeedFinding.objects.values_list("need_id", "finding_id"):
        folded.setdefault(key, set()).add(rules[finding])
    told: dict[str, set[str]] = {}
    for need in Need.unscoped.filter(state="OPEN", patient_id__isnull=False):
        told.setdefault(names[need.patient_id], set()).add(" ".join(sorted(folded.get(need.pk, {"by hand"}))))
    return told


@pytest.mark.django_db
@pytest.mark.parametrize("today", [date(2026, 11, 22), date(2026, 12, 31), date(2027, 2, 28), date(2028, 2, 29)])
def test_the_list_shows_what_the_stories_tell_and_nothing_else(today: date, monkeypatch: pytest.MonkeyPatch) -> None:
    noon = datetime(today.year, today.month, today.day, 17, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: noon)  # people are enrolled on the day they arrive
    take_in_everything(today)
    assert open_needs() == STORIES
    assert "Grace Lindholm" in Patient.unscoped.values_list("display_name", flat=True)
    assert check_balance() == []
    assert check_needs() == []
