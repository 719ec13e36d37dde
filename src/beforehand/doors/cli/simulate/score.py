"""Truth against what stood on the list: what was found, how early, what stood there without cause."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from typing import Any

from beforehand.doors.cli.simulate.about import Seen, answers_to, matches
from beforehand.world.truth import Affair

LISTED = 60  # misses listed for study
AMPLE = 7  # days of warning that are asked for where the record allows it


@dataclass
class Appearance:
    """A need that came onto the list, and what it was about."""

    day: date
    person: int
    rule: str
    words: str
    verdict: str  # right, look-alike, after it was settled, nothing behind it, late news
    affair: int | None


@dataclass
class Ledger:
    """Kept each morning."""

    first_seen: dict[int, date] = field(default_factory=dict)  # affair -> first morning on the list
    appearances: list[Appearance] = field(default_factory=list)
    standing: set[int] = field(default_factory=set)
    rows: list[int] = field(default_factory=list)  # people on the list, a morning

    def note(
        self, today: date, seen: dict[int, Seen], affairs: dict[int, list[Affair]], behind: Collection[tuple[int, str]]
    ) -> None:
        """One morning's list. ``behind``: of whom something that has happened is still on its way, and what it is."""
        self.rows.append(len({each.person for each in seen.values()}))
        for need, each in seen.items():
            found = matches(each, affairs.get(each.person, ()))
            bumps = [affair for affair in found if affair.is_bump]
            for affair in bumps:
                if affair.strikes is None or today <= affair.strikes:
                    self.first_seen.setdefault(affair.number, today)
            if need not in self.standing:
                self._judge(today, each, found, bumps, behind)
        self.standing = set(seen)

    def false(self) -> list[Appearance]:
        """What came onto the list without cause."""
        return [each for each in self.appearances if each.verdict not in ("right", "late news")]

    def _judge(
        self, today: date, each: Seen, found: list[Affair], bumps: list[Affair], behind: Collection[tuple[int, str]]
    ) -> None:
        yesterday = today - timedelta(days=1)
        if any(affair.settled_on is None or affair.settled_on >= yesterday for affair in bumps):
            verdict = "right"
        elif any(person == each.person and what in answers_to(each) for person, what in behind):
            verdict = "late news"
        elif bumps:
            verdict = "after it was settled"
        else:
            verdict = "look-alike" if found else "nothing behind it"
        number = (bumps or found)[0].number if found else None
        self.appearances.append(Appearance(today, each.person, each.rule, each.words, verdict, number))


def counted(affairs: Iterable[Affair], end: date) -> list[Affair]:
    """Bumps that strike within the time, and that the record foretold by the day before."""
    return [
        affair
        for affair in affairs
        if affair.is_bump
        and affair.strikes is not None
        and affair.known_on is not None
        and affair.strikes < end
        and affair.known_on < affair.strikes
    ]


def share(part: int, whole: int) -> float | None:
    """A share to four places; nothing where there is nothing to share."""
    return round(part / whole, 4) if whole else None


def lead_of(affair: Affair, first_seen: dict[int, date]) -> int | None:
    """Days between the first morning on the list and the day it strikes."""
    seen = first_seen.get(affair.number)
    return None if seen is None or affair.strikes is None else (affair.strikes - seen).days


def allowed(affair: Affair) -> int:
    """Days of warning that the record allows at most."""
    assert affair.strikes is not None and affair.known_on is not None
    return (affair.strikes - affair.known_on).days - 1


def summary(bumps: Sequence[Affair], first_seen: dict[int, date]) -> dict[str, Any]:
    """Recall, lead and closing of a set of bumps."""
    leads = [lead for affair in bumps if (lead := lead_of(affair, first_seen)) is not None]
    ample = [lead for affair in bumps if allowed(affair) >= AMPLE and (lead := lead_of(affair, first_seen)) is not None]
    return {
        "bumps": len(bumps),
        "found": len(leads),
        "recall": share(len(leads), len(bumps)),
        "lead_days_median": median(leads) if leads else None,
        "lead_days_median_where_allowed": median(ample) if ample else None,
        "closed_in_time": sum(affair.in_time for affair in bumps),
        "share_closed_in_time": share(sum(affair.in_time for affair in bumps), len(bumps)),
    }


def precision(appearances: Iterable[Appearance]) -> dict[str, Any]:
    """Of the needs that came onto the list, how many were so: with what stood on late news left out, and with it."""
    by: dict[str, int] = {}
    for each in appearances:
        by[each.verdict] = by.get(each.verdict, 0) + 1
    right = by.get("right", 0)
    whole = sum(count for verdict, count in by.items() if verdict != "late news")
    return {
        "needs": sum(by.values()),
        "right": right,
        "precision": share(right, whole),
        "precision_with_late_news": share(right, sum(by.values())),
        "by_verdict": by,
    }
