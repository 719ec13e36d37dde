"""The same pages by plain requests, and by keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from beforehand.care.needs.models import Need
from tests.journeys import caseload
from tests.journeys.conftest import is_accessible, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def plain_page(browser):
    """A window in which no script runs."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_without_script_a_call_is_logged_and_undone_through_pages(house, plain_page):
    page = plain_page
    # Given the same list, when she opens the step, then it is a page of its own
    sign_in(page, house)
    page.get_by_role("link", name="Log the call").first.click()
    assert "/happened/" in page.url
    page.get_by_label("Reached", exact=True).check()
    page.get_by_role("button", name="Save").click()
    # Then she is back on the list, told what was done, with Undo
    assert page.url.startswith(f"{house.url}/?")
    expect(page.locator("[data-done]")).to_contain_text("Call: reached")
    page.get_by_role("button", name="Undo").first.click()
    expect(page.locator("[data-done]")).to_contain_text("Undone")
    assert Need.unscoped.get(question__startswith="Has anyone reached").state == "OPEN"


def test_without_script_a_chip_opens_and_leads_to_who_said_so(house, plain_page):
    page = plain_page
    sign_in(page, house)
    page.goto(f"{house.url}/people/{caseload.patient_named('Smith').pk}/")
    chip = page.locator("#results details.bh-ev").first
    chip.locator("summary").click()
    chip.get_by_role("link", name="Who said so, and the original").click()
    expect(page.get_by_role("heading", name="Who said so")).to_be_visible()
    expect(page.locator("main")).to_contain_text("holds now")


def test_keyboard_alone_works_the_list(house, page):
    sign_in(page, house)
    # The first Tab reaches the skip link
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    # j goes to the first row, and on; k back
    page.keyboard.press("j")
    first = page.locator("[data-row]").first
    expect(first).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("[data-row]").nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(first).to_be_focused()
    # Enter opens its first action with the focus in the form
    page.keyboard.press("Enter")
    expect(first.locator("[data-panel]")).to_be_visible()
    expect(first.locator("[data-panel] :focus")).to_have_count(1)
    is_accessible(page)
    # letters typed in a field are letters
    note = first.locator("[data-panel] input[type=text]").last
    note.fill("")
    note.type("jku/")
    expect(note).to_have_value("jku/")
    first.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-done]")).to_be_focused()
    # u takes it back
    page.keyboard.press("u")
    expect(page.locator("[data-done]")).to_contain_text("Undone")
    page.wait_for_load_state("networkidle")
    # slash goes to the find box
    page.keyboard.press("Tab")
    page.keyboard.press("/")
    expect(page.get_by_label("Find a person")).to_be_focused()


def test_single_letter_keys_can_be_turned_off(house, page):
    sign_in(page, house)
    page.goto(f"{house.url}/keys/")
    is_accessible(page)
    page.locator("label").filter(has_text="Use single letters").click()
    page.goto(f"{house.url}/")
    page.keyboard.press("j")
    expect(page.locator("[data-row]:focus")).to_have_count(0)


def test_answer_that_does_not_arrive_keeps_what_was_typed(house, page):
    sign_in(page, house)
    walter = page.locator("[data-row]").filter(has_text="Walter Okafor").first
    walter.get_by_role("link", name="Plan").click()
    walter.get_by_label("Next step").fill("Call his sister Ada")
    page.route(re.compile("/plan/"), lambda route: route.abort())
    walter.get_by_role("button", name="Save the plan").click()
    expect(walter.get_by_role("alert")).to_contain_text("Not saved: the server did not answer")
    expect(walter.get_by_label("Next step")).to_have_value("Call his sister Ada")
    is_accessible(page)
