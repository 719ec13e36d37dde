"""Write docs/reference/rules from the rules themselves: ``python -m beforehand.lookahead.rule_pages``.

A page a rule: what it looks for, why, on whose authority, whether a clinician has reviewed it, and its cases in words.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from beforehand.clinical.content import content_root
from beforehand.lookahead.cases import Case, read_cases
from beforehand.lookahead.library import CheckedQuery, Library, library
from beforehand.lookahead.rule import Rule
from beforehand.lookahead.words import TOPICS

FOLDER = "docs/reference/rules"
KINDS = {
    "deadline": "a day by which something must happen",
    "gap": "something that should have been done and is not on record",
    "conflict": "two things on record that cannot both hold",
    "risk": "something that makes harm more likely",
    "question": "something nobody has asked or answered",
}
ANSWERS = {"DUE": "To do", "MET": "Settled", "UNKNOWN": "Cannot tell", "EXCLUDED": "Does not apply"}
HARM = {1: "little", 2: "some", 3: "moderate", 4: "serious", 5: "grave"}
_PLACE = re.compile(r"\{(\w+)\}")
_MADE = "Made from the rules and their cases by `python -m beforehand.lookahead.rule_pages`; a test keeps it current."


def pages(found: Library) -> dict[str, str]:
    """Every page by its path below the folder."""
    made = {"README.md": _index(found)}
    for checked in found.queries.values():
        by_rule: dict[str, list[Case]] = defaultdict(list)
        for case in read_cases(checked.query).cases:
            by_rule[case.rule_id].append(case)
        for rule in checked.query.rules.values():
            made[f"{rule.topic}/{rule.id}.md"] = _page(rule, checked, by_rule[rule.id])
    return made


def _words(topic: str) -> str:
    return topic.replace("_", " ").capitalize()


def _review(rule: Rule) -> str:
    if not rule.reviewed_by:
        draft = "> **Draft, not yet clinically reviewed.**"
        return f"{draft} Written by {rule.author}. It supports people and decides nothing."
    on = f" on {_date(rule.reviewed_on)}" if rule.reviewed_on else ""
    return f"> Clinically reviewed by {rule.reviewed_by}{on}. Written by {rule.author}."


def _index(found: Library) -> str:
    own = sum(1 for checked in found.queries.values() if checked.query.family is None)
    unreviewed = sum(1 for rule in found.rules.values() if not rule.is_reviewed)
    lines = [
        "# Rules",
        "",
        f"{len(found.rules)} rules: {own} queries of their own, {len(found.rules) - own} rows of "
        f"{len(found.queries) - own} families. {unreviewed} are not yet clinically reviewed: "
        "drafts that support people and decide nothing.",
        "How to add one: [write a rule](../../how-to/write-a-rule.md).",
        "",
        _MADE,
    ]
    topics: dict[str, list[Rule]] = defaultdict(list)
    for rule in found.rules.values():
        topics[rule.topic].append(rule)
    for topic in sorted(topics):
        lines += ["", f"## {TOPICS.get(topic, _words(topic))}", ""]
        lines += [
            f"- [{rule.title}]({topic}/{rule.id}.md)"
            for rule in sorted(topics[topic], key=lambda one: (one.title, one.id))
        ]
    return "\n".join(lines) + "\n"


def _page(rule: Rule, checked: CheckedQuery, cases: Iterable[Case]) -> str:
    held = rule.authority
    source = f"[{held.name}]({held.url})" if held.url else held.name
    valid = f", in force from {_date(held.valid_from)}" if held.valid_from else ""
    until = f" until {_date(held.valid_to)}" if held.valid_to else ""
    where = f"rules/{rule.topic}/{rule.query_id}.sql"
    lines = [
        f"# {rule.title}",
        "",
        f"{TOPICS.get(rule.topic, _words(rule.topic))} · {KINDS[rule.kind]} · harm if missed: {HARM[rule.harm]}",
        "",
        _review(rule),
        "",
        f"**What it looks for.** {_said(rule.question)}",
        "",
        f"**Why.** {_sentence(rule.why)}",
        "",
        f"**On whose authority.** {source}{f', {held.edition}' if held.edition else ''}{valid}{until}.",
        "",
        f"**What the coordinator reads.** {_said(rule.reason)}",
        "",
        f"**Next step.** {_said(rule.next_step)}",
        *(["", f"**Once it is settled.** {_said(rule.met)}"] if rule.met and rule.met != rule.reason else []),
        *_map("It cannot tell when", rule.missing),
        *_map("It does not apply when", rule.excluded),
        "",
        "What stands in *italics* is filled in for each person.",
        "",
        "## Cases",
        "",
        "Invented people it is tried on, each time before it may run.",
        "",
        *(line for case in cases for line in _case(case)),
        "",
        "## For who writes rules",
        "",
        f"`{rule.id}` in [{where}](../../../../{where})"
        + (f", a row of [{rule.family}](../../../../{rule.family})" if rule.family else "")
        + f". It reads {', '.join(rule.needs)}.",
        "",
        _MADE,
    ]
    return "\n".join(lines) + "\n"


def _said(words: str) -> str:
    """A sentence of the rule, with what it fills in for each person in italics."""
    marked = _PLACE.sub(lambda found: f"*{_plain(found.group(1))}*", words)
    return _sentence(re.sub(r"(?<=[.;])(?=\*)|(?<=\w\*)(?=\*\w)", " ", marked))


def _sentence(words: str) -> str:
    return words if words.endswith((".", "?", "!", "*")) else f"{words}."


def _plain(name: str) -> str:
    words = name.removesuffix("_cents").replace("_", " ")
    return f"{words[:-3]} date" if words.endswith(" on") else words


def _date(day: date) -> str:
    return f"{day:%b} {day.day}, {day.year}"


def _map(title: str, words: Mapping[str, str]) -> list[str]:
    return ["", f"**{title}**", "", *(f"- {_said(text)}" for text in words.values())] if words else []


def _case(case: Case) -> list[str]:
    """A case as a heading line, and under it who gets which answer."""
    expected: Mapping[str, Any] = case.body.get("expect") or {}
    patients = case.body.get("patients") or {}
    answers: dict[str, list[str]] = {status: [] for status in ANSWERS}
    for name, found in expected.items():
        for one in found or ():
            answers[str(one.get("status"))].append(_answer(one, _plain(name) if len(patients) > 1 else ""))
    silent = [_plain(name) for name in patients if not expected.get(name)]
    lines = [f"- **{case.name[:1].upper()}{case.name[1:]}** (on {_date(case.as_of)})"]
    for status, told in answers.items():
        if told:
            rest = "; ".join(dict.fromkeys(one for one in told if one))
            lines.append(f"  - {ANSWERS[status]}{f': {rest}' if rest else ''}.")
    if silent:
        named = f": {'; '.join(silent)}" if len(patients) > 1 else ""
        lines.append(f"  - Says nothing{named}.")
    return lines


def _answer(one: Mapping[str, Any], name: str) -> str:
    days = [(key, word) for key, word in (("opens_on", "from"), ("due_on", "by")) if _is_day(one.get(key))]
    parts = [f"{word} {_date(date.fromisoformat(str(one[key])))}" for key, word in days]
    if one.get("missing"):
        parts.insert(0, str(one["missing"]).replace("_", " "))
    said = ", ".join(parts)
    return f"{name} ({said})" if name and said else name or said


def _is_day(value: object) -> bool:
    try:
        return bool(value) and bool(date.fromisoformat(str(value)))
    except ValueError:
        return False


def write(root: Path, found: Library) -> int:
    """Write every page, take away those of rules that are gone; how many changed."""
    folder, made, changed = root / FOLDER, pages(found), 0
    for path in folder.rglob("*.md"):
        if path.relative_to(folder).as_posix() not in made:
            path.unlink()
            changed += 1
    for name, text in made.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed += 1
    return changed


if __name__ == "__main__":
    sys.stdout.write(f"{write(content_root(), library())} pages changed\n")
