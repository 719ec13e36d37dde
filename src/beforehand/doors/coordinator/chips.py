"""Evidence as grey chips: what a fact says, who said it, and the way to its provenance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from beforehand.care.needs.shapes import EvidenceView

KINDS = {"SYSTEM": "System", "PERSON": "A person", "PAPER": "Paper"}


def chip(evidence: EvidenceView) -> dict[str, Any]:
    """One fact behind a need."""
    kind = KINDS.get(evidence.source_kind, evidence.source_kind)
    return {
        "text": evidence.text,
        "source": evidence.source_label,
        "is_said": evidence.said,
        "rows": [("Who said so", f"{evidence.source_label} ({kind.lower()})")],
        "url": reverse("provenance", args=[evidence.table, evidence.fact_id]) if evidence.message_id else "",
    }


def chips(evidence: Iterable[EvidenceView], *, limit: int | None = None) -> list[dict[str, Any]]:
    """Chips in the order given, each fact once."""
    seen: dict[tuple[str, int], dict[str, Any]] = {}
    for one in evidence:
        seen.setdefault((one.table, one.fact_id), chip(one))
    found = list(seen.values())
    return found if limit is None else found[:limit]
