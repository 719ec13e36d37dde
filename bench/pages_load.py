"""How long Today and Person take with 10,000 patients and 50,000 open needs.

    python bench/pages_load.py [--patients 10000] [--rounds 60]

Makes a home of its own in a temporary folder (or uses the empty database of DATABASE_URL), fills the tables
directly, and times ``worklist`` and ``person_needs`` as a coordinator sees them, with their query counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

if __name__ == "__main__":
    os.environ.setdefault("BEFOREHAND_HOME", tempfile.mkdtemp(prefix="beforehand-bench-"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beforehand.config.settings")
    import django

    django.setup()

from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from beforehand.care.needs.models import Need, NeedFinding, PersonRisk
from beforehand.care.needs.shapes import Filters
from beforehand.care.needs.standing import refresh_day, refresh_rows
from beforehand.care.needs.worklist import person_needs, worklist
from beforehand.clinical.times import day_of
from beforehand.lookahead.models import Finding
from beforehand.record.access import principal_of
from beforehand.record.models import (
    FACT_MODELS,
    Enrolment,
    Item,
    Message,
    Patient,
    Programme,
    Source,
    Team,
    TeamMember,
    User,
)

NEEDS_EACH = 5
TODAY = day_of(timezone.localdate())


def _people(patients: int) -> tuple[Team, list[User]]:
    team = Team.objects.create(name="Bench team")
    programme = Programme.objects.create(name="Bench", team=team)
    users = [User.objects.create(username=f"bench{number}", role="COORDINATOR") for number in range(20)]
    for user in users:
        TeamMember.objects.create(team=team, user=user)
    Patient.unscoped.bulk_create(
        [
            Patient(
                id=number, display_name=f"Person {number}", birth_from_day=-number % 20000, birth_to_day=-number % 20000
            )
            for number in range(1, patients + 1)
        ],
        batch_size=1000,
    )
    Enrolment.objects.bulk_create(
        [
            Enrolment(patient_id=number, programme=programme, team=team, from_day=TODAY - 100)
            for number in range(1, patients + 1)
        ],
        batch_size=1000,
    )
    return team, users


def _facts(patients: int, random_: random.Random) -> None:
    source = Source.objects.create(name="bench-lab", label="Bench lab")
    message = Message.objects.create(
        source=source, digest="0", size=0, format="fhir", state="APPLIED", received_at=timezone.now()
    )
    Item.objects.create(id=1, message=message, place=0, outcome="APPLIED", version_state="CURRENT")
    observation = FACT_MODELS["observation"]
    rows = [
        observation(
            id=number * NEEDS_EACH + place, patient_id=number, person_record_id=number, source_id=source.pk, item_id=1,
            same_as=number * NEEDS_EACH + place, status="final", value_text="5.9", value_unit="mmol/L",
            value_micro=5_900_000, taken_from_day=TODAY - 3, taken_to_day=TODAY - 3,
        )
        for number in range(1, patients + 1)
        for place in range(NEEDS_EACH)
    ]  # fmt: skip
    observation._meta.default_manager.bulk_create(rows, batch_size=500)  # type: ignore[union-attr]
    PersonRisk.unscoped.bulk_create(
        [
            PersonRisk(patient_id=number, points=random_.randrange(8), computed_day=TODAY)
            for number in range(1, patients + 1)
        ],
        batch_size=1000,
    )


def fill(patients: int) -> list[User]:
    """Patients, findings with evidence, and five open needs each."""
    random_, now = random.Random(7), timezone.now()
    with transaction.atomic():
        team, users = _people(patients)
        _facts(patients, random_)
        findings, needs, links = [], [], []
        for number in range(1, patients + 1):
            for place in range(NEEDS_EACH):
                due = TODAY + random_.randrange(-20, 60)
                key = number * NEEDS_EACH + place
                findings.append(
                    Finding(
                        id=key, rule_id=f"bench_{place}", patient_id=number, subject=f"thing:{place}", status="DUE",
                        state="CURRENT", opens_on=TODAY - 5, due_on=due, say={}, missing="", digest="", sensitivity="",
                        evidence=[{"table": "observation", "fact_id": key, "role": "result"}],
                        first_at=now, changed_at=now,
                    )
                )  # fmt: skip
                needs.append(
                    Need(
                        id=key, patient_id=number, fold_key=f"thing:{place}", rule_id=f"bench_{place}",
                        subject=f"thing:{place}", status="UNKNOWN" if place == 4 else "DUE",
                        topic="results", question="Has a doctor seen it?",
                        next_step="Call the clinic", step_kind="result", harm=random_.randrange(1, 6), is_dated=True,
                        next_on=due, due_on=due, opens_on=TODAY - 5, shown_from=TODAY - 5,
                        owner_user=random_.choice(users) if place % 2 else None, team=team, opened_day=TODAY - 5,
                        opened_at=now, changed_at=now,
                    )
                )  # fmt: skip
                links.append(NeedFinding(need_id=key, finding_id=key))
        Finding.unscoped.bulk_create(findings, batch_size=500)
        Need.unscoped.bulk_create(needs, batch_size=500)
        NeedFinding.objects.bulk_create(links, batch_size=1000)
        refresh_rows(range(1, patients + 1), TODAY)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("analyze")
    return users


def timed(act: Callable[[int], Any], rounds: int) -> dict[str, float]:
    """Median and 95th percentile in milliseconds, and how many queries one call takes."""
    act(0)
    taken, worked = [], []
    for number in range(rounds):
        start, busy = time.perf_counter(), time.process_time()
        act(number)
        taken.append((time.perf_counter() - start) * 1000)
        worked.append((time.process_time() - busy) * 1000)
    with CaptureQueriesContext(connection) as queries:
        act(1)
    taken.sort()
    at95 = taken[min(len(taken) - 1, int(len(taken) * 0.95))]
    return {
        "median_ms": round(statistics.median(taken), 1),
        "p95_ms": round(at95, 1),
        "cpu_ms": round(statistics.median(worked), 1),  # says more than the clock where the machine is noisy
        "queries": len(queries),
    }


def main() -> None:
    """Fill, time, print one JSON object."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--patients", type=int, default=10_000)
    reader.add_argument("--rounds", type=int, default=60)
    reader.add_argument("--quick", action="store_true", help="500 patients and 10 rounds: shows that it runs")
    asked = reader.parse_args()
    if asked.quick:
        asked.patients, asked.rounds = 500, 10
    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    users = fill(asked.patients)
    filled = time.perf_counter() - began
    dana = principal_of(users[0])
    step = max(1, asked.patients // 100)
    result = {
        "database": connection.vendor,
        "patients": asked.patients,
        "open_needs": Need.unscoped.count(),
        "fill_seconds": round(filled, 1),
        "today_mine": timed(lambda n: worklist(dana, as_of=TODAY, owner="mine"), asked.rounds),
        "today_team": timed(lambda n: worklist(dana, as_of=TODAY, owner="team"), asked.rounds),
        "today_everyone": timed(lambda n: worklist(dana, as_of=TODAY, owner="everyone"), asked.rounds),
        "today_everyone_page_9": timed(
            lambda n: worklist(dana, as_of=TODAY, owner="everyone", filters=Filters(page=9)), asked.rounds
        ),
        "today_unknown": timed(
            lambda n: worklist(dana, as_of=TODAY, owner="everyone", filters=Filters(state="unknown")), asked.rounds
        ),
        "person": timed(lambda n: person_needs(dana, 1 + (n * step) % asked.patients, as_of=TODAY), asked.rounds),
    }
    began = time.perf_counter()
    worklist(dana, as_of=TODAY + 1, owner="everyone")
    result["another_day_seconds"] = round(time.perf_counter() - began, 2)
    began = time.perf_counter()
    with transaction.atomic():
        refresh_day(TODAY + 1)
    result["new_day_seconds"] = round(time.perf_counter() - began, 2)
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
