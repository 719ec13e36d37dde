"""Finding people: by name, birth date, phone or identifier, and by the way a caller names one patient."""

from __future__ import annotations

import re
from datetime import date

from django.db.models import Q, QuerySet

from beforehand.record.access import PatientNotVisibleError, Principal, for_principal
from beforehand.record.models import (
    Patient,
    PersonContact,
    PersonIdentifier,
    PersonName,
    PersonRecord,
    Resource,
    Source,
)
from beforehand.record.store.persons import digits, fold

FOUND_AT_MOST = 50
_EPOCH = date(1970, 1, 1)
_DATES = (
    re.compile(r"\b(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})\b"),
    re.compile(r"\b(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})\b"),
)


class PatientUnknownError(LookupError):
    """Nobody here goes by that name, or more than one does."""


def _birth_day(text: str) -> tuple[int | None, str]:
    """A birth date in the words and the words without it."""
    for pattern in _DATES:
        if found := pattern.search(text):
            try:
                born = date(int(found["year"]), int(found["month"]), int(found["day"]))
            except ValueError:
                continue
            return (born - _EPOCH).days, text[: found.start()] + text[found.end() :]
    return None, text


def find_people(principal: Principal, text: str) -> QuerySet[Patient]:
    """People this principal may see who match every word: name, birth date (1950-03-01, 3/1/1950), phone, number."""
    access = for_principal(principal)
    people = access.patients()
    text = " ".join(text.split())
    if not text:
        return people.none()
    birth_day, rest = _birth_day(text)
    if birth_day is not None:
        people = people.filter(birth_from_day__lte=birth_day, birth_to_day__gte=birth_day)
    rest = rest.strip(" ,;")
    if "|" in rest:
        system, _, value = rest.partition("|")
        return people.filter(pk__in=_with_identifier(value.strip(), system.strip()))[:FOUND_AT_MOST]
    phone = digits(rest)
    if len(phone) >= 7 and not re.search(r"[A-Za-z]", rest):
        matching = Q(pk__in=PersonContact.unscoped.filter(kind="phone", value_key=phone).values("patient_id"))
        return people.filter(matching | Q(pk__in=_with_identifier(rest)))[:FOUND_AT_MOST]
    words = [word for word in (fold(part) for part in re.split(r"[ ,;]+", rest)) if word]
    if rest and not words:
        return people.none()
    by_name = Q()
    for word in words:
        named = PersonName.unscoped.filter(Q(family_key__startswith=word) | Q(given_key__startswith=word))
        by_name &= Q(pk__in=named.values("patient_id"))
    whole = Q(pk__in=_with_identifier(rest)) if rest else Q()
    return people.filter(by_name | whole if rest else by_name).order_by("sort_name", "id")[:FOUND_AT_MOST]


def _with_identifier(value: str, system: str | None = None) -> QuerySet[PersonIdentifier, int]:
    found = PersonIdentifier.unscoped.filter(value=value)
    if system is not None:
        found = found.filter(system=system)
    return found.values_list("patient_id", flat=True)


def resolve_patient(text: str) -> int:
    """The patient a caller means: our id, ``system|value`` or ``source:Patient/id``. Says nothing of who they are.

    Whoever reads on does so through ``for_principal``; this only finds the number.
    """
    text = text.strip()
    if text.isdecimal():
        found = Patient.unscoped.filter(pk=int(text)).values_list("pk", "merged_into_id")
        patients = {merged or number for number, merged in found}
    elif "|" in text:
        system, _, value = text.rpartition("|")
        patients = set(_with_identifier(value, system))
    elif ":Patient/" in text:
        patients = _by_source(text)
    else:
        raise PatientUnknownError("A patient is named by our number, system|value, or source:Patient/id.")
    if len(patients) != 1:
        raise PatientUnknownError("No patient goes by that." if not patients else "More than one patient goes by that.")
    return patients.pop()


def _by_source(text: str) -> set[int]:
    source, _, logical_id = text.rpartition(":Patient/")
    senders = Source.objects.filter(name=source)
    records = Resource.objects.filter(type="Patient", logical_id=logical_id, source_id__in=senders.values("pk"))
    return set(PersonRecord.unscoped.filter(pk__in=records.values("pk")).values_list("patient_id", flat=True))


def visible_patient(principal: Principal, text: str) -> int:
    """``resolve_patient``, and not told apart from nobody where this principal may not see them."""
    try:
        number = resolve_patient(text)
    except PatientUnknownError as error:
        raise PatientNotVisibleError(str(error)) from error
    return int(for_principal(principal).patient(number).pk)
