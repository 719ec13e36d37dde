"""What is coming in 90 days, drawn and listed: the forecast's line with its chips and addresses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from beforehand.care.needs.forecast import AHEAD, BILL, NEED, VISIT
from beforehand.care.needs.register import rule_words
from beforehand.care.needs.shapes import Ahead, AheadTie, FindingView, NeedView
from beforehand.clinical.fact_words import when
from beforehand.clinical.times import date_of
from beforehand.doors.coordinator import wording
from beforehand.doors.coordinator.chart import Chart, Line
from beforehand.doors.coordinator.chips import chips
from beforehand.doors.coordinator.present_chart import chip
from beforehand.doors.coordinator.present_needs import sentences

LANES = 9
LANE_NAME = 27
BEGINNING = 12  # letters of a lane's name by which it is told from another
_NAME, _ROW, _TOP = 26, 32, 28  # per cent of the width for names; pixels of a lane; pixels of the months


def coming(
    chart: Chart, ahead: Sequence[Ahead], findings: list[FindingView], needs: list[NeedView], now: int
) -> list[dict[str, Any]]:
    """The 90-day line, an entry a day and thing: what must come first stands with it, and what waits for it."""
    shown = {finding.finding_id: finding for finding in findings}
    owners = {finding.finding_id: need for need in needs for finding in need.findings}
    lines = {int(said["id"]): line for line in chart.lines("appointment") for said in line.said_by}
    entries = []
    for one in ahead:
        line = next((lines[number] for number in one.appointment_ids if number in lines), None)
        if one.kind == VISIT:
            entries.append(_visit(chart, one, line, now))
        elif one.kind == BILL:
            entries.append(_bill(chart, one, owners.get(one.finding_id or 0), now))
        elif one.finding_id in shown:
            entries.append(_finding(one, shown[one.finding_id], owners.get(one.finding_id), now))
    return _told_apart(entries, chart.patient.display_name)


def _finding(one: Ahead, finding: FindingView, need: NeedView | None, now: int) -> dict[str, Any]:
    is_open = one.kind == NEED
    is_late = is_open and (one.day if one.until_day is None else one.until_day) < now
    return {
        "day": one.day,
        "start": one.opens_day,
        "name": _lane_name(finding),
        "title": rule_words(finding.rule).title,
        "date_iso": wording.iso(one.day),
        "when": _sentence(wording.span_words(one.day, one.until_day, now=now)) + (", past" if is_late else ""),
        "words": _sentence(one.words),
        "tone": "late" if is_late else "now" if is_open and one.day <= now + 7 else "",
        "tag": finding.status.lower() if is_open else "",
        "conditions": [(tie.status.lower(), _sentence(tie.words)) for tie in one.waits_for if tie.status],
        "first_words": _first(one, now),
        "also": _also(one, now),
        "then": _then(one, now),
        "chips": chips(finding.evidence, limit=1),
        "url": reverse("need", args=[need.id]) if need else "",
        "is_pin": not is_open,
    }


def _bill(chart: Chart, one: Ahead, need: NeedView | None, now: int) -> dict[str, Any]:
    """The last day to pay a bill, and what to settle before anybody pays."""
    number = int(one.subject.partition(":")[2])
    line = next((line for line in chart.lines("invoice") if number in {said["id"] for said in line.said_by}), None)
    is_late = one.day < now
    return {
        "day": one.day,
        "start": one.day,
        "name": _short(one.words),
        "date_iso": wording.iso(one.day),
        "when": wording.day_words(one.day, now=now) + (", past" if is_late else ""),
        "words": one.words,
        "tone": "late" if is_late else "now" if one.day <= now + 7 else "",
        "tag": "",
        "conditions": [(tie.status.lower(), _sentence(tie.words)) for tie in one.waits_for],
        "first_words": "Before anybody pays:" if one.waits_for else "",
        "then": _then(one, now),
        "chips": [chip(chart, line, "Bill")] if line else [],
        "url": reverse("need", args=[need.id]) if need else "",
        "is_pin": True,
    }


def _first(one: Ahead, now: int) -> str:
    """A visit that must come first is named in the line; what else must, stands under it."""
    visits = [
        f"{_sentence(tie.words)}, {wording.day_words(tie.due_day, now=now)}." for tie in one.waits_for if not tie.status
    ]
    return " ".join(["First:", *visits]) if one.waits_for else ""


def _also(one: Ahead, now: int) -> list[str]:
    """What else is asked about the same thing, with its own day where that is another."""
    said = []
    for tie in one.also:
        day = f" By {_day_of(tie, now)}." if tie.due_day not in (None, one.due_day) else ""
        said.append(f"{_sentence(tie.words)}{day}")
    return said


def _then(one: Ahead, now: int) -> list[str]:
    """What waits for it, with the day that hurries it when that is earlier than its own."""
    said = []
    for tie in one.holds_up:
        hurries = tie.due_day == one.act_by != one.due_day
        day = f" So act by {_day_of(tie, now)}." if hurries else ""
        said.append(f"{_sentence(tie.words)}{day}")
    return said


def _day_of(tie: AheadTie, now: int) -> str:
    """The day by which; of one not known exactly, the first it can be."""
    assert tie.due_day is not None
    early = " at the earliest" if tie.until_day is not None else ""
    return f"{wording.day_words(tie.due_day, now=now)}{early}"


def _lane_name(finding: FindingView) -> str:
    """The first words of what it says; many lanes may come from one rule."""
    return _short(_sentence(finding.reason.partition(". ")[0].rstrip(".") or rule_words(finding.rule).title))


def _told_apart(entries: list[dict[str, Any]], person: str) -> list[dict[str, Any]]:
    """Lanes that would begin alike, or with the name everybody knows here, are called as their rules are."""
    begun = Counter(entry["name"][:BEGINNING] for entry in entries)
    for entry in entries:
        alike = begun[entry["name"][:BEGINNING]] > 1 or (person and entry["name"].startswith(person[:BEGINNING]))
        if alike and entry.get("title"):
            entry["name"] = _short(entry["title"])
    return entries


def _short(words: str) -> str:
    return words if len(words) <= LANE_NAME else words[:LANE_NAME].rpartition(" ")[0] + "…"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _visit(chart: Chart, one: Ahead, line: Line | None, now: int) -> dict[str, Any]:
    status = str(line.row.get("status")) if line else ""
    return {
        "day": one.day,
        "start": one.day,
        "name": _visit_name(chart, line) if line else "Visit",
        "date_iso": wording.iso(one.day),
        "when": when(line.row, "start", now) if line else wording.day_words(one.day, now=now),
        "words": _visit_words(chart, line) if line else one.words,
        "tone": "now",
        "tag": "",
        "conditions": [(tie.status.lower(), _sentence(tie.words)) for tie in one.waits_for],
        "first_words": "It goes well only if:" if one.waits_for else "",
        "then": _then(one, now),
        "chips": [chip(chart, line, "Booked" if status == "booked" else status.capitalize())] if line else [],
        "url": "",
        "is_pin": True,
    }


def _visit_name(chart: Chart, line: Line) -> str:
    row = line.row
    return chart.concept(row.get("code")) or chart.concept(row.get("specialty")) or row.get("description") or "Visit"


def _visit_words(chart: Chart, line: Line) -> str:
    row = line.row
    with_whom = chart.name(row.get("practitioner_id"))
    place = row.get("place_name") or chart.name(row.get("location_id"))
    parts = [row.get("description") or _visit_name(chart, line)]
    parts += [f"with {with_whom}"] if with_whom else []
    parts += [f"at {place}"] if place and place != with_whom else []
    parts += [f"({row['instructions']})"] if row.get("instructions") else []
    return " ".join(parts)


def unknowns(findings: list[FindingView]) -> list[dict[str, Any]]:
    """What the look-ahead cannot tell, and what is missing for it."""
    return [
        {
            "question": finding.question,
            "missing": finding.missing,
            "chips": chips(finding.evidence, limit=2),
            "review": finding.clinical_review,
        }
        for finding in findings
        if finding.status == "UNKNOWN"
    ]


def contradictions(findings: list[FindingView], needs: list[NeedView]) -> list[dict[str, Any]]:
    """Where what the sources say cannot all hold: two halves, no winner, a next step."""
    owners = {finding.finding_id: need for need in needs for finding in need.findings}
    found: list[dict[str, Any]] = []
    shown: list[set[str]] = []
    conflicts = [one for one in findings if one.status == "DUE" and rule_words(one.rule).kind == "conflict"]
    for finding in sorted(conflicts, key=lambda one: len(one.evidence)):
        facts = chips(finding.evidence)
        if len(facts) < 2 or any(pair <= {fact["url"] for fact in facts} for pair in shown):
            continue  # the same two, found by another rule with more besides
        shown.append({fact["url"] for fact in facts[:2]})
        need = owners.get(finding.finding_id)
        sides = [
            {"says": fact["text"], "who": fact["source"], "when": "", "chips": [fact | {"text": "Who said so"}]}
            for fact in facts[:2]
        ]
        found.append(
            {
                "title": finding.question,
                "line": _sentence(finding.reason) or "Both are on record. Neither wins until somebody decides.",
                "sides": sides,
                "next": sentences(need.next_step, need.owner_label) if need else finding.next_step,
            }
        )
    return found


def lanes(entries: list[dict[str, Any]], now: int) -> dict[str, Any] | None:
    """The same days as a picture: per cents across, pixels down. Decoration: the list beside it says it all."""
    drawn = [entry for entry in entries if entry["day"] >= now][:LANES]
    if not drawn:
        return None
    rows = []
    for index, entry in enumerate(drawn):
        y = _TOP + index * _ROW
        start, end = max(entry["start"], now), entry["day"]
        rows.append(
            {
                "name": entry["name"],
                "y": y + _ROW // 2,
                "rule": y + _ROW,
                "is_pin": entry["is_pin"] or start >= end,
                "tone": entry["tone"],
                "x": _across(start, now),
                "width": f"{(end - start) / AHEAD * (100 - _NAME):.2f}%",
                "end": _across(end, now),
                "bar_y": y + 6,
                "words": entry["when"],
                "is_right": end - now > AHEAD * 0.7,
            }
        )
    return {"rows": rows, "months": _months(now), "height": _TOP + len(rows) * _ROW + 2, "name_width": _NAME}


def _across(day: int, now: int) -> str:
    return f"{_NAME + (day - now) / AHEAD * (100 - _NAME):.2f}%"


def _months(now: int) -> list[dict[str, str]]:
    shown = [{"x": _across(now, now), "words": "Today"}]
    for day in range(now + 12, now + AHEAD - 6):
        date = date_of(day)
        if date.day == 1:
            shown.append({"x": _across(day, now), "words": f"{date:%b}"})
    return shown
