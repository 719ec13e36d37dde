"""Ingest of the Synthea patients, end to end: bytes kept, mapped, committed, reconciled, with provenance.

    python bench/ingest.py [--data FOLDER_OR_ARCHIVE] [--rounds 3] [--profile]

One core, CPU-seconds (this machine may be shared), median of the rounds, beside ``orjson.loads`` of the same bytes.
``--profile`` says where the time goes, by phase.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import os
import pstats
import resource
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve()
ROOT = HERE.parent.parent
DATA = ROOT.parent / "shared" / "data" / "synthea-r4-smart"
# The functions whose cumulative time is a phase; nested ones are taken off their parents.
PHASES = {
    "read archives and files": ("archives.py", "members"),
    "keep bytes (hash, compress, write, sync, message rows)": ("ledger.py", "keep_all"),
    "parse and take apart (connector)": ("connector.py", "items"),
    "identify (digest, identity, version)": ("batch.py", "_identify"),
    "look at each item (digest, type, id)": ("pieces.py", "piece_of"),
    "map to rows (without references and concepts)": ("registry.py", "map_resource"),
    "  of which references": ("batch.py", "ref"),
    "  of which concepts": ("concepts.py", "number"),
    "people (records, links)": ("batch.py", "_apply_people"),
    "write facts": ("rows.py", "write"),
    "write identities": ("identities.py", "write"),
    "write concepts": ("concepts.py", "write"),
    "value sets and knowledge of new concepts": ("valuesets.py", "extend"),
    "write items, counters, quarantine": ("outcome.py", "write_outcome"),
    "derive patients": ("persons.py", "derive_patients"),
    "reconcile": ("reconcile.py", "reconcile_patients"),
    "commit": ("sqlite3.Connection", "commit"),
}


def files(folder: Path) -> list[Path]:
    """The patient bundles lying directly in the folder."""
    return sorted(path for path in folder.glob("*.json") if path.is_file())


def unpacked(data: Path, folder: Path) -> Path:
    """A folder of bundles: the one given, or what the archives in it hold."""
    archives = [data] if data.is_file() else sorted(data.glob("*.tar.gz"))
    if not archives or files(data):
        return data
    for archive in archives:
        with tarfile.open(archive) as opened:
            for entry in opened:
                if entry.isreg() and entry.name.endswith(".json") and (body := opened.extractfile(entry)):
                    (folder / Path(entry.name).name).write_bytes(body.read())
    return folder


def one_round(folder: Path, profile: bool) -> dict[str, object]:
    """One ingest into a fresh home, in this process."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import django
    import orjson
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from beforehand.intake.ingest import ingest_paths
    from beforehand.record.valuesets import load_shipped

    load_shipped()
    paths = files(folder)
    size = sum(path.stat().st_size for path in paths)
    contents = [path.read_bytes() for path in paths]
    gc.disable()  # as the ingest does while it reads: with it on, parsing costs three times as much
    started = time.process_time()
    for content in contents:
        orjson.loads(content)
    parse = time.process_time() - started
    gc.enable()
    del contents
    profiler = cProfile.Profile() if profile else None
    wall, cpu = time.perf_counter(), time.process_time()
    if profiler:
        profiler.enable()
    summary = ingest_paths([str(path) for path in paths], source_name="synthea")
    if profiler:
        profiler.disable()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    found: dict[str, object] = {
        "resources": summary.counts.received, "applied": summary.counts.applied, "bytes": size, "cpu_seconds": cpu,
        "seconds": wall, "parse_cpu_seconds": parse, "patients": len(summary.patients),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip
    if profiler:
        found["phases"] = phases(profiler)
    return found


def phases(profiler: cProfile.Profile) -> dict[str, float]:
    """Cumulative seconds of each phase under the profiler (which slows small functions most)."""
    stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    found = {}
    for phase, (file, function) in PHASES.items():
        seconds = sum(
            entry[3] for (path, _, name), entry in stats.items()
            if (path.endswith("/" + file) and name == function) or (path == "~" and function in name and file in name)
        )  # fmt: skip
        found[phase] = round(seconds, 3)
    return found


def measure(folder: Path, rounds: int, profile: bool) -> dict[str, object]:
    """Rounds in processes of their own; medians."""
    results = []
    for _ in range(rounds):
        home = tempfile.mkdtemp(prefix="beforehand-bench-")
        environment = {
            **os.environ, "BEFOREHAND_HOME": home, "DJANGO_SETTINGS_MODULE": "beforehand.config.settings",
            "PYTHONPATH": str(ROOT / "src"),
        }  # fmt: skip
        command = [sys.executable, str(HERE), "--one", "--data", str(folder)] + (["--profile"] if profile else [])
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        shutil.rmtree(home, ignore_errors=True)
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        results.append(json.loads(done.stdout.splitlines()[-1]))

    def median(name: str) -> float:
        return statistics.median(result[name] for result in results)

    cpu, parse = median("cpu_seconds"), median("parse_cpu_seconds")
    resources, size = results[0]["resources"], results[0]["bytes"]
    answer: dict[str, object] = {
        "resources": resources, "megabytes": round(size / 1e6, 1), "patients": results[0]["patients"],
        "rounds": rounds, "cpu_seconds": round(cpu, 2), "seconds": round(median("seconds"), 2),
        "resources_per_cpu_second": round(resources / cpu), "megabytes_per_cpu_second": round(size / 1e6 / cpu, 1),
        "orjson_cpu_seconds": round(parse, 2), "times_orjson": round(cpu / parse, 1), "memory_mb": median("memory_mb"),
    }  # fmt: skip
    if profile:
        answer["phases"] = results[-1]["phases"]
    return answer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of patient bundles, or a .tar.gz of them")
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one_round(given.data, given.profile)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        data = unpacked(given.data, Path(folder))
        print(json.dumps(measure(data, 1 if given.quick else given.rounds, given.profile), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
