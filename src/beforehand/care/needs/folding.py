"""Which findings ask for work today, and which of them are about the same thing. Pure: reads values, writes nothing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from beforehand.care.needs.register import RuleWords, rule_words

FAR = 10**9
ANY_OF = ":*"
DRAW = "draw:lab"  # what one blood draw answers


class FindingLike(Protocol):
    """A finding, stored or just computed."""

    id: Any
    patient_id: int
    rule_id: str
    subject: str
    status: str
    state: str
    opens_on: int | None
    due_on: int | None
    lapses_on: int | None
    missing: str
    blocks: str
    say: Any
    evidence: Any
    sensitivity: str


@dataclass(frozen=True)
class Fold:
    """Findings of one patient about one thing, the leading one first."""

    key: str
    findings: tuple[Any, ...]

    @property
    def lead(self) -> Any:
        """The finding that gives the need its question and its next step."""
        return self.findings[0]

    @property
    def tests(self) -> tuple[str, ...]:
        """The laboratory tests that one blood draw would answer, each once; empty where it is one test alone."""
        if self.key != DRAW:
            return ()
        named = dict.fromkeys(str(each.say.get("test") or "") for each in self.findings if each.say)
        return tuple(name for name in named if name) if len(named) > 1 else ()


def asks_at_all(finding: FindingLike) -> bool:
    """Whether it asks for work on some day: DUE, or UNKNOWN where its rule wants that asked."""
    if finding.state != "CURRENT":
        return False
    return finding.status == "DUE" or (finding.status == "UNKNOWN" and rule_words(finding.rule_id).unknown_asks)


def has_lapsed(finding: FindingLike, as_of: int) -> bool:
    """Whether the day on which it stops mattering has come."""
    return finding.lapses_on is not None and finding.lapses_on <= as_of


def asks(finding: FindingLike, as_of: int) -> bool:
    """Whether it asks for work on this day."""
    opened = finding.opens_on is None or finding.opens_on <= as_of
    return opened and not has_lapsed(finding, as_of) and asks_at_all(finding)


def lead_order(finding: FindingLike) -> tuple[Any, ...]:
    """What can be told before what cannot, then the greater harm, then the earlier day; ties by name."""
    words = rule_words(finding.rule_id)
    due = FAR if finding.due_on is None else finding.due_on
    return finding.status != "DUE", -words.harm, due, finding.rule_id, finding.subject


def _subject_named(words: RuleWords, finding: FindingLike) -> str:
    """The subject a ``folds_into`` expression such as ``stay:{stay}`` names for this finding."""
    say: Mapping[str, Any] = finding.say or {}
    values = {name.removeprefix("say_"): value for name, value in say.items()}
    try:
        return words.folds_into.format_map({"subject": finding.subject, **values})
    except (KeyError, IndexError, ValueError):
        return finding.subject


def _facts(finding: FindingLike) -> set[Any]:
    return {item["fact_id"] for item in finding.evidence or ()}


def _host(named: str, finding: FindingLike, listed: Sequence[Any]) -> Any:
    """For ``result:*``: the finding about a result whose evidence holds all that this one rests on, if there is one."""
    own = _facts(finding)
    kind = named.removesuffix("*")
    return next((each for each in listed if each.subject.startswith(kind) and own and own <= _facts(each)), None)


def _own_key(finding: FindingLike) -> str:
    """The thing it is about, or the one its rule's ``folds_into`` names for it."""
    words = rule_words(finding.rule_id)
    named = words.folds_into
    is_subject = (":" in named or "{" in named) and not named.endswith(ANY_OF)
    return (_subject_named(words, finding) if is_subject else finding.subject)[:300]


def folds(findings: Iterable[Any], linked: Mapping[Any, str] | None = None) -> dict[str, Fold]:
    """One patient's asking findings, folded: on equal subject, or as their rule's ``folds_into`` says.

    ``folds_into`` names a subject (``stay:{stay}``), a rule, or a kind of subject (``result:*``): then it joins, as a
    guest that never leads, the finding of that kind which rests on the same facts and more.
    ``linked`` gives the key of the live need a finding already belongs to: it stays there.
    """
    listed = sorted(findings, key=lead_order)
    already = linked or {}
    keys = {index: already.get(finding.id) or _own_key(finding) for index, finding in enumerate(listed)}
    by_rule: dict[str, str] = {}
    by_finding = {id(finding): keys[index] for index, finding in enumerate(listed)}
    for index, finding in enumerate(listed):
        by_rule.setdefault(finding.rule_id, keys[index])
    grouped: dict[str, list[Any]] = defaultdict(list)
    guests: dict[str, list[Any]] = defaultdict(list)
    for index, finding in enumerate(listed):
        target = rule_words(finding.rule_id).folds_into
        if not target or finding.id in already:
            grouped[keys[index]].append(finding)
        elif target.endswith(ANY_OF):
            host = _host(target, finding, listed)
            (guests if host else grouped)[by_finding[id(host)] if host else keys[index]].append(finding)
        else:
            grouped[by_rule.get(target, keys[index])].append(finding)
    return {key: Fold(key, (*group, *guests[key])) for key, group in grouped.items()}


def evidence_digest(findings: Sequence[FindingLike], versions: Mapping[int, int | None]) -> str:
    """What a dismissal was based on: the answers, and which version of which facts stood behind them."""
    parts = []
    for finding in sorted(findings, key=lambda each: (each.rule_id, each.subject)):
        facts = sorted(
            (item["table"], item["fact_id"], versions.get(item["fact_id"]) or 0) for item in finding.evidence or ()
        )
        parts.append(repr((finding.rule_id, finding.subject, finding.status, finding.missing or "", facts)))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def labels(findings: Iterable[FindingLike]) -> str:
    """The sensitivity labels of all, once each, in one order."""
    return " ".join(sorted({label for finding in findings for label in (finding.sensitivity or "").split()}))
