"""How what happens reaches anybody: by sources that are late now and then, say things twice, or fall silent."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from beforehand.world.truth import SilentFeed

Page = dict[str, Any]
LATE, DEAD_FEED = "late message", "dead feed"

SOURCES = {
    "st-brigid": "St. Brigid Hospital",
    "park-primary-care": "Park Primary Care",
    "harbor-clinic": "Harbor Clinic",
    "corner-pharmacy": "Corner Pharmacy",
    "hill-pharmacy": "Hill Pharmacy",
    "quay-lab": "Quay Lab",
    "larkfield-plan": "Larkfield Health Advantage",
    "urgent-care": "Larkfield Urgent Care",
}


@dataclass(frozen=True)
class Delivery:
    """The bytes a source sends on one evening."""

    source: str
    data: bytes
    name: str


@dataclass
class Feed:
    """Everything on its way."""

    dice: Random
    late_share: float = 0.05
    double_share: float = 0.03
    silent: list[SilentFeed] = field(default_factory=list)
    waiting: dict[tuple[date, str], list[Page]] = field(default_factory=lambda: defaultdict(list))
    again: dict[date, list[Delivery]] = field(default_factory=lambda: defaultdict(list))
    late: int = 0
    doubled: int = 0
    twice: set[tuple[str, str]] = field(default_factory=set)  # what stood in a file that came again

    def arrival(self, source: str, day: date, *, may_be_late: bool) -> tuple[date, str]:
        """The evening on which what this source says on ``day`` arrives; and what kept it, if anything did."""
        kept = ""
        if may_be_late and self.dice.random() < self.late_share:
            self.late += 1
            kept = LATE
            day += timedelta(days=self.dice.randint(2, 4))
        for pause in self.silent:
            if pause.source == source and pause.since <= day < pause.until:
                day, kept = pause.until, DEAD_FEED
        return day, kept

    def put(self, source: str, arrives: date, pages: list[Page]) -> None:
        """Hand pages over, to arrive on that evening."""
        self.waiting[arrives, source] += pages

    def deliveries(self, day: date) -> list[Delivery]:
        """What arrives on this evening, one file a source; some files come again, now and a day later."""
        out = []
        for source in SOURCES:
            pages = self.waiting.pop((day, source), [])
            if pages:
                one = Delivery(source, bundle(source, pages), f"{source}-{day.isoformat()}.json")
                out.append(one)
                if self.dice.random() < self.double_share:
                    self.doubled += 1
                    self.twice |= {(source, f"{page['resourceType']}/{page['id']}") for page in pages}
                    self.again[day + timedelta(days=1)].append(one)
        return out + self.again.pop(day, [])


def bundle(source: str, pages: list[Page]) -> bytes:
    """One file; of a resource that was changed during the day, the last version."""
    last = {f"{page['resourceType']}/{page['id']}": page for page in pages}
    entries = [{"fullUrl": f"https://{source}.example/fhir/{name}", "resource": page} for name, page in last.items()]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
