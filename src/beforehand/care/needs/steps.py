"""Say what happened: one short form a kind of next step, and the composer of what each answer becomes.

A form is data that any door can draw. What it composes is given to intake like any other record, with the
person who said so as its source; the rules then see it as they see everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from beforehand.care.needs import composers
from beforehand.care.needs.answers import Answers
from beforehand.care.needs.shapes import Choice, FormField, HappenedForm
from beforehand.care.needs.situation import Situation

NOT_DONE = "declined"

Composer = Callable[[Answers, Situation], list[dict[str, Any]]]


@dataclass(frozen=True)
class StepKind:
    """A kind of next step: its verb, its form, what it writes."""

    form: HappenedForm
    compose: Composer


NOTE = FormField("note", "What was said", "text", hint="Goes into the record as your words.")
DECLINED = Choice(NOT_DONE, "They said no")


def _happened(*choices: tuple[str, str]) -> FormField:
    return FormField(
        "happened", "What happened?", "choice", required=True, choices=(*(Choice(*pair) for pair in choices), DECLINED)
    )


def _on(label: str, *only_for: str) -> FormField:
    return FormField("on", label, "date", required=True, only_for=only_for)


def _kind(
    kind: str, verb: str, title: str, then: str, closes: str, compose: Composer, *fields: FormField
) -> tuple[str, StepKind]:
    form = HappenedForm(kind, verb, title, (*fields, NOTE), then, closes)

    def composed(answers: Answers, situation: Situation) -> list[dict[str, Any]]:
        if answers.get("happened") == NOT_DONE:
            return composers.declined(answers, situation)
        return compose(answers, situation)

    return kind, StepKind(form, composed)


STEP_KINDS: Mapping[str, StepKind] = dict(
    (
        _kind(
            "call", "Log the call", "How did the call go?",
            "A call that reached nobody stays on your list.",
            "It closes by itself once the record shows what was asked for.",
            composers.call,
            _happened(
                ("reached", "Reached"), ("not-reached", "Not reached"),
                ("keep", "The clinician decided: keep as it is"),
            ),
        ),
        _kind(
            "book", "Log the booking", "What was booked?",
            "The booking shows in what is coming, and we look for the visit after it.",
            "It closes by itself once the record shows what was asked for.",
            composers.book, _happened(("booked", "Booked")), _on("Day of the visit", "booked"),
            FormField("at", "Time", "time", only_for=("booked",)),
            FormField("place", "Where or with whom", "text", only_for=("booked",)),
        ),
        _kind(
            "ride", "Log the ride", "How will they get there?",
            "The ride shows in what is coming.", "It closes when a ride is booked or somebody drives.",
            composers.ride,
            _happened(
                ("booked", "I booked a ride"), ("family", "Family will drive"),
                ("self", "They get there without help"), ("no-answer", "No answer"),
            ),
            _on("Pickup day", "booked", "family", "self"),
            FormField("at", "Pickup time", "time", only_for=("booked", "family", "self")),
            FormField("place", "Ride from", "text", only_for=("booked",)),
        ),
        _kind(
            "refill", "Log the refill", "What about the refill?",
            "A request is not a refill: we look for the fill itself.", "It closes when a fill covers the coming days.",
            composers.refill, _happened(("requested", "Refill requested"), ("picked-up", "Picked up or delivered")),
            _on("Day of the fill", "picked-up"),
            FormField("days", "Days it lasts", "number", required=True, only_for=("picked-up",)),
        ),
        _kind(
            "result", "Log the result", "Where does the result stand?",
            "Telling the person is not a work-up: what the result calls for stays open.",
            "It closes when it is followed up, or a clinician decides that nothing more is wanted.",
            composers.result,
            _happened(
                ("passed-on", "Told the person"), ("seen", "A clinician has seen it"),
                ("no-follow-up", "A clinician wants no further work-up"), ("no-answer", "No answer"),
            ),
        ),
        _kind(
            "reconcile", "Log the list", "Did you go through the medicines list?",
            "The day counts as the day the list was reconciled.", "It closes when the list was gone through.",
            composers.reconcile, _happened(("done", "Gone through with the person or their carer")),
        ),
        _kind(
            "visit", "Log the visit", "Did the visit take place?",
            "It counts as a visit on your word until the clinic's record comes.",
            "It closes when the visit took place.",
            composers.visit, _happened(("done", "It took place")), _on("Day of the visit", "done"),
        ),
        _kind(
            "authorization", "Log the answer", "What did the plan answer?",
            "The dates are checked against the visit.", "It closes when an approval covers the day.",
            composers.authorization,
            _happened(("approved", "Approved"), ("denied", "Denied"), ("no-answer", "No answer yet")),
            FormField("number", "Approval number", "text", only_for=("approved",)),
            FormField("from", "Holds from", "date", required=True, only_for=("approved",)),
            FormField("until", "Holds until", "date", required=True, only_for=("approved",)),
        ),
        _kind(
            "bill", "Log the check", "Was the bill checked?",
            "A corrected bill is compared again when it comes.", "It closes when the bill was checked with the sender.",
            composers.bill, _happened(("checked", "Checked with whoever sent it")),
        ),
        _kind(
            "referral", "Log the referral", "Where does the referral stand?",
            "Received is not done: we wait for the report.", "It closes when a report or a visit is on record.",
            composers.referral,
            _happened(
                ("received", "They have it"), ("accepted", "They accepted it"), ("completed", "The person was seen"),
            ),
        ),
        _kind(
            "plan", "Log the review", "Was the plan gone through?",
            "The next review is counted from today.", "It closes when the plan was reviewed.",
            composers.plan, _happened(("reviewed", "Gone through together")),
        ),
        _kind(
            "other", "Say what happened", "What happened?",
            "Your words go into the record.", "Close it yourself when it is settled.",
            composers.other, _happened(("noted", "Done as planned")),
        ),
        _kind("decline", "Log the answer", "What did they say?", "It stays away until the answer lapses.",
              "It closes on their word.", composers.declined, _happened()),
    )
)  # fmt: skip


def step(kind: str) -> StepKind:
    """The kind of next step; anything unknown is ``other``."""
    return STEP_KINDS.get(kind, STEP_KINDS["other"])
