from django.apps import AppConfig


class GateConfig(AppConfig):
    name = "beforehand.doors.gate"
    label = "gate"
    default_auto_field = "django.db.models.BigAutoField"
