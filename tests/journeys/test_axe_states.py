"""Every page in each state (empty, one, many, long names, errors) at each width: accessible, and nothing sticks out."""

from __future__ import annotations

import pytest
from allauth.mfa.totp.internal.auth import TOTP

from tests.journeys import caseload
from tests.journeys.conftest import SECRET, fits, is_accessible, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
TEAM = "/team/"
WIDTHS = (1280, 390, 320)


def look(page, url, *, status=200, widths=WIDTHS):
    """Open a page at each width, everything unfolded, and judge it."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        response = page.goto(url)
        assert response is not None
        assert response.status == status, f"{url} answered {response.status}"
        fits(page)
        page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true; })")
        page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        fits(page)
        if width != 390:  # the rules of the widest and the narrowest hold between them; what sticks out may not
            is_accessible(page)


def test_empty_house(live_server, page):
    caseload.ready_to_receive(enrol_everyone=True)
    boss = caseload.coworker("sam", "SUPERVISOR", "Sam", "Okoro")
    TOTP.activate(boss, SECRET)
    sign_in(page, live_server, "sam")
    for path in (
        "/",
        "/?state=done",
        "/?state=unknown&topic=results",
        "/people/",
        "/sorting/",
        "/operations/",
        "/team/",
    ):
        look(page, live_server.url + path)


def test_one_of_each(house, page):
    caseload.lookalike()
    caseload.unfit()
    caseload.disagreement()
    sign_in(page, house)
    eleanor = caseload.patient_named("Smith").pk
    for path in (
        "/",
        "/?owner=everyone",
        "/?state=late",
        "/people/",
        f"/people/{eleanor}/",
        f"/people/{eleanor}/history/",
        f"/people/{eleanor}/add/",
        "/needs/1/",
        *(f"/needs/1/{act}/" for act in ("happened", "snooze", "dismiss", "hand-over", "plan", "close")),
        "/sorting/",
        "/sorting/items/1/",
        "/sorting/matches/1/",
        "/operations/",
        "/keys/",
        "/gallery/",
        "/account/logout/",
        "/account/2fa/",
        "/account/password/change/",
        "/break-glass/",
    ):
        look(page, house.url + path)
    for path in ("medicines/", "problems/sign/", "differences/", "calendars/"):
        look(page, f"{house.url}/people/{eleanor}/{path}", widths=(1280, 320))


def test_long_names(house, page):
    caseload.long_lists()
    sign_in(page, house)
    patient = caseload.patient_named("Cholmondeley").pk
    for path in (f"/people/{patient}/", f"/people/{patient}/history/", "/people/"):
        look(page, house.url + path)
    for path in ("medicines/sign/", "allergies/"):
        look(page, f"{house.url}/people/{patient}/{path}", widths=(320,))


def test_a_thousand_people(house, page):
    caseload.crowd(house.dana, 1000)
    sign_in(page, house)
    for path in ("/?owner=mine", "/?owner=mine&page=2", "/people/?page=3"):
        look(page, house.url + path)


def test_pages_that_say_what_went_wrong(house, page):
    sign_in(page, house)
    look(page, f"{house.url}/people/999999/", status=404)
    look(page, f"{house.url}/nowhere/", status=404)
    look(page, f"{house.url}/team/", status=403)
    look(page, f"{house.url}/needs/999999/", status=404)
