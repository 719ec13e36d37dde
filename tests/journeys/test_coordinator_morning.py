"""A coordinator's morning in a real browser. Given, when, then; an accessibility step in each journey."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from playwright.sync_api import Page, expect

from beforehand.care.needs.models import Need
from tests.journeys import caseload
from tests.journeys.conftest import SECRET, code, is_accessible, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def row(page: Page, name: str):
    """The row of the list that names this person."""
    return page.locator("[data-row]").filter(has_text=name).first


def test_password_alone_opens_nothing_and_the_code_opens_the_list(house, page):
    # Given a coordinator with a second factor, when she gives only her password
    page.goto(f"{house.url}/")
    page.get_by_label("User name").fill("dana")
    page.get_by_label("Password").fill(caseload.PASSWORD)
    is_accessible(page)
    page.get_by_role("button", name="Sign in", exact=True).click()
    # Then she is asked for the code
    expect(page.get_by_role("heading", name="Your code")).to_be_visible()
    is_accessible(page)
    # And a wrong code says so in plain words
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("That code does not fit")
    # And the right one opens the list
    page.get_by_label("Code").fill(code())
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Do first")).to_be_visible()
    is_accessible(page)


def test_logged_call_turns_the_row_done_and_undo_brings_it_back(house, page):
    # Given Walter at the top of her list
    sign_in(page, house)
    walter = row(page, "Walter Okafor")
    expect(walter).to_contain_text("One try so far, no answer")
    # When she opens the form in the row and says he was reached
    walter.get_by_role("link", name="Log the call").click()
    expect(walter.get_by_role("group", name="What happened?")).to_be_visible()
    is_accessible(page)
    walter.get_by_label("Reached", exact=True).check()
    walter.get_by_role("button", name="Save").click()
    # Then the row is done, in place, and holds the focus
    done = page.locator("[data-done]")
    expect(done).to_contain_text("Call: reached")
    expect(done).to_be_focused()
    is_accessible(page)
    assert Need.unscoped.get(question__startswith="Has anyone reached").state == "CLOSED"
    # When she undoes it
    done.get_by_role("button", name="Undo").click()
    # Then the need stands again
    expect(page.locator("[data-done]")).to_contain_text("Undone")
    expect(row(page, "Walter Okafor").get_by_role("link", name="Log the call")).to_be_visible()
    assert Need.unscoped.get(question__startswith="Has anyone reached").state == "OPEN"


def test_snooze_wants_a_day_and_a_reason(house, page):
    sign_in(page, house)
    walter = row(page, "Walter Okafor")
    # Given the snooze form, when the reason is "something else" without words
    walter.get_by_role("link", name=re.compile("Snooze")).click()
    walter.get_by_label("Because").select_option("other")
    walter.get_by_role("button", name="Snooze").click()
    # Then it says what is missing, keeps what was given, and nothing is saved
    expect(walter.get_by_text("Say why in a few words")).to_be_visible()
    is_accessible(page)
    assert Need.unscoped.get(question__startswith="Has anyone reached").state == "OPEN"
    # When the words are given, then the row is done until the day
    walter.get_by_label("In your own words").fill("His sister calls back tomorrow")
    walter.get_by_role("button", name="Snooze").click()
    expect(page.locator("[data-done]")).to_contain_text("Snoozed until")
    assert Need.unscoped.get(question__startswith="Has anyone reached").state == "SNOOZED"


def test_need_added_by_hand_stands_on_the_list_and_on_the_page(house, page):
    sign_in(page, house)
    page.goto(f"{house.url}/people/{caseload.patient_named('Smith').pk}/")
    page.get_by_role("link", name="Add a need").click()
    is_accessible(page)
    page.get_by_label("What is the question?").fill("Has the walker come?")
    page.get_by_label("Next step").fill("Call the supplier at 555-0188")
    page.get_by_role("button", name="Add it").click()
    needs = page.get_by_role("region", name="Open needs").or_(page.locator("#needs"))
    expect(needs.first).to_contain_text("Has the walker come?")
    page.goto(f"{house.url}/?owner=mine")
    expect(page.get_by_role("link", name="555-0188")).to_have_attribute("href", "tel:5550188")


def test_person_page_says_where_each_fact_came_from(house, page):
    # Given Eleanor's page
    sign_in(page, house)
    page.goto(f"{house.url}/people/{caseload.patient_named('Smith').pk}/")
    expect(page.get_by_role("heading", name="Eleanor Smith")).to_be_visible()
    expect(page.locator("#results")).to_contain_text("Potassium 5.9 mmol/L")
    expect(page.locator("#results")).to_contain_text("High")
    is_accessible(page)
    # When she opens the chip beside the potassium
    chip = page.locator("#results details.bh-ev").first
    chip.locator("summary").click()
    # Then it says who, when it arrived, and leads to the original
    expect(chip).to_contain_text("We received it")
    expect(chip).to_contain_text("St. Brigid Hospital")
    is_accessible(page)
    chip.get_by_role("link", name="Open the original").click()
    expect(page.locator("pre")).to_contain_text('"value": 5.9')
    is_accessible(page)


def test_search_finds_by_name_birth_date_phone_and_number_and_leaves_nothing_in_the_address(house, page):
    sign_in(page, house)
    for words in ("okafor", "Walter 2/8/1944", "555-0142", "LK-walter"):
        page.get_by_label("Find a person").fill(words)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Walter Okafor")).to_be_visible()
        assert re.search(r"/people/\d+/$", page.url)
    page.get_by_label("Find a person").fill("Jonson")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No one matches")).to_be_visible()
    assert "Jonson" not in page.url
    is_accessible(page)


def test_two_records_are_linked_with_a_reason_and_taken_apart_again(house, page):
    # Given a second record whose birth date has day and month swapped
    caseload.lookalike()
    sign_in(page, house)
    page.goto(f"{house.url}/sorting/")
    page.locator("aside a").first.click()
    expect(page.get_by_role("heading", name="Are these the same person?")).to_be_visible()
    expect(page.locator("tr.is-diff").first).to_contain_text("Born")
    is_accessible(page)
    # When she links them and says how she knows
    page.get_by_label("How do you know?").fill("Asked Walter on the phone")
    page.get_by_role("button", name="Link: same person").click()
    expect(page.locator("[data-done]")).to_contain_text("Linked")
    is_accessible(page)
    # Then undo takes them apart again
    page.get_by_role("button", name=re.compile("Undo")).click()
    expect(page.locator("[data-done]")).to_contain_text("Taken apart again")


def test_item_that_could_not_be_filed_shows_reason_place_and_owner_and_can_be_put_aside(house, page):
    caseload.unfit()
    sign_in(page, house)
    page.goto(f"{house.url}/sorting/")
    item = page.locator("[data-row]").first
    expect(item).to_contain_text("Observation.effectiveDateTime")
    expect(item).to_contain_text("queue")
    is_accessible(page)
    item.get_by_role("link").first.click()
    page.get_by_label("Or put it aside, because").fill("The sender sent it again, corrected")
    page.get_by_role("button", name="Put aside").click()
    expect(page.get_by_text("Nothing to place")).to_be_visible()


def test_supervisor_shares_out_the_queue(house, page):
    boss = caseload.coworker("sam", "SUPERVISOR", "Sam", "Okoro")
    from_queue = Need.unscoped.get(question__startswith="Has anyone reached")
    Need.unscoped.filter(pk=from_queue.pk).update(owner_user=None)
    caseload.rank_again()
    TOTP.activate(boss, SECRET)
    sign_in(page, house, "sam")
    page.goto(f"{house.url}/team/")
    is_accessible(page)
    page.locator("label").filter(has_text="Has anyone reached").click()
    page.get_by_label("Give the ticked ones to").select_option(label="Dana Reyes, RN")
    page.get_by_role("button", name="Give").click()
    expect(page.locator("[data-done]")).to_contain_text("1 need given to Dana Reyes")
    from_queue.refresh_from_db()
    assert from_queue.owner_user == house.dana
