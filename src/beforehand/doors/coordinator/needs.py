"""One need: everything about it on a page of its own."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from beforehand.care.needs.shapes import FindingView
from beforehand.care.needs.worklist import need_view
from beforehand.doors.coordinator import present_needs, wording
from beforehand.doors.coordinator.acts import back_of
from beforehand.doors.coordinator.chips import chips
from beforehand.record.access import WORK_NEEDS


def _finding(finding: FindingView) -> dict[str, Any]:
    return {
        "status": finding.status.lower(),
        "question": finding.question,
        "reason": finding.reason,
        "missing": finding.missing,
        "source": present_needs.sentences(
            finding.why, finding.authority, finding.clinical_review, f"Rule {finding.rule}"
        ),
        "is_stale": finding.is_stale,
        "chips": chips(finding.evidence),
    }


@require_safe
def need(request: Any, need_id: int) -> HttpResponse:
    """Why it is there, what it rests on, what was done about it."""
    now = wording.today()
    view = need_view(request.principal, need_id, as_of=now)
    here = reverse("need", args=[view.id])
    name = request.access.patient(view.patient_id).display_name if view.patient_id else ""
    context = {
        "title": f"Need {view.id}",
        "it": present_needs.need(view, back=here, now=now),
        "who": view.who,
        "name": name,
        "patient_url": reverse("person", args=[view.patient_id]) if view.patient_id else "",
        "findings": [_finding(finding) for finding in view.findings],
        "history": present_needs.history(view.history),
        "may_work": request.principal.may(WORK_NEEDS),
        "back": back_of(request),
        "here": here,
    }
    return render(request, "coordinator/need.html", context)
