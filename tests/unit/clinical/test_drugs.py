"""Medicines by code and by name."""

import pytest

from beforehand.clinical import drugs

ACETAMINOPHEN, AMOXICILLIN, CLAVULANATE, METFORMIN, SIMVASTATIN = 161, 723, 48203, 6809, 36567


def test_a_combination_product_lists_each_ingredient() -> None:
    found = drugs.medicine_of([("rxnorm", "562251", "Amoxicillin 250 MG / Clavulanate 125 MG Oral Tablet")])
    assert found == drugs.Medicine((AMOXICILLIN, CLAVULANATE), False, "code")


def test_an_unknown_code_falls_back_to_the_exact_name_and_says_so() -> None:
    found = drugs.medicine_of([("rxnorm", "999999999", "Acetaminophen 325 MG Oral Tablet")])
    assert found == drugs.Medicine((ACETAMINOPHEN,), False, "name")


def test_a_brand_in_brackets_places_a_medicine_whose_salt_is_not_known() -> None:
    assert drugs.medicine_by_name("Simvistatin-like 10 MG [Zocor]") == drugs.Medicine((SIMVASTATIN,), False, "name")


@pytest.mark.parametrize("words", ["calcium channel blocker", "metformin rescue programme", "", "tablet", "10 MG"])
def test_words_that_only_begin_like_a_medicine_are_not_placed(words: str) -> None:
    assert drugs.medicine_by_name(words) is None


def test_a_combination_with_one_unknown_part_is_unknown() -> None:
    assert drugs.medicine_by_name("Metformin 500 MG / Unheardofine 5 MG Oral Tablet") is None


def test_a_code_of_another_system_is_never_read_as_rxnorm() -> None:
    assert drugs.medicine_of([("snomed", "562251", "")]) is None


def test_a_cream_is_local_and_a_tablet_is_not() -> None:
    assert drugs.medicine_by_name("Hydrocortisone 10 MG/ML Topical Cream") == drugs.Medicine((5492,), True, "name")
    found = drugs.medicine_of([("rxnorm", "861007", "")])
    assert found is not None and not found.is_local and found.ingredients == (METFORMIN,)


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("0002-0152-01", "00002015201"),
        ("00002015201", "00002015201"),
        ("0002-0152", ""),
        ("2", ""),
        ("00002-152-1", "00002015201"),
    ],
)
def test_an_ndc_is_read_with_or_without_hyphens(written: str, digits: str) -> None:
    assert drugs.ndc_eleven(written) == digits


def test_an_ndc_leads_to_the_product() -> None:
    found = drugs.medicine_of([("ndc", "0002-2123-01", ""), ("ndc", "00002015201", "")])
    assert found is not None and found.matched == "code"


def test_a_selector_that_names_nothing_is_refused() -> None:
    with pytest.raises(drugs.KnowledgeError, match="class:nonsense"):
        drugs.resolve("class:statin, class:nonsense")


def test_a_selector_with_commas_means_or() -> None:
    assert drugs.resolve("class:biguanide,drug:simvastatin") == {METFORMIN, SIMVASTATIN}
