"""Small factories for access tests: users in teams, patients enrolled with teams."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from django.db import models
from django.utils import timezone

from beforehand.clinical.columns import Physical
from beforehand.clinical.tables import FACTS
from beforehand.record.models import (
    FACT_MODELS,
    BreakGlass,
    Enrolment,
    Patient,
    PersonRecord,
    Programme,
    Team,
    TeamMember,
    User,
)

PASSWORD = "a long enough pass phrase"
_numbers = count(1)
_resources = count(1_000_000)


def today() -> int:
    """Today's civil day as facts count them."""
    return (timezone.localdate() - date(1970, 1, 1)).days


def make_team(name: str = "") -> Team:
    return Team.objects.create(name=name or f"Team {next(_numbers)}")


def make_user(role: str = "COORDINATOR", *teams: Team, password: str = "", **fields: Any) -> User:
    user = User(username=fields.pop("username", f"user{next(_numbers)}"), role=role, **fields)
    if password:
        user.set_password(password)
    else:
        user.set_unusable_password()
    user.save()
    for team in teams:
        join(user, team)
    return user


def join(user: User, team: Team, *, until: datetime | None = None) -> TeamMember:
    return TeamMember.objects.create(user=user, team=team, until=until)


def make_patient(*teams: Team, name: str = "", **fields: Any) -> Patient:
    number = next(_numbers)
    name = name or f"Person {number}"
    patient = Patient.unscoped.create(display_name=name, sort_name=name, **fields)
    PersonRecord.unscoped.create(
        id=next(_resources), source_id=1, patient_id=patient.pk, own_patient_id=patient.pk, birth_day=None
    )
    for team in teams:
        enrol(patient, team)
    return patient


def enrol(patient: Patient, team: Team, *, from_day: int | None = None, until_day: int | None = None) -> Enrolment:
    programme, _ = Programme.objects.get_or_create(name=f"Programme of {team.name}", defaults={"team": team})
    return Enrolment.objects.create(
        patient_id=patient.pk,
        programme=programme,
        team=team,
        from_day=today() - 30 if from_day is None else from_day,
        until_day=until_day,
    )


def open_glass(user: User, patient: Patient, *, hours: float = 4, began_hours_ago: float = 0) -> BreakGlass:
    start = timezone.now() - timedelta(hours=began_hours_ago)
    return BreakGlass.objects.create(
        user=user, patient_id=patient.pk, reason="unconscious", from_at=start, until_at=start + timedelta(hours=hours)
    )


def make_fact(table: str, patient: Patient, *, sensitivity: str = "", **values: Any) -> models.Model:
    """A fact row with every required column filled."""
    number = next(_resources)
    row: dict[str, Any] = {
        "id": number,
        "patient_id": patient.pk,
        "person_record_id": number,
        "source_id": 1,
        "item_id": 1,
        "same_as": number,
        "sensitivity": sensitivity,
    }
    for stored in FACTS[table].physical():
        if stored.required and stored.name not in row:
            row[stored.name] = 0 if stored.type is Physical.INTEGER else ""
    return FACT_MODELS[table]._meta.base_manager.create(**(row | values))  # type: ignore[union-attr]
