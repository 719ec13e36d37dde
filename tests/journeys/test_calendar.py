"""A calendar is made, fetched by a program, and taken back; a filed document is opened from the chart."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from beforehand.record.models import Patient
from tests.journeys.conftest import fits, is_accessible, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
LETTER = "Eye clinic\n\nSeen on 2 March. No change in either eye. <script>alert(1)</script>\n"


def both_widths(page) -> None:
    """The page as it stands, on a desk and on a phone."""
    is_accessible(page)
    page.set_viewport_size({"width": 390, "height": 900})
    fits(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    fits(page)


def test_a_persons_calendar_is_made_fetched_and_taken_back(house, page):
    sign_in(page, house)
    walter = Patient.unscoped.get(display_name__contains="Okafor")
    page.goto(f"{house.url}/people/{walter.pk}/")
    page.get_by_role("link", name="Visits in a calendar").click()
    both_widths(page)
    # When one is made, its address is shown once
    page.get_by_label("Whom or what it is for").fill("His daughter")
    page.get_by_role("button", name="Make the calendar").click()
    address = page.get_by_label("Private address").input_value()
    both_widths(page)
    # Then a program that knows nothing but the address reads it
    answer = page.request.get(address)
    assert answer.status == 200
    assert answer.text().startswith("BEGIN:VCALENDAR")
    assert "Okafor" not in answer.text()
    page.goto(f"{house.url}/people/{walter.pk}/calendars/")
    expect(page.get_by_text("Last fetched")).to_be_visible()
    expect(page.get_by_label("Private address")).to_have_count(0)
    # And when it is taken back, its address leads nowhere
    page.get_by_role("button", name=re.compile("Take it back.*His daughter")).click()
    expect(page.get_by_text("Its address leads nowhere.")).to_be_visible()
    both_widths(page)
    assert page.request.get(address).status == 404


def test_ones_own_dates_stand_behind_a_link_at_the_foot_of_each_page(house, page):
    sign_in(page, house)
    page.get_by_role("link", name="Calendar", exact=True).click()
    expect(page.get_by_role("heading", name="My dates in my calendar")).to_be_visible()
    page.get_by_role("button", name="Make the calendar").click()
    assert page.request.get(page.get_by_label("Private address").input_value()).status == 200


def test_a_filed_document_is_opened_from_the_chart(house, page):
    sign_in(page, house)
    page.goto(f"{house.url}/sorting/")
    page.get_by_label("Add a document").set_input_files(
        {"name": "eye letter.txt", "mimeType": "text/plain", "buffer": LETTER.encode()}
    )
    page.get_by_role("button", name="Add it").click()
    page.get_by_label("Name, birth date, phone or number of the person").fill("okafor")
    page.get_by_role("button", name="Find the person").click()
    page.get_by_role("button", name=re.compile("File to this person.*Okafor")).click()
    expect(page.get_by_role("heading", name="Filed lately")).to_be_visible()
    walter = Patient.unscoped.get(display_name__contains="Okafor")
    page.goto(f"{house.url}/people/{walter.pk}/")
    page.get_by_role("link", name="eye letter.txt").click()
    expect(page.get_by_label("The text as received")).to_contain_text("<script>alert(1)</script>")
    both_widths(page)
    answer = page.request.get(
        f"{house.url}{page.get_by_role('link', name='Open it as received').get_attribute('href')}"
    )
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.body() == LETTER.encode()
    # The original says what was received, not what we made of it
    page.get_by_role("link", name="Who said so").click()
    page.get_by_role("link", name=re.compile("original")).click()
    expect(page.get_by_role("heading", name="The original")).to_be_visible()
    both_widths(page)
