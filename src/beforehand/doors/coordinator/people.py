"""People: finding one, and the list of those one works for. The words looked for never reach an address."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from beforehand.doors.coordinator import wording
from beforehand.record.access import BREAK_GLASS, WORK_QUARANTINE
from beforehand.record.audit import touch
from beforehand.record.models import Patient, PersonContact, PersonIdentifier
from beforehand.record.people import FOUND_AT_MOST, find_people

PAGE = 50


def _rows(request: Any, patients: list[Patient]) -> list[dict[str, Any]]:
    """People with what tells two of the same name apart."""
    numbers = [patient.pk for patient in patients]
    touch(numbers)
    phones: dict[int, str] = {}
    for contact in PersonContact.objects.for_principal(request.principal).filter(patient_id__in=numbers, kind="phone"):
        phones.setdefault(contact.patient_id, contact.value)
    known: dict[int, str] = {}
    found = PersonIdentifier.objects.for_principal(request.principal).filter(
        patient_id__in=numbers, type__in=("MR", "MB")
    )
    for identifier in found.order_by("-type", "pk"):  # a record number, else the plan's member number
        known.setdefault(identifier.patient_id, identifier.value)
    return [
        {
            "url": reverse("person", args=[patient.pk]),
            "name": patient.display_name or "Name unknown",
            "born": wording.date_words(patient.birth_from_day)
            if patient.birth_from_day == patient.birth_to_day
            else "not exactly known",
            "sex": patient.sex or "unknown",
            "phone": phones.get(patient.pk, ""),
            "number": known.get(patient.pk, ""),
            "has_died": bool(patient.is_deceased),
        }
        for patient in patients
    ]


@require_safe
def people(request: Any) -> HttpResponse:
    """Everybody one works for, by name."""
    paginator = Paginator(request.access.patients().order_by("sort_name", "id"), PAGE)
    page = paginator.get_page(request.GET.get("page"))
    here = reverse("people")
    context = {
        "title": "People",
        "rows": _rows(request, list(page.object_list)),
        "count": wording.count_words(paginator.count, "person", "people"),
        "pages": [
            (str(number), f"{here}?page={number}" if isinstance(number, int) else "", number == page.number)
            for number in paginator.get_elided_page_range(page.number)
        ],
    }
    return render(request, "coordinator/people.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def search(request: Any) -> HttpResponse:
    """People who match a name, a birth date, a phone or a number; one match opens the record."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("people"))
    text = request.POST.get("text", "")[:200]
    found = list(find_people(request.principal, text))
    if len(found) == 1:
        touch([found[0].pk])
        return HttpResponseRedirect(reverse("person", args=[found[0].pk]))
    context = {
        "title": "Find a person",
        "text": text,
        "rows": _rows(request, found),
        "count": wording.count_words(len(found), "person", "people"),
        "is_cut": len(found) >= FOUND_AT_MOST,
        "may_open": request.principal.may(BREAK_GLASS),
        "may_sort": request.principal.may(WORK_QUARANTINE),
    }
    return render(request, "coordinator/search.html", context)
