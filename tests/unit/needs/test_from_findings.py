"""From finding to need, as DESIGN section 4 ends."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from beforehand.care.needs.actions import add_need, close_need, dismiss_need, snooze_need
from beforehand.care.needs.from_findings import update_needs
from beforehand.care.needs.models import Need, NeedEvent, NeedFinding, WorkRow
from beforehand.record.models import Enrolment, Item, Message, Patient, Resource
from tests.unit.needs.house import TODAY, House


def test_due_finding_opens_a_need_with_owner_step_and_day(house: House) -> None:
    ann = house.patient()
    house.finding(ann, "medicine_runs_out", due_on=TODAY + 2)
    house.run(ann)
    need = house.need(ann)
    assert (need.state, need.team_id, need.next_step, need.next_on) == (
        "OPEN",
        house.team.pk,
        "Call the pharmacy",
        TODAY + 2,
    )
    assert (need.step_kind, need.harm, need.is_dated) == ("refill", 4, True)


def test_need_goes_to_the_lead_of_the_enrolment(house: House) -> None:
    ann = house.patient(lead=house.dana)
    house.finding(ann, "medicine_runs_out")
    house.run(ann)
    assert house.need(ann).owner_user == house.dana


def test_person_who_is_not_enrolled_gets_no_need(house: House) -> None:
    ann = house.patient(enrolled=False)
    house.finding(ann, "medicine_runs_out")
    house.run(ann)
    assert house.needs(ann) == []


def test_finding_that_opens_later_becomes_a_need_on_its_day(house: House) -> None:
    ann = house.patient()
    house.finding(ann, "medicine_runs_out", opens_on=TODAY + 1)
    house.run(ann)
    assert house.needs(ann) == []
    house.run(ann, as_of=TODAY + 1)
    assert house.need(ann).state == "OPEN"


def test_unknown_becomes_a_need_only_where_the_rule_wants_it_asked(house: House) -> None:
    ann = house.patient()
    house.finding(ann, "sure_to_ask", status="UNKNOWN", missing="driver")
    house.finding(ann, "shown_only", status="UNKNOWN")
    house.run(ann)
    assert house.need(ann).rule_id == "sure_to_ask"


def test_findings_about_the_same_thing_fold_into_one_need(house: House) -> None:
    ann = house.patient()
    house.finding(ann, "dose_differs", "medicine:apixaban")
    house.finding(ann, "medicine_runs_out", "medicine:apixaban")
    house.finding(ann, "medicine_runs_out", "medicine:metformin")
    house.run(ann)
    apixaban, metformin = sorted(house.needs(ann), key=lambda need: need.subject)
    assert (apixaban.rule_id, metformin.rule_id) == ("medicine_runs_out", "medicine_runs_out")
    assert NeedFinding.objects.filter(need=apixaban).count() == 2


def test_rule_may_fold_into_another_rule_or_into_a_subject(house: House) -> None:
    ann = house.patient()
    house.finding(ann, "stay_contact", "stay:7")
    house.finding(ann, "stay_list", "list:7")
    house.becomes(house.finding(ann, "stay_visit", "visit:7"), say={"stay": 7})
    house.run(ann)
    assert NeedFinding.objects.filter(need=house.need(ann)).count() == 3


def test_running_again_changes_nothing(house: House) -> None:
    ann = house.patient()
    house.finding(ann, "medicine_runs_out")
    house.run(ann)
    before = list(Need.unscoped.values()), NeedEvent.unscoped.count()
    again = house.run(ann)
    assert (again.opened, again.changed, again.closed) == (0, 0, 0)
    assert (list(Need.unscoped.values()), NeedEvent.unscoped.count()) == before


def test_met_closes_the_need_and_says_on_what_evidence(house: House) -> None:
    ann = house.patient()
    finding = house.finding(ann, "medicine_runs_out")
    house.run(ann)
    house.becomes(finding, status="MET", evidence=[{"table": "medication_dispense", "fact_id": 9, "role": "fill"}])
    house.run(ann)
    need = house.need(ann)
    assert (need.state, need.closed_why) == ("CLOSED", "MET")
    assert NeedEvent.unscoped.filter(what="CLOSED").get().after["evidence"][0]["fact_id"] == 9


def test_need_folded_from_two_findings_closes_only_when_both_are_met(house: House) -> None:
    ann = house.patient()
    first = house.finding(ann, "medicine_runs_out", "medicine:a")
    second = house.finding(ann, "dose_differs", "medicine:a")
    house.run(ann)
    house.becomes(first, status="MET")
    house.run(ann)
    assert (house.need(ann).state, house.need(ann).rule_id) == ("OPEN", "dose_differs")
    house.becomes(second, status="MET")
    house.run(ann)
    assert house.need(ann).state == "CLOSED"


def test_what_was_met_before_its_rule_fell_silent_does_not_keep_the_need_open(house: House) -> None:
    ann = house.patient()
    over = house.finding(ann, "result_unseen", "result:7")
    asking = house.finding(ann, "result_unfollowed", "result:7")
    house.run(ann)
    house.becomes(over, status="MET")
    house.becomes(over, state="WITHDRAWN")
    house.run(ann)
    assert (house.need(ann).state, house.need(ann).marked) == ("OPEN", "")
    house.becomes(asking, status="MET")
    house.run(ann)
    assert (house.need(ann).state, house.need(ann).closed_why) == ("CLOSED", "MET")


def test_what_was_withdrawn_while_it_asked_keeps_the_need_open(house: House) -> None:
    ann = house.patient()
    taken_back = house.finding(ann, "result_unseen", "result:7")
    met = house.finding(ann, "result_unfollowed", "result:7")
    house.run(ann)
    house.becomes(taken_back, state="WITHDRAWN")
    house.becomes(met, status="MET")
    house.run(ann)
    assert house.need(ann).state == "OPEN"
    assert house.need(ann).marked


def test_need_whose_fact_was_entered_in_error_says_which_source_withdrew_it(house: House) -> None:
    ann = house.patient()
    finding = house.finding(ann, "result_not_seen")
    house.run(ann)
    message = Message.objects.create(source=house.source, digest="d", size=1, received_at=timezone.now())
    item = Item.objects.create(message=message, place=0, outcome="APPLIED", version_state="WITHDRAWN")
    Resource.objects.create(
        id=5, source_id=house.source.pk, type="Observation", logical_id="o", current_item_id=item.pk
    )
    house.becomes(finding, state="WITHDRAWN")
    house.run(ann)
    assert house.need(ann).marked == "Quay Lab withdrew what this rested on (Result not seen)"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "EXCLUDED"}, "exclusion"),
        ({"state": "WITHDRAWN"}, "The record no longer shows it"),
        ({"state": "RULE_CHANGED"}, "rule changed"),
        ({"lapses_on": TODAY}, "passed"),
        ({"status": "UNKNOWN"}, "Nobody can tell"),
    ],
)
def test_finding_that_stops_asking_leaves_the_need_open_and_marked(
    house: House, change: dict[str, object], words: str
) -> None:
    ann = house.patient()
    finding = house.finding(ann, "medicine_runs_out")
    house.run(ann)
    house.becomes(finding, **change)
    house.run(ann)
    need = house.need(ann)
    assert need.state == "OPEN"
    assert words in need.marked


def test_mark_goes_when_the_finding_asks_again(house: House) -> None:
    ann = house.patient()
    finding = house.finding(ann, "medicine_runs_out")
    house.run(ann)
    house.run(house_marked := ann) if house.becomes(finding, status="EXCLUDED") else None
    assert house.need(house_marked).marked
    house.becomes(finding, status="DUE")
    house.run(ann)
    assert house.need(ann).marked == ""


def test_need_met_by_mistake_opens_again_with_its_owner(house: House) -> None:
    ann = house.patient(lead=house.dana)
    finding = house.finding(ann, "medicine_runs_out")
    house.run(ann)
    house.becomes(finding, status="MET")
    house.run(ann)
    house.becomes(finding, status="DUE")
    house.run(ann)
    need = house.need(ann)
    assert (need.state, need.owner_user, need.closed_why) == ("OPEN", house.dana, "")


def test_dismissal_lasts_until_its_evidence_changes(house: House) -> None:
    ann = house.patient()
    Resource.objects.create(id=5, source_id=house.source.pk, type="Observation", logical_id="o", current_item_id=1)
    finding = house.finding(ann, "medicine_runs_out")
    house.run(ann)
    dismiss_need(need=house.need(ann), by=house.dana, reason="She stopped taking it")
    house.run(ann)
    assert house.need(ann).state == "DISMISSED"
    Resource.objects.filter(pk=5).update(current_item_id=2)  # a newer version of the same fact
    house.run(ann)
    assert house.need(ann).state == "OPEN"
    dismiss_need(need=house.need(ann), by=house.dana, reason="She stopped taking it")
    house.becomes(finding, evidence=[*finding.evidence, {"table": "observation", "fact_id": 6, "role": "result"}])
    house.run(ann)
    assert house.need(ann).state == "OPEN"


def test_dismissal_ends_on_its_day(house: House) -> None:
    ann = house.patient()
    house.finding(ann, "medicine_runs_out", lapses_on=TODAY + 60)
    house.run(ann)
    dismiss_need(need=house.need(ann), by=house.dana, reason="Away", until=TODAY + 5)
    house.run(ann, as_of=TODAY + 4)
    assert house.need(ann).state == "DISMISSED"
    house.run(ann, as_of=TODAY + 5)
    assert house.need(ann).state == "OPEN"


def test_closing_on_ones_word_comes_back_when_no_record_shows_it(house: House) -> None:
    ann = house.patient()
    house.finding(ann, "eye_check", due_on=None)
    house.run(ann)
    close_need(need=house.need(ann), by=house.dana, outcome="She went in spring")
    house.run(ann, as_of=TODAY + 13)
    assert house.need(ann).state == "CLOSED"
    house.run(ann, as_of=TODAY + 14)
    assert house.need(ann).state == "OPEN"


def test_snoozed_need_comes_back_on_its_day_and_stays_owned(house: House) -> None:
    ann = house.patient(lead=house.dana)
    house.finding(ann, "medicine_runs_out")
    house.run(ann)
    snooze_need(need=house.need(ann), by=house.dana, until=TODAY + 2, reason="Office is closed")
    house.run(ann, as_of=TODAY + 1)
    assert (house.need(ann).state, house.need(ann).owner_user) == ("SNOOZED", house.dana)
    house.run(ann, as_of=TODAY + 2)
    assert house.need(ann).state == "OPEN"


def test_something_new_about_a_snoozed_need_wakes_it(house: House) -> None:
    ann = house.patient()
    house.finding(ann, "dose_differs", "medicine:a")
    house.run(ann)
    snooze_need(need=house.need(ann), by=house.dana, until=TODAY + 9, reason="Office is closed")
    house.finding(ann, "medicine_runs_out", "medicine:a")
    house.run(ann)
    assert house.need(ann).state == "OPEN"


def test_death_ends_the_needs_whose_rules_ended_and_leaves_the_bills(house: House) -> None:
    ann = house.patient()
    check = house.finding(ann, "eye_check")
    house.finding(ann, "bill_differs", "bill:1")
    house.run(ann)
    ann.is_deceased = 1
    ann.save()
    house.becomes(check, state="WITHDRAWN")
    house.run(ann)
    ended, bill = house.needs(ann)
    if ended.rule_id != "eye_check":
        ended, bill = bill, ended
    assert (ended.state, ended.closed_why, bill.state) == ("CLOSED", "DEATH", "OPEN")


def test_enrolment_that_ended_marks_what_is_open(house: House) -> None:
    ann = house.patient()
    house.finding(ann, "eye_check")
    house.run(ann)
    Enrolment.objects.update(until_day=TODAY)
    house.run(ann)
    assert house.need(ann).marked == "No longer enrolled"


def test_enrolment_follows_a_record_joined_into_another(house: House) -> None:
    ann, other = house.patient(), house.patient(enrolled=False)
    house.finding(ann, "eye_check", "check:1")
    house.run(ann)
    ann.merged_into_id = other.pk
    ann.save()
    house.becomes(house.finding(other, "eye_check", "check:1"))
    update_needs([ann.pk, other.pk], TODAY)
    assert (house.need(ann).closed_why, house.need(other).state) == ("JOINED", "OPEN")


def test_need_added_by_hand_follows_a_joined_record_and_returns_with_it(house: House) -> None:
    ann, other = house.patient(), house.patient("Other")
    need = Need.unscoped.get(
        pk=add_need(patient_id=ann.pk, by=house.dana, question="Has she a key?", next_step="Ask the neighbour").need_id
    )
    Patient.unscoped.filter(pk=ann.pk).update(merged_into_id=other.pk)
    update_needs([ann.pk, other.pk], TODAY)
    need.refresh_from_db()
    assert (need.patient_id, need.home_patient_id) == (other.pk, ann.pk)
    assert list(WorkRow.unscoped.values_list("patient_id", flat=True).distinct()) == [other.pk]
    Patient.unscoped.filter(pk=ann.pk).update(merged_into_id=None)
    update_needs([ann.pk, other.pk], TODAY)
    need.refresh_from_db()
    assert (need.patient_id, need.home_patient_id) == (ann.pk, None)


def test_database_refuses_an_open_need_without_step_or_twice_about_the_same(house: House) -> None:
    ann = house.patient()
    house.finding(ann, "eye_check")
    house.run(ann)
    need = house.need(ann)
    with pytest.raises(IntegrityError), transaction.atomic():
        Need.unscoped.filter(pk=need.pk).update(next_step="")
    with pytest.raises(IntegrityError), transaction.atomic():
        Need.unscoped.filter(pk=need.pk).update(next_on=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Need.unscoped.filter(pk=need.pk).update(team=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        need.pk = None
        need.opened_at = timezone.now()
        need.save(force_insert=True)


def test_labels_of_the_facts_behind_it_stay_on_the_need(house: House) -> None:
    ann = house.patient()
    house.finding(ann, "eye_check", "a:1", sensitivity="SUD")
    house.finding(ann, "dose_differs", "a:1", sensitivity="HIV SUD")
    house.run(ann)
    assert house.need(ann).sensitivity == "HIV SUD"
