"""Today: what to do next, and why, in one list."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from beforehand.care.needs.shapes import BAND_WORDS, Band, Filters, Worklist
from beforehand.care.needs.store import last_change
from beforehand.care.needs.worklist import done_today, mark_seen, worklist
from beforehand.doors.coordinator import present_needs, wording
from beforehand.record.access import WORK_NEEDS

BAND_NOTES = {
    Band.FIRST: "ranked by harm if missed, then by days left",
    Band.TODAY: "",
    Band.WEEK: "",
    Band.LATER: "nothing due within a week",
}


def filters_of(request: Any) -> tuple[str, Filters]:
    """What the address asks for; anything unknown falls back to the standard list."""
    owner = request.GET.get("owner", "")
    state = request.GET.get("state", "open")
    topic = request.GET.get("topic", "")
    page = request.GET.get("page", "1")
    return (
        owner if owner in dict(present_needs.OWNERS) else "",
        Filters(
            state=state if state in dict(present_needs.STATES) else "open",
            topic=topic if topic in present_needs.TOPICS else "",
            page=max(1, int(page)) if page.isdecimal() and len(page) < 6 else 1,
        ),
    )


@require_safe
def today(request: Any) -> HttpResponse:
    """The day's list for the signed-in person."""
    context = _context(request)
    mark_seen(request.principal)
    return render(request, "coordinator/today.html", context)


@require_safe
def rows(request: Any) -> HttpResponse:
    """The list as it is now, for a page that stands open; nothing when nothing has changed since it was drawn."""
    if request.GET.get("seen") == _version():
        return HttpResponse(status=204)
    return render(request, "coordinator/fragments/live.html", _context(request))


def _version() -> str:
    """What the list is known by: the day, and the last thing that happened to any need."""
    return f"{wording.today()}-{last_change()}"


def _context(request: Any) -> dict[str, Any]:
    principal = request.principal
    owner, filters = filters_of(request)
    day, version = wording.today(), _version()  # before anything is read, so that no change is missed
    work = worklist(principal, as_of=day, owner=owner or "mine", filters=filters)
    if not owner and not work.counts.mine and work.counts.everyone:
        owner = "everyone"  # nothing of her own yet: open on what the team has
        work = worklist(principal, as_of=day, owner=owner, filters=filters)
    owner = owner or "mine"
    done = done_today(principal, as_of=day) if filters.state == "done" else ()
    asked = present_needs.address(owner, filters).partition("?")[2]
    live = {"version": version, "every": settings.LIVE_SECONDS, "live_url": f"{reverse('today_rows')}?{asked}"}
    return {**live, **_shown(request, work, done, owner)}


def _shown(request: Any, work: Worklist, done: Any, owner: str) -> dict[str, Any]:
    now, back = work.as_of, present_needs.address(owner, work.filters)
    bands = [
        {
            "title": BAND_WORDS[band.band],
            "note": BAND_NOTES[band.band] or wording.count_words(band.total, "person", "people"),
            "rows": [present_needs.row(row, back=back, now=now) for row in band.rows],
        }
        for band in work.bands
        if band.rows
    ]
    return {
        "title": f"Today, {wording.day_words(now)}",
        "heading": wording.long_day(now),
        "summary": present_needs.summary(work),
        "checked": f"Checked {wording.moment_words(work.checked_at)}." if work.checked_at else "Not checked yet.",
        "since": present_needs.since(work.since, owner),
        "groups": present_needs.filter_groups(work),
        "topic": work.filters.topic,
        "topic_words": present_needs.TOPICS[work.filters.topic],
        "topics": list(present_needs.TOPICS.items()),
        "kept": [("owner", owner), ("state", work.filters.state)],
        "today_url": reverse("today"),
        "here": back,
        "done_rows": [present_needs.done(one, back=back) for one in done],
        "bands": [] if done else bands,
        "empty": None if bands or done else _empty(work, owner),
        "pages": present_needs.pages(work),
        "may_work": request.principal.may(WORK_NEEDS),
        "show_owner": owner != "mine",
        "proof": _proof(work),
    }


def _empty(work: Worklist, owner: str) -> dict[str, Any]:
    """Why nothing is shown, and what that rests on."""
    counts = work.counts
    checked = (
        f"We checked {wording.moment_words(work.checked_at)}." if work.checked_at else "The look-ahead has not run."
    )
    if work.filters.state == "done":
        return {
            "title": "Nothing is done yet today",
            "words": "What you finish shows here, with its Undo.",
            "links": [("Back to the list", reverse("today"), True)],
        }
    if work.filters.state != "open" or work.filters.topic:
        return {
            "title": "Nothing in this part of the list",
            "words": f"{wording.count_words(counts.open, 'need')} open in the whole list. {checked}",
            "links": [("Show all", present_needs.address(owner, Filters()), True)],
        }
    if not counts.everyone and not counts.snoozed and not work.checked_at:
        return {
            "title": "No one is here yet",
            "words": "Bring in records with `beforehand ingest`, or look around with `beforehand demo`.",
            "links": [("Look at the people", reverse("people"), True)],
        }
    links = [("See everyone", present_needs.address("everyone", Filters()), True)] if counts.everyone else []
    if owner != "team" and counts.team:
        links.append((f"Team queue {counts.team}", present_needs.address("team", Filters()), False))
    return {
        "title": "Nothing is due",
        "words": "No open need here asks for anything today. "
        f"{counts.snoozed} snoozed, {counts.everyone} with the team. {checked}",
        "links": links or [("Look at the people", reverse("people"), True)],
    }


def _proof(work: Worklist) -> str:
    shown = len(work.rows)
    if not work.people:
        return "Open any grey chip to see who said so and when."
    people = wording.count_words(work.people, "person", "people")
    return f"{shown} of {people} shown, by rank. Open any grey chip to see who said so."
