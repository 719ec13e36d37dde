"""Needs and the day's list as plain values for templates: words, addresses, chips; no queries."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from beforehand.care.needs.shapes import (
    Band,
    DoneRow,
    Filters,
    HistoryEntry,
    NeedView,
    Row,
    SinceItem,
    Tie,
    Worklist,
)
from beforehand.doors.coordinator import wording
from beforehand.doors.coordinator.chips import chips
from beforehand.lookahead.words import TOPICS as TOPIC_WORDS

REASONS_SHOWN = 1  # the leading one; the others one tap away
TOPICS = {"": "Anything", **TOPIC_WORDS}
OWNERS = (("mine", "Mine"), ("team", "Team queue"), ("everyone", "Everyone"))
STATES = (
    ("open", "All open"),
    ("late", "Late"),
    ("unknown", "Unknown"),
    ("snoozed", "Snoozed"),
    ("marked", "May be settled"),
    ("done", "Done today"),
)


def address(owner: str, filters: Filters, **changes: Any) -> str:
    """The list narrowed so: shareable, and free of anything about a patient."""
    values = {"owner": owner, "state": filters.state, "topic": filters.topic, "page": filters.page} | changes
    standard = {"state": "open", "topic": "", "page": 1}
    kept = {name: value for name, value in values.items() if value != standard.get(name)}
    return f"{reverse('today')}?{urlencode(kept)}"


def need(view: NeedView, *, name: str = "", back: str = "/", now: int, is_solid: bool = True) -> dict[str, Any]:
    """One need as a row, a line in a list or a page shows it."""
    before, link, after = _linked(view.question, name)
    reasons = [words[:1].upper() + words[1:] for words in view.reasons]
    return {
        "id": view.id,
        "before": before,
        "link": link,
        "after": after,
        "question": view.question,
        "reasons": reasons[:REASONS_SHOWN],
        "more_reasons": reasons[REASONS_SHOWN:],
        "chips": chips(view.evidence),
        "clock": view.clock,
        "step": sentences(view.next_step),
        "action": view.action_label,
        "is_solid": is_solid,
        "tone": {"late": "late", "now": "now"}.get(view.clock.tone, ""),
        "owner": view.owner_label,
        "status": view.status.lower(),
        "is_unknown": view.is_unknown,
        "missing": view.missing,
        "marked": view.marked,
        "holds_up": [_tie(tie, now) for tie in view.holds_up],
        "waits_for": [_tie(tie, now) for tie in view.waits_for],
        "stale": any(finding.is_stale for finding in view.findings),
        "is_open": view.state == "OPEN",
        "is_snoozed": view.state == "SNOOZED",
        "is_live": view.state in ("OPEN", "SNOOZED"),
        "snoozed_words": f"Snoozed to {wording.day_words(view.snoozed_until_day, now=now)}"
        if view.snoozed_until_day
        else "",
        "outcome": view.outcome,
        "why": view.why,
        "authority": sentences(view.authority, view.clinical_review),
        "rule": view.rule,
        "back": urlencode({"back": back}),
        "acts": _acts(view, back),
        "url": reverse("need", args=[view.id]),
    }


def _tie(tie: Tie, now: int) -> str:
    return tie.words if tie.day is None else f"{tie.words} Due {wording.day_words(tie.day, now=now)}."


def sentences(*parts: str) -> str:
    """Parts as sentences, each ended once."""
    return " ".join(part if part.rstrip().endswith(("?", "!")) else f"{part.rstrip('. ')}." for part in parts if part)


def _acts(view: NeedView, back: str) -> dict[str, str]:
    query = "?" + urlencode({"back": back})
    names = ("happened", "snooze", "dismiss", "hand_over", "plan", "close")
    return {name: reverse(f"need_{name}", args=[view.id]) + query for name in names} | {
        "take": reverse("need_take", args=[view.id]),
    }


def _linked(question: str, name: str) -> tuple[str, str, str]:
    """The question cut where it names the person, so that only the name is a link."""
    if name and name in question:
        before, _, after = question.partition(name)
        return before, name, after
    return "", question, ""


def row(value: Row, *, back: str, now: int) -> dict[str, Any]:
    """One person on the list: her leading need, the others folded."""
    lead = need(value.lead, name=value.name, back=back, now=now, is_solid=value.band is Band.FIRST)
    others = [need(other, name=value.name, back=back, now=now, is_solid=False) for other in value.others]
    who = [value.name] if lead["link"] != value.name else []
    who += [value.lead.who] if value.lead.who else [f"born {wording.date_words(value.birth_day)}"]
    return lead | {
        "patient_url": reverse("person", args=[value.patient_id]),
        "name": value.name,
        "rank": value.rank,
        "who": " · ".join(who + [note for note in value.notes if note not in value.lead.who]),
        "is_quiet": value.band is not Band.FIRST,
        "others": others,
        "others_words": f"{len(others)} more about the same person" if others else "",
        "factors": [(factor.words, f"{factor.points:.1f}") for factor in value.factors],
        "score": f"{value.score:.1f}",
    }


def since(value: Any, owner: str) -> dict[str, Any] | None:
    """What came since the last visit; nothing on the first."""
    if value.at is None:
        return None
    links = [(item.count, item.words, item.detail, _since_url(item, owner)) for item in value.items]
    return {"words": f"Since {wording.moment_words(value.at)}", "links": links}


def _since_url(item: SinceItem, owner: str) -> str:
    topics = {"stays": "transitions", "results": "results", "messages": ""}
    if item.kind in ("papers", "items", "matches"):
        return reverse("sorting")
    if item.kind in ("quiet", "rules", "operations"):
        return reverse("operations")
    return address("everyone", Filters(topic=topics.get(item.kind, "")))


def filter_groups(work: Worklist) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """Whose, and in what state, as links with their counts."""
    counts = work.counts
    numbers = {
        "mine": counts.mine,
        "team": counts.team,
        "everyone": counts.everyone,
        "open": counts.open,
        "late": counts.late,
        "unknown": counts.unknown,
        "snoozed": counts.snoozed,
        "marked": counts.marked,
        "done": counts.done_today,
    }
    whose = [(f"{words} {numbers[key]:,}", address(key, Filters()), work.owner == key) for key, words in OWNERS]
    state = work.filters.state
    narrowed = [
        (f"{words} {numbers[key]:,}", address(work.owner, Filters(state=key)), state == key)
        for key, words in STATES
        if numbers[key] or key in ("open", state)
    ]
    return [("Whose", whose), ("State", narrowed)]


def pages(work: Worklist) -> list[tuple[str, str, bool]]:
    """Numbered pages around this one, with the first and the last."""
    last, here, size = work.pages, work.filters.page, work.filters.per_page
    shown = sorted({1, last, *range(max(1, here - 2), min(last, here + 2) + 1)})
    links: list[tuple[str, str, bool]] = []
    for number in shown:
        if links and number - 1 not in shown:
            links.append(("…", "", False))
        first = (number - 1) * size + 1
        words = f"{first:,} to {min(number * size, work.people):,}"
        links.append((words, address(work.owner, work.filters, page=number), number == here))
    return links


def done(value: DoneRow, *, back: str) -> dict[str, Any]:
    """Something done today, with the way back."""
    return {
        "words": f"{wording.clock_words(value.at)}: {value.words}",
        "question": value.question,
        "name": value.name,
        "url": reverse("person", args=[value.patient_id]) if value.patient_id else "",
        "by": value.by,
        "undo": reverse("undo", args=[value.event_id]) if value.can_undo else "",
    }


def history(entries: tuple[HistoryEntry, ...]) -> list[dict[str, Any]]:
    """What happened to a need, newest first."""
    return [
        {
            "when": wording.moment_words(entry.at),
            "words": entry.words,
            "by": entry.by,
            "reason": entry.reason,
            "undone": entry.undone,
            "undo": reverse("undo", args=[entry.event_id]) if entry.can_undo and not entry.undone else "",
        }
        for entry in entries
    ]


def summary(work: Worklist) -> str:
    """The one line under the heading: how many, and where to start."""
    first = next((band.total for band in work.bands if band.band is Band.FIRST), 0)
    if not work.people:
        return ""
    need_you = f"{wording.count_words(work.people, 'person', 'people')} {'needs' if work.people == 1 else 'need'} you."
    if work.filters.state != "open" or work.filters.topic:
        return f"{wording.count_words(work.people, 'person', 'people')} in this part of the list."
    if not first:
        return f"{need_you} None of it must come first."
    return f"{need_you} Start with {'this one' if first == work.people == 1 else f'{first} of them'}."
