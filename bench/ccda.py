"""The C-CDA connector: documents per CPU-second, memory, what becomes of every shared file, and of spoilt ones.

    python -m bench.ccda [--quick] [--mutants N] [--seed S]

One core, CPU-seconds (the machine may be shared). Memory is the peak of a fresh process that reads one document, over
every fourth document by size and the three largest: the median and the 99th percentile. The mutants are of the shipped
samples and of the shared documents.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.contracts.connector_suite import fate_of
from tests.unit.intake.ccda_mutants import SAMPLES, try_mutants

from beforehand.intake.connectors.ccda import connector
from beforehand.intake.connectors.errors import ConnectorError

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
LONGEST = 2.0
SMALL = 60_000  # mutants are of documents below this, so that many can be tried


def documents(folder: str) -> list[tuple[str, bytes]]:
    """Every XML file in the archives of a shared folder."""
    found = []
    for archive in sorted((SHARED / folder).glob("*.tar.gz")):
        with tarfile.open(archive) as opened:
            for entry in opened:
                if entry.isreg() and entry.name.endswith(".xml") and (body := opened.extractfile(entry)) is not None:
                    found.append((entry.name, body.read()))
    return found


def speed(contents: list[bytes]) -> dict[str, Any]:
    """How fast whole documents become items."""
    items, times = 0, []
    for content in contents:
        started = time.process_time()
        items += len(list(connector.items(content)))
        times.append(time.process_time() - started)
    spent, size = sum(times), sum(map(len, contents))
    return {
        "documents": len(contents), "megabytes": round(size / 1e6, 1), "items": items, "cpu_seconds": round(spent, 2),
        "documents_per_cpu_second": round(len(contents) / spent, 1),
        "megabytes_per_cpu_second": round(size / 1e6 / spent, 1), "items_per_cpu_second": round(items / spent),
        "slowest_cpu_seconds": round(max(times), 2),
    }  # fmt: skip


def peak_megabytes() -> int:
    """This process's own peak; getrusage would carry over its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def memory(contents: list[bytes]) -> dict[str, int]:
    """Peak megabytes of a process that reads one document."""
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(contents):
            path = Path(folder) / f"{number}.xml"
            path.write_bytes(content)
            command = [sys.executable, "-m", "bench.ccda", "--one", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
            peaks.append(int(done.stdout))
    peaks.sort()
    return {"median_mb": int(statistics.median(peaks)), "p99_mb": peaks[int(0.99 * (len(peaks) - 1))]}


def outcomes() -> dict[str, Any]:
    """What becomes of each shared file."""
    found: Counter[str] = Counter()
    for name, content in documents("ccda-documents"):
        try:
            fates = [fate_of(item) for item in connector.items(content, name)]
        except ConnectorError:
            found["refused with a reason"] += 1
        else:
            is_faulty = any(fate not in ("mapped", "kept") for fate in fates)
            found["applied, faults recorded" if is_faulty else "applied"] += 1
    return dict(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="300 mutants, ten documents")
    parser.add_argument("--mutants", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        list(connector.items(given.one.read_bytes()))
        print(peak_megabytes())
        return 0
    samples = [path.read_bytes() for path in SAMPLES]
    whole = [content for _, content in documents("synthea-fhir-ccda-pairs")]
    others = [content for _, content in documents("ccda-documents") if b"<recordTarget" in content[:20_000]]
    answer: dict[str, Any] = {}
    if whole:
        chosen = whole[:10] if given.quick else whole
        answer["speed"] = speed(chosen)
        by_size = sorted(chosen, key=len)
        answer["memory"] = memory([*by_size[:-3:4], *by_size[-3:]])
        answer["shared files"] = outcomes()
    else:
        print("NOT RUN on the shared documents: they are not here", file=sys.stderr)
    bases = samples + [content for content in others if len(content) < SMALL and b"ClinicalDocument" in content]
    made = try_mutants(300 if given.quick else given.mutants, given.seed, [one for one in bases if _is_whole(one)])
    answer["mutants"] = vars(made) | {"crashes": made.crashes[:5], "silent": made.silent[:5], "seed": given.seed}
    print(json.dumps(answer, indent=2))
    return 1 if made.crashes or made.silent or made.slowest > LONGEST else 0


def _is_whole(content: bytes) -> bool:
    try:
        return bool(list(connector.items(content)))
    except ConnectorError:
        return False


if __name__ == "__main__":
    sys.exit(main())
