"""What stands around every page: the sections, the find box, who is signed in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from beforehand.record.access import ASSIGN_WORK, READ_RECORD, WORK_QUARANTINE, principal_of

_PEOPLE = (
    *("people", "person", "provenance", "original", "medicines", "allergies", "problems", "reconcile", "signed"),
    *("differences", "difference", "document"),
)
SECTIONS = (
    ("Today", "today", READ_RECORD, ("today", "need")),
    ("People", "people", READ_RECORD, _PEOPLE),
    ("Needs sorting", "sorting", WORK_QUARANTINE, ("sorting", "item", "match", "matches")),
    ("Operations", "operations", WORK_QUARANTINE, ("operations",)),
    ("Team", "team", ASSIGN_WORK, ("team",)),
)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context of the base template. Asks the database nothing: counts belong to the pages that show them."""
    user = getattr(request, "user", None)
    match = getattr(request, "resolver_match", None)
    if user is None or not user.is_authenticated or match is None:
        return {"frame": {}}
    principal = principal_of(user)
    here = match.url_name or ""
    sections = [
        {
            "label": label,
            "url": reverse(name),
            "is_current": here.split("_")[0] in names,
        }
        for label, name, capability, names in SECTIONS
        if principal.may(capability)
    ]
    return {
        "frame": {
            "sections": sections,
            "find_url": reverse("search") if principal.may(READ_RECORD) else "",
            "person": user.label,
            "person_url": _known("mfa_index"),
            "leave_url": _known("account_logout"),
            "calendars_url": reverse("calendars") if principal.may(READ_RECORD) else "",
            "keys_url": reverse("keys"),
            "idle_seconds": settings.IDLE_MINUTES * 60,
            "lock_url": reverse("gate:lock"),
            "unlock_url": reverse("gate:unlock"),
        }
    }


def _known(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:  # an installation may switch parts of the sign-in library off
        return "/"
