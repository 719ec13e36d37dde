"""The five reference rules, ordinary rule files, run by the look-ahead until their findings are stored.

python -m bench.reference [--quick] [--json] [--patients 1000000] [--data FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.binding import bind
from beforehand.lookahead.engines.duckdb import DuckEngine, places
from beforehand.lookahead.engines.relations import relations
from beforehand.lookahead.library import CheckedQuery, read_library
from bench._crowd import cpu_seconds, peak_megabytes
from bench._million import grow, take_in
from bench.ingest import DATA, unpacked

RULES = Path(__file__).resolve().parent / "reference_rules"
AS_OF = 18_400


def scanned(engine: DuckEngine, queries: Sequence[CheckedQuery], as_of_day: int) -> dict[str, set[str]]:
    """Fact table -> the Parquet columns DuckDB says it reads for these queries.

    Its plan names columns but not the file: so, for one table after the other, all others are small ones in memory.
    """
    found: dict[str, set[str]] = {}
    for name in FACTS:
        engine.connection.execute(f"create temp table one_{name} as select * from fact_{name} limit 1")
    for checked in queries:
        for table in sorted(checked.stored() & set(FACTS)):
            others = {name: f"one_{name}" for name in FACTS if name != table}
            text = bind(checked.query, checked.shape, places(as_of_day, others))
            _collect(json.loads(engine.rows(f"explain (format json) {text}")[0][1]), found.setdefault(table, set()))
    for name in FACTS:
        engine.connection.execute(f"drop table one_{name}")
    return found


def _collect(nodes: Any, found: set[str]) -> None:
    for node in nodes:
        if "PARQUET" in node.get("name", "").upper():
            columns = node.get("extra_info", {}).get("Projections", [])
            found.update([columns] if isinstance(columns, str) else columns)
        _collect(node.get("children", []), found)


def scan(engine: DuckEngine, columns: dict[str, set[str]]) -> None:
    """Read these columns, each once, and nothing else."""
    for table, names in ((table, names) for table, names in columns.items() if names):  # small ones are in memory
        engine.rows(f"select {', '.join(f'count({name})' for name in sorted(names))} from fact_{table}")


def measure(patients: int, data: Path, folder: Path) -> dict[str, Any]:
    """Make a home of so many people, sweep it with the five rules twice, and scan the same columns."""
    from beforehand.clinical.times import date_of
    from beforehand.lookahead import house, run
    from beforehand.lookahead.columns import fresh_columns

    library = read_library(RULES)
    queries = list(library.queries.values())
    house.library = lambda: library  # type: ignore[assignment]  # the five rules are the whole library here
    sweeps = []
    for _ in range(2):  # the first writes every finding, the second finds nothing to write
        before = cpu_seconds()
        report = run.run_everyone(as_of=date_of(AS_OF), engine="duckdb")
        sweeps.append(round(cpu_seconds() - before, 2))
    peak = peak_megabytes()
    with fresh_columns() as engine:
        columns = scanned(engine, queries, AS_OF)
        scans = []
        for _ in range(3):
            before = cpu_seconds()
            scan(engine, columns)
            scans.append(cpu_seconds() - before)
    bare = statistics.median(scans)
    return {
        "patients": report.patients, "findings": report.findings, "failed": report.failed,
        "first_sweep_cpu_s": sweeps[0], "sweep_cpu_s": sweeps[1], "bare_scan_cpu_s": round(bare, 2),
        "share_of_limit": round(bare / sweeps[1], 3), "share_of_limit_first": round(bare / sweeps[0], 3),
        "peak_mb": peak,
    }  # fmt: skip


def _words(queries: Sequence[CheckedQuery]) -> set[str]:
    """Every name the rules and their views use: the columns worth copying."""
    shapes = [checked.shape for checked in queries]
    shapes += [shape for one in queries for view in one.views() if (shape := relations()[view].shape) is not None]
    return {word for shape in shapes for word in shape.words}


def main() -> int:
    """Make the people in one process, measure in another, so that its memory is its own."""
    parser = argparse.ArgumentParser(prog="python -m bench.reference", description="The five reference rules.")
    parser.add_argument("--quick", action="store_true", help="2,000 patients")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--patients", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of patient bundles")
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    patients = 2000 if chosen.quick else chosen.patients
    if chosen.home:
        import django

        django.setup()
        print(json.dumps(measure(patients, chosen.data, chosen.home)))
        return 0
    queries = list(read_library(RULES).queries.values())
    tables = {table for one in queries for table in one.stored()} & set(FACTS)
    with tempfile.TemporaryDirectory(prefix="beforehand-bench-") as name:
        home = Path(name)
        take_in(home, unpacked(chosen.data, Path(name)))
        grow(home, patients, tables, _words(queries))
        environment = {
            **os.environ, "BEFOREHAND_HOME": name, "DJANGO_SETTINGS_MODULE": "beforehand.config.settings",
        }  # fmt: skip
        command = [sys.executable, "-m", "bench.reference", "--home", name, "--patients", str(patients)]
        done = subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True, cwd=RULES.parents[1]
        )
    found = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps(found) if chosen.json else "\n".join(f"{key:24} {value}" for key, value in found.items()))
    return 1 if found["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
