"""What counts as the same, what as alike, and what as nobody. Pure: no database."""

from __future__ import annotations

from datetime import date

import pytest

from beforehand.record.matching_compare import Comparison, compare, reasons
from beforehand.record.matching_keys import keys_of
from beforehand.record.matching_words import (
    standard_address,
    standard_identifier,
    standard_name,
    standard_phone,
)
from beforehand.record.store.matching import Person, person_from

SSN = "http://hl7.org/fhir/sid/us-ssn"
EPOCH = date(1970, 1, 1)


def someone(
    family: str = "Reyes", given: str = "Ann", born: str | None = "1950-03-01", ssn: str = "123-45-7890", **more: object
) -> Person:
    numbers = [(SSN, ssn, "SS"), *more.pop("numbers", [])]  # type: ignore[misc]
    contacts = [(kind, str(value)) for kind, value in more.items() if kind != "sex"]
    day = (date.fromisoformat(born) - EPOCH).days if born else None
    return person_from((1, 1, day, str(more.get("sex", "female"))), [(family, given, "")], numbers, contacts)


def against(**other: object) -> Comparison:
    return compare(someone(), someone(**other))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("O'Brien-Núñez", "Ann"), ("OBRIEN NUNEZ", "ANN")),
        (("de la Cruz", "José"), ("DeLaCruz", "JOSE")),
        (("de la Cruz", "José"), ("Cruz", "Jose")),
        (("St. John", "Ann"), ("Saint John", "Ann")),
        (("Reyes, Jr.", "Mr. John"), ("Reyes", "John")),
        (("Reyes II", "John"), ("Reyes Jr", "John")),
        (("Reyes", "Mary Ann"), ("Reyes", "Maryann")),
        (("Strauß", "Øystein"), ("STRAUSS", "Oystein")),
        (("Reyes MD", "Ann"), ("Reyes", "Ann")),
    ],
)
def test_same_by_standardisation_links(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert compare(someone(*one), someone(*other)).is_certain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Reyes", "William"), ("Reyes", "Bill")),
        (("Reyes", "Ann"), ("Reyes", "Anne")),
        (("Reyes", "Ann"), ("Reyes", "A")),
        (("Reyes", "A"), ("Reyes", "A")),
        (("Reyes", "Ann"), ("Reyes-Weiss", "Ann")),
        (("Reyes", "Ann"), ("Reys", "Ann")),
        (("Reyes", "Ann"), ("Ann", "Reyes")),
        (("Reyes Sr", "John"), ("Reyes Jr", "John")),
        (("Reyes", "José Luis"), ("Reyes", "José Antonio")),
        (("Reyes", "Baby Boy"), ("Reyes", "Baby Boy")),
        (("Doe", "Jane"), ("Doe", "Jane")),
        (("Unknown", "Ann"), ("Unknown", "Ann")),
    ],
)
def test_alike_or_nobody_never_links_but_is_shown(one: tuple[str, str], other: tuple[str, str]) -> None:
    found = compare(someone(*one), someone(*other))
    assert not found.is_certain
    assert found.may_be_one


@pytest.mark.parametrize(
    ("other", "level"),
    [
        ({"born": "1950-01-03"}, "swapped"),
        ({"born": "1950-03-11"}, "near"),
        ({"born": "1905-03-01"}, "near"),
        ({"born": "1961-07-23"}, "differs"),
        ({"born": "1900-01-01"}, ""),
        ({"born": None}, ""),
    ],
)
def test_birth_dates_that_are_alike_are_only_alike(other: dict[str, str], level: str) -> None:
    found = against(**other)
    assert found.level("birth date") == level
    assert not found.is_certain


@pytest.mark.parametrize(
    "value",
    ["999-99-9999", "000-00-0000", "123-45-6789", "111111111", "UNKNOWN", "666-12-3456", "123-00-4567", "078-05-1120"],
)
def test_numbers_that_stand_for_nobody(value: str) -> None:
    assert standard_identifier(SSN, value, "SS") is None
    assert not compare(someone(ssn=value), someone(ssn=value)).is_certain


def test_one_number_written_in_many_ways_is_one() -> None:
    ways = [(SSN, "123-45-7890", "SS"), ("urn:oid:2.16.840.1.113883.4.1", "123457890", ""), ("", "123 45 7890", "SS")]
    assert len({(n.system, n.value) for way in ways if (n := standard_identifier(*way))}) == 1
    masked = standard_identifier(SSN, "XXX-XX-7890", "")
    assert masked is not None
    assert (masked.value, masked.last_four) == ("", "7890")
    assert against(ssn="XXX-XX-7890").level("identifier") == "last four"


def test_number_without_a_system_is_not_an_agreement() -> None:
    local = [("", "4711", "MR")]
    found = compare(someone(ssn="", numbers=local), someone(ssn="", numbers=local))
    assert found.level("identifier") == "shared"
    assert not found.is_certain


def test_number_a_household_shares_links_whole_names_only() -> None:
    plan = [("https://plan.example", "LK00417", "MB")]
    whole = someone(ssn="", numbers=plan, given="José Luis")
    assert compare(whole, someone(ssn="", numbers=plan, given="Jose Luis")).is_certain
    assert not compare(whole, someone(ssn="", numbers=plan, given="José")).is_certain
    spouse = someone(ssn="", numbers=plan, given="Carla", born="1952-07-09")
    assert not compare(whole, spouse).may_be_one


@pytest.mark.parametrize("other", [{"sex": "male"}, {"ssn": "222-33-4444"}, {"ssn": "123-45-7809"}])
def test_what_speaks_against_keeps_a_pair_for_review(other: dict[str, str]) -> None:
    chart = [("https://hospital.example/mrn", "77001", "MR")]
    assert compare(someone(numbers=chart), someone(numbers=chart)).is_certain
    found = compare(someone(numbers=chart), someone(numbers=chart, **other))  # type: ignore[arg-type]
    assert not found.is_certain
    assert found.may_be_one


def test_middle_name_left_out_links_only_when_phone_mail_or_address_agree() -> None:
    whole, short = someone(given="Ann Marie"), someone(given="Ann")
    assert not compare(whole, short).is_certain
    assert compare(whole, short).may_be_one
    home = {"phone": "617-555-0142"}
    assert compare(someone(given="Ann Marie", **home), someone(given="Ann M", **home)).is_certain


def test_number_that_many_people_hold_is_no_agreement() -> None:
    found = compare(someone(), someone(), shared=frozenset({("ssn", "123457890")}))
    assert not found.is_certain


def test_parent_and_child_of_one_name_and_home_are_not_shown_as_one() -> None:
    home = {"address": "14 Mill Lane, Larkfield, MA 02139", "phone": "617-555-0142"}
    parent = someone("Reyes", "John", "1950-03-01", "", **home)
    assert not compare(parent, someone("Reyes", "John", "1978-03-01", "", **home)).may_be_one
    assert compare(parent, someone("Reyes", "John", "1953-08-21", "", **home)).may_be_one


def test_phones_and_addresses_are_read_as_people_write_them() -> None:
    assert standard_phone("+1 (617) 555-0142 x12") == standard_phone("617.555.0142") == "6175550142"
    assert standard_phone("555-555-5555") == standard_phone("000-000-0000") == standard_phone("n/a") == ""
    one = standard_address("14 Mill Lane, Apt 3, Larkfield, MA 02139")
    other = standard_address("14 MILL LN #3, LARKFIELD MA 02139-1234")
    assert one is not None
    assert other is not None
    assert (one.key, one.unit, one.zip) == (other.key, other.unit, other.zip)
    assert standard_address("General Delivery, Larkfield, MA 02139") is None
    assert standard_address("123 Main St, Anytown") is None


def test_name_in_one_piece_is_taken_apart() -> None:
    assert standard_name("", "", "Reyes, Ann Marie") == standard_name("Reyes", "Ann Marie")
    assert standard_name("", "", "Ann van der Berg") == standard_name("van der Berg", "Ann")


def test_reasons_are_plain_and_hold_no_value() -> None:
    found = against(family="Weiss", born="1950-01-03")
    assert (
        reasons(found) == "identifier and given name agree; day and month of birth may be swapped; family names differ"
    )


def test_one_wrong_trait_leaves_another_way_to_be_found() -> None:
    known = {"phone": "617-555-0142", "address": "14 Mill Lane, Larkfield, MA 02139"}
    keys = keys_of(someone(**known))
    for other in (
        {"family": "Weiss", "ssn": ""},
        {"given": "Zoe", "ssn": ""},
        {"given": "Nancy", "born": "1950-01-03", "ssn": ""},
        {"born": None, "ssn": ""},
        {"family": "Reyez", "born": "1951-03-01", "ssn": ""},
        {"family": "Ann", "given": "Reyes", "ssn": ""},
        {"ssn": "xxx-xx-7890", "born": "1950-09-09", "given": "Zoe"},
    ):
        assert keys & keys_of(someone(**(known | other))), other  # type: ignore[arg-type]
    assert not keys & keys_of(someone("Weiss", "Zoe", "1977-08-08", "222-33-4444"))
