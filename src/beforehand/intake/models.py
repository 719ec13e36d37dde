"""Tables of intake: the quarantine worklist and what helps references find their targets in any order."""

from django.conf import settings
from django.db import models

from beforehand.record.models import Message, Team


class QuarantinedItem(models.Model):
    """An item that could not become facts: where it is, why, what to do, and who sees to it.

    ``waiting_for`` is the identity of a patient who has not arrived; it is released by itself when they do.
    Holds no patient values: ``field`` is a path such as ``Observation.valueQuantity.value``.
    """

    STATES = [("OPEN", "Open"), ("RELEASED", "Released"), ("REFUSED", "Refused")]
    message = models.ForeignKey(Message, on_delete=models.PROTECT)
    item_id = models.BigIntegerField(unique=True)
    place = models.IntegerField()  # 0-based entry or line in the message
    resource_type = models.CharField(max_length=40, default="")
    reason = models.CharField(max_length=400)
    field = models.CharField(max_length=200, default="")
    remedy = models.CharField(max_length=400, default="")
    owner_team = models.ForeignKey(Team, on_delete=models.PROTECT)
    owner_user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    opened_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=STATES, default="OPEN")
    waiting_for = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    closing_reason = models.CharField(max_length=400, default="")

    class Meta:
        db_table = "quarantined_item"
        indexes = [models.Index(fields=["state", "opened_at"]), models.Index(fields=["waiting_for"])]


class ItemUnit(models.Model):
    """Which items are one as their sender counts them, such as all resources of one HL7 v2 message.

    Only where several resources may come from one thing; an item without a row here counts by itself.
    """

    item_id = models.BigIntegerField(primary_key=True)
    message_id = models.BigIntegerField()
    unit = models.IntegerField()  # 0-based, in its message

    class Meta:
        db_table = "item_unit"
        indexes = [models.Index(fields=["message_id", "unit"])]


class PartialStatement(models.Model):
    """What a resource comes to that its sender states in parts: the newest word on each of its elements.

    ``content`` is ``{element: [version_at, item_id, value]}``; it holds as long as ``item_id`` is the current item.
    """

    resource_id = models.BigIntegerField(primary_key=True)
    item_id = models.BigIntegerField()
    content = models.TextField()

    class Meta:
        db_table = "partial_statement"


class SentIdentifier(models.Model):
    """A business identifier of a resource at its source, so that ``Practitioner?identifier=s|v`` finds it.

    Made by whichever comes first, the resource or the reference; the identity is one either way.
    """

    source_id = models.BigIntegerField()
    type = models.CharField(max_length=40)
    key = models.CharField(max_length=500)  # system|value as sent
    resource_id = models.BigIntegerField()

    class Meta:
        db_table = "sent_identifier"
        constraints = [models.UniqueConstraint(fields=["source_id", "type", "key"], name="sent_identifier_once")]
        indexes = [models.Index(fields=["resource_id"])]


class MedicationMention(models.Model):
    """A fact whose medicine stands in a Medication resource of its own, which may come later or change."""

    fact_id = models.BigIntegerField(primary_key=True)
    fact_table = models.CharField(max_length=40)
    medication_id = models.BigIntegerField(db_index=True)

    class Meta:
        db_table = "medication_mention"
