"""PostgreSQL crashes under load, again and again: no message lost, none applied or answered twice, no answer meanwhile.

    python -m bench.mllp_crashes [--quick] [--crashes 100] [--seed 1] [--without order]

A throw-away PostgreSQL with fsync on loses a backend (SIGKILL; it recovers by itself), is stopped at once
(``pg_ctl -m immediate``) or loses its postmaster (SIGKILL), while senders send and one listener and one worker run all
the time: nobody starts them anew. While the database is down nothing may be answered; after it the listener must go on
unaided. The record is compared with that of an undisturbed home. ``--without order`` answers before anything is kept;
it must fail.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench._mllp import Home, Homes, Sender, kill, stop_all
from bench._postgres import WAYS, Server
from bench.mllp_kills import Toll, after_an_answer, compare, settled_state, undisturbed

QUICK = 5
SENDERS = 6


@dataclass
class Crashes(Toll):
    """What the crashes did; ``kills`` stays 0."""

    crashes: int = 0
    tries_while_down: int = 0
    answers_while_down: int = 0
    recoveries: int = 0  # crashes after which the same listener answered again
    slowest_recovery_ms: float = 0.0

    @property
    def is_sound(self) -> bool:
        """Nothing lost, doubled or different, no answer while the database was down, and it went on each time."""
        return super().is_sound and not self.answers_while_down and self.recoveries == self.crashes


def crash(server: Server, chance: random.Random) -> tuple[float, float] | None:
    """Crash the server and bring it up again; from when until when it was surely down, if it was down for longer."""
    way = chance.choice(WAYS)
    server.strike(way, chance)
    if way == "backend":
        return None
    down = time.perf_counter()
    time.sleep(chance.uniform(0.05, 0.4))
    still = time.perf_counter()
    server.start()
    return down, still


def run_crashes(
    server: Server, home: Home, crashes: int, *, seed: int, without: str = "", report: bool = False
) -> tuple[Crashes, list[Sender], dict[str, object]]:
    """Crash the database so many times while senders send."""
    started, chance, toll = time.perf_counter(), random.Random(seed), Crashes()
    sent = [Sender(home, number, None, seed) for number in range(SENDERS)]
    listener, worker = home.listen(without), int(home.order("work")["pid"])
    downs: list[tuple[float, float]] = []
    for one in sent:
        one.thread.start()
    while toll.crashes < crashes:
        after_an_answer(sent)
        time.sleep(chance.uniform(0.0, 0.3))
        down = crash(server, chance)
        toll.crashes += 1
        downs += [down] if down else []
        back, before = time.perf_counter(), sum(len(one.waits) for one in sent)
        after_an_answer(sent)
        toll.recoveries += sum(len(one.waits) for one in sent) > before
        toll.slowest_recovery_ms = max(toll.slowest_recovery_ms, round(1000 * (time.perf_counter() - back)))
        if report and toll.crashes % 10 == 0:
            print(f"{toll.crashes} crashes, {sum(one.done for one in sent)} messages", file=sys.stderr, flush=True)
    stop_all(sent)
    for process in (listener, worker):
        os.kill(process, 0)  # the same ones as at the beginning
        kill(process)
    asked = [each for one in sent for each in one.asked]
    meanwhile = [is_good for begun, ended, is_good in asked for a, b in downs if a < begun and ended < b]
    toll.tries_while_down, toll.answers_while_down = len(meanwhile), sum(meanwhile)
    found = settled_state(home)
    toll.seconds = round(time.perf_counter() - started, 1)
    return toll, sent, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crashes", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} crashes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", choices=("", "order"), default="")
    given = parser.parse_args()
    crashes = QUICK if given.quick else given.crashes
    with tempfile.TemporaryDirectory(prefix="beforehand-bench-") as folder, Server() as server:
        homes = Homes(Path(folder), server)
        with homes.home("crashed") as home:
            toll, sent, found = run_crashes(server, home, crashes, seed=given.seed, without=given.without, report=True)
        with homes.home("calm") as home:
            calm = undisturbed(home, [one.done for one in sent])
        compare(toll, sent, calm, found)
    print(json.dumps({**toll.__dict__, "seed": given.seed, "without": given.without}))
    return 0 if toll.is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
