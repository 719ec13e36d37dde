"""Who works for whom today: enrolments, the people of the teams, and records that were joined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils import timezone

from beforehand.care.needs.store import joined_into, memberships, running_enrolments
from beforehand.record.access import WORK_NEEDS
from beforehand.record.models import Patient
from beforehand.record.roles import ROLE_CAPABILITIES

WORKING_ROLES = tuple(sorted(role for role, may in ROLE_CAPABILITIES.items() if WORK_NEEDS in may))


@dataclass(frozen=True)
class Enrolled:
    """By whom a patient is worked for on the day: the leading enrolment's team and lead, and every team."""

    team_id: int
    lead_id: int | None
    teams: frozenset[int]


def enrolments_on(patient_ids: Iterable[int], as_of: int) -> dict[int, Enrolled]:
    """Who works for these patients on the day; the earliest enrolment leads.

    The enrolment of a record that was joined into another follows it to the patient that survives.
    """
    listed = list(patient_ids)
    survivor = joined_into(listed)
    rows = running_enrolments([*listed, *survivor], as_of)
    found: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
    for patient_id, team_id, lead_id in rows:
        found[survivor.get(patient_id) or patient_id].append((team_id, lead_id))
    return {
        patient_id: Enrolled(teams[0][0], teams[0][1], frozenset(team for team, _ in teams))
        for patient_id, teams in found.items()
    }


def workers() -> dict[int, frozenset[int]]:
    """Each user who may work needs now -> the teams they are a member of."""
    found: dict[int, set[int]] = defaultdict(set)
    for user_id, team_id in memberships(WORKING_ROLES, timezone.now()):
        found[user_id].add(team_id)
    return {user_id: frozenset(teams) for user_id, teams in found.items()}


def may_own(user_id: int, enrolled: Enrolled | None, staff: Mapping[int, frozenset[int]]) -> bool:
    """Whether this user can still work a patient's needs; where nobody works for the patient, whether any at all."""
    teams = staff.get(user_id, frozenset())
    return bool(teams) and (enrolled is None or bool(teams & enrolled.teams))


def apart_again(home_ids: Iterable[int]) -> set[int]:
    """Of these patients, those whose records are no longer joined into another's."""
    return set(Patient.unscoped.filter(pk__in=list(home_ids), merged_into_id=None).values_list("pk", flat=True))
