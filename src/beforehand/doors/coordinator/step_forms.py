"""The short forms of the work: snooze, not needed, hand over, plan, close, add, and what happened."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from beforehand.care.needs.shapes import FormField, HappenedForm, Owner
from beforehand.clinical.times import date_of, day_of
from beforehand.doors.coordinator import wording
from beforehand.web.forms import DateInput, Form, TimeInput, say_plainly

OTHER = "other"
SNOOZE_REASONS = [
    ("Waiting for a call back", "Waiting for a call back"),
    ("The office is closed", "The office is closed"),
    ("The patient asked me to wait", "The patient asked me to wait"),
    ("Waiting for a record to arrive", "Waiting for a record to arrive"),
    (OTHER, "Something else"),
]
DISMISS_REASONS = [
    ("Already done, the proof is on its way", "Already done, the proof is on its way"),
    ("The patient declined", "The patient declined"),
    ("The rule is wrong here", "The rule is wrong here"),
    ("Someone else looks after this", "Someone else looks after this"),
    (OTHER, "Something else"),
]


class _Reasoned(Form):
    """A reason from a short list, or in one's own words."""

    REASONS: list[tuple[str, str]] = []

    reason = forms.ChoiceField(label="Because")
    words = forms.CharField(label="In your own words", required=False, max_length=400)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = self.REASONS  # type: ignore[attr-defined]  # a ChoiceField, by the class above

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("reason") == OTHER and not cleaned.get("words", "").strip():
            self.add_error("words", "Say why in a few words, so the next person understands.")
        return cleaned

    @property
    def said(self) -> str:
        """The reason as it is kept."""
        words = str(self.cleaned_data["words"]).strip()
        reason = str(self.cleaned_data["reason"])
        if reason == OTHER:
            return words
        return f"{reason}. {words}" if words else reason


class SnoozeForm(_Reasoned):
    """Off the list until a day."""

    REASONS = SNOOZE_REASONS
    field_order = ("until", "reason", "words")

    until = forms.DateField(label="Bring it back on", widget=DateInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tomorrow = date_of(wording.today() + 1)
        self.fields["until"].widget.attrs["min"] = tomorrow.isoformat()
        self.fields["until"].initial = tomorrow

    def clean_until(self) -> date:
        chosen: date = self.cleaned_data["until"]
        if day_of(chosen) <= wording.today():
            raise forms.ValidationError("Choose a day after today.")
        return chosen


class DismissForm(_Reasoned):
    """Not needed, and why."""

    REASONS = DISMISS_REASONS

    reason = forms.ChoiceField(label="Why is it not needed?", widget=forms.RadioSelect)


class HandOverForm(Form):
    """To a colleague or a team's queue."""

    owner = forms.ChoiceField(label="To")
    reason = forms.CharField(label="What they should know", required=False, max_length=400)

    def __init__(self, *args: Any, owners: tuple[Owner, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [(one.key, one.label) for one in owners]  # type: ignore[attr-defined]  # as above


class PlanForm(Form):
    """What is next, and on which day."""

    next_step = forms.CharField(label="Next step", max_length=400)
    on = forms.DateField(label="On", widget=DateInput)
    reason = forms.CharField(label="Why", required=False, max_length=400)


class CloseForm(Form):
    """How it ended."""

    outcome = forms.CharField(
        label="How did it end?",
        max_length=400,
        help_text="If the records do not show it within some days, it comes back.",
    )


class AddNeedForm(Form):
    """A need that no rule saw."""

    question = forms.CharField(label="What is the question?", max_length=400, help_text="Such as: Has the walker come?")
    next_step = forms.CharField(label="Next step", max_length=400)
    on = forms.DateField(label="By", widget=DateInput, required=False)
    harm = forms.TypedChoiceField(
        label="Harm if missed",
        coerce=int,
        initial=3,
        choices=[
            (5, "Could cost a life"),
            (4, "Could mean the hospital"),
            (3, "Real harm"),
            (2, "Some"),
            (1, "Little"),
        ],
    )
    reason = forms.CharField(label="What you know", required=False, max_length=400)


class DecisionForm(Form):
    """How somebody knows that two records are, or are not, one person."""

    reason = forms.CharField(
        label="How do you know?",
        max_length=400,
        help_text="Say whom you asked or what you saw, so the next person can trust it.",
    )


def _field(stated: FormField) -> forms.Field:
    common: dict[str, Any] = {
        "label": stated.label,
        # A field shown only for some answers is asked for by the action, which knows the answer.
        "required": stated.required and not stated.only_for,
        "help_text": stated.hint,
        "initial": stated.initial or None,
    }
    if stated.kind == "choice":
        choices = [(one.value, one.label) for one in stated.choices]
        few = len(choices) <= 5
        field: forms.Field = forms.ChoiceField(
            choices=choices, widget=forms.RadioSelect if few else forms.Select, **common
        )
        if stated.name == "happened" and not stated.initial and choices:
            field.initial = choices[0][0]
        return field
    if stated.kind == "date":
        return forms.DateField(widget=DateInput, **common)
    if stated.kind == "time":
        return forms.TimeField(widget=TimeInput, **common)
    if stated.kind == "number":
        return forms.IntegerField(min_value=0, max_value=100_000, **common)
    return forms.CharField(max_length=400, **common)


def happened_form(stated: HappenedForm, *args: Any, **kwargs: Any) -> Form:
    """The form that says what happened, from its statement."""
    form = Form(*args, **kwargs)
    for one in stated.fields:
        form.fields[one.name] = _field(one)
        say_plainly(form.fields[one.name])
        form.fields[one.name].only_for = " ".join(one.only_for)  # type: ignore[attr-defined]  # read by the form template
        form.fields[one.name].is_asked = one.required  # type: ignore[attr-defined]  # so it is not called optional
    return form
