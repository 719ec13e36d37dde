"""The ledger balances by source and day, and says which one is off."""

from datetime import UTC, datetime

import pytest

from beforehand.intake.apply import apply_message
from beforehand.intake.ledger import keep, source_named
from beforehand.intake.quarantine import check_balance
from beforehand.intake.sheet import balance_sheet
from beforehand.record.models import Item, Message
from tests.unit.intake.bundles import bundle, observation, patient

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def three_days() -> None:
    for day, source, content in (
        (10, "clinic", bundle(patient(), observation())),
        (10, "hospital", bundle(patient("bea"), observation("bad", valueQuantity={"value": "x"}))),
        (11, "clinic", b"not a record"),
        (11, "clinic", bundle(patient(), observation())),
        (12, "clinic", bundle(patient("cy"))),
    ):
        at = datetime(2026, 11, day, 17, tzinfo=UTC)
        apply_message(keep(data=content, source=source_named(source), name="x.json", received_at=at))


def test_every_source_and_day_balances() -> None:
    lines = {(line.source, line.day.day): line for line in balance_sheet()}
    assert list(lines) == [("clinic", 10), ("hospital", 10), ("clinic", 11), ("clinic", 12)]
    assert all(line.is_balanced for line in lines.values())
    tenth, eleventh = lines["hospital", 10], lines["clinic", 11]
    assert (tenth.received, tenth.applied, tenth.quarantined) == (2, 1, 1)
    assert (eleventh.received, eleventh.duplicates, eleventh.refused) == (3, 2, 1)
    assert check_balance() == []


def off() -> list[str]:
    """The sources and days that verify names."""
    return [breach.where for breach in check_balance() if breach.where.startswith("source ")]


def test_control_a_counter_that_is_off_names_its_source_and_day() -> None:
    Message.objects.filter(source__name="hospital").update(received=3)
    assert off() == ["source hospital, 2026-11-10"]


def test_control_an_item_that_vanished_names_its_source_and_day() -> None:
    Item.objects.filter(message__received_at__day=12).delete()
    assert off() == ["source clinic, 2026-11-12"]


def test_control_an_outcome_changed_behind_the_counters_is_found() -> None:
    Item.objects.filter(message__source__name="hospital", outcome="QUARANTINED").update(outcome="APPLIED")
    assert off() == ["source hospital, 2026-11-10"]
