"""The ledger by source and day: what was received, and what became of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate

from beforehand.intake.store.balance import messages_out_of_balance, messages_unlike_their_items
from beforehand.record.models import Message

PARTS = ("applied", "quarantined", "refused", "duplicates")


@dataclass
class Line:
    """One source on one day, in items as their sender counts them; ``unfinished`` in messages."""

    source: str
    day: date
    received: int = 0
    applied: int = 0
    kept: int = 0
    quarantined: int = 0
    refused: int = 0
    duplicates: int = 0
    unfinished: int = 0
    at_fault: list[int] = field(default_factory=list)  # messages whose counters do not add up or belie their items

    @property
    def accounted(self) -> int:
        """Items of which it is known what became of them."""
        return self.applied + self.quarantined + self.refused + self.duplicates

    @property
    def is_balanced(self) -> bool:
        """Promise 1, for this source and day."""
        return self.received == self.accounted and not self.at_fault

    @property
    def shown(self) -> str:
        """The first messages at fault."""
        return ", ".join(str(number) for number in self.at_fault[:5]) or "unknown"

    def as_json(self) -> dict[str, Any]:
        """For ``beforehand verify --json``."""
        counts = {name: getattr(self, name) for name in ("received", *PARTS, "kept", "unfinished")}
        return {"source": self.source, "day": self.day.isoformat(), **counts, "balanced": self.is_balanced}


def balance_sheet() -> list[Line]:
    """One line for each source and day on which something came, the oldest day first."""
    done = ~Q(state="KEPT")  # what is not applied to the end has no counters to balance yet
    sums = {name: Sum(name, filter=done, default=0) for name in ("received", *PARTS, "kept")}
    rows = (
        Message.objects.annotate(day=TruncDate("received_at"))
        .values("source__name", "day")
        .annotate(unfinished=Count("pk", filter=~done), **sums)
        .order_by("day", "source__name")
    )
    lines: dict[tuple[str, date], Line] = {}
    for row in rows:
        counts: dict[str, Any] = dict(row)
        key = (counts.pop("source__name"), counts.pop("day"))
        lines[key] = Line(*key, **counts)
    for key, numbers in _at_fault().items():
        lines[key].at_fault = numbers
    return list(lines.values())


def _at_fault() -> dict[tuple[str, date], list[int]]:
    numbers = {*messages_out_of_balance(), *messages_unlike_their_items()}
    found: dict[tuple[str, date], list[int]] = defaultdict(list)
    named = Message.objects.filter(pk__in=numbers).annotate(day=TruncDate("received_at"))
    for number, source, day in named.order_by("pk").values_list("pk", "source__name", "day"):
        found[source, day].append(number)
    return found
