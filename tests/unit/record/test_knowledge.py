"""Knowledge relations as stored tables."""

import pytest

from beforehand.record import knowledge
from beforehand.record.models import KNOWLEDGE_MODELS, Concept, ConceptCoding

pytestmark = pytest.mark.django_db


def medicine(code: str) -> int:
    concept = Concept.objects.create(digest=code, key=f"rxnorm:{code}", display="")
    ConceptCoding.objects.create(concept=concept, system="rxnorm", code=code)
    return int(concept.pk)


def ingredients_of(number: int) -> set[int]:
    rows = KNOWLEDGE_MODELS["medicine"]._default_manager.filter(code=number)
    return set(rows.values_list("ingredient", flat=True))


def test_loading_again_does_nothing() -> None:
    assert set(knowledge.load_knowledge()) == set(KNOWLEDGE_MODELS)
    assert knowledge.load_knowledge() == []


def test_medicines_known_before_loading_are_placed() -> None:
    number = medicine("562251")
    knowledge.load_knowledge()
    assert ingredients_of(number) == {723, 48203}


def test_a_medicine_that_arrives_later_is_placed_once() -> None:
    knowledge.load_knowledge()
    number = medicine("861007")
    knowledge.extend([number])
    knowledge.extend([number])
    rows = KNOWLEDGE_MODELS["medicine"]._default_manager.filter(code=number)
    assert rows.count() == 1
    assert ingredients_of(number) == {6809}
