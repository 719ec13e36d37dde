from django.urls import path

from beforehand.doors.gate import views

app_name = "gate"
urlpatterns = [
    path("lock/", views.lock_page, name="lock"),
    path("lock/open/", views.unlock, name="unlock"),
    path("break-glass/", views.break_glass, name="break_glass"),
    path("break-glass/open/", views.break_glass_list, name="break_glass_list"),
]
