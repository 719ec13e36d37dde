"""Some changed patients of many, and a sweep beside changes that are not compacted yet.

    python -m bench.changed [--quick] [--json] [--patients 100000] [--changed 1 10 100 1000] [--rules reference|all]

A home of generated people gets one new result for each of K people, kept and applied as intake does; then their rules,
findings, risk and needs are settled as after every arrival. Set beside K times the settling of one, and beside a sweep
of everyone. Then everyone is swept again over the base and the delta: that sweep is a full recompute, so it must find
nothing to write. Processor seconds of this process. Every day is known (see bench.one_fact).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    _FOLDER = tempfile.TemporaryDirectory(prefix="beforehand-bench-")
    os.environ["BEFOREHAND_HOME"] = _FOLDER.name
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beforehand.config.settings")
    import django

    django.setup()

from django.utils import timezone

from beforehand.care.needs.arrivals import settle_patients
from beforehand.intake.apply import apply_messages
from beforehand.intake.ledger import keep
from beforehand.lookahead import house
from beforehand.lookahead.library import read_library
from beforehand.lookahead.run import run_everyone
from beforehand.record.models import Patient, Source
from beforehand.record.valuesets import load_path
from bench._crowd import cpu_seconds
from bench.one_fact import event, fill, know_every_day

REFERENCE = Path(__file__).resolve().parent / "reference_rules"
SINGLES = 60
SWEEPS = 3
SHARE = 0.015  # of the people, in the delta when everyone is swept beside it


def use_reference_rules() -> None:
    """The five reference rules are the whole library."""
    for path in sorted((REFERENCE / "valuesets").glob("*.csv")):
        load_path(path)
    library = read_library(REFERENCE)
    house.library = lambda: library  # type: ignore[assignment]


def spent(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds of a piece of work, and what it gave."""
    before = cpu_seconds()
    given = work()
    return cpu_seconds() - before, given


def change(source: Source, patients: list[int], first: int) -> None:
    """One new result for each, applied, with nothing settled yet."""
    lines = b"\n".join(event(number, patient) for number, patient in enumerate(patients, first))
    message = keep(data=lines, source=source, name="changes.ndjson", received_at=timezone.now())
    counts = apply_messages(source, [(message, lines)]).counts
    if counts.applied != len(patients):
        raise RuntimeError(f"{counts} of {len(patients)} changes were applied")


def measure(source: Source, changed: list[int], rules: str) -> dict[str, Any]:
    """Change some people of a home, sweep."""
    know_every_day()
    if rules == "reference":
        use_reference_rules()
    today = timezone.localdate()

    def sweep() -> Any:
        return run_everyone(as_of=today, engine="duckdb")

    first, report = spent(sweep)
    clean = statistics.median(spent(sweep)[0] for _ in range(SWEEPS))
    numbers = list(Patient.unscoped.order_by("id").values_list("id", flat=True))
    chosen = [numbers[(place * 7919) % len(numbers)] for place in range(SINGLES + 20 + sum(changed))]
    singles, free = [], 0
    for one in chosen[: SINGLES + 20]:
        change(source, [one], free)
        free += 1
        singles.append(spent(lambda one=one: settle_patients([one], as_of=today))[0])
    single = statistics.median(singles[20:])
    found: list[dict[str, Any]] = []
    sweeps: dict[str, Any] = {}
    for number in changed:
        if free + number > SHARE * len(numbers) and not sweeps:
            sweeps = _beside_delta(sweep, free)
        these = chosen[free : free + number]
        change(source, these, free)
        free += number
        seconds, _ = spent(lambda these=these: settle_patients(these, as_of=today))
        part, times = round(seconds / clean, 3), round(seconds / (number * single), 2)
        found.append({"changed": number, "cpu_ms": round(seconds * 1000, 1), "of_k_singles": times, "of_a_sweep": part})
    again = sweep()
    sweeps = sweeps or _beside_delta(sweep, free)
    return {
        "patients": len(numbers), "rules": rules, "findings": report.findings, "failed": report.failed + again.failed,
        "first_sweep_cpu_s": round(first, 2), "sweep_cpu_s": round(clean, 2), "single_cpu_ms": round(single * 1000, 2),
        "changed": found, "written_by_full_recompute": len(again.changed),
        "equal_to_full_recompute": not again.changed and not sweeps["written_beside_delta"],
        "changed_in_all": free, **sweeps,
        "delta_times": round(sweeps["sweep_beside_delta_cpu_s"] / clean, 2),
    }  # fmt: skip


def _beside_delta(sweep: Callable[[], Any], changed: int) -> dict[str, Any]:
    """Sweeps over the base and what changed since: the first makes the delta, the others find it."""
    made, report = spent(sweep)
    beside = statistics.median(spent(sweep)[0] for _ in range(SWEEPS))
    return {
        "in_delta": changed,
        "written_beside_delta": len(report.changed),
        "sweep_making_delta_cpu_s": round(made, 2),
        "sweep_beside_delta_cpu_s": round(beside, 2),
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.changed", description="Some changed patients of many.")
    parser.add_argument("--quick", action="store_true", help="2,000 patients, at most 20 changed")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--changed", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--rules", choices=("reference", "all"), default="reference")
    chosen = parser.parse_args()
    if chosen.quick:
        found = measure(fill(2000), [1, 20], chosen.rules)
    else:
        found = measure(fill(chosen.patients), chosen.changed, chosen.rules)
    print(json.dumps(found) if chosen.json else "\n".join(f"{name:26} {value}" for name, value in found.items()))
    return 0 if found["equal_to_full_recompute"] and not found["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
