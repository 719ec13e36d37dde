"""Django models of the fact and reference tables, made from their one statement in ``clinical.tables``."""

from __future__ import annotations

from typing import Any

from django.db import models

from beforehand.clinical.columns import Physical, Stored, Table
from beforehand.clinical.tables import FACTS, REFERENCES
from beforehand.record.models.scoping import PatientScopedManager


def _field(stored: Stored) -> models.Field[Any, Any]:
    if stored.name == "id":
        return models.BigIntegerField(primary_key=True)
    if stored.type is Physical.TEXT:
        return models.TextField(null=True)
    return models.BigIntegerField(null=not stored.required)


def class_name(table: str) -> str:
    """``medication_request`` -> ``MedicationRequestFact``."""
    return "".join(part.title() for part in table.split("_")) + "Fact"


def _indexes(table: Table) -> list[models.Index]:
    if table.reference:
        return []
    code, time = table.by
    columns = ["patient_id", *([code] if code else []), *([f"{time}_from_day"] if time else [])]
    return [models.Index(fields=columns, name=f"by_{table.name}"[:30])]


def _model(table: Table) -> type[models.Model]:
    attributes: dict[str, Any] = {stored.name: _field(stored) for stored in table.physical()}
    attributes["__module__"] = __name__
    attributes["__doc__"] = table.meaning
    meta: dict[str, Any] = {"db_table": f"fact_{table.name}", "app_label": "record", "indexes": _indexes(table)}
    if not table.reference:
        attributes["objects"] = PatientScopedManager()
        attributes["unscoped"] = models.Manager()
        meta |= {"default_manager_name": "unscoped", "base_manager_name": "unscoped"}
    attributes["Meta"] = type("Meta", (), meta)
    return type(class_name(table.name), (models.Model,), attributes)


FACT_MODELS: dict[str, type[models.Model]] = {name: _model(table) for name, table in FACTS.items()}
REFERENCE_MODELS: dict[str, type[models.Model]] = {name: _model(table) for name, table in REFERENCES.items()}
globals().update({model.__name__: model for model in (*FACT_MODELS.values(), *REFERENCE_MODELS.values())})
