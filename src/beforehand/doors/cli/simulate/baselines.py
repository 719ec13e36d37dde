"""Two ways to do without looking ahead, in the same world with the same people at work.

*Due-date sort*: a list of the dates that stand in the records, earliest first, each shown ``WINDOW`` days before its
day. It knows every single deadline and no second fact: it cannot tell a look-alike, and what has no deadline of its
own (two medicines that clash, a bill that is too high) is on no such list. *No look-ahead*: somebody acts on the day
it strikes.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from beforehand.doors.cli.simulate.score import Appearance, counted, precision, summary
from beforehand.world import days
from beforehand.world.truth import Affair
from beforehand.world.world import World

WINDOW = 14
# Two facts of different senders make these; none of them carries a date that it could be sorted by.
NO_DEADLINE = frozenset(("interaction", "allergy", "kidney_dose", "clash", "wrong_bill", "repeated_test",
                         "emergency_visits", "social_need"))  # fmt: skip
AGAIN_AFTER = 3


def due_date_sort(world: World, *, rows: int) -> dict[str, Any]:
    """Run the year with the plain list of dates."""
    first_seen: dict[int, date] = {}
    appearances: list[Appearance] = []
    taken_up: dict[int, date] = {}
    for offset in range(world.length):
        today = world.start + timedelta(days=offset)
        shown = [affair for affair in world.affairs if _is_listed(affair, today, taken_up)]
        for affair in shown:
            if affair.number not in first_seen:
                verdict = "right" if affair.is_bump else "look-alike"
                first_seen[affair.number] = today
                appearances.append(Appearance(today, affair.person, "due date", affair.words, verdict, affair.number))
        if days.is_working(today):
            _work(world, today, shown, taken_up, rows)
        world.pass_day(today)
    bumps = counted(world.affairs, world.end)
    seen = {number: day for number, day in first_seen.items() if world.affairs[number].is_bump}
    return {"window_days": WINDOW, **summary(bumps, seen), **precision(appearances)}


def _is_listed(affair: Affair, today: date, taken_up: dict[int, date]) -> bool:
    if affair.kind in NO_DEADLINE or affair.deadline is None or affair.known_on is None or affair.known_on >= today:
        return False
    if not affair.is_bump and affair.number in taken_up:
        return False  # looked into, and struck off
    return affair.settled_on is None and affair.deadline - timedelta(days=WINDOW) <= today <= affair.deadline


def _work(world: World, today: date, shown: list[Affair], taken_up: dict[int, date], rows: int) -> None:
    people: set[int] = set()
    for affair in sorted(shown, key=lambda each: (each.deadline or today, each.number)):
        last = taken_up.get(affair.number)
        if last is not None and today < last + timedelta(days=AGAIN_AFTER):
            continue
        if affair.person not in people and len(people) >= rows:
            continue
        people.add(affair.person)
        taken_up[affair.number] = today
        world.ask(affair.number, today)


def no_lookahead(world: World) -> dict[str, Any]:
    """Run the year with nobody looking: what strikes is seen on the day it strikes."""
    for offset in range(world.length):
        world.pass_day(world.start + timedelta(days=offset))
    bumps = counted(world.affairs, world.end)
    outcome = summary(bumps, {})
    return outcome | {"precision": None, "seen_on_the_day": len(bumps)}
