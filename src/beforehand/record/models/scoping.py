"""Managers that refuse to answer without a principal (promise 6).

``Model.objects.all()`` raises; ``Model.objects.for_principal(p)`` is the only way to rows about patients.
Store modules that move rows in bulk for the system say so by name: ``Model.unscoped`` may be imported
only from the modules listed in ``tests/architecture`` (a guard with a sabotaged control).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from beforehand.record.access import Principal


class UnscopedAccessError(RuntimeError):
    """Patient data was asked for without saying on whose behalf."""


class PatientScopedManager(models.Manager[Any]):
    """Rows about patients; answers only to ``for_principal``. ``patient_field`` leads to the patient's id."""

    patient_field = "patient_id"

    def __init__(self, patient_field: str = "patient_id") -> None:
        super().__init__()
        self.patient_field = patient_field

    def get_queryset(self) -> models.QuerySet[Any]:
        raise UnscopedAccessError(
            f"{self.model.__name__} holds patient data: use {self.model.__name__}.objects.for_principal(principal)"
        )

    def for_principal(self, principal: Principal) -> models.QuerySet[Any]:
        """The rows this principal may see now."""
        return principal.limit(models.QuerySet(self.model, using=self._db), self.patient_field)
