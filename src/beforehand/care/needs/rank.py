"""Rank that explains itself: harm if missed, days left, the person's risk, waiting time, each with its weight.

Everything is arithmetic on whole days and is the same on every run: ties fall to the earlier day, then the
lower number. A need without a date never stands above an overdue one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from beforehand.care.needs.shapes import Band, Factor

SHIPPED = Path(__file__).with_name("ranking.yaml")
BANDS: tuple[Band, ...] = (Band.FIRST, Band.TODAY, Band.WEEK, Band.LATER)


class RankingError(ValueError):
    """The organisation's ranking file cannot be used; says which entry and what to write there."""


@dataclass(frozen=True)
class Policy:
    """An organisation's choices about rank, as read from ``ranking.yaml``."""

    weights: Mapping[str, float]
    horizon: int
    late_cap: int
    waiting_cap: int
    long_overdue: int
    first_harm: int
    first_days: int
    week_days: int
    days_to_act: Mapping[int, int]
    dated_from_harm: int
    at_once_from_harm: int
    proof_days: int
    risk: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """What a need's rank depends on, apart from the day."""

    harm: int
    next_on: int
    is_dated: bool
    opened_day: int
    risk_points: int


def _merged(base: dict[str, Any], override: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    result = dict(base)
    for name, value in override.items():
        where = f"{place}{name}"
        if name not in base:
            raise RankingError(f"ranking.yaml: unknown entry {where}; the entries are {', '.join(map(str, base))}")
        if isinstance(base[name], dict):
            if not isinstance(value, Mapping):
                raise RankingError(f"ranking.yaml: {where} must hold entries of its own, as in the shipped file")
            result[name] = _merged(base[name], value, f"{where}.")
        elif isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise RankingError(f"ranking.yaml: {where} must be a number of 0 or more")
        else:
            result[name] = value
    return result


def read_policy(shipped: Path, override: Path | None) -> Policy:
    """The shipped choices, changed by the organisation's file where it has one."""
    tree = yaml.safe_load(shipped.read_text("utf-8"))
    if override is not None and override.is_file():
        try:
            changes = yaml.safe_load(override.read_text("utf-8")) or {}
        except yaml.YAMLError as error:
            raise RankingError(f"ranking.yaml in the home folder is not readable YAML: {error}") from error
        if not isinstance(changes, Mapping):
            raise RankingError(
                "ranking.yaml in the home folder must hold entries such as weights:, as the shipped file"
            )
        tree = _merged(tree, changes)
    return Policy(
        weights=tree["weights"],
        horizon=int(tree["time"]["horizon"]),
        late_cap=int(tree["time"]["late_cap"]),
        waiting_cap=int(tree["time"]["waiting_cap"]),
        long_overdue=int(tree["time"]["long_overdue"]),
        first_harm=int(tree["bands"]["first_harm"]),
        first_days=int(tree["bands"]["first_days"]),
        week_days=int(tree["bands"]["week_days"]),
        days_to_act=tree["days_to_act"],
        dated_from_harm=int(tree["dated_from_harm"]),
        at_once_from_harm=int(tree["at_once_from_harm"]),
        proof_days=int(tree["proof_days"]),
        risk=tree["risk"],
    )


@lru_cache(maxsize=4)
def _policy_at(override: Path, stamp: float) -> Policy:
    return read_policy(SHIPPED, override if stamp else None)


def policy() -> Policy:
    """The choices that hold now; a changed file is read again without a restart."""
    override = Path(settings.HOME) / "ranking.yaml"
    try:
        stamp = override.stat().st_mtime
    except FileNotFoundError:
        stamp = 0.0
    return _policy_at(override, stamp)


def _ratio(part: float, whole: int) -> float:
    return max(0.0, min(1.0, part / whole)) if whole > 0 else float(part > 0)


def _amounts(need: Standing, as_of: int, rules: Policy) -> tuple[float, float, float, float]:
    """Harm, time, person and waiting, each 0 to 10."""
    left = need.next_on - as_of
    time = 5 * _ratio(rules.horizon - left, rules.horizon) if left >= 0 else 5 + 5 * _ratio(-left, rules.late_cap)
    if not need.is_dated:
        time = min(time, 5.0)  # nothing without a date is ever late
    waiting = 10 * _ratio(as_of - need.opened_day, rules.waiting_cap)
    return need.harm * 2.0, time, float(min(need.risk_points, 10)), waiting


def score(need: Standing, as_of: int, rules: Policy) -> int:
    """Hundredths of a point, so that equal needs are equal on every machine."""
    harm, time, person, waiting = _amounts(need, as_of, rules)
    weights = rules.weights
    total = harm * weights["harm"] + time * weights["time"] + person * weights["person"] + waiting * weights["waiting"]
    return round(total * 100)


def band_number(need: Standing, as_of: int, rules: Policy) -> int:
    """0 do first, 1 today, 2 this week, 3 later. Undated needs never reach "do first"."""
    left = need.next_on - as_of
    if need.is_dated and need.harm >= rules.first_harm and left <= rules.first_days:
        return 0
    if left <= 0:
        # an undated one stands under everything overdue, also under what is overdue and of little harm
        return 1 if need.is_dated else 2
    return 2 if left <= rules.week_days else 3


def order_key(need: Standing, as_of: int, rules: Policy, number: int) -> tuple[int, int, int, int]:
    """Sorts needs from what to do first to what can wait."""
    return band_number(need, as_of, rules), -score(need, as_of, rules), need.next_on, number


def days_words(days: int) -> str:
    """``3`` -> "3 days", ``1`` -> "1 day"; two years and more in years."""
    if days >= 730:
        return f"{days // 365} years"
    return f"{days} day" if days == 1 else f"{days} days"


def factors(need: Standing, as_of: int, rules: Policy, risk_words: str = "") -> tuple[Factor, ...]:
    """Why it stands where it stands, largest first."""
    harm, time, person, waiting = _amounts(need, as_of, rules)
    left = need.next_on - as_of
    if not need.is_dated:
        time_words = "No date given by rule or person"
    elif left < 0:
        time_words = f"{days_words(-left)} late"
    else:
        time_words = "Due today" if left == 0 else f"{days_words(left)} left"
    waited = max(0, as_of - need.opened_day)
    found = [
        ("harm", f"Harm if missed: {need.harm} of 5", harm),
        ("time", time_words, time),
        ("person", risk_words or "No added risk known", person),
        ("waiting", f"Waiting {days_words(waited)}" if waited else "New today", waiting),
    ]
    weighted = [
        Factor(name, words, rules.weights[name], round(amount * rules.weights[name], 2))
        for name, words, amount in found
    ]
    return tuple(sorted(weighted, key=lambda factor: -factor.points))


HISTORY = 730  # days after which a day that was missed is history: "due since 1956" tells nobody anything


def told_day(opened: int, due_on: int | None) -> int | None:
    """The rule's day as the need shows it; a missed day stays told for two years."""
    return due_on if due_on is not None and due_on >= opened - HISTORY else None


def date_to_act(opened: int, due_on: int | None, harm: int, rules: Policy) -> tuple[int, bool]:
    """The day of the next step of a new need and whether it is a deadline: the rule's, else our own by harm.

    What was overdue for long before anybody here could know starts with our own day.
    """
    first_step = opened + int(rules.days_to_act[harm])
    if due_on is not None and due_on >= opened - rules.long_overdue:
        return (min(due_on, first_step) if harm >= rules.at_once_from_harm else due_on), True
    return first_step, harm >= rules.dated_from_harm
