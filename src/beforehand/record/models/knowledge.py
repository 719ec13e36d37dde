"""Django models of the knowledge relations (``k_*`` tables), made from ``clinical.knowledge.RELATIONS``."""

from __future__ import annotations

from typing import Any

from django.db import models

from beforehand.clinical.columns import Physical, Stored
from beforehand.clinical.knowledge import RELATIONS, Relation


class KnowledgeLoad(models.Model):
    """Which edition of a knowledge relation is stored, so that the same one is not built twice."""

    relation = models.CharField(max_length=60, primary_key=True)
    digest = models.CharField(max_length=64)
    rows = models.BigIntegerField(default=0)
    loaded_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "knowledge_load"


def _field(stored: Stored) -> models.Field[Any, Any]:
    if stored.type is Physical.TEXT:
        return models.TextField(null=not stored.required)
    return models.BigIntegerField(null=not stored.required)


def _model(relation: Relation) -> type[models.Model]:
    attributes: dict[str, Any] = {"row": models.BigAutoField(primary_key=True)}
    attributes |= {stored.name: _field(stored) for stored in relation.columns}
    attributes["__module__"] = __name__
    attributes["__doc__"] = relation.meaning
    index = models.Index(fields=list(relation.index), name=f"by_k_{relation.name}"[:30])
    attributes["Meta"] = type("Meta", (), {"db_table": f"k_{relation.name}", "app_label": "record", "indexes": [index]})
    name = "".join(part.title() for part in relation.name.split("_")) + "Knowledge"
    return type(name, (models.Model,), attributes)


KNOWLEDGE_MODELS: dict[str, type[models.Model]] = {name: _model(relation) for name, relation in RELATIONS.items()}
globals().update({model.__name__: model for model in KNOWLEDGE_MODELS.values()})
