"""Operations: work without a patient. A failing rule, a silent source, items nobody could place."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from beforehand.care.needs.operations import operations_needs
from beforehand.care.needs.shapes import OperationsNeed
from beforehand.doors.coordinator import present_needs, wording
from beforehand.record.access import WORK_NEEDS

PLACES = {"QUARANTINE": ("Open Needs sorting", "sorting"), "UNLINKED": ("Open Needs sorting", "sorting")}


def _row(one: OperationsNeed, here: str, now: int) -> dict[str, Any]:
    words, name = PLACES.get(one.kind, ("", ""))
    return present_needs.need(one.need, back=here, now=now, is_solid=False) | {
        "place_words": words,
        "place_url": reverse(name) if name else "",
    }


@require_safe
def operations(request: Any) -> HttpResponse:
    """The operations queue."""
    now, here = wording.today(), reverse("operations")
    rows = [_row(one, here, now) for one in operations_needs(request.principal, as_of=now)]
    context = {"title": "Operations", "rows": rows, "may_work": request.principal.may(WORK_NEEDS), "here": here}
    return render(request, "coordinator/operations.html", context)
