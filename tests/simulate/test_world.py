"""The invented world: the same from the same seed, honest about what it is, and ignorant of every rule."""

import ast
import json
import secrets
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from beforehand.world import days
from beforehand.world.build import build
from beforehand.world.feed import DEAD_FEED, LATE
from beforehand.world.hospital import HOLIDAY
from beforehand.world.visits import CLOCK
from beforehand.world.world import World

FOLDER = Path(__file__).resolve().parents[2] / "src/beforehand/world"
START = date(2026, 1, 5)


def live(world: World) -> list[tuple[str, bytes]]:
    """Let the whole time pass; everything that was sent."""
    sent = []
    for offset in range(world.length):
        sent += [(one.source, one.data) for one in world.pass_day(world.start + timedelta(days=offset))]
    return sent


def foreign_ways(source: str) -> list[str]:
    """Imports beyond the standard library and this package, and ways to read a file or run a program."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            top = name.partition(".")[0]
            if not name.startswith("beforehand.world") and (
                top not in sys.stdlib_module_names
                or top in {"os", "io", "pathlib", "importlib", "subprocess", "sqlite3"}
            ):
                found.append(name)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"open", "__import__", "exec", "eval"}:
            found.append(node.func.id)  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_the_world_knows_the_standard_library_alone_and_reads_no_file(path: Path) -> None:
    assert foreign_ways(path.read_text()) == []


@pytest.mark.parametrize(
    "line", ["from beforehand.lookahead import rule", "import yaml", "open('rules/x.sql')", "import pathlib"]
)
def test_a_way_to_the_rules_is_noticed(line: str) -> None:
    assert foreign_ways(f"{(FOLDER / 'days.py').read_text()}\n{line}\n") != []


def test_one_seed_makes_one_world_and_another_makes_another() -> None:
    seed = secrets.randbelow(10**6)
    first, second, other = (live(build(seed=s, patients=4, length=40, start=START)) for s in (seed, seed, seed + 1))
    assert first == second, f"seed {seed}"
    assert first != other


def test_look_alikes_are_at_least_as_many_as_bumps() -> None:
    seed = secrets.randbelow(10**6)
    world = build(seed=seed, patients=80, length=365, start=START)
    live(world)
    count = Counter(affair.is_bump for affair in world.affairs)
    assert count[False] >= count[True] > 300, f"seed {seed}: {count}"
    assert all(affair.look_alike for affair in world.affairs if not affair.is_bump)


def test_every_bump_says_when_it_strikes_and_from_when_on_it_can_be_known() -> None:
    seed = secrets.randbelow(10**6)
    world = build(seed=seed, patients=40, length=200, start=START)
    live(world)
    bumps = [affair for affair in world.affairs if affair.is_bump and (affair.strikes or world.end) < world.end]
    assert bumps, f"seed {seed}"
    for affair in bumps:
        assert affair.strikes and affair.known_on and affair.pages and affair.mend, f"seed {seed}: {affair}"
        assert affair.struck_on == affair.strikes, f"seed {seed}: nobody acted, so it struck: {affair}"


def test_asking_settles_what_would_strike() -> None:
    seed = secrets.randbelow(10**6)
    world = build(seed=seed, patients=30, length=120, start=START)
    asked: dict[int, date] = {}
    for offset in range(world.length):
        today = world.start + timedelta(days=offset)
        for affair in world.affairs:
            if affair.is_open and affair.known_on and affair.known_on < today:
                world.ask(affair.number, today)
                asked[affair.number] = today
        world.pass_day(today)
    over = [affair for affair in world.affairs if affair.is_bump and affair.strikes and affair.strikes < today]
    averted = sum(affair.in_time for affair in over)
    assert averted >= 0.85 * len(over) > 0, f"seed {seed}: {averted} of {len(over)}"


def test_files_come_twice_late_and_not_at_all_for_a_while() -> None:
    seed = secrets.randbelow(10**6)
    world = build(seed=seed, patients=60, length=365, start=START)
    sent = live(world)
    assert world.feed.late > 0 and world.feed.doubled > 0 and world.behind, f"seed {seed}"
    assert max(Counter(sent).values()) > 1, f"seed {seed}"
    pause = world.feed.silent[0]
    again = build(seed=seed, patients=60, length=365, start=START)
    for offset in range(again.length):
        day = again.start + timedelta(days=offset)
        for one in again.pass_day(day):
            if pause.since < day < pause.until and one.source == pause.source:
                assert one.name.endswith(f"{pause.since - timedelta(days=1)}.json"), (
                    f"seed {seed}: silent, and sent {day}"
                )


def test_every_fault_that_is_promised_is_there() -> None:
    world = build(seed=7, patients=80, length=365, start=START)
    live(world)
    bumps = [affair for affair in world.affairs if affair.is_bump]
    kinds, faults = Counter(affair.kind for affair in bumps), Counter(fault for each in bumps for fault in each.faults)
    assert min(kinds[kind] for kind in ("lost_refill", "silent_agency", "wrong_bill")) > 0
    assert min(faults[fault] for fault in (LATE, DEAD_FEED, HOLIDAY, CLOCK)) > 0, faults
    assert any(not affair.pages.isdisjoint(world.feed.twice) for affair in bumps)


def test_what_a_silent_source_said_is_known_when_it_has_arrived() -> None:
    world = build(seed=7, patients=40, length=365, start=START)
    live(world)
    pauses = {each.until for each in world.feed.silent}
    held_back = [affair for affair in world.affairs if DEAD_FEED in affair.faults]
    assert held_back
    assert all(affair.known_on and affair.known_on >= min(pauses) for affair in held_back)


def test_whoever_calls_about_what_was_fetched_is_told_the_day_and_how_long_it_lasts() -> None:
    world = build(seed=7, patients=30, length=120, start=START)
    live(world)
    fetched = next(each for each in world.affairs if each.kind == "lost_refill" and each.settled_on)
    told = world.ask(fetched.number, world.end)
    assert (told.is_settled, told.on) == (True, fetched.settled_on)
    assert told.supply_days in (30, 90)


def test_most_answers_of_the_plan_name_the_service_they_are_about() -> None:
    items = [
        entry["resource"]["insurance"][0]["item"][0]
        for source, data in live(build(seed=7, patients=40, length=120, start=START))
        if source == "larkfield-plan"
        for entry in json.loads(data)["entry"]
        if entry["resource"]["resourceType"] == "CoverageEligibilityResponse"
    ]
    named = [item["productOrService"]["coding"][0]["code"] for item in items if "productOrService" in item]
    assert set(named) == {"C8900"}
    assert len(items) / 2 < len(named) < len(items)


def test_what_is_sent_is_fhir_about_people_who_were_introduced() -> None:
    seed = secrets.randbelow(10**6)
    introduced: set[tuple[str, str]] = set()
    for source, data in live(build(seed=seed, patients=10, length=120, start=START)):
        pages = [entry["resource"] for entry in json.loads(data)["entry"]]
        introduced |= {(source, f"Patient/{page['id']}") for page in pages if page["resourceType"] == "Patient"}
        for page in pages:
            if page["resourceType"] != "Patient":
                words = json.dumps(page)
                named = {name for from_source, name in introduced if from_source == source and f'"{name}"' in words}
                assert len(named) == 1, f"seed {seed}: {page['resourceType']}/{page['id']} of {source}"


@pytest.mark.parametrize(
    ("day", "after", "count"),
    [
        (date(2026, 11, 25), date(2026, 11, 30), 2),  # Thanksgiving and the weekend between
        (date(2026, 12, 24), date(2026, 12, 29), 2),
        (date(2026, 7, 2), date(2026, 7, 6), 1),  # 4 July on a Saturday is kept on Friday
        (date(2026, 6, 17), date(2026, 6, 18), 1),
    ],
)
def test_working_days_skip_weekends_and_holidays(day: date, after: date, count: int) -> None:
    assert days.working_days_after(day, count) == after


def test_clocks_change_twice_a_year_and_moments_carry_the_offset_in_force() -> None:
    changed = [day for day in (date(2026, 1, 1) + timedelta(days=n) for n in range(365)) if days.clock_change(day)]
    assert changed == [date(2026, 3, 8), date(2026, 11, 1)]
    assert days.at(date(2026, 3, 7), "10:00").endswith("-05:00")
    assert days.at(date(2026, 3, 9), "10:00").endswith("-04:00")
    assert days.in_utc(date(2026, 3, 9), "10:00") == "2026-03-09T14:00:00Z"
