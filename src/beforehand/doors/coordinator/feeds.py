"""Private calendars: one's own dates, or one person's visits. Made, copied once, taken back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from beforehand.care.needs.feeds import FeedError, feeds_of, make_feed, revoke_feed
from beforehand.care.needs.models import CalendarFeed
from beforehand.doors.coordinator import wording


def _row(feed: CalendarFeed) -> dict[str, Any]:
    times = wording.count_words(feed.fetches, "time")
    fetched = f"{wording.moment_words(feed.fetched_at)}, {feed.fetched_by}; {times} in all" if feed.fetched_at else ""
    return {
        "label": feed.label or ("My own" if feed.patient_id is None else "For nobody named"),
        "shows": "with names" if feed.shows == "NAMES" else "without names",
        "made": wording.moment_words(feed.made_at),
        "fetched": fetched,
        "revoked": wording.moment_words(feed.revoked_at) if feed.revoked_at else "",
        "revoke": reverse("calendar_revoke", args=[feed.pk]),
    }


def _page(request: Any, patient_id: int | None, name: str, here: str) -> HttpResponse:
    address, trouble = "", ""
    if request.method == "POST":
        try:
            _, token = make_feed(
                by=request.principal,
                patient_id=patient_id,
                shows="NAMES" if request.POST.get("shows") == "NAMES" else "LITTLE",
                label=request.POST.get("label", "").strip(),
            )
            address = request.build_absolute_uri(reverse("feed:calendar", args=[token]))
        except FeedError as error:
            trouble = str(error)
    context = {
        "title": "Calendar",
        "name": name,
        "is_own": patient_id is None,
        "patient_url": reverse("person", args=[patient_id]) if patient_id is not None else "",
        "here": here,
        "address": address,
        "trouble": trouble,
        "feeds": [_row(feed) for feed in feeds_of(request.principal, patient_id)],
    }
    return render(request, "coordinator/calendars.html", context, status=422 if trouble else 200)


def calendars(request: Any) -> HttpResponse:
    """The calendars of one's own dates."""
    return _page(request, None, "", reverse("calendars"))


def person_calendars(request: Any, patient_id: int) -> HttpResponse:
    """The calendars of one person's visits, made for them or their family."""
    patient = request.access.patient(patient_id)
    return _page(request, patient.pk, patient.display_name, reverse("person_calendars", args=[patient.pk]))


@require_POST
def revoke(request: Any, feed_id: int) -> HttpResponse:
    """Take a calendar back."""
    feed = revoke_feed(feed_id=feed_id, by=request.principal)
    messages.success(request, "Taken back. Its address leads nowhere now; programs that have it show what they had.")
    if feed.patient_id is None:
        return HttpResponseRedirect(reverse("calendars"))
    return HttpResponseRedirect(reverse("person_calendars", args=[feed.patient_id]))
