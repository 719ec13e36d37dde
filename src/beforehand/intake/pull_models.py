"""Tables of what is fetched from other servers: from where, how far a fetch has come, and each file or page of it."""

from django.db import models

from beforehand.record.models import Source


class PullSource(models.Model):
    """A FHIR server that is asked by itself, and as which source what it answers is kept.

    Tokens and keys are never here: they are files of the home. ``since`` is the moment up to which everything was
    taken in, in the server's own words, and is what the next fetch begins from.
    """

    KINDS = [("BULK", "Bulk export"), ("SEARCH", "Search")]
    AUTHORISATIONS = [("KEY", "Our key"), ("REFRESH", "A refresh token"), ("BEARER", "A token"), ("NONE", "None")]
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    kind = models.CharField(max_length=10, choices=KINDS)
    url = models.CharField(max_length=500)  # the base of the server, without a slash at its end
    level = models.CharField(max_length=120, default="")  # of a bulk export: empty (system), Patient, or Group/id
    types = models.JSONField(default=list)  # empty: all there are; a search may stand behind a type
    patients = models.JSONField(default=list)  # of a search: the server's own ids; empty: whoever the token is for
    origins = models.JSONField(default=list)  # other places the server's answers may name, besides its own
    authorisation = models.CharField(max_length=10, choices=AUTHORISATIONS)
    client_id = models.CharField(max_length=300, default="")
    token_url = models.CharField(max_length=500, default="")  # empty: the server says it, on its own origin
    scope = models.CharField(max_length=1000, default="")
    every_minutes = models.IntegerField()
    per_second = models.FloatField()  # requests at most
    largest_bytes = models.BigIntegerField()  # of one file, unpacked
    since = models.CharField(max_length=40, default="")
    behind = models.JSONField(default=dict)  # searches the server refused, and since when each is still to be asked
    next_at = models.DateTimeField()
    trouble = models.CharField(max_length=500, default="")  # why nothing comes; holds no patient values
    remedy = models.CharField(max_length=500, default="")
    failures = models.IntegerField(default=0)  # in a row
    refusals = models.IntegerField(default=0)  # "come back later" or no answer at all, in a row
    failed_since = models.DateTimeField(null=True)
    last_done_at = models.DateTimeField(null=True)
    added_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "pull_source"
        indexes = [models.Index(fields=["removed_at", "next_at"])]


class PullRun(models.Model):
    """One fetch: an export from its kick-off to its last file, or one round of searches. Taken up where it stood."""

    STATES = [("EXPORTING", "The server prepares it"), ("LOADING", "Being loaded"), ("DONE", "Done"), ("LOST", "Lost")]
    pull = models.ForeignKey(PullSource, on_delete=models.CASCADE)
    state = models.CharField(max_length=10, choices=STATES)
    since = models.CharField(max_length=40, default="")
    until = models.CharField(max_length=40, default="")  # the server's word for the moment of this state
    status_url = models.CharField(max_length=2000, default="")
    looks = models.IntegerField(default=0)  # at the state of the export
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    notes = models.JSONField(default=list)  # what the server said went wrong, in our words
    received = models.BigIntegerField(default=0)
    applied = models.BigIntegerField(default=0)

    class Meta:
        db_table = "pull_run"
        indexes = [models.Index(fields=["pull", "state"])]


class PullFile(models.Model):
    """One file of an export, or one search with its pages: how much of it is in the ledger already."""

    KINDS = [("OUTPUT", "Records"), ("DELETED", "Deletions"), ("ERROR", "Errors"), ("PAGES", "Pages of a search")]
    run = models.ForeignKey(PullRun, on_delete=models.CASCADE)
    place = models.IntegerField()
    kind = models.CharField(max_length=10, choices=KINDS)
    type = models.CharField(max_length=40, default="")
    url = models.CharField(max_length=4000)  # of the file, or of the next page; never printed
    with_token = models.BooleanField(default=True)
    is_done = models.BooleanField(default=False)
    done_bytes = models.BigIntegerField(default=0)  # in the ledger, counted unpacked
    done_parts = models.IntegerField(default=0)
    items = models.BigIntegerField(default=0)
    stated_items = models.BigIntegerField(null=True)
    question = models.CharField(max_length=2000, default="")  # of a search, without since when
    since = models.CharField(max_length=40, default="")
    refusal = models.CharField(max_length=500, default="")  # why the server does not answer this search
    etag = models.CharField(max_length=200, default="")  # so that the rest is the rest of the same file

    class Meta:
        db_table = "pull_file"
        constraints = [models.UniqueConstraint(fields=["run", "place"], name="pull_file_once")]
