"""Private calendars: who may have one, what stands in it, and what changed since it was last fetched.

A calendar leaves the house, so it says as little as it can: "Visit", where and when; a name only if its maker chose
so. Nothing clinical is ever in it. Each fetch reads on behalf of the maker and checks anew what they may see.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from beforehand.care.needs.models import LIVE, CalendarFeed, FeedEntry, Need
from beforehand.clinical.times import day_of
from beforehand.record.access import (
    READ_RECORD,
    Access,
    PatientNotVisibleError,
    Principal,
    for_principal,
    principal_of,
    require,
)
from beforehand.record.audit import CHANGE, audited, touch
from beforehand.record.models import REFERENCE_MODELS, Enrolment, Patient
from beforehand.record.store.rows import lock_for_writing

BACK, AHEAD = 30, 400  # days
STANDS = ("booked", "pending", "arrived", "checked-in", "fulfilled")
CANCELLED_SHOWN = timedelta(days=30)
MOST = 2000  # entries of one calendar
MOST_FEEDS = 20  # of one user, at once


class FeedError(ValueError):
    """What was asked of a calendar cannot be done; says what to do instead."""


@dataclass(frozen=True)
class Entry:
    """One event of a calendar. ``at`` and ``until`` are UTC seconds; without them it is a whole day."""

    uid: str
    words: str
    day: int
    at: int | None = None
    until: int | None = None
    zone: str = ""
    place: str = ""
    need_id: int | None = None
    sequence: int = 0
    is_cancelled: bool = False
    changed_at: datetime | None = None


def digest_of_token(token: str) -> str:
    """What is kept of an address: enough to know it again, not enough to use it."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def make_feed(
    *, by: Principal, patient_id: int | None = None, shows: str = "LITTLE", label: str = ""
) -> tuple[CalendarFeed, str]:
    """A new calendar and the secret part of its address, which is never shown again."""
    require(by, READ_RECORD)
    if by.kind != "user":
        raise FeedError("A calendar belongs to a person who signs in.")
    if shows not in dict(CalendarFeed.SHOWS):
        raise FeedError("Choose what the calendar says.")
    if patient_id is not None:
        patient_id = for_principal(by).patient(patient_id).pk
    if CalendarFeed.objects.filter(user_id=by.id, revoked_at=None).count() >= MOST_FEEDS:
        raise FeedError(f"You have {MOST_FEEDS} calendars: take one back first.")
    token = secrets.token_hex(32)  # letters and digits alone, so that it can be read out
    feed = CalendarFeed.objects.create(
        token_digest=digest_of_token(token), user_id=by.id, patient_id=patient_id, shows=shows, label=label[:80],
        made_at=timezone.now(),
    )  # fmt: skip
    audited(by, "make_calendar", patients=[patient_id] if patient_id else [], access=CHANGE)
    return feed, token


@transaction.atomic
def revoke_feed(*, feed_id: int, by: Principal, reason: str = "") -> CalendarFeed:
    """Take a calendar back: its address leads nowhere from now on. One's own only."""
    feed = CalendarFeed.objects.filter(pk=feed_id, user_id=by.id).first()
    if feed is None:
        raise PatientNotVisibleError(f"there is no calendar {feed_id} of {by.label}")
    if feed.revoked_at is None:
        feed.revoked_at = timezone.now()
        feed.save(update_fields=["revoked_at"])
        FeedEntry.objects.filter(feed=feed).delete()
        audited(by, "revoke_calendar", patients=[feed.patient_id] if feed.patient_id else [], reason=reason)
    return feed


def feeds_of(principal: Principal, patient_id: int | None) -> list[CalendarFeed]:
    """This user's calendars of one person, or of their own dates; those that work first."""
    mine = CalendarFeed.objects.filter(user_id=principal.id, patient_id=patient_id)
    return sorted(mine.order_by("-pk")[:50], key=lambda feed: feed.revoked_at is not None)


@transaction.atomic
def fetch(*, token: str, by_whom: str, now: datetime) -> tuple[CalendarFeed, Principal, list[Entry]] | None:
    """What stands in a calendar now, read on behalf of its maker. None: there is no such calendar, or no longer."""
    lock_for_writing()
    feed = (
        CalendarFeed.objects.filter(token_digest=digest_of_token(token), revoked_at=None).select_related("user").first()
    )
    if feed is None:
        return None
    principal = principal_of(feed.user)
    if not principal.may(READ_RECORD):
        return None
    access = for_principal(principal)
    if feed.patient_id is not None and not access.of(_merged(feed.patient_id)).scope(Patient.unscoped.all(), "id"):
        return None
    found = _whole(feed, _entries(feed, access, now), now)
    CalendarFeed.objects.filter(pk=feed.pk).update(fetched_at=now, fetched_by=by_whom[:160], fetches=F("fetches") + 1)
    audited(principal, "fetch_calendar")
    return feed, principal, found


def _merged(patient_id: int) -> int:
    return Patient.unscoped.filter(pk=patient_id).values_list("merged_into_id", flat=True).first() or patient_id


def _uid(feed: CalendarFeed, kind: str, number: int) -> str:
    """Stable, and telling nobody our numbers."""
    return hashlib.sha256(f"{feed.token_digest}:{kind}:{number}".encode()).hexdigest()[:40] + "@beforehand"


def _entries(feed: CalendarFeed, access: Access, now: datetime) -> list[Entry]:
    today = day_of(timezone.localtime(now).date())
    if feed.patient_id is not None:
        return _visits(feed, access, {_merged(feed.patient_id)}, today)
    needs = list(
        access.scope(
            Need.unscoped.filter(owner_user_id=feed.user_id, state__in=LIVE, patient_id__isnull=False)
        ).order_by("next_on", "pk")[:MOST]
    )
    led = Enrolment.objects.filter(lead_id=feed.user_id, until_day=None).values_list("patient_id", flat=True)
    patients = {int(need.patient_id) for need in needs} | {_merged(number) for number in led[:MOST]}
    names = _names(feed, access, {int(need.patient_id) for need in needs})
    steps = [
        Entry(
            uid=_uid(feed, "need", need.pk),
            words=_with_name("Next step", "" if need.sensitivity else names.get(int(need.patient_id), "")),
            day=need.next_on,
            need_id=need.pk,
        )
        for need in needs
        if today - BACK <= need.next_on <= today + AHEAD
    ]
    touch({int(need.patient_id) for need in needs})
    return steps + _visits(feed, access, patients, today)


def _names(feed: CalendarFeed, access: Access, patients: set[int]) -> dict[int, str]:
    if feed.shows != "NAMES":
        return {}
    return dict(access.among(patients).scope(Patient.unscoped.all(), "id").values_list("pk", "display_name"))


def _with_name(words: str, name: str) -> str:
    return f"{words}: {name}" if name else words


def _visits(feed: CalendarFeed, access: Access, patients: set[int], today: int) -> list[Entry]:
    """Booked visits and rides. What carries a sensitivity label says neither place nor name, and is left out of a
    calendar that is made for the person or their family."""
    reader = access.among(patients)
    rows = list(
        reader.facts("appointment")
        .filter(status__in=STANDS, start_from_day__gte=today - BACK, start_to_day__lte=today + AHEAD)
        .order_by("start_from_day", "id")
        .values()[:MOST]
    )
    lines: dict[int, dict[str, Any]] = {}  # what several sources say is one visit
    for row in rows:
        if row["same_as"] not in lines or row["id"] == row["same_as"]:
            lines[row["same_as"]] = row
    rows = list(lines.values())
    rows = [row for row in rows if row["start_from_day"] == row["start_to_day"]]  # a day nobody knows is no date
    if feed.patient_id is not None:
        rows = [row for row in rows if not row["sensitivity"]]
    seen = {int(row["patient_id"]) for row in rows}
    touch(seen)
    names, zones = _names(feed, access, seen), _zones(reader)
    places = dict(
        REFERENCE_MODELS["location"].objects.filter(pk__in={row["location_id"] for row in rows} - {None})  # type: ignore[attr-defined]  # made at import
        .values_list("pk", "name")
    )  # fmt: skip
    return [_visit(feed, row, names, zones, places) for row in rows]


def _zones(reader: Any) -> dict[int, str]:
    return dict(reader.scope(Patient.unscoped.all(), "id").values_list("pk", "zone"))


def _visit(
    feed: CalendarFeed, row: dict[str, Any], names: dict[int, str], zones: dict[int, str], places: dict[int, str]
) -> Entry:
    is_open = not row["sensitivity"]
    at, until = row["start_at"], row["end_at"]
    if at is not None and (until is None or until <= at):
        until = at + 60 * (row["minutes"] or 30)
    place = "By phone or video" if row["is_remote"] else places.get(row["location_id"]) or row["place_name"] or ""
    return Entry(
        uid=_uid(feed, "appointment", row["id"]),
        words=_with_name(
            "Ride" if row["kind"] == "RIDE" else "Visit", names.get(row["patient_id"], "") if is_open else ""
        ),
        day=row["start_from_day"],
        at=at,
        until=until if at is not None else None,
        zone=_zone(row["start_zone"] or "", zones.get(row["patient_id"], "")),
        place=place if is_open else "",
    )


def _zone(meant: str, home: str) -> str:
    """The zone a visit was meant in; an offset has no rules for the clock's change, so the person's zone does then."""
    return meant if "/" in meant else home


def _whole(feed: CalendarFeed, entries: list[Entry], now: datetime) -> list[Entry]:
    """The entries with their numbers of change, and those that are gone, said to be cancelled for a while."""
    kept = {one.uid: one for one in FeedEntry.objects.filter(feed=feed)}
    today = day_of(timezone.localtime(now).date())
    found = []
    for entry in entries:
        content = {key: value for key, value in asdict(entry).items() if key in _CONTENT}
        one = kept.pop(entry.uid, None)
        if one is None:
            one = FeedEntry.objects.create(feed=feed, uid=entry.uid, content=content, changed_at=now)
        elif one.content != content or one.is_cancelled:
            one.content, one.is_cancelled, one.changed_at = content, False, now
            one.sequence += 1
            one.save()
        found.append(_entry(one))
    for one in kept.values():  # a visit taken back, a need settled, a person no longer theirs
        is_past = one.content["day"] < today - BACK
        if is_past or (one.is_cancelled and now - one.changed_at > CANCELLED_SHOWN):
            one.delete()
            continue
        if not one.is_cancelled:
            one.content |= {"words": "Cancelled", "place": "", "need_id": None}
            one.is_cancelled, one.changed_at = True, now
            one.sequence += 1
            one.save()
        found.append(_entry(one))
    return sorted(found, key=lambda entry: (entry.day, entry.at or 0, entry.uid))


_CONTENT = ("words", "day", "at", "until", "zone", "place", "need_id")


def _entry(one: FeedEntry) -> Entry:
    return Entry(
        uid=one.uid, sequence=one.sequence, is_cancelled=one.is_cancelled, changed_at=one.changed_at, **one.content
    )
