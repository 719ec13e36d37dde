"""The whole library beside the five reference rules, and what each query of it costs.

    python -m bench.library [--quick] [--json] [--copies 20] [--listed 15]

The Synthea patients, copied with other identities, come through ``beforehand bulk`` with every table. Each query runs
over the same columns in one DuckDB, its rows fetched; the median of some rounds. Processor seconds, one processor. A
query's fixed part (reading its text, planning) is what it costs on a copy of the house without patients.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from beforehand.clinical.content import content_root
from beforehand.clinical.tables import FACTS
from beforehand.clinical.valuesets import read_value_set
from beforehand.lookahead.engines.binding import bind
from beforehand.lookahead.engines.duckdb import DuckEngine
from beforehand.lookahead.library import CheckedQuery, read_library
from bench._crowd import cpu_seconds, peak_megabytes
from bench.ingest import DATA, unpacked
from bench.measures import use_sets
from bench.peers import AS_OF, HERE, write_copies

ROUNDS = 3
REFERENCE = HERE / "reference_rules"


def spent(engine: DuckEngine, queries: Iterable[CheckedQuery], rounds: int) -> dict[str, tuple[float, int]]:
    """Query -> processor seconds, rows; and, once, what the clinical views cost that are reckoned for all of them."""
    found = {}
    queries = list(queries)
    engine.share([checked.shape for checked in queries])
    before = cpu_seconds()
    for checked in queries:
        engine.places(checked.shape, AS_OF)
    found["views reckoned once"] = (cpu_seconds() - before, 0)
    for checked in queries:
        text = bind(checked.query, checked.shape, engine.places(checked.shape, AS_OF))
        seconds, rows = [], 0
        for _ in range(rounds):
            before = cpu_seconds()
            rows = len(engine.rows(text))
            seconds.append(cpu_seconds() - before)
        found[checked.query.id] = (statistics.median(seconds), rows)
    return found


def measure(data: Path, count: int, copies: int, listed: int) -> dict[str, Any]:
    """Both sets of rules over the same columns."""
    from beforehand.doors.bulk import columns

    library = list(read_library(content_root()).queries.values())
    reference = list(read_library(REFERENCE).queries.values())
    with tempfile.TemporaryDirectory(prefix="beforehand-bench-") as name:
        folder = Path(name)
        bundles = [path for path in sorted(unpacked(data, folder).glob("*.json")) if path.name[0].isupper()][:count]
        write_copies(bundles, copies, folder / "copies")
        before = cpu_seconds()
        summary = columns.load(folder / "copies" / "export", folder / "columns", zone="UTC", workers=1)
        loaded = cpu_seconds() - before
        with DuckEngine(threads=1, memory="3GB", spill=folder) as engine:
            engine.read_shared(folder / "columns" / "shared")
            engine.read_facts(folder / "columns", None)
            sets = {one.name: one.pairs() for one in map(read_value_set, (REFERENCE / "valuesets").glob("*.csv"))}
            use_sets(
                engine, {name: frozenset(pairs) for name, pairs in sets.items()}, summary.outcome.codings(), add=True
            )
            ours, five = spent(engine, library, ROUNDS), spent(engine, reference, ROUNDS)
            for table in FACTS:
                engine.connection.execute(
                    f"create or replace temp view fact_{table} as select * from memory.main.fact_{table} limit 0"
                )
            engine.connection.execute("delete from stored_patient")
            engine.kept_day = None
            fixed, fixed_five = spent(engine, library, 1), spent(engine, reference, 1)
    whole, reference_s = (sum(seconds for seconds, _ in found.values()) for found in (ours, five))
    planning, planning_five = (sum(seconds for seconds, _ in found.values()) for found in (fixed, fixed_five))
    shares = sorted(((seconds, rows, name) for name, (seconds, rows) in ours.items()), reverse=True)
    return {
        "patients": summary.patients, "queries": len(library), "to_columns_cpu_s": round(loaded, 2),
        "library_cpu_s": round(whole, 2), "reference_cpu_s": round(reference_s, 3),
        "times": round(whole / reference_s, 1),
        "library_fixed_cpu_s": round(planning, 2), "reference_fixed_cpu_s": round(planning_five, 3),
        "times_without_fixed": round((whole - planning) / (reference_s - planning_five), 1),
        "peak_mb": peak_megabytes(),
        "shares": [{"query": name, "share": round(seconds / whole, 4), "cpu_ms": round(seconds * 1000, 1), "rows": rows}
                   for seconds, rows, name in shares[: listed or None]],
    }  # fmt: skip


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.library", description="What each query of the library costs."
    )
    parser.add_argument("--quick", action="store_true", help="20 patients, twice")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--copies", type=int, default=20, help="of each patient")
    parser.add_argument("--listed", type=int, default=0, help="only so many of the dearest queries")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of patient bundles")
    chosen = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beforehand.config.settings")
    import django

    django.setup()
    count, copies = (20, 2) if chosen.quick else (10_000, chosen.copies)
    found = measure(chosen.data, count, copies, chosen.listed)
    if chosen.json:
        print(json.dumps(found))
        return 0
    for one in found.pop("shares"):
        print(f"{one['share']:7.2%} {one['cpu_ms']:9.1f} ms {one['rows']:8} rows  {one['query']}")
    print("\n".join(f"{name:24} {value}" for name, value in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
