"""What people do with needs: right, version, change, history and audit in one action, and undo of each."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from beforehand.care.needs.actions import (
    EditConflictError,
    NeedError,
    add_need,
    assign_need,
    close_need,
    dismiss_need,
    plan_next_step,
    release_work,
    snooze_need,
    take_need,
    undo_change,
)
from beforehand.care.needs.events import kept
from beforehand.care.needs.from_findings import update_needs
from beforehand.care.needs.invariants import check_needs
from beforehand.care.needs.models import Need, NeedEvent, WorkRow
from beforehand.record.access import AccessRefusedError, PatientNotVisibleError
from beforehand.record.models import AuditEvent, AuditPatient, Enrolment, Team, TeamMember, User
from tests.unit.needs.house import TODAY, House

Act = Callable[[House, Need], NeedEvent]
ACTS: dict[str, Act] = {
    "take": lambda house, need: take_need(need=need, by=house.dana),
    "assign": lambda house, need: assign_need(need=need, by=house.dana, to_user=house.priya, reason="knows her"),
    "plan": lambda house, need: plan_next_step(need=need, by=house.dana, next_step="Ask the son", on=TODAY + 3),
    "snooze": lambda house, need: snooze_need(need=need, by=house.dana, until=TODAY + 2, reason="Office is closed"),
    "dismiss": lambda house, need: dismiss_need(need=need, by=house.dana, reason="Not hers"),
    "close": lambda house, need: close_need(need=need, by=house.dana, outcome="Done at the clinic"),
}


@pytest.fixture
def need(house: House) -> Need:
    ann = house.patient()
    house.finding(ann, "medicine_runs_out")
    house.run(ann)
    return house.need(ann)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_undo_puts_everything_back(house: House, need: Need, act: Act) -> None:
    before = kept(need)
    event = act(house, need)
    need.refresh_from_db()
    assert kept(need) != before
    undo_change(event=event, by=house.dana)
    need.refresh_from_db()
    assert kept(need) == before


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_every_action_leaves_one_audit_event_naming_the_patient(house: House, need: Need, act: Act) -> None:
    act(house, need)
    event = AuditEvent.objects.get()
    assert event.principal == f"user:{house.dana.pk}"
    assert AuditPatient.objects.get(event=event).patient_id == need.patient_id


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_somebody_of_another_team_may_not_touch_it(house: House, need: Need, act: Act) -> None:
    house.dana = house.user("olaf", "COORDINATOR", team=Team.objects.create(name="South team"))
    with pytest.raises(PatientNotVisibleError):
        act(house, need)


@pytest.mark.parametrize("role", ["CLINICIAN", "ADMINISTRATOR"])
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_role_that_only_reads_may_not_work(house: House, need: Need, act: Act, role: str) -> None:
    house.dana = house.user("reader", role)
    with pytest.raises(AccessRefusedError):
        act(house, need)


def test_loser_of_a_race_is_told_and_sees_both_versions(house: House, need: Need) -> None:
    seen = need.version
    plan_next_step(need=need, by=house.priya, next_step="Ask the pharmacy", on=TODAY + 1, version=seen)
    with pytest.raises(EditConflictError) as conflict:
        plan_next_step(need=need, by=house.dana, next_step="Ask the son", on=TODAY + 2, version=seen)
    assert conflict.value.theirs["next_step"] == "Ask the pharmacy"
    assert conflict.value.yours["next_step"] == "Ask the son"
    assert Need.unscoped.get().next_step == "Ask the pharmacy"


def test_late_need_can_still_be_worked(house: House, need: Need) -> None:
    Need.unscoped.update(next_on=TODAY - 400, due_on=TODAY - 400)
    for act in ("take", "plan", "snooze", "close"):
        undo_change(event=ACTS[act](house, need), by=house.dana)


def test_snooze_dismissal_and_closing_need_words(house: House, need: Need) -> None:
    with pytest.raises(NeedError):
        snooze_need(need=need, by=house.dana, until=TODAY + 1, reason=" ")
    with pytest.raises(NeedError):
        snooze_need(need=need, by=house.dana, until=TODAY, reason="Later")
    with pytest.raises(NeedError):
        dismiss_need(need=need, by=house.dana, reason="")
    with pytest.raises(NeedError):
        close_need(need=need, by=house.dana, outcome="")


def test_work_is_handed_only_to_somebody_who_may_see_it(house: House, need: Need) -> None:
    stranger = house.user("olaf", "COORDINATOR", team=Team.objects.create(name="South team"))
    with pytest.raises(NeedError):
        assign_need(need=need, by=house.dana, to_user=stranger)


def test_only_a_supervisor_gives_away_somebody_elses_work(house: House, need: Need) -> None:
    take_need(need=need, by=house.priya)
    with pytest.raises(AccessRefusedError):
        assign_need(need=need, by=house.dana, to_user=house.dana)
    assign_need(need=need, by=house.sam, to_team=house.team)
    assert Need.unscoped.get().owner_user is None


def test_planned_step_is_left_alone_by_the_rules(house: House, need: Need) -> None:
    plan_next_step(need=need, by=house.dana, next_step="Ask the son", on=TODAY + 9)
    finding = house.finding(house.patient("Bo"), "eye_check")
    house.becomes(finding, patient_id=need.patient_id, subject="medicine_runs_out:1", rule_id="dose_differs")
    update_needs([need.patient_id], TODAY)
    need.refresh_from_db()
    assert (need.next_step, need.next_on) == ("Ask the son", TODAY + 9)


def test_need_added_by_hand_is_owned_and_dated(house: House) -> None:
    ann = house.patient()
    event = add_need(patient_id=ann.pk, by=house.dana, question="Has she a key?", next_step="Ask the neighbour")
    need = Need.unscoped.get(pk=event.need_id)
    assert (need.owner_user, need.team, need.is_dated) == (house.dana, house.team, False)
    assert need.next_on > TODAY
    undo_change(event=event, by=house.dana)
    need.refresh_from_db()
    assert need.state == "CLOSED"


def test_only_the_last_thing_done_can_be_undone(house: House, need: Need) -> None:
    first = ACTS["take"](house, need)
    second = ACTS["plan"](house, need)
    with pytest.raises(NeedError):
        undo_change(event=first, by=house.dana)
    undo_change(event=second, by=house.dana)
    undo_change(event=first, by=house.dana)
    with pytest.raises(NeedError):
        undo_change(event=first, by=house.dana)


def test_leaving_colleague_leaves_no_work_behind(house: House, need: Need) -> None:
    take_need(need=need, by=house.dana)
    house.dana.is_active = False
    house.dana.save()
    assert release_work(user=house.dana, by=house.sam, reason="left") == 1
    assert Need.unscoped.get().owner_user is None
    assert list(WorkRow.unscoped.order_by("slot").values_list("slot", flat=True)) == ["all", f"team:{house.team.pk}"]


def test_colleague_who_moves_keeps_only_what_she_may_still_see(house: House, need: Need) -> None:
    take_need(need=need, by=house.dana)
    assert release_work(user=house.dana, by=house.sam) == 0
    TeamMember.objects.filter(user=house.dana).delete()
    TeamMember.objects.create(user=house.dana, team=Team.objects.create(name="South team"))
    assert release_work(user=house.dana, by=house.sam) == 1


def test_account_closed_without_release_returns_the_work_at_the_next_run(house: House, need: Need) -> None:
    take_need(need=need, by=house.dana)
    house.dana.is_active = False
    house.dana.save()
    update_needs([need.patient_id], TODAY)
    assert Need.unscoped.get().owner_user is None


def test_history_is_only_added_to(house: House, need: Need) -> None:
    said: list[Any] = []
    for act in ("take", "plan", "snooze"):
        ACTS[act](house, need)
        now = list(NeedEvent.unscoped.order_by("pk").values_list("pk", "what", "before", "after"))
        assert now[: len(said)] == said
        said = now


@pytest.mark.parametrize("change", ["role", "team", "account"])
def test_change_of_role_team_or_account_leaves_no_work_behind(house: House, need: Need, change: str) -> None:
    take_need(need=need, by=house.dana)
    if change == "role":
        User.objects.filter(pk=house.dana.pk).update(role="CLINICIAN")
    elif change == "account":
        User.objects.filter(pk=house.dana.pk).update(is_active=False)
    else:
        TeamMember.objects.filter(user=house.dana).update(until=timezone.now())
    assert any("owner" in breach.what for breach in check_needs())
    update_needs([need.patient_id], TODAY)
    assert Need.unscoped.get().owner_user is None
    assert check_needs() == []


def test_need_follows_the_enrolment_to_another_team(house: House, need: Need) -> None:
    south = Team.objects.create(name="South team")
    olaf = house.user("olaf", "COORDINATOR", team=south)
    Enrolment.objects.update(team=south)
    update_needs([need.patient_id], TODAY)
    assert Need.unscoped.get().team == south
    take_need(need=need, by=olaf)


def test_queue_of_a_team_that_could_not_see_it_is_refused(house: House, need: Need) -> None:
    with pytest.raises(NeedError, match="does not work for this person"):
        assign_need(need=need, by=house.dana, to_team=Team.objects.create(name="South team"))


def test_need_added_by_hand_is_released_too(house: House) -> None:
    ann = house.patient()
    add_need(patient_id=ann.pk, by=house.dana, question="Has she a key?", next_step="Ask the neighbour")
    User.objects.filter(pk=house.dana.pk).update(is_active=False)
    update_needs([ann.pk], TODAY)
    assert (Need.unscoped.get().owner_user, Need.unscoped.get().state) == (None, "OPEN")
