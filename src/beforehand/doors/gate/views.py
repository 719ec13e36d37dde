"""The lock page and break-glass."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from beforehand.doors.gate import lock
from beforehand.record.access import PatientNotVisibleError
from beforehand.record.break_glass import SHORTEST_REASON, open_break_glass, opened_records
from beforehand.record.people import PatientUnknownError, resolve_patient


def _next(request: Any) -> str:
    """Where to go on: an address of our own, or the first page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if allowed else resolve_url(settings.LOGIN_REDIRECT_URL)


def lock_page(request: Any) -> HttpResponse:
    """POST locks the session now; GET asks for the password of a locked one."""
    if request.method == "POST":
        lock.lock(request)
        if request.headers.get("Accept", "").startswith("application/json"):
            return HttpResponse(status=204)
    if not lock.is_locked(request):
        return HttpResponseRedirect(_next(request))
    return render(request, "gate/lock.html", {"title": "Locked", "next": _next(request)})


def unlock(request: Any) -> HttpResponse:
    """The password again. Wrong ones count toward the lock-out like at sign-in."""
    from_script = request.headers.get("Accept", "").startswith("application/json")
    user = authenticate(request, username=request.user.get_username(), password=request.POST.get("password", ""))
    if user is None or user.pk != request.user.pk:
        if from_script:
            return HttpResponse(status=403)
        context = {"title": "Locked", "next": _next(request), "was_wrong": True}
        return render(request, "gate/lock.html", context, status=403)
    lock.unlock(request)
    if from_script:
        return HttpResponse(status=204)
    if lock.has_draft(request):
        return lock.offer_draft(request)
    return HttpResponseRedirect(_next(request))


class BreakGlassForm(forms.Form):
    """Whose record, and why now."""

    patient = forms.CharField(
        label="Whose record",
        max_length=300,
        help_text="Our number of the person, an identifier written system|value, or source:Patient/id.",
    )
    reason = forms.CharField(
        label="Why it must be opened now",
        min_length=SHORTEST_REASON,
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Your supervisor reads this, and so may the patient.",
    )


def break_glass(request: Any) -> HttpResponse:
    """Open one record in an emergency."""
    form = BreakGlassForm(request.POST or None, initial={"patient": request.GET.get("patient", "")})
    if request.method == "POST" and form.is_valid():
        try:
            opened = open_break_glass(
                patient_id=resolve_patient(form.cleaned_data["patient"]),
                by=request.principal,
                reason=form.cleaned_data["reason"],
            )
        except (PatientUnknownError, PatientNotVisibleError):
            form.add_error("patient", "No record has this number. Check it with whoever gave it to you.")
        else:
            return HttpResponseRedirect(resolve_url(settings.PERSON_ROUTE, opened.patient_id))
    status = 422 if form.is_bound else 200
    return render(request, "gate/break_glass.html", {"title": "Open a record", "form": form}, status=status)


def break_glass_list(request: Any) -> HttpResponse:
    """Who opened which record in the last 30 days."""
    rows = opened_records(request.principal, since=timezone.now() - timedelta(days=30))
    return render(request, "gate/break_glass_list.html", {"title": "Opened records", "rows": rows})
