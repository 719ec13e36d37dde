"""The clinical steps that rules and quality measures share, asked on a day: who is shown, and who just not.

The published value sets are not shipped; each holds here one invented code of its own.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from beforehand.clinical.content import content_root
from beforehand.clinical.valuesets import Member, ValueSetText, measure_sets, published_name, shipped_value_sets
from beforehand.lookahead.case_patients import CaseWriter
from beforehand.lookahead.engines.binding import bind_plain
from beforehand.lookahead.engines.memory import MemoryHouse, places_between
from beforehand.lookahead.engines.relations import FEW, Sort, relations, stored_below, views_below
from beforehand.lookahead.engines.rows import last_second

AS_OF = date(2026, 3, 9)
TODAY = (AS_OF - date(1970, 1, 1)).days
SETS = shipped_value_sets(content_root()) | {
    name: ValueSetText(name, name, "invented", "ours", (Member("set", name, name),), "")
    for name, one in measure_sets(content_root()).items()
    if one.oid
}


def ago(days: int) -> str:
    return (AS_OF - timedelta(days=days)).isoformat()


@pytest.fixture(scope="module")
def house() -> MemoryHouse:
    return MemoryHouse()


def shown(house: MemoryHouse, view: str, birth: str = "1950-01-01", **facts: list[dict[str, Any]]) -> int:
    """How many rows the view shows of a person with these facts."""
    house.empty()
    writer = CaseWriter("test", SETS)
    writer.add("case", 1, {"patients": {"ann": {"patient": {"birth": birth}, **facts}}})
    for table, rows in writer.rows().items():
        house.insert(table, rows)
    house.set_calendar(TODAY - 40_000, TODAY + 400)
    values = {"low": 1, "high": 1, "day": TODAY, "at": last_second(TODAY)}
    return len(house.execute(bind_plain(f"select v.patient_id from {view} v", places_between()), values))


def visit(code: str, day: str) -> dict[str, list[dict[str, Any]]]:
    return {"encounter": [{"status": "finished", "class_code": "HH", "code": code, "start": day, "end": day}]}


def has(code: str, **more: Any) -> dict[str, Any]:
    return {"clinical_status": "active", "code": code, **more}


@pytest.mark.parametrize("code", ["set:vsac_hospice_encounter", "set:vsac_palliative_care_encounter", "hcpcs:Q5003"])
def test_hospice_care_of_the_last_year_counts(house: MemoryHouse, code: str) -> None:
    assert shown(house, "hospice_care", **visit(code, ago(364))) == 1
    assert shown(house, "hospice_care", **visit(code, ago(365))) == 0
    assert shown(house, "hospice_care", **visit(code, ago(-1))) == 0


@pytest.mark.parametrize("code", ["set:vsac_hospice_diagnosis", "set:vsac_palliative_care_diagnosis", "icd10cm:Z51.5"])
def test_a_hospice_diagnosis_counts_while_it_stands_and_is_confirmed(house: MemoryHouse, code: str) -> None:
    assert shown(house, "hospice_care", condition=[has(code, onset=ago(900))]) == 1
    assert shown(house, "hospice_care", condition=[has(code, onset=ago(900), abated=ago(30))]) == 0
    for verification in ("refuted", "entered-in-error", "provisional", "differential"):
        assert shown(house, "hospice_care", condition=[has(code, verification=verification)]) == 0


def test_what_both_lists_say_is_shown_once(house: MemoryHouse) -> None:
    both = [has(["set:vsac_palliative_care_diagnosis", "icd10cm:Z51.5"])]
    assert shown(house, "hospice_care", condition=both) == 1


@pytest.mark.parametrize(
    ("frail", "ill"),
    [("set:vsac_frailty_diagnosis", "set:vsac_advanced_illness"), ("icd10cm:R54", "icd10cm:F03.90")],
)
def test_frailty_takes_an_advanced_illness_from_66_and_none_from_81(house: MemoryHouse, frail: str, ill: str) -> None:
    both = [has(frail, onset=ago(100)), has(ill, onset=ago(100))]
    assert shown(house, "too_frail", "1960-03-09", condition=both) == 2
    assert shown(house, "too_frail", "1960-03-10", condition=both) == 0
    assert shown(house, "too_frail", "1945-03-10", condition=both[:1]) == 0
    assert shown(house, "too_frail", "1945-03-09", condition=both[:1]) == 1
    assert shown(house, "too_frail", "1945-03-09", condition=both[1:]) == 0


def test_signs_of_frailty_and_of_illness_grow_old(house: MemoryHouse) -> None:
    device = {"status": "active", "intent": "order", "code": "set:vsac_frailty_device"}
    ill = has("set:vsac_advanced_illness", onset=ago(729))
    assert shown(house, "too_frail", device_request=[{**device, "authored": ago(364)}], condition=[ill]) == 2
    assert shown(house, "too_frail", device_request=[{**device, "authored": ago(365)}], condition=[ill]) == 0
    older = has("set:vsac_advanced_illness", onset=ago(730))
    assert shown(house, "too_frail", device_request=[{**device, "authored": ago(364)}], condition=[older]) == 0


@pytest.mark.parametrize("code", ["set:vsac_dialysis_services", "set:vsac_kidney_transplant", "icd10pcs:0TY00Z0"])
def test_kidneys_have_failed_from_dialysis_or_a_transplant_on(house: MemoryHouse, code: str) -> None:
    done = {"status": "completed", "code": code}
    assert shown(house, "kidney_failure", procedure=[{**done, "done": ago(4000)}]) == 1
    assert shown(house, "kidney_failure", procedure=[{**done, "done": ago(-1)}]) == 0
    assert shown(house, "kidney_failure", procedure=[{**done, "status": "not-done", "done": ago(10)}]) == 0


@pytest.mark.parametrize("code", ["set:vsac_pregnancy", "snomed:72892002"])
def test_a_pregnancy_lasts_300_days_at_most(house: MemoryHouse, code: str) -> None:
    assert shown(house, "pregnant", condition=[has(code, onset=ago(300))]) == 1
    assert shown(house, "pregnant", condition=[has(code, onset=ago(301))]) == 0
    assert shown(house, "pregnant", condition=[has(code)]) == 1
    assert shown(house, "pregnant", condition=[has(code, abated=ago(1))]) == 0


def test_both_breasts_are_removed_at_once_or_one_after_the_other(house: MemoryHouse) -> None:
    left, right = "set:vsac_unilateral_mastectomy_left", "icd10pcs:0HTT0ZZ"
    done = [{"status": "completed", "code": code, "done": ago(50)} for code in (left, right)]
    assert shown(house, "organ_not_screened", procedure=done) == 2
    assert shown(house, "organ_not_screened", procedure=done[:1]) == 0
    assert shown(house, "organ_not_screened", procedure=done[1:]) == 0
    assert shown(house, "organ_not_screened", condition=[has("icd10cm:Z90.13")]) == 1


def test_a_set_is_kept_under_the_name_the_measures_give_it() -> None:
    root = content_root()
    one = measure_sets(root)["vsac_hospice_encounter"]
    assert published_name(root, f"http://cts.nlm.nih.gov/fhir/ValueSet/{one.oid}|20250101") == one.name
    assert published_name(root, f"urn:oid:{one.oid}") == one.name
    assert published_name(root, "http://example.org/ValueSet/own") == "" == published_name(root, "")


def test_every_value_set_a_view_names_is_shipped_or_published() -> None:
    known = relations()
    for name, relation in known.items():
        if relation.sort is Sort.VIEW and "period" not in stored_below(frozenset({name})):
            assert relation.shape is not None
            assert {one for one, _ in relation.shape.value_sets()} <= set(SETS), name


def test_views_reckoned_once_hide_what_is_below_them() -> None:
    assert all(relations()[name].sort is Sort.VIEW for name in FEW)
    rule = frozenset({"screening_stopped", "final_result"})
    assert views_below(rule, FEW) == ("final_result",)
    assert {"hospice_care", "hospice_span", "too_frail"} <= set(views_below(rule))
