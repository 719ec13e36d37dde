"""What rules found, which text of each rule found it, and which rules fail."""

from django.db import models

from beforehand.record.models.scoping import PatientScopedManager


class Finding(models.Model):
    """What a rule says of one patient and subject. ``(rule_id, patient_id, subject)`` names it for ever."""

    rule_id = models.CharField(max_length=120)
    patient_id = models.BigIntegerField()
    subject = models.CharField(max_length=200)
    status = models.CharField(max_length=10)  # DUE, MET, UNKNOWN, EXCLUDED
    opens_on = models.IntegerField(null=True)  # civil days since 1970-01-01
    due_on = models.IntegerField(null=True)
    lapses_on = models.IntegerField(null=True)
    recheck_on = models.IntegerField(null=True)  # first day it could change without a new fact
    missing = models.CharField(max_length=120, blank=True, default="")  # key of why UNKNOWN or EXCLUDED
    blocks = models.CharField(max_length=200, blank=True, default="")  # subject of what waits for this one
    say = models.JSONField(default=dict)  # what fills the placeholders of question, reason and next step
    evidence = models.JSONField(default=list)  # [{table, fact_id, role}]
    sensitivity = models.CharField(max_length=200, blank=True, default="")  # labels of its evidence, together
    digest = models.CharField(max_length=64, default="")  # of rule, value sets, knowledge and calendar
    fingerprint = models.CharField(max_length=32, default="")  # of everything it says; equal means nothing to write
    is_stale = models.BooleanField(default=False)  # the rule's last run failed; this is what it said before
    state = models.CharField(max_length=12, default="CURRENT")  # CURRENT, WITHDRAWN, RULE_CHANGED
    why = models.CharField(max_length=200, blank=True, default="")  # of a state other than CURRENT
    first_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects = PatientScopedManager()
    unscoped = models.Manager()

    class Meta:
        db_table = "finding"
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"
        constraints = [
            models.UniqueConstraint(fields=["patient_id", "rule_id", "subject"], name="finding_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=["DUE", "MET", "UNKNOWN", "EXCLUDED"]), name="finding_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["recheck_on"], name="finding_by_recheck"),
            models.Index(fields=["rule_id"], name="finding_by_rule"),
        ]


class RuleState(models.Model):
    """Which text of a query (with its value sets, knowledge and calendar) last swept everyone, and when."""

    rule_id = models.CharField(max_length=120, primary_key=True)  # the query's id: a family has one row
    digest = models.CharField(max_length=64)
    swept_at = models.DateTimeField()

    class Meta:
        db_table = "rule_state"


class RuleFailure(models.Model):
    """A rule whose last run failed or that was refused. Gone when it runs again. Holds no patient values."""

    rule_id = models.CharField(max_length=120, primary_key=True)
    what = models.CharField(max_length=300)
    since = models.DateTimeField()

    class Meta:
        db_table = "rule_failure"


class ColumnCopy(models.Model):
    """How far the Parquet copy has come: patients whose ``changed_seq`` is above it are in the delta or not copied."""

    name = models.CharField(max_length=20, primary_key=True)  # base or delta
    seq = models.BigIntegerField()
    folder = models.CharField(max_length=80)
    made_at = models.DateTimeField()

    class Meta:
        db_table = "column_copy"


class CalendarDay(models.Model):
    """One day of one calendar; see ``clinical.calendar``."""

    calendar_id = models.IntegerField()
    day = models.IntegerField()
    year = models.IntegerField()
    month = models.IntegerField()
    day_of_month = models.IntegerField()
    days_in_month = models.IntegerField()
    month_index = models.IntegerField()
    weekday = models.IntegerField()
    is_business = models.SmallIntegerField()
    business_index = models.IntegerField()

    class Meta:
        db_table = "calendar"
        constraints = [models.UniqueConstraint(fields=["day", "calendar_id"], name="calendar_day_once")]
        indexes = [
            models.Index(fields=["month_index", "day_of_month", "calendar_id"], name="calendar_by_month"),
            models.Index(fields=["business_index", "is_business", "calendar_id"], name="calendar_by_business"),
        ]


class CalendarState(models.Model):
    """What each calendar was made from; a change of holidays changes the digest of every rule that uses it."""

    calendar_id = models.IntegerField(primary_key=True)
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64)

    class Meta:
        db_table = "calendar_state"
