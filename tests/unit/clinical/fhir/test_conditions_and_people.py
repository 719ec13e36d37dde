"""People, conditions, allergies and what else is said of a person."""

import pytest

from beforehand.clinical.fhir import MappingError
from tests.unit.clinical.contexts import mapped, row_of

SNOMED = "http://snomed.info/sct"
ANN = {"reference": "Patient/ann"}


def coded(code, system="http://terminology.hl7.org/CodeSystem/x"):
    return {"coding": [{"system": system, "code": code}]}


PATIENT = {
    "resourceType": "Patient",
    "id": "ann",
    "extension": [
        {"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex", "valueCode": "F"},
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired", "valueBoolean": True},
    ],
    "identifier": [{"system": "http://hospital.example", "value": "123", "type": {"coding": [{"code": "MR"}]}}],
    "name": [{"use": "official", "family": "García", "given": ["Ana", "María"], "prefix": ["Mrs."]}],
    "telecom": [{"system": "phone", "use": "home", "value": "(413) 555-0100"}, {"system": "sms", "value": "5550101"}],
    "gender": "female",
    "birthDate": "1950-03",
    "deceasedDateTime": "2026-02-01",
    "address": [{"use": "home", "line": ["1 Elm St"], "city": "Amherst", "state": "MA", "postalCode": "01002"}],
    "communication": [
        {"language": coded("en", "urn:ietf:bcp:47")},
        {"language": coded("es", "urn:ietf:bcp:47"), "preferred": True},
    ],
    "contact": [
        {"name": {"text": "Luis"}, "telecom": [{"system": "phone", "value": "5550102"}], "relationship": [coded("N")]}
    ],
    "link": [{"type": "replaces", "other": {"reference": "Patient/old"}}],
}


def test_a_patient_states_birth_sex_death_and_language():
    row = row_of(PATIENT)
    assert row["birth_to_day"] - row["birth_from_day"] == 30
    assert row["birth_precision"] == "month"
    assert (row["sex"], row["birth_sex"], row["is_active"], row["is_deceased"]) == ("female", "F", 1, 1)
    assert (row["language"], row["needs_interpreter"]) == ("bcp47:es", 1)


def test_names_identifiers_and_contacts_are_kept_beside_the_facts():
    result, _ = mapped(PATIENT)
    person = result.person
    assert person.names == [("official", "García", "Ana María", "Mrs. Ana María García")]
    assert person.identifiers == [("http://hospital.example", "123", "MR")]
    assert ("phone", "home", "(413) 555-0100") in person.contacts
    assert ("phone", "", "5550101") in person.contacts
    assert ("address", "home", "1 Elm St, Amherst, MA 01002") in person.contacts
    assert ("contact", "N", "Luis, 5550102") in person.contacts
    assert person.links == [("replaces", {"reference": "Patient/old"})]
    assert result.patient is None


def test_a_patient_nothing_is_known_of_is_alive_and_in_use():
    row = row_of({"resourceType": "Patient"})
    assert (row["is_active"], row["is_deceased"], row["needs_interpreter"], row["sex"]) == (1, 0, None, None)


def test_a_gender_fhir_does_not_know_is_set_aside():
    with pytest.raises(MappingError) as fault:
        mapped({"resourceType": "Patient", "gender": "F"})
    assert fault.value.place == "Patient.gender"


def test_a_condition_keeps_course_sureness_and_partial_onset():
    row = row_of(
        {
            "resourceType": "Condition",
            "clinicalStatus": coded("resolved"),
            "verificationStatus": coded("refuted"),
            "code": coded("44054006", SNOMED),
            "subject": ANN,
            "onsetDateTime": "2019",
            "abatementDateTime": "2020-05-01",
            "recorder": {"reference": "Practitioner/p"},
        }
    )
    assert (row["clinical_status"], row["verification"], row["code"]) == ("resolved", "refuted", "snomed:44054006")
    assert (row["onset_precision"], row["abated_precision"], row["asserter_id"]) == ("year", "day", "Practitioner/p")


@pytest.mark.parametrize(
    "wrong",
    [
        {"clinicalStatus": "active"},  # as FHIR DSTU2 wrote it
        {"clinicalStatus": coded("chronic")},
        {"verificationStatus": coded("sure")},
        {"subject": None},
        {"subject": {"display": "somebody"}},
        {"onsetDateTime": "last year"},
        {"onsetDateTime": 2019},
        {"code": "E11"},
        {"code": {"coding": "E11"}},
        {"code": {"coding": ["E11"]}},
        {"category": {"coding": []}},
        {"category": ["x"]},
    ],
)
def test_a_condition_that_cannot_be_read_safely_is_set_aside_with_its_place(wrong):
    resource = {"resourceType": "Condition", "code": coded("44054006", SNOMED), "subject": ANN} | wrong
    with pytest.raises(MappingError) as fault:
        mapped(resource)
    assert fault.value.place.startswith("Condition.")
    assert fault.value.reason
    assert fault.value.remedy
    assert "E11" not in str(fault.value)


def test_a_condition_entered_in_error_is_withdrawn():
    result, _ = mapped({"resourceType": "Condition", "verificationStatus": coded("entered-in-error"), "subject": ANN})
    assert result.withdrawn


def allergy(**changes):
    return {"resourceType": "AllergyIntolerance", "patient": ANN, "clinicalStatus": coded("active")} | changes


@pytest.mark.parametrize(
    "code",
    [
        coded("716186003", SNOMED),
        coded("no-known-allergies", "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"),
        {"text": "No Known Allergies"},
        {"text": "NKDA"},
    ],
)
def test_no_known_allergy_is_said_to_be_none(code):
    assert row_of(allergy(code=code))["is_none_known"] == 1


def test_no_information_about_allergies_is_not_the_same_as_none():
    unknown = coded("no-allergy-info", "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips")
    assert row_of(allergy(code=unknown))["is_none_known"] == 0


def test_an_allergy_keeps_its_worst_reaction_and_its_medicine():
    row = row_of(
        allergy(
            category=["food", "medication"],
            criticality="high",
            reaction=[
                {
                    "substance": coded("7980", "http://www.nlm.nih.gov/research/umls/rxnorm"),
                    "manifestation": [coded("hives")],
                },
                {"manifestation": [coded("shock")], "severity": "severe"},
                {"manifestation": [coded("itch")], "severity": "mild"},
            ],
        )
    )
    assert (row["code"], row["category"], row["criticality"]) == ("rxnorm:7980", "medication", "high")
    assert (row["reaction"], row["reaction_severity"]) == ("hl7:x:hives", "severe")


def test_each_member_of_a_care_team_is_a_row():
    team = {
        "resourceType": "CareTeam",
        "status": "active",
        "subject": ANN,
        "period": {"start": "2025-01-01"},
        "participant": [
            {"role": [coded("primary")], "member": {"reference": "Practitioner/p", "display": "Dr. Rivera"}},
            {"member": {"reference": "Organization?identifier=x|y"}, "period": {"start": "2025-06-01"}},
        ],
    }
    result, context = mapped(team)
    first, second = row_of(team), row_of(team, 1)
    assert first["care_team_id"] == context.own_id
    assert (first["member_type"], first["member_name"], first["role"]) == (
        "Practitioner",
        "Dr. Rivera",
        "hl7:x:primary",
    )
    assert second["member_type"] == "Organization"
    assert second["start_from_day"] > first["start_from_day"]
    assert result.patient == ANN


def test_a_relative_is_a_fact_of_the_patient():
    row = row_of(
        {
            "resourceType": "RelatedPerson",
            "patient": ANN,
            "relationship": [coded("DAU", "http://terminology.hl7.org/CodeSystem/v3-RoleCode")],
            "name": [{"given": ["Lucía"], "family": "García"}],
            "telecom": [{"system": "email", "value": "l@example.org"}, {"system": "phone", "value": "555"}],
            "active": False,
        }
    )
    assert (row["relationship"], row["name"], row["phone"], row["is_active"]) == (
        "hl7:v3-RoleCode:DAU",
        "Lucía García",
        "555",
        0,
    )


def test_a_consent_says_permit_or_deny():
    consent = {"resourceType": "Consent", "status": "active", "patient": ANN, "scope": coded("patient-privacy")}
    assert row_of(consent | {"provision": {"type": "deny", "period": {"end": "2027"}}})["decision"] == "deny"
    assert row_of(consent | {"policyRule": coded("OPTIN")})["decision"] == "permit"
    assert row_of(consent)["decision"] is None


def test_a_flag_is_kept_with_its_period():
    row = row_of(
        {
            "resourceType": "Flag",
            "status": "active",
            "code": coded("x"),
            "subject": ANN,
            "period": {"start": "2026-01-01"},
        }
    )
    assert (row["status"], row["code"], row["end_from_day"]) == ("active", "hl7:x:x", None)


def test_a_device_of_nobody_is_only_kept():
    device = {"resourceType": "Device", "status": "active", "deviceName": [{"name": "Pump", "type": "other"}]}
    result, _ = mapped(device)
    assert result.is_kept_only
    assert row_of(device | {"patient": ANN})["name"] == "Pump"


def test_provenance_finds_its_patient_by_what_it_is_about():
    stated = {
        "resourceType": "Provenance",
        "target": [{"reference": "Observation/o"}, {"reference": "Patient/ann"}],
        "recorded": "2026-01-01T00:00:00Z",
        "agent": [{"who": {"reference": "Practitioner/p", "display": "Dr. Rivera"}}],
    }
    named, _ = mapped(stated)
    led, _ = mapped(stated | {"target": [{"reference": "urn:uuid:1"}]})
    only, _ = mapped(stated | {"target": [{"reference": "Organization/1"}]})
    assert named.patient == {"reference": "Patient/ann"}
    assert (led.patient, led.through) == (None, ({"reference": "urn:uuid:1"},))
    assert only.is_kept_only


def test_a_detected_issue_keeps_its_severity():
    row = row_of({"resourceType": "DetectedIssue", "status": "final", "severity": "high", "patient": ANN,
                  "identifiedDateTime": "2026-01-01", "detail": "x"})  # fmt: skip
    assert (row["severity"], row["status"], row["detail"]) == ("high", "final", "x")
