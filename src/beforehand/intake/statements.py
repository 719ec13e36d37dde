"""Work is evidence: what a person here says happened becomes a FHIR resource, kept and applied like any other.

The statement's source is the person; its subject is the patient's own record, so it stays with that record if a
link is ever undone. Undoing a statement sends a newer version that says it was entered in error.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
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
    return state_together(resources=[resource], patient_id=patient_id, by=by)


@transaction.atomic
def state_together(*, resources: Sequence[Mapping[str, Any]], patient_id: int, by: Principal | User) -> list[int]:
    """Write down several things a person says at once: one message, all of it or nothing."""
    principal, user = _speaker(by)
    require(principal, WORK_NEEDS)
    if not may_see(principal, [patient_id]):
        raise PatientNotVisibleError(f"There is no patient {patient_id} that you may see.")
    whom = reference_to(own_record(patient_id))
    applied = _say([about({"id": str(uuid.uuid4()), **one}, whom) for one in resources], source_of(user))
    audited(principal, "state_fact", patients=[patient_id], access=CHANGE)
    return sorted(applied.fact_ids)


def withdraw(*, fact_id: int, by: Principal | User, reason: str) -> None:
    """Take back what a person stated: a newer version says it was entered in error; the older stays readable."""
    withdraw_together(fact_ids=[fact_id], by=by, reason=reason)


@transaction.atomic
def withdraw_together(*, fact_ids: Iterable[int], by: Principal | User, reason: str) -> None:
    """Take back several statements at once. Each goes back as a word of whoever made it."""
    principal, _ = _speaker(by)
    require(principal, WORK_NEEDS)
    if not reason.strip():
        raise StatementError("Taking a statement back needs a reason.")
    taken_back: dict[int, list[dict[str, Any]]] = {}
    patients: set[int] = set()
    for fact_id in dict.fromkeys(fact_ids):
        source, item = _stated(fact_id, principal)
        taken_back.setdefault(source.pk, []).append(_in_error(sent(item)))
        patients |= {item.patient_id} if item.patient_id is not None else set()
    for number, resources in taken_back.items():
        _say(resources, Source.objects.get(pk=number))
    audited(principal, "withdraw_fact", patients=sorted(patients), access=CHANGE, reason=reason)


@transaction.atomic
def amend(*, fact_id: int, changes: Mapping[str, Any], by: Principal | User, reason: str) -> None:
    """A newer version of what a person stated, such as until when it held; an element changed to None is left out."""
    principal, _ = _speaker(by)
    require(principal, WORK_NEEDS)
    source, item = _stated(fact_id, principal)
    changed = {name: value for name, value in {**sent(item), **changes}.items() if value is not None}
    _say([changed], source)
    patients = [] if item.patient_id is None else [item.patient_id]
    audited(principal, "amend_fact", patients=patients, access=CHANGE, reason=reason)


def _stated(fact_id: int, principal: Principal) -> tuple[Source, Item]:
    """Who stated a fact here, and the item that states it now."""
    identity = Resource.objects.filter(pk=fact_id).first()
    source = Source.objects.get(pk=identity.source_id) if identity else None
    if identity is None or source is None or source.kind != "PERSON":
        raise StatementError(f"Fact {fact_id} was not stated by a person here: its sender has to correct it.")
    logical_id = identity.logical_id.split("#")[0]
    identity = Resource.objects.get(source_id=source.pk, type=identity.type, logical_id=logical_id)
    item = Item.objects.get(pk=identity.current_item_id or 0)
    if item.patient_id is not None and not may_see(principal, [_now(item.patient_id)]):
        raise PatientNotVisibleError(f"There is no fact {fact_id} that you may see.")
    return source, item


def _in_error(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The resource as entered in error; allergies and problems say so where they say how sure they are."""
    if resource["resourceType"] not in ("AllergyIntolerance", "Condition"):
        return {**resource, "status": "entered-in-error"}
    system = "allergyintolerance-verification" if resource["resourceType"][0] == "A" else "condition-ver-status"
    coding = {"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": "entered-in-error"}
    kept = {name: value for name, value in resource.items() if name != "clinicalStatus"}
    return {**kept, "verificationStatus": {"coding": [coding]}}


def _now(patient_id: int) -> int:
    """The patient that stands for the person record this number was reserved for."""
    found = PersonRecord.unscoped.filter(own_patient_id=patient_id).values_list("patient_id", flat=True).first()
    return int(found) if found is not None else patient_id


def _speaker(by: Principal | User) -> tuple[Principal, User]:
    principal = by if isinstance(by, Principal) else principal_of(by)
    if principal.kind != "user":
        raise StatementError("Only a person can say what happened.")
    return principal, User.objects.get(pk=principal.id)


def _say(resources: Sequence[Mapping[str, Any]], source: Source) -> Applied:
    now = timezone.now()
    said = [{**one, "meta": {**one.get("meta", {}), "lastUpdated": now.isoformat()}} for one in resources]
    name = str(said[0]["resourceType"])
    whole = said[0] if len(said) == 1 else {"resourceType": "Bundle", "type": "collection", "entry": _entries(said)}
    message = keep(data=orjson.dumps(whole), source=source, name=name, received_at=now)
    applied = apply_messages(source, [(message, None)], now=now)
    if applied.counts.applied != applied.counts.received:
        trouble = QuarantinedItem.objects.filter(message=message).values_list("reason", "field").first()
        raise StatementError(f"The statement cannot be written down: {' '.join(trouble or ('it repeats another.',))}")
    return applied


def _entries(resources: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"resource": resource} for resource in resources]
