"""Work is evidence: signing the medicines list turns the rule MET by itself, and undo opens it again."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from beforehand.care.medicines.signing import undo_signing
from beforehand.care.needs import register
from beforehand.clinical.content import content_root
from beforehand.clinical.times import day_of
from beforehand.lookahead import house as lookahead
from beforehand.lookahead.library import read_library
from beforehand.lookahead.models import Finding
from tests.unit.medicines.world import APIXABAN, House, ann, day, order

pytestmark = pytest.mark.django_db


RULES = (
    "transitions/reconciliation_30_days",
    "medicine_safety/same_ingredient_twice",
    "coordination/taken_and_stopped",
)


@pytest.fixture
def few_rules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only the shipped rules that read medicines lists, over a small calendar, so that the test costs little."""
    root = content_root()
    found = read_library(root, places=[root / "rules" / f"{name}.sql" for name in RULES])
    first = day_of(timezone.localdate() - timedelta(days=200))
    rows = [row for row in lookahead.calendar_rows() if first < row[1] < first + 400]
    monkeypatch.setattr(lookahead, "calendar_rows", lambda *_, **__: iter(rows))
    monkeypatch.setattr(lookahead, "load_knowledge", list)
    monkeypatch.setattr(lookahead, "library", lambda: found)
    monkeypatch.setattr(register, "library", lambda: found)
    lookahead._READY.clear()
    register.forget()
    yield
    lookahead._READY.clear()
    register.forget()


@pytest.mark.usefixtures("few_rules")
def test_signed_list_settles_the_reconciliation_after_the_hospital() -> None:
    house = House()
    stay = {
        "resourceType": "Encounter", "id": "stay", "status": "finished", "subject": {"reference": "Patient/ann"},
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "period": {"start": f"{day(-6)}T09:00:00-05:00", "end": f"{day(-3)}T15:00:00-05:00"},
    }  # fmt: skip
    house.bring("hospital", ann(), stay, order("apixaban", APIXABAN))

    def status() -> list[str]:
        found = Finding.unscoped.filter(rule_id="reconciliation_30_days", state="CURRENT")
        return list(found.values_list("status", flat=True))

    assert status() == ["DUE"]
    list_id = house.sign()
    assert status() == ["MET"]
    twice = Finding.unscoped.filter(rule_id__in=["same_ingredient_twice", "taken_and_stopped"], status="DUE")
    assert not twice.exists(), "a word about an ordered medicine is not a second medicine"
    undo_signing(list_id=list_id, by=house.dana)
    assert status() == ["DUE"]
