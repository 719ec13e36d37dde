"""What is done alike for every resource: shapes, withdrawal, labels, types that are only kept, reference rows."""

import contextlib

import pytest

from beforehand.clinical.columns import Physical
from beforehand.clinical.fhir import KEPT_ONLY, MAPPERS, MappingError, map_resource, value_columns
from beforehand.clinical.fhir.shapes import _SHAPES, check_shape
from beforehand.clinical.tables import ALL
from tests.unit.clinical.contexts import NumberingContext, mapped, row_of

ANN = {"reference": "Patient/ann"}
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
FLAG = {"resourceType": "Flag", "status": "active", "code": {"text": "x"}, "subject": ANN}


def test_every_table_is_filled_from_a_resource_that_is_mapped():
    assert {table.fhir for table in ALL.values()} == set(MAPPERS)


def test_no_resource_is_both_mapped_and_only_kept_and_fhir_r4_is_whole():
    assert not KEPT_ONLY & set(MAPPERS)
    assert len(KEPT_ONLY | set(MAPPERS)) == 146


@pytest.mark.parametrize("table", sorted(ALL))
def test_values_exclude_the_columns_every_row_has(table):
    columns = value_columns(table)
    assert not {"id", "patient_id", "source_id", "item_id", "same_as", "sensitivity"} & set(columns)
    assert len(columns) == len(set(columns))
    assert set(columns) <= {stored.name for stored in ALL[table].physical()}


@pytest.mark.parametrize("kind", [*sorted(KEPT_ONLY)[:10], "ImagingStudy", "SupplyDelivery"])
def test_other_resources_of_fhir_r4_are_kept_only(kind):
    result, _ = mapped({"resourceType": kind, "subject": ANN})
    assert result.is_kept_only
    assert result.rows == []
    assert result.patient == ANN


@pytest.mark.parametrize("kind", [None, "patient", "Observaton", "", 5, ["Patient"], {}])
def test_what_is_no_fhir_resource_is_set_aside_rather_than_kept_unseen(kind):
    with pytest.raises(MappingError) as fault:
        map_resource({"resourceType": kind}, NumberingContext())
    assert fault.value.place == "resourceType"


@pytest.mark.parametrize(
    ("labels", "sensitivity"),
    [
        ([], ""),
        ([{"system": CONFIDENTIALITY, "code": "N"}], ""),
        ([{"system": CONFIDENTIALITY, "code": "R"}], "R"),
        ([{"system": CONFIDENTIALITY, "code": "V"}], "R"),
        ([{"system": ACT_CODE, "code": "ETH"}], "SUD"),
        ([{"system": ACT_CODE, "code": "HIV"}, {"system": ACT_CODE, "code": "PSY"}], "HIV MENTAL"),
        ([{"system": ACT_CODE, "code": "SDV"}, {"system": ACT_CODE, "code": "SEX"}], "SEXUAL VIOLENCE"),
        ([{"system": CONFIDENTIALITY, "code": "R"}, {"system": ACT_CODE, "code": "SUD"}], "R SUD"),
        ([{"system": "https://local.example", "code": "R"}], ""),
    ],
)  # fmt: skip
def test_security_labels_limit_who_may_see_the_facts(labels, sensitivity):
    assert mapped(FLAG | {"meta": {"security": labels}})[0].sensitivity == sensitivity


def test_a_withdrawal_counts_even_where_the_rest_cannot_be_read():
    result, _ = mapped({"resourceType": "Observation", "status": "entered-in-error", "effectiveDateTime": "x"})
    assert result.withdrawn
    assert result.rows == []


def test_a_readable_withdrawal_keeps_its_row():
    result, _ = mapped(FLAG | {"status": "entered-in-error"})
    assert result.withdrawn
    assert len(result.rows) == 1


def test_what_is_about_no_person_is_kept_and_not_made_into_a_fact():
    herd = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "Group/g"},
    }
    assert mapped(herd)[0].is_kept_only
    assert mapped(herd | {"code": None})[0].is_kept_only


def test_a_modifier_extension_leaves_a_note():
    result, _ = mapped(FLAG | {"modifierExtension": [{"url": "https://x.example", "valueBoolean": True}]})
    assert result.notes


WRONG = (5, True, "x", [], ["x"], [5], {}, {"coding": 5}, {"reference": 5}, [[]], [{"coding": "x"}], 1e300, "", None)


@pytest.mark.parametrize("kind", sorted(MAPPERS))
def test_wrong_types_anywhere_are_set_aside_with_a_place_and_never_crash(kind):
    """Each element that is read is given each wrong value: the resource is mapped to sound rows, or refused."""
    sound = {"resourceType": kind, "id": "x", "subject": ANN, "patient": ANN, "beneficiary": ANN, "for": ANN}
    if kind == "Account":
        sound["subject"] = [ANN]
    with contextlib.suppress(MappingError):  # so that the shapes of this resource are known
        mapped(sound)
    for element in sorted(_SHAPES.get(kind, {})):
        for wrong in WRONG:
            try:
                result, _ = mapped(sound | {"status": "active", "intent": "order", element: wrong})
            except MappingError as fault:
                assert fault.place
                assert fault.reason
                continue
            for table, _, values in result.rows:
                types = {stored.name: stored.type for stored in ALL[table].physical()}
                for name, value in zip(value_columns(table), values, strict=True):
                    due = str if types[name] is Physical.TEXT else int
                    assert value is None or type(value) is due, f"{kind}.{element}: {table}.{name}"


def test_a_medicine_is_a_reference_row():
    row = row_of({"resourceType": "Medication", "code": {"text": "x"}, "status": "active"})
    assert (row["code"], row["status"]) == ("text:x", "active")


def test_a_clinician_is_a_reference_row_with_their_npi():
    row = row_of(
        {
            "resourceType": "Practitioner",
            "name": [{"given": ["Ana"], "family": "Rivera", "prefix": ["Dr."], "suffix": ["MD"]}],
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
            "telecom": [{"system": "fax", "value": "1"}, {"system": "phone", "value": "2"}],
            "active": False,
        }
    )
    assert row == {"name": "Dr. Ana Rivera MD", "phone": "2", "npi": "1234567893", "is_active": 0}


def test_roles_places_and_services_are_reference_rows():
    role = row_of({"resourceType": "PractitionerRole", "practitioner": {"reference": "Practitioner/p"},
                   "organization": {"reference": "Organization/o"}, "specialty": [{"text": "Cardiology"}]})  # fmt: skip
    place = row_of({"resourceType": "Location", "name": "4 West",
                    "address": {"line": ["1 Elm"], "city": "Amherst", "state": "MA"},
                    "managingOrganization": {"reference": "Organization/o"}})  # fmt: skip
    service = row_of({"resourceType": "HealthcareService", "name": "Rides", "type": [{"text": "Transport"}],
                      "providedBy": {"reference": "Organization/o"}})  # fmt: skip
    maker = row_of({"resourceType": "Organization", "name": "Holyoke", "type": [{"text": "Hospital"}]})
    assert (role["practitioner_id"], role["organization_id"], role["specialty"]) == (
        "Practitioner/p",
        "Organization/o",
        "text:Cardiology",
    )
    assert (place["name"], place["address"]) == ("4 West", "1 Elm, Amherst, MA")
    assert (service["code"], service["organization_id"]) == ("text:Transport", "Organization/o")
    assert (maker["name"], maker["code"], maker["is_active"]) == ("Holyoke", "text:Hospital", 1)


def test_a_time_without_offset_is_read_anew_for_each_home_zone():
    flag = FLAG | {"period": {"start": "2026-07-05T12:00:00"}}
    moments = set()
    for zone in ("", "America/New_York", "America/Los_Angeles"):
        context = NumberingContext()
        context.zone = zone
        values = map_resource(flag, context).rows[0][2]
        moments.add(values[value_columns("flag").index("start_at")])
    assert len(moments) == 3


@pytest.mark.parametrize(
    ("kind", "element", "sent"),
    [
        ("AdverseEvent", "outcome", {"text": "recovered"}),
        ("Appointment", "priority", 3),
        ("Device", "statusReason", [{"text": "online"}]),
        ("ExplanationOfBenefit", "preAuthRef", ["A-1"]),
        ("Goal", "statusReason", "the person moved"),
        ("Invoice", "recipient", ANN),
        ("MedicationRequest", "performer", {"display": "Elm Street Pharmacy"}),
        ("MedicationStatement", "statusReason", [{"text": "side effects"}]),
        ("QuestionnaireResponse", "identifier", {"value": "form-1"}),
        ("Task", "performerType", [{"text": "coordinator"}]),
        ("Task", "reasonCode", {"text": "asked"}),
        ("Task", "reasonReference", ANN),
    ],
)
def test_elements_that_one_resource_shapes_unlike_the_others_are_taken_as_fhir_r4_says(kind, element, sent):
    check_shape({"resourceType": kind, element: sent}, kind)
    wrong = {} if not isinstance(sent, dict) else [sent]
    with pytest.raises(MappingError) as fault:
        check_shape({"resourceType": kind, element: wrong}, kind)
    assert fault.value.place == f"{kind}.{element}"
