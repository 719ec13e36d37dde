"""The contradiction desk of a person: both halves with their citations, settle with a reason, undo."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from beforehand.care.needs.settling import (
    ContradictionChangedError,
    SettlingError,
    settle_contradiction,
    undo_settlement,
)
from beforehand.doors.coordinator import present_differences, present_lists, wording
from beforehand.record.access import RECONCILE
from beforehand.record.contradictions import KEPT, contradiction_named, contradictions_of
from beforehand.record.models import Patient

PAGE = 60


@require_safe
def differences(request: Any, patient_id: int) -> HttpResponse:
    """Everything the sources say differently of one person; what is open first, then what was settled."""
    patient = request.access.patient(patient_id)
    return render(request, "coordinator/differences.html", _context(request, patient))


def _context(request: Any, patient: Patient, *, tried: dict[str, dict[str, str]] | None = None) -> dict[str, Any]:
    now = wording.today()
    found = contradictions_of(request.access, patient.pk)
    waiting = [one for one in found if not one.is_settled]
    return {
        "title": f"What differs for person {patient.pk}",
        "name": patient.display_name or "Name unknown",
        "patient_url": reverse("person", args=[patient.pk]),
        "settle_url": reverse("difference_settle", args=[patient.pk]),
        "may_settle": request.principal.may(RECONCILE),
        "count": wording.count_words(len(waiting), "contradiction"),
        "open": [
            present_differences.contradiction(one, now, **(tried or {}).get(one.key, {})) for one in waiting[:PAGE]
        ],
        "settled": [present_differences.settled(one, now) for one in found if one.is_settled],
    }


@require_POST
def settle(request: Any, patient_id: int) -> HttpResponse:
    """Say what holds, and how one knows; what is wrong is said beside it and nothing typed is lost."""
    patient = request.access.patient(patient_id)
    key, chosen, reason = (request.POST.get(name, "")[:400] for name in ("key", "holds", "reason"))
    outcome, _, kept = chosen.partition(":")
    trouble = ""
    if not outcome or (outcome == KEPT and not kept.isdecimal()):
        trouble = "Choose what holds."
    elif not reason.strip():
        trouble = "Say how you know."
    else:
        try:
            number = settle_contradiction(
                patient_id=patient.pk,
                key=key,
                outcome=outcome,
                kept=int(kept) if outcome == KEPT else None,
                seen=request.POST.get("seen", "")[:64],
                by=request.user,
                reason=reason.strip(),
            )
            return _settled(request, patient, key, number)
        except ContradictionChangedError:
            trouble = "Not settled: what they say changed while you had it open. Read both again, then settle."
        except SettlingError as error:
            trouble = f"Not settled: {str(error).rstrip('.')}."
    return _again(request, patient, key, {"chosen": chosen, "reason": reason, "errors": trouble})


def _settled(request: Any, patient: Patient, key: str, number: int) -> HttpResponse:
    undo = reverse("settlement_undo", args=[patient.pk, number])
    words = "Settled. Both stay on record with their sources."
    if request.htmx:
        context = {"one": {"anchor": present_lists.anchor(key)}, "words": words, "undo_url": undo}
        return render(request, "coordinator/differences.html#done", context)
    messages.success(request, words, extra_tags=undo)
    return HttpResponseRedirect(reverse("differences", args=[patient.pk]))


def _again(request: Any, patient: Patient, key: str, tried: dict[str, str]) -> HttpResponse:
    """The card again with what was typed; the whole page where it is no longer open."""
    now = contradiction_named(request.access, patient.pk, key)
    if now is None or now.is_settled:
        messages.error(request, "Not settled: it is no longer open. See what stands there now.")
        return HttpResponseRedirect(reverse("differences", args=[patient.pk]))
    if not request.htmx:
        context = _context(request, patient, tried={key: tried})
        return render(request, "coordinator/differences.html", context, status=422)
    context = {
        "one": present_differences.contradiction(now, wording.today(), **tried),
        "may_settle": True,
        "settle_url": reverse("difference_settle", args=[patient.pk]),
    }
    return render(request, "coordinator/differences.html#one", context, status=422)


@require_POST
def undo(request: Any, patient_id: int, settlement_id: int) -> HttpResponse:
    """Open it again."""
    patient = request.access.patient(patient_id)
    try:
        undo_settlement(
            patient_id=patient.pk, settlement=settlement_id, by=request.user, reason="taken back on the person's page"
        )
        messages.success(request, "Open again: what was settled is taken back.")
    except SettlingError as error:
        messages.error(request, f"Not taken back: {str(error).rstrip('.')}.")
    return HttpResponseRedirect(reverse("differences", args=[patient.pk]))
