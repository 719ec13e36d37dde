from django.apps import AppConfig


class CoordinatorConfig(AppConfig):
    name = "beforehand.doors.coordinator"
    label = "coordinator"
    default_auto_field = "django.db.models.BigAutoField"
