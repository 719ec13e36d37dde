"""Taking things in, as the tests of intake do it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from beforehand.intake.apply import apply_message
from beforehand.intake.batch import Applied
from beforehand.intake.ledger import keep, source_named

_CLOCK = count()


def receive(content: bytes, source: str = "clinic", name: str = "test.json") -> Applied:
    """Keep and apply one message; each arrives a minute after the one before."""
    at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=next(_CLOCK))
    return apply_message(keep(data=content, source=source_named(source), name=name, received_at=at))
