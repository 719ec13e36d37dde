"""What a second word on the same thing does: the newest version holds, whatever the order of arrival."""

import pytest

from beforehand.intake.quarantine import check_balance
from beforehand.record.models import FACT_MODELS, DirtyPatient, Item, Message, Patient
from beforehand.record.store.touched import marked_among
from tests.unit.intake.bundles import bundle, condition, observation, patient
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db
Observation = FACT_MODELS["observation"].unscoped


def at(moment: str) -> dict[str, object]:
    return {"meta": {"lastUpdated": moment}}


def states() -> list[str]:
    return list(Item.objects.exclude(version_state="").order_by("id").values_list("version_state", flat=True))


def test_facts_carry_their_patient_source_and_item() -> None:
    applied = receive(bundle(patient(), observation()))
    row = Observation.get()
    assert applied.counts.applied == 2 and applied.counts.balances
    assert row.patient_id == Patient.unscoped.get().pk
    assert row.value_micro == 9_100_000 and row.value_unit == "%"
    assert Item.objects.get(pk=row.item_id).message.source.name == "clinic"
    assert row.same_as == row.pk


def test_same_bytes_again_change_nothing() -> None:
    content = bundle(patient(), observation())
    receive(content)
    before = list(Observation.values())
    DirtyPatient.objects.all().delete()
    again = receive(content)
    assert (again.counts.received, again.counts.duplicates, again.counts.applied) == (2, 2, 0)
    assert list(Observation.values()) == before
    assert not DirtyPatient.objects.exists()
    assert Item.objects.count() == 2
    assert Message.objects.count() == 2


def test_same_content_in_another_file_is_a_duplicate() -> None:
    receive(bundle(patient(), observation()))
    again = receive(bundle(patient(), observation(), condition()))
    assert (again.counts.duplicates, again.counts.applied) == (2, 1)


def test_newer_version_takes_the_place_of_the_older() -> None:
    receive(bundle(patient(), observation(value=9.1, **at("2026-01-10T10:00:00Z"))))
    first = Observation.get()
    receive(bundle(observation(value=7.0, **at("2026-01-11T10:00:00Z"))))
    row = Observation.get()
    assert row.pk == first.pk and row.value_micro == 7_000_000
    assert states() == ["CURRENT", "SUPERSEDED", "CURRENT"]


def test_older_version_arriving_late_does_not_win() -> None:
    receive(bundle(patient(), observation(value=7.0, **at("2026-01-11T10:00:00Z"))))
    late = receive(bundle(observation(value=9.1, **at("2026-01-10T12:00:00+02:00"))))
    assert Observation.get().value_micro == 7_000_000
    assert late.counts.applied == 1
    assert states()[-1] == "LATE"


def test_without_a_date_of_its_own_the_last_received_holds() -> None:
    receive(bundle(patient(), observation(value=9.1)))
    receive(bundle(observation(value=7.0)))
    assert Observation.get().value_micro == 7_000_000


def test_two_versions_in_one_message_leave_the_newer() -> None:
    newer = observation(value=7.0, **at("2026-01-11T10:00:00Z"))
    older = observation(value=9.1, **at("2026-01-10T10:00:00Z"))
    receive(bundle(patient(), older, newer, older | {"issued": "2026-01-10T10:00:00Z"}))
    assert Observation.get().value_micro == 7_000_000
    assert states() == ["CURRENT", "SUPERSEDED", "CURRENT", "LATE"]


def test_entered_in_error_withdraws_the_fact() -> None:
    receive(bundle(patient(), observation()))
    receive(bundle(observation(status="entered-in-error")))
    assert Observation.get().status == "entered-in-error"
    assert states() == ["CURRENT", "SUPERSEDED", "WITHDRAWN"]


def test_deletion_withdraws_the_fact_and_leaves_the_older_version_readable() -> None:
    receive(bundle(patient(), observation()))
    DirtyPatient.objects.all().delete()
    receive(
        b'{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Observation/a1c"}}]}'
    )
    assert not Observation.exists()
    assert states()[-1] == "WITHDRAWN"
    assert DirtyPatient.objects.get().tables == "observation"


def test_components_that_a_newer_version_leaves_out_are_gone() -> None:
    pressure = {
        "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
        "component": [
            {
                "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                "valueQuantity": {"value": value, "unit": "mm[Hg]", "code": "mm[Hg]"},
            }
            for code, value in (("8480-6", 140), ("8462-4", 90))
        ],
    }
    receive(bundle(patient(), {**observation("bp"), **pressure, "valueQuantity": None}))
    assert Observation.filter(parent_id__isnull=False).count() == 2
    receive(bundle({**observation("bp"), **pressure, "valueQuantity": None, "component": pressure["component"][:1]}))
    assert Observation.filter(parent_id__isnull=False).count() == 1


def test_fact_that_changes_hands_leaves_the_first_patient() -> None:
    receive(bundle(patient("ann"), patient("bea", birthDate="1960-01-02"), observation()))
    receive(bundle(observation(subject="Patient/bea", value=9.2)))
    row = Observation.get()
    assert row.patient_id == Patient.unscoped.get(birth_from_day=-3652).pk
    assert DirtyPatient.objects.count() == 2


def test_what_changed_is_noted_with_the_patient() -> None:
    receive(bundle(patient(), observation(), condition()))
    ann = Patient.unscoped.get()
    added = marked_among([ann.pk])[ann.pk]
    assert added is not None
    assert added["patient"] is None
    assert added["observation"] == {Observation.get().code}
    receive(bundle(observation(value=7.0)))  # what is corrected is no longer only added
    corrected = marked_among([ann.pk])[ann.pk]
    assert corrected is not None
    assert (corrected["observation"], corrected["condition"]) == (None, added["condition"])
    assert Patient.unscoped.get().changed_seq > ann.changed_seq


def test_counters_balance_and_a_wrong_one_is_found() -> None:
    receive(bundle(patient(), observation(), {"resourceType": "Observation", "id": "bad", "subject": 7}))
    assert check_balance() == []
    Message.objects.update(applied=99)
    assert check_balance()
