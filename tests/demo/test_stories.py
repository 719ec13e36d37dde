"""Each demo story surfaces what it tells of, on any day it is opened; and the one with nothing due stays silent."""

from __future__ import annotations

from datetime import date

import pytest

from beforehand.care.needs.invariants import check_needs
from beforehand.care.needs.models import Need
from beforehand.doors.cli.demo.build import charts
from beforehand.doors.cli.demo.caseload import take_in_everything
from beforehand.intake.quarantine import check_balance
from beforehand.record.models import Patient

STORIES = {
    "Eleanor Smith": {"medicine_runs_out", "same_ingredient_twice"},
    "Aisha Rahman": {"interacting_medicines"},
    "Gloria Whitfield": {"high_potassium_medicine", "interacting_medicines"},
    "Rosa Álvarez": {"medicine_runs_out", "contact_two_business_days"},
    "Luis Álvarez": {"interacting_medicines"},
    "Bernice Jackson": {"allergy_against_medicine"},
    "Walter Okafor": {"contact_two_business_days"},
    "Wei Chen": {"visit_without_ride"},
    "Harold Lindqvist": {"fit_positive"},
    "Irene Kowalski": {"bill_above_eob"},
    "Thomas Begay": {"authorization_missing"},
    "Joseph Whelan": {"appointments_clash", "repeated_a1c"},
    "Dmitri Volkov": {"referral_not_scheduled", "emergency_visits_pile_up"},
    "Fatima Noor": {"food_need_no_referral", "plan_review_overdue"},
    "Samuel Ortiz": {"diabetes_a1c", "diabetes_eye"},
}


def test_every_person_is_told_of_by_three_sources_or_more() -> None:
    sources: dict[str, set[str]] = {}
    for chart in charts(date(2026, 11, 22)):
        sources.setdefault(chart.person.slug, set()).add(chart.source)
    told = {slug: names for slug, names in sources.items() if slug != "eleanor-lab"}
    assert len(told) >= 12
    assert all(len(names) >= 3 for names in told.values()), {k: v for k, v in told.items() if len(v) < 3}


@pytest.mark.django_db
@pytest.mark.parametrize("today", [date(2026, 11, 22), date(2026, 12, 31), date(2027, 2, 28), date(2028, 2, 29)])
def test_the_list_shows_what_the_stories_tell(today: date) -> None:
    take_in_everything(today)
    names = dict(Patient.unscoped.values_list("pk", "display_name"))
    shown: dict[str, set[str]] = {}
    for need in Need.unscoped.filter(state="OPEN", patient_id__isnull=False):
        shown.setdefault(names[need.patient_id], set()).add(need.rule_id)
    missing = {
        name: rules - shown.get(name, set()) for name, rules in STORIES.items() if rules - shown.get(name, set())
    }
    assert missing == {}
    assert "Grace Lindholm" not in shown
    assert check_balance() == []
    assert check_needs() == []
