"""SIGKILL of listener and worker under load: no message lost, none applied or answered twice.

    python -m bench.mllp_kills [--quick] [--kills 1000] [--seed 1] [--without order|number] [--json]

Senders send stays and results, each message until it is answered and some of them again, while listener and worker are
killed at random moments and started anew. Then every answered message must be in the record, and the record, its
findings and its answers must be those of a home nobody disturbed; no need may stand twice. ``--without`` takes out a
guard; it must fail.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench._mllp import Home, Sender, kill

QUICK = 60


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


def undisturbed(home: Home, senders: int, count: int) -> dict[str, Any]:
    """The state of a home that took in everything without a kill."""
    listener = home.listen()
    sent = [Sender(home, person, count) for person in range(senders)]
    for one in sent:
        one.thread.start()
    for one in sent:
        one.thread.join()
    home.order("settle")
    kill(listener)
    return home.order("state")


def run_kills(
    home: Home, calm: dict[str, Any], kills: int, *, senders: int, count: int, seed: int = 1, without: str = "",
    life: tuple[float, float] = (0.0, 0.2), report: bool = False,
) -> Toll:  # fmt: skip
    """Kill listener and worker at random while senders send; what it did, compared with a calm home."""
    started, chance, toll = time.perf_counter(), random.Random(seed), Toll()
    listener, worker = home.listen(without), int(home.order("work")["pid"])
    sent = [Sender(home, person, count, seed) for person in range(senders)]
    for one in sent:
        one.thread.start()
    while toll.kills < kills and any(one.thread.is_alive() for one in sent):
        _after_an_answer(sent)
        time.sleep(chance.uniform(*life))
        if chance.random() < 0.8:
            kill(listener)
            listener = home.listen(without)
        else:
            kill(worker)
            worker = int(home.order("work")["pid"])
        toll.kills += 1
        if report and toll.kills % 50 == 0:
            print(f"{toll.kills} kills", file=sys.stderr, flush=True)
    for one in sent:
        one.thread.join()
    kill(worker)
    kill(listener)
    listener = home.listen()
    home.order("settle")
    kill(listener)
    _compare(toll, sent, calm, home.order("state"), senders * count)
    toll.seconds = round(time.perf_counter() - started, 1)
    return toll


def _after_an_answer(sent: list[Sender]) -> None:
    """Wait for the next answer, so that a life does something however slow the machine is."""
    before, ends_at = sum(len(one.waits) for one in sent), time.monotonic() + 20
    while time.monotonic() < ends_at and any(one.thread.is_alive() for one in sent):
        if sum(len(one.waits) for one in sent) > before:
            return
        time.sleep(0.001)


def _compare(toll: Toll, sent: list[Sender], calm: dict[str, Any], found: dict[str, Any], every: int) -> None:
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", choices=("", "order", "number"), default="")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    kills = QUICK if given.quick else given.kills
    senders, count = 6, kills * 3
    with tempfile.TemporaryDirectory(prefix="beforehand-bench-") as folder:
        empty = Path(folder) / "empty"
        Home(empty).close()
        with Home(Path(folder) / "calm", like=empty) as home:
            calm = undisturbed(home, senders, count)
        with Home(Path(folder) / "killed", like=empty) as home:
            toll = run_kills(
                home, calm, kills, senders=senders, count=count, seed=given.seed, without=given.without, report=True
            )
    print(json.dumps({**toll.__dict__, "seed": given.seed, "without": given.without}))
    return 0 if toll.is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
