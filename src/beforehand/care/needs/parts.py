"""The parts `beforehand up` runs side by side, and which of them ended by themselves lately, for operations."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from beforehand.record.models import HouseSetting

PARTS = {
    "web": "the web app",
    "workers": "the workers",
    "listener": "the listener for HL7 v2",
    "folders": "the watching of folders",
}
SHOWN = timedelta(hours=24)  # after the last time it ended by itself


class Ended(NamedTuple):
    """A part that ended by itself: how often since it last ran for long, and when last."""

    name: str
    times: int
    at: datetime


def _key(name: str) -> str:
    return f"part ended: {name}"


def note_ended(name: str, at: datetime) -> None:
    """A part ended though nobody stopped it."""
    before = HouseSetting.objects.filter(name=_key(name)).values_list("value", flat=True).first()
    times = int(before["times"]) + 1 if before and at - datetime.fromisoformat(before["at"]) < SHOWN else 1
    HouseSetting.objects.update_or_create(name=_key(name), defaults={"value": {"times": times, "at": at.isoformat()}})


def ended_parts(at: datetime) -> list[Ended]:
    """Parts that ended by themselves within a day."""
    kept = dict(HouseSetting.objects.filter(name__in=[_key(name) for name in PARTS]).values_list("name", "value"))
    found = [
        Ended(name, int(kept[_key(name)]["times"]), datetime.fromisoformat(kept[_key(name)]["at"]))
        for name in PARTS
        if _key(name) in kept
    ]
    return [one for one in found if at - one.at < SHOWN]
