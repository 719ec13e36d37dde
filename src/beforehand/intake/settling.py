"""Settling a contradiction: what was decided is stated as a resource, kept and applied like everything else (ADR 4).

The statement names both sides with a digest of what each said, so it stands only while both say it still; see
``record.settlements``. It carries the sensitivity labels of both sides, since its reason may speak of either.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from beforehand.clinical.codes import WORK_SYSTEM
from beforehand.clinical.fhir.orders import SETTLING
from beforehand.intake.apply import apply_messages
from beforehand.intake.as_sent import sent
from beforehand.intake.errors import StatementError
from beforehand.intake.ledger import keep, source_named
from beforehand.intake.statements import source_of
from beforehand.intake.whose import own_record, reference_to
from beforehand.record.access import (
    RECONCILE,
    PatientNotVisibleError,
    Principal,
    for_principal,
    may_see,
    principal_of,
    require,
    system_principal,
)
from beforehand.record.audit import CHANGE, audited
from beforehand.record.contradictions import (
    BOTH,
    KEPT,
    NEITHER,
    NOT_BY_RULE,
    SETTLED,
    Contradiction,
    Side,
    contradiction_named,
    contradictions_of,
)
from beforehand.record.models import FACT_MODELS, Item, Resource, Source, SourceTrust, User
from beforehand.record.settlements import digests_said
from beforehand.record.store.rows import lock_for_writing
from beforehand.record.trust import rule_words, standing_trust

OUTCOMES = (KEPT, BOTH, NEITHER)
RULE_SOURCE = "rules of the organisation"
LONGEST = 2000
# Our sensitivity labels as the security labels that mean them.
_SECURITY = {"SUD": "SUD", "MENTAL": "MH", "HIV": "HIV", "SEXUAL": "SEX", "VIOLENCE": "VIO", "R": "R"}


class SettlingError(ValueError):
    """A contradiction that cannot be settled so; says why and what to do."""


class ContradictionChangedError(SettlingError):
    """What was decided about is not what stands there now. ``now`` is the contradiction as it is, if there is one."""

    def __init__(self, now: Contradiction | None) -> None:
        self.now = now
        why = (
            "the two sources no longer differ" if now is None else "a source, or a colleague, has said something since"
        )
        super().__init__(f"Nothing was settled: {why}. Look at both sides again.")


@transaction.atomic
def settle(
    *, patient_id: int, key: str, outcome: str, kept: int | None, seen: str, by: Principal | User, reason: str
) -> int:
    """Write down what a person decided about a contradiction; the fact it became."""
    principal, user = _settler(by, patient_id)
    if outcome not in OUTCOMES or (kept is not None) != (outcome == KEPT):
        raise SettlingError("Say which of the two holds, or that both do, or that neither does.")
    if not reason.strip():
        raise SettlingError("A decision between two sources needs a reason.")
    lock_for_writing()
    now = contradiction_named(for_principal(principal), patient_id, key)
    if now is None or now.seen != seen:
        raise ContradictionChangedError(now)
    if kept is not None and kept not in (now.left.fact_id, now.right.fact_id):
        raise SettlingError("The statement to be kept is neither of the two.")
    fact = _state(now, outcome, kept, reason, source_of(user), timezone.now())
    audited(principal, "settle_contradiction", patients=[patient_id], access=CHANGE, reason=reason)
    return fact


@transaction.atomic
def undo(*, patient_id: int, settlement: int, by: Principal | User, reason: str) -> None:
    """Take back what was settled: the contradiction is open as before. What a rule settled is then left to people."""
    principal, user = _settler(by, patient_id)
    if not reason.strip():
        raise SettlingError("Taking a decision back needs a reason.")
    lock_for_writing()
    row = for_principal(principal).of(patient_id).facts("settlement").filter(pk=settlement, status="completed").first()
    if row is None:
        raise PatientNotVisibleError(f"There is no settlement {settlement} that you may see.")
    if row.rule:
        access = for_principal(principal)
        key = "-".join(map(str, sorted((row.left_line_id or 0, row.right_line_id or 0))))  # none: a side is gone
        now = contradiction_named(access, patient_id, key)
        if now is None or now.state != SETTLED:
            raise ContradictionChangedError(now)
        _state(now, NOT_BY_RULE, None, reason, source_of(user), timezone.now())
    else:
        _withdraw(settlement)
    audited(principal, "undo_settlement", patients=[patient_id], access=CHANGE, reason=reason)


def apply_trust(patient_ids: Iterable[int]) -> int:
    """Settle by the organisation's rules where these people's sources contradict each other; how many were settled."""
    rules = standing_trust()
    if not rules:
        return 0
    access = for_principal(system_principal("jobs"))
    source = source_named(RULE_SOURCE, kind="RULE")
    kinds = sorted({rule.kind for rule in rules})
    return sum(
        _apply_rules(rules, one, source)
        for patient in sorted(set(patient_ids))
        for one in contradictions_of(access, patient, kinds=kinds)
    )


def _apply_rules(rules: Iterable[SourceTrust], one: Contradiction, source: Source) -> int:
    """Settle one contradiction by the first rule that fits. What a person decided about is left to people."""
    if one.is_settled or one.is_kept_open or (one.settled is not None and not one.settled.is_rule):
        return 0
    for rule in rules:
        for side, other in ((one.left, one.right), (one.right, one.left)):
            if rule.kind == one.kind and _says(side, rule.preferred_id) and _says(other, rule.over_id):
                _state(one, KEPT, side.fact_id, rule_words(rule), source, timezone.now(), rule.number)
                return 1
    return 0


def withdraw_of_rule(rule: SourceTrust) -> list[int]:
    """Take back everything a rule settled that has ended; about whom."""
    rows = FACT_MODELS["settlement"].unscoped.filter(rule=rule.number, status="completed")  # type: ignore[attr-defined]
    found = list(rows.values_list("pk", "patient_id"))
    for number, _ in found:
        _withdraw(number)
    return sorted({patient for _, patient in found})


def _says(side: Side, source: int) -> bool:
    return any(said.source_id == source for said in side.said_by)


def _settler(by: Principal | User, patient_id: int) -> tuple[Principal, User]:
    principal = by if isinstance(by, Principal) else principal_of(by)
    if principal.kind != "user":
        raise SettlingError("Only a person can decide between two sources.")
    require(principal, RECONCILE)
    if not may_see(principal, [patient_id]):
        raise PatientNotVisibleError(f"There is no patient {patient_id} that you may see.")
    return principal, User.objects.get(pk=principal.id)


def _state(
    one: Contradiction, outcome: str, kept: int | None, reason: str, source: Source, at: datetime, rule: str = ""
) -> int:
    said = {side.fact_id: digests_said(side.table, [side.row])[side.fact_id] for side in (one.left, one.right)}
    labels = {label for side in (one.left, one.right) for label in (side.row["sensitivity"] or "").split()}
    parts: list[dict[str, Any]] = [
        _input("left", valueReference={"reference": reference_to(one.left.fact_id)}),
        _input("right", valueReference={"reference": reference_to(one.right.fact_id)}),
        _input("left seen", valueString=said[one.left.fact_id]),
        _input("right seen", valueString=said[one.right.fact_id]),
        _input("outcome", valueString=outcome),
    ]
    parts += [_input("kept", valueReference={"reference": reference_to(kept)})] if kept is not None else []
    parts += [_input("rule", valueString=rule)] if rule else []
    resource = {
        "resourceType": "Task",
        "id": str(uuid.uuid4()),
        "meta": {
            "lastUpdated": at.isoformat(),
            "security": [
                {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": _SECURITY[label]}
                for label in sorted(labels)
            ],
        },
        "status": "completed",
        "intent": "order",
        "code": {"coding": [{"system": WORK_SYSTEM, "code": SETTLING}]},
        "authoredOn": at.isoformat(),
        "for": {"reference": reference_to(own_record(one.patient_id))},
        "description": reason[:LONGEST],
        "input": parts,
    }
    return _say(resource, source, at)[0]


def _input(name: str, **value: Any) -> dict[str, Any]:
    return {"type": {"text": name}, **value}


def _withdraw(settlement: int) -> None:
    """A newer version of the statement, from whoever made it, says that it was made in error."""
    identity = Resource.objects.get(pk=settlement)
    at = timezone.now()
    resource = sent(Item.objects.get(pk=identity.current_item_id or 0))
    meta = {**resource.get("meta", {}), "lastUpdated": at.isoformat()}
    _say({**resource, "status": "entered-in-error", "meta": meta}, Source.objects.get(pk=identity.source_id), at)


def _say(resource: dict[str, Any], source: Source, at: datetime) -> list[int]:
    message = keep(data=orjson.dumps(resource), source=source, name="Task", received_at=at)
    applied = apply_messages(source, [(message, None)], now=at)
    if applied.counts.applied != applied.counts.received:
        raise StatementError(
            "The decision cannot be written down: one of the two statements is not on record any more."
        )
    return sorted(applied.fact_ids)
