"""Lists become people and coverage by a mapping; a row that cannot be read is set aside with its line and column."""

import pytest

from beforehand.intake.connectors.csv.connector import items, recognises, with_mapping
from beforehand.intake.connectors.errors import StopError
from tests.contracts.connector_suite import suite_for

MAPPING = b"""
zone: America/New_York
resources:
  - resourceType: Patient
    id: "{Member}"
    name: [{family: "{Last}", given: ["{First}"]}]
    birthDate: "{Born|date:%m/%d/%Y}"
    gender: "{Sex|map:F=female,M=male}"
  - resourceType: Coverage
    when: "{Plan}"
    id: "{Member}-{Plan}"
    status: active
    beneficiary: {reference: "Patient/{Member}"}
    costToBeneficiary: [{valueMoney: {value: "{Copay|number}", currency: USD}}]
"""
HEADING = b"Member,Last,First,Born,Sex,Plan,Copay\n"
BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nresources: [*b,*b,*b]"

TestCsvConnector = suite_for(
    "csv",
    hostile={
        "a mapping that is no YAML": with_mapping(b"{{{", HEADING),
        "a mapping that grows": with_mapping(BOMB, HEADING),
        "a mapping without end": b"#beforehand-list 1 9999999\nresources: []",
        "a mapping that builds objects": with_mapping(b"resources: !!python/object/apply:os.getcwd []", HEADING),
        "open quotes": with_mapping(MAPPING, HEADING + b'1,"' + b"x\n" * 100_000),
        "a long cell": with_mapping(MAPPING, HEADING + b"1," + b"x" * 2_000_000),
        "many columns": with_mapping(MAPPING, b"a," * 200_000 + b"\n1"),
    },
)


def read(rows: bytes, mapping: bytes = MAPPING):
    return list(items(with_mapping(mapping, HEADING + rows)))


def test_a_row_makes_its_resources_and_they_are_one_item():
    person, coverage = read(b"7,Okafor,Ada,03/09/1951,f,GOLD,12.50\n")
    assert person.resource == {
        "resourceType": "Patient", "id": "7", "name": [{"family": "Okafor", "given": ["Ada"]}],
        "birthDate": "1951-03-09", "gender": "female",
    }  # fmt: skip
    assert str(coverage.resource["costToBeneficiary"][0]["valueMoney"]["value"]) == "12.50"
    assert (person.unit, coverage.unit) == (0, 0)


def test_empty_cells_leave_nothing_behind():
    (person,) = read(b"7,Okafor,,,,,\n")
    assert person.resource == {"resourceType": "Patient", "id": "7", "name": [{"family": "Okafor"}]}


@pytest.mark.parametrize(
    ("row", "place", "reason"),
    [
        (b"7,Okafor,Ada,09.03.1951,F,,\n", "line 2, column Born", "no date"),
        (b"7,Okafor,Ada,,X,,\n", "line 2, column Sex", "a word that the mapping does not know"),
        (b"7,Okafor,Ada,,F,GOLD,twelve\n", "line 2, column Copay", "no number"),
        (b"7,Okafor\n", "line 2", "2 cells, and the heading has 7"),
        (b",Okafor,Ada,,,,\n", "line 2", "no id"),
        (b",,,,,,X\n", "line 2", "no resource"),
    ],
)
def test_a_row_that_cannot_be_read_is_set_aside_with_its_place_and_without_its_values(row, place, reason):
    bad, good = read(row + b"8,Lind,Bo,,M,,\n")
    assert (bad.error.place, bad.unit, good.unit) == (place, 0, 1)
    assert reason in bad.error.reason
    assert "Okafor" not in str(bad.error)
    assert "twelve" not in str(bad.error)


def test_a_cell_may_hold_the_delimiter_and_line_breaks_and_lines_are_still_counted():
    first, second = read(b'7,"Oka,\nfor",Ada,,,,\n8,Lind,Bo,bad,,,\n')
    assert first.resource["name"][0]["family"] == "Oka,\nfor"
    assert second.error.place == "line 4, column Born"


def test_a_month_stays_a_month():
    mapping = b'resources: [{resourceType: Patient, id: "{Member}", birthDate: "{Born|date:%m/%Y}"}]'
    (person,) = read(b"7,,,03/1951,,,\n", mapping)
    assert person.resource["birthDate"] == "1951-03"


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        (b"resources: []", "holds no list of resources"),
        (b"resources: [{id: x}]", "without resourceType"),
        (b"resources: [{resourceType: Patient}]", "gives its Patient no id"),
        (b'resources: [{resourceType: Patient, id: "{Member}", birthDate: 1951-03-09}]', "write it in quotes"),
        (b'resources: [{resourceType: Patient, id: "{Member|shout}"}]', "asks of column Member for shout"),
        (b'resources: [{resourceType: Patient, id: "{Member}", x: "{Born|datetime:%Y}"}]', "names no zone"),
        (b'resources: [{resourceType: Patient, id: "{Number}"}]', "lacks columns that its mapping names: Number"),
        (b'colour: red\nresources: [{resourceType: Patient, id: "{Member}"}]', "colour, which means nothing"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused_by_what_is_wrong_with_it(mapping, words):
    with pytest.raises(StopError, match=words):
        read(b"7,,,,,,\n", mapping)


def test_a_list_without_a_mapping_is_known_by_its_name_and_refused_with_the_remedy():
    assert recognises(HEADING, "members.csv")
    with pytest.raises(StopError, match="--mapping"):
        list(items(HEADING, "members.csv"))
