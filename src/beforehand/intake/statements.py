"""Work is evidence: what a person here says happened becomes a FHIR resource, kept and applied like any other.

The statement's source is the person; its subject is the patient's own record, so it stays with that record if a
link is ever undone. Undoing a statement sends a newer version that says it was entered in error.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from beforehand.intake.apply import apply_messages
from beforehand.intake.as_sent import sent
from beforehand.intake.batch import Applied
from beforehand.intake.errors import StatementError
from beforehand.intake.ledger import keep, source_named
from beforehand.intake.models import QuarantinedItem
from beforehand.intake.whose import about, own_record, reference_to
from beforehand.record.access import WORK_NEEDS, PatientNotVisibleError, Principal, may_see, principal_of, require
from beforehand.record.audit import CHANGE, audited
from beforehand.record.models import Item, PersonRecord, Resource, Source, User


def source_of(user: User) -> Source:
    """The source that stands for a person who works here."""
    source = source_named(f"user:{user.pk}", kind="PERSON", user_id=user.pk)
    if source.label != user.label:  # chips name the person, and follow a new name or credential
        Source.objects.filter(pk=source.pk).update(label=user.label)
        source.label = user.label
    return source


@transaction.atomic
def state(*, resource: Mapping[str, Any], patient_id: int, by: Principal | User) -> list[int]:
    """Write down what a person says happened; the identities of the facts it became.

    ``resource`` is FHIR R4 without its patient; an ``id`` is given when it has none.
    """
    principal, user = _speaker(by)
    require(principal, WORK_NEEDS)
    if not may_see(principal, [patient_id]):
        raise PatientNotVisibleError(f"There is no patient {patient_id} that you may see.")
    record = own_record(patient_id)
    resource = {"id": str(uuid.uuid4()), **resource}
    applied = _say(about(resource, reference_to(record)), source_of(user))
    audited(principal, "state_fact", patients=[patient_id], access=CHANGE)
    return sorted(applied.fact_ids)


@transaction.atomic
def withdraw(*, fact_id: int, by: Principal | User, reason: str) -> None:
    """Take back what a person stated: a newer version says it was entered in error; the older stays readable."""
    principal, _ = _speaker(by)
    require(principal, WORK_NEEDS)
    if not reason.strip():
        raise StatementError("Taking a statement back needs a reason.")
    identity = Resource.objects.filter(pk=fact_id).first()
    source = Source.objects.get(pk=identity.source_id) if identity else None
    if identity is None or source is None or source.kind != "PERSON":
        raise StatementError(f"Fact {fact_id} was not stated by a person here: its sender has to correct it.")
    logical_id = identity.logical_id.split("#")[0]
    identity = Resource.objects.get(source_id=source.pk, type=identity.type, logical_id=logical_id)
    item = Item.objects.get(pk=identity.current_item_id or 0)
    if item.patient_id is not None and not may_see(principal, [_now(item.patient_id)]):
        raise PatientNotVisibleError(f"There is no fact {fact_id} that you may see.")
    _say({**sent(item), "status": "entered-in-error"}, source)
    audited(
        principal, "withdraw_fact", patients=[item.patient_id] if item.patient_id else (), access=CHANGE, reason=reason
    )


def _now(patient_id: int) -> int:
    """The patient that stands for the person record this number was reserved for."""
    found = PersonRecord.unscoped.filter(own_patient_id=patient_id).values_list("patient_id", flat=True).first()
    return int(found) if found is not None else patient_id


def _speaker(by: Principal | User) -> tuple[Principal, User]:
    principal = by if isinstance(by, Principal) else principal_of(by)
    if principal.kind != "user":
        raise StatementError("Only a person can say what happened.")
    return principal, User.objects.get(pk=principal.id)


def _say(resource: Mapping[str, Any], source: Source) -> Applied:
    now = timezone.now()
    said = {**resource, "meta": {**resource.get("meta", {}), "lastUpdated": now.isoformat()}}
    message = keep(data=orjson.dumps(said), source=source, name=str(said["resourceType"]), received_at=now)
    applied = apply_messages(source, [(message, None)], now=now)
    if applied.counts.applied != applied.counts.received:
        trouble = QuarantinedItem.objects.filter(message=message).values_list("reason", "field").first()
        raise StatementError(f"The statement cannot be written down: {' '.join(trouble or ('it repeats another.',))}")
    return applied
