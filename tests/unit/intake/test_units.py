"""Several resources may be one item, as one HL7 v2 message is: it is counted once, and each resource keeps its own."""

from typing import Any

import pytest

from beforehand.intake import apply, batch, formats
from beforehand.intake.models import QuarantinedItem
from beforehand.intake.quarantine import check_balance, refuse_item, retry_item
from beforehand.intake.store.outcome import tally
from beforehand.record.access import Principal, principal_of
from beforehand.record.models import FACT_MODELS, Item, Message, User
from tests.unit.intake import lines_connector
from tests.unit.intake.bundles import bundle, condition, observation, patient
from tests.unit.intake.lines_connector import lines, unit
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db
BAD = {"valueQuantity": {"value": "x"}}


@pytest.fixture(autouse=True)
def connector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "CONNECTORS", {"lines": lines_connector, **formats.CONNECTORS})


@pytest.fixture
def sue() -> Principal:
    return principal_of(User.objects.create_user("sue", password="long-enough-words", role="SUPERVISOR"))


def counts_of(message: Message) -> tuple[int, ...]:
    message.refresh_from_db()
    return (message.received, message.applied, message.quarantined, message.refused, message.duplicates)


def test_resources_of_one_unit_count_as_one_item_and_stay_themselves() -> None:
    applied = receive(lines(*unit(0, patient(), condition(), observation()), *unit(1, patient("bea"))))
    assert (applied.counts.received, applied.counts.applied) == (2, 2)
    assert applied.resources == {"Patient": 2, "Condition": 1, "Observation": 1}
    assert Item.objects.count() == 4
    assert Item.objects.values("resource_id").distinct().count() == 4
    assert Message.objects.get().format == "lines"
    assert check_balance() == []


def test_a_unit_with_one_bad_resource_is_quarantined_and_the_rest_of_it_stands(sue: Principal) -> None:
    applied = receive(lines(*unit(0, patient(), observation("bad", **BAD), condition())))
    assert (applied.counts.received, applied.counts.quarantined, applied.counts.applied) == (1, 1, 0)
    assert FACT_MODELS["condition"].unscoped.count() == 1
    assert check_balance() == []


def test_retrying_what_was_bad_makes_its_unit_whole(sue: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    receive(lines(*unit(0, patient(), observation("bad", **BAD), observation("worse", **BAD))))
    real = batch.map_resource

    def mended(resource: dict[str, Any], context: Any) -> Any:
        sound = {"valueQuantity": {"value": 1}} if resource.get("id") == "bad" else {}
        return real({**resource, **sound}, context)

    monkeypatch.setattr(batch, "map_resource", mended)
    message = Message.objects.get()
    first, second = QuarantinedItem.objects.order_by("place")
    applied = retry_item(item=first, by=sue)
    assert (applied.counts.applied, applied.counts.quarantined) == (0, 0)  # the other one is still bad
    assert counts_of(message) == (1, 0, 1, 0, 0)
    refuse_item(item=second, by=sue, reason="The sender confirmed that it was a test.")
    assert counts_of(message) == (1, 1, 0, 0, 0)
    assert check_balance() == []


def test_a_unit_of_which_all_is_refused_is_refused(sue: Principal) -> None:
    receive(lines(*unit(0, observation("bad", **BAD), observation("worse", **BAD))))
    for item in QuarantinedItem.objects.order_by("place"):
        refuse_item(item=item, by=sue, reason="A test of the sender.")
    assert counts_of(Message.objects.get()) == (1, 0, 0, 1, 0)
    assert check_balance() == []


def test_what_waited_for_its_patient_makes_its_unit_whole_when_the_patient_comes() -> None:
    receive(lines(*unit(0, observation(), condition())))
    message = Message.objects.get()
    assert counts_of(message) == (1, 0, 1, 0, 0)
    applied = receive(lines(*unit(0, patient())))
    assert (applied.counts.received, applied.counts.applied, applied.counts.quarantined) == (1, 2, -1)
    assert counts_of(message) == (1, 1, 0, 0, 0)
    assert check_balance() == []


def test_a_unit_is_a_duplicate_when_all_of_it_is() -> None:
    receive(lines(*unit(0, patient(), condition())))
    applied = receive(lines(*unit(7, patient(), condition()), *unit(8, patient(), observation())))
    assert (applied.counts.received, applied.counts.duplicates, applied.counts.applied) == (2, 1, 1)
    again = receive(lines(*unit(7, patient(), condition()), *unit(8, patient(), observation())))
    assert (again.counts.received, again.counts.duplicates) == (2, 2)
    assert check_balance() == []


def test_an_item_that_cannot_be_read_is_one_item_of_its_unit() -> None:
    applied = receive(lines({"error": True, "unit": 0}, *unit(1, patient()), {"resource": patient("bea")}))
    assert (applied.counts.received, applied.counts.quarantined, applied.counts.applied) == (3, 1, 2)
    assert check_balance() == []


def test_a_unit_is_never_cut_by_the_end_of_a_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "ITEMS", 2)
    parts = [part for number in range(4) for part in unit(number, patient(f"p{number}"), *[
        observation(f"o{number}-{index}", subject=f"Patient/p{number}") for index in range(2)])]  # fmt: skip
    applied = receive(lines(*parts))
    assert (applied.counts.received, applied.counts.applied) == (4, 4)
    assert Message.objects.get().items_done == 12
    assert check_balance() == []


def test_counters_unlike_the_items_of_a_unit_are_found() -> None:
    receive(lines(*unit(0, patient(), condition())))
    receive(bundle(observation()))
    assert check_balance() == []
    Message.objects.filter(format="lines").update(received=2, applied=2)
    assert {breach.promise for breach in check_balance()} == {1}


def test_control_counting_each_resource_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_resource(pieces: Any, released: Any) -> Any:
        units = [piece.unit for piece in pieces]
        for piece in pieces:
            piece.unit = None
        changes = tally(pieces, released)
        for piece, number in zip(pieces, units, strict=True):
            piece.unit = number
        return changes

    monkeypatch.setattr("beforehand.intake.store.outcome.tally", by_resource)
    receive(lines(*unit(0, patient(), condition())))
    assert {breach.promise for breach in check_balance()} == {1}
