"""The gate: deny by default, one audit event a request, the idle lock."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from beforehand.record.models import AuditEvent, AuditPatient, BreakGlass, Patient, User
from tests.access.people import PASSWORD, make_patient, make_team, make_user, open_glass

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("gate")]


@pytest.fixture
def team():
    return make_team()


@pytest.fixture
def user(team):
    return make_user("COORDINATOR", team, password=PASSWORD)


@pytest.fixture
def client(user, signed_in):
    return signed_in(user)


def test_route_without_a_row_is_refused_even_when_signed_in(client):
    response = client.get("/unlisted/")
    assert response.status_code == 404
    assert b"never seen" not in response.content


def test_route_closed_on_purpose_is_not_found():
    for address in ("/account/signup/", "/account/password/reset/", "/account/email/"):
        assert Client().get(address).status_code == 404
        assert Client().post(address, {"email": "a@example.org", "username": "new"}).status_code == 404
    assert not User.objects.exists()


def test_nobody_signed_in_is_sent_to_sign_in_and_back(team):
    patient = make_patient(team)
    response = Client().get(f"/person/{patient.pk}/")
    assert response.status_code == 302
    assert response.headers["Location"] == f"/account/login/?next=%2Fperson%2F{patient.pk}%2F"


def test_fragment_request_of_nobody_moves_the_whole_page():
    response = Client().get("/", headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"].startswith("/account/login/")


def test_method_that_the_row_does_not_list_is_refused(client, team):
    patient = make_patient(team)
    assert client.get(f"/rename/{patient.pk}/").status_code == 405
    assert client.post(f"/person/{patient.pk}/").status_code == 405
    assert client.head(f"/person/{patient.pk}/").status_code == 200


def test_role_without_the_capability_is_told_so(team, signed_in):
    patient = make_patient(team)
    clinician = signed_in(make_user("CLINICIAN", team))
    response = clinician.post(f"/rename/{patient.pk}/", {"name": "X"})
    assert response.status_code == 403
    assert Patient.unscoped.get(pk=patient.pk).display_name != "X"
    assert AuditEvent.objects.get().outcome == "REFUSED"


def test_deactivated_user_is_out_on_the_next_request(client, user, team):
    patient = make_patient(team)
    assert client.get(f"/person/{patient.pk}/").status_code == 200
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get(f"/person/{patient.pk}/").status_code == 302


def test_page_of_a_patient_is_never_stored_by_a_browser(client, team):
    response = client.get(f"/person/{make_patient(team).pk}/")
    assert response.headers["Cache-Control"] == "no-store"


def test_without_a_second_factor_nothing_but_setting_it_up_is_open(user, team, signed_in):
    client = signed_in(user, second_factor=False)
    response = client.get(f"/person/{make_patient(team).pk}/")
    assert response.headers["Location"].startswith("/account/2fa/totp/activate/")
    assert not AuditEvent.objects.exists()


def test_home_that_only_offers_the_second_factor_lets_people_in_without(user, team, signed_in, settings):
    settings.REQUIRE_MFA = False
    client = signed_in(user, second_factor=False)
    assert client.get(f"/person/{make_patient(team).pk}/").status_code == 200


def test_reading_a_named_patient_leaves_exactly_one_event(client, user, team):
    patient = make_patient(team)
    client.get(f"/person/{patient.pk}/")
    event = AuditEvent.objects.get()
    assert (event.principal, event.action, event.method, event.outcome) == (f"user:{user.pk}", "person", "GET", "OK")
    assert event.request_id
    assert list(AuditPatient.objects.values_list("event_id", "patient_id", "access")) == [
        (event.pk, patient.pk, "READ")
    ]


def test_list_leaves_one_event_with_all_its_patients(client, team):
    patients = {make_patient(team).pk for _ in range(3)}
    client.get("/several/")
    assert AuditEvent.objects.count() == 1
    assert set(AuditPatient.objects.values_list("patient_id", flat=True)) == patients


def test_page_without_patients_leaves_no_event(client):
    client.get("/")
    assert not AuditEvent.objects.exists()


def test_change_leaves_one_event_that_names_action_and_reason(client, team):
    patient = make_patient(team)
    assert client.post(f"/rename/{patient.pk}/", {"name": "New"}).status_code == 200
    event = AuditEvent.objects.get()
    assert (event.action, event.reason) == ("rename: rename", "asked")
    assert AuditPatient.objects.get().access == "CHANGE"


def test_change_that_fails_is_taken_back_and_its_attempt_is_kept(client, team):
    patient = make_patient(team, name="Before")
    client.raise_request_exception = False
    assert client.post(f"/rename/{patient.pk}/", {"name": "boom"}).status_code == 500
    assert Patient.unscoped.get(pk=patient.pk).display_name == "Before"
    assert AuditEvent.objects.get().outcome == "HTTP_500"


def test_change_refused_halfway_changed_nothing(client, team):
    first, second = make_patient(team, name="Before"), make_patient(make_team())
    assert client.post(f"/rename/{first.pk}/", {"name": "After", "then": second.pk}).status_code == 404
    assert Patient.unscoped.get(pk=first.pk).display_name == "Before"
    assert AuditEvent.objects.get().outcome == "NOT_FOUND"
    assert AuditPatient.objects.get().access == "READ"


def test_patient_of_another_team_is_not_found_and_the_attempt_is_kept(client):
    patient = make_patient(make_team(), name="Canary Hidden")
    for response in (client.get(f"/person/{patient.pk}/"), client.post(f"/rename/{patient.pk}/", {"name": "X"})):
        assert response.status_code == 404
        assert b"Canary" not in response.content
    events = AuditEvent.objects.all()
    assert [(event.outcome, event.reason) for event in events] == [("NOT_FOUND", f"asked for patient {patient.pk}")] * 2
    assert not AuditPatient.objects.exists()


def test_not_found_reads_the_same_for_hidden_and_missing(client):
    hidden = make_patient(make_team())
    pages = [client.get(f"/person/{number}/").content.decode() for number in (hidden.pk, 987_654_321)]
    first, second = (re.sub('name="csrfmiddlewaretoken" value="[^"]+"', "", page) for page in pages)
    assert first == second


# --- the idle lock


def go_idle(client, minutes=16):
    session = client.session
    session["gate_seen_at"] = (timezone.now() - timedelta(minutes=minutes)).timestamp()
    session.save()


def test_session_idle_too_long_asks_for_the_password_and_goes_on(client, team):
    patient = make_patient(team)
    client.get("/")
    go_idle(client)
    response = client.get(f"/person/{patient.pk}/")
    assert response.headers["Location"] == f"/lock/?next=%2Fperson%2F{patient.pk}%2F"
    assert b"Password" in client.get("/lock/").content
    assert client.get(f"/person/{patient.pk}/").status_code == 302
    response = client.post("/lock/open/", {"password": PASSWORD, "next": f"/person/{patient.pk}/"})
    assert response.headers["Location"] == f"/person/{patient.pk}/"
    assert client.get(f"/person/{patient.pk}/").status_code == 200


def test_session_in_use_stays_open(client):
    client.get("/")
    go_idle(client, minutes=14)
    assert client.get("/").status_code == 200


def test_wrong_password_keeps_it_locked(client):
    client.post("/lock/")
    assert client.post("/lock/open/", {"password": "wrong"}).status_code == 403
    assert client.get("/").status_code == 302


def test_lock_does_not_lead_to_other_sites(client):
    client.post("/lock/")
    response = client.post("/lock/open/", {"password": PASSWORD, "next": "https://evil.example/"})
    assert response.headers["Location"] == "/"


def test_form_sent_after_the_lock_fell_is_kept_and_offered_again(client, team):
    patient = make_patient(team, name="Before")
    client.get("/")
    go_idle(client)
    assert client.post(f"/rename/{patient.pk}/", {"name": "After the lock"}).headers["Location"] == "/lock/"
    assert Patient.unscoped.get(pk=patient.pk).display_name == "Before"
    assert b"After the lock" not in client.get("/lock/").content
    page = client.post("/lock/open/", {"password": PASSWORD})
    assert b'name="name" value="After the lock"' in page.content
    assert f'action="/rename/{patient.pk}/"'.encode() in page.content
    client.post(f"/rename/{patient.pk}/", {"name": "After the lock"})
    assert Patient.unscoped.get(pk=patient.pk).display_name == "After the lock"
    assert "gate_draft" not in client.session


def test_leaving_while_locked_throws_the_kept_form_away(client, team):
    patient = make_patient(team)
    client.post("/lock/")
    client.post(f"/rename/{patient.pk}/", {"name": "secret words"})
    assert client.post("/account/logout/").status_code == 302
    assert "gate_draft" not in client.session


def test_script_is_told_that_the_session_is_locked_and_unlocks_it_in_place(client):
    client.post("/lock/", headers={"Accept": "application/json"})
    assert client.get("/", headers={"HX-Request": "true"}).status_code == 423
    wrong = client.post("/lock/open/", {"password": "wrong"}, headers={"Accept": "application/json"})
    assert wrong.status_code == 403
    right = client.post("/lock/open/", {"password": PASSWORD}, headers={"Accept": "application/json"})
    assert right.status_code == 204
    assert client.get("/").status_code == 200


# --- break-glass


def test_break_glass_opens_the_record_for_four_hours_and_is_audited(client, user):
    patient = make_patient(make_team())
    assert client.get(f"/person/{patient.pk}/").status_code == 404
    response = client.post("/break-glass/", {"patient": str(patient.pk), "reason": "Found unconscious at home"})
    assert response.headers["Location"] == f"/person/{patient.pk}/"
    assert client.get(f"/person/{patient.pk}/").status_code == 200
    opened = BreakGlass.objects.get()
    assert opened.until_at - opened.from_at == timedelta(hours=4)
    event = AuditEvent.objects.get(action="gate:break_glass: open_break_glass")
    assert event.reason == "Found unconscious at home"
    BreakGlass.objects.update(until_at=timezone.now())
    assert client.get(f"/person/{patient.pk}/").status_code == 404


def test_break_glass_needs_a_reason_and_a_real_patient(client):
    patient = make_patient(make_team())
    assert client.get("/break-glass/").status_code == 200
    assert client.post("/break-glass/", {"patient": str(patient.pk), "reason": "  x  "}).status_code == 422
    assert client.post("/break-glass/", {"patient": "987654", "reason": "Found unconscious"}).status_code == 422
    assert client.post("/break-glass/", {"patient": "mrn|1", "reason": "Found unconscious"}).status_code == 422
    assert not BreakGlass.objects.exists()


def test_administrator_cannot_break_glass(signed_in):
    administrator = signed_in(make_user("ADMINISTRATOR"))
    assert administrator.get("/break-glass/").status_code == 403


def test_supervisor_sees_who_opened_whose_record_and_why(client, user, signed_in):
    theirs = make_team()
    mine, other = make_patient(theirs, name="Named One"), make_patient(make_team(), name="Unnamed Two")
    for patient in (mine, other):
        open_glass(user, patient)
    page = signed_in(make_user("SUPERVISOR", theirs)).get("/break-glass/open/").content.decode()
    assert "Named One" in page and "Unnamed Two" not in page and f"number {other.pk}" in page
    assert page.count("unconscious") == 2
    page = signed_in(make_user("ADMINISTRATOR")).get("/break-glass/open/").content.decode()
    assert "Named One" not in page and page.count("unconscious") == 2
    assert client.get("/break-glass/open/").status_code == 403
