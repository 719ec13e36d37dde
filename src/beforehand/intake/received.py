"""A person's whole record as FHIR: every resource as its source sent it, for whoever may see its facts."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from beforehand.clinical.fhir.bundles import Sent, bundle_of, json_of
from beforehand.clinical.fhir.labels import sensitivity_of
from beforehand.clinical.tables import FACTS
from beforehand.intake.blobs import read_blob
from beforehand.intake.formats import items_of
from beforehand.intake.partial import wholes
from beforehand.record.access import Access
from beforehand.record.audit import audited
from beforehand.record.models import Item, Message


def received_bundle(access: Access, patient_id: int) -> dict[str, Any]:
    """A collection Bundle of what was received about the person: current versions of facts, and what is only kept.

    A resource is left out where the principal may not see the facts made from it, or one of its labels.
    Write it with ``clinical.fhir.bundles.json_of``, so that numbers keep their digits.
    """
    person = access.patient(patient_id)
    mine = access.of(person.pk)
    numbers: set[int] = set()
    for table in FACTS:
        numbers.update(mine.facts(table).values_list("item_id", flat=True).distinct())
    numbers.update(mine.scope(Item.objects.filter(version_state="KEPT")).values_list("pk", flat=True))
    audited(access.principal, "read_received", patients=[person.pk])
    return bundle_of(_sent(access, numbers))


def received_json(access: Access, patient_id: int) -> bytes:
    """The Bundle as text, with every number in the digits it was sent in."""
    return json_of(received_bundle(access, patient_id), indent=True)


def _sent(access: Access, numbers: set[int]) -> list[Sent]:
    """The resources of these items, each message opened once, in the order they came; parts as the whole they make."""
    places: defaultdict[int, dict[int, int]] = defaultdict(dict)
    resources: dict[int, int] = {}
    for item in Item.objects.filter(pk__in=numbers).only("message_id", "place", "resource_id"):
        places[item.message_id][item.place] = item.pk
        resources[item.pk] = item.resource_id or 0
    whole = wholes(resources)
    found = []
    for message in Message.objects.filter(pk__in=places).select_related("source").order_by("pk"):
        wanted = places[message.pk]
        for raw in items_of(read_blob(message.digest), message.name):
            if raw.place not in wanted or raw.resource is None:
                continue
            resource = whole.get(wanted[raw.place], raw.resource)
            if _may_show(access, resource):
                found.append(Sent(resource, message.source.name, raw.full_url or ""))
    return found


def _may_show(access: Access, resource: dict[str, Any]) -> bool:
    meta = resource.get("meta") or {}
    return all(access.sees_label(label) for label in sensitivity_of(meta.get("security") or []).split())
