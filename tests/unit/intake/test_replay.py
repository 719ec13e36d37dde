"""The bytes as received and people's decisions, put through again, give the same record."""

import json

import pytest
from django.apps import apps
from django.db import connection

from beforehand.intake.blobs import read_blob
from beforehand.intake.errors import IntakeError
from beforehand.intake.models import QuarantinedItem
from beforehand.intake.quarantine import check_balance, refuse_item
from beforehand.intake.replay import replay, written_ledger
from beforehand.intake.statements import state
from beforehand.record.access import principal_of
from beforehand.record.identity import check_links, keep_apart, link_records, settle_statement
from beforehand.record.models import PersonRecord, Resource, Team, TeamMember, UnlinkedStatement, User
from beforehand.record.store.canon import canonical_record
from tests.unit.intake.bundles import SSN, bundle, condition, observation, patient
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db
KEPT = {"user", "team", "team_member", "programme", "value_set", "value_set_member"}


def empty_the_house() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "set constraints all deferred" if connection.vendor == "postgresql" else "pragma foreign_keys=off"
        )
        cursor.execute("pragma defer_foreign_keys=on" if connection.vendor == "sqlite" else "select 1")
        for label in ("record", "intake"):
            for model in reversed(list(apps.get_app_config(label).get_models())):
                if model._meta.db_table not in KEPT:
                    cursor.execute(f'delete from "{model._meta.db_table}"')


def test_replay_gives_the_same_record() -> None:
    user = User.objects.create_user("sue", password="long-enough-words", role="SUPERVISOR")
    team, _ = Team.objects.get_or_create(name="Care team")
    TeamMember.objects.create(team=team, user=user)
    by = principal_of(user)
    receive(bundle(observation("early"), patient("bea")), source="hospital")
    receive(bundle(patient(), condition(), observation("bad", valueQuantity={"value": "x"})), source="hospital")
    receive(bundle(patient("x", identifier=[{"system": SSN, "value": "222-33-4444"}])), source="clinic")
    receive(bundle(observation("early", value=7)), source="hospital")
    receive(b"not a bundle", source="fax")
    records = list(PersonRecord.unscoped.order_by("id").values_list("pk", flat=True))
    refuse_item(item=QuarantinedItem.objects.get(state="OPEN"), by=by, reason="A test of the sender.")
    link_records(left=records[1], right=records[2], by=by, reason="She said so.")
    keep_apart(left=records[0], right=records[1], by=by, reason="Sisters.")
    patient_id = PersonRecord.unscoped.get(pk=records[0]).patient_id
    state(resource={"resourceType": "Communication", "status": "completed"}, patient_id=patient_id, by=by)
    before = canonical_record()
    ledger = json.loads(json.dumps(list(written_ledger())))
    with pytest.raises(IntakeError, match="fresh home"):
        replay(ledger, read_bytes=read_blob)
    empty_the_house()
    replay(ledger, read_bytes=read_blob)
    after = canonical_record()
    assert {name for name in before if before[name] != after[name]} == set()
    assert [*check_balance(), *check_links()] == []


def test_replay_remembers_that_somebody_looked_at_what_was_stated_of_two_while_they_were_one() -> None:
    user = User.objects.create_user("sue", password="long-enough-words", role="SUPERVISOR")
    team, _ = Team.objects.get_or_create(name="Care team")
    TeamMember.objects.create(team=team, user=user)
    by = principal_of(user)
    receive(bundle(patient("bea")), source="hospital")
    receive(bundle(patient("x", identifier=[{"system": SSN, "value": "222-33-4444"}])), source="clinic")
    left, right = PersonRecord.unscoped.order_by("id").values_list("pk", flat=True)
    link_records(left=left, right=right, by=by, reason="She said so.")
    together = PersonRecord.unscoped.get(pk=left).patient_id
    for words in ("called", "wrote"):
        said = {"resourceType": "Communication", "status": "completed", "note": [{"text": words}]}
        state(resource=said, patient_id=together, by=by)
    keep_apart(left=left, right=right, by=by, reason="Sisters.")
    first, _ = UnlinkedStatement.objects.order_by("resource_id")
    settle_statement(resource=first.resource_id, by=by, reason="It stays")

    def looked_at() -> set[tuple[str, object]]:
        names = dict(Resource.objects.values_list("pk", "logical_id"))
        return {(names[one.resource_id], one.looked_at) for one in UnlinkedStatement.objects.all()}

    before, ledger = looked_at(), json.loads(json.dumps(list(written_ledger())))
    assert sum(at is not None for _, at in before) == 1
    for entries, is_same in ((ledger, True), ([one for one in ledger if one["entry"] != "settled"], False)):
        empty_the_house()
        replay(entries, read_bytes=read_blob)
        assert (looked_at() == before) is is_same
