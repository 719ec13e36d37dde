"""Tables of intake: the quarantine worklist and what helps references find their targets in any order."""

from django.conf import settings
from django.db import models

from beforehand.intake.inbox_models import FolderFile as FolderFile
from beforehand.intake.inbox_models import WatchedFolder as WatchedFolder
from beforehand.intake.inbox_models import WebhookCall as WebhookCall
from beforehand.intake.inbox_models import WebhookSender as WebhookSender
from beforehand.intake.pull_models import PullFile as PullFile
from beforehand.intake.pull_models import PullRun as PullRun
from beforehand.intake.pull_models import PullSource as PullSource
from beforehand.record.models import Message, Source, Team


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


class FiledItem(models.Model):
    """Whose an item is, where it does not say so and a person who read it did. Taken back by deleting the row."""

    item_id = models.BigIntegerField(primary_key=True)
    message_id = models.BigIntegerField(db_index=True)
    person_record_id = models.BigIntegerField()
    by_user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "filed_item"


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


class Sender(models.Model):
    """Who may send over a line (MLLP), and as which source. An empty part means any; at least one is not empty."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    network = models.CharField(max_length=50, default="")  # 10.1.2.3 or 10.1.0.0/16
    application = models.CharField(max_length=230, default="")  # MSH-3, first component
    facility = models.CharField(max_length=230, default="")  # MSH-4, first component
    added_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sender"
        indexes = [models.Index(fields=["source", "removed_at"])]


class Answer(models.Model):
    """What was answered to a message that came over a line: the same message again gets the same answer.

    ``control_id`` is the sender's own number of the message (MSH-10). Another body under the same number is held.
    """

    source_id = models.BigIntegerField()
    control_id = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)  # of the message's bytes
    message_id = models.BigIntegerField()
    accept = models.BinaryField(default=b"")  # the commit answer of the enhanced mode, without its frame
    reply = models.BinaryField(default=b"")  # the application answer; empty until the message is applied
    at = models.DateTimeField()

    class Meta:
        db_table = "answer"
        constraints = [models.UniqueConstraint(fields=["source_id", "digest"], name="answer_once")]
        indexes = [models.Index(fields=["source_id", "control_id"])]
