"""A number that one source rounded is the same number; one that is merely near is not."""

import pytest

from beforehand.clinical.tables import FACTS
from beforehand.clinical.units import analytes
from beforehand.record.agreement import Meanings, leading_rows

GLUCOSE = analytes()["2345-7"]


def row(
    id_: int, source: int, text: str, unit: str | None = "g/dL", day: int = 20000, at: str = "", zone: str = "Z"
) -> dict[str, object]:
    hour, _, minute = at.partition(":")
    moment = day * 86400 + int(hour) * 3600 + int(minute) * 60 if at else None
    return {
        "id": id_, "source_id": source, "code": 1, "taken_from_day": day, "taken_to_day": day, "taken_at": moment,
        "taken_zone": zone, "taken_precision": "minute" if at else "day",
        "value_micro": round(float(text) * 1_000_000), "value_text": text, "value_unit": unit, "value_code": None,
        "value_words": None, "comparator": None, "sensitivity": "", "body_site": None, "status": "final",
    }  # fmt: skip


def stand(*rows: dict[str, object], meanings: Meanings = Meanings()) -> int:  # noqa: B008  frozen
    found = {len(set(leading_rows(FACTS["observation"], turned, meanings).values())) for turned in (rows, rows[::-1])}
    assert len(found) == 1, "the order of the rows does not matter"
    return found.pop()


def test_a_rounded_number_is_the_same() -> None:
    assert stand(row(1, 1, "12.713882036591524"), row(2, 2, "12.714")) == 1


@pytest.mark.parametrize(
    ("text", "unit", "day"),
    [
        ("12.715", "g/dL", 20000),  # another number
        ("13", "g/dL", 20000),  # so few digits could be another measurement
        ("12.714", "mg/dL", 20000),
        ("12.714", "g/dL", 20001),
    ],
)
def test_a_near_number_is_another(text: str, unit: str, day: int) -> None:
    assert stand(row(1, 1, "12.713882036591524"), row(2, 2, text, unit, day)) == 2


def test_which_of_two_numbers_was_rounded_is_not_guessed() -> None:
    assert stand(row(1, 1, "12.713882"), row(2, 1, "12.7141"), row(3, 2, "12.714")) == 3


def test_one_source_never_rounds_its_own() -> None:
    assert stand(row(1, 1, "12.713882"), row(2, 1, "12.714")) == 2


def test_a_score_without_a_unit_is_the_score() -> None:
    assert stand(row(1, 1, "10", "{score}"), row(2, 2, "10", None)) == 1


# Hours: two drops of blood of one day are two results.


def test_the_same_value_at_two_hours_is_two_results() -> None:
    assert stand(row(1, 1, "104", "mg/dL", at="08:00"), row(2, 2, "104", "mg/dL", at="14:00")) == 2
    assert stand(row(1, 1, "104", "mg/dL", at="08:00"), row(2, 2, "104", "mg/dL", at="08:01")) == 2


def test_a_rounded_number_of_another_hour_is_another() -> None:
    assert stand(row(1, 1, "104.6", "mg/dL", at="08:00"), row(2, 2, "105", "mg/dL", at="14:00")) == 2
    assert stand(row(1, 1, "104.6", "mg/dL", at="08:00"), row(2, 2, "105", "mg/dL", at="08:00")) == 1


def test_who_gives_no_hour_agrees_where_only_one_can_be_meant() -> None:
    assert stand(row(1, 1, "104", "mg/dL", at="08:00"), row(2, 2, "104", "mg/dL")) == 1
    two_hours = row(1, 1, "104", "mg/dL", at="08:00"), row(2, 1, "104", "mg/dL", at="14:00")
    assert stand(*two_hours, row(3, 2, "104", "mg/dL")) == 3


def test_one_clock_with_a_wrong_offset_is_one_time() -> None:
    utc, local = row(1, 1, "104", "mg/dL", at="16:38"), row(2, 2, "104", "mg/dL", at="20:38", zone="-04:00")
    assert stand(utc, local) == 1
    assert stand(utc, row(2, 2, "104", "mg/dL", at="16:38", zone="-04:00")) == 1  # the same moment in UTC
    assert stand(utc, row(2, 2, "104", "mg/dL", at="17:38", zone="-04:00")) == 2


# Units.


@pytest.mark.parametrize(
    ("one", "other", "lines"),
    [
        (("13.2", "g/dL"), ("132", "g/L"), 1),
        (("13.2", "g/dL"), ("133", "g/L"), 2),
        (("13.2", "g/dL"), ("132.4", "g/L"), 1),  # 13.24, rounded
        (("7.5", "10*3/uL"), ("7.5", "10*9/L"), 1),
        (("7.5", "K/uL"), ("7500", "/uL"), 1),
        (("0.9", "mg/L"), ("900", "ug/L"), 1),
        (("60", "mL/min"), ("60", "mL/min/{1.73_m2}"), 2),  # another quantity
        (("7", "%"), ("0.07", "1"), 2),  # per cent is not converted
        (("98.6", "[degF]"), ("37", "Cel"), 2),  # a scale with an offset is not converted
        (("5", "blobs"), ("5", "blobs"), 1),  # a unit nobody knows is itself
        (("5", "blobs"), ("5", "drops"), 2),
    ],
)
def test_units_of_one_kind_are_converted_exactly(one: tuple[str, str], other: tuple[str, str], lines: int) -> None:
    assert stand(row(1, 1, *one), row(2, 2, *other)) == lines


def test_mass_is_amount_of_substance_only_by_a_stated_factor() -> None:
    known = Meanings(analytes={1: GLUCOSE})
    by_mass, by_amount = row(1, 1, "99", "mg/dL", at="08:00"), row(2, 2, "5.5", "mmol/L", at="08:00")
    assert stand(by_mass, by_amount, meanings=known) == 1
    assert stand(by_mass, by_amount) == 2, "no factor is stated for this analyte"
    assert stand(by_mass, row(2, 2, "5.6", "mmol/L", at="08:00"), meanings=known) == 2
    assert stand(by_mass, row(2, 2, "5.5", "mmol/L"), meanings=known) == 2, "two digits, and no hour to tell them apart"
    assert stand(by_mass, row(2, 2, "5.50", "mmol/L"), meanings=known) == 1


def test_milliequivalents_are_millimoles_by_charge() -> None:
    calcium, sodium = Meanings(analytes={1: analytes()["17861-6"]}), Meanings(analytes={1: analytes()["2951-2"]})
    assert stand(row(1, 1, "140", "mmol/L"), row(2, 2, "140", "meq/L"), meanings=sodium) == 1
    assert stand(row(1, 1, "2.40", "mmol/L"), row(2, 2, "4.80", "meq/L"), meanings=calcium) == 1
    assert stand(row(1, 1, "2.40", "mmol/L"), row(2, 2, "2.40", "meq/L"), meanings=calcium) == 2
