"""A real browser for the journeys: one for the whole run, a fresh window for each journey."""

from __future__ import annotations

import os
import shutil
import time
from typing import Any

import pytest
from allauth.mfa import app_settings
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from axe_playwright_python.sync_playwright import Axe
from build_assets import build
from django.core.cache import cache
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys import caseload

SECRET = "JBSWY3DPEHPK3PXP"

# What axe cannot decide by itself and we looked at: the arrow drawn in a select, the section bar that scrolls
# sideways on a phone, words drawn beside a picture. Anything else it is unsure of fails the journey.
LOOKED_AT = {"bgGradient", "bgOverlap", "elmPartiallyObscured", "elmPartiallyObscuring", "imgNode", "bgImage"}


@pytest.fixture(scope="session", autouse=True)
def design_system() -> None:
    """The stylesheet the pages stand on."""
    build()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's Chromium (or the one named by CHROMIUM), else the one that came with the driver."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    args = ["--no-sandbox", "--disable-gpu"]
    return browser_type_launch_args | {"args": args} | ({"executable_path": found} if found else {})


@pytest.fixture(autouse=True)
def no_earlier_tries() -> None:
    """Limits count in the cache, across tests."""
    cache.clear()


@pytest.fixture
def house(live_server: Any) -> Any:
    """A running house with a small caseload; Dana works it."""
    live_server.dana = caseload.morning()
    TOTP.activate(live_server.dana, SECRET)
    return live_server


@pytest.fixture
def context(context: BrowserContext) -> BrowserContext:
    """Pages answer in moments; a loaded machine may take longer, a hang never ends."""
    context.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)
    return context


def code() -> str:
    """What the authenticator app shows now."""
    return str(format_hotp_value(hotp_value(SECRET, int(time.time()) // app_settings.TOTP_PERIOD)))


def sign_in(page: Page, house: Any, username: str = "dana") -> None:
    """Password, then the code of the second factor; back when the page behind them has wholly come.

    A key pressed while that page is still on its way is lost, and a test that presses one then fails now and then.
    """
    page.goto(f"{house.url}/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(caseload.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Code").fill(code())
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda address: "/account" not in address, wait_until="load")


def is_accessible(page: Page) -> None:
    """No accessibility violation, and nothing undecided that nobody looked at."""
    found = Axe().run(page).response
    said = [f"{one['id']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]]
    for one in found["incomplete"]:
        for node in one["nodes"]:
            keys = {check["data"].get("messageKey") for check in node["any"] if isinstance(check.get("data"), dict)}
            if one["id"] != "color-contrast" or not keys <= LOOKED_AT:
                said.append(f"unsure, {one['id']} {keys}: {node['html'][:160]}")
    assert not said, f"{page.url}\n" + "\n".join(said)


def fits(page: Page) -> None:
    """Nothing but the section bar scrolls sideways."""
    wide = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => e.checkVisibility()"
        " && e.getBoundingClientRect().right > innerWidth + 1"
        " && !e.closest('.bh-jump, .bh-vh, svg, pre')).slice(0, 5).map(e => e.outerHTML.slice(0, 120))"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), wide
    assert not wide
