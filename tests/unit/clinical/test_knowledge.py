"""The knowledge relations, and the interactions that must never be missed."""

from itertools import product

import pytest
import yaml

from beforehand.clinical import drugs, knowledge, safety_tables
from beforehand.clinical.content import content_root
from beforehand.clinical.knowledge import RELATIONS, ConceptCodings, rows

MUST_NOT_BE_MISSED = [
    ("drug:warfarin", "drug:ibuprofen"),
    ("class:ace_inhibitor", "drug:spironolactone"),
    ("drug:digoxin", "drug:amiodarone"),
    ("class:opioid", "class:benzodiazepine"),
    ("class:arni", "class:ace_inhibitor"),
]


@pytest.mark.parametrize(("left", "right"), MUST_NOT_BE_MISSED)
def test_every_pair_of_the_smoke_list_is_at_least_major(left: str, right: str) -> None:
    pairs = safety_tables.interaction_pairs()
    checked = 0
    for a, b in product(drugs.resolve(left), drugs.resolve(right)):
        if a != b and not (left == "class:arni" and a == drugs.resolve("drug:valsartan")):
            assert pairs[min(a, b), max(a, b)][0] in ("contraindicated", "major"), (a, b)
            checked += 1
    assert checked


def test_what_the_low_priority_list_names_does_not_interrupt() -> None:
    (levothyroxine,), (calcium,) = drugs.resolve("drug:levothyroxine"), drugs.resolve("drug:calcium carbonate")
    (ibuprofen,), (lisinopril,) = drugs.resolve("drug:ibuprofen"), drugs.resolve("drug:lisinopril")
    assert (min(ibuprofen, lisinopril), max(ibuprofen, lisinopril)) not in safety_tables.interaction_pairs()
    assert (
        min(levothyroxine, calcium),
        max(levothyroxine, calcium),
    ) in safety_tables.interaction_pairs()  # as an antacid


def test_the_low_priority_list_never_silences_what_the_label_calls_major() -> None:
    (lisinopril,), (losartan,) = drugs.resolve("drug:lisinopril"), drugs.resolve("drug:losartan")
    pair = (min(lisinopril, losartan), max(lisinopril, losartan))
    assert safety_tables.interaction_pairs()[pair][0] == "major"


def test_a_product_says_what_one_tablet_holds() -> None:
    tablet = ConceptCodings(1, (("rxnorm", "857002", "acetaminophen 325 MG / hydrocodone 5 MG"),), "")
    assert sorted(rows("medicine_strength", [tablet])) == [(1, 161, "piece", 3250, None), (1, 5489, "piece", 50, 500)]
    patch = ConceptCodings(1, (("rxnorm", "245134", "72 HR fentanyl 0.025 MG/HR Transdermal System"),), "")
    assert rows("medicine_strength", [patch]) == [(1, 4337, "patch", 0, 6000)]
    assert rows("medicine_strength", [ConceptCodings(1, (("snomed", "1", "?"),), "?")]) == []


def test_a_family_of_rules_means_every_member_of_the_classes_it_names() -> None:
    built = rows("rule_medicine")
    assert ("nsaid_heart_failure", 1, 5640) in built
    assert ("kidney_triple", 3, 5640) in built
    assert ("kidney_triple", 1, 5640) not in built


def test_interactions_stand_in_both_orders_once() -> None:
    built = rows("interaction")
    pairs = {(row[0], row[1]) for row in built}
    assert len(pairs) == len(built)
    assert all((b, a) in pairs for a, b in pairs)
    assert all(a != b for a, b in pairs)


@pytest.mark.parametrize("name", sorted(RELATIONS))
def test_every_relation_gives_the_columns_it_states(name: str) -> None:
    concepts = [
        ConceptCodings(1, (("rxnorm", "562251", ""),), ""),
        ConceptCodings(2, (("snomed", "91936005", "Allergy to penicillin"),), "Allergy to penicillin"),
        ConceptCodings(4, (("ndc", "00406012301", ""), ("rxnorm", "857002", "")), ""),
        ConceptCodings(3, (("hcpcs", "G0439", "Yearly wellness visit"),), "Yearly wellness visit"),
    ]
    built = rows(name, concepts)
    assert built
    assert all(len(row) == len(RELATIONS[name].columns) for row in built)
    assert built == rows(name, concepts)
    assert len(knowledge.digest(name)) == 64


def test_an_allergy_to_a_class_means_each_medicine_of_it() -> None:
    found = rows("allergen", [ConceptCodings(7, (), "Penicillin allergy")])
    assert {row[1] for row in found} == drugs.resolve("class:penicillin")
    assert {row[2] for row in found} == {"penicillin"}


def test_an_allergy_to_food_or_pollen_is_about_no_medicine() -> None:
    concepts = [
        ConceptCodings(1, (("snomed", "300913006", "Shellfish allergy"),), "Shellfish allergy"),
        ConceptCodings(2, (("snomed", "418689008", "Allergy to grass pollen"),), "Allergy to grass pollen"),
        ConceptCodings(3, (("snomed", "232350006", "House dust mite allergy"),), "House dust mite allergy"),
    ]
    assert rows("allergen", concepts) == []


def test_an_ingredient_nobody_classified_is_known_to_be_so() -> None:
    classified = {row[1]: row[2] for row in rows("ingredient")}
    assert classified["metformin"] == 1
    assert classified["mesna"] == 0


def test_every_table_says_its_source_licence_edition_and_status() -> None:
    sidecars = sorted((content_root() / "knowledge").glob("*.yaml"))
    for path in sidecars:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        silent = {"title", "source", "licence", "edition", "status", "coverage"} - {key for key in told if told[key]}
        assert not silent, path.name
    stated = {path.stem for path in sidecars}
    shipped = {path.name.split(".")[0] for path in (content_root() / "knowledge").glob("*.csv*")}
    assert {"interactions", "drug_classes", "rxnorm_products"} <= stated
    assert stated >= {name for relation in RELATIONS.values() for name in (f.split(".")[0] for f in relation.files)}
    assert stated <= shipped


def test_a_medicine_has_one_kidney_limit_for_each_measure_and_value() -> None:
    limits = [row[:3] for row in rows("renal_limit")]
    assert len(limits) == len(set(limits))
