"""A number that one source rounded is the same number; one that is merely near is not."""

import pytest

from beforehand.clinical.tables import FACTS
from beforehand.record.reconcile import leading_rows


def row(id_: int, source: int, micro: int, text: str, unit: str | None = "g/dL", day: int = 20000) -> dict[str, object]:
    return {
        "id": id_, "source_id": source, "code": 1, "taken_from_day": day, "taken_to_day": day, "value_micro": micro,
        "value_text": text, "value_unit": unit, "value_code": None, "value_words": None, "sensitivity": "",
        "absent_reason": None, "body_site": None, "not_done_reason": None,
        "status": "final",
    }  # fmt: skip


def stand(*rows: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("beforehand.record.reconcile.codings_of", lambda _: {})
    return len(set(leading_rows(FACTS["observation"], rows).values()))


def test_a_rounded_number_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = row(1, 1, 12_713_882, "12.713882036591524"), row(2, 2, 12_714_000, "12.714")
    assert stand(*rows, monkeypatch=monkeypatch) == 1
    assert stand(*rows[::-1], monkeypatch=monkeypatch) == 1


@pytest.mark.parametrize(
    ("micro", "text", "unit", "day"),
    [
        (12_715_000, "12.715", "g/dL", 20000),  # another number
        (13_000_000, "13", "g/dL", 20000),  # so few digits could be another measurement
        (12_714_000, "12.714", "mg/dL", 20000),
        (12_714_000, "12.714", "g/dL", 20001),
    ],
)
def test_a_near_number_is_another(micro: int, text: str, unit: str, day: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = row(1, 1, 12_713_882, "12.713882036591524"), row(2, 2, micro, text, unit, day)
    assert stand(*rows, monkeypatch=monkeypatch) == 2


def test_which_of_two_numbers_was_rounded_is_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = row(1, 1, 12_713_882, "12.713882"), row(2, 1, 12_714_100, "12.7141"), row(3, 2, 12_714_000, "12.714")
    assert stand(*rows, monkeypatch=monkeypatch) == 3


def test_one_source_never_rounds_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = row(1, 1, 12_713_882, "12.713882"), row(2, 1, 12_714_000, "12.714")
    assert stand(*rows, monkeypatch=monkeypatch) == 2


def test_a_score_without_a_unit_is_the_score(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = row(1, 1, 10_000_000, "10", "{score}"), row(2, 2, 10_000_000, "10", None)
    assert stand(*rows, monkeypatch=monkeypatch) == 1
