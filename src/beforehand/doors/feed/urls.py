"""The address of a private calendar: a secret nobody can guess, and nothing about a patient."""

from django.urls import path

from beforehand.doors.feed import views

app_name = "feed"
urlpatterns = [path("calendar/<str:token>.ics", views.calendar, name="calendar")]
