"""Fill a fresh home with the demo caseload through the same door as everything else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import orjson

from beforehand.doors.cli.demo import medicines_stories, visits_stories
from beforehand.doors.cli.demo.chart import Chart
from beforehand.doors.cli.demo.days import Days

STORIES = (*medicines_stories.STORIES, *visits_stories.STORIES)


def charts(today: date) -> Iterator[Chart]:
    """Every chart of every story, as of ``today``."""
    days = Days(today)
    for story in STORIES:
        yield from story(days)


def paper_nobody_can_place(today: date) -> bytes:
    """A lab's batch with one result whose person nobody knows, and one whose status is no status."""
    days = Days(today)
    common = {
        "resourceType": "Observation",
        "code": {"coding": [{"system": "http://loinc.org", "code": "718-7", "display": "Hemoglobin"}]},
        "effectiveDateTime": days.at(days.ago(3), "09:00"),
        "valueQuantity": {"value": 11.2, "unit": "g/dL"},
    }
    batch = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"resource": {**common, "id": "nobody-1", "status": "final", "subject": {"reference": "Patient/not-sent"}}},
            {"resource": {**common, "id": "nobody-2", "status": "done", "subject": {"reference": "Patient/not-sent"}}},
        ],
    }
    return orjson.dumps(batch)


def write_files(today: date, folder: Path) -> list[tuple[str, Path]]:
    """The caseload as the files its sources would send: (source, path) pairs. For looking at, and for tests."""
    written = []
    for chart in charts(today):
        path = folder / chart.source / f"{chart.person.slug}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(chart.bundle(), option=orjson.OPT_INDENT_2))
        written.append((chart.source, path))
    return written
