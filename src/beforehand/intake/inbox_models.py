"""Tables of what comes in by itself: watched folders and the calls of signed webhooks."""

from django.db import models

from beforehand.record.models import Source


class WatchedFolder(models.Model):
    """A folder whose files are taken in as one source. ``is_standing``: `beforehand up` watches it.

    ``mapping`` tells what the columns of its lists mean. ``trouble`` holds no file names and no patient values.
    """

    path = models.CharField(max_length=1000)  # absolute
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    mapping = models.BinaryField(default=b"")
    is_standing = models.BooleanField(default=False)
    added_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)  # when it was last read, to the minute
    trouble = models.CharField(max_length=400, default="")
    trouble_since = models.DateTimeField(null=True)

    class Meta:
        db_table = "watched_folder"


class FolderFile(models.Model):
    """A file whose bytes are in the ledger and which has not left its folder yet; gone once it is moved.

    Written in the transaction that keeps the bytes, so that a watcher that was killed knows that it took the file.
    """

    folder = models.ForeignKey(WatchedFolder, on_delete=models.CASCADE)
    path = models.CharField(max_length=1000)  # in the folder
    digest = models.CharField(max_length=64)
    mark = models.CharField(max_length=120)  # size, time of change and number of the file on its disk
    message_id = models.BigIntegerField()

    class Meta:
        db_table = "folder_file"
        constraints = [models.UniqueConstraint(fields=["folder", "path"], name="folder_file_once")]


class WebhookSender(models.Model):
    """Somebody who posts to an address of their own. Their secrets are made from a key outside the database.

    ``secret_number`` counts the secrets; the one before holds until ``earlier_until``.
    """

    public_id = models.CharField(max_length=40, unique=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    mapping = models.BinaryField(default=b"")
    secret_number = models.IntegerField(default=1)
    earlier_until = models.DateTimeField(null=True)
    per_minute = models.IntegerField(default=120)
    added_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)  # to the minute
    refused_why = models.CharField(max_length=200, default="")

    class Meta:
        db_table = "webhook_sender"


class WebhookCall(models.Model):
    """A call that was kept, and what it was answered: the same signature again gets the same answer."""

    sender = models.ForeignKey(WebhookSender, on_delete=models.CASCADE, db_index=False)
    signature = models.CharField(max_length=64)  # sha256 of the signed words
    message_id = models.BigIntegerField()
    reply = models.TextField()
    at = models.DateTimeField()

    class Meta:
        db_table = "webhook_call"
        constraints = [models.UniqueConstraint(fields=["sender", "signature"], name="webhook_call_once")]
        indexes = [models.Index(fields=["sender", "at"])]
