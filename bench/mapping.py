"""FHIR mapping alone: bytes to items to rows, beside ``orjson.loads`` of the same bytes, on one core.

    python bench/mapping.py [--data FOLDER] [--rounds 5] [--quick]

CPU-seconds, since the machine may be shared; median of the rounds. References and concepts cost nothing here: a
context that answers at once stands in for the dictionaries.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import tarfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src")]

from beforehand.clinical.fhir import map_resource  # noqa: E402 - after the path
from beforehand.intake.connectors.fhir.connector import items  # noqa: E402

ARCHIVE = ROOT.parent / "shared" / "data" / "synthea-r4-smart" / "synthea-r4-shared.tar.gz"


class Context:
    """Answers at once, so that only mapping is measured."""

    own_id = 1
    zone = "America/New_York"

    def ref(self, reference: Any) -> int | None:
        return 1 if reference else None

    def concept(self, codeable: Any) -> int | None:
        return 1 if codeable else None


def bundles(folder: Path | None, many: int) -> list[bytes]:
    """The files to read: a folder's, else the shared archive's."""
    if folder is not None:
        return [path.read_bytes() for path in sorted(folder.glob("*.json"))[:many]]
    contents = []
    with tarfile.open(ARCHIVE) as packed:
        for member in packed:
            stream = packed.extractfile(member) if member.name.endswith(".json") else None
            if stream is not None and len(contents) < many:
                contents.append(stream.read())
    return contents


def cpu_of(work: Callable[[], object]) -> float:
    """CPU-seconds of one run, the collector off as in intake."""
    gc.collect()
    gc.disable()
    started = time.process_time()
    work()
    spent = time.process_time() - started
    gc.enable()
    return spent


def by_type(resources: list[dict[str, Any]], context: Context) -> dict[str, float]:
    """Microseconds to map one resource, by type."""
    sorts: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for resource in resources:
        sorts[resource["resourceType"]].append(resource)
    return {
        kind: round(cpu_of(lambda each=each: [map_resource(r, context) for r in each]) / len(each) * 1e6, 1)  # type: ignore[misc]
        for kind, each in sorted(sorts.items())
    }


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    contents = bundles(options.data, 15 if options.quick else 105)
    rounds = 2 if options.quick else options.rounds
    context = Context()
    resources = [item.resource for content in contents for item in items(content) if item.resource is not None]
    count = len(resources)
    loads = statistics.median(cpu_of(lambda: [orjson.loads(each) for each in contents]) for _ in range(rounds))
    reads = statistics.median(cpu_of(lambda: [list(items(each)) for each in contents]) for _ in range(rounds))
    maps = statistics.median(cpu_of(lambda: [map_resource(each, context) for each in resources]) for _ in range(rounds))
    print(
        json.dumps(
            {
                "resources": count,
                "megabytes": round(sum(map(len, contents)) / 1e6, 1),
                "orjson_loads_us": round(loads / count * 1e6, 1),
                "items_us": round(reads / count * 1e6, 1),
                "map_us": round(maps / count * 1e6, 1),
                "map_resources_per_second": round(count / maps),
                "whole_resources_per_second": round(count / (reads + maps)),
                "whole_to_orjson_loads": round((reads + maps) / loads, 2),
                "map_us_by_type": by_type(resources, context),
                "resources_by_type": dict(Counter(each["resourceType"] for each in resources).most_common()),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
