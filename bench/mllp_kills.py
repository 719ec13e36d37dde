"""SIGKILL of listener and worker under load: no message lost, none applied or answered twice.

    python -m bench.mllp_kills [--quick] [--kills 1000] [--seed 1] [--postgresql] [--without order|number]

Senders send stays and results, each message until it is answered and some of them again, while listener and worker are
killed at random moments, at work and as they begin, and started anew. Then every answered message must be in the
record, and the record, its findings and its answers must be those of a home that took in the same messages undisturbed;
no need may stand twice. ``--without`` takes out a guard; it must fail.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench._mllp import Home, Homes, Sender, kill, send_all, stop_all, wait_for
from bench._postgres import Server

QUICK = 60
SENDERS = 6


@dataclass
class Toll:
    """What the kills did."""

    kills: int = 0
    answered: int = 0
    lost: int = 0
    doubled: int = 0
    differences: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_sound(self) -> bool:
        """Nothing lost, nothing doubled, nothing different."""
        return not (self.lost or self.doubled or self.differences)


def undisturbed(home: Home, counts: Sequence[int]) -> dict[str, Any]:
    """The state of a home that took in the same messages without a kill: so many of each sender."""
    listener = home.listen()
    send_all([Sender(home, number, count) for number, count in enumerate(counts) if count])
    home.order("settle")
    kill(listener)
    return home.order("state")


class Lives:
    """A listener and a worker that are killed and started anew while messages come."""

    def __init__(
        self, home: Home, sent: list[Sender], chance: random.Random, *,
        life: tuple[float, float], births: int, without: str,
    ) -> None:  # fmt: skip
        self.home = home
        self.sent = sent
        self.chance = chance
        self.life = life
        self.births = births  # listeners that are killed as they begin, at most, after each that is killed at work
        self.without = without
        self.listener = home.listen(without)
        self.worker = int(home.order("work")["pid"])

    def strike(self) -> int:
        """Kill the worker, the listener, or both, and some of the next listeners as they begin; how many."""
        after_an_answer(self.sent)
        time.sleep(self.chance.uniform(*self.life))
        if self.chance.random() < 0.15:
            kill(self.worker)
            self._begin_worker()
            return 1
        kill(self.listener)
        is_both, births = self.chance.random() < 0.6, self.chance.randint(0, self.births)
        if is_both:
            kill(self.worker)
        for _ in range(births):
            self.home.stillborn(self.chance.uniform(0.0, 0.06), self.without)
        self.listener = self.home.listen(self.without)
        if is_both:
            self._begin_worker()
        return 1 + is_both + births

    def end(self) -> None:
        """Kill both."""
        kill(self.worker)
        kill(self.listener)

    def _begin_worker(self) -> None:
        self.worker = int(self.home.order("work")["pid"])


def run_kills(
    home: Home, kills: int, *, senders: int, count: int | None = None, seed: int = 1, without: str = "",
    life: tuple[float, float] = (0.0, 0.2), births: int = 1, repeats: float = 0.05,
    report: bool = False,
) -> tuple[Toll, list[Sender], dict[str, Any]]:  # fmt: skip
    """Kill listener and worker at random while senders send (``count`` messages each, or as long as it takes)."""
    started, chance, toll = time.perf_counter(), random.Random(seed), Toll()
    sent = [Sender(home, number, count, seed, repeats) for number in range(senders)]
    lives = Lives(home, sent, chance, life=life, births=births, without=without)
    for one in sent:
        one.thread.start()
    said = 0
    while toll.kills < kills and any(one.thread.is_alive() for one in sent):
        toll.kills += lives.strike()
        if report and toll.kills - said >= 50:
            said = toll.kills
            print(f"{said} kills, {sum(one.done for one in sent)} messages", file=sys.stderr, flush=True)
    (stop_all if count is None else wait_for)(sent)
    lives.end()
    found = settled_state(home)
    toll.seconds = round(time.perf_counter() - started, 1)
    return toll, sent, found


def settled_state(home: Home) -> dict[str, Any]:
    """What stands in a home once a listener has begun anew and a worker has caught up."""
    listener = home.listen()
    home.order("settle")
    kill(listener)
    return home.order("state")


def after_an_answer(sent: list[Sender]) -> None:
    """Wait for the next answer, so that a life does something however slow the machine is."""
    before, ends_at = sum(len(one.waits) for one in sent), time.monotonic() + 20
    while time.monotonic() < ends_at and any(one.thread.is_alive() for one in sent):
        if sum(len(one.waits) for one in sent) > before:
            return
        time.sleep(0.001)


def compare(toll: Toll, sent: list[Sender], calm: dict[str, Any], found: dict[str, Any]) -> Toll:
    """Fill in what was lost, doubled or different from a calm home."""
    every = sum(one.done for one in sent)
    answered = {number for one in sent for number in one.answered}
    toll.answered = len(answered)
    toll.lost = len(answered - set(found["answered"]))
    toll.doubled = found["twice"] + found["doubled_needs"]
    toll.differences = [trouble for one in sent for trouble in one.trouble]
    toll.differences += [
        f"{name} differs" for name, digest in calm["digests"].items() if found["digests"][name] != digest
    ]
    if calm["day"] == found["day"] and calm["findings"] != found["findings"]:
        toll.differences.append("the findings differ")
    if not found["needs"]:
        toll.differences.append("no rule has run")
    toll.differences += found["breaches"]
    if len(answered) != every or found["kept"] or found["dirty"]:
        toll.differences.append(f"{every - len(answered)} unanswered, {found['kept']} kept, {found['dirty']} marked")
    return toll


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", choices=("", "order", "number"), default="")
    parser.add_argument("--postgresql", action="store_true", help="on a throw-away server instead of SQLite")
    given = parser.parse_args()
    kills = QUICK if given.quick else given.kills
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="beforehand-bench-")))
        homes = Homes(folder, stack.enter_context(Server()) if given.postgresql else None)
        with homes.home("killed") as home:
            toll, sent, found = run_kills(
                home, kills, senders=SENDERS, seed=given.seed, without=given.without, report=True
            )
        with homes.home("calm") as home:
            calm = undisturbed(home, [one.done for one in sent])
        compare(toll, sent, calm, found)
    said = {"database": "PostgreSQL" if given.postgresql else "SQLite", "seed": given.seed, "without": given.without}
    print(json.dumps({**toll.__dict__, **said}))
    return 0 if toll.is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
