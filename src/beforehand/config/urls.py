"""Where each address leads. Every route has a row in the access policy (record.access_policy)."""

from django.urls import include, path

urlpatterns = [
    path("account/", include("allauth.urls")),
    path("", include("beforehand.doors.gate.urls")),
    path("", include("beforehand.doors.coordinator.urls")),
]
