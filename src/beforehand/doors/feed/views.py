"""Handing out a private calendar to whoever knows its address, as long as its maker may see what stands in it."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from beforehand.care.needs.feeds import fetch
from beforehand.doors.feed.rendering import rendered


def _by_whom(request: Any) -> str:
    """The program and the address that fetch, as the maker is shown them."""
    program = "".join(sign for sign in request.headers.get("User-Agent", "")[:80] if sign.isprintable())
    return f"{program.split(' (')[0] or 'A program without a name'}, from {request.META.get('REMOTE_ADDR', '')}"


@require_safe
def calendar(request: Any, token: str) -> HttpResponse:
    """The calendar, or "not found" for one that never was, was taken back, or whose maker may not see it any more."""
    found = fetch(token=token, by_whom=_by_whom(request), now=timezone.now())
    if found is None:
        response = render(request, "gate/not_found.html", status=404)
        response["Cache-Control"] = "no-store"
        return response
    feed, request.principal, entries = found

    def address(need_id: int) -> str:
        return str(request.build_absolute_uri(reverse("need", args=[need_id])))

    body = rendered(entries, "My dates" if feed.patient_id is None else "Visits", address)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if etag in request.headers.get("If-None-Match", ""):
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
        response["Content-Disposition"] = 'inline; filename="calendar.ics"'
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    response["X-Robots-Tag"] = "noindex"
    return response
