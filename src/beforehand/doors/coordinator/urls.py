"""Addresses of the coordinator's pages. None holds anything about a patient but our own number."""

from django.urls import URLPattern, path

from beforehand.doors.coordinator import gallery, today

urlpatterns: list[URLPattern] = [
    path("", today.today, name="today"),
    path("gallery/", gallery.gallery, name="gallery"),
]
