"""Needs: work that somebody owns, with a next step and a date, until it is closed with an outcome."""

from django.db import models
from django.db.models import Q

from beforehand.care.needs.feed_models import CalendarFeed as CalendarFeed
from beforehand.care.needs.feed_models import FeedEntry as FeedEntry
from beforehand.record.models import Team, User
from beforehand.record.models.scoping import PatientScopedManager

LIVE = ("OPEN", "SNOOZED")


class Need(models.Model):
    """A finding, or a request by a person, that someone works. Days are civil days since 1970-01-01.

    The team's queue owns it while no person does. ``next_on`` is the day of the next step and what the clock
    counts to; ``due_on`` is the rule's day, if it gave one. ``fold_key`` names what it is about: findings with
    the same key fold into one live need of a patient.
    """

    SOURCES = [("FINDING", "Finding"), ("PERSON", "Added by hand"), ("OPERATIONS", "Operations")]
    STATES = [("OPEN", "Open"), ("SNOOZED", "Snoozed"), ("CLOSED", "Closed"), ("DISMISSED", "Dismissed")]

    patient_id = models.BigIntegerField(null=True)  # empty: an operations need
    home_patient_id = models.BigIntegerField(null=True)  # added by hand for this record, now joined into the patient's
    source = models.CharField(max_length=10, choices=SOURCES, default="FINDING")
    state = models.CharField(max_length=10, choices=STATES, default="OPEN")
    fold_key = models.CharField(max_length=300, default="")
    rule_id = models.CharField(max_length=120, default="")  # the leading finding's
    subject = models.CharField(max_length=300, default="")
    status = models.CharField(max_length=10, default="")  # the leading finding's
    topic = models.CharField(max_length=60, default="")
    question = models.TextField()
    reason = models.TextField(default="")
    next_step = models.TextField()
    step_kind = models.CharField(max_length=20, default="other")
    words_key = models.CharField(max_length=120, default="")  # which state of which finding the words come from
    is_planned = models.BooleanField(default=False)  # a person planned the next step: rules no longer rewrite it
    is_dated = models.BooleanField(default=False)  # next_on comes from a rule, a policy or a person, not from nothing
    harm = models.SmallIntegerField(default=3)  # harm if missed, 1 to 5
    next_on = models.IntegerField()
    due_on = models.IntegerField(null=True)
    opens_on = models.IntegerField(null=True)
    shown_from = models.IntegerField()  # hidden from the list before this day (opens later, or snoozed)
    owner_user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    outcome = models.CharField(max_length=400, default="")
    closed_why = models.CharField(max_length=20, default="")  # MET, PERSON, DISMISSED, DEATH, JOINED
    hold_digest = models.CharField(max_length=32, default="")  # of the evidence when a person closed or dismissed it
    hold_until = models.IntegerField(null=True)  # the closing or dismissal ends on this day; empty: no end
    holds_up = models.JSONField(default=list)  # what cannot go ahead until this is settled: [{words, day}]
    waits_for = models.JSONField(default=list)  # what must be settled first: [{words, day}]
    marked = models.CharField(max_length=400, default="")  # why it stays open though nothing asks for it any more
    sensitivity = models.CharField(max_length=80, default="")
    version = models.IntegerField(default=1)
    opened_day = models.IntegerField()
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = PatientScopedManager()
    unscoped = models.Manager()

    class Meta:
        db_table = "need"
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"
        constraints = [
            models.CheckConstraint(condition=~Q(next_step=""), name="need_has_next_step"),
            models.CheckConstraint(condition=~Q(question=""), name="need_has_question"),
            models.CheckConstraint(condition=Q(harm__gte=1, harm__lte=5), name="need_harm_1_to_5"),
            models.CheckConstraint(
                condition=Q(patient_id__isnull=False) | Q(source="OPERATIONS"),
                name="need_without_patient_is_operations",
            ),
            models.CheckConstraint(condition=~Q(state="SNOOZED") | Q(shown_from__gt=0), name="need_snooze_has_day"),
            models.UniqueConstraint(
                fields=["patient_id", "fold_key"],
                condition=Q(state__in=LIVE) & ~Q(fold_key="") & Q(patient_id__isnull=False),
                name="need_live_fold_once",
            ),
            models.UniqueConstraint(
                fields=["fold_key"],
                condition=Q(state__in=LIVE) & ~Q(fold_key="") & Q(patient_id__isnull=True),
                name="need_live_operations_once",
            ),
        ]
        indexes = [
            models.Index(fields=["patient_id", "state"], name="need_by_patient"),
            models.Index(fields=["owner_user", "state"], name="need_by_owner"),
            models.Index(fields=["state", "shown_from"], name="need_by_state"),
            models.Index(fields=["rule_id", "state"], name="need_by_rule"),
        ]


class NeedFinding(models.Model):
    """A finding folded into a need. ``finding_id`` is the number of the look-ahead's finding."""

    need = models.ForeignKey(Need, on_delete=models.CASCADE)
    finding_id = models.BigIntegerField(db_index=True)

    class Meta:
        db_table = "need_finding"
        constraints = [models.UniqueConstraint(fields=["need", "finding_id"], name="need_finding_once")]


class NeedEvent(models.Model):
    """One thing that happened to a need. Append-only; holds what is needed to undo it."""

    need_id = models.BigIntegerField(db_index=True)  # survives the need
    patient_id = models.BigIntegerField(null=True)
    what = models.CharField(
        max_length=20
    )  # OPENED, TAKEN, ASSIGNED, PLANNED, SNOOZED, DISMISSED, CLOSED, HAPPENED, ...
    words = models.CharField(max_length=400, default="")
    by = models.CharField(max_length=120)  # user:<id> or system:<name>
    by_label = models.CharField(max_length=200, default="")
    before = models.JSONField(default=dict)  # the columns this changed, as they were
    after = models.JSONField(default=dict)
    facts = models.JSONField(default=list)  # facts stated in the same action; undo withdraws them
    reason = models.CharField(max_length=400, default="")
    at = models.DateTimeField()
    day = models.IntegerField()
    undoes_id = models.BigIntegerField(null=True)  # the event this one takes back
    undone_by_id = models.BigIntegerField(null=True)

    objects = PatientScopedManager()
    unscoped = models.Manager()

    class Meta:
        db_table = "need_event"
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"
        indexes = [models.Index(fields=["day", "by"], name="need_event_by_day")]


class PersonRisk(models.Model):
    """What makes a missed need worse for this person; recomputed when facts change and each night."""

    patient_id = models.BigIntegerField(primary_key=True)
    points = models.SmallIntegerField(default=0)  # 0 to 10
    recent_stay_day = models.IntegerField(null=True)  # last discharge within the policy's window
    conditions = models.IntegerField(default=0)
    medicines = models.IntegerField(default=0)
    emergency_visits = models.IntegerField(default=0)
    computed_day = models.IntegerField()

    objects = PatientScopedManager()
    unscoped = models.Manager()

    class Meta:
        db_table = "person_risk"
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"


class WorkRow(models.Model):
    """Derived: where a patient stands on one list, scored for one day, so that a page reads ranks and sorts nothing.

    ``slot`` is ``all``, ``user:<id>`` or ``team:<id>``. Where a patient has needs with sensitivity labels there is
    one row for each set of labels that roles see, named by ``audience``; otherwise one row for ``any`` audience.
    """

    patient_id = models.BigIntegerField()
    slot = models.CharField(max_length=30)
    audience = models.CharField(max_length=60)
    band = models.SmallIntegerField()  # 0 first, 1 today, 2 this week, 3 later, 9 nothing to show today
    score = models.IntegerField()
    lead_need_id = models.BigIntegerField(null=True)
    open = models.SmallIntegerField()
    unknown = models.SmallIntegerField()
    snoozed = models.SmallIntegerField()
    late = models.SmallIntegerField()
    marked = models.SmallIntegerField()
    scored_day = models.IntegerField(db_index=True)

    objects = PatientScopedManager()
    unscoped = models.Manager()

    class Meta:
        db_table = "work_row"
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"
        constraints = [models.UniqueConstraint(fields=["patient_id", "slot", "audience"], name="work_row_once")]
        indexes = [models.Index(fields=["slot", "band", "-score", "patient_id"], name="work_row_by_rank")]
