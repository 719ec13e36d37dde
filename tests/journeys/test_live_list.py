"""A coordinator watches a discharge arrive over MLLP: her open list follows, and what she is doing is left alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from bench._mllp import Line, verdict
from django.db import connections
from django.utils import timezone
from playwright.sync_api import Page, expect

from beforehand.doors.gate.middleware import GateMiddleware
from beforehand.doors.mllp import desk
from beforehand.doors.mllp.listener import Listener
from beforehand.intake.senders import add_sender
from beforehand.record.access import system_principal
from tests.factories.hl7_messages import discharge
from tests.journeys.conftest import is_accessible, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Pages and desk share the one connection of a database in memory, so they take turns."""
    turn, shared = threading.RLock(), connections["default"]
    shared.inc_thread_sharing()
    real_page, real_work, real_rules = GateMiddleware.__call__, desk._carry_out, desk._settle

    def page(self: GateMiddleware, request: Any) -> Any:
        with turn:
            return real_page(self, request)

    def at_desk(real: Any) -> Any:
        def work(*given: Any) -> None:
            connections["default"] = shared
            with turn:
                real(*given)

        return work

    monkeypatch.setattr(GateMiddleware, "__call__", page)
    monkeypatch.setattr(desk, "_carry_out", at_desk(real_work))
    monkeypatch.setattr(desk, "_settle", at_desk(real_rules))
    settings.LIVE_SECONDS = 1


@pytest.fixture
def line(house: Any, one_at_a_time: None) -> Iterator[Line]:
    """A line to a listener of this house."""
    add_sender(source="st-brigid", network="127.0.0.1", by=system_principal("operator"))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listener = Listener()
    port = asyncio.run_coroutine_threadsafe(listener.open("127.0.0.1", 0), loop).result(60)
    opened = Line(port)
    yield opened
    opened.close()
    asyncio.run_coroutine_threadsafe(listener.close(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(60)
    connections["default"].dec_thread_sharing()


def home_since_this_morning(number: str, **who: str) -> bytes:
    return discharge(number, at=_hours_ago(3), **who)


def _hours_ago(hours: int) -> datetime:
    return timezone.localtime().replace(tzinfo=None) - timedelta(hours=hours)


def test_discharge_over_mllp_shows_without_reloading_and_leaves_a_begun_form_alone(
    house: Any, line: Line, page: Page
) -> None:
    # Given a coordinator with the team's list open, half-way through a note on Walter
    sign_in(page, house)
    page.goto(f"{house.url}/?owner=everyone")
    page.evaluate("window.wasNotReloaded = true")
    walter = page.locator("[data-row]").filter(has_text="Walter Okafor").first
    walter.get_by_role("link", name="Log the call").click()
    words = walter.locator("textarea, input[type=text]").first
    words.fill("His sister picks up")
    # When the hospital sends a discharge
    answer = line.ask(home_since_this_morning("A-1", family="ABERNATHY", given="ROSE"))
    assert verdict(answer) == ("AA", "A-1")
    # Then the new person stands on the list, and the list says so
    expect(page.locator("[data-row]").filter(has_text="ROSE ABERNATHY").first).to_be_visible()
    expect(page.locator("[data-news]")).to_contain_text("on the list")
    # And what she typed is as she left it, under her hands
    expect(words).to_have_value("His sister picks up")
    expect(words).to_be_focused()
    assert page.evaluate("window.wasNotReloaded") is True
    is_accessible(page)


def test_a_page_that_asks_does_not_keep_the_lock_off_and_hears_nothing_when_nothing_changed(
    house: Any, page: Page, settings: Any
) -> None:
    sign_in(page, house)
    page.goto(f"{house.url}/?owner=everyone")
    version = page.locator("#list").get_attribute("data-version")
    ask = (
        "async (seen) => (await fetch('/rows/?owner=everyone&seen=' + seen, {headers: {'HX-Request': 'true'}})).status"
    )
    assert page.evaluate(ask, version) == 204
    assert page.evaluate(ask, "earlier") == 200
    settings.IDLE_MINUTES = -1
    assert page.evaluate(ask, version) == 423
