"""The knowledge relations that rules join: medicines and ingredients, classes, interactions, allergies, kidney limits.

Each relation is stated once in ``RELATIONS`` and built here from the tables under ``knowledge/``. A relation
``by_concept`` has rows for the coded meanings at hand (``medicine`` says what is in a medicine somebody sent);
the others are the same everywhere. Absence of a row is never safety: ``ingredient.is_classified`` says
whether anybody has looked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from beforehand.clinical import drugs, medicine_tables, safety_tables
from beforehand.clinical.columns import Physical, Stored
from beforehand.clinical.drugs import Coding, KnowledgeError, digest_of, read_table

Row = tuple[int | str | None, ...]


class ConceptCodings(NamedTuple):
    """One row of the concept dictionary with its codings (system token, code, display)."""

    id: int
    codings: tuple[Coding, ...]
    display: str


@dataclass(frozen=True)
class Relation:
    """One relation of knowledge: its columns, what a row means, and which columns find it."""

    name: str
    columns: tuple[Stored, ...]
    meaning: str
    by_concept: bool
    index: tuple[str, ...]
    files: tuple[str, ...]


def _whole(name: str, meaning: str) -> Stored:
    return Stored(name, Physical.INTEGER, True, meaning)


def _text(name: str, meaning: str) -> Stored:
    return Stored(name, Physical.TEXT, True, meaning)


_RXNORM = ("rxnorm_products.csv.gz", "rxnorm_names.csv.gz", "medicine_supplement.csv", "ndc.csv.gz")
_CLASSES = ("drug_classes.csv", "rxnorm_ingredients.csv.gz")

RELATIONS: dict[str, Relation] = {
    relation.name: relation
    for relation in (
        Relation(
            "medicine",
            (
                _whole("code", "the medicine's concept"),
                _whole("ingredient", "one ingredient of it, RxNorm number"),
                _whole("is_local", "1 for creams, eye drops and the like, which hardly reach the blood"),
                _text("matched", "code, or name where only its words could be placed"),
            ),
            "One row for each medicine concept and ingredient. A concept without a row is not known to us.",
            True,
            ("code", "ingredient"),
            _RXNORM,
        ),
        Relation(
            "medicine_name",
            (
                _whole("code", "the medicine's concept"),
                _text("subject", "what findings about it are called: medicine:rxnorm:6809, or 1+2 for a combination"),
                _text("name", "its ingredients in words"),
                _whole("is_local", "1 for creams, eye drops and the like, which hardly reach the blood"),
            ),
            "One row for each medicine concept we can place: one subject for every product of the same ingredients.",
            True,
            ("code",),
            _RXNORM,
        ),
        Relation(
            "concept_words",
            (_whole("code", "any concept"), _text("words", "the words its source uses")),
            "The words of every coded meaning, to be shown, never compared.",
            True,
            ("code",),
            (),
        ),
        Relation(
            "ingredient",
            (
                _whole("ingredient", "RxNorm number"),
                _text("name", "its name"),
                _whole("is_classified", "1 when our class table has a row for it"),
            ),
            "Every ingredient of the shipped RxNorm copy.",
            False,
            ("ingredient",),
            _CLASSES,
        ),
        Relation(
            "ingredient_class",
            (_whole("ingredient", "RxNorm number"), _text("class_name", "a class of ours")),
            "Which class an ingredient belongs to.",
            False,
            ("ingredient", "class_name"),
            _CLASSES,
        ),
        Relation(
            "ingredient_flag",
            (_whole("ingredient", "RxNorm number"), _text("flag", "a property that matters for safety")),
            "Which safety properties an ingredient has.",
            False,
            ("ingredient", "flag"),
            _CLASSES,
        ),
        Relation(
            "interaction",
            (
                _whole("ingredient_a", "RxNorm number"),
                _whole("ingredient_b", "RxNorm number"),
                _text("severity", "contraindicated, major, moderate or minor"),
                _text("effect", "what may happen, in plain words"),
                _text("action", "what the source suggests"),
                _text("authority", "whose list says so"),
            ),
            "Two ingredients that clash, in both orders; the gravest statement about the pair.",
            False,
            ("ingredient_a", "ingredient_b"),
            ("interactions.csv", "va_interactions.csv", "onc_low_priority.csv", *_CLASSES),
        ),
        Relation(
            "duplicate_class",
            (
                _text("class_a", "a class"),
                _text("class_b", "the other class; the same one when two of a kind are meant"),
                _text("what", "what is doubled, in plain words"),
                _text("action", "what is suggested"),
                _text("level", "error, warn or sum"),
            ),
            "Classes of which nobody should take two at once, each pair once.",
            False,
            ("class_a", "class_b"),
            ("duplicate_therapy.csv", *_CLASSES),
        ),
        Relation(
            "allergen",
            (
                _whole("code", "the allergy's concept"),
                _whole("ingredient", "an ingredient it means, RxNorm number"),
                _text("class_name", "the class that was named, empty when a single medicine was"),
                _text("matched", "code, or name where only its words could be placed"),
            ),
            "Which medicines a recorded allergy is about; food and pollen have no row.",
            True,
            ("code", "ingredient"),
            (*_RXNORM, "allergens.csv", *_CLASSES),
        ),
        Relation(
            "allergy_cross",
            (
                _whole("ingredient_a", "the ingredient reacted to"),
                _whole("ingredient_b", "another ingredient that may cause the same"),
                _text("verdict", "avoid, or caution when it depends on the reaction"),
                _text("note", "why"),
                _text("authority", "on whose word"),
            ),
            "Which other medicines matter after a reaction to one.",
            False,
            ("ingredient_a", "ingredient_b"),
            ("allergy_cross_reactivity.csv", *_CLASSES),
        ),
        Relation(
            "medicare_amount",
            (
                _text("name", "which amount"),
                _whole("from_day", "first day of service it holds for"),
                _whole("until_day", "last day of service it holds for"),
                _whole("amount", "cents, or whole percent where the name says so"),
            ),
            "Medicare's amounts by day of service; a day without a row has no amount we know.",
            False,
            ("name",),
            ("medicare_amounts.csv",),
        ),
        Relation(
            "coding",
            (_whole("code", "any concept"), _text("coding", "one of its codings, as snomed:44054006")),
            "The codings of a coded meaning: two that share one mean the same, whatever else their sources add.",
            True,
            ("code", "coding"),
            (),
        ),
        Relation(
            "service_code",
            (_whole("code", "any concept"), _text("service", "its billing code, as hcpcs:G0439")),
            "The billing codes (HCPCS, CPT) of a coded meaning.",
            True,
            ("code",),
            (),
        ),
        Relation(
            "service_limit",
            (_text("service", "a billing code"), _whole("units", "at most so many a day")),
            "Services that cannot be given more often in a day.",
            False,
            ("service",),
            ("service_limits.csv",),
        ),
        Relation(
            "bundled_service",
            (_text("whole_service", "a billing code"), _text("part_service", "the one that is not billed beside it")),
            "Two services of one day of which only one can be billed.",
            False,
            ("whole_service", "part_service"),
            ("bundled_services.csv",),
        ),
        Relation(
            "renal_limit",
            (
                _whole("ingredient", "RxNorm number"),
                _text("measure", "egfr (mL/min/1.73 m2) or crcl (Cockcroft-Gault, mL/min), which are not the same"),
                _whole("below", "the limit in that measure; it applies below"),
                _text("level", "avoid or review"),
                _text("what", "what is suggested"),
                _text("authority", "on whose word"),
            ),
            "Kidney function below which a medicine must be stopped or its dose looked at.",
            False,
            ("ingredient", "measure"),
            ("renal_dosing.csv", *_CLASSES),
        ),
        Relation(
            "rule_medicine",
            (_text("rule_id", "a row of a family"), _whole("part", "1 to 3"), _whole("ingredient", "RxNorm number")),
            "Which medicines a row of a family of medicine rules means; part is the place among those it names.",
            False,
            ("ingredient", "rule_id"),
            (*medicine_tables.FAMILIES, *_CLASSES),
        ),
        Relation(
            "controlled_ingredient",
            (_whole("ingredient", "RxNorm number"), _whole("schedule", "2 to 5, of the federal schedules")),
            "Medicines under the Controlled Substances Act.",
            False,
            ("ingredient",),
            ("controlled_medicines.csv",),
        ),
        Relation(
            "medicine_strength",
            (
                _whole("code", "the medicine's concept"),
                _whole("ingredient", "RxNorm number"),
                _text("unit", "piece, mL, mg or patch"),
                _whole("tenth_mg", "tenths of a milligram in one unit"),
                Stored(
                    "hundredth_mme",
                    Physical.INTEGER,
                    False,
                    "hundredths of a morphine milligram equivalent in one unit (patch: a day); empty when no opioid",
                ),
            ),
            "What one unit of an acetaminophen or opioid product holds.",
            True,
            ("code",),
            ("medicine_strengths.csv", "ndc.csv.gz"),
        ),
    )
}


def rows(name: str, concepts: Iterable[ConceptCodings] = ()) -> list[Row]:
    """The rows of one relation, in the order of its columns; for ``by_concept`` ones, of the given concepts."""
    if name not in RELATIONS:
        raise KnowledgeError(f"no knowledge relation is called {name!r}")
    if RELATIONS[name].by_concept:
        build = _BY_CONCEPT[name]
        return [row for concept in concepts for row in build(concept)]
    return list(_STATIC[name]())


def digest(name: str) -> str:
    """The digest of everything the relation is built from; a change means rules that use it must run again."""
    return digest_of(*RELATIONS[name].files)


def _medicine(concept: ConceptCodings) -> Iterator[Row]:
    found = drugs.medicine_of(concept.codings, concept.display)
    if found is not None:
        for ingredient in found.ingredients:
            yield concept.id, ingredient, int(found.is_local), found.matched


def _medicine_name(concept: ConceptCodings) -> Iterator[Row]:
    found = drugs.medicine_of(concept.codings, concept.display)
    if found is not None:
        numbers = sorted(found.ingredients)
        known = drugs.ingredient_names()
        names = sorted(known.get(number, f"RxNorm {number}") for number in numbers)
        words = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
        yield concept.id, "medicine:rxnorm:" + "+".join(map(str, numbers)), words, int(found.is_local)


def _concept_words(concept: ConceptCodings) -> Iterator[Row]:
    words = concept.display or next((display for _, _, display in concept.codings if display), "")
    if words:
        yield concept.id, words


def _ingredients() -> Iterator[Row]:
    known = drugs.classified()
    for number, name in sorted(drugs.ingredient_names().items()):
        yield number, name, int(number in known)


def _members(groups: dict[str, frozenset[int]]) -> Iterator[Row]:
    for name in sorted(groups):
        for ingredient in sorted(groups[name]):
            yield ingredient, name


def _medicare_amounts() -> Iterator[Row]:
    for row in read_table("medicare_amounts.csv"):
        yield row["name"], _day(row["from"]), _day(row["until"]), int(row["amount"])


def _day(written: str) -> int:
    return (date.fromisoformat(written) - date(1970, 1, 1)).days


def _service_code(concept: ConceptCodings) -> Iterator[Row]:
    for system, code, _ in concept.codings:
        if system in ("hcpcs", "cpt"):
            yield concept.id, f"{system}:{code}"


_MEANINGS = ("snomed", "icd10cm", "icd9cm", "rxnorm", "cvx", "ndc", "loinc")


def _coding(concept: ConceptCodings) -> Iterator[Row]:
    for system, code, _ in concept.codings:
        if system in _MEANINGS:
            yield concept.id, f"{system}:{code}"


def _service_limits() -> Iterator[Row]:
    for row in read_table("service_limits.csv"):
        yield row["service"], int(row["units"])


def _bundled_services() -> Iterator[Row]:
    for row in read_table("bundled_services.csv"):
        yield row["whole"], row["part"]


_BY_CONCEPT: dict[str, Callable[[ConceptCodings], Iterator[Row]]] = {
    "medicine_strength": lambda concept: medicine_tables.strengths(concept.id, concept.codings),
    "medicine": _medicine,
    "medicine_name": _medicine_name,
    "concept_words": _concept_words,
    "allergen": lambda concept: safety_tables.allergens(concept.id, concept.codings, concept.display),
    "coding": _coding,
    "service_code": _service_code,
}
_STATIC: dict[str, Callable[[], Iterator[Row]]] = {
    "ingredient": _ingredients,
    "ingredient_class": lambda: _members(drugs.classes()),
    "ingredient_flag": lambda: _members(drugs.flags()),
    "interaction": safety_tables.interactions,
    "duplicate_class": safety_tables.duplicate_classes,
    "allergy_cross": safety_tables.allergy_crosses,
    "renal_limit": safety_tables.renal_limits,
    "rule_medicine": medicine_tables.rule_medicines,
    "controlled_ingredient": medicine_tables.controlled,
    "medicare_amount": _medicare_amounts,
    "service_limit": _service_limits,
    "bundled_service": _bundled_services,
}
