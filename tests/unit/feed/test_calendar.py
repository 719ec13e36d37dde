"""A private calendar: little in it, right to the minute, checked anew at each fetch, and gone when it is taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from beforehand.care.needs.actions import add_need
from beforehand.care.needs.feeds import FeedError, feeds_of, make_feed, revoke_feed
from beforehand.care.needs.models import CalendarFeed, Need
from beforehand.record.access import AccessRefusedError, PatientNotVisibleError, principal_of
from beforehand.record.models import FACT_MODELS, AuditEvent, Patient, TeamMember, User
from tests.access.people import enrol, make_fact, make_patient, make_team, make_user, today

pytestmark = pytest.mark.django_db
DIAGNOSES = ("dialysis", "oncology")


class Ward:
    """A team, Dana in it, and Walter, who is worked for."""

    def __init__(self) -> None:
        self.team = make_team()
        self.dana = make_user("COORDINATOR", self.team, first_name="Dana")
        self.walter = make_patient(self.team, name="Walter Okafor", zone="America/New_York")

    def visit(
        self, day: int, *, hour: int = 14, sensitivity: str = "", patient: Patient | None = None, **more: Any
    ) -> Any:
        at = day * 86400 + hour * 3600
        values = {
            "status": "booked", "start_from_day": day, "start_to_day": day, "start_at": at, "start_zone": "",
            "end_at": at + 1800, "place_name": "Harbor Clinic", "description": "dialysis, oncology",
        } | more  # fmt: skip
        return make_fact("appointment", patient or self.walter, sensitivity=sensitivity, **values)

    def feed(self, *, patient: Patient | None = None, user: User | None = None, shows: str = "LITTLE") -> str:
        number = patient.pk if patient else None
        return make_feed(by=principal_of(user or self.dana), patient_id=number, shows=shows)[1]


@pytest.fixture
def ward() -> Ward:
    return Ward()


def get(token: str, **headers: str) -> Any:
    return Client().get(f"/calendar/{token}.ics", headers=headers)


def events(token: str) -> list[Any]:
    answer = get(token)
    assert answer.status_code == 200
    return list(Calendar.from_ical(answer.content).events)


def test_a_visit_says_where_and_when_and_nothing_else(ward: Ward) -> None:
    ward.visit(today() + 3)
    answer = get(ward.feed(patient=ward.walter))
    (event,) = Calendar.from_ical(answer.content).events
    assert (str(event["summary"]), str(event["location"]), str(event["status"])) == (
        "Visit", "Harbor Clinic", "CONFIRMED",
    )  # fmt: skip
    assert event["class"] == "PRIVATE"
    assert "description" not in event
    said = answer.content.decode()
    assert not [word for word in (*DIAGNOSES, "Okafor") if word in said]
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"


def test_the_name_stands_in_it_only_where_its_maker_chose_so(ward: Ward) -> None:
    ward.visit(today() + 3)
    (event,) = events(ward.feed(patient=ward.walter, shows="NAMES"))
    assert str(event["summary"]) == "Visit: Walter Okafor"


@pytest.mark.parametrize(
    ("moment", "wall"),
    [
        (datetime(2027, 3, 13, 15, tzinfo=UTC), "10:00 -0500"),  # the day before the clocks change
        (datetime(2027, 3, 14, 15, tzinfo=UTC), "11:00 -0400"),
        (datetime(2027, 11, 6, 15, tzinfo=UTC), "11:00 -0400"),
        (datetime(2027, 11, 7, 15, tzinfo=UTC), "10:00 -0500"),
    ],
)
def test_a_visit_stands_at_its_minute_on_either_side_of_the_clock_change(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, moment: datetime, wall: str
) -> None:
    monkeypatch.setattr("beforehand.care.needs.feeds.AHEAD", 4000)
    day = int(moment.timestamp()) // 86400
    ward.visit(day, hour=15, start_zone="-05:00")
    answer = get(ward.feed(patient=ward.walter))
    calendar = Calendar.from_ical(answer.content)
    (event,) = calendar.events
    assert event["dtstart"].params["TZID"] == "America/New_York"
    assert event["dtstart"].dt.strftime("%H:%M %z") == wall
    assert event["dtstart"].dt == moment
    (zone,) = calendar.timezones
    assert str(zone["tzid"]) == "America/New_York"
    rule = zone.to_tz(lookup_tzid=False)  # what a program that knows nothing of zones makes of the rules we sent
    assert moment.astimezone(rule).strftime("%H:%M") == wall[:5]


def test_a_visit_whose_hour_nobody_knows_is_a_whole_day(ward: Ward) -> None:
    ward.visit(today() + 3, start_at=None, end_at=None)
    ward.visit(today() + 3, start_from_day=today() + 1, start_at=None)  # some day, nobody knows which
    (event,) = events(ward.feed(patient=ward.walter))
    assert (event["dtend"].dt - event["dtstart"].dt).days == 1


def test_a_change_raises_the_sequence_and_a_loss_says_cancelled(ward: Ward) -> None:
    visit = ward.visit(today() + 3)
    token = ward.feed(patient=ward.walter)
    (first,) = events(token)
    FACT_MODELS["appointment"].unscoped.filter(pk=visit.pk).update(place_name="Mill Street")
    (moved,) = events(token)
    assert (first["uid"], first["sequence"]) == (moved["uid"], 0)
    assert (moved["sequence"], str(moved["location"])) == (1, "Mill Street")
    FACT_MODELS["appointment"].unscoped.filter(pk=visit.pk).update(status="cancelled")
    (gone,) = events(token)
    assert (gone["uid"], gone["sequence"], str(gone["status"])) == (first["uid"], 2, "CANCELLED")
    assert "location" not in gone
    assert get(token).content == get(token).content  # nothing rises without a change


def test_what_did_not_change_is_not_sent_again(ward: Ward) -> None:
    ward.visit(today() + 3)
    token = ward.feed(patient=ward.walter)
    etag = get(token)["ETag"]
    again = get(token, **{"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    ward.visit(today() + 4)
    assert get(token, **{"If-None-Match": etag}).status_code == 200


def test_labelled_visits_are_left_out_of_a_persons_calendar_and_say_nothing_in_ones_own(ward: Ward) -> None:
    ward.visit(today() + 3, sensitivity="SUD")
    ward.visit(today() + 4, sensitivity="R")  # which a coordinator does not see at all
    add_need(patient_id=ward.walter.pk, question="Ask", next_step="Call", on=today() + 5, by=ward.dana, reason="x")
    assert events(ward.feed(patient=ward.walter, shows="NAMES")) == []
    Need.unscoped.update(owner_user=ward.dana)
    own = [str(event["summary"]) for event in events(ward.feed(shows="NAMES"))]
    assert own == ["Visit", "Next step: Walter Okafor"]


def test_ones_own_dates_are_ones_own_and_lead_to_the_need(ward: Ward) -> None:
    other = make_user("COORDINATOR", ward.team)
    need = add_need(
        patient_id=ward.walter.pk, question="Is the dialysis booked?", next_step="Call", on=today() + 5, by=ward.dana,
        reason="x",
    )  # fmt: skip
    Need.unscoped.update(owner_user=ward.dana)
    (event,) = events(ward.feed())
    assert str(event["summary"]) == "Next step"
    assert str(event["url"]).endswith(reverse("need", args=[Need.unscoped.get().pk]))
    assert need is not None
    assert events(ward.feed(user=other)) == []


def test_a_fetch_sees_what_its_maker_may_see_now(ward: Ward) -> None:
    ward.visit(today() + 3)
    token = ward.feed(patient=ward.walter)
    assert len(events(token)) == 1
    TeamMember.objects.all().delete()
    assert get(token).status_code == 404
    TeamMember.objects.create(team=ward.team, user=ward.dana)
    assert get(token).status_code == 200
    User.objects.filter(pk=ward.dana.pk).update(is_active=False)
    assert get(token).status_code == 404


def test_in_ones_own_a_person_no_longer_theirs_is_cancelled_without_a_word(ward: Ward) -> None:
    add_need(patient_id=ward.walter.pk, question="Ask", next_step="Call", on=today() + 5, by=ward.dana, reason="x")
    Need.unscoped.update(owner_user=ward.dana)
    token = ward.feed(shows="NAMES")
    assert "Okafor" in get(token).content.decode()
    TeamMember.objects.all().delete()
    said = get(token).content.decode()
    assert "Okafor" not in said
    assert "STATUS:CANCELLED" in said


def test_each_fetch_leaves_a_trace_with_whom_it_read(ward: Ward) -> None:
    ward.visit(today() + 3)
    token = ward.feed(patient=ward.walter)
    get(token, **{"User-Agent": "Calendula/3.1 (Linux)"})
    event = AuditEvent.objects.get(action__startswith="feed:calendar")
    assert event.principal == f"user:{ward.dana.pk}"
    assert list(event.auditpatient_set.values_list("patient_id", flat=True)) == [ward.walter.pk]
    (feed,) = feeds_of(principal_of(ward.dana), ward.walter.pk)
    assert (feed.fetches, feed.fetched_by) == (1, "Calendula/3.1, from 127.0.0.1")
    assert token not in str(AuditEvent.objects.values_list("action", "reason"))


def test_what_is_taken_back_or_never_was_is_not_found(ward: Ward) -> None:
    token = ward.feed(patient=ward.walter)
    assert len(token) >= 43
    assert not CalendarFeed.objects.filter(token_digest=token).exists()  # only its fingerprint is kept
    other = make_user("COORDINATOR", ward.team)
    feed = CalendarFeed.objects.get()
    with pytest.raises(PatientNotVisibleError):
        revoke_feed(feed_id=feed.pk, by=principal_of(other))
    revoke_feed(feed_id=feed.pk, by=principal_of(ward.dana))
    answer, nothing = get(token), get("x" * 43)
    assert (answer.status_code, answer.content) == (404, nothing.content)


def test_control_without_the_check_of_access_a_former_colleague_would_go_on_reading(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward.visit(today() + 3)
    token = ward.feed(patient=ward.walter)
    TeamMember.objects.all().delete()
    monkeypatch.setattr("beforehand.record.access.OnePatient.scope", lambda self, rows, field="patient_id": rows)
    monkeypatch.setattr("beforehand.record.access.SomePatients.scope", lambda self, rows, field="patient_id": rows)
    assert get(token).status_code == 200  # which the test above would notice


def test_only_who_reads_records_may_have_one_and_only_of_their_people(ward: Ward) -> None:
    stranger = make_patient(make_team())
    with pytest.raises(PatientNotVisibleError):
        ward.feed(patient=stranger)
    with pytest.raises(AccessRefusedError):
        ward.feed(user=make_user("ADMINISTRATOR"))
    with pytest.raises(FeedError):
        ward.feed(shows="EVERYTHING")
    enrol(stranger, ward.team)
    assert ward.feed(patient=stranger)
