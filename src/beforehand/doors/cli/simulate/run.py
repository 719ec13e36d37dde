"""The simulated year from first day to last, and what came of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from beforehand.doors.cli.simulate.about import ABOUT
from beforehand.doors.cli.simulate.baselines import due_date_sort, no_lookahead
from beforehand.doors.cli.simulate.coordinator import Desk
from beforehand.doors.cli.simulate.house import House
from beforehand.doors.cli.simulate.score import (
    LISTED,
    Appearance,
    Ledger,
    allowed,
    counted,
    lead_of,
    precision,
    summary,
)
from beforehand.world import days
from beforehand.world.build import build
from beforehand.world.feed import DEAD_FEED, LATE
from beforehand.world.hospital import HOLIDAY
from beforehand.world.truth import Affair
from beforehand.world.visits import CLOCK
from beforehand.world.world import World

OF_A_RULE = 8  # false rows listed for study
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Settings:
    """What is simulated."""

    patients: int
    days: int
    seed: int
    start: date
    coordinators: int
    capacity: int
    without: tuple[str, ...] = ()  # rules left out


def _world(chosen: Settings) -> World:
    return build(seed=chosen.seed, patients=chosen.patients, length=chosen.days, start=chosen.start)


def simulate(chosen: Settings, *, progress: Progress | None = None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run the year in this process's home, which must be empty and is of no use afterwards.

    Returns the outcome, and everything that was true, affair by affair.
    """
    began, cpu = time.perf_counter(), time.process_time()
    world = _world(chosen)
    house = House.staffed(chosen.start, chosen.coordinators)
    desk, ledger = Desk(house, world, chosen.capacity), Ledger()
    heard_silent: dict[str, list[date]] = {}
    by_person: dict[int, list[Affair]] = {}
    known = 0
    for offset in range(chosen.days):
        today = chosen.start + timedelta(days=offset)
        if offset:
            house.night(today)
            for affair in world.affairs[known:]:
                by_person.setdefault(affair.person, []).append(affair)
            known = len(world.affairs)
            seen = house.list_of(today)
            behind = {
                (each.person, each.what)
                for each in world.behind
                if each.since <= today <= each.until + timedelta(days=1)
            }
            ledger.note(today, seen, by_person, behind)
            if days.is_working(today):
                desk.work(today, seen, by_person)
            for source in house.silent_sources(today):
                heard_silent.setdefault(source, []).append(today)
        house.post(today, world.pass_day(today))
        if progress is not None:
            progress(1)
    found = outcome(chosen, world, desk, ledger, heard_silent) | {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
    }
    return found, [_told(affair, ledger) for affair in world.affairs]


def outcome(
    chosen: Settings, world: World, desk: Desk, ledger: Ledger, heard_silent: dict[str, list[date]]
) -> dict[str, Any]:
    """Everything that is reported, by stable names."""
    bumps = counted(world.affairs, world.end)
    rows = chosen.coordinators * chosen.capacity
    sorted_world, unseen_world = _world(chosen), _world(chosen)
    return {
        "settings": {
            "patients": chosen.patients, "days": chosen.days, "seed": chosen.seed, "start": chosen.start.isoformat(),
            "coordinators": chosen.coordinators, "capacity": chosen.capacity, "without": list(chosen.without),
        },
        "truth": {
            "bumps": sum(affair.is_bump for affair in world.affairs),
            "near_misses": sum(not affair.is_bump for affair in world.affairs),
            "bumps_counted": len(bumps),
            "late_messages": world.feed.late,
            "duplicate_files": world.feed.doubled,
        },
        "beforehand": summary(bumps, ledger.first_seen) | precision(ledger.appearances),
        "baselines": {
            "due_date_sort": due_date_sort(sorted_world, rows=rows),
            "no_lookahead": no_lookahead(unseen_world),
        },
        "work": _work(chosen, desk, ledger),
        "silent_feeds": _silence(world, heard_silent),
        "by_kind": _by_kind(bumps, world, ledger),
        "by_fault": _by_fault(bumps, world, ledger),
        "misses": _misses(bumps, ledger),
        "false_rows": _false_rows(world, ledger),
        "false_by_rule": dict(Counter(each.rule for each in ledger.false()).most_common()),
    }  # fmt: skip


def _work(chosen: Settings, desk: Desk, ledger: Ledger) -> dict[str, Any]:
    worked = len(desk.days) * chosen.coordinators

    def each(total: int) -> float:
        return round(total / max(1, worked), 2)

    return {
        "patients_a_coordinator": round(chosen.patients / chosen.coordinators, 1),
        "coordinator_days": worked,
        "rows_to_do_a_coordinator_day": each(sum(day.rows for day in desk.days)),
        "pressing_rows_a_coordinator_day": each(sum(day.pressing for day in desk.days)),
        "rows_worked_a_coordinator_day": each(sum(day.worked for day in desk.days)),
        "needs_worked_a_coordinator_day": each(sum(day.needs for day in desk.days)),
        "new_needs_a_coordinator_day": each(len(ledger.appearances)),
        "busiest_day_rows_a_coordinator": max((day.rows for day in desk.days), default=0) / chosen.coordinators,
        "people_on_the_list_a_morning": round(sum(ledger.rows) / max(1, len(ledger.rows)), 1),
        "days_with_rows_left": sum(day.rows > day.worked for day in desk.days),
        "working_days": len(desk.days),
        "dismissed": desk.dismissed,
    }


def _silence(world: World, heard: dict[str, list[date]]) -> list[dict[str, Any]]:
    return [
        {
            "source": pause.source,
            "since": pause.since.isoformat(),
            "until": pause.until.isoformat(),
            "noticed_on": next(
                (day.isoformat() for day in heard.get(pause.source, ()) if pause.since <= day <= pause.until), None
            ),
        }
        for pause in world.feed.silent
    ]


def _by_kind(bumps: list[Affair], world: World, ledger: Ledger) -> dict[str, Any]:
    return {
        kind: summary([affair for affair in bumps if affair.kind == kind], ledger.first_seen)
        | {
            "near_misses": sum(affair.kind == kind and not affair.is_bump for affair in world.affairs),
            "near_misses_fooled": len(
                {each.affair for each in ledger.false() if _is_fooled(each, world, kind)}
            ),
        }
        for kind in ABOUT
        if any(affair.kind == kind for affair in world.affairs)
    }  # fmt: skip


def _by_fault(bumps: list[Affair], world: World, ledger: Ledger) -> dict[str, Any]:
    """Each kind of seeded fault, with the bumps that it made or that had to be told through it."""
    shown = {each.affair for each in ledger.false() if each.verdict == "look-alike"}

    def line(is_of: Callable[[Affair], bool]) -> dict[str, Any]:
        look_alikes = [affair for affair in world.affairs if not affair.is_bump and is_of(affair)]
        return summary([affair for affair in bumps if is_of(affair)], ledger.first_seen) | {
            "near_misses": len(look_alikes),
            "near_misses_fooled": sum(affair.number in shown for affair in look_alikes),
        }

    return {
        "lost_refill": line(lambda affair: affair.kind == "lost_refill"),
        "silent_agency": line(lambda affair: affair.kind in ("silent_agency", "social_agency_silent")),
        "wrong_bill": line(lambda affair: affair.kind == "wrong_bill"),
        "duplicate_messages": line(lambda affair: not affair.pages.isdisjoint(world.feed.twice)),
        "late_messages": line(lambda affair: LATE in affair.faults),
        "dead_feed": line(lambda affair: DEAD_FEED in affair.faults),
        "holiday_discharge": line(lambda affair: HOLIDAY in affair.faults),
        "clock_change": line(lambda affair: CLOCK in affair.faults),
    }


def _is_fooled(each: Appearance, world: World, kind: str) -> bool:
    return each.verdict == "look-alike" and each.affair is not None and world.affairs[each.affair].kind == kind


def _told(affair: Affair, ledger: Ledger) -> dict[str, Any]:
    return {
        "number": affair.number, "person": affair.person, "kind": affair.kind, "is_bump": affair.is_bump,
        "words": affair.words, "look_alike": affair.look_alike, "known_on": affair.known_on,
        "strikes": affair.strikes, "first_seen": ledger.first_seen.get(affair.number),
        "taken_up_on": affair.asked_on, "settled_on": affair.settled_on, "settled_by": affair.settled_by,
    }  # fmt: skip


def _misses(bumps: list[Affair], ledger: Ledger) -> list[dict[str, Any]]:
    missed = [affair for affair in bumps if lead_of(affair, ledger.first_seen) is None]
    return [
        {
            "kind": affair.kind, "person": affair.person, "words": affair.words,
            "known_on": f"{affair.known_on}", "strikes": f"{affair.strikes}", "days_allowed": allowed(affair),
            "settled_on": f"{affair.settled_on or ''}", "pages": sorted("/".join(page) for page in affair.pages),
        }
        for affair in missed[:LISTED]
    ]  # fmt: skip


def _false_rows(world: World, ledger: Ledger) -> list[dict[str, Any]]:
    listed: list[Appearance] = []
    so_far: Counter[str] = Counter()
    for each in ledger.false():
        so_far[each.rule] += 1
        if so_far[each.rule] <= OF_A_RULE:
            listed.append(each)
    return [
        {
            "day": each.day.isoformat(), "person": each.person, "rule": each.rule, "verdict": each.verdict,
            "words": each.words,
            "affair": None if each.affair is None else world.affairs[each.affair].words,
            "look_alike": "" if each.affair is None else world.affairs[each.affair].look_alike,
        }
        for each in listed
    ]  # fmt: skip
