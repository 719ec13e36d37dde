"""A finding in words: the rule's question, reason and next step with what the rule says filled in."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Protocol

from beforehand.clinical.fact_words import plain_amount
from beforehand.clinical.times import say_when, show_day
from beforehand.lookahead.engines.answers import read_ranges
from beforehand.lookahead.library import library
from beforehand.lookahead.rule import Rule

# The topics of rules, as people call them
TOPICS = {
    "medicines": "Medicines",
    "medicine_safety": "Medicine safety",
    "results": "Results",
    "transitions": "Hospital stays",
    "prevention": "Prevention",
    "chronic": "Long-term conditions",
    "new_diagnosis": "New diagnoses",
    "visits": "Visits and rides",
    "referrals": "Referrals",
    "authorizations": "Plan approvals",
    "coverage": "Insurance",
    "bills": "Bills",
    "social": "Social needs",
    "plans": "Care plans",
    "voice": "Questions and wishes",
    "coordination": "Care team",
    "utilization": "Emergencies and repeats",
}

_PLACE = re.compile(r"\{(\w+)\}")
_REAL = re.compile(r"(?<![\w.])\d+\.\d{5,}(?![\w.])")  # as programs write it: 30.23459151695847
NOT_SAID = "not said"
NONE_YET = "none on record"  # of what a rule calls its last one
_DAYS = ("opens_on", "due_on", "lapses_on", "recheck_on")


class Finding(Protocol):
    """What is needed of a finding, stored or not, to put it in words."""

    rule_id: str
    status: str
    opens_on: int | None
    due_on: int | None
    lapses_on: int | None
    recheck_on: int | None
    missing: str

    @property
    def say(self) -> dict[str, str | int | None]: ...


def question(finding: Finding, *, patient: str = "", today: int | None = None) -> str:
    """The rule's question about this finding."""
    return _filled(finding, "question", patient, today)


def reason(finding: Finding, *, patient: str = "", today: int | None = None) -> str:
    """Why it is there; what is missing (UNKNOWN), why it does not apply (EXCLUDED), or what settled it (MET)."""
    rule = library().rules.get(finding.rule_id)
    if rule is not None and rule.why_not(finding.missing):
        return fill(rule.why_not(finding.missing), finding, patient=patient, today=today)
    if rule is not None and finding.status == "MET" and rule.met:
        return fill(rule.met, finding, patient=patient, today=today)
    return _filled(finding, "reason", patient, today)


def next_step(finding: Finding, *, patient: str = "", today: int | None = None) -> str:
    """What to do next."""
    return _filled(finding, "next_step", patient, today)


def title(rule_id: str) -> str:
    """What the rule is called."""
    rule = library().rules.get(rule_id)
    return rule.title if rule else rule_id.replace("_", " ")


def _filled(finding: Finding, part: str, patient: str, today: int | None) -> str:
    rule: Rule | None = library().rules.get(finding.rule_id)
    if rule is None:
        return title(finding.rule_id)
    return fill(str(getattr(rule, part)), finding, patient=patient, today=today)


def fill(text: str, finding: Finding, *, patient: str = "", today: int | None = None) -> str:
    """The text with each ``{placeholder}`` filled from the finding."""

    ranges = read_ranges(finding.say or {})
    said = ""
    last = 0
    for found in _PLACE.finditer(text):
        said += text[last : found.start()]
        last = found.end()
        name = found.group(1)
        possible = ranges.get(name) or ranges.get(f"say_{name}")
        if possible is None:
            said += _value(name, finding, patient, today)
        elif name.endswith("_on"):
            said = say_when(said, *possible, today=today)
        else:
            said += " to ".join(show(name, number) for number in possible)
    return (said + text[last:]).strip()


def _value(name: str, finding: Finding, patient: str, today: int | None) -> str:
    """What fills one placeholder."""
    if name == "patient":
        return patient or "the patient"
    if name in _DAYS:
        day = getattr(finding, name)
        return NOT_SAID if day is None else show_day(int(day), today=today)
    return show(name, finding.say.get(f"say_{name}", finding.say.get(name)), today=today)


def possible_days(finding: Finding, name: str) -> tuple[int, int] | None:
    """The first and last day that a day of a finding can be; None where it is known."""
    return read_ranges(finding.say or {}).get(name)


def show(name: str, value: str | int | None, *, today: int | None = None) -> str:
    """One said value: a weekday date for ``..._on``, money for ``..._cents``, else as it is."""
    if value == "":
        return ""  # the rule has nothing to add here
    if value is None:
        return NONE_YET if name.startswith("last_") else NOT_SAID
    if name.endswith("_on") and isinstance(value, int):
        return show_day(value, today=today)
    if name.endswith("_cents") and isinstance(value, int):
        sign = "-" if value < 0 else ""
        return f"{sign}${abs(value) // 100:,}.{abs(value) % 100:02d}"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) > 9999 else str(value)
    return _REAL.sub(_short, plain_amount(str(value)))


def _short(found: re.Match[str]) -> str:
    """Two places after the point, or the first two that are not 0; what was sent stays on the fact itself."""
    number = Decimal(found.group())
    places = max(2, 1 - number.adjusted()) if number else 2
    return str(round(number, places))
