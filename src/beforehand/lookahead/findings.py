"""Findings and rules as other systems read them: the command line's NDJSON and register."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

from django.utils import timezone

from beforehand.clinical.times import date_of, day_of
from beforehand.lookahead.engines.answers import Answer
from beforehand.lookahead.library import library
from beforehand.lookahead.models import Finding
from beforehand.lookahead.run import RunReport, run_everyone, run_patients
from beforehand.lookahead.store import labels_of
from beforehand.lookahead.words import reason
from beforehand.record.access import Principal, for_principal
from beforehand.record.audit import touch
from beforehand.record.fact_lines import lines_of
from beforehand.record.models import FACT_MODELS, Item, PersonIdentifier, Source

PAGE = 200


def rules_register() -> list[dict[str, Any]]:
    """Every rule that may run: id, topic, title, kind, family, authority and clinical review."""
    return [
        {
            "id": rule.id,
            "topic": rule.topic,
            "title": rule.title,
            "kind": rule.kind,
            "family": rule.family or None,
            "authority": {
                "name": rule.authority.name,
                "edition": rule.authority.edition,
                "url": rule.authority.url,
                "valid_from": rule.authority.valid_from.isoformat() if rule.authority.valid_from else None,
                "valid_to": rule.authority.valid_to.isoformat() if rule.authority.valid_to else None,
            },
            "clinical_review": {
                "by": rule.reviewed_by,
                "on": rule.reviewed_on.isoformat() if rule.reviewed_on else None,
            },
        }
        for rule in sorted(library().rules.values(), key=lambda one: (one.topic, one.id))
    ]


def findings_as_dicts(
    principal: Principal,
    *,
    patient_id: int | None = None,
    rule: str | None = None,
    status: str | None = None,
    as_of: date | None = None,
) -> Iterator[dict[str, Any]]:
    """What the rules say, of the patients and labels this principal may see; another day is replayed, not stored."""
    access = for_principal(principal)
    if as_of is None or as_of == timezone.localdate():
        rows = (
            access.of(patient_id).scope(Finding.unscoped.all()) if patient_id else access.scope(Finding.unscoped.all())
        )
        rows = rows.filter(state="CURRENT")
        if rule:
            rows = rows.filter(rule_id=rule)
        if status:
            rows = rows.filter(status=status)
        stream: Iterator[Finding] = rows.order_by("patient_id", "rule_id", "subject").iterator(chunk_size=1000)
    else:
        stream = _replayed(principal, patient_id, rule, status, as_of)
    day = day_of(as_of or timezone.localdate())
    while page := list(islice(stream, PAGE)):
        yield from _page(principal, page, day)


def _replayed(
    principal: Principal, patient_id: int | None, rule: str | None, status: str | None, as_of: date
) -> Iterator[Finding]:
    """What the rules say on another day, without keeping it."""
    access = for_principal(principal)
    report: RunReport
    if patient_id is not None:
        access.of(patient_id).row()
        report = run_patients([patient_id], as_of=as_of, store=False)
    else:
        report = run_everyone(as_of=as_of, store=False)
    visible = {patient_id} if patient_id else set(access.patients().values_list("id", flat=True))
    wanted = [
        answer
        for answer in report.answers
        if answer.patient_id in visible and rule in (None, answer.rule_id) and status in (None, answer.status)
    ]
    labels = _labels_of_facts(wanted)
    for answer in sorted(wanted, key=lambda one: (one.patient_id, one.rule_id, one.subject)):
        if all(access.sees_label(label) for label in labels_of(answer, labels).split()):
            yield _unstored(answer)


def _unstored(answer: Answer) -> Finding:
    return Finding(
        rule_id=answer.rule_id,
        patient_id=answer.patient_id,
        subject=answer.subject,
        status=answer.status,
        opens_on=answer.opens_on,
        due_on=answer.due_on,
        lapses_on=answer.lapses_on,
        recheck_on=answer.recheck_on,
        missing=answer.missing,
        blocks=answer.blocks,
        say=answer.say,
        evidence=[{"table": one.table, "fact_id": one.fact_id, "role": one.role} for one in answer.evidence],
    )


def _labels_of_facts(found: list[Answer]) -> dict[tuple[str, int], str]:
    by_table: dict[str, set[int]] = {}
    for answer in found:
        for one in answer.evidence:
            by_table.setdefault(one.table, set()).add(one.fact_id)
    labels: dict[tuple[str, int], str] = {}
    for table, ids in by_table.items():
        facts = FACT_MODELS[table]._default_manager.filter(pk__in=ids).exclude(sensitivity="").exclude(sensitivity=None)
        labels |= {(table, number): text for number, text in facts.values_list("id", "sensitivity")}
    return labels


def _page(principal: Principal, page: list[Finding], day: int) -> Iterator[dict[str, Any]]:
    patients = {finding.patient_id for finding in page}
    touch(patients)
    among = for_principal(principal).among(patients)
    identifiers: dict[int, list[dict[str, str]]] = {}
    rows = among.scope(PersonIdentifier.unscoped.all()).order_by("patient_id", "system", "value")
    for patient, system, value in rows.values_list("patient_id", "system", "value").distinct():
        identifiers.setdefault(patient, []).append({"system": system, "value": value})
    facts = _facts(principal, page, day)
    for finding in page:
        yield {
            "patient_id": finding.patient_id,
            "identifiers": identifiers.get(finding.patient_id, []),
            "rule": finding.rule_id,
            "subject": finding.subject,
            "status": finding.status,
            "reason": reason(finding, today=day),
            "opens_on": _iso(finding.opens_on),
            "due_on": _iso(finding.due_on),
            "lapses_on": _iso(finding.lapses_on),
            "missing": (finding.missing or None) if finding.status == "UNKNOWN" else None,
            "excluded": (finding.missing or None) if finding.status == "EXCLUDED" else None,
            "blocks": finding.blocks or None,
            "evidence": [_evidence(one, facts) for one in finding.evidence],
        }


def _iso(day: int | None) -> str | None:
    return None if day is None else date_of(day).isoformat()


def _evidence(one: dict[str, Any], facts: dict[tuple[str, int], tuple[str, int, str]]) -> dict[str, Any]:
    source, message, line = facts.get((one["table"], one["fact_id"]), ("", 0, ""))
    return {
        "table": one["table"],
        "fact_id": one["fact_id"],
        "source": source or None,
        "message_id": message or None,
        "role": one["role"],
        "text": line or one["role"],
    }


def _facts(principal: Principal, page: list[Finding], day: int) -> dict[tuple[str, int], tuple[str, int, str]]:
    """(table, fact) -> source, message and words, for the evidence of a page that the principal may see."""
    among = for_principal(principal).among({finding.patient_id for finding in page})
    by_table: dict[str, set[int]] = {}
    for finding in page:
        for one in finding.evidence:
            by_table.setdefault(one["table"], set()).add(one["fact_id"])
    tables = {table: list(among.facts(table).filter(pk__in=ids).values()) for table, ids in by_table.items()}
    lines = lines_of(tables, day)
    items = {row["item_id"] for rows in tables.values() for row in rows}
    sources = dict(Source.objects.values_list("id", "name"))
    messages = dict(Item.objects.filter(pk__in=items).values_list("id", "message_id"))
    return {
        (table, row["id"]): (
            sources.get(row["source_id"], ""),
            messages.get(row["item_id"], 0),
            lines[table, row["id"]],
        )
        for table, rows in tables.items()
        for row in rows
    }
