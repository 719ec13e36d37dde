"""People: each source's own record of a person, and the one patient those records are joined into."""

from django.db import models

from beforehand.record.models.scoping import PatientScopedManager


class Patient(models.Model):
    """One person. Derived from the linked person records; made with the first and never deleted.

    Every person record reserves a patient row of its own when it arrives; linking points it at another's,
    unlinking points it back, so ids are the same as if it had never been linked.
    """

    id = models.BigAutoField(primary_key=True)
    birth_from_day = models.IntegerField(null=True)
    birth_to_day = models.IntegerField(null=True)
    sex = models.CharField(max_length=10, null=True)
    is_deceased = models.SmallIntegerField(default=0)
    deceased_from_day = models.IntegerField(null=True)
    deceased_to_day = models.IntegerField(null=True)
    language = models.BigIntegerField(null=True)  # concept
    needs_interpreter = models.SmallIntegerField(null=True)
    calendar_id = models.IntegerField(default=1)
    zone = models.CharField(max_length=60, default="America/New_York")
    display_name = models.CharField(max_length=300, default="")  # for pages; never in logs
    sort_name = models.CharField(max_length=300, default="")
    merged_into_id = models.BigIntegerField(null=True)  # set while no person record points here
    changed_seq = models.BigIntegerField(default=0)  # rises when any fact changes; watermark of the column copy

    objects = PatientScopedManager("id")
    unscoped = models.Manager()

    class Meta:
        db_table = "patient"
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"
        indexes = [
            models.Index(fields=["changed_seq"]),
            models.Index(fields=["sort_name"]),
            models.Index(
                fields=["merged_into_id"], condition=models.Q(merged_into_id__isnull=False), name="patient_merged"
            ),
        ]


class PersonRecord(models.Model):
    """One source's own Patient; its id is the resource identity. Facts point here for ever."""

    id = models.BigIntegerField(primary_key=True)
    source_id = models.BigIntegerField()
    patient_id = models.BigIntegerField(db_index=True)  # whom it stands for now
    own_patient_id = models.BigIntegerField(unique=True)  # reserved for it alone
    birth_day = models.IntegerField(null=True)  # exact birth days only
    sex = models.CharField(max_length=10, null=True)

    objects = PatientScopedManager()
    unscoped = models.Manager()

    class Meta:
        db_table = "person_record"
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"
        indexes = [models.Index(fields=["birth_day"])]


class PersonName(models.Model):
    """A name on a person record. ``*_key`` is folded for comparing: case, accents, spaces and marks removed."""

    person_record = models.ForeignKey(PersonRecord, on_delete=models.CASCADE)
    patient_id = models.BigIntegerField(db_index=True)
    use = models.CharField(max_length=20, default="")
    family = models.CharField(max_length=200, default="")
    given = models.CharField(max_length=200, default="")
    text = models.CharField(max_length=300, default="")
    family_key = models.CharField(max_length=200, default="", db_index=True)
    given_key = models.CharField(max_length=200, default="", db_index=True)

    objects = PatientScopedManager()
    unscoped = models.Manager()

    class Meta:
        db_table = "person_name"
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"


class PersonIdentifier(models.Model):
    """An identifier on a person record (system and value as sent)."""

    person_record = models.ForeignKey(PersonRecord, on_delete=models.CASCADE)
    patient_id = models.BigIntegerField(db_index=True)
    system = models.CharField(max_length=300, default="")
    value = models.CharField(max_length=200)
    type = models.CharField(max_length=40, default="")

    objects = PatientScopedManager()
    unscoped = models.Manager()

    class Meta:
        db_table = "person_identifier"
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"
        indexes = [models.Index(fields=["value", "system"])]


class PersonContact(models.Model):
    """A phone, address or e-mail on a person record. ``value_key`` keeps digits only for phones."""

    person_record = models.ForeignKey(PersonRecord, on_delete=models.CASCADE)
    patient_id = models.BigIntegerField(db_index=True)
    kind = models.CharField(max_length=10)  # phone, email, address, contact (next of kin)
    use = models.CharField(max_length=20, default="")
    value = models.CharField(max_length=400)
    value_key = models.CharField(max_length=100, default="", db_index=True)

    objects = PatientScopedManager()
    unscoped = models.Manager()

    class Meta:
        db_table = "person_contact"
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"


class LinkDecision(models.Model):
    """A decision that two person records are, or are not, one person. Append-only; the newest for a pair holds."""

    left_record_id = models.BigIntegerField()
    right_record_id = models.BigIntegerField()
    decision = models.CharField(max_length=10)  # LINK, APART, UNLINK, REOPEN (taken back: nobody has decided)
    basis = models.CharField(max_length=20)  # AUTOMATIC or PERSON
    reason = models.CharField(max_length=400, default="")
    by_user_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "link_decision"
        indexes = [
            models.Index(fields=["left_record_id", "right_record_id"]),
            models.Index(fields=["right_record_id"]),
        ]


class PossibleMatch(models.Model):
    """Two person records that might be one person: for review, never joined by guess."""

    left_record_id = models.BigIntegerField()
    right_record_id = models.BigIntegerField()
    why = models.CharField(max_length=200)  # which kinds of field agree, never their values
    weight = models.IntegerField(default=0)  # orders the list for review, heaviest first; never links
    state = models.CharField(max_length=10, default="OPEN")  # OPEN, LINKED, APART, DOUBT (linked, but differs since)
    found_at = models.DateTimeField()

    class Meta:
        db_table = "possible_match"
        constraints = [
            models.UniqueConstraint(fields=["left_record_id", "right_record_id"], name="possible_match_once")
        ]
        indexes = [models.Index(fields=["state", "-weight"]), models.Index(fields=["right_record_id"])]


class MatchKey(models.Model):
    """A digest of two traits of a person record; records that share one are compared. Derived, made anew at will."""

    person_record = models.ForeignKey(PersonRecord, on_delete=models.CASCADE)
    key = models.BigIntegerField()

    class Meta:
        db_table = "match_key"
        indexes = [models.Index(fields=["key", "person_record"])]


class UnlinkedStatement(models.Model):
    """What somebody here stated of two records while they were linked, and somebody has to look at since they are not.

    The statement stays with the record it was made for; whether it is about the other is for a person to say.
    """

    resource_id = models.BigIntegerField(unique=True)
    person_record_id = models.BigIntegerField()  # with whose record it stays
    other_record_id = models.BigIntegerField()  # the record it was linked to
    since = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)
    looked_by_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "unlinked_statement"
        indexes = [models.Index(fields=["person_record_id"])]
