"""What the work needs to know of a rule: its harm if missed, its step, whether unknown is asked, its authority."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from beforehand.clinical.times import day_of, show_day
from beforehand.lookahead.library import library
from beforehand.lookahead.rule import Rule
from beforehand.lookahead.words import fill


@dataclass(frozen=True)
class RuleWords:
    """A rule as the work sees it. A rule that left the library keeps its findings readable with plain defaults."""

    id: str
    topic: str = ""
    title: str = ""
    why: str = ""
    kind: str = ""
    harm: int = 3
    step_kind: str = "other"
    books: str = ""
    unknown_asks: bool = False
    folds_into: str = ""
    authority: str = "This rule is no longer in the library"
    clinical_review: str = ""
    missing: Mapping[str, str] = field(default_factory=dict)


LOOK_AGAIN = 2.0  # seconds: asking whether any rule file changed costs more than a page
_last: list[tuple[float, Mapping[str, Rule]]] = []
_known: dict[str, tuple[Rule | None, RuleWords]] = {}


def _in_words(rule: Rule) -> RuleWords:
    authority = rule.authority
    named = ", ".join(part for part in (authority.name, authority.edition) if part)
    if rule.reviewed_by:
        on = f", {show_day(day_of(rule.reviewed_on))}" if rule.reviewed_on else ""
        review = f"Clinical review: {rule.reviewed_by}{on}"
    else:
        review = "Not yet clinically reviewed"
    return RuleWords(
        id=rule.id,
        topic=rule.topic,
        title=rule.title,
        why=rule.why,
        kind=rule.kind,
        harm=rule.harm,
        step_kind=rule.step_kind,
        books=rule.books,
        unknown_asks=rule.unknown == "ask",
        folds_into=rule.folds_into,
        authority=named,
        clinical_review=review,
        missing=rule.missing,
    )


def _rules() -> Mapping[str, Rule]:
    now = monotonic()
    if not _last or now - _last[0][0] > LOOK_AGAIN:
        _last[:] = [(now, library().rules)]
    return _last[0][1]


def forget() -> None:
    """Look at the library again at the next question."""
    _last.clear()
    _known.clear()


def rule_words(rule_id: str) -> RuleWords:
    """The rule's words; defaults that say so where the library no longer has it."""
    rule = _rules().get(rule_id)
    known = _known.get(rule_id)
    if known is None or known[0] is not rule:
        gone = RuleWords(rule_id, title=rule_id.replace("_", " "))
        known = _known[rule_id] = (rule, gone if rule is None else _in_words(rule))
    return known[1]


def _said(finding: Any, part: str, patient: str, today: int | None) -> str:
    rule = _rules().get(finding.rule_id)
    if rule is None:
        return rule_words(finding.rule_id).title
    return fill(str(getattr(rule, part)), finding, patient=patient, today=today)


def question(finding: Any, *, patient: str = "", today: int | None = None) -> str:
    """The rule's question about this finding, with the person's name."""
    return _said(finding, "question", patient, today)


def next_step(finding: Any, *, patient: str = "", today: int | None = None) -> str:
    """What to do next."""
    return _said(finding, "next_step", patient, today)


def missing(finding: Any, *, patient: str = "", today: int | None = None) -> str:
    """What evidence is lacking, in words; empty where nothing is."""
    words = rule_words(finding.rule_id).missing.get(finding.missing or "", "")
    return fill(words, finding, patient=patient, today=today) if words else ""


def reason(finding: Any, *, patient: str = "", today: int | None = None) -> str:
    """Why it is there, what met it, why it does not apply; where the rule cannot tell, what evidence is lacking."""
    rule = _rules().get(finding.rule_id)
    if rule is not None and rule.why_not(finding.missing or ""):
        return fill(rule.why_not(finding.missing), finding, patient=patient, today=today)
    if rule is not None and finding.status == "MET" and rule.met:
        return fill(rule.met, finding, patient=patient, today=today)
    return _said(finding, "reason", patient, today)


def asking_rules() -> list[str]:
    """Rules whose UNKNOWN becomes a need."""
    return sorted(rule.id for rule in _rules().values() if rule.unknown == "ask")
