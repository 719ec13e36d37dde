"""Who sent what, when: sources, messages as received, the items in them, and resource identities."""

from django.db import models


class Source(models.Model):
    """A sending system or person, with a trust setting."""

    KINDS = [("SYSTEM", "System"), ("PERSON", "Person"), ("PAPER", "Paper"), ("RULE", "Rule of the organisation")]
    name = models.CharField(max_length=120, unique=True)
    label = models.CharField(max_length=200, blank=True)  # as people know it; falls back to name
    kind = models.CharField(max_length=10, choices=KINDS, default="SYSTEM")
    trust = models.CharField(max_length=20, default="NORMAL")
    user_id = models.BigIntegerField(null=True)  # set when the source is a signed-in person
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "source"


class SourceTrust(models.Model):
    """A rule the organisation set: where these two sources contradict each other in such things, the one holds.

    ``number`` is the same in every home that replays the ledger. An ended rule settles nothing new, and what it settled
    is open again.
    """

    number = models.CharField(max_length=36, unique=True)
    kind = models.CharField(max_length=20)  # medicine, allergy, ...
    preferred = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    over = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=400)
    set_by_id = models.BigIntegerField(null=True)
    set_at = models.DateTimeField()
    ended_by_id = models.BigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=400, blank=True)

    class Meta:
        db_table = "source_trust"


class Message(models.Model):
    """One thing received. Bytes live in the blob store under ``digest``; a message is never changed or deleted.

    ``state``: KEPT (bytes committed, not all items applied yet), APPLIED, REFUSED (could not be opened at all).
    Counters are in items and always balance once APPLIED: received = applied + quarantined + refused + duplicates.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    digest = models.CharField(max_length=64)  # sha256 of the bytes as received
    size = models.BigIntegerField()
    name = models.CharField(max_length=400, blank=True)  # file name or path in an archive; never shown in logs
    format = models.CharField(max_length=20)  # connector name: fhir, hl7v2, ...; empty if not recognised
    state = models.CharField(max_length=10, default="KEPT")
    reason = models.CharField(max_length=500, blank=True)  # of a refusal; holds no patient values
    received_at = models.DateTimeField()
    items_done = models.BigIntegerField(default=0)  # how far applying has come, for resuming
    received = models.BigIntegerField(default=0)
    applied = models.BigIntegerField(default=0)
    kept = models.BigIntegerField(default=0)
    quarantined = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)

    class Meta:
        db_table = "message"
        indexes = [models.Index(fields=["source", "digest"]), models.Index(fields=["state"])]


class Item(models.Model):
    """One item of a message: a FHIR resource, an HL7 v2 message, a CSV row. One row for ever.

    ``outcome``: APPLIED (current or superseded or late version, or kept-only type), QUARANTINED, REFUSED, DUPLICATE.
    A duplicate message writes no items: its items are counted on the message alone.
    """

    message = models.ForeignKey(Message, on_delete=models.PROTECT, db_index=False)
    place = models.IntegerField()  # 0-based entry or line in the message
    resource_id = models.BigIntegerField(null=True)  # identity, when it has one
    patient_id = models.BigIntegerField(null=True)  # whose, when known at the time
    outcome = models.CharField(max_length=11)
    version_state = models.CharField(max_length=10, default="")  # CURRENT, SUPERSEDED, LATE, WITHDRAWN, KEPT
    version_at = models.BigIntegerField(null=True)  # meta.lastUpdated else receipt, UTC milliseconds
    digest = models.BinaryField(max_length=16, null=True)  # of the item's content

    class Meta:
        db_table = "item"
        indexes = [models.Index(fields=["message", "place"]), models.Index(fields=["resource_id"])]


class Resource(models.Model):
    """Identity of a resource at its source, the same for all versions; made at first mention, even by a reference."""

    id = models.BigIntegerField(primary_key=True)
    source_id = models.BigIntegerField()
    type = models.CharField(max_length=40)
    logical_id = models.CharField(max_length=300)
    current_item_id = models.BigIntegerField(null=True)  # null: mentioned, not arrived

    class Meta:
        db_table = "resource"
        constraints = [models.UniqueConstraint(fields=["source_id", "type", "logical_id"], name="resource_identity")]


class DirtyPatient(models.Model):
    """Facts of this patient changed and rules have not yet run over them. ``seq`` rises with each change."""

    patient_id = models.BigIntegerField(primary_key=True)
    since = models.DateTimeField()
    tables = models.TextField(default="")  # space-separated fact tables that changed; empty means any

    class Meta:
        db_table = "dirty_patient"
