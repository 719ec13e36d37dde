"""Encounters, appointments, orders, tasks, plans, goals and communications as rows."""

import pytest

from beforehand.clinical.fhir import MappingError
from beforehand.clinical.fhir.visits import service_of, sort_of
from tests.unit.clinical.contexts import mapped, row_of

WORK = "https://beforehand.example/fhir/CodeSystem/work"
ANN = {"reference": "Patient/ann"}


def coded(code, system="http://terminology.hl7.org/CodeSystem/x"):
    return {"coding": [{"system": system, "code": code}]}


def test_a_stay_says_when_it_ended_and_where_the_person_went():
    row = row_of(
        {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            "type": [coded("adm")],
            "subject": ANN,
            "period": {"start": "2026-01-02T10:00:00-05:00", "end": "2026-01-06T11:00:00-05:00"},
            "hospitalization": {"dischargeDisposition": coded("snf"), "admitSource": coded("emd")},
            "location": [{"location": {"reference": "Location/l", "display": "4 West"}}],
            "serviceProvider": {"reference": "Organization/h", "display": "Holyoke"},
            "participant": [{"type": [coded("ATND")]}, {"individual": {"reference": "Practitioner/p"}}],
            "partOf": {"reference": "Encounter/e0"},
            "appointment": [{"reference": "Appointment/a"}],
        }
    )
    assert (row["class_code"], row["discharge_disposition"], row["admit_source"]) == ("IMP", "hl7:x:snf", "hl7:x:emd")
    assert row["end_from_day"] - row["start_from_day"] == 4
    assert (row["place_name"], row["practitioner_id"], row["part_of_id"]) == (
        "4 West",
        "Practitioner/p",
        "Encounter/e0",
    )
    assert row["appointment_id"] == "Appointment/a"


def test_a_visit_of_several_sorts_is_each_of_them_and_is_called_by_the_first():
    office = {**coded("office"), "text": "Office visit"}
    assert sort_of({"type": [office]}) is office
    sort = sort_of({"type": [office, coded("counsel")]})
    assert [coding["code"] for coding in sort["coding"]] == ["office", "counsel"]
    assert sort["text"] == "Office visit"
    assert sort_of({}) is None


def appointment(*actors, **changes):
    return {
        "resourceType": "Appointment",
        "status": "booked",
        "start": "2026-12-04T14:00:00-05:00",
        "end": "2026-12-04T14:30:00-05:00",
        "participant": [{"actor": actor, "status": "accepted"} for actor in (actors or (ANN,))],
    } | changes


def test_an_appointment_names_patient_clinician_and_place_by_its_participants():
    resource = appointment(
        ANN,
        {"reference": "Practitioner/p", "display": "Dr. Rivera"},
        {"reference": "Location/l"},
        basedOn=[{"reference": "ServiceRequest/o"}],
        serviceType=[coded("cardiology")],
        patientInstruction="Nothing to eat after midnight.",
    )
    result, _ = mapped(resource)
    row = row_of(resource)
    assert result.patient == ANN
    assert (row["practitioner_id"], row["location_id"], row["place_name"]) == (
        "Practitioner/p",
        "Location/l",
        "Dr. Rivera",
    )
    assert (row["minutes"], row["kind"], row["is_remote"], row["order_id"]) == (30, None, 0, "ServiceRequest/o")
    assert row["instructions"] == "Nothing to eat after midnight."


@pytest.mark.parametrize(
    "sort",
    [coded("ride", WORK), coded("ride-by-family", WORK), coded("A0130", "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"),
     {"text": "Non-emergency medical transportation"}],
)  # fmt: skip
def test_a_ride_names_the_visit_it_is_for(sort):
    row = row_of(appointment(ANN, serviceType=[sort], supportingInformation=[{"reference": "Appointment/visit"}]))
    assert (row["kind"], row["for_appointment_id"]) == ("RIDE", "Appointment/visit")


def test_a_visit_is_no_ride_for_another_visit():
    row = row_of(appointment(ANN, supportingInformation=[{"reference": "Appointment/other"}]))
    assert (row["kind"], row["for_appointment_id"]) == (None, None)


def test_a_video_visit_is_remote():
    virtual = coded("VR", "http://terminology.hl7.org/CodeSystem/v3-ActCode")
    assert (
        row_of(appointment(ANN, appointmentType=virtual))["kind"],
        row_of(appointment(ANN, appointmentType=virtual))["is_remote"],
    ) == ("VR", 1)
    assert row_of(appointment(ANN, serviceType=[{"text": "Video visit"}]))["is_remote"] == 1


def test_an_appointment_whose_actors_do_not_say_what_they_are_is_led_to_its_patient():
    result, _ = mapped(appointment({"reference": "urn:uuid:1"}, {"reference": "Practitioner/p"}))
    assert (result.patient, result.through) == (None, ({"reference": "urn:uuid:1"},))


def test_an_appointment_for_several_services_counts_for_each_of_them():
    lab = [coded("a1c") | {"text": "A1c"}, coded("egfr") | {"text": "eGFR"}]
    service = service_of(appointment(ANN, serviceType=lab))
    assert ([one["code"] for one in service["coding"]], service["text"]) == (["a1c", "egfr"], "A1c, eGFR")
    assert row_of(appointment(ANN, serviceType=lab))["code"] == "hl7:x:a1c"  # the context names a concept by its first
    assert service_of(appointment(ANN, serviceType=lab[:1])) == lab[0]
    assert service_of(appointment(ANN)) is None


def test_one_appointment_for_two_patients_is_set_aside_rather_than_given_to_one():
    with pytest.raises(MappingError, match="several patients"):
        mapped(appointment(ANN, {"reference": "Patient/bob"}))


def test_an_appointment_for_nobody_is_set_aside():
    with pytest.raises(MappingError, match="which patient"):
        mapped(appointment({"reference": "Practitioner/p"}))


def test_an_episode_keeps_its_period():
    row = row_of({"resourceType": "EpisodeOfCare", "status": "active", "patient": ANN, "type": [coded("hacc")],
                  "period": {"start": "2026-01"}})  # fmt: skip
    assert (row["code"], row["start_precision"]) == ("hl7:x:hacc", "month")


def test_a_referral_says_who_asks_whom_for_what():
    row = row_of(
        {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "code": coded("306206005", "http://snomed.info/sct"),
            "category": [coded("referral")],
            "priority": "urgent",
            "subject": ANN,
            "authoredOn": "2026-01-05",
            "occurrencePeriod": {"start": "2026-01-10", "end": "2026-02-10"},
            "requester": {"reference": "Practitioner/p"},
            "performer": [{"reference": "Organization/o", "display": "Cardiology"}],
            "reasonReference": [{"reference": "Condition/c"}],
        }
    )
    assert (row["priority"], row["performer_name"], row["reason_id"]) == ("urgent", "Cardiology", "Condition/c")
    assert row["wanted_from_day"] - row["authored_from_day"] == 36
    assert row["do_not_perform"] == 0


@pytest.mark.parametrize(
    ("element", "word"), [("status", "done"), ("intent", "wish"), ("status", None), ("intent", None)]
)
def test_an_order_without_a_known_status_and_intent_is_set_aside(element, word):
    resource = {"resourceType": "ServiceRequest", "status": "active", "intent": "order", "subject": ANN, element: word}
    with pytest.raises(MappingError) as fault:
        mapped(resource)
    assert fault.value.place == f"ServiceRequest.{element}"


def task(**changes):
    return {
        "resourceType": "Task",
        "status": "completed",
        "intent": "order",
        "code": coded("refill-request", WORK),
        "for": ANN,
        "focus": {"reference": "MedicationRequest/m"},
        "owner": {"reference": "Organization/o", "display": "Pharmacy"},
        "lastModified": "2026-01-05T10:00:00Z",
        "executionPeriod": {"start": "2026-01-04", "end": "2026-01-05"},
    } | changes


def test_a_task_keeps_its_focus_owner_and_state():
    row = row_of(task())
    assert (row["code"], row["focus_id"], row["owner_name"]) == (
        "work:refill-request",
        "MedicationRequest/m",
        "Pharmacy",
    )
    assert row["end_from_day"] == row["modified_from_day"]


def test_a_task_that_names_no_patient_is_led_to_them_by_its_focus():
    result, _ = mapped(task(**{"for": None}))
    assert result.through == ({"reference": "MedicationRequest/m"},)
    with pytest.raises(MappingError, match="which patient"):
        mapped(task(**{"for": None, "focus": None}))


def test_equipment_and_meals_are_orders():
    chair = {"resourceType": "DeviceRequest", "intent": "order", "status": "active", "subject": ANN,
             "codeCodeableConcept": coded("K0001"), "authoredOn": "2026-01-05"}  # fmt: skip
    meals = {"resourceType": "NutritionOrder", "intent": "order", "status": "active", "patient": ANN,
             "dateTime": "2026-01-05", "oralDiet": {"type": [coded("low-salt")]}}  # fmt: skip
    assert row_of(chair)["code"] == "hl7:x:K0001"
    assert row_of(meals)["code"] == "hl7:x:low-salt"


def test_a_care_plan_is_known_by_its_most_specific_category():
    plan = {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "subject": ANN,
        "category": [
            coded("assess-plan"),
            {"coding": [{"system": "y", "code": "diabetes", "display": "Diabetes plan"}]},
        ],
        "created": "2026-01-05",
        "careTeam": [{"reference": "CareTeam/t"}],
    }
    row = row_of(plan)
    assert (row["code"], row["title"], row["care_team_id"]) == ("y:diabetes", "Diabetes plan", "CareTeam/t")
    assert row_of(plan | {"category": [coded("assess-plan")]})["code"] == "hl7:x:assess-plan"


def test_a_goal_keeps_its_words_and_its_first_target():
    row = row_of(
        {
            "resourceType": "Goal",
            "lifecycleStatus": "active",
            "achievementStatus": coded("in-progress"),
            "description": {"text": "Walk to church again"},
            "subject": ANN,
            "startDate": "2026-01-05",
            "target": [
                {
                    "measure": coded("4548-4", "http://loinc.org"),
                    "detailQuantity": {"value": 7, "unit": "%"},
                    "dueDate": "2026-06",
                }
            ],
        }
    )
    assert (row["status"], row["description"], row["code"]) == ("active", "Walk to church again", None)
    assert (row["measure"], row["target_micro"], row["due_precision"]) == ("loinc:4548-4", 7_000_000, "month")


def test_a_call_that_did_not_reach_the_person_keeps_its_reason():
    row = row_of(
        {
            "resourceType": "Communication",
            "status": "not-done",
            "statusReason": coded("not-reached", WORK),
            "category": [coded("call", WORK)],
            "reasonCode": [coded("post-discharge-contact", WORK)],
            "subject": ANN,
            "sent": "2026-01-05T10:00:00-05:00",
            "encounter": {"reference": "Encounter/e"},
            "payload": [{"contentString": "Left a message"}],
        }
    )
    assert (row["status"], row["status_reason"], row["code"]) == ("not-done", "work:not-reached", "work:call")
    assert (row["topic"], row["encounter_id"], row["words"]) == (
        "work:post-discharge-contact",
        "Encounter/e",
        "Left a message",
    )
