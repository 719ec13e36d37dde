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
from functools import cache
from typing import NamedTuple

import yaml

from beforehand.clinical import drugs, medicine_tables
from beforehand.clinical.columns import Physical, Stored
from beforehand.clinical.content import content_root
from beforehand.clinical.drugs import Coding, KnowledgeError, digest_of, read_table, resolve

Row = tuple[int | str | None, ...]

SEVERITIES = ("contraindicated", "major", "moderate", "minor")


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


@dataclass(frozen=True)
class KnowledgeTable:
    """What a knowledge file is, as its sidecar states it."""

    name: str
    title: str
    source: str
    licence: str
    edition: str
    status: str
    coverage: str


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


@cache
def _allergen_words() -> dict[str, str]:
    return {row["words"]: row["selector"] for row in read_table("allergens.csv")}


def _plain_allergy(text: str) -> str:
    words = drugs.plain_words(text.split("(")[0])
    for lead in ("allergy to ", "allergic reaction to ", "allergic reaction caused by ", "history of allergy to "):
        words = words.removeprefix(lead)
    for tail in (" allergy", " intolerance"):
        words = words.removesuffix(tail)
    return words


def _allergen(concept: ConceptCodings) -> Iterator[Row]:
    for text in (*(display for _, _, display in concept.codings), concept.display):
        selector = _allergen_words().get(_plain_allergy(text))
        if selector:
            for ingredient in sorted(resolve(selector)):
                yield concept.id, ingredient, selector.partition(":")[2], "name"
            return
    found = drugs.medicine_of(concept.codings) or drugs.medicine_by_name(_plain_allergy(concept.display))
    if found is not None:
        for ingredient in found.ingredients:
            yield concept.id, ingredient, "", found.matched


def _ingredients() -> Iterator[Row]:
    known = drugs.classified()
    for number, name in sorted(drugs.ingredient_names().items()):
        yield number, name, int(number in known)


def _members(groups: dict[str, frozenset[int]]) -> Iterator[Row]:
    for name in sorted(groups):
        for ingredient in sorted(groups[name]):
            yield ingredient, name


def _pairs(left: str, right: str) -> set[tuple[int, int]]:
    """Every two different ingredients the two selectors mean, smaller number first."""
    return {(min(a, b), max(a, b)) for a in resolve(left) for b in resolve(right) if a != b}


@cache
def _quiet_pairs() -> frozenset[tuple[int, int]]:
    """Pairs that the ONC low-priority list keeps from interrupting anybody."""
    quiet: set[tuple[int, int]] = set()
    for row in read_table("onc_low_priority.csv"):
        quiet |= _pairs(row["selector_a"], row["selector_b"])
    return frozenset(quiet)


@cache
def interaction_pairs() -> dict[tuple[int, int], tuple[str, str, str, str]]:
    """(smaller, larger ingredient) -> severity, effect, action, authority: the gravest statement, quiet pairs left out.

    The low-priority list silences what is moderate or minor and the old VA list; it never silences what our
    own table, from the label, calls contraindicated or major.
    """
    found: dict[tuple[int, int], tuple[str, str, str, str]] = {}
    for row in read_table("interactions.csv"):
        if " WITH " in row["right"] or resolve(row["right"]) == frozenset():
            continue  # three medicines at once are no pair, and alcohol is no medicine
        statement = (row["severity"], row["possible_effect"], row["suggested_action"], _authority(row["basis"]))
        for pair in _pairs(row["left"], row["right"]):
            quiet = pair in _quiet_pairs() and row["severity"] not in ("contraindicated", "major")
            if not quiet and (pair not in found or _graver(row["severity"], found[pair][0])):
                found[pair] = statement
    old = ("major", "called critical without a reason given", "ask the pharmacist", "VA NDF-RT, July 2014")
    for row in read_table("va_interactions.csv"):
        pair = (int(row["ingredient_a"]), int(row["ingredient_b"]))
        if pair not in _quiet_pairs():
            found.setdefault(pair, old)
    return found


def _graver(one: str, other: str) -> bool:
    return SEVERITIES.index(one) < SEVERITIES.index(other)


def _authority(basis: str) -> str:
    words = {"ONC-HP": "ONC high-priority list, 2012", "label": "FDA label"}
    return "; ".join(words.get(part.strip(), part.strip()) for part in basis.split(";"))


def _interactions() -> Iterator[Row]:
    for (a, b), statement in sorted(interaction_pairs().items()):
        yield a, b, *statement
        yield b, a, *statement


def _duplicate_classes() -> Iterator[Row]:
    known = drugs.classes()
    for row in read_table("duplicate_therapy.csv"):
        a, b = row["class_a"], row["class_b"]
        for name in (a, b):
            if name not in known:
                raise KnowledgeError(f"duplicate_therapy.csv names the class {name!r}, which has no member")
        yield a, b, row["what"], row["action"], row["level"]


def _crosses() -> Iterator[Row]:
    seen: set[tuple[int, int]] = set()
    for row in read_table("allergy_cross_reactivity.csv"):
        for a in sorted(resolve(row["allergy"])):
            for b in sorted(resolve(row["also"])):
                if a != b and (a, b) not in seen:
                    seen.add((a, b))
                    yield a, b, row["verdict"], row["note"], row["basis"]


def _renal_limits() -> Iterator[Row]:
    for row in read_table("renal_dosing.csv"):
        for ingredient in sorted(resolve(row["selector"])):
            yield ingredient, row["measure"], int(row["below"]), row["level"], row["what"], _authority(row["basis"])


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
    "allergen": _allergen,
    "coding": _coding,
    "service_code": _service_code,
}
_STATIC: dict[str, Callable[[], Iterator[Row]]] = {
    "ingredient": _ingredients,
    "ingredient_class": lambda: _members(drugs.classes()),
    "ingredient_flag": lambda: _members(drugs.flags()),
    "interaction": _interactions,
    "duplicate_class": _duplicate_classes,
    "allergy_cross": _crosses,
    "renal_limit": _renal_limits,
    "rule_medicine": medicine_tables.rule_medicines,
    "controlled_ingredient": medicine_tables.controlled,
    "medicare_amount": _medicare_amounts,
    "service_limit": _service_limits,
    "bundled_service": _bundled_services,
}


def catalogue() -> list[KnowledgeTable]:
    """Every shipped knowledge table with its source, licence, edition and status, as its sidecar says."""
    found = []
    for path in sorted((content_root() / "knowledge").glob("*.yaml")):
        stated = yaml.safe_load(path.read_text(encoding="utf-8"))
        fields = ("title", "source", "licence", "edition", "status", "coverage")
        missing = [field for field in fields if not stated.get(field)]
        if missing:
            raise KnowledgeError(f"knowledge/{path.name} lacks {', '.join(missing)}; every table must say them")
        found.append(KnowledgeTable(path.stem, *(str(stated[field]) for field in fields)))
    return found
