"""Who is who, in a real browser: side by side, a decision with its reason, undo, and what was entered meanwhile."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from beforehand.intake.statements import state
from beforehand.record.models import PersonRecord, PossibleMatch, UnlinkedStatement
from tests.journeys import caseload
from tests.journeys.conftest import fits, is_accessible, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


FAMILIES = re.findall(
    r"\w+",
    "Abernathy Bouchard Castellano Dimitriou Eszterhazy Fitzgerald Grabowski Hashimoto Ingersoll "
    "Jankowski Kirkpatrick Lindqvist McAllister Nakagawa Oyelaran Papadakis Quisenberry Rosenthal "
    "Strickland Thibodeaux Underhill Vasquez Wojcik Xiong Yamaguchi Zimmerman Blankenship Delacroix "
    "Holloway Pemberton",
)


def many() -> None:
    """Thirty pairs with long names: the same people at a second source, the birth date one digit off."""
    for source, day in (("north", "11"), ("south", "12")):
        people = [
            caseload.person(f"{source}-{n}", "Wilhelmina-Alexandra", f"{family}", f"{1920 + n}-05-{day}")
            | {"identifier": [], "telecom": [], "address": []}
            for n, family in enumerate(FAMILIES)
        ]
        caseload.bring_in(source, *people, label=source.title())


def test_two_records_are_kept_apart_linked_and_undone_by_keyboard_and_what_was_entered_is_looked_at(house, page):
    # Given a second record of Walter's with day and month of birth swapped, and thirty other pairs
    caseload.lookalike()
    many()
    sign_in(page, house)
    page.goto(f"{house.url}/sorting/matches/")
    expect(page.get_by_role("heading", name="Maybe the same person, 31")).to_be_visible()
    expect(page.locator("main ol > li")).to_have_count(25)
    page.set_viewport_size({"width": 390, "height": 900})
    fits(page)
    is_accessible(page)
    walter = PossibleMatch.objects.get(why__contains="swapped")
    page.goto(f"{house.url}/sorting/matches/{walter.pk}/")
    # Then it says why they were not joined, and marks what differs
    expect(page.locator(".bh-lead")).to_contain_text("because the birth dates differ")
    expect(page.locator(".bh-lead")).to_contain_text("Day and month may be swapped.")
    expect(page.locator("tr.is-diff").first).to_contain_text("Born")
    expect(page.locator("tr.is-diff").first.locator("mark").first).not_to_contain_text("1944")
    fits(page)
    is_accessible(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    # When she keeps them apart by keyboard, and takes that back
    page.get_by_label("How do you know?").fill("His cousin, he says")
    page.get_by_role("button", name="Keep apart: two people").press("Enter")
    expect(page.locator("[data-done]")).to_contain_text("Kept apart")
    page.get_by_role("button", name=re.compile("Undo.*Kept apart: Walter Okafor")).press("Enter")
    expect(page.locator("[data-done]")).to_contain_text("wait for a decision again")
    # When she links them, something is entered, and she takes the link back
    page.goto(f"{house.url}/sorting/matches/{walter.pk}/")
    page.get_by_label("How do you know?").fill("Asked him")
    page.get_by_role("button", name="Link: same person").press("Enter")
    expect(page.locator("[data-done]")).to_contain_text("Linked")
    joined = PersonRecord.unscoped.get(pk=walter.left_record_id).patient_id
    coded = {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]}
    reading = {"resourceType": "Observation", "status": "final", "code": coded, "effectiveDateTime": caseload.day(-1)}
    state(resource={**reading, "valueQuantity": {"value": 72, "unit": "/min"}}, patient_id=joined, by=house.dana)
    page.goto(f"{house.url}/sorting/")
    page.get_by_role("button", name=re.compile("Undo.*Linked: Walter Okafor")).press("Enter")
    expect(page.locator("[data-done]")).to_contain_text("Taken apart again. 1 entry was made while they were linked")
    # Then the entry waits for somebody to say whom it is about, here and in the operations queue
    expect(page.locator("#statements")).to_contain_text("Heart rate")
    is_accessible(page)
    page.get_by_role("button", name="it stays").press("Enter")
    expect(page.locator("[data-done]")).to_contain_text("It stays")
    assert UnlinkedStatement.objects.get().looked_at is not None
    expect(page.locator("#statements")).to_have_count(0)
