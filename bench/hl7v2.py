"""HL7 v2 from bytes to facts: messages a CPU-second, memory, and broken messages that must neither crash nor get lost.

    python -m bench.hl7v2 [--quick] [--mutants 20000] [--seed 20261123]

The messages are the connector's own samples (no shared data is needed). A mutant is one to six changes of a message.
It fails the run if reading it raises anything undeclared, takes more than two seconds of CPU, or leaves fewer items
than messages. The last wall of the connector is down while mutants are read, so that it hides nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

from tests.unit.clinical.contexts import NumberingContext
from tests.unit.intake.hl7v2.mutants import MESSAGES, mutants

from beforehand.clinical.fhir import MappingError, map_resource
from beforehand.intake.connectors.errors import StopError
from beforehand.intake.connectors.hl7v2 import connector
from beforehand.intake.connectors.hl7v2.grammar import parse

SLOW = 2.0


def rates(rounds: int) -> None:
    """Messages a CPU-second, by how far they are taken."""
    stages = {
        "taken apart": lambda content: parse(content),
        "made into FHIR": lambda content: list(connector.items(content, "")),
        "made into rows of facts": to_rows,
    }
    size = sum(map(len, MESSAGES))
    for name, stage in stages.items():
        started = time.process_time()
        for _ in range(rounds):
            for message in MESSAGES:
                stage(message)
        spent = time.process_time() - started
        count = rounds * len(MESSAGES)
        print(f"{name}: {count / spent:,.0f} messages a CPU-second, {size * rounds / spent / 1e6:.1f} MB")


def to_rows(content: bytes) -> int:
    """One message to the rows of facts; how many."""
    context, rows = NumberingContext(), 0
    for item in connector.items(content, ""):
        if item.resource is not None:
            with contextlib.suppress(MappingError):
                rows += len(map_resource(item.resource, context).rows)
    return rows


def memory() -> None:
    """Peak memory while one message is read: the 99th of a hundred messages, and a message of 10 MB."""
    peaks = []
    for message in MESSAGES:
        peaks.append(peak_of(message))
    large = MESSAGES[0] + b"OBX|1|TX|8251-1^Comment^LN||" + b"a line of text\\.br\\" * 600_000 + b"\r"
    at = sorted(peaks)[min(len(peaks) - 1, len(peaks) * 99 // 100)]
    print(f"memory: {at / 1e3:,.0f} kB at the 99th percentile of {len(peaks)} messages")
    print(f"memory of a message of {len(large) / 1e6:.1f} MB: {peak_of(large) / 1e6:.1f} MB")
    print(f"peak of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def peak_of(message: bytes) -> int:
    """The most that was allocated while the message was read."""
    tracemalloc.start()
    list(connector.items(message, ""))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def broken(count: int, seed: int) -> int:
    """Read so many mutants; how many failed."""
    connector._FAULTS = ()  # the last wall is down
    crashed = slow = lost = units = refused = aside = 0
    longest = 0.0
    for content in mutants(count, seed):
        started = time.process_time()
        try:
            found = list(connector.items(content, ""))
            to_rows(content)
        except StopError:
            refused += 1
            continue
        except Exception as fault:
            crashed += 1
            print(f"crash: {type(fault).__name__}", file=sys.stderr)
            continue
        finally:
            spent = time.process_time() - started
            longest = max(longest, spent)
            slow += spent > SLOW
        here = {item.unit for item in found}
        lost += not here or here != set(range(len(here)))
        units += len(here)
        aside += len({item.unit for item in found if item.error is not None})
    print(
        f"{count:,} mutants (seed {seed}): {units:,} messages read, {aside:,} of them set aside in part or whole,"
        f" {refused:,} refused; {crashed} crashes, {slow} over {SLOW:.0f} s (longest {longest:.2f} s), {lost} lost"
    )
    return crashed + slow + lost


def crowd(people: int) -> bytes:
    """The sample messages once more for each of so many invented people."""
    told = []
    for number in range(people):
        for message in MESSAGES:
            text = message
            for part in (
                b"700123",
                b"700999",
                b"701000",
                b"||80000",
                b"V-5001",
                b"V-6001",
                b"PL-",
                b"FL-",
                b"RX-",
                b"FA-",
            ):
                text = text.replace(part, part + b"%d-" % number)
            text = text.replace(b"Okafor", b"Okafor" + letters(number)).replace(b"111-22-3333", b"111-22-%04d" % number)
            told.append(text.strip() + b"\r")
    return b"".join(told)


def letters(number: int) -> bytes:
    """A number in letters, so that names differ."""
    return bytes(97 + int(digit) for digit in str(number))


def taken_in(people: int) -> None:
    """Bytes kept, mapped, committed and reconciled in a fresh home."""
    with tempfile.TemporaryDirectory(prefix="beforehand-bench-") as home:
        os.environ |= {"BEFOREHAND_HOME": home, "DJANGO_SETTINGS_MODULE": "beforehand.config.settings"}
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        from beforehand.intake.ingest import ingest_paths
        from beforehand.record.valuesets import load_shipped

        load_shipped()
        path = Path(home) / "crowd.hl7"
        path.write_bytes(crowd(people))
        started = time.process_time()
        summary = ingest_paths([str(path)], source_name="lakeview")
        spent = time.process_time() - started
        counts = summary.counts
        print(
            f"taken in: {counts.received / spent:,.0f} messages a CPU-second ({counts.received:,} received,"
            f" {counts.applied:,} applied, {counts.quarantined:,} set aside, {counts.duplicates:,} duplicates)"
        )


def main() -> int:
    """Measure and say; 1 where a mutant failed."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--quick", action="store_true")
    asked.add_argument("--mutants", type=int, default=20_000)
    asked.add_argument("--seed", type=int, default=20_261_123)
    given = asked.parse_args()
    rates(5 if given.quick else 50)
    taken_in(10 if given.quick else 100)
    memory()
    return 1 if broken(1_000 if given.quick else given.mutants, given.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
