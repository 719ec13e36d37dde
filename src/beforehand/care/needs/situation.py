"""What is known when somebody says what happened, and the words of our own work codes that FHIR resources carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

WORK = "https://beforehand.example/fhir/CodeSystem/work"


@dataclass(frozen=True)
class Situation:
    """What a composer knows besides the answers: when, where, and what the need is about."""

    at: datetime
    zone: ZoneInfo
    by_name: str
    subject_kind: str  # stay, order, medicine, visit, ...
    books: str  # what a booking is for, by the rule's header
    question: str
    targets: Mapping[str, dict[str, str]] = field(default_factory=dict)  # fact table -> reference to the fact
    medicine: dict[str, Any] | None = None  # CodeableConcept of the medicine the need is about
    books_words: str = ""  # what a booking is for as people call it, where ``books`` is a code
    also_books: tuple[tuple[str, str], ...] = ()  # the other tests of the same blood draw: code and words of each


def coded(code: str, display: str = "") -> dict[str, Any]:
    """A CodeableConcept of our own work codes; the codes are words, so they are shown as such."""
    return {"coding": [{"system": WORK, "code": code, "display": display or code.replace("-", " ").capitalize()}]}


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A FHIR instant in the zone it was meant in."""
    return at.astimezone(zone).isoformat(timespec="seconds")
