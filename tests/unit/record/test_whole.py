"""The one record in words: a line a thing, with all its sources, for whoever may see it."""

import pytest

from beforehand.record.access import for_principal, principal_of
from beforehand.record.models import Patient
from beforehand.record.whole import record_as_dict
from tests.unit.intake.bundles import bundle, condition, observation, patient
from tests.unit.intake.receiving import receive
from tests.unit.intake.test_received import RESTRICTED, member

pytestmark = pytest.mark.django_db


def record_for(role: str = "COORDINATOR") -> dict:
    access = for_principal(principal_of(member("dana", role)))
    return record_as_dict(access, Patient.unscoped.filter(merged_into_id=None).earliest("pk").pk)


def test_a_result_is_told_with_its_value_unit_day_and_source() -> None:
    receive(bundle(patient(), observation()), source="clinic")
    (line,) = record_for()["sections"]["observation"]
    assert line["text"] == "Hemoglobin A1c, 9.1 %, final, Sat, Jan 10, 2026"
    assert line["sources"] == ["clinic"]


def test_what_two_sources_agree_on_is_one_line_with_both() -> None:
    receive(bundle(patient(), observation(), condition()), source="clinic")
    receive(bundle(patient(), observation()), source="hospital")
    (line,) = record_for()["sections"]["observation"]
    assert set(line["sources"]) == {"clinic", "hospital"}


def test_sensitive_facts_are_left_out_for_whom_they_are_hidden_from() -> None:
    receive(bundle(patient(), observation(meta=RESTRICTED), condition()))
    sections = record_for("SOCIAL_WORKER")["sections"]
    assert "condition" in sections
    assert "observation" not in sections
