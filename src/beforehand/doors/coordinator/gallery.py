"""The gallery: every part of the pages with its stated attributes, filled with invented values."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from beforehand.web.forms import DateInput, Form

_CHIP: dict[str, Any] = {
    "text": "56 tablets, filled Fri, Nov 6",
    "source": "Corner Pharmacy",
    "is_said": False,
    "rows": [
        ("As sent", "Apixaban 5 mg, 56 tablets, 28 days, refills 0"),
        ("Who said so", "Corner Pharmacy, daily feed"),
        ("About", "Fri, Nov 6"),
        ("We received it", "Fri, Nov 6, 5:41 pm"),
    ],
    "url": "",
}
_SAID = _CHIP | {"text": "“I take the small one”", "source": "Mrs. Smith, phone", "is_said": True}


class _Example(Form):
    """A step form as pages show it, with a wrong field."""

    step = forms.CharField(label="Next step", initial="Call Daniel Chen")
    day = forms.DateField(label="By", widget=DateInput, help_text="The day it comes back to the top.")
    owner = forms.ChoiceField(label="Who", choices=[("1", "Dana Reyes, RN"), ("2", "Team queue")])
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)


def _clock(words: str, date_words: str, tone: str) -> dict[str, str]:
    return {"words": words, "date_words": date_words, "tone": tone}


def _row() -> dict[str, Any]:
    acts = dict.fromkeys(("happened", "snooze", "dismiss", "hand_over", "plan", "close", "take"), "#row")
    return {
        "id": 3,
        "rank": 3,
        "before": "Did ",
        "link": "Eleanor Smith",
        "after": " get her apixaban refilled?",
        "patient_url": "#row",
        "who": "born Mar 3, 1945 · English · call after 9:00 am, landline",
        "reasons": ["Her pills run out Thu, Dec 3.", "No refills are left."],
        "chips": [_CHIP, _SAID],
        "clock": _clock("2 days", "runs out Thu, Dec 3", "now"),
        "tone": "now",
        "step": "Ask the heart clinic for a renewal.",
        "action": "Send the request",
        "is_solid": True,
        "acts": acts,
        "url": "#row",
        "back": "",
        "why": "A gap in an anticoagulant can cause a stroke.",
        "authority": "Drug label, section 5.1, 2025 edition. Not yet clinically reviewed.",
        "rule": "example",
        "factors": [("Harm if missed: 5 of 5", "50.0"), ("2 days left", "18.0"), ("Waiting 3 days", "1.5")],
        "score": "69.5",
        "owner": "Dana Reyes, RN",
    }


def _timeline() -> list[dict[str, Any]]:
    return [
        {"date_iso": "2026-12-03", "when": "Thu, Dec 3", "words": "Apixaban runs out.", "tone": "late", "tag": "due"},
        {
            "date_iso": "2026-12-14",
            "when": "Mon, Dec 14",
            "words": "Heart ultrasound. It can only happen if:",
            "tone": "now",
            "conditions": [("met", "Referral open to Fri, Dec 18"), ("unknown", "Plan approval")],
        },
        {"date_iso": "2027-01-20", "when": "Wed, Jan 20", "words": "Plan review", "tone": ""},
    ]


def _versus() -> dict[str, Any]:
    return {
        "title": "Metoprolol: two doses on record",
        "line": "Both are current. Neither wins until a prescriber says so.",
        "sides": [
            {"says": "25 mg twice a day", "who": "Dr. Park", "when": "Mon, Oct 12", "chips": [_CHIP]},
            {"says": "50 mg twice a day", "who": "St. Brigid", "when": "Fri, Nov 6", "chips": [_SAID]},
        ],
        "next": "Ask Dr. Park and Dr. Osei which holds.",
    }


@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    """All parts on one page, for those who build pages and for the accessibility check."""
    wrong = _Example({"step": "", "day": "2026-12-02", "owner": "1"})
    wrong.is_valid()
    context = {
        "title": "Components",
        "tags": ("due", "met", "unknown", "excluded", "differs"),
        "clocks": [
            _clock("Now", "10 hours unsigned", "late"),
            _clock("Today", "business day 2 of 2", "now"),
            _clock("Fri, Dec 4", "check-in call", "soft"),
            _clock("Thu, Nov 19", "on time", "met"),
            _clock("Unknown", "no discharge date", "unknown"),
        ],
        "chip": _CHIP,
        "said": _SAID,
        "row": _row(),
        "may_work": True,
        "person": {
            "name": "Eleanor Smith",
            "called": "Mrs. Smith",
            "line": "81, born Mar 3, 1945 · member LK 2207 118",
            "heed": [{"label": "landline", "value": "555-0155", "phone": "555-0155"}, {"value": "hard of hearing"}],
        },
        "entries": _timeline(),
        "versus": _versus(),
        "since": {
            "words": "Since Mon, Nov 30, 4:52 pm",
            "links": [(1, "hospital stay", "overnight", "#since"), (4, "papers to place", "oldest 3 days", "#since")],
        },
        "groups": [("Whose", [("Mine 14", "#mine", True), ("Team queue 3", "#team", False)])],
        "form": wrong,
        "pages": [
            ("1 to 50", "#1", True),
            ("51 to 100", "#2", False),
            ("…", "", False),
            ("951 to 1,000", "#20", False),
        ],
        "state_links": [("Look at tomorrow", "#state", True), ("See the proof", "#proof", False)],
    }
    return render(request, "coordinator/gallery.html", context)
