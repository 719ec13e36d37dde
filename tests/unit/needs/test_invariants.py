"""Promise 2: delete, expire, reassign at random, and the next run brings everything back."""

import random

import pytest

from beforehand.care.needs.actions import dismiss_need
from beforehand.care.needs.from_findings import update_needs
from beforehand.care.needs.invariants import check_needs
from beforehand.care.needs.models import Need, NeedFinding, WorkRow
from beforehand.record.models import Patient
from tests.unit.needs.house import TODAY, House

RULE_NAMES = ["medicine_runs_out", "dose_differs", "result_not_seen", "eye_check", "sure_to_ask"]


def due(house: House, people: int, random_: random.Random) -> None:
    for number in range(people):
        patient = house.patient(f"P{number}")
        for rule in random_.sample(RULE_NAMES, 3):
            house.finding(patient, rule, f"thing:{random_.randrange(4)}", opens_on=TODAY - random_.randrange(3))
    update_needs(None, TODAY)


def sabotage(house: House, random_: random.Random) -> None:
    for need in Need.unscoped.all():
        match random_.randrange(7):
            case 0:
                need.delete()
            case 1:
                Need.unscoped.filter(pk=need.pk).update(state="CLOSED")
            case 2:
                Need.unscoped.filter(pk=need.pk).update(state="DISMISSED", closed_why="DISMISSED", hold_digest="old")
            case 3:
                Need.unscoped.filter(pk=need.pk).update(owner_user=house.priya)
            case 4:
                NeedFinding.objects.filter(need=need).delete()
            case 5:
                WorkRow.unscoped.filter(patient_id=need.patient_id).delete()


@pytest.mark.parametrize("seed", range(12))
def test_next_run_brings_back_whatever_was_deleted_expired_or_reassigned(house: House, seed: int) -> None:
    random_ = random.Random(seed)
    due(house, 12, random_)
    assert check_needs(as_of=TODAY) == []
    sabotage(house, random_)
    house.priya.is_active = False
    house.priya.save()
    assert check_needs(as_of=TODAY), "the sabotage must show, or this test proves nothing"
    update_needs(None, TODAY)
    assert check_needs(as_of=TODAY) == []


def test_run_without_the_guard_would_be_noticed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: an update that does nothing leaves the breach standing."""
    due(house, 3, random.Random(1))
    Need.unscoped.all().delete()
    monkeypatch.setattr("beforehand.care.needs.from_findings._settle_patient", lambda *_: None)
    update_needs(None, TODAY)
    assert any("no open need" in breach.what for breach in check_needs(as_of=TODAY))


def test_dismissed_need_is_no_breach_while_its_evidence_holds(house: House) -> None:
    due(house, 1, random.Random(2))
    for need in Need.unscoped.all():
        dismiss_need(need=need, by=house.dana, reason="Not hers")
    assert check_needs(as_of=TODAY) == []


def test_breaches_name_no_patient_values(house: House) -> None:
    due(house, 2, random.Random(3))
    Need.unscoped.all().delete()
    names = set(Patient.unscoped.values_list("display_name", flat=True))
    assert not any(name in f"{each.where} {each.what}" for each in check_needs(as_of=TODAY) for name in names)


def test_day_long_past_is_late_and_no_breach(house: House) -> None:
    house.finding(house.patient(), "eye_check", due_on=TODAY - 6000)
    update_needs(None, TODAY)
    assert check_needs(as_of=TODAY) == []
