"""One line where sources agree, with all of them; two lines and a word where they differ."""

import pytest
from django.utils import timezone

from beforehand.clinical.tables import FACTS
from beforehand.record.access import Access, for_principal, principal_of
from beforehand.record.agreement import leading_rows
from beforehand.record.models import FACT_MODELS, Patient, Team, TeamMember, User
from beforehand.record.models.codes import Concept
from beforehand.record.models.knowledge import KNOWLEDGE_MODELS
from beforehand.record.reading import lines, origin, words_of
from beforehand.record.reconcile import meanings_of
from tests.unit.intake.bundles import SSN, bundle, condition, observation, patient
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db


def ann(id_: str) -> dict[str, object]:
    return patient(id_, identifier=[{"system": SSN, "value": "123-45-7890"}])


def from_two(left: list[dict[str, object]], right: list[dict[str, object]]) -> int:
    receive(bundle(ann("a"), *left), source="hospital")
    receive(bundle(ann("b"), *right), source="clinic")
    return int(Patient.unscoped.get(merged_into_id=None).pk)


@pytest.fixture
def access() -> Access:
    user = User.objects.create_user("dana", password="long-enough-words", role="COORDINATOR")
    team, _ = Team.objects.get_or_create(name="Care team")
    member = TeamMember.objects.create(team=team, user=user)
    TeamMember.objects.filter(pk=member.pk).update(since=timezone.now() - timezone.timedelta(days=1))
    return for_principal(principal_of(user))


def order(id_: str, subject: str, rxcui: str = "855332", **more: object) -> dict[str, object]:
    return {
        "resourceType": "MedicationRequest",
        "id": id_,
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{subject}"},
        "authoredOn": "2026-01-05",
        "medicationCodeableConcept": {
            "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": rxcui}]
        },
        **more,
    }


def leaders(table: str) -> int:
    rows = FACT_MODELS[table].unscoped.all()
    return sum(row.same_as == row.pk for row in rows)


def test_sources_that_agree_make_one_line_with_both(access: Access) -> None:
    one = from_two([condition("c1", "Patient/a")], [condition("c2", "Patient/b")])
    (line,) = lines(access, "condition", one)
    assert line.sources == ("hospital", "clinic")
    found = origin(access, "condition", line.fact_id)
    assert [said.source for said in found.also_said_by] == ["clinic"]
    assert words_of([line.row["code"]]) == {line.row["code"]: "Diabetes type 2"}


def test_shared_coding_is_enough_to_agree() -> None:
    icd = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11.9"}
    snomed = {"system": "http://snomed.info/sct", "code": "44054006"}
    from_two(
        [condition("c1", "Patient/a", code={"coding": [snomed, icd]})],
        [condition("c2", "Patient/b", code={"coding": [icd]})],
    )
    assert leaders("condition") == 1


@pytest.mark.parametrize(
    "other",
    [
        {"onsetDateTime": "2015-05-03"},
        {"code": {"coding": [{"system": "http://snomed.info/sct", "code": "38341003"}]}},
        {"clinicalStatus": {"coding": [{"code": "resolved"}]}},
        {"verificationStatus": {"coding": [{"code": "refuted"}]}},
    ],
)
def test_different_day_code_or_status_stays_two_lines(other: dict[str, object]) -> None:
    from_two([condition("c1", "Patient/a")], [condition("c2", "Patient/b", **other)])
    assert leaders("condition") == 2


def test_equal_values_of_one_day_are_one_result_and_unequal_are_two() -> None:
    from_two(
        [observation("o1", "Patient/a", 9.1), observation("o2", "Patient/a", 5.0)],
        [observation("o3", "Patient/b", 9.1), observation("o4", "Patient/b", 5.1)],
    )
    assert leaders("observation") == 3


WORK = "https://beforehand.example/fhir/CodeSystem/work"


def acknowledged(id_: str, subject: str, result: str) -> dict[str, object]:
    return {
        "resourceType": "Task", "id": id_, "status": "completed", "intent": "order",
        "for": {"reference": f"Patient/{subject}"}, "focus": {"reference": f"Observation/{result}"},
        "code": {"coding": [{"system": WORK, "code": "result-acknowledged"}]},
        "authoredOn": "2026-06-23",
    }  # fmt: skip


def test_two_results_acknowledged_on_one_day_are_two_and_neither_hides_the_other() -> None:
    from_two(
        [observation("potassium", "Patient/a", 5.9), acknowledged("t1", "a", "potassium")],
        [observation("glucose", "Patient/b", 101.0), acknowledged("t2", "b", "glucose")],
    )
    assert leaders("task") == 2


def test_one_source_saying_a_thing_twice_keeps_both() -> None:
    from_two(
        [observation("o1", "Patient/a", 9.1), observation("o2", "Patient/a", 9.1)],
        [observation("o3", "Patient/b", 9.1)],
    )
    assert leaders("observation") == 2


def test_same_ingredient_is_the_same_medicine() -> None:
    receive(bundle(ann("a"), order("m1", "a", "1")), source="hospital")
    receive(bundle(ann("b"), order("m2", "b", "2")), source="clinic")
    assert leaders("medication_request") == 2
    medicine = KNOWLEDGE_MODELS["medicine"]
    for concept in Concept.objects.filter(key__in=("rxnorm:1", "rxnorm:2")):
        medicine._default_manager.create(code=concept.pk, ingredient=11289, is_local=0, matched="ingredient")
    receive(bundle(order("m2", "b", "2", note=[{"text": "again"}])), source="clinic")
    assert leaders("medication_request") == 1


def test_newer_version_that_differs_parts_the_line() -> None:
    from_two([observation("o1", "Patient/a", 9.1)], [observation("o2", "Patient/b", 9.1)])
    assert leaders("observation") == 1
    receive(bundle(observation("o1", "Patient/a", 9.2)), source="hospital")
    assert leaders("observation") == 2


def test_lines_do_not_depend_on_the_order_of_rows() -> None:
    from_two([observation("o1", "Patient/a", 9.1)], [observation("o2", "Patient/b", 9.1)])
    rows = list(FACT_MODELS["observation"].unscoped.values())
    table = FACTS["observation"]
    meanings = meanings_of(table, rows)
    assert leading_rows(table, rows, meanings) == leading_rows(table, rows[::-1], meanings)


def test_sensitive_row_never_hides_another() -> None:
    from_two([observation("o1", "Patient/a")], [observation("o2", "Patient/b")])
    rows = list(FACT_MODELS["observation"].unscoped.values())
    rows[0]["sensitivity"] = "HIV"
    assert len(set(leading_rows(FACTS["observation"], rows, meanings_of(FACTS["observation"], rows)).values())) == 2
