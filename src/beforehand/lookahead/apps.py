from django.apps import AppConfig


class LookaheadConfig(AppConfig):
    name = "beforehand.lookahead"
    label = "lookahead"
    default_auto_field = "django.db.models.BigAutoField"
