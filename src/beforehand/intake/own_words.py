"""Whether somebody may read a sender's own words, which tell of more than the one entry they came to see."""

from __future__ import annotations

from collections.abc import Iterable

from beforehand.clinical.fhir.labels import sensitivity_of
from beforehand.intake.connectors.items import RawItem
from beforehand.record.access import Access
from beforehand.record.models import FACT_MODELS, Item


def sees_all_of(access: Access, patient_id: int, item: Item, beside: Iterable[RawItem]) -> bool:
    """Whether every fact that these items of one message gave is this patient's and shown to this principal."""
    raws = list(beside)
    for raw in raws:
        labels = sensitivity_of(((raw.resource or {}).get("meta") or {}).get("security") or [])
        if not all(access.sees_label(label) for label in labels.split()):
            return False
    places = [raw.place for raw in raws]
    items = Item.objects.filter(message_id=item.message_id, place__in=places[:900])
    known = dict(items.values_list("pk", "patient_id"))
    if len(places) > 900 or any(whose not in (None, patient_id) for whose in known.values()):
        return False
    mine = access.of(patient_id)
    for table, model in FACT_MODELS.items():
        labelled = model._meta.base_manager.filter(patient_id=patient_id, item_id__in=known).exclude(sensitivity="")
        if labelled.exclude(pk__in=mine.facts(table).filter(item_id__in=known).values("pk")).exists():
            return False
    return True
