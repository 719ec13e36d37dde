"""Value sets: shipped, loaded by an organisation, and what falls in them."""

import json
from pathlib import Path

import pytest

from beforehand.record import valuesets
from beforehand.record.models import Concept, ConceptCoding, ValueSet, ValueSetCode
from beforehand.record.valuesets import ValueSetLoadError, load_path, load_shipped

pytestmark = pytest.mark.django_db

A1C = {"system": "http://loinc.org", "code": "4548-4", "display": "Haemoglobin A1c"}


def concept(*codings: tuple[str, str]) -> int:
    keys = [f"{system}:{code}" for system, code in codings]
    made = Concept.objects.create(digest="|".join(keys), key=keys[0])
    for system, code in codings:
        ConceptCoding.objects.create(concept=made, system=system, code=code)
    return int(made.pk)


def fhir(tmp_path: Path, **resource: object) -> Path:
    path = tmp_path / "set.json"
    path.write_text(json.dumps({"resourceType": "ValueSet", "name": "OurA1c", **resource}))
    return path


def members_of(name: str) -> set[int]:
    return set(ValueSetCode.objects.filter(value_set=name).values_list("code", flat=True))


def test_the_same_code_of_another_system_is_not_in_the_set(tmp_path: Path) -> None:
    inside, outside = concept(("loinc", "4548-4")), concept(("snomed", "4548-4"))
    load_path(fhir(tmp_path, compose={"include": [{"system": A1C["system"], "concept": [A1C]}]}))
    assert members_of("our_a1c") == {inside}
    assert outside not in members_of("our_a1c")


def test_one_of_several_codings_is_enough(tmp_path: Path) -> None:
    mixed = concept(("local:lab", "HBA1C"), ("loinc", "4548-4"))
    load_path(fhir(tmp_path, expansion={"contains": [A1C]}))
    assert members_of("our_a1c") == {mixed}


def test_a_meaning_that_arrives_later_is_placed_too(tmp_path: Path) -> None:
    load_path(fhir(tmp_path, expansion={"contains": [A1C]}))
    late = concept(("loinc", "4548-4"))
    assert members_of("our_a1c") == set()
    valuesets.extend([late])
    valuesets.extend([late])
    assert members_of("our_a1c") == {late}


def test_loading_the_same_set_again_changes_nothing(tmp_path: Path) -> None:
    path = fhir(tmp_path, expansion={"contains": [A1C]})
    assert [one.outcome for one in load_path(path)] == ["NEW"]
    assert [one.outcome for one in load_path(path)] == ["SAME"]


def test_a_code_taken_out_of_a_set_leaves_it(tmp_path: Path) -> None:
    number = concept(("loinc", "4548-4"))
    other = {**A1C, "code": "17856-6"}
    load_path(fhir(tmp_path, expansion={"contains": [A1C, other]}))
    assert members_of("our_a1c") == {number}
    load_path(fhir(tmp_path, expansion={"contains": [other]}))
    assert members_of("our_a1c") == set()


def test_a_filter_is_refused_by_name(tmp_path: Path) -> None:
    test = {"property": "concept", "op": "is-a", "value": "73211009"}
    path = fhir(tmp_path, compose={"include": [{"system": "http://snomed.info/sct", "filter": [test]}]})
    with pytest.raises(ValueSetLoadError, match=r"our_a1c.*concept is-a 73211009.*expansion"):
        load_path(path)
    assert not ValueSet.objects.exists()


def test_a_whole_code_system_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueSetLoadError, match=r"whole of http://loinc.org"):
        load_path(fhir(tmp_path, compose={"include": [{"system": "http://loinc.org"}]}))


def test_an_excluded_code_is_not_in_the_set(tmp_path: Path) -> None:
    number = concept(("loinc", "4548-4"))
    other = {**A1C, "code": "17856-6"}
    part = {"system": A1C["system"]}
    compose = {"include": [{**part, "concept": [A1C, other]}], "exclude": [{**part, "concept": [A1C]}]}
    load_path(fhir(tmp_path, compose=compose))
    assert number not in members_of("our_a1c")


def test_a_set_that_takes_in_another_needs_that_one_first(tmp_path: Path) -> None:
    with pytest.raises(ValueSetLoadError, match="not loaded; load that one first"):
        load_path(fhir(tmp_path, compose={"include": [{"valueSet": ["https://example.org/other"]}]}))


def test_a_csv_of_the_organisation_is_loaded_under_its_file_name(tmp_path: Path) -> None:
    path = tmp_path / "Our Clinic A1c.csv"
    path.write_text("system,code,display\nhttp://loinc.org,4548-4,A1c\n")
    assert [(one.name, one.codes) for one in load_path(path)] == [("our_clinic_a1c", 1)]


def test_the_organisations_set_is_not_overwritten_by_the_shipped_one(tmp_path: Path) -> None:
    first = load_shipped()
    assert first and all(one.outcome == "NEW" for one in first)
    assert all(one.outcome == "SAME" for one in load_shipped())
    (tmp_path / f"{first[0].name}.csv").write_text("system,code,display\nloinc,1-8,x\n")
    load_path(tmp_path / f"{first[0].name}.csv")
    load_shipped()
    assert ValueSet.objects.get(name=first[0].name).origin == "LOADED"
