"""Addresses of the inbox. The public id names a sender, never a patient."""

from django.urls import path

from beforehand.doors.inbox import webhook

app_name = "inbox"
urlpatterns = [path("inbox/<str:public_id>", webhook.receive_call, name="webhook")]
