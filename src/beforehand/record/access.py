"""The one access function: who may see which patients, and which of their facts (promise 6).

``for_principal(p)`` is the only door to patient data for pages, FHIR, jobs, the command line and exports.
A person sees the patients a current team of theirs works for today, and those they opened by break-glass;
labelled facts only as their role allows (``roles.ROLE_LABELS``). All of it is one subquery in the same
statement, so it holds at each read: an enrolment that ended, a membership, role or account that changed
a second ago already counts, also in the middle of a long job.

The replay clock (``as_of``) never decides access: who may look is a matter of the real time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from beforehand.record.audit import touch
from beforehand.record.models import FACT_MODELS, Patient, User
from beforehand.record.roles import (
    ASSIGN_WORK,
    BREAK_GLASS,
    DECIDE_IDENTITY,
    EXPORT,
    INGEST,
    LABELS,
    MANAGE_USERS,
    READ_AUDIT,
    READ_RECORD,
    READ_SENSITIVE,
    RECONCILE,
    ROLE_CAPABILITIES,
    ROLE_LABELS,
    RUN_RULES,
    SYSTEM_CAPABILITIES,
    WORK_NEEDS,
    WORK_QUARANTINE,
    Capability,
    visible_sensitivities,
)
from beforehand.record.store_access import Relation

__all__ = [
    "ASSIGN_WORK",
    "BREAK_GLASS",
    "DECIDE_IDENTITY",
    "EXPORT",
    "INGEST",
    "MANAGE_USERS",
    "READ_AUDIT",
    "READ_RECORD",
    "READ_SENSITIVE",
    "RECONCILE",
    "RUN_RULES",
    "WORK_NEEDS",
    "WORK_QUARANTINE",
    "Access",
    "AccessRefusedError",
    "Capability",
    "OnePatient",
    "PatientNotVisibleError",
    "Principal",
    "SomePatients",
    "for_principal",
    "limit_to",
    "may_see",
    "principal_of",
    "require",
    "system_principal",
]

_EPOCH = date(1970, 1, 1)


class AccessRefusedError(PermissionError):
    """This principal may not do that."""


class PatientNotVisibleError(AccessRefusedError):
    """No such patient, or not one this principal may see; the two are not told apart on purpose."""


@dataclass(frozen=True)
class Principal:
    """On whose behalf something is read or done: a signed-in person, or a named part of the system.

    ``on_behalf_of`` is the person a system principal works for; it then sees and may do no more than they.
    """

    kind: str  # user or system
    id: int  # 0 for a system principal
    name: str
    role: str
    capabilities: frozenset[Capability] = field(repr=False)
    on_behalf_of: Principal | None = None

    @property
    def label(self) -> str:
        """As the audit trail writes it: ``user:7``, ``system:lookahead``."""
        return f"user:{self.id}" if self.kind == "user" else f"system:{self.name}"

    @property
    def person(self) -> Principal | None:
        """The person whose relations decide, or None where a system principal works for everyone."""
        return self if self.kind == "user" else self.on_behalf_of

    def may(self, capability: Capability) -> bool:
        """Whether the role allows this kind of thing at all."""
        return capability in self.capabilities

    def limit(self, queryset: QuerySet[Any], patient_field: str = "patient_id") -> QuerySet[Any]:
        """The rows of this queryset that this principal may see."""
        return limit_to(self, queryset, patient_field)


def principal_of(user: Any) -> Principal:
    """The principal of a signed-in user. A deactivated or anonymous user may do and see nothing."""
    role = str(getattr(user, "role", ""))
    allowed = ROLE_CAPABILITIES.get(role, frozenset()) if user.is_active and user.pk else frozenset()
    return Principal("user", user.pk or 0, user.get_username(), role, allowed)


def system_principal(name: str, *, on_behalf_of: Principal | None = None) -> Principal:
    """A part of the system by name, with its listed capabilities; working for a person it has no more than theirs."""
    try:
        allowed = SYSTEM_CAPABILITIES[name]
    except KeyError:
        known = ", ".join(SYSTEM_CAPABILITIES)
        raise AccessRefusedError(f"no system principal is called {name!r}; there are {known}") from None
    if on_behalf_of is not None:
        allowed &= on_behalf_of.capabilities
    return Principal("system", 0, name, "", allowed, on_behalf_of)


def require(principal: Principal, capability: Capability) -> None:
    """Raise unless the principal may do this now; asks the database again whether the account and role still hold."""
    person = principal.person
    held = person is None or User.objects.filter(pk=person.id, is_active=True, role=person.role).exists()
    if not held or not principal.may(capability):
        raise AccessRefusedError(
            f"{principal.label} may not {capability.value}: ask a supervisor, or an administrator to change the role"
        )


def limit_to(
    principal: Principal,
    queryset: QuerySet[Any],
    patient_field: str = "patient_id",
    *,
    at: datetime | None = None,
    with_unfiled: bool = False,
) -> QuerySet[Any]:
    """The rows this principal may see: patients by relation, labelled rows by role.

    ``with_unfiled`` keeps rows whose patient is not known yet, for those who work the quarantine.
    """
    if not principal.may(READ_RECORD):
        return queryset.none()
    person = principal.person
    if person is None:
        return queryset
    allowed = Q(**{f"{patient_field}__in": _relation(person, at).patients()})
    if with_unfiled and principal.may(WORK_QUARANTINE):
        allowed |= Q(**{f"{patient_field}__isnull": True})
    return _without_hidden_labels(person, queryset.filter(allowed))


def may_see(principal: Principal, patient_ids: Iterable[int]) -> bool:
    """Whether this principal may now see every one of these patients."""
    wanted = set(patient_ids)
    return limit_to(principal, Patient.unscoped.filter(pk__in=wanted), "id").count() == len(wanted)


def _without_hidden_labels(person: Principal, queryset: QuerySet[Any]) -> QuerySet[Any]:
    """Drop rows with a label this role does not see. Holds for any model with a ``sensitivity`` column."""
    model: type[Model] = queryset.model
    if all(column.name != "sensitivity" for column in model._meta.get_fields()):
        return queryset
    return queryset.filter(_visible_labels(_labels(person)))


@cache
def _visible_labels(labels: frozenset[str]) -> Q:
    return Q(sensitivity__isnull=True) | Q(sensitivity__in=visible_sensitivities(labels))


def _labels(person: Principal) -> frozenset[str]:
    return ROLE_LABELS.get(person.role, frozenset()) if person.may(READ_SENSITIVE) else frozenset()


def _relation(person: Principal, at: datetime | None) -> Relation:
    now = at or timezone.now()
    return Relation(person.id, person.role, now, (timezone.localtime(now).date() - _EPOCH).days)


_A_PAGE = 500  # above this, asking for all of a person's patients is cheaper than naming them


class SomePatients:
    """The patients of a page as a principal may see them. Each read checks the relation again, for these alone."""

    def __init__(self, principal: Principal, patient_ids: Iterable[int], at: datetime | None = None) -> None:
        self.principal = principal
        self.ids = sorted(set(patient_ids))
        self._at = at

    def scope(self, queryset: QuerySet[Any], patient_field: str = "patient_id") -> QuerySet[Any]:
        """The rows of this queryset about these patients that the principal may see."""
        if not self.ids or not self.principal.may(READ_RECORD):
            return queryset.none()
        theirs = queryset.filter(**{f"{patient_field}__in": self.ids})
        person = self.principal.person
        if person is None:
            return theirs
        relation = _relation(person, self._at)
        visible = relation.patients_among(self.ids) if len(self.ids) <= _A_PAGE else relation.patients()
        return _without_hidden_labels(person, theirs.filter(**{f"{patient_field}__in": visible}))

    def facts(self, table: str) -> QuerySet[Any]:
        """These patients' facts of one table."""
        return self.scope(_unscoped(FACT_MODELS[table]))


class OnePatient:
    """One patient as a principal may see them. Each read checks the relation again."""

    def __init__(self, principal: Principal, patient_id: int, at: datetime | None = None) -> None:
        self.principal = principal
        self.id = patient_id
        self._at = at

    def scope(self, queryset: QuerySet[Any], patient_field: str = "patient_id") -> QuerySet[Any]:
        """The rows of this queryset about this patient that the principal may see."""
        mine = queryset.filter(**{patient_field: self.id})
        if not self.principal.may(READ_RECORD):
            return mine.none()
        person = self.principal.person
        if person is None:
            return mine
        return _without_hidden_labels(person, mine.filter(_relation(person, self._at).includes(self.id)))

    def facts(self, table: str) -> QuerySet[Any]:
        """This patient's facts of one table."""
        return self.scope(_unscoped(FACT_MODELS[table]))

    def row(self) -> Patient:
        """The patient's own row; PatientNotVisibleError when it may not be seen."""
        found: Patient | None = self.scope(Patient.unscoped.all(), "id").first()
        if found is None:
            raise PatientNotVisibleError(f"there is no patient {self.id} that {self.principal.label} may see")
        return found


class Access:
    """What one principal may see and do."""

    def __init__(self, principal: Principal, at: datetime | None = None) -> None:
        self.principal = principal
        self._at = at

    def patients(self) -> QuerySet[Patient]:
        """The patients this principal may see; people joined into another are left out."""
        return self.scope(Patient.unscoped.filter(merged_into_id=None), "id")

    def facts(self, table: str) -> QuerySet[Any]:
        """Facts of one table across patients. For one patient use ``of(patient_id).facts(table)``: it is faster."""
        return self.scope(_unscoped(FACT_MODELS[table]))

    def scope(
        self, queryset: QuerySet[Any], patient_field: str = "patient_id", *, with_unfiled: bool = False
    ) -> QuerySet[Any]:
        """The rows of this queryset that this principal may see."""
        return limit_to(self.principal, queryset, patient_field, at=self._at, with_unfiled=with_unfiled)

    def of(self, patient_id: int) -> OnePatient:
        """Reads about one patient; cheap however many patients the principal works for."""
        return OnePatient(self.principal, patient_id, self._at)

    def among(self, patient_ids: Iterable[int]) -> SomePatients:
        """Reads about the patients of one page; cheap however many patients the principal works for."""
        return SomePatients(self.principal, patient_ids, self._at)

    def patient(self, patient_id: int) -> Patient:
        """The patient a page or command names, noted in the audit trail. Follows a link to the surviving patient.

        Raises PatientNotVisibleError, which a door answers with "not found".
        """
        merged = Patient.unscoped.filter(pk=patient_id).values_list("merged_into_id", flat=True).first()
        found = self.of(merged or patient_id).row()
        touch([found.pk])
        return found

    def may(self, capability: Capability) -> bool:
        """Whether the principal's role allows this kind of thing."""
        return self.principal.may(capability)

    def sees_label(self, label: str) -> bool:
        """Whether facts with this sensitivity label are shown."""
        person = self.principal.person
        return label in LABELS and (person is None or label in _labels(person))


def for_principal(principal: Principal, *, at: datetime | None = None) -> Access:
    """What this principal may see: the way to every row about a patient."""
    return Access(principal, at)


def _unscoped(model: type[Model]) -> QuerySet[Any]:
    manager = model._meta.default_manager
    if manager is None:
        raise AccessRefusedError(f"{model.__name__} has no manager to read it by")
    return manager.all()
