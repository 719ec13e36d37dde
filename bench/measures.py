"""CMS122, 124, 130 and 165 natively over patients with whole records: processor seconds a measure.

    python -m bench.measures [--quick] [--json] [--copies 10] [--deck FOLDER]

The Synthea patients, copied with other identities, come through ``beforehand bulk``; the value sets are the deck's of
bench.ecqm. Warm: facts in memory, every population of every person in Python's hands. The counts must be those of the
two halves of the people, asked one after the other; that they are right is what bench.ecqm proves.

The measures' published CQL is not part of the deck, and no package that can be had carries it, so fqm-execution and
fhir4ds-v2 cannot be asked here; docs/reference/measurements.md gives what they needed elsewhere.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from beforehand.clinical.tables import FACTS
from beforehand.clinical.times import day_of
from beforehand.lookahead.engines.binding import Places
from beforehand.lookahead.engines.duckdb import DuckEngine
from beforehand.lookahead.engines.memory import shared_tables
from beforehand.lookahead.engines.relations import stored_below
from beforehand.lookahead.engines.rows import last_second
from beforehand.lookahead.measures import Measure, read_measures
from bench._crowd import cpu_seconds, peak_megabytes
from bench._ecqm_deck import Pairs, read_deck
from bench.ecqm import SHARED, sets_for
from bench.ingest import DATA, unpacked
from bench.peers import write_copies

MEASURES = ("CMS122", "CMS124", "CMS130", "CMS165")
YEAR = "2025"
PERIOD = (date(2018, 1, 1), date(2018, 12, 31))
ROUNDS = 7
Counts = dict[str, int]


def places(first: int, last: int, whose: str = "") -> Places:
    """The measure's names bound to a period, for everyone or some."""
    return Places(str(last), str(last_second(last)), whose, "stored_patient", {}, str(first))


def counted(engine: DuckEngine, measure: Measure, text: str) -> Counts:
    """How many are in each population, counted in Python's hands."""
    found: Counter[str] = Counter()
    cursor = engine.connection.execute(text)
    names = [str(column[0]) for column in cursor.description or ()]
    wanted = [(place, name) for place, name in enumerate(names) if name in measure.populations]
    for row in cursor.fetchall():
        for place, name in wanted:
            found[name] += int(row[place])
    return dict(found)


def use_sets(engine: DuckEngine, sets: dict[str, Pairs], codings: Any, *, add: bool = False) -> None:
    """These value sets for the concepts of the export, in place of those that are there or beside them."""
    by_pair: dict[tuple[str, str], list[int]] = {}
    for one in codings:
        for system, code, _ in one.codings:
            by_pair.setdefault((system, code), []).append(one.id)
    members = [(name, n) for name, pairs in sets.items() for pair in pairs for n in by_pair.get(pair, ())]
    if not add:
        engine.connection.execute("delete from value_set_code")
    if rows := ", ".join(f"('{name}', {number})" for name, number in sorted(set(members))):
        engine.connection.execute(f"insert into value_set_code values {rows}")


def measure_all(data: Path, deck: Path, count: int, copies: int) -> dict[str, Any]:
    """Every measure over the copies."""
    from beforehand.doors.bulk import columns

    first, last = map(day_of, PERIOD)
    measures = {name: read_measures()[name] for name in MEASURES}
    tables = sorted({t for m in measures.values() for t in stored_below(m.shape.tables)} & set(FACTS))
    read = read_deck(deck)
    with tempfile.TemporaryDirectory(prefix="beforehand-bench-") as name:
        folder = Path(name)
        bundles = [path for path in sorted(unpacked(data, folder).glob("*.json")) if path.name[0].isupper()][:count]
        write_copies(bundles, copies, folder / "copies")
        before = cpu_seconds()
        summary = columns.load(folder / "copies" / "export", folder / "columns", zone="UTC", workers=1, only=tables)
        loaded = cpu_seconds() - before
        listed: dict[str, Any] = {}
        with DuckEngine(threads=1, memory="3GB") as engine:
            engine.read_shared(folder / "columns" / "shared")
            assert list(shared_tables()["value_set_code"])
            engine.read_facts(folder / "columns", None)
            for table in tables:
                engine.connection.execute(f"create or replace temp table fact_{table} as select * from fact_{table}")
            people = [int(row[0]) for row in engine.rows("select id from stored_patient order by id")]
            for id_, measure in measures.items():
                use_sets(engine, sets_for(read, id_, YEAR), summary.outcome.codings())
                text = measure.statement(places(first, last))
                seconds, counts = [], {}
                for _ in range(ROUNDS):
                    before = cpu_seconds()
                    counts = counted(engine, measure, text)
                    seconds.append(cpu_seconds() - before)
                middle = people[len(people) // 2]
                parts = [places(first, last, f"{{column}} {side} {middle}") for side in ("<", ">=")]
                whole = sum((Counter(counted(engine, measure, measure.statement(part))) for part in parts), Counter())
                spent = statistics.median(seconds)
                listed[id_] = {
                    "cpu_s": round(spent, 4), "patients_a_cpu_s": round(len(people) / spent), "counts": counts,
                    "is_sum_of_parts": +whole == +Counter(counts),
                }  # fmt: skip
    return {
        "patients": len(people), "resources": summary.outcome.received, "to_columns_cpu_s": round(loaded, 2),
        "measures": listed, "peak_mb": peak_megabytes(),
    }  # fmt: skip


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.measures", description="Four quality measures natively.")
    parser.add_argument("--quick", action="store_true", help="20 patients, twice")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--copies", type=int, default=10, help="of each patient")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of patient bundles")
    parser.add_argument("--deck", type=Path, default=SHARED, help="the deck of bench.ecqm, for its value sets")
    chosen = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beforehand.config.settings")
    import django

    django.setup()
    if not chosen.deck.exists():
        print(f"There is no deck at {chosen.deck}.", file=sys.stderr)
        return 2
    found = measure_all(chosen.data, chosen.deck, 20 if chosen.quick else 10_000, 2 if chosen.quick else chosen.copies)
    print(json.dumps(found) if chosen.json else "\n".join(f"{name:20} {value}" for name, value in found.items()))
    return 0 if all(one["is_sum_of_parts"] for one in found["measures"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
