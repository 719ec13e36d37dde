"""The operations queue: needs without a patient open and close by themselves."""

from datetime import timedelta

import pytest
from django.utils import timezone

from beforehand.care.needs.actions import dismiss_need
from beforehand.care.needs.models import Need
from beforehand.care.needs.operations import operations_needs, update_operations
from beforehand.lookahead.models import RuleFailure
from beforehand.record.access import AccessRefusedError, principal_of
from beforehand.record.models import Message, Source
from tests.unit.needs.house import TODAY, House


def kinds(house: House) -> list[str]:
    return [need.kind for need in operations_needs(principal_of(house.dana), as_of=TODAY)]


def sends(source: Source, *days_ago: float) -> None:
    for days in days_ago:
        Message.objects.create(
            source=source, digest=str(days), size=1, format="fhir", state="APPLIED",
            received_at=timezone.now() - timedelta(days=days),
        )  # fmt: skip


def test_failing_rule_has_a_need_until_it_runs_again(house: House) -> None:
    RuleFailure.objects.create(rule_id="eye_check", what="no such table", since=timezone.now())
    update_operations(as_of=TODAY)
    update_operations(as_of=TODAY)
    assert kinds(house) == ["RULE"]
    RuleFailure.objects.all().delete()
    update_operations(as_of=TODAY)
    assert kinds(house) == []
    assert Need.unscoped.get().state == "CLOSED"


def test_source_that_falls_silent_is_noticed(house: House) -> None:
    sends(house.source, 9, 8, 7, 6, 5, 4)
    update_operations(as_of=TODAY)
    assert kinds(house) == ["SOURCE"]
    sends(house.source, 0.1)
    update_operations(as_of=TODAY)
    assert kinds(house) == []


@pytest.mark.parametrize("days", [(9, 8, 7, 6, 2), (100, 80, 60, 40, 20), (30, 30, 30, 30, 30)])
def test_source_within_its_usual_pause_or_without_a_habit_is_left_alone(house: House, days: tuple[float, ...]) -> None:
    sends(house.source, *days)
    update_operations(as_of=TODAY)
    assert kinds(house) == []


@pytest.mark.parametrize(("dismissed", "closed", "flagged"), [(6, 4, True), (5, 5, False), (9, 0, False)])
def test_rule_dismissed_more_than_half_the_time_flags_itself(
    house: House, dismissed: int, closed: int, flagged: bool
) -> None:
    for number in range(dismissed + closed):
        patient = house.patient(f"P{number}")
        finding = house.finding(patient, "eye_check")
        house.run(patient)
        if number < dismissed:
            dismiss_need(need=house.need(patient), by=house.dana, reason="Of no use")
        else:
            house.becomes(finding, status="MET")
            house.run(patient)
    update_operations(as_of=TODAY)
    assert kinds(house) == (["DISMISSED_RULE"] if flagged else [])


def test_dismissed_operations_need_stays_away(house: House) -> None:
    RuleFailure.objects.create(rule_id="eye_check", what="no such table", since=timezone.now())
    update_operations(as_of=TODAY)
    dismiss_need(need=Need.unscoped.get(), by=house.dana, reason="Known; fixed in the next release")
    update_operations(as_of=TODAY)
    assert kinds(house) == []


def test_clinician_who_only_reads_does_not_see_the_queue(house: House) -> None:
    with pytest.raises(AccessRefusedError):
        operations_needs(principal_of(house.user("kim", "CLINICIAN")))


def test_operations_need_has_a_team_a_step_and_a_day(house: House) -> None:
    RuleFailure.objects.create(rule_id="eye_check", what="no such table", since=timezone.now())
    update_operations(as_of=TODAY)
    need = Need.unscoped.get()
    assert (need.team.is_operations, need.next_on, bool(need.next_step)) == (True, TODAY + 1, True)
