"""What a broken promise looks like, and the checks on access that data can prove."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, Q

from beforehand.clinical.tables import FACTS
from beforehand.record.models import FACT_MODELS, BreakGlass, Enrolment, Patient, User
from beforehand.record.roles import LABELS, ROLE_CAPABILITIES, visible_sensitivities

SHOWN = 20  # rows named for one broken check; their number is always said


@dataclass(frozen=True)
class Breach:
    """One row that breaks a promise (numbered as in DESIGN section 3): where, what, what to do. No patient values."""

    promise: int
    where: str
    what: str
    remedy: str


def check_access() -> list[Breach]:
    """Promise 6, as far as rows can show it: every role, label, enrolment and break-glass is one that access knows."""
    return [*_roles(), *_labels(), *_enrolments(), *_glasses()]


def _roles() -> list[Breach]:
    strange = User.objects.exclude(role__in=ROLE_CAPABILITIES).values_list("pk", flat=True)
    return [
        Breach(6, f"user {pk}", "has a role that access does not know, so may do nothing", "give the user a known role")
        for pk in strange[:SHOWN]
    ]


def _labels() -> list[Breach]:
    """A label access does not know is hidden from everybody: safe, but somebody has to know."""
    known = visible_sensitivities(frozenset(LABELS))
    found = []
    for table in FACTS:
        model = FACT_MODELS[table]
        rows = model._meta.base_manager.exclude(Q(sensitivity__isnull=True) | Q(sensitivity__in=known))
        count = rows.count()
        if count:
            first = ", ".join(str(pk) for pk in rows.order_by("pk").values_list("pk", flat=True)[:5])
            what = f"{count} rows carry a sensitivity label nobody may see (first: {first})"
            found.append(Breach(6, f"fact_{table}", what, "add the label to record.roles, or correct the mapping"))
    return found


def _enrolments() -> list[Breach]:
    backwards = Enrolment.objects.filter(until_day__lt=F("from_day")).values_list("pk", flat=True)
    homeless = Enrolment.objects.exclude(patient_id__in=Patient.unscoped.values("pk")).values_list("pk", flat=True)
    return [
        *(
            Breach(6, f"enrolment {pk}", "ends before it begins", "correct its days; until then nobody sees by it")
            for pk in backwards[:SHOWN]
        ),
        *(
            Breach(6, f"enrolment {pk}", "is of a patient that does not exist", "end it, or restore the patient's row")
            for pk in homeless[:SHOWN]
        ),
    ]


def _glasses() -> list[Breach]:
    silent = BreakGlass.objects.filter(Q(reason="") | Q(until_at__lte=F("from_at")))
    return [
        Breach(
            6,
            f"break_glass {pk}",
            "was opened without a reason or an end",
            "ask the user named in it, and write it down",
        )
        for pk in silent.values_list("pk", flat=True)[:SHOWN]
    ]
