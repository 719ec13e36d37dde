"""A coordinator goes through a medicines list by keyboard, signs it as seen, says to whom it went, takes it back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from beforehand.care.medicines import signing
from tests.journeys import caseload
from tests.journeys.conftest import fits, is_accessible, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def quiet(monkeypatch):
    """The rules need not look again: that they do is shown elsewhere, and takes long on a loaded machine."""
    monkeypatch.setattr(signing, "settle_patients", lambda *_, **__: 0)


def test_list_is_gone_through_signed_given_and_taken_back(house, page, quiet):
    sign_in(page, house)
    eleanor = caseload.patient_named("Smith").pk
    page.goto(f"{house.url}/people/{eleanor}/medicines/")
    row = page.get_by_role("row", name=re.compile("Apixaban"))
    expect(row).to_contain_text("1 tablet, twice a day")
    expect(row).to_contain_text("56 tablets, for 28 days")
    expect(row).to_contain_text("Nobody has asked")
    is_accessible(page)
    page.get_by_role("link", name="Go through the list").click()
    # Signing an unanswered list names what is missing, and says nothing for her
    page.get_by_role("button", name="Sign the list").click()
    expect(page.get_by_role("alert")).to_contain_text("Say what holds, or that you are not sure.")
    is_accessible(page)
    page.set_viewport_size({"width": 390, "height": 900})
    fits(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    # While it stands open, the hospital changes the order: nothing is signed, both are shown
    apixaban = page.get_by_role("group", name=re.compile("Apixaban"))
    apixaban.get_by_label("Takes it", exact=True).focus()
    page.keyboard.press("Space")
    page.get_by_label("The patient", exact=True).focus()
    page.keyboard.press("Space")
    changed = caseload.medicine(
        "eleanor-apixaban", "eleanor", "Apixaban 5 MG Oral Tablet", "1364445", authored=-1, filled=None, days=28
    )
    changed[0]["dosageInstruction"] = [{"text": "half a tablet, twice a day"}]
    caseload.bring_in("st-brigid", *changed)
    page.get_by_role("button", name="Sign the list").press("Enter")
    moved = page.get_by_role("alert").filter(has_text="the list changed while you had it open")
    expect(moved).to_contain_text("1 tablet, twice a day")
    expect(moved).to_contain_text("half a tablet, twice a day")
    is_accessible(page)
    apixaban.get_by_label("Takes it differently").focus()
    page.keyboard.press("Space")
    apixaban.get_by_label("In their words").fill("half of it at night only")
    page.get_by_label("Medicine 1").fill("Ibuprofen 200 mg")
    page.get_by_role("button", name="Sign the list").press("Enter")
    # Then it is shown as signed, and can be handed out
    expect(page.get_by_role("heading", name=re.compile("Medicines, signed"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("Apixaban"))).to_contain_text("half of it at night only")
    is_accessible(page)
    page.get_by_text("It was given to somebody").click()
    page.get_by_label("To whom").fill("Dr. Park")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_text("Dr. Park. Printed, by hand").first).to_be_visible()
    page.get_by_role("link", name="Page to print").click()
    expect(page.get_by_role("heading", name="You take", exact=True)).to_be_visible()
    is_accessible(page)
    page.go_back()
    page.get_by_role("button", name="Take the signature back").click()
    expect(page.get_by_role("status")).to_contain_text("Taken back")
    expect(page.get_by_text("Nobody has signed it here")).to_be_visible()
