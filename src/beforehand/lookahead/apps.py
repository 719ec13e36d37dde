from pathlib import Path

from django.apps import AppConfig
from django.conf import settings

from beforehand.lookahead.sound import remember_sound


class LookaheadConfig(AppConfig):
    name = "beforehand.lookahead"
    label = "lookahead"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Whoever reads the rules, to run them or to show them, need not lint again what was found sound here."""
        remember_sound(Path(settings.HOME) / "cache" / "sound-rules.json")
