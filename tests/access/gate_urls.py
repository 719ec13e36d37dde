"""Addresses for the gate's own tests: the site's sign-in and gate, and a few pages that read or change a record."""

from django.http import HttpResponse
from django.urls import include, path

from beforehand.record.access import WORK_NEEDS, require
from beforehand.record.audit import CHANGE, audited, touch
from beforehand.record.models import Patient


def home(request):
    return HttpResponse("home")


def person(request, patient_id):
    return HttpResponse(f"<html>{request.access.patient(patient_id).display_name}</html>")


def several(request):
    patients = list(request.access.patients())
    touch(patient.pk for patient in patients)
    return HttpResponse(", ".join(patient.display_name for patient in patients))


def rename(request, patient_id):
    require(request.principal, WORK_NEEDS)
    patient = request.access.patient(patient_id)
    Patient.unscoped.filter(pk=patient.pk).update(display_name=request.POST["name"])
    audited(request.principal, "rename", patients=[patient.pk], access=CHANGE, reason="asked")
    if request.POST["name"] == "boom":
        raise RuntimeError("after the change")
    if "then" in request.POST:
        request.access.patient(int(request.POST["then"]))
    return HttpResponse("done")


def unlisted(request):
    return HttpResponse("never seen")


urlpatterns = [
    path("account/", include("allauth.urls")),
    path("", include("beforehand.doors.gate.urls")),
    path("", home, name="today"),
    path("person/<int:patient_id>/", person, name="person"),
    path("several/", several, name="several"),
    path("rename/<int:patient_id>/", rename, name="rename"),
    path("unlisted/", unlisted, name="unlisted"),
    *[
        path(f"frame/{name}/", home, name=name)
        for name in ("people", "sorting", "operations", "team", "search", "keys", "calendars")
    ],
]
