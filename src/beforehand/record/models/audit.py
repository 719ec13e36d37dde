"""The audit trail: one event a request or run, the patients it touched, and the chain that seals it."""

from django.db import models


class AuditEvent(models.Model):
    """Who did what, when, from where. Append-only; holds no patient values."""

    at = models.DateTimeField()
    principal = models.CharField(max_length=120)  # user:<id> or system:<name>
    on_behalf_of = models.CharField(max_length=120, default="")
    action = models.CharField(max_length=120)  # route name or action name
    method = models.CharField(max_length=10, default="")
    outcome = models.CharField(max_length=20, default="OK")
    reason = models.CharField(max_length=400, default="")
    request_id = models.CharField(max_length=40, default="")

    class Meta:
        db_table = "audit_event"


class AuditPatient(models.Model):
    """A patient that an event read or changed."""

    event = models.ForeignKey(AuditEvent, on_delete=models.PROTECT)
    patient_id = models.BigIntegerField(db_index=True)
    access = models.CharField(max_length=6)  # READ or CHANGE

    class Meta:
        db_table = "audit_patient"


class AuditSeal(models.Model):
    """The chain: each seal covers one event and the seal before it, keyed outside the database."""

    seq = models.BigAutoField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)
    mac = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_seal"
