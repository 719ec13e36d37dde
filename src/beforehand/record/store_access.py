"""The relation between a person and patients, as SQL: the one statement that ``record.access`` puts into every read.

Written out because building it with the ORM cost more (3 ms) than running it (0.1 ms), and it is built for each read.
The account and its role are part of it, so a closed account or a changed role counts at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

# A member now, of a team whose enrolment of the patient runs today. The plus keeps SQLite, which plans without
# statistics here, from walking all enrolments of a team where a few patients are named.
_ENROLLED = """
    join team_member m on m.team_id = +e.team_id
    join "user" u on u.id = m.user_id
    where u.id = %s and u.is_active and u.role = %s
      and m.since <= %s and (m.until is null or m.until > %s)
      and e.from_day <= %s and (e.until_day is null or e.until_day > %s)
"""
# Break-glass that runs now.
_OPENED = """
    from break_glass b join "user" u on u.id = b.user_id
    where b.user_id = %s and u.is_active and u.role = %s and b.from_at <= %s and b.until_at > %s
"""
_DIRECT = f"from enrolment e {_ENROLLED}"
# Enrolment follows a linked record to the patient that survives, and returns by itself when unlinked.
_MERGED = f"from patient p join enrolment e on e.patient_id = p.id {_ENROLLED} and p.merged_into_id is not null"


class Relation:
    """A person at a moment: whose patients are asked for."""

    def __init__(self, user_id: int, role: str, at: datetime, day: int) -> None:
        moment = connection.ops.adapt_datetimefield_value(at)
        self._enrolled: list[Any] = [user_id, role, moment, moment, day, day]
        self._opened: list[Any] = [user_id, role, moment, moment]

    def patients(self) -> RawSQL:
        """The numbers of all their patients, for ``field__in``."""
        text = (
            f"select e.patient_id {_DIRECT} union all select p.merged_into_id {_MERGED}"
            f" union all select b.patient_id {_OPENED}"
        )
        return RawSQL(text, [*self._enrolled, *self._enrolled, *self._opened])  # noqa: S611 our own text, values bound

    def patients_among(self, patient_ids: list[int]) -> RawSQL:
        """The numbers of those of these patients who are theirs, for ``field__in``."""
        marks = ", ".join(["%s"] * len(patient_ids)) or "null"
        text = (
            f"select e.patient_id {_DIRECT} and e.patient_id in ({marks})"
            f" union all select p.merged_into_id {_MERGED} and p.merged_into_id in ({marks})"
            f" union all select b.patient_id {_OPENED} and b.patient_id in ({marks})"
        )
        values = [*self._enrolled, *patient_ids, *self._enrolled, *patient_ids, *self._opened, *patient_ids]
        return RawSQL(text, values)  # noqa: S611 our own text, values bound

    def includes(self, patient_id: int) -> RawSQL:
        """Whether this patient is theirs, as a condition: three index look-ups, however many patients there are."""
        text = (
            f"exists (select 1 {_DIRECT} and e.patient_id = %s)"
            f" or exists (select 1 {_MERGED} and p.merged_into_id = %s)"
            f" or exists (select 1 {_OPENED} and b.patient_id = %s)"
        )
        values = [*self._enrolled, patient_id, *self._enrolled, patient_id, *self._opened, patient_id]
        return RawSQL(text, values, output_field=BooleanField())  # noqa: S611 our own text, values bound
