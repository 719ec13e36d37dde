"""The idle lock. After a while without a request the session asks for the password again; nothing typed is lost.

With scripts the page stays, covered, and is uncovered once the password is right. Without, a form sent too late
is kept in the session on the server and offered again after the password; leaving throws it away.
"""

from __future__ import annotations

from typing import Any, TypedDict

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

_SEEN = "gate_seen_at"
_LOCKED = "gate_locked"
_DRAFT = "gate_draft"
_STAMP_EVERY = 30  # seconds; writing the session at each request would cost a disk sync each time


class Draft(TypedDict):
    """A form that arrived while the session was locked."""

    path: str
    fields: list[tuple[str, str]]


def is_locked(request: Any) -> bool:
    """Whether the password must be given again before anything else."""
    if request.session.get(_LOCKED):
        return True
    seen = request.session.get(_SEEN)
    if seen is not None and timezone.now().timestamp() - seen > settings.IDLE_MINUTES * 60:
        lock(request)
        return True
    return False


def lock(request: Any) -> None:
    """Lock this session now."""
    request.session[_LOCKED] = True


def unlock(request: Any) -> None:
    """Open the session again; the caller has checked the password."""
    request.session.pop(_LOCKED, None)
    request.session[_SEEN] = timezone.now().timestamp()


def note_activity(request: Any) -> None:
    """Remember that somebody is there."""
    now = timezone.now().timestamp()
    if not request.session.get(_LOCKED) and now - request.session.get(_SEEN, 0) > _STAMP_EVERY:
        request.session[_SEEN] = now


def ask_password(request: Any) -> HttpResponse:
    """Answer a request that came while locked: scripts get 423, a sent form is kept, a page leads to the lock."""
    if request.htmx or request.headers.get("Accept", "").startswith("application/json"):
        return HttpResponse(status=423)
    if request.method == "POST":
        fields = [
            (name, value) for name, values in request.POST.lists() for value in values if name != "csrfmiddlewaretoken"
        ]
        request.session[_DRAFT] = Draft(path=request.get_full_path(), fields=fields)
        return HttpResponseRedirect(reverse("gate:lock"))
    return HttpResponseRedirect(f"{reverse('gate:lock')}?{urlencode({'next': request.get_full_path()})}")


def has_draft(request: Any) -> bool:
    """Whether a form was kept."""
    return _DRAFT in request.session


def offer_draft(request: Any) -> HttpResponse:
    """Show what was kept, ready to be sent again, and forget it on the server."""
    draft = request.session.pop(_DRAFT)
    return render(request, "gate/draft.html", {"draft": draft})
