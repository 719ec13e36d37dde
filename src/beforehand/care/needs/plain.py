"""The day's list as plain values for the command line (DESIGN section 6): dates are ISO, nothing is a model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from beforehand.care.needs.actions import today
from beforehand.care.needs.replay import replay
from beforehand.care.needs.shapes import EvidenceView, Filters, NeedView, Row
from beforehand.care.needs.standing import audience
from beforehand.care.needs.worklist import as_day, build_rows, listed_from, my_teams, slots_of, worklist
from beforehand.clinical.times import date_of
from beforehand.record.access import Principal, for_principal
from beforehand.record.audit import touch
from beforehand.record.models import PersonIdentifier

PAGE = 200


def _iso(day: int | None) -> str | None:
    return None if day is None else date_of(day).isoformat()


def _evidence(item: EvidenceView) -> dict[str, Any]:
    return {
        "table": item.table,
        "fact_id": item.fact_id,
        "source": item.source_label,
        "message_id": item.message_id,
        "text": item.text,
        "role": item.role,
    }


def need_as_dict(need: NeedView) -> dict[str, Any]:
    """One need."""
    return {
        "id": need.id,
        "state": need.state,
        "rule": need.rule,
        "subject": need.subject,
        "status": need.status,
        "question": need.question,
        "reason": need.reasons[0] if need.reasons else "",
        "opens_on": _iso(need.opens_day),
        "due_on": _iso(need.due_day),
        "next_step": need.next_step,
        "next_on": _iso(need.next_day),
        "owner": need.owner_label,
        "marked": need.marked,
        "missing": need.missing,
        "holds_up": [{"words": tie.words, "due_on": _iso(tie.day)} for tie in need.holds_up],
        "waits_for": [{"words": tie.words, "due_on": _iso(tie.day)} for tie in need.waits_for],
        "authority": need.authority,
        "clinical_review": need.clinical_review,
        "findings": [
            {
                "rule": finding.rule,
                "subject": finding.subject,
                "status": finding.status,
                "reason": finding.reason,
                "opens_on": _iso(finding.opens_day),
                "due_on": _iso(finding.due_day),
                "missing": finding.missing,
            }
            for finding in need.findings
        ],
        "evidence": [_evidence(item) for item in need.evidence],
    }


def _identifiers(principal: Principal, patient_ids: Iterable[int]) -> dict[int, list[dict[str, str]]]:
    rows = for_principal(principal).among(patient_ids).scope(PersonIdentifier.unscoped.order_by("pk"))
    found: dict[int, list[dict[str, str]]] = defaultdict(list)
    for patient_id, system, value in rows.values_list("patient_id", "system", "value"):
        entry = {"system": system, "value": value}
        if entry not in found[patient_id]:
            found[patient_id].append(entry)
    return found


def _as_dicts(principal: Principal, rows: Sequence[Row]) -> list[dict[str, Any]]:
    identifiers = _identifiers(principal, [row.patient_id for row in rows])
    return [
        {
            "patient_id": row.patient_id,
            "patient": row.name,
            "identifiers": identifiers.get(row.patient_id, []),
            "rank": row.rank,
            "band": row.band.value,
            "score": row.score,
            "factors": [
                {"name": each.name, "words": each.words, "weight": each.weight, "points": each.points}
                for each in row.factors
            ],
            "needs": [need_as_dict(need) for need in (row.lead, *row.others)],
        }
        for row in rows
    ]


def worklist_as_dicts(
    principal: Principal, *, as_of: date | int | None = None, owner: str | None = None
) -> list[dict[str, Any]]:
    """The whole list, ranked. Today's is the one people work; another day's is replayed and kept nowhere."""
    day = today() if as_of is None else as_day(as_of)
    if day != today():
        return _replayed(principal, day, owner)
    found, page, pages = [], 1, 1
    while page <= pages:
        shown = worklist(principal, as_of=day, owner=owner, filters=Filters(page=page, per_page=PAGE))
        found += _as_dicts(principal, shown.rows)
        page, pages = page + 1, shown.pages
    return found


def _replayed(principal: Principal, day: int, owner: str | None) -> list[dict[str, Any]]:
    teams = my_teams(principal)
    slots, _ = slots_of(principal, owner or "everyone", teams)
    imagined = replay(principal, day)
    who, found, page, people = audience(principal), [], 1, 1
    while (page - 1) * PAGE < people:
        filters = Filters(page=page, per_page=PAGE)
        listed = listed_from(imagined.needs, principal, slots, teams, filters, who, day)
        reader = for_principal(principal).among(row.patient_id for row in listed.page)
        needs = [need for patient_id in reader.ids for need in imagined.needs.get(patient_id, ())]
        rows = build_rows(listed.page, imagined.needs, imagined.around(reader, needs, day), slots, filters)
        touch([row.patient_id for row in rows])
        found += _as_dicts(principal, rows)
        page, people = page + 1, listed.people
    return found
