"""FHIR R4 resources as rows of clinical tables: one module a group of resources, one registry. No Django here."""

from beforehand.clinical.fhir.contract import (
    Mapped,
    MappingContext,
    MappingError,
    PersonStatement,
    Resource,
    Row,
    value_columns,
)
from beforehand.clinical.fhir.registry import KEPT_ONLY, MAPPERS, map_resource

__all__ = [
    "KEPT_ONLY",
    "MAPPERS",
    "Mapped",
    "MappingContext",
    "MappingError",
    "PersonStatement",
    "Resource",
    "Row",
    "map_resource",
    "value_columns",
]
