"""The answers of a "say what happened" form: which count, which are wrong, and where and when it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from beforehand.care.needs.shapes import HappenedForm

Answers = Mapping[str, str]


class AnswerError(ValueError):
    """The form cannot be saved as filled in; ``field`` is the one to correct."""

    def __init__(self, field_name: str, words: str) -> None:
        super().__init__(words)
        self.field = field_name


def check_answers(form: HappenedForm, given: Answers) -> dict[str, str]:
    """The answers that count, or AnswerError naming the field. Fields of another answer are left out."""
    happened = given.get("happened", "")
    choice = next(each for each in form.fields if each.name == "happened")
    if happened not in {each.value for each in choice.choices}:
        raise AnswerError("happened", "choose what happened")
    kept = {"happened": happened}
    for each in form.fields:
        if each.name == "happened" or (each.only_for and happened not in each.only_for):
            continue
        value = given.get(each.name, "").strip()
        if each.required and not value:
            raise AnswerError(each.name, f"fill in: {each.label.lower()}")
        if len(value) > 2000:
            raise AnswerError(each.name, "at most 2,000 characters")
        if value:
            kept[each.name] = value
    return kept


def local_moment(now: datetime, zone: str) -> tuple[datetime, ZoneInfo]:
    """Now, and the zone of the person it is about."""
    try:
        return now, ZoneInfo(zone)
    except (KeyError, ValueError):
        return now, ZoneInfo(UTC.tzname(None) or "UTC")
