"""Who works here and for whom: users, teams, programmes, enrolment, break-glass."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """Somebody who signs in. The role says what they may do; teams say for whom."""

    ROLES = [
        ("COORDINATOR", "Care coordinator"),
        ("SUPERVISOR", "Supervisor"),
        ("PHARMACIST", "Pharmacist"),
        ("SOCIAL_WORKER", "Social worker"),
        ("CLINICIAN", "Clinician (reads)"),
        ("ADMINISTRATOR", "Administrator (no clinical access)"),
    ]
    role = models.CharField(max_length=20, choices=ROLES, default="COORDINATOR")
    credential = models.CharField(max_length=40, blank=True)  # RN, LCSW, PharmD
    last_seen_worklist_at = models.DateTimeField(null=True)  # for "since you were last here"
    worklist_seen_before_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "user"

    @property
    def label(self) -> str:
        """Name as colleagues see it: Dana Reyes, RN."""
        name = self.get_full_name() or self.get_username()
        return f"{name}, {self.credential}" if self.credential else name


class Team(models.Model):
    """A group that works for people together; its queue owns what no person has taken."""

    name = models.CharField(max_length=120, unique=True)
    is_operations = models.BooleanField(default=False)  # holds needs without a patient

    class Meta:
        db_table = "team"


class TeamMember(models.Model):
    """A user's membership of a team, from and until."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT)
    user = models.ForeignKey(User, on_delete=models.PROTECT)
    since = models.DateTimeField(auto_now_add=True)
    until = models.DateTimeField(null=True)

    class Meta:
        db_table = "team_member"


class Programme(models.Model):
    """A reason to work for people, such as transitions of care or complex care."""

    name = models.CharField(max_length=120, unique=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT)

    class Meta:
        db_table = "programme"


class Enrolment(models.Model):
    """The person is worked for, in a programme, by a team, from and until (civil days; until is exclusive)."""

    patient_id = models.BigIntegerField(db_index=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    team = models.ForeignKey(Team, on_delete=models.PROTECT)
    lead = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)  # the single point of contact
    from_day = models.IntegerField()
    until_day = models.IntegerField(null=True)

    class Meta:
        db_table = "enrolment"


class BreakGlass(models.Model):
    """Emergency access to one patient, with a reason and an end; shown to the patient and to supervisors."""

    user = models.ForeignKey(User, on_delete=models.PROTECT)
    patient_id = models.BigIntegerField()
    reason = models.CharField(max_length=400)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()

    class Meta:
        db_table = "break_glass"
        indexes = [models.Index(fields=["user", "patient_id"])]


class HouseSetting(models.Model):
    """An organisation's stored choice, such as enrolling every new person (``auto_enrol``)."""

    name = models.CharField(max_length=60, primary_key=True)
    value = models.JSONField()

    class Meta:
        db_table = "house_setting"
