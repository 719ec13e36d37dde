"""The X12 connector: segments per CPU-second, memory, and what becomes of spoilt files.

    python -m bench.x12 [--quick] [--mutants N] [--seed S]

The claims, answers and members of the shipped samples are repeated in one transaction set. CPU-seconds of one core (the
machine may be shared); memory is the peak of a fresh process. The last wall of the connector is down while mutants are
tried: each must end in resources, in items set aside with a reason that can be read, or refused with one.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.contracts.connector_suite import outcome_of, readable
from tests.unit.intake.x12_mutants import mutant

from beforehand.intake.connectors.x12 import connector

SAMPLES = Path(connector.__file__).parent / "samples"
LONGEST = 2.0
# What is repeated of each sample: from its first claim, answer or member to what follows the last.
REPEATED = {
    "remittance.835": (b"CLP*", b"PLB*"), "claims-professional.837": (b"HL*2*", b"SE*"),
    "answers.277": (b"HL*4*", b"SE*"), "enrolment.834": (b"INS*", b"SE*"),
}  # fmt: skip


def repeated(name: str, times: int) -> bytes:
    """A sample with its claims as often as that, each time of other people, and trailers that count them."""
    content = (SAMPLES / name).read_bytes()
    first, last = (content.index(mark) for mark in REPEATED[name])
    body = content[first:last]
    copies = b"".join(
        body.replace(b"LC-", b"L%d-" % at).replace(b"HHP1002", b"HHP%07d" % at).replace(b"HHP26", b"H%d-" % at)
        for at in range(times)
    )
    made = content[:first] + copies + content[last:]
    made = re.sub(rb"BPR\*I\*[0-9.]*", b"BPR*I*%.2f" % (403.20 * times - 10), made)
    count = made[made.index(b"ST*") : made.rindex(b"SE*")].count(b"~") + 1
    return re.sub(rb"\nSE\*[0-9]*", b"\nSE*%d" % count, made)


def speed(name: str, times: int) -> dict[str, Any]:
    """One large file, in this process."""
    content = repeated(name, times)
    started = time.process_time()
    found = Counter("set aside" if item.error else "resources" for item in connector.items(content))
    spent = time.process_time() - started
    segments = content.count(b"~")
    return {
        "segments": segments, "megabytes": round(len(content) / 1e6, 1), **found,
        "cpu_seconds": round(spent, 2), "segments_per_cpu_second": round(segments / spent),
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip


def try_mutants(count: int, seed: int) -> dict[str, Any]:
    """Spoilt samples, with the last wall down."""
    connector._FAULTS = ()
    chance = random.Random(seed)
    files = [path.read_bytes() for path in sorted(SAMPLES.iterdir())]
    outcomes: Counter[str] = Counter()
    faults: list[str] = []
    slowest = 0.0
    for number in range(count):
        content = mutant(chance, chance.choice(files))
        started = time.process_time()
        try:
            outcome = outcome_of(connector, content, "")
        except Exception as fault:  # whatever it is, it is what is looked for
            faults.append(f"mutant {number}: {type(fault).__name__}")
            continue
        slowest = max(slowest, time.process_time() - started)
        if isinstance(outcome, str):
            outcomes["refused"] += 1
            faults += [] if readable(outcome) else [f"mutant {number}: refused without a sentence"]
        else:
            outcomes["applied" if set(outcome) <= {"mapped", "kept"} else "set aside in part"] += 1
            faults += [] if outcome else [f"mutant {number}: nothing became of it"]
    return {"mutants": count, "seed": seed, **outcomes, "slowest_cpu_seconds": round(slowest, 2), "faults": faults}


def main(arguments: list[str]) -> int:
    """Print what was measured; 1 where a mutant crashed, was lost or took long."""
    parser = argparse.ArgumentParser(prog="bench.x12", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--mutants", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    said = parser.parse_args(arguments)
    times = 200 if said.quick else 5_000
    if said.one:
        print(json.dumps(speed(said.one, times)))
        return 0
    shown: dict[str, Any] = {}
    for name in REPEATED:
        command = [sys.executable, "-m", "bench.x12", "--one", name, *(["--quick"] if said.quick else [])]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        shown[name] = json.loads(done.stdout)
    shown["mutants"] = tried = try_mutants(said.mutants or (200 if said.quick else 2_000), said.seed)
    print(json.dumps(shown, indent=2))
    return int(bool(tried["faults"]) or tried["slowest_cpu_seconds"] > LONGEST)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
