"""A resource stated in parts: what a newer part leaves unsaid stays as the same sender said it before."""

from itertools import permutations
from typing import Any

import orjson
import pytest

from beforehand.intake import formats
from beforehand.intake.models import PartialStatement, QuarantinedItem
from beforehand.intake.quarantine import check_balance
from beforehand.intake.received import received_bundle
from beforehand.record.access import for_principal, system_principal
from beforehand.record.models import FACT_MODELS, Item, PersonContact, PersonIdentifier, PersonName, PersonRecord
from tests.unit.intake import lines_connector
from tests.unit.intake.bundles import MRN, bundle, observation, patient
from tests.unit.intake.lines_connector import lines, unit
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db
PHONE = [{"system": "phone", "value": "555-0100"}]
ADDRESS = [{"line": ["1 Main St"], "city": "Springfield"}]
STAY: dict[str, Any] = {
    "resourceType": "Encounter",
    "id": "stay",
    "status": "in-progress",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
    "subject": {"reference": "Patient/ann"},
}


@pytest.fixture(autouse=True)
def connector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "CONNECTORS", {"lines": lines_connector, **formats.CONNECTORS})


def at(hour: int) -> dict[str, Any]:
    return {"meta": {"lastUpdated": f"2026-11-01T{hour:02}:00:00Z"}}


def say(*resources: dict[str, Any]) -> Any:
    return receive(lines(*unit(0, *resources, method="PATCH")))


def part(hour: int, **said: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "ann", **at(hour), **said}


def person() -> tuple[set[str], set[str], set[str], Any]:
    record = PersonRecord.unscoped.get()
    return (
        set(PersonName.unscoped.values_list("family", flat=True)),
        set(PersonContact.unscoped.values_list("value", flat=True)),
        set(PersonIdentifier.unscoped.values_list("value", flat=True)),
        record.birth_day,
    )


def stay() -> Any:
    return FACT_MODELS["encounter"].unscoped.get()


def test_names_contacts_numbers_and_columns_stay_when_the_newer_part_says_none() -> None:
    say(part(1, **{name: value for name, value in patient(telecom=PHONE, address=ADDRESS).items() if name != "id"}))
    before = person()
    say(part(2, gender="female", maritalStatus={"text": "Widowed"}))
    assert person() == before
    assert FACT_MODELS["patient_record"].unscoped.get().marital_status is not None
    assert [item.version_state for item in Item.objects.order_by("pk")] == ["SUPERSEDED", "CURRENT"]
    assert check_balance() == []


def test_a_key_that_is_present_but_empty_clears() -> None:
    say(part(1, name=[{"family": "Reyes"}], birthDate="1950-03-01", telecom=PHONE, maritalStatus={"text": "Widowed"}))
    say(part(2, telecom=[], maritalStatus=None))
    assert person()[1] == set()
    assert FACT_MODELS["patient_record"].unscoped.get().marital_status is None
    assert person()[0] == {"Reyes"}


def test_a_part_after_a_whole_version_adds_to_it_and_a_whole_version_starts_anew() -> None:
    receive(bundle({**patient(telecom=PHONE), **at(1)}))
    say(part(2, maritalStatus={"text": "Widowed"}))
    assert person()[1] == {"555-0100"}
    receive(bundle({**patient(), **at(3)}))
    assert person()[1] == set()
    assert FACT_MODELS["patient_record"].unscoped.get().marital_status is None
    say(part(4, address=ADDRESS))
    assert len(person()[1]) == 1
    assert FACT_MODELS["patient_record"].unscoped.get().marital_status is None


def test_a_whole_version_and_a_part_of_it_in_one_message() -> None:
    first = unit(0, {**patient(telecom=PHONE), **at(1)})
    receive(lines(*first, *unit(1, part(2, address=ADDRESS), method="PATCH")))
    assert len(person()[1]) == 2


def test_a_late_part_never_wins_but_fills_what_nobody_else_said() -> None:
    receive(bundle(patient()))
    say({**STAY, **at(9), "status": "finished", "period": {"end": "2026-11-01T09:00:00Z"}})
    row = stay()
    assert row.status == "finished"
    applied = say({**STAY, **at(5), "period": {"start": "2026-10-30T08:00:00Z"}, "reasonCode": [{"text": "Fall"}]})
    row = stay()
    assert row.status == "finished"
    assert row.reason is not None
    assert row.start_at is not None
    assert row.end_at is not None
    assert applied.counts.applied == 1
    assert Item.objects.get(pk=row.item_id).version_state == "CURRENT"
    assert Item.objects.order_by("-pk")[0].version_state == "LATE"
    assert check_balance() == []


def test_parts_give_the_same_whatever_order_they_arrive_in() -> None:
    receive(bundle(patient()))
    parts = [
        {**STAY, **at(1), "priority": {"text": "urgent"}, "reasonCode": [{"text": "Fall"}]},
        {**STAY, **at(2), "reasonCode": [{"text": "Hip fracture"}], "type": [{"text": "Surgery"}]},
        {**STAY, **at(3), "status": "finished"},
    ]
    said = set()
    for order, ways in enumerate(permutations(parts)):
        for way in ways:
            say({**way, "id": f"stay{order}"})
        row = FACT_MODELS["encounter"].unscoped.get(pk__in=Item.objects.order_by("-pk").values("resource_id")[:1])
        said.add((row.status, row.reason, row.code))
    assert len(said) == 1
    assert None not in next(iter(said))
    assert check_balance() == []


def test_a_part_that_names_another_person_is_set_aside() -> None:
    say(part(1, **{name: value for name, value in patient().items() if name != "id"}))
    before = person()
    applied = say(part(2, name=[{"family": "Stone", "given": ["Al"]}], birthDate="1999-09-09"))
    assert applied.counts.quarantined == 1
    assert "another person" in QuarantinedItem.objects.get().reason
    assert person() == before
    say(part(3, name=[{"family": "Reyes-Lee", "given": ["Ann"]}]))  # a new name alone is no other person
    assert person()[0] == {"Reyes-Lee"}


def test_begin_and_end_are_said_one_by_one_and_one_choice_excludes_the_other() -> None:
    say(part(1, name=[{"family": "Reyes"}], deceasedDateTime="2026-10-30"))
    assert FACT_MODELS["patient_record"].unscoped.get().is_deceased == 1
    say(part(2, deceasedBoolean=False))
    assert FACT_MODELS["patient_record"].unscoped.get().is_deceased == 0
    coded = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/admit-source", "code": "emd"}]}
    say({**STAY, **at(1), "period": {"start": "2026-10-30T08:00:00Z"}, "hospitalization": {"admitSource": coded}})
    home = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/discharge-disposition", "code": "home"}]}
    ended = {"period": {"end": "2026-11-01T09:00:00Z"}, "hospitalization": {"dischargeDisposition": home}}
    say({**STAY, **at(2), "status": "finished", **ended})
    row = stay()
    assert None not in (row.start_at, row.end_at, row.admit_source, row.discharge_disposition)


def test_security_labels_and_extensions_are_each_kept_until_said_anew() -> None:
    receive(bundle(patient()))
    labels = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}]
    say({**STAY, "meta": {**at(1)["meta"], "security": labels}, "extension": [{"url": "a", "valueString": "1"}]})
    guarded = stay().sensitivity
    assert guarded
    say({**STAY, **at(2), "extension": [{"url": "b", "valueString": "2"}]})
    assert stay().sensitivity == guarded
    words = orjson.loads(PartialStatement.objects.get(item_id=stay().item_id).content)
    assert {"extension\na", "extension\nb", "meta\nsecurity"} <= words.keys()


def test_numbers_keep_their_digits_through_parts() -> None:
    receive(bundle(patient()))
    say({**observation("a"), **at(1)})
    say({"resourceType": "Observation", "id": "a", "status": "amended", **at(2)})
    row = FACT_MODELS["observation"].unscoped.get()
    assert (row.status, row.value_text) == ("amended", "9.1")


def test_the_record_as_received_shows_the_whole_that_stands() -> None:
    say(part(1, **{name: value for name, value in patient(telecom=PHONE).items() if name != "id"}))
    say(part(2, address=ADDRESS))
    record = PersonRecord.unscoped.get()
    found = received_bundle(for_principal(system_principal("operator")), record.patient_id)
    resource = found["entry"][0]["resource"]
    assert resource["identifier"] == [{"system": MRN, "value": "MRN-ann"}]
    assert resource["telecom"] == PHONE
    assert resource["address"] == ADDRESS


def test_what_was_set_aside_in_part_is_made_whole_when_released() -> None:
    say({**STAY, **at(2), "status": "finished"})
    say({**STAY, **at(1), "reasonCode": [{"text": "Fall"}]})
    assert QuarantinedItem.objects.filter(state="OPEN").count() == 2
    receive(bundle(patient()))
    assert QuarantinedItem.objects.filter(state="OPEN").count() == 0
    row = stay()
    assert row.status == "finished"
    assert row.reason is not None
    assert check_balance() == []
