"""To whom a signed list was given, and who looked: the list says both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from beforehand.care.medicines.signed import SignedListError, named_list
from beforehand.care.needs.answers import local_moment
from beforehand.care.needs.situation import WORK, coded, moment
from beforehand.clinical.fact_words import when
from beforehand.intake.statements import state, withdraw
from beforehand.intake.whose import reference_to
from beforehand.record.access import RECONCILE, PatientNotVisibleError, Principal, for_principal, principal_of, require
from beforehand.record.audit import CHANGE, audited, last_looks
from beforehand.record.models import ConceptCoding, Resource, Source, User

GIVEN = "list-given"
HOW = (
    ("printed", "Printed, by hand"), ("mail", "By mail"), ("fax", "By fax"), ("portal", "Through their own portal"),
    ("read", "Read out"),
)  # fmt: skip


@dataclass(frozen=True)
class Handing:
    """That a signed list was given to somebody."""

    fact_id: int
    words: str  # to whom and how
    day_words: str
    by: str


@transaction.atomic
def give_list(*, list_id: int, to: str, how: str, by: User) -> int:
    """Write down that a signed list was given to a doctor, family or the person; the number of that fact."""
    principal = principal_of(by)
    require(principal, RECONCILE)
    signed = named_list(principal, list_id)
    name = to.strip()
    if not name or len(name) > 200:
        raise SignedListError("say to whom it was given, in at most 200 characters")
    ways = dict(HOW)
    if how not in ways:
        raise SignedListError("say how it was given")
    patient = for_principal(principal).patient(signed.patient_id)
    at, zone = local_moment(timezone.now(), patient.zone)
    identity = Resource.objects.get(source_id=signed.source_id, type="List", logical_id=signed.number)
    said = {
        "resourceType": "Communication",
        "status": "completed",
        "category": [coded(GIVEN, "List given")],
        "reasonCode": [coded(GIVEN, "List given")],
        "sent": moment(at, zone),
        "about": [{"reference": reference_to(identity.pk)}],
        "recipient": [{"display": name}],
        "payload": [{"contentString": f"{name}. {ways[how]}"}],
        "extension": [{"url": f"{WORK}/signed-list", "valueReference": {"reference": reference_to(list_id)}}],
    }
    (fact_id,) = (number for number in state(resource=said, patient_id=patient.pk, by=by) if _is_communication(number))
    audited(principal, "give_list", patients=[patient.pk], access=CHANGE)
    return fact_id


def _is_communication(number: int) -> bool:
    found = Resource.objects.filter(pk=number, type="Communication").values_list("logical_id", flat=True).first()
    return found is not None and "#" not in found


def undo_giving(*, fact_id: int, by: User) -> int:
    """Take back that a list was given; the patient's number."""
    require(principal_of(by), RECONCILE)
    row = for_principal(principal_of(by)).facts("communication").filter(pk=fact_id).values("patient_id", "code").first()
    if row is None or row["code"] not in _given_concepts():
        raise PatientNotVisibleError(f"there is no handing over {fact_id} that you may see")
    withdraw(fact_id=fact_id, by=by, reason="it was not given after all")
    return int(row["patient_id"])


def handed(principal: Principal, patient_id: int, *, as_of: int, list_id: int | None = None) -> list[Handing]:
    """To whom lists were given, newest first; of one signed list where it is named."""
    rows = for_principal(principal).of(patient_id).facts("communication").filter(
        code__in=_given_concepts(), status="completed"
    )  # fmt: skip
    if list_id is not None:
        signed = Resource.objects.get(pk=list_id)
        identity = Resource.objects.filter(source_id=signed.source_id, type="List", logical_id=signed.logical_id)
        rows = rows.filter(about_id__in=identity.values("pk"))
    found = list(rows.order_by("-item_id").values()[:50])
    sources = Source.objects.in_bulk({row["source_id"] for row in found})
    return [
        Handing(
            int(row["id"]),
            str(row["words"] or "Somebody"),
            when(row, "sent", as_of),
            sources[row["source_id"]].label or sources[row["source_id"]].name,
        )
        for row in found
    ]


def _given_concepts() -> set[int]:
    return set(ConceptCoding.objects.filter(system="work", code=GIVEN).values_list("concept_id", flat=True))


def last_opened(principal: Principal, patient_id: int, routes: Sequence[str]) -> list[tuple[str, datetime]]:
    """Who opened the list last, newest first, by name; as far as the principal may see the patient at all."""
    for_principal(principal).of(patient_id).row()
    looks = last_looks(patient_id, routes)
    numbers = [int(look.principal[5:]) for look in looks if look.principal.startswith("user:")]
    names = {f"user:{user.pk}": user.label for user in User.objects.filter(pk__in=numbers)}
    return [(names[look.principal], look.at) for look in looks if look.principal in names]
