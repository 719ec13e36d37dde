"""Where each address leads. Every route has a row in the access policy (record.access_policy)."""

from django.urls import include, path

urlpatterns = [
    path("account/", include("allauth.urls")),
    path("", include("beforehand.doors.gate.urls")),
    path("", include("beforehand.doors.inbox.urls")),
    path("", include("beforehand.doors.feed.urls")),
    path("", include("beforehand.doors.coordinator.urls")),
]

handler400 = "beforehand.doors.coordinator.plain.bad_request"
handler403 = "beforehand.doors.coordinator.plain.forbidden"
handler404 = "beforehand.doors.coordinator.plain.not_found"
handler500 = "beforehand.doors.coordinator.plain.failed"
