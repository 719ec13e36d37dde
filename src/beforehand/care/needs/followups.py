"""What comes after an answer that settles nothing yet: a next step and its day, so the need does not just stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from beforehand.care.needs.answers import Answers
from beforehand.clinical.times import day_of


@dataclass(frozen=True)
class FollowUp:
    """The next step after an answer, so many days later (after the day answered in ``after``, where that is named)."""

    step: str
    days: int
    after: str = ""


FOLLOW_UPS: Mapping[tuple[str, str], FollowUp] = {
    ("call", "not-reached"): FollowUp("Try again; if nobody answers, call whoever may be told.", 1),
    ("ride", "no-answer"): FollowUp("Call again about the ride.", 1),
    ("result", "no-answer"): FollowUp("Call again about the result.", 1),
    ("result", "passed-on"): FollowUp("See that the follow-up is under way.", 7),
    ("result", "seen"): FollowUp("Ask what the clinician decided.", 3),
    ("book", "booked"): FollowUp("See that it took place.", 1, after="on"),
    ("refill", "requested"): FollowUp("Check that it was filled.", 2),
    ("authorization", "no-answer"): FollowUp("Ask the plan again.", 2),
    ("authorization", "denied"): FollowUp("Ask the ordering office about an appeal, or another way.", 1),
    ("referral", "received"): FollowUp("Ask whether a visit is booked.", 7),
    ("referral", "accepted"): FollowUp("Ask whether a visit is booked.", 7),
}


def follow_up(kind: str, answers: Answers, today: int, due_on: int | None) -> tuple[str, int] | None:
    """The next step and its day; never past a due day that is still ahead, unless something is booked later."""
    found = FOLLOW_UPS.get((kind, answers.get("happened", "")))
    if found is None:
        return None
    if found.after:
        return found.step, day_of(date.fromisoformat(answers[found.after])) + found.days
    day = today + found.days
    if due_on is not None and today < due_on < day:
        day = due_on
    return found.step, day
