"""The concept dictionary and value sets.

A concept is one coded meaning as a source sent it, with all its codings; facts hold its number. A value set
is a list of codes; ``ValueSetCode`` is derived: which concepts fall in which set, so rules join on numbers.
"""

from django.db import models


class Concept(models.Model):
    """One distinct coded meaning. ``key`` is ``system:code`` of its leading coding, or ``text:...`` of words."""

    id = models.BigAutoField(primary_key=True)
    digest = models.CharField(max_length=64, unique=True)  # of all codings, or of the words where there is no code
    key = models.CharField(max_length=300)
    display = models.TextField(default="")

    class Meta:
        db_table = "concept"


class ConceptCoding(models.Model):
    """One coding of a concept. ``system`` is our token (loinc, snomed, rxnorm, ...) or the address as sent."""

    concept = models.ForeignKey(Concept, on_delete=models.CASCADE)
    system = models.CharField(max_length=200)
    code = models.CharField(max_length=200)
    display = models.TextField(default="")

    class Meta:
        db_table = "concept_coding"
        indexes = [models.Index(fields=["system", "code"])]


class ValueSet(models.Model):
    """A named list of codes: ours (shipped) or loaded by the organisation."""

    name = models.CharField(max_length=120, primary_key=True)
    title = models.CharField(max_length=300, default="")
    url = models.CharField(max_length=400, default="", db_index=True)
    version = models.CharField(max_length=80, default="")
    origin = models.CharField(max_length=20, default="SHIPPED")  # SHIPPED or LOADED
    digest = models.CharField(max_length=64, default="")

    class Meta:
        db_table = "value_set"


class ValueSetMember(models.Model):
    """One code of a value set."""

    value_set = models.ForeignKey(ValueSet, on_delete=models.CASCADE)
    system = models.CharField(max_length=200)
    code = models.CharField(max_length=200)
    display = models.TextField(default="")

    class Meta:
        db_table = "value_set_member"
        indexes = [models.Index(fields=["system", "code"])]


class ValueSetCode(models.Model):
    """Derived: concept ``code`` falls in value set ``value_set``. The relation ``value_set_code`` of rules."""

    id = models.BigAutoField(primary_key=True)
    value_set = models.CharField(max_length=120)
    code = models.BigIntegerField()

    class Meta:
        db_table = "value_set_code"
        constraints = [models.UniqueConstraint(fields=["code", "value_set"], name="value_set_code_once")]
        indexes = [models.Index(fields=["value_set", "code"])]
