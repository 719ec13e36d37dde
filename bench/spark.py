"""Spark on this machine against DuckDB: the same rules' text, the same Parquet columns, the answers as Parquet.

    python -m bench.spark [--quick] [--json] [--patients 20000] [--rules reference|all]

The Synthea patients are copied to so many; each engine answers every rule over the columns and writes its rows, as
``beforehand lookahead --columns`` does. The rows must be equal. Processor seconds: of DuckDB's process, and of Spark's
with its Java, starting included and apart. Needs the extra ``spark`` and Java; without them it says so and ends well.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.spark import lacking
from beforehand.lookahead.library import Library, read_library
from bench.ingest import DATA, unpacked
from bench.peers import AS_OF, HERE, write_copies

ENGINES = ("duckdb", "spark")
MASTER = "local[2]"


def rules_of(name: str) -> Library:
    """The library to be swept."""
    from beforehand.clinical.content import content_root

    return read_library(HERE / "reference_rules" if name == "reference" else content_root())


def java_seconds() -> float:
    """Processor seconds of the Java below this process, still running."""
    ticks = 0
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def sweep(engine: str, columns: Path, answers: Path, rules: str) -> dict[str, Any]:
    """One engine over the columns, twice: the second time it is warm."""
    from beforehand.lookahead import folder

    library = rules_of(rules)
    folder.library = lambda: library  # type: ignore[assignment]
    day = date(1970, 1, 1) + timedelta(days=AS_OF)
    spent, failed, findings = [], [], 0
    for number in range(2):
        before, wall = _used(), time.perf_counter()
        report = folder.run_folder(
            str(columns), as_of=day, engine=engine, answers=str(answers / str(number)), master=MASTER
        )
        spent.append((round(_used() - before, 2), round(time.perf_counter() - wall, 2)))
        failed, findings = report.failed, report.findings
    return {"first_cpu_s": spent[0][0], "warm_cpu_s": spent[1][0], "warm_wall_s": spent[1][1], "failed": failed,
            "findings": findings, "patients": report.patients}  # fmt: skip


def _used() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime + java_seconds()


def rows(place: Path, rule: str) -> Counter[tuple[Any, ...]]:
    """A rule's answers as one engine wrote them."""
    found = place / f"{rule}.parquet"
    source = found if found.is_file() else place / rule
    name = str(source / "*.parquet" if source.is_dir() else source).replace("'", "''")
    cursor = duckdb.execute(f"select * from read_parquet('{name}')")
    order = sorted(range(len(cursor.description or ())), key=lambda place: cursor.description[place][0])
    return Counter(tuple(row[place] for place in order) for row in cursor.fetchall())


def measure(data: Path, people: int, count: int, rules: str) -> dict[str, Any]:
    """Both engines over the same columns, each in a process of its own."""
    from beforehand.clinical import content
    from beforehand.doors.bulk import columns

    library = rules_of(rules)
    if rules == "reference":
        columns.content_root = lambda: HERE / "reference_rules"  # type: ignore[assignment]
    assert content.content_root().is_dir()
    tables = sorted({table for one in library.queries.values() for table in one.stored()} & set(FACTS))
    with tempfile.TemporaryDirectory(prefix="beforehand-bench-") as name:
        folder = Path(name)
        bundles = [path for path in sorted(unpacked(data, folder).glob("*.json")) if path.name[0].isupper()][:count]
        write_copies(bundles, max(1, round(people / len(bundles))), folder / "copies")
        columns.load(folder / "copies" / "export", folder / "columns", zone="UTC", only=tables)
        found: dict[str, Any] = {}
        for engine in ENGINES:
            command = [sys.executable, "-m", "bench.spark", "--sweep", engine, "--folder", name, "--rules", rules]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent)
            found[engine] = json.loads(done.stdout.splitlines()[-1])
        differing = [
            rule for rule in library.queries
            if rows(folder / "duckdb" / "0", rule) != rows(folder / "spark" / "0", rule)
        ]  # fmt: skip
    spark, duck = found["spark"]["warm_cpu_s"], found["duckdb"]["warm_cpu_s"]
    return {
        **found,
        "rules": len(library.queries),
        "rules_that_differ": differing,
        "warm_times": round(spark / duck, 1),
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.spark", description="Spark on this machine beside DuckDB.")
    parser.add_argument("--quick", action="store_true", help="208 patients")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--rules", choices=("reference", "all"), default="reference")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of patient bundles")
    parser.add_argument("--sweep", choices=ENGINES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if (lack := lacking()) is not None:
        print(f"Not measured. {lack}")
        return 0
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beforehand.config.settings")
    import django

    django.setup()
    if chosen.sweep:
        place = chosen.folder / chosen.sweep
        place.mkdir()
        print(json.dumps(sweep(chosen.sweep, chosen.folder / "columns", place, chosen.rules)))
        return 0
    found = measure(chosen.data, 208 if chosen.quick else chosen.patients, 10_000, chosen.rules)
    print(json.dumps(found) if chosen.json else "\n".join(f"{name:20} {value}" for name, value in found.items()))
    return 1 if found["rules_that_differ"] or found["spark"]["failed"] or found["duckdb"]["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
