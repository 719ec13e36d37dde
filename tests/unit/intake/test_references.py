"""References mean the same in any order of items and files, and a stranger's facts wait for their patient."""

import random

import pytest
from django.db import connection
from django.db import transaction as database

from beforehand.intake.models import QuarantinedItem
from beforehand.intake.quarantine import check_balance
from beforehand.record.models import FACT_MODELS, REFERENCE_MODELS, Message, Resource
from beforehand.record.store.canon import canonical_record
from tests.unit.intake.bundles import bundle, condition, ndjson, observation, patient, transaction
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db

NPI = "http://hl7.org/fhir/sid/us-npi"
PRACTITIONER = {
    "resourceType": "Practitioner",
    "id": "doc",
    "identifier": [{"system": NPI, "value": "1234567893"}],
    "name": [{"family": "Okafor", "given": ["Ada"]}],
}
ORDER = {
    "resourceType": "MedicationRequest",
    "id": "rx",
    "status": "active",
    "intent": "order",
    "subject": {"reference": "Patient/ann"},
    "requester": {"reference": f"Practitioner?identifier={NPI}|1234567893"},
    "medicationReference": {"reference": "Medication/warfarin"},
    "authoredOn": "2026-01-05",
}
MEDICATION = {
    "resourceType": "Medication",
    "id": "warfarin",
    "code": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "855332"}]},
}
PROVENANCE = {
    "resourceType": "Provenance",
    "id": "prov",
    "target": [{"reference": "Observation/a1c"}],
    "recorded": "2026-01-10T10:00:00Z",
    "agent": [{"who": {"reference": "Practitioner/doc"}}],
}
FILES = [
    bundle(patient()),
    bundle(observation(), condition()),
    bundle(PRACTITIONER),
    bundle(ORDER),
    bundle(MEDICATION),
    ndjson([PROVENANCE, observation("later", performer=[{"reference": "Practitioner/doc"}])]),
]


def facts() -> dict[str, object]:
    canon = canonical_record()
    canon.pop("quarantine")  # says what waited on the way, which does depend on the order
    return dict(canon)


def test_facts_about_a_patient_not_yet_known_wait_and_are_released() -> None:
    first = receive(bundle(observation()))
    assert first.counts.quarantined == 1
    waiting = QuarantinedItem.objects.get()
    assert waiting.waiting_for == Resource.objects.get(type="Patient").pk
    assert waiting.owner_team.is_operations
    second = receive(bundle(patient()))
    assert second.counts.balances and second.counts.applied == 2
    assert FACT_MODELS["observation"].unscoped.count() == 1
    assert QuarantinedItem.objects.get().state == "RELEASED"
    assert list(Message.objects.order_by("id").values_list("applied", "quarantined")) == [(1, 0), (1, 0)]
    assert check_balance() == []


def test_facts_of_another_source_are_not_released() -> None:
    receive(bundle(observation()), source="lab")
    receive(bundle(patient()), source="clinic")
    assert QuarantinedItem.objects.get().state == "OPEN"


def test_patient_later_in_the_same_bundle_is_enough() -> None:
    assert receive(bundle(observation(), condition(), patient())).counts.quarantined == 0


def test_any_order_of_files_gives_the_same_facts() -> None:
    shuffle = random.Random(7)
    outcomes = []
    for _ in range(8):
        order = FILES[:]
        shuffle.shuffle(order)
        with_order_undone(order, outcomes)
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert len(outcomes[0]["observation"]) == 2
    assert len(outcomes[0]["provenance"]) == 1
    assert check_balance() == []


def with_order_undone(order: list[bytes], outcomes: list[dict[str, object]]) -> None:
    with database.atomic():
        for content in order:
            receive(content)
        assert not QuarantinedItem.objects.filter(state="OPEN").exists()
        outcomes.append(facts())
        database.set_rollback(True)


def test_reference_by_identifier_meets_the_resource_whichever_comes_first() -> None:
    receive(bundle(patient(), ORDER))
    receive(bundle(PRACTITIONER))
    order = FACT_MODELS["medication_request"].unscoped.get()
    assert order.prescriber_id == REFERENCE_MODELS["practitioner"]._default_manager.get().pk


def test_reference_by_identifier_and_by_id_become_one() -> None:
    receive(bundle(patient(), ORDER, observation(performer=[{"reference": "Practitioner/doc"}])))
    receive(bundle(PRACTITIONER))
    doctor = REFERENCE_MODELS["practitioner"]._default_manager.get().pk
    assert FACT_MODELS["medication_request"].unscoped.get().prescriber_id == doctor
    assert FACT_MODELS["observation"].unscoped.get().performer_id == doctor


def test_medicine_that_comes_later_fills_the_order() -> None:
    receive(bundle(patient(), ORDER))
    assert FACT_MODELS["medication_request"].unscoped.get().code is None
    applied = receive(bundle(MEDICATION))
    assert FACT_MODELS["medication_request"].unscoped.get().code is not None
    assert applied.patients == {FACT_MODELS["medication_request"].unscoped.get().patient_id}


def test_addresses_of_a_bundle_hold_within_it() -> None:
    receive(
        transaction(
            ("urn:uuid:1", {key: value for key, value in observation(subject="urn:uuid:2").items() if key != "id"}),
            ("urn:uuid:2", {key: value for key, value in patient().items() if key != "id"}),
        )
    )
    assert FACT_MODELS["observation"].unscoped.count() == 1
    other = receive(bundle(observation(subject="urn:uuid:2")))
    assert other.counts.quarantined == 1
    assert QuarantinedItem.objects.get().waiting_for is None


def test_full_and_versioned_addresses_name_the_same_resource() -> None:
    receive(bundle(patient(), observation("one", subject="https://ehr.example/fhir/Patient/ann/_history/3")))
    assert FACT_MODELS["observation"].unscoped.count() == 1


def test_one_bad_resource_is_set_aside_and_the_rest_applied() -> None:
    bad = observation("bad", valueQuantity={"value": "not a number"})
    applied = receive(bundle(patient(), bad, observation()))
    assert (applied.counts.applied, applied.counts.quarantined) == (2, 1)
    item = QuarantinedItem.objects.get()
    assert item.place == 1 and item.field.startswith("Observation") and item.reason and item.remedy
    assert "not a number" not in item.reason + item.remedy + item.field


def test_quarantine_reasons_hold_no_values_of_the_patient() -> None:
    receive(bundle(patient(birthDate="Canary-1950"), observation(subject="Patient/Canary")))
    for item in QuarantinedItem.objects.all():
        assert "Canary" not in f"{item.reason} {item.field} {item.remedy}"


def test_kept_only_types_are_counted_as_kept() -> None:
    applied = receive(bundle(patient(), {"resourceType": "ImagingStudy", "id": "i", "status": "available"}))
    assert (applied.counts.applied, applied.counts.kept) == (2, 1)


def test_number_of_questions_does_not_grow_with_the_bundle(django_assert_max_num_queries: object) -> None:
    with django_assert_max_num_queries(160):  # type: ignore[operator]
        receive(bundle(patient(), *(observation(f"o{number}") for number in range(400))))
    assert connection.vendor in ("sqlite", "postgresql")
