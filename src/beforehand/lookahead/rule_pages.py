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

FOLDER = "docs/reference/rules"
KINDS = {
    "deadline": "a day by which something must happen",
    "gap": "something that should have been done and is not on record",
    "conflict": "two things on record that cannot both hold",
    "risk": "something that makes harm more likely",
    "question": "something nobody has asked or answered",
}
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
        return "**not yet clinically reviewed**"
    return f"{rule.reviewed_by}{f', {rule.reviewed_on.isoformat()}' if rule.reviewed_on else ''}"


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
        lines += ["", f"## {_words(topic)}", ""]
        lines += [
            f"- [{rule.title}]({topic}/{rule.id}.md)"
            for rule in sorted(topics[topic], key=lambda one: (one.title, one.id))
        ]
    return "\n".join(lines) + "\n"


def _page(rule: Rule, checked: CheckedQuery, cases: Iterable[Case]) -> str:
    held = rule.authority
    source = f"[{held.name}]({held.url})" if held.url else held.name
    valid = f", in force from {held.valid_from.isoformat()}" if held.valid_from else ""
    until = f" until {held.valid_to.isoformat()}" if held.valid_to else ""
    where = f"rules/{rule.topic}/{rule.query_id}.sql"
    lines = [
        f"# {rule.title}",
        "",
        f"`{rule.id}` · {_words(rule.topic)} · {KINDS[rule.kind]} · harm if missed: {HARM[rule.harm]}",
        "",
        f"**Why.** {rule.why}",
        "",
        f"**It asks.** {_said(rule.question)}",
        "",
        f"**It says.** {_said(rule.reason)}",
        *(["", f"**Once met it says.** {_said(rule.met)}"] if rule.met else []),
        "",
        f"**Next step.** {_said(rule.next_step)}",
        "",
        f"**On whose authority.** {source}{f', {held.edition}' if held.edition else ''}{valid}{until}.",
        "",
        f"**Clinical review.** {_review(rule)}. Written by {rule.author}.",
        *_map("It cannot tell when", rule.missing),
        *_map("It does not apply when", rule.excluded),
        "",
        f"**It reads.** {', '.join(rule.needs)}.",
        f"Text: [{where}](../../../../{where})"
        + (f", a row of [{rule.family}](../../../../{rule.family})." if rule.family else "."),
        "",
        "## Cases",
        "",
        *(_case(case) for case in cases),
        "",
        _MADE,
    ]
    return "\n".join(lines) + "\n"


def _said(words: str) -> str:
    """A sentence of the rule, with what it fills in for each person in italics."""
    return _PLACE.sub(lambda found: f"*{_plain(found.group(1))}*", words)


def _plain(name: str) -> str:
    words = name.removesuffix("_cents").replace("_", " ")
    return f"{words[:-3]} day" if words.endswith(" on") else words


def _map(title: str, words: Mapping[str, str]) -> list[str]:
    return ["", f"**{title}**", "", *(f"- {_said(text)}" for text in words.values())] if words else []


def _case(case: Case) -> str:
    expected: Mapping[str, Any] = case.body.get("expect") or {}
    told = [(name, one) for name, found in expected.items() for one in found or ()]
    silent = [name for name in case.body.get("patients") or {} if not expected.get(name)]
    several = len(case.body.get("patients") or {}) > 1
    said = [_answer(one, name if several else "") for name, one in told]
    if silent:
        said.append(f"silent{f' on {chr(44).join(silent)}' if several else ''}".replace(",", ", "))
    name = case.name[:1].upper() + case.name[1:]
    return f"- {name} ({case.as_of.isoformat()}): {'; '.join(said) or 'silent'}."


def _answer(one: Mapping[str, Any], name: str) -> str:
    parts = [f"{name} {one.get('status')}".strip()]
    parts += [f"{word} {one[key]}" for key, word in (("opens_on", "opens"), ("due_on", "due")) if _is_day(one.get(key))]
    if one.get("missing"):
        parts.append(str(one["missing"]).replace("_", " "))
    return ", ".join(parts)


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
