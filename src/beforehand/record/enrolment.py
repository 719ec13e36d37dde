"""Whom we work for. A fresh home enrols everyone who arrives, until the organisation says otherwise."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from beforehand.record.models import Enrolment, HouseSetting, Programme, Team
from beforehand.record.store.rows import insert_rows, table_of

PROGRAMME = "Care coordination"
TEAM = "Care team"
OPERATIONS = "Operations"


def default_programme() -> Programme:
    """The programme that new people join, made with its team when it is first needed."""
    team, _ = Team.objects.get_or_create(name=TEAM)
    programme, _ = Programme.objects.get_or_create(name=PROGRAMME, defaults={"team": team})
    return programme


def operations_team() -> Team:
    """The team whose queue holds what has no patient, made when it is first needed."""
    team = Team.objects.filter(is_operations=True).order_by("id").first()
    return team or Team.objects.get_or_create(name=OPERATIONS, defaults={"is_operations": True})[0]


def enrols_everyone() -> bool:
    """Whether new people are enrolled by themselves: the stored choice of this house, else the setting."""
    stored = HouseSetting.objects.filter(name="auto_enrol").values_list("value", flat=True).first()
    return bool(getattr(settings, "AUTO_ENROL", True) if stored is None else stored)


def enrol_new(patient_ids: Iterable[int], day: int) -> None:
    """Enrol people who are new here, unless the organisation enrols by hand."""
    patients = list(patient_ids)
    if not patients or not enrols_everyone():
        return
    programme = default_programme()
    insert_rows(
        table_of(Enrolment),
        ["patient_id", "programme_id", "team_id", "lead_id", "from_day", "until_day"],
        [(patient, programme.pk, programme.team_id, None, day, None) for patient in patients],
    )
