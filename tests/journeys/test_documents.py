"""Paper is a source too: a letter is added, read, filed to a person in two clicks, and the filing taken back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys import caseload
from tests.journeys.conftest import fits, is_accessible, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
LETTER = "Eye clinic\n\nSeen on 2 March. No change in either eye. Come back in a year. <script>alert(1)</script>\n"


def test_a_letter_is_added_filed_and_taken_back(house, page):
    sign_in(page, house)
    page.goto(f"{house.url}/sorting/")
    # When a scanned letter is added, it is shown as text and asks whose it is
    page.get_by_label("Add a document").set_input_files(
        {"name": "letter.txt", "mimeType": "text/plain", "buffer": LETTER.encode()}
    )
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", name="letter.txt")).to_be_visible()
    expect(page.get_by_label("The text as received")).to_contain_text("<script>alert(1)</script>")
    is_accessible(page)
    page.set_viewport_size({"width": 390, "height": 900})
    fits(page)
    # Then two clicks file it: find the person, choose
    page.get_by_label("Name, birth date, phone or number of the person").fill("okafor")
    page.get_by_role("button", name="Find the person").click()
    fits(page)
    is_accessible(page)
    page.get_by_role("button", name=re.compile("File to this person.*Okafor")).click()
    expect(page.get_by_role("heading", name="Filed lately")).to_be_visible()
    is_accessible(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    # And it can be taken back
    page.get_by_role("button", name=re.compile("Take it back.*Okafor")).click()
    expect(page.get_by_role("heading", name="letter.txt")).to_be_visible()
    # The same file again is not taken in twice
    page.goto(f"{house.url}/sorting/")
    page.get_by_label("Add a document").set_input_files(
        {"name": "letter.txt", "mimeType": "text/plain", "buffer": LETTER.encode()}
    )
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("It is here already")).to_be_visible()


def test_a_document_is_handed_out_so_that_nothing_in_it_can_run(house, page):
    caseload.bring_in("harbor")
    sign_in(page, house)
    page.goto(f"{house.url}/sorting/")
    page.get_by_label("Add a document").set_input_files(
        {"name": "x.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 nothing"}
    )
    page.get_by_role("button", name="Add it").click()
    address = page.get_by_role("link", name="Open it as received").get_attribute("href")
    answer = page.request.get(f"{house.url}{address}")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.body() == b"%PDF-1.4 nothing"
