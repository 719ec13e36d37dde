"""All rules over 1,000, 10,000 and 100,000 patients: how fast, how much memory, how it grows.

    python -m bench.sweep [--quick] [--json] [--database FILE] [--sizes 1000 10000 100000]

Each size runs in a process of its own, so that its peak memory is its own. Reported per size: patients x rules
per CPU-second of the DuckDB sweep (answers in Python's hands, not yet stored), the same for the row engine over a
sample, the share of a bare scan of the same Parquet columns, and the slope between sizes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from math import log
from pathlib import Path
from typing import Any

from beforehand.clinical.content import content_root
from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.binding import bind
from beforehand.lookahead.engines.duckdb import HOUSE, DuckEngine, places
from beforehand.lookahead.engines.rows import RowEngine
from beforehand.lookahead.library import CheckedQuery, read_library
from bench._crowd import cpu_seconds, house_of, peak_megabytes, threads

AS_OF = (date(2026, 3, 9) - date(1970, 1, 1)).days
ROUNDS = 3
SAMPLE = 200


def _scan(engine: DuckEngine, queries: list[CheckedQuery]) -> None:
    """Read every stored column of facts that any of the rules names, and nothing else."""
    for name, table in FACTS.items():
        using = [one for one in queries if name in one.stored()]
        if using:
            words = frozenset().union(*(one.shape.words for one in using))
            columns = [c.name for c in table.physical() if c.name in words or c.name in ("id", "patient_id", "same_as")]
            engine.rows(f"select {', '.join(f'max({column})' for column in columns)} from fact_{name}")


def measure(size: int, database: str | None) -> dict[str, Any]:
    """One size: the sweep by columns, by rows over a sample, and the bare scan."""
    library = read_library(content_root())
    queries = list(library.queries.values())
    with tempfile.TemporaryDirectory(prefix="beforehand-bench-") as name:
        folder = Path(name)
        house, file, patients = house_of(size, folder, AS_OF, database)
        sample, worst = _by_rows(house, queries, patients)
        house.connection.close()
        with DuckEngine(threads=threads(), spill=folder) as engine:
            started = cpu_seconds()
            engine.attach("sqlite", str(file))
            engine.copy_facts(folder)
            engine.load_shared()
            copied = cpu_seconds() - started
            engine.read_facts(folder, None)
            sweeps, databases, scans, walls, by_query, answers = [], [], [], [], {}, 0
            for _ in range(ROUNDS):
                before, wall, answers = cpu_seconds(), time.perf_counter(), 0
                for checked in queries:
                    one = cpu_seconds()
                    answers += len(engine.answers(checked.query, checked.shape, AS_OF))
                    by_query.setdefault(checked.query.id, []).append(cpu_seconds() - one)
                sweeps.append(cpu_seconds() - before)
                walls.append(time.perf_counter() - wall)
                before = cpu_seconds()
                for checked in queries:
                    text = bind(checked.query, checked.shape, places(AS_OF))
                    engine.rows(f"select count(*) from ({text})")
                databases.append(cpu_seconds() - before)
                before = cpu_seconds()
                _scan(engine, queries)
                scans.append(cpu_seconds() - before)
            facts = engine.one(f"select count(*) from {HOUSE}.fact_observation")
    sweep, scan, inside = statistics.median(sweeps), statistics.median(scans), statistics.median(databases)
    slowest = sorted(((round(statistics.median(v), 3), k) for k, v in by_query.items()), reverse=True)[:5]
    return {
        "patients": patients,
        "observations": facts,
        "rules": len(library.rules),
        "queries": len(queries),
        "answers": answers,
        "sweep_cpu_s": round(sweep, 3),
        "sweep_wall_s": round(statistics.median(walls), 3),
        "patients_x_rules_per_cpu_s": round(patients * len(library.rules) / sweep),
        "inside_duckdb_cpu_s": round(inside, 3),
        "bare_scan_cpu_s": round(scan, 3),
        "share_of_bare_scan": round(scan / inside, 3),
        "copy_cpu_s": round(copied, 3),
        "peak_mb": peak_megabytes(),
        "rows_all_rules_one_patient_ms": sample,
        "slowest_queries_cpu_s": slowest,
        "slowest_by_rows_ms": worst,
    }


def _by_rows(house: Any, queries: list[CheckedQuery], patients: int) -> tuple[dict[str, float], list[Any]]:
    """All rules for one patient over the rows, patient after patient."""
    engine = RowEngine(house.connection)
    house.connection.execute("pragma cache_size = -65536")
    step = max(1, patients // SAMPLE)
    times: list[float] = []
    each: dict[str, list[float]] = {}
    for patient in range(1, patients + 1, step):
        began = time.perf_counter()
        for checked in queries:
            one = time.perf_counter()
            engine.answers(checked.query, checked.shape, patient, AS_OF)
            each.setdefault(checked.query.id, []).append(time.perf_counter() - one)
        times.append((time.perf_counter() - began) * 1000)
    times = sorted(times[5:])  # the first ones prepare the statements
    worst = sorted(((round(statistics.median(v) * 1000, 3), k) for k, v in each.items()), reverse=True)[:5]
    return {"p50": round(statistics.median(times), 2), "p95": round(times[int(len(times) * 0.95)], 2)}, worst


def main() -> int:
    """Run each size in a process of its own and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.sweep", description="All rules over growing houses.")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="+")
    parser.add_argument("--database", help="an ingested SQLite database to copy people from")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(measure(chosen.one, chosen.database)))
        return 0
    sizes = chosen.sizes or ([400, 2000] if chosen.quick else [1000, 10_000, 100_000])
    found = []
    for size in sizes:
        command = [sys.executable, "-m", "bench.sweep", "--one", str(size)]
        command += ["--database", chosen.database] if chosen.database else []
        found.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    first, last = found[0], found[-1]
    grown = log(last["patients"] / first["patients"]) or 1.0
    slope = round(log(last["sweep_cpu_s"] / first["sweep_cpu_s"]) / grown, 3)
    report = {"sizes": found, "slope": slope}
    if chosen.json:
        print(json.dumps(report))
        return 0
    for one in found:
        print(f"{one['patients']:>8,} patients x {one['rules']} rules: {one['sweep_cpu_s']} CPU-s,"
              f" {one['patients_x_rules_per_cpu_s']:,} patients x rules per CPU-second,"
              f" {one['share_of_bare_scan']:.0%} of the bare scan, {one['peak_mb']} MB;"
              f" rows, one patient: {one['rows_all_rules_one_patient_ms']}")  # fmt: skip
    print(f"slope between the first and the last size (1 is linear): {slope}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
