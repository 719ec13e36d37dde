"""Say what happened: the fact is written in the same action, the rule turns MET by itself, undo withdraws the fact."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from beforehand.care.needs import arrivals, folding, from_findings, happened
from beforehand.care.needs.actions import NeedError, add_need
from beforehand.care.needs.answers import AnswerError, check_answers
from beforehand.care.needs.folding import DRAW
from beforehand.care.needs.followups import FOLLOW_UPS, follow_up
from beforehand.care.needs.happened import form_for, say_what_happened, undo, words_of
from beforehand.care.needs.models import Need, NeedEvent
from beforehand.care.needs.register import RuleWords
from beforehand.care.needs.situation import Situation
from beforehand.care.needs.steps import STEP_KINDS
from beforehand.clinical.times import date_of
from beforehand.lookahead.models import Finding
from beforehand.lookahead.rule import STEP_KINDS as KINDS_OF_RULES
from beforehand.record.models import FACT_MODELS, Message, Resource
from beforehand.record.valuesets import load_shipped
from tests.unit.needs.house import TODAY, House

SITUATION = Situation(
    at=datetime(2026, 12, 1, 15, 30, tzinfo=UTC),
    zone=ZoneInfo("America/New_York"),
    by_name="Dana",
    subject_kind="stay",
    books="",
    question="Has anyone reached her?",
    targets={
        table: {"reference": f"urn:beforehand:lab/{table}/1"}
        for table in (
            "encounter",
            "appointment",
            "medication_request",
            "observation",
            "service_request",
            "claim",
            "invoice",
        )
    },
    medicine={"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "1364430"}]},
)
DATES = {"on": "2026-12-04", "from": "2026-12-04", "until": "2027-01-04", "days": "30", "at": "09:45"}


def every_answer() -> list[tuple[str, str]]:
    return [
        (kind, choice.value)
        for kind, step in STEP_KINDS.items()
        for field in step.form.fields
        if field.name == "happened"
        for choice in field.choices
    ]


def compose(kind: str, answer: str, **more: str) -> dict[str, Any]:
    step = STEP_KINDS[kind]
    (resource,) = step.compose(check_answers(step.form, {"happened": answer, **DATES, **more}), SITUATION)
    return resource


def test_every_kind_of_step_a_rule_may_name_has_a_form() -> None:
    assert set(STEP_KINDS) == set(KINDS_OF_RULES)


@pytest.mark.parametrize(("kind", "answer"), every_answer())
def test_every_answer_becomes_one_resource_with_a_status(kind: str, answer: str) -> None:
    resource = compose(kind, answer)
    assert resource["resourceType"] and resource["status"]


@pytest.mark.parametrize("kind", STEP_KINDS)
def test_every_form_takes_no_for_an_answer(kind: str) -> None:
    resource = compose(kind, "declined")
    assert (resource["resourceType"], resource["status"]) == ("Communication", "not-done")
    assert resource["statusReason"]["coding"][0]["code"] == "declined"


def test_call_that_reached_nobody_is_not_a_contact() -> None:
    assert compose("call", "reached")["status"] == "completed"
    tried = compose("call", "not-reached")
    assert (tried["status"], tried["statusReason"]["coding"][0]["code"]) == ("not-done", "not-reached")


def test_call_after_a_stay_names_the_stay_and_the_purpose() -> None:
    call = compose("call", "reached", note="She is well")
    assert call["encounter"] == SITUATION.targets["encounter"]
    assert call["reasonCode"][0]["coding"][0]["code"] == "post-discharge-contact"
    assert call["sent"] == "2026-12-01T10:30:00-05:00"
    assert call["payload"] == [{"contentString": "She is well"}]


def test_call_about_the_history_says_so_also_when_they_would_not_tell() -> None:
    asked = replace(SITUATION, subject_kind="history", targets={})
    for answer, status in (("reached", "completed"), ("declined", "not-done")):
        step = STEP_KINDS["call"]
        (told,) = step.compose(check_answers(step.form, {"happened": answer, **DATES}), asked)
        assert (told["status"], told["reasonCode"][0]["coding"][0]["code"]) == (status, "preventive-history")


def test_ride_points_to_the_visit_it_is_for() -> None:
    ride = compose("ride", "booked")
    assert ride["supportingInformation"] == [SITUATION.targets["appointment"]]
    assert ride["start"] == "2026-12-04T09:45:00-05:00"
    assert ride["serviceType"][0]["coding"][0]["code"] == "ride"
    assert compose("ride", "family")["serviceType"][0]["coding"][0]["code"] == "ride-by-family"


def test_request_for_a_refill_is_no_refill() -> None:
    assert compose("refill", "requested")["resourceType"] == "Task"
    fill = compose("refill", "picked-up")
    assert (fill["resourceType"], fill["daysSupply"]["value"], fill["whenHandedOver"]) == (
        "MedicationDispense",
        30,
        "2026-12-04",
    )


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({}, "happened"),
        ({"happened": "flew"}, "happened"),
        ({"happened": "picked-up", "days": "30"}, "on"),
        ({"happened": "picked-up", "on": "4.12.", "days": "30"}, "on"),
        ({"happened": "picked-up", "on": "2026-12-04", "days": "many"}, "days"),
        ({"happened": "picked-up", "on": "2026-12-04", "days": "4000"}, "days"),
    ],
)
def test_answer_that_cannot_be_saved_names_the_field(answers: dict[str, str], field: str) -> None:
    step = STEP_KINDS["refill"]
    with pytest.raises(AnswerError) as refused:
        step.compose(check_answers(step.form, answers), SITUATION)
    assert refused.value.field == field


@pytest.fixture
def rule_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule in a line: a completed contact makes the finding MET, and nothing else does."""

    def look(patient_ids: list[int], *, as_of: Any, changed: Any) -> None:
        assert as_of == date_of(TODAY)
        calls = FACT_MODELS["communication"]._meta.default_manager.filter(
            patient_id__in=patient_ids, status="completed"
        )  # type: ignore[union-attr]
        Finding.unscoped.filter(patient_id__in=patient_ids).update(status="MET" if calls.exists() else "DUE")

    monkeypatch.setattr(arrivals, "run_patients", look)


@pytest.fixture
def need(house: House, rule_looks: None) -> Need:
    ann = house.patient(lead=house.dana)
    Resource.objects.create(id=5, source_id=house.source.pk, type="Encounter", logical_id="e1", current_item_id=None)
    house.finding(ann, "stay_contact", "stay:5", evidence=[{"table": "encounter", "fact_id": 5, "role": "stay"}])
    house.run(ann)
    return house.need(ann)


@pytest.mark.django_db(transaction=True)
def test_logged_call_is_a_fact_of_the_signed_in_person_and_closes_the_need(house: House, need: Need) -> None:
    event = say_what_happened(need=need, by=house.dana, answers={"happened": "reached", "note": "She is well"})
    need.refresh_from_db()
    assert (need.state, need.closed_why) == ("CLOSED", "MET")
    (call,) = FACT_MODELS["communication"]._meta.default_manager.all()  # type: ignore[union-attr]
    assert (call.patient_id, call.encounter_id, event.facts) == (need.patient_id, 5, [call.pk])
    assert Message.objects.get(source__kind="PERSON").source.user_id == house.dana.pk


@pytest.mark.django_db(transaction=True)
def test_undo_withdraws_the_fact_and_the_need_is_back_with_its_owner(house: House, need: Need) -> None:
    event = say_what_happened(need=need, by=house.dana, answers={"happened": "reached"})
    undo(event=event, by=house.dana)
    need.refresh_from_db()
    assert (need.state, need.owner_user, need.closed_why) == ("OPEN", house.dana, "")
    statuses = FACT_MODELS["communication"]._meta.default_manager.values_list("status", flat=True)  # type: ignore[union-attr]
    assert "completed" not in statuses
    with pytest.raises(NeedError):
        undo(event=event, by=house.dana)


@pytest.mark.django_db(transaction=True)
def test_call_that_reached_nobody_leaves_the_need_open_and_is_in_its_history(house: House, need: Need) -> None:
    event = say_what_happened(need=need, by=house.dana, answers={"happened": "not-reached"})
    need.refresh_from_db()
    assert (need.state, need.next_on, need.next_step[:9]) == ("OPEN", TODAY + 1, "Try again")
    undo(event=event, by=house.dana)
    need.refresh_from_db()
    assert (need.next_on, need.next_step) == (TODAY + 3, "Call the pharmacy")
    assert NeedEvent.unscoped.get(what="HAPPENED").words == "Call: not reached"


@pytest.mark.django_db(transaction=True)
def test_need_added_by_hand_closes_with_what_happened(house: House, need: Need) -> None:
    event = add_need(patient_id=need.patient_id, by=house.dana, question="Key?", next_step="Call", step_kind="call")
    done = say_what_happened(need=event.need_id, by=house.dana, answers={"happened": "reached"})
    assert Need.unscoped.get(pk=event.need_id).outcome == "Reached"
    undo(event=done, by=house.dana)
    assert Need.unscoped.get(pk=event.need_id).state == "OPEN"


def test_form_is_shown_only_to_who_may_work_the_need(house: House, need: Need) -> None:
    assert form_for(need.pk, by=house.dana).action_label == "Log the call"


@pytest.mark.parametrize("answer", FOLLOW_UPS)
def test_every_answer_with_a_follow_up_is_on_a_form(answer: tuple[str, str]) -> None:
    assert answer in every_answer()


def test_follow_up_keeps_a_due_day_that_is_still_ahead() -> None:
    asked = {"happened": "requested"}
    assert follow_up("refill", asked, TODAY, None) == ("Check that it was filled.", TODAY + 2)
    assert follow_up("refill", asked, TODAY, TODAY + 1) == ("Check that it was filled.", TODAY + 1)
    assert follow_up("refill", asked, TODAY, TODAY - 5) == ("Check that it was filled.", TODAY + 2)
    booked = {"happened": "booked", "on": date_of(TODAY + 20).isoformat()}
    assert follow_up("book", booked, TODAY, TODAY + 1) == ("See that it took place.", TODAY + 21)
    assert follow_up("call", {"happened": "reached"}, TODAY, None) is None


@pytest.mark.django_db
def test_a_coded_booking_is_named_as_people_call_it() -> None:
    load_shipped()
    assert words_of("loinc|4548-4") == "Hemoglobin A1c"
    assert words_of("loinc|no-such-code") == ""
    assert words_of("Visit after the hospital") == ""


def test_one_booked_blood_draw_is_booked_for_every_test_it_is_to_answer() -> None:
    draw = replace(
        SITUATION,
        books="loinc|4548-4",
        books_words="A1c",
        also_books=(("loinc|98979-8", "eGFR"), ("loinc|2823-3", "potassium")),
    )
    step = STEP_KINDS["book"]
    (booking,) = step.compose(check_answers(step.form, {"happened": "booked", **DATES}), draw)
    assert [each["coding"][0]["code"] for each in booking["serviceType"]] == ["4548-4", "98979-8", "2823-3"]
    assert booking["description"] == "Blood draw: A1c, eGFR, potassium"
    (alone,) = step.compose(check_answers(step.form, {"happened": "booked", **DATES}), replace(draw, also_books=()))
    assert (len(alone["serviceType"]), alone["description"]) == (1, "A1c")


@pytest.mark.django_db
def test_the_other_tests_of_a_draw_are_those_still_asked_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = {"a1c": "loinc|4548-4", "kidney": "loinc|98979-8", "lipids": "loinc|57698-3", "words": "a visit"}
    known = {rule: RuleWords(rule, folds_into=DRAW, step_kind="book", books=books) for rule, books in codes.items()}
    monkeypatch.setattr(folding, "rule_words", known.__getitem__)
    monkeypatch.setattr(happened, "rule_words", known.__getitem__)
    monkeypatch.setattr(from_findings, "rule_words", known.__getitem__)
    ann = house.patient(lead=house.dana)
    for rule in codes:
        house.finding(ann, rule, f"{rule}:1", evidence=[])
    house.run(ann)
    need = house.need(ann)
    Finding.unscoped.filter(rule_id="lipids").update(status="MET")
    situation = happened.situation_of(need, house.dana)
    assert situation.books == "loinc|4548-4"
    assert situation.also_books == (("loinc|98979-8", ""),)
