"""What waits for what: a ride for the visit, the visit for the renewal, the renewal for the pills. Writes nothing.

A finding names by ``blocks`` the subject of what cannot go ahead until it is settled. Chains run through what is
settled already: a booked visit holds nothing up itself, but the ride to it does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from beforehand.care.needs.folding import asks_at_all, has_lapsed
from beforehand.care.needs.register import rule_words

EXCLUDED = "EXCLUDED"


def is_ahead(finding: Any, as_of: int) -> bool:
    """Whether it needs somebody now or will by time alone: it asks, or is met only until a coming day."""
    if has_lapsed(finding, as_of):
        return False
    if asks_at_all(finding):
        return True
    comes = finding.opens_on is not None and finding.opens_on > as_of
    return finding.state == "CURRENT" and finding.status == "MET" and comes


@dataclass(frozen=True)
class Urgency:
    """The day by which, and how bad when missed: its own, or what it inherits from all that waits for it."""

    due_on: int | None
    harm: int


class Chains:
    """The findings of one patient, and what each of them holds up."""

    def __init__(self, findings: Iterable[Any], as_of: int) -> None:
        self.as_of = as_of
        standing = [each for each in findings if each.state == "CURRENT" and each.status != EXCLUDED]
        self._findings = [each for each in standing if not has_lapsed(each, as_of)]
        self._about: dict[str, list[Any]] = defaultdict(list)
        for each in self._findings:
            self._about[each.subject].append(each)
        self._is_tied = any(each.blocks for each in self._findings)

    def _reached(self, finding: Any) -> list[Any]:
        """Everything behind it, nearest first; each once, also where things wait for each other in a circle."""
        found: list[Any] = []
        seen, waiting = {finding.subject}, [finding.blocks] if finding.blocks else []
        while waiting:
            subject = waiting.pop(0)
            if subject in seen:
                continue
            seen.add(subject)
            for each in self._about.get(subject, ()):
                found.append(each)
                if each.blocks:
                    waiting.append(each.blocks)
        return found

    def holds_up(self, finding: Any) -> list[Any]:
        """What cannot go ahead until this is settled: open or coming things, nearest first."""
        if not self._is_tied:
            return []
        return [each for each in self._reached(finding) if is_ahead(each, self.as_of)]

    def waits_for(self, finding: Any) -> list[Any]:
        """What must be settled first: whatever asks for work and holds this one up, the earliest first."""
        if not self._is_tied:
            return []
        first = [
            each
            for each in self._findings
            if each.blocks and asks_at_all(each) and each.subject != finding.subject and finding in self._reached(each)
        ]
        return sorted(first, key=lambda each: (each.due_on is None, each.due_on, each.rule_id, each.subject))

    def urgency(self, finding: Any) -> Urgency:
        """Its own day and harm, or the earlier day and the graver harm of what it holds up."""
        behind = self.holds_up(finding)
        days = [each.due_on for each in (finding, *behind) if each.due_on is not None]
        harms = [rule_words(each.rule_id).harm for each in (finding, *behind)]
        return Urgency(min(days, default=None), max(harms))


def together(findings: Sequence[Any], chains: Chains) -> Urgency:
    """The urgency of findings folded into one need."""
    each = [chains.urgency(finding) for finding in findings]
    days = [one.due_on for one in each if one.due_on is not None]
    return Urgency(min(days, default=None), max(one.harm for one in each))


def ties(findings: Sequence[Any], chains: Chains, *, is_behind: bool) -> list[Any]:
    """What the findings of one need hold up (``is_behind``) or wait for, each subject once, never each other."""
    own = {finding.subject for finding in findings}
    found: dict[str, Any] = {}
    for finding in findings:
        for other in chains.holds_up(finding) if is_behind else chains.waits_for(finding):
            if other.subject not in own:
                found.setdefault(other.subject, other)
    return list(found.values())
