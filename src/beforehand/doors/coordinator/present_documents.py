"""The documents of the chart, each with the way to it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from beforehand.clinical.fact_words import when
from beforehand.doors.coordinator.chart import Chart

SHOWN = 12


def documents(chart: Chart, now: int) -> list[dict[str, Any]]:
    """Every document, the newest first. Two of one sort and day are two: nobody has compared what they say."""
    found = []
    for line in chart.lines("document_reference"):
        for row in line.said_by:
            if row["status"] == "entered-in-error" or row["doc_status"] == "entered-in-error":
                continue
            source = chart.source(row["source_id"])
            found.append(
                {
                    "name": row["title"] or chart.concept(row["code"]) or "Document",
                    "when": when(row, "written", now),
                    "source": "Paper" if source and source.kind == "PAPER" else chart.source_label(row["source_id"]),
                    "url": reverse("document", args=[row["id"]]),
                }
            )
    return found
