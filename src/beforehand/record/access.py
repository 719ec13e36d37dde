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
from typing import Any

from django.db.models import Exists, Model, Q, QuerySet
from django.utils import timezone

from beforehand.record.audit import touch
from beforehand.record.models import FACT_MODELS, BreakGlass, Enrolment, Patient, TeamMember, User
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
    related = _Relations(person, at or timezone.now())
    allowed = Q()
    for patients in (related.enrolled(), related.survivors(), related.opened()):
        allowed |= Q(**{f"{patient_field}__in": patients})
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
    visible = visible_sensitivities(_labels(person))
    return queryset.filter(Q(sensitivity__isnull=True) | Q(sensitivity__in=visible))


def _labels(person: Principal) -> frozenset[str]:
    return ROLE_LABELS.get(person.role, frozenset()) if person.may(READ_SENSITIVE) else frozenset()


class _Relations:
    """What ties a person to patients at a moment, as subqueries. Account and role are part of each."""

    def __init__(self, person: Principal, at: datetime) -> None:
        self.person = person
        self.at = at
        self.day = (timezone.localtime(at).date() - _EPOCH).days

    def enrolments(self) -> QuerySet[Enrolment]:
        """Enrolments running today with a team the person is a member of now."""
        teams = TeamMember.objects.filter(
            Q(until=None) | Q(until__gt=self.at),
            user_id=self.person.id,
            user__is_active=True,
            user__role=self.person.role,
            since__lte=self.at,
        )
        return Enrolment.objects.filter(
            Q(until_day=None) | Q(until_day__gt=self.day), from_day__lte=self.day, team_id__in=teams.values("team_id")
        )

    def glasses(self) -> QuerySet[BreakGlass]:
        """Break-glass accesses of the person that run now."""
        return BreakGlass.objects.filter(
            user_id=self.person.id,
            user__is_active=True,
            user__role=self.person.role,
            from_at__lte=self.at,
            until_at__gt=self.at,
        )

    def enrolled(self) -> QuerySet[Any, Any]:
        return self.enrolments().values("patient_id")

    def opened(self) -> QuerySet[Any, Any]:
        return self.glasses().values("patient_id")

    def survivors(self) -> QuerySet[Any, Any]:
        """Enrolment follows a linked record to the patient that survives, and returns by itself when unlinked."""
        merged = Patient.unscoped.filter(merged_into_id__isnull=False, pk__in=self.enrolled())
        return merged.values("merged_into_id")

    def with_patient(self, patient_id: int) -> Q:
        """The same three relations for one patient: two index look-ups, however many patients there are."""
        merged = Patient.unscoped.filter(merged_into_id=patient_id).values("pk")
        enrolled = self.enrolments().filter(Q(patient_id=patient_id) | Q(patient_id__in=merged))
        return Q(Exists(enrolled)) | Q(Exists(self.glasses().filter(patient_id=patient_id)))


class SomePatients:
    """The patients of one page as a principal may see them: the relation is asked once, when the page is built."""

    def __init__(self, principal: Principal, patient_ids: Iterable[int], at: datetime | None = None) -> None:
        self.principal = principal
        self.ids = self._visible(sorted(set(patient_ids)), at or timezone.now())

    def _visible(self, wanted: list[int], at: datetime) -> list[int]:
        if not wanted or not self.principal.may(READ_RECORD):
            return []
        person = self.principal.person
        if person is None:
            return wanted
        related = _Relations(person, at)
        seen = set(related.enrolments().filter(patient_id__in=wanted).values_list("patient_id", flat=True))
        if len(seen) < len(wanted):  # the two rarer relations, for whoever is left
            rest = [patient_id for patient_id in wanted if patient_id not in seen]
            seen.update(related.glasses().filter(patient_id__in=rest).values_list("patient_id", flat=True))
            merged = Patient.unscoped.filter(merged_into_id__in=rest)
            own = dict(merged.values_list("pk", "merged_into_id"))
            enrolled = related.enrolments().filter(patient_id__in=list(own)).values_list("patient_id", flat=True)
            seen.update(own[patient_id] for patient_id in enrolled)
        return sorted(seen)

    def scope(self, queryset: QuerySet[Any], patient_field: str = "patient_id") -> QuerySet[Any]:
        """The rows of this queryset about these patients that the principal may see."""
        theirs = queryset.filter(**{f"{patient_field}__in": self.ids})
        person = self.principal.person
        return theirs if person is None else _without_hidden_labels(person, theirs)

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
        relation = _Relations(person, self._at or timezone.now()).with_patient(self.id)
        return _without_hidden_labels(person, mine.filter(relation))

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
