"""Quarantine is a worklist: everything on it has an owner and a clock, and is retried, refused or released."""

import pytest

from beforehand.intake import batch
from beforehand.intake.models import QuarantinedItem
from beforehand.intake.quarantine import (
    QuarantineError,
    assign_item,
    check_balance,
    open_items,
    refuse_item,
    refused_messages,
    retry_item,
)
from beforehand.record.access import AccessRefusedError, Principal, principal_of
from beforehand.record.models import FACT_MODELS, Item, Message, User
from tests.unit.intake.bundles import bundle, observation, patient
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def sue() -> Principal:
    return principal_of(User.objects.create_user("sue", password="long-enough-words", role="SUPERVISOR"))


@pytest.fixture
def item() -> QuarantinedItem:
    receive(bundle(patient(), observation("bad", valueQuantity={"value": "x"})))
    return QuarantinedItem.objects.get()


def test_open_items_have_an_owner_and_a_clock(sue: Principal, item: QuarantinedItem) -> None:
    listed = open_items(sue).get()
    assert listed.owner_team.is_operations and listed.opened_at and listed.reason


def test_only_those_who_work_the_quarantine_see_it(item: QuarantinedItem) -> None:
    clinician = principal_of(User.objects.create_user("cal", password="long-enough-words", role="CLINICIAN"))
    with pytest.raises(AccessRefusedError):
        open_items(clinician)


def test_retrying_what_is_still_bad_leaves_it_open(sue: Principal, item: QuarantinedItem) -> None:
    retry_item(item=item, by=sue)
    assert open_items(sue).count() == 1
    assert check_balance() == []


def test_retrying_after_the_mapping_was_mended_applies_it(
    sue: Principal, item: QuarantinedItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = batch.map_resource
    monkeypatch.setattr(
        batch, "map_resource", lambda resource, context: real({**resource, "valueQuantity": {"value": 1}}, context)
    )
    applied = retry_item(item=item, by=sue)
    assert (applied.counts.applied, applied.counts.quarantined, applied.counts.received) == (1, -1, 0)
    assert FACT_MODELS["observation"].unscoped.count() == 1
    message = Message.objects.get()
    assert (message.received, message.applied, message.quarantined) == (2, 2, 0)
    assert check_balance() == []
    with pytest.raises(QuarantineError, match="released"):
        retry_item(item=item, by=sue)


def test_refusing_needs_a_reason_and_closes_it(sue: Principal, item: QuarantinedItem) -> None:
    with pytest.raises(QuarantineError, match="reason"):
        refuse_item(item=item, by=sue, reason="")
    refuse_item(item=item, by=sue, reason="The sender confirmed that it was a test.")
    message = Message.objects.get()
    assert (message.quarantined, message.refused) == (0, 1)
    assert Item.objects.get(pk=item.item_id).outcome == "REFUSED"
    assert check_balance() == []


def test_item_can_be_given_to_a_person_and_back(sue: Principal, item: QuarantinedItem) -> None:
    user = User.objects.get(username="sue")
    assign_item(item=item, to=user, by=sue)
    assert open_items(sue).get().owner_user == user
    assign_item(item=item, to=item.owner_team, by=sue)
    assert open_items(sue).get().owner_user is None


def test_refused_files_are_listed_with_why(sue: Principal) -> None:
    receive(b"\0\1 of no kind")
    assert refused_messages(sue).get().reason


def test_item_nobody_has_on_a_list_is_found(item: QuarantinedItem) -> None:
    assert check_balance() == []
    QuarantinedItem.objects.all().delete()
    assert {breach.promise for breach in check_balance()} == {1}
