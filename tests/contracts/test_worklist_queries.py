"""Today and Person ask the same number of questions however many people and needs there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from beforehand.care.needs.from_findings import update_needs
from beforehand.care.needs.worklist import person_needs, worklist
from beforehand.record.access import principal_of
from beforehand.record.models import FACT_MODELS, Item, Message
from tests.unit.needs.house import TODAY, House, plain_words


def queries(act: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as asked:
        act()
    return len(asked)


@pytest.fixture
def house(db: None, monkeypatch: pytest.MonkeyPatch) -> House:
    plain_words(monkeypatch)
    return House()


def fill(house: House, people: int) -> list[int]:
    message = Message.objects.create(
        source=house.source, digest="0", size=0, format="fhir", state="APPLIED", received_at=timezone.now()
    )
    item = Item.objects.create(message=message, place=0, outcome="APPLIED", version_state="CURRENT")
    made = []
    for number in range(people):
        patient = house.patient(f"P{number}")
        fact = 10**7 + patient.pk
        FACT_MODELS["observation"]._meta.default_manager.create(  # type: ignore[union-attr]
            id=fact, patient_id=patient.pk, person_record_id=1, source_id=house.source.pk, item_id=item.pk,
            same_as=fact, status="final", value_text="5.9", value_unit="mmol/L",
        )  # fmt: skip
        for rule in ("medicine_runs_out", "eye_check", "result_not_seen"):
            house.finding(patient, rule, evidence=[{"table": "observation", "fact_id": fact, "role": "result"}])
        made.append(patient.pk)
    update_needs(made, TODAY)
    return made


def test_today_asks_the_same_number_of_questions_for_two_people_and_for_forty(house: House) -> None:
    dana = principal_of(house.dana)
    fill(house, 2)
    few = queries(lambda: worklist(dana, as_of=TODAY))
    fill(house, 38)
    assert len(worklist(dana, as_of=TODAY).rows) == 40
    assert queries(lambda: worklist(dana, as_of=TODAY)) == few <= 22


def test_person_asks_the_same_number_of_questions_for_one_need_and_for_three(house: House) -> None:
    dana = principal_of(house.dana)
    first, second = fill(house, 2)
    many = queries(lambda: person_needs(dana, first, as_of=TODAY))
    assert queries(lambda: person_needs(dana, second, as_of=TODAY)) == many <= 16


def test_updating_needs_asks_the_same_number_of_questions_for_any_number_of_people(house: House) -> None:
    few, many = fill(house, 2), fill(house, 40)
    asked = queries(lambda: update_needs(few, TODAY))
    assert queries(lambda: update_needs(many, TODAY)) == asked <= 16


def test_question_a_row_would_be_noticed(house: House) -> None:
    """Control: a list that asks once a row does not pass."""
    dana = principal_of(house.dana)

    def careless() -> None:
        for row in worklist(dana, as_of=TODAY).rows:
            person_needs(dana, row.patient_id)

    fill(house, 2)
    few = queries(careless)
    fill(house, 5)
    assert queries(careless) > few
