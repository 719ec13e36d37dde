"""Tables of the calendars people subscribe to: the private address, and what was last given there."""

from django.db import models

from beforehand.record.models import User


class CalendarFeed(models.Model):
    """A private calendar: somebody's own dates, or one person's visits. Its address is kept as a fingerprint only."""

    SHOWS = [("LITTLE", "That there is something, when and where"), ("NAMES", "Also whom it is about")]
    token_digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")  # on whose behalf it is read
    patient_id = models.BigIntegerField(null=True)  # empty: the user's own dates
    shows = models.CharField(max_length=10, choices=SHOWS, default="LITTLE")
    label = models.CharField(max_length=80, default="")  # who it was made for, in the maker's words
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)
    fetched_by = models.CharField(max_length=160, default="")  # program and address of the last fetch
    fetches = models.IntegerField(default=0)

    class Meta:
        db_table = "calendar_feed"
        indexes = [models.Index(fields=["user", "patient_id"])]


class FeedEntry(models.Model):
    """What a calendar was last given under one UID, so that a change raises its SEQUENCE and a loss says CANCELLED."""

    feed = models.ForeignKey(CalendarFeed, on_delete=models.CASCADE)
    uid = models.CharField(max_length=80)
    content = models.JSONField()
    sequence = models.IntegerField(default=0)
    is_cancelled = models.BooleanField(default=False)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "feed_entry"
        constraints = [models.UniqueConstraint(fields=["feed", "uid"], name="feed_entry_once")]
