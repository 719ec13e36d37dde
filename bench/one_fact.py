"""One changed fact, all rules, with 100,000 patients in the house: from the fact's transaction to the worklist.

    python -m bench.one_fact [--quick] [--json] [--patients 100000] [--events 200] [--exact]

Each event receives one final result as FHIR bytes through the one door every arrival takes
(``care.needs.arrivals.receive``): bytes kept, fact applied, all rules run for the patient, needs updated, committed.
Reported: p50 and p95 from its start to the committed worklist, with the disk sync each commit waits for and
without it (the kept bytes' own sync too), in processor time as well, and the part that is rules and findings alone.
Generated people have many times known by the month or year, and a rule is then asked under each day that is possible;
``--exact`` makes every day known, as most senders do. On PostgreSQL set DATABASE_URL to an empty database.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from typing import Any
from unittest.mock import patch

if __name__ == "__main__":
    _FOLDER = tempfile.TemporaryDirectory(prefix="beforehand-bench-")
    os.environ["BEFOREHAND_HOME"] = _FOLDER.name
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beforehand.config.settings")
    import django

    django.setup()

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from beforehand.care.needs.arrivals import ready_to_receive, receive
from beforehand.clinical.tables import FACTS
from beforehand.clinical.times import day_of
from beforehand.lookahead.engines.memory import MemoryHouse
from beforehand.lookahead.house import make_ready
from beforehand.lookahead.run import run_patients
from beforehand.record.models import Enrolment, Patient, PersonRecord, Programme, Resource, Source
from beforehand.record.store.rows import insert_rows
from bench._crowd import grow, load_base

CHUNK = 20_000


def fill(patients: int) -> Source:
    """A home with so many enrolled patients, copied in bulk, each with a record of its own at one source."""
    call_command("migrate", verbosity=0)
    make_ready()
    ready_to_receive(enrol_everyone=True)
    _sync(False)
    with transaction.atomic():
        source = _fill(patients)
    _sync(True)
    return source


def _fill(patients: int) -> Source:
    source = Source.objects.create(name="bench")
    house = MemoryHouse()
    load_base(house, day_of(timezone.localdate()), None)
    total = grow(house.connection, patients)
    for name, table in FACTS.items():
        names = [stored.name for stored in table.physical()]
        _move(house.connection, f"fact_{name}", names)
    _move(house.connection, "patient", [str(row[1]) for row in house.connection.execute("pragma table_info(patient)")])
    numbers = list(Patient.unscoped.values_list("id", flat=True))
    free = max(int(_one(f"select coalesce(max(id), 0) from fact_{name}")) for name in FACTS) + 1
    records = [(free + number, source.pk, number, number) for number in numbers]
    insert_rows(PersonRecord._meta.db_table, ["id", "source_id", "patient_id", "own_patient_id"], records)
    insert_rows(
        Resource._meta.db_table,
        ["id", "source_id", "type", "logical_id"],
        [(free + number, source.pk, "Patient", f"p{number}") for number in numbers],
    )
    programme = Programme.objects.order_by("pk").first()
    assert programme is not None
    Enrolment.objects.bulk_create(
        [
            Enrolment(patient_id=number, programme=programme, team_id=programme.team_id, from_day=0)
            for number in numbers
        ],
        batch_size=5000,
    )
    house.connection.close()
    print(f"{total:,} patients in the house", file=sys.stderr)
    return source


def _one(text: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(text)
        return int(cursor.fetchone()[0])


def _move(house: sqlite3.Connection, table: str, names: list[str]) -> None:
    """Copy a table of the made house into the home."""
    extra: dict[str, Any] = {}
    if table == "patient":
        extra = {"zone": "America/New_York", "display_name": "", "sort_name": ""}
    cursor = house.execute(f"select {', '.join(names)} from {table}")
    while rows := cursor.fetchmany(CHUNK):
        insert_rows(table, [*names, *extra], [(*row, *extra.values()) for row in rows])


def event(number: int, patient: int) -> bytes:
    """One final result, as a sender writes it."""
    resource = {
        "resourceType": "Observation",
        "id": f"event-{number}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4", "display": "Hemoglobin A1c"}]},
        "subject": {"reference": f"Patient/p{patient}"},
        "effectiveDateTime": timezone.localdate().isoformat(),
        "valueQuantity": {"value": 6.0 + number % 50 / 10, "unit": "%", "code": "%"},
    }
    return json.dumps(resource).encode()


def know_every_day() -> None:
    """Every time known by the month or year becomes its first day."""
    with transaction.atomic(), connection.cursor() as cursor:
        for name, table in FACTS.items():
            times = [one.name.removesuffix("_from_day") for one in table.physical() if one.name.endswith("_from_day")]
            if times:
                listed = ", ".join(f"{one}_to_day = {one}_from_day" for one in times)
                vague = " or ".join(f"{one}_to_day <> {one}_from_day" for one in times)
                cursor.execute(f"update fact_{name} set {listed} where {vague}")
        cursor.execute("update patient set birth_to_day = birth_from_day where birth_to_day <> birth_from_day")


def timed(source: Source, patients: list[int], first: int, cpu: list[float] | None = None) -> list[float]:
    """Milliseconds of each event; those of the processor are added to ``cpu``."""
    found = []
    for number, patient in enumerate(patients, first):
        content = event(number, patient)
        used, started = time.process_time(), time.perf_counter()
        arrival = receive(content, source)
        found.append((time.perf_counter() - started) * 1000)
        if cpu is not None:
            cpu.append((time.process_time() - used) * 1000)
        if not (arrival.applied == 1 and arrival.rules_ran):
            raise RuntimeError(f"event {number} was not applied with its rules: {arrival}")
    return found


def shown(times: list[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    ordered = sorted(times)
    return {"p50_ms": round(statistics.median(ordered), 2), "p95_ms": round(ordered[int(len(ordered) * 0.95)], 2)}


def measure(patients: int, events: int, is_exact: bool) -> dict[str, Any]:
    """Fill a home and time events in it."""
    source = fill(patients)
    if is_exact:
        know_every_day()
    numbers = list(Patient.unscoped.order_by("id").values_list("id", flat=True))
    chosen = [numbers[(place * 7919) % len(numbers)] for place in range(events * 3 + 20)]
    timed(source, chosen[:20], 0)  # statements are prepared, the library is read
    synced = timed(source, chosen[20 : 20 + events], 100)
    _sync(False)
    cpu: list[float] = []
    with patch("os.fsync", lambda _: None):
        unsynced = timed(source, chosen[20 + events : 20 + 2 * events], 100_000, cpu)
    rules = []
    for patient in chosen[20 + 2 * events :]:
        started = time.perf_counter()
        run_patients([patient], as_of=timezone.localdate())
        rules.append((time.perf_counter() - started) * 1000)
    _sync(True)
    return {
        "database": connection.vendor,
        "patients": len(numbers),
        "rules": len(make_ready().rules),
        "events": events,
        "with_disk_sync": shown(synced),
        "every_day_known": is_exact,
        "without_disk_sync": shown(unsynced),
        "of_the_processor": shown(cpu),
        "rules_and_findings_alone": shown(rules),
    }


def _sync(wait: bool) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"pragma synchronous = {'full' if wait else 'off'}")
        else:
            cursor.execute(f"set synchronous_commit = {'on' if wait else 'off'}")


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.one_fact", description="One changed fact, all rules.")
    parser.add_argument("--quick", action="store_true", help="2,000 patients, 40 events")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--exact", action="store_true", help="every day known")
    chosen = parser.parse_args()
    found = measure(*((2000, 40) if chosen.quick else (chosen.patients, chosen.events)), chosen.exact)
    if chosen.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:26} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
