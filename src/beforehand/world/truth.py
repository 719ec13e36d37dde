"""What is true in the world, and would be so whether anybody looks or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

Mend = Callable[[date], object]


@dataclass
class Affair:
    """One thing of one person that goes wrong unless somebody acts, or that only looks as if it would.

    ``known_on`` is the day by whose evening everything that foretells it has arrived. ``deadline`` is what a plain
    list of dates would go by. ``pages`` are the resources it consists of, as (source, reference).
    """

    number: int
    person: int
    kind: str
    is_bump: bool
    words: str
    look_alike: str = ""  # why it is no bump
    strikes: date | None = None
    deadline: date | None = None
    known_on: date | None = None
    pages: set[tuple[str, str]] = field(default_factory=set)
    faults: set[str] = field(default_factory=set)  # what else went wrong in telling of it, or made its days odd
    names: set[str] = field(default_factory=set)  # what it is about, in words: a medicine, a test, a place
    chance: float = 0.9  # that one attempt sets it right
    supply_days: int = 0  # of a medicine: how long what is fetched lasts
    delay: tuple[int, int] = (1, 2)  # days until it is right after that
    mend: Mend | None = None
    asked_on: list[date] = field(default_factory=list)
    mending_on: date | None = None
    settled_on: date | None = None
    settled_by: str = ""  # coordinator, world
    struck_on: date | None = None

    @property
    def is_open(self) -> bool:
        """Still in need of somebody."""
        return self.is_bump and self.settled_on is None

    @property
    def in_time(self) -> bool:
        """Whether it was set right before it struck."""
        return self.settled_on is not None and self.strikes is not None and self.settled_on < self.strikes


@dataclass(frozen=True)
class Reaction:
    """What somebody who calls about an affair is told."""

    agreed: bool  # false: no answer, nothing promised
    on: date | None = None  # the day it is arranged for
    until: date | None = None
    number: str = ""
    is_settled: bool = False  # it had been set right before the call, on that day
    supply_days: int = 0  # of a medicine that was fetched: how long it lasts


@dataclass(frozen=True)
class SilentFeed:
    """A source that sent nothing for some days; all of it comes afterwards."""

    source: str
    since: date
    until: date
