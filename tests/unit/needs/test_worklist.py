"""The day's list: one row a patient, in order, for the eyes of one principal."""

import pytest

from beforehand.care.needs.actions import NeedError, close_need, dismiss_need, snooze_need, take_need
from beforehand.care.needs.models import WorkRow
from beforehand.care.needs.shapes import Band, Filters, Tone
from beforehand.care.needs.worklist import done_today, need_view, owners_for, person_needs, worklist
from beforehand.record.access import PatientNotVisibleError, principal_of, system_principal
from beforehand.record.models import Patient, Team
from tests.unit.needs.house import TODAY, House


def names(house: House, owner: str = "everyone", user: object = None, **filters: object) -> list[str]:
    shown = worklist(principal_of(user or house.dana), as_of=TODAY, owner=owner, filters=Filters(**filters))  # type: ignore[arg-type]
    return [row.name for row in shown.rows]


@pytest.fixture
def people(house: House) -> House:
    ann, bo, cy = (house.patient(name) for name in ("Ann", "Bo", "Cy"))
    house.finding(ann, "eye_check", due_on=TODAY + 30)
    house.finding(ann, "dose_differs", due_on=TODAY + 2)
    house.finding(bo, "result_not_seen", due_on=TODAY - 1)
    house.finding(cy, "sure_to_ask", status="UNKNOWN", missing="driver", due_on=TODAY)
    for patient in (ann, bo, cy):
        house.run(patient)
    return house


def test_one_row_a_patient_ranked_with_other_needs_folded(people: House) -> None:
    shown = worklist(principal_of(people.dana), as_of=TODAY, owner="everyone")
    assert [(row.rank, row.name, row.band) for row in shown.rows] == [
        (1, "Bo", Band.FIRST),
        (2, "Cy", Band.TODAY),
        (3, "Ann", Band.WEEK),
    ]
    ann = shown.rows[2]
    assert (ann.lead.rule, [need.rule for need in ann.others]) == ("dose_differs", ["eye_check"])
    assert shown.rows[0].lead.clock.tone == Tone.LATE
    assert [band.total for band in shown.bands] == [1, 1, 1, 0]
    assert shown.people == 3


def test_row_lists_its_factors_with_weights(people: House) -> None:
    row = worklist(principal_of(people.dana), as_of=TODAY, owner="everyone").rows[0]
    assert {factor.name for factor in row.factors} == {"harm", "time", "person", "waiting"}
    assert row.score == pytest.approx(sum(factor.points for factor in row.factors))
    assert "Harm if missed: 5 of 5" in {factor.words for factor in row.factors}


def test_mine_team_and_everyone_are_three_lists(people: House) -> None:
    assert names(people, "mine") == []
    assert names(people, "team") == ["Bo", "Cy", "Ann"]
    need = people.needs(_patient("Cy"))[0]
    take_need(need=need, by=people.dana)
    assert names(people, "mine") == ["Cy"]
    assert names(people, "team") == ["Bo", "Ann"]
    assert names(people, "dana") == ["Cy"]
    counts = worklist(principal_of(people.dana), as_of=TODAY, owner="mine").counts
    assert (counts.mine, counts.team, counts.everyone, counts.unknown) == (1, 2, 3, 1)


def _patient(name: str) -> Patient:
    return Patient.unscoped.get(display_name=name)


def test_filters_narrow_the_list(people: House) -> None:
    assert names(people, state="unknown") == ["Cy"]
    assert names(people, state="late") == ["Bo"]
    assert names(people, topic="results") == ["Bo"]
    snooze_need(need=people.needs(_patient("Bo"))[0], by=people.dana, until=TODAY + 2, reason="Office is closed")
    assert names(people) == ["Cy", "Ann"]
    assert names(people, state="snoozed") == ["Bo"]


def test_pages_cut_the_list_and_ranks_go_on(people: House) -> None:
    shown = worklist(principal_of(people.dana), as_of=TODAY, filters=Filters(page=2, per_page=2))
    assert ([(row.rank, row.name) for row in shown.rows], shown.pages) == ([(3, "Ann")], 2)


def test_name_of_nobody_is_refused(people: House) -> None:
    with pytest.raises(NeedError, match="nobody"):
        names(people, "zelda")


def test_somebody_of_another_team_sees_nobody(people: House) -> None:
    stranger = people.user("olaf", "COORDINATOR", team=Team.objects.create(name="South team"))
    assert names(people, user=stranger) == []
    need = people.needs(_patient("Bo"))[0]
    with pytest.raises(PatientNotVisibleError):
        need_view(principal_of(stranger), need.pk)
    assert person_needs(principal_of(stranger), need.patient_id) == ()


def test_labelled_need_neither_shows_nor_counts_nor_ranks_for_who_may_not_see_it(house: House) -> None:
    ann = house.patient("Ann")
    house.finding(ann, "eye_check", "a:1", due_on=TODAY + 2)
    house.finding(ann, "result_not_seen", "b:1", due_on=TODAY, sensitivity="SUD")
    house.run(ann)
    may, may_not = house.dana, house.user("lou", "SOCIAL_WORKER")
    seen = worklist(principal_of(may), as_of=TODAY).rows[0]
    hidden = worklist(principal_of(may_not), as_of=TODAY)
    assert (seen.band, seen.lead.rule) == (Band.FIRST, "result_not_seen")
    assert (hidden.rows[0].band, hidden.rows[0].lead.rule, hidden.rows[0].others) == (Band.WEEK, "eye_check", ())
    assert len(person_needs(principal_of(may_not), ann.pk)) == 1
    assert hidden.counts.late == 0


def test_another_day_is_computed_and_written_nowhere(people: House) -> None:
    before = list(WorkRow.unscoped.order_by("pk").values())
    later = worklist(principal_of(people.dana), as_of=TODAY + 29)
    assert [(row.name, row.band) for row in later.rows] == [("Bo", Band.FIRST), ("Ann", Band.TODAY), ("Cy", Band.TODAY)]
    assert list(WorkRow.unscoped.order_by("pk").values()) == before


def test_stored_ranks_equal_computed_ones(people: House) -> None:
    stored = worklist(principal_of(people.dana), as_of=TODAY)
    WorkRow.unscoped.update(scored_day=TODAY - 1, score=0, band=3)  # a night that was missed
    again = worklist(principal_of(people.dana), as_of=TODAY)
    assert [(row.name, row.score, row.band) for row in again.rows] == [
        (row.name, row.score, row.band) for row in stored.rows
    ]


def test_done_today_can_be_undone_from_the_list(people: House) -> None:
    ann, bo = people.needs(_patient("Ann"))[0], people.needs(_patient("Bo"))[0]
    dismiss_need(need=ann, by=people.dana, reason="Not hers")
    close_need(need=bo, by=people.dana, outcome="Seen by Dr. Park")
    rows = done_today(principal_of(people.dana))
    assert [(row.name, row.can_undo) for row in rows] == [("Bo", True), ("Ann", True)]
    assert worklist(principal_of(people.dana), as_of=TODAY).counts.done_today == 2
    assert done_today(principal_of(people.priya)) == ()


def test_work_can_be_handed_to_colleagues_who_may_see_it_and_to_the_queue(people: House) -> None:
    people.user("olaf", "COORDINATOR", team=Team.objects.create(name="South team"))
    people.user("kim", "CLINICIAN")
    keys = {owner.key for owner in owners_for(principal_of(people.dana), people.needs(_patient("Bo"))[0].pk)}
    assert keys == {f"user:{user.pk}" for user in (people.dana, people.priya, people.sam)} | {f"team:{people.team.pk}"}


def test_system_sees_everyone(people: House) -> None:
    assert len(worklist(system_principal("operator"), as_of=TODAY).rows) == 3
