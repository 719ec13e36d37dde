"""A coded meaning is kept once, whatever words stand beside it."""

import pytest
from django.db import transaction

from beforehand.record.concepts import Dictionary
from beforehand.record.models import Concept, ConceptCoding, ValueSet, ValueSetCode, ValueSetMember
from beforehand.record.store.alike import codings_of
from tests.unit.intake.bundles import bundle, condition, patient
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db
SNOMED = {"system": "http://snomed.info/sct", "code": "44054006", "display": "Diabetes type 2"}
ICD = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11.9"}


def number(codeable: dict[str, object] | None, source: str = "clinic") -> int | None:
    with transaction.atomic():
        dictionary = Dictionary(source)
        found = dictionary.number(codeable)
        dictionary.write()
    return found


def test_same_codings_are_one_concept_whatever_the_words_and_order() -> None:
    one = number({"coding": [SNOMED, ICD], "text": "one"})
    assert number({"coding": [ICD, {**SNOMED, "display": "Other words"}]}) == one
    assert Concept.objects.get().key == "snomed:44054006"
    assert codings_of([one or 0]) == {one: {("snomed", "44054006"), ("icd10cm", "E11.9")}}


def test_other_codings_are_another_concept() -> None:
    assert len({number({"coding": [SNOMED]}), number({"coding": [ICD]}), number({"coding": [SNOMED, ICD]})}) == 3


def test_code_without_a_system_belongs_to_its_source() -> None:
    assert number({"coding": [{"code": "A1"}]}, "one") != number({"coding": [{"code": "A1"}]}, "two")
    assert set(ConceptCoding.objects.values_list("system", flat=True)) == {"local:one", "local:two"}


def test_words_alone_are_a_concept_of_their_own() -> None:
    one = number({"text": "sugar  disease"})
    assert number({"text": "sugar disease"}) == one
    assert number({"coding": [{"display": "sugar disease"}]}) == one
    assert Concept.objects.get().key == "text:sugar disease"


@pytest.mark.parametrize(
    "nothing", [None, {}, {"coding": []}, {"coding": [{}]}, {"text": ""}, {"coding": [{"system": "x"}]}]
)
def test_what_says_nothing_is_no_concept(nothing: dict[str, object] | None) -> None:
    assert number(nothing) is None
    assert not Concept.objects.exists()


def test_new_concepts_fall_into_their_value_sets() -> None:
    ValueSet.objects.create(name="diabetes")
    ValueSetMember.objects.create(value_set_id="diabetes", system="snomed", code="44054006")
    receive(bundle(patient(), condition()))
    concept = Concept.objects.get(key="snomed:44054006")
    assert list(ValueSetCode.objects.values_list("value_set", "code")) == [("diabetes", concept.pk)]


def test_transaction_that_is_undone_leaves_no_numbers_behind() -> None:
    dictionary = Dictionary("clinic")
    with pytest.raises(RuntimeError), transaction.atomic():
        dictionary.number({"coding": [SNOMED]})
        dictionary.write()
        raise RuntimeError
    dictionary.forget()
    with transaction.atomic():
        again = dictionary.number({"coding": [SNOMED]})
        dictionary.write()
    assert Concept.objects.get().pk == again
