"""What is coming in 90 days: appointments and the days findings open, fall due or lapse; drawn and listed."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from beforehand.care.needs.register import rule_words
from beforehand.care.needs.shapes import FindingView, NeedView
from beforehand.clinical.fact_words import when
from beforehand.clinical.times import date_of
from beforehand.doors.coordinator import wording
from beforehand.doors.coordinator.chart import Chart, Line
from beforehand.doors.coordinator.chips import chips
from beforehand.doors.coordinator.present_chart import chip
from beforehand.doors.coordinator.present_needs import sentences

AHEAD = 90
BOOKED = {"booked", "pending", "proposed", "arrived", "checked-in", "waitlist"}
LANES = 9
LANE_NAME = 27
_NAME, _ROW, _TOP = 26, 32, 28  # per cent of the width for names; pixels of a lane; pixels of the months


def coming(chart: Chart, findings: list[FindingView], needs: list[NeedView], now: int) -> list[dict[str, Any]]:
    """The next 90 days, a line a day, late work first."""
    entries = _visits(chart, findings, now)
    of_visits = {key for entry in entries for key in entry["keys"]}
    named = {finding.finding_id: need for need in needs for finding in need.findings}
    for finding in findings:
        if finding.status not in ("DUE", "MET") or finding.subject in of_visits:
            continue
        entry = _finding(finding, named.get(finding.finding_id), now)
        if entry is not None:
            entries.append(entry)
    entries.sort(key=lambda entry: (entry["day"], entry["words"]))
    return entries


def _finding(finding: FindingView, need: NeedView | None, now: int) -> dict[str, Any] | None:
    day, words = finding.due_day, finding.question
    if finding.status == "MET":
        day = finding.opens_day
        if day is None or day <= now:
            return None
    if day is None:
        day = finding.opens_day
    if day is None or day > now + AHEAD or day < now - 730:
        return None
    is_late = finding.status == "DUE" and day < now
    return {
        "day": day,
        "start": finding.opens_day if finding.opens_day is not None else day,
        "name": _lane_name(finding),
        "date_iso": wording.iso(day),
        "when": wording.day_words(day, now=now) + (", past" if is_late else ""),
        "words": _sentence(finding.reason or words),
        "tone": "late" if is_late else "now" if finding.status == "DUE" and day <= now + 7 else "",
        "tag": "due" if finding.status == "DUE" else "",
        "conditions": [],
        "chips": chips(finding.evidence, limit=1),
        "url": reverse("need", args=[need.id]) if need else "",
        "is_pin": finding.status == "MET",
        "keys": [],
    }


def _lane_name(finding: FindingView) -> str:
    """The first words of what it says; many lanes may come from one rule."""
    words = _sentence(finding.reason.partition(".")[0] or rule_words(finding.rule).title)
    return words if len(words) <= LANE_NAME else words[:LANE_NAME].rpartition(" ")[0] + "…"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _visits(chart: Chart, findings: list[FindingView], now: int) -> list[dict[str, Any]]:
    entries = []
    for line in chart.lines("appointment"):
        day = line.row.get("start_from_day")
        if day is None or not now <= day <= now + AHEAD or line.row.get("status") not in BOOKED:
            continue
        keys = [f"{kind}:{said['id']}" for said in line.said_by for kind in ("visit", "appointment")]
        about = [finding for finding in findings if finding.subject in keys]
        entries.append(
            {
                "day": day,
                "start": day,
                "name": _visit_name(chart, line),
                "date_iso": wording.iso(day),
                "when": when(line.row, "start", now),
                "words": _visit_words(chart, line) + (". It goes well only if:" if about else ""),
                "tone": "now",
                "tag": "",
                "conditions": [
                    (finding.status.lower(), finding.missing or finding.reason or finding.question) for finding in about
                ],
                "chips": [
                    chip(
                        chart,
                        line,
                        "Booked" if line.row.get("status") == "booked" else str(line.row["status"]).capitalize(),
                    )
                ],
                "url": "",
                "is_pin": True,
                "keys": keys,
            }
        )
    return entries


def _visit_name(chart: Chart, line: Line) -> str:
    row = line.row
    return chart.concept(row.get("code")) or chart.concept(row.get("specialty")) or row.get("description") or "Visit"


def _visit_words(chart: Chart, line: Line) -> str:
    row = line.row
    with_whom = chart.name(row.get("practitioner_id"))
    place = row.get("place_name") or chart.name(row.get("location_id"))
    parts = [row.get("description") or _visit_name(chart, line)]
    parts += [f"with {with_whom}"] if with_whom else []
    parts += [f"at {place}"] if place else []
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
    found = []
    for finding in findings:
        if finding.status != "DUE" or rule_words(finding.rule).kind != "conflict":
            continue
        facts = chips(finding.evidence)
        if len(facts) < 2:
            continue
        need = owners.get(finding.finding_id)
        sides = [
            {"says": fact["text"], "who": fact["source"], "when": "", "chips": [fact | {"text": "Who said so"}]}
            for fact in facts[:2]
        ]
        found.append(
            {
                "title": finding.question,
                "line": finding.reason or "Both are on record. Neither wins until somebody decides.",
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
