"""A person's record leaves as FHIR exactly as it came, and only to whoever may see it."""

import json

import pytest
from django.utils import timezone

from beforehand.intake.received import received_json
from beforehand.record.access import PatientNotVisibleError, for_principal, principal_of
from beforehand.record.models import Patient, Team, TeamMember, User
from tests.unit.intake.bundles import bundle, observation, patient
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db
RESTRICTED = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "ETH"}]}
IMAGE = {"resourceType": "ImagingStudy", "id": "i", "status": "available", "subject": {"reference": "Patient/ann"}}


def member(name: str, role: str) -> User:
    user = User.objects.create_user(name, password="long-enough-words", role=role)
    team, _ = Team.objects.get_or_create(name="Care team")
    joined = TeamMember.objects.create(team=team, user=user)
    TeamMember.objects.filter(pk=joined.pk).update(since=timezone.now() - timezone.timedelta(days=1))
    return user


def written(user: User) -> tuple[str, dict]:
    access = for_principal(principal_of(user))
    text = received_json(access, Patient.unscoped.filter(merged_into_id=None).earliest("pk").pk).decode()
    return text, json.loads(text)


def test_every_resource_of_a_person_leaves_as_it_came_with_its_source() -> None:
    coordinator = member("dana", "COORDINATOR")
    sent = bundle(patient(), observation(), IMAGE).replace(b'"value":9.1,', b'"value":9.10,')
    receive(sent, source="clinic")
    receive(bundle(patient(), observation("later")), source="hospital")
    text, one = written(coordinator)
    kinds = [entry["resource"]["resourceType"] for entry in one["entry"]]
    assert {"Patient", "Observation", "ImagingStudy"} <= set(kinds)
    assert '"value": 9.10' in text
    assert one["type"] == "collection"
    sources = {entry["link"][0]["url"] for entry in one["entry"]}
    assert sources == {"urn:beforehand:source:clinic", "urn:beforehand:source:hospital"}


def test_only_the_current_version_of_a_resource_leaves() -> None:
    coordinator = member("dana", "COORDINATOR")
    receive(bundle(patient(), observation(value=9.1)))
    receive(bundle(observation(value=7.2)))
    _, one = written(coordinator)
    values = [entry["resource"].get("valueQuantity", {}).get("value") for entry in one["entry"]]
    assert [value for value in values if value] == [7.2]


def test_sensitive_resources_stay_where_their_facts_may_not_be_seen() -> None:
    administrator_like = member("sol", "SOCIAL_WORKER")
    coordinator = member("dana", "COORDINATOR")
    labelled = {**IMAGE, "meta": RESTRICTED}
    receive(bundle(patient(), observation(meta=RESTRICTED), labelled))
    for user in (administrator_like, coordinator):
        access = for_principal(principal_of(user))
        _, one = written(user)
        shown = {entry["resource"]["resourceType"] for entry in one["entry"]}
        assert ("Observation" in shown) == ("ImagingStudy" in shown) == access.sees_label("SUD")
        assert "Patient" in shown


def test_a_stranger_gets_nothing() -> None:
    stranger = User.objects.create_user("x", password="long-enough-words", role="COORDINATOR")
    receive(bundle(patient(), observation()))
    with pytest.raises(PatientNotVisibleError):
        written(stranger)
