"""People are found by whatever a caller has at hand, and only by those who may see them."""

import pytest
from django.utils import timezone

from beforehand.record.access import PatientNotVisibleError, Principal, principal_of
from beforehand.record.models import Patient, Team, TeamMember, User
from beforehand.record.people import PatientUnknownError, find_people, resolve_patient, visible_patient
from tests.unit.intake.bundles import MRN, SSN, bundle, patient
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def dana() -> Principal:
    user = User.objects.create_user("dana", password="long-enough-words", role="COORDINATOR")
    team, _ = Team.objects.get_or_create(name="Care team")
    member = TeamMember.objects.create(team=team, user=user)
    TeamMember.objects.filter(pk=member.pk).update(since=timezone.now() - timezone.timedelta(days=1))
    receive(
        bundle(
            patient("ann", telecom=[{"system": "phone", "value": "(617) 555-0100"}]),
            patient(
                "bea",
                name=[
                    {"family": "Núñez-Smith", "given": ["Beatriz", "Luz"]},
                    {"use": "maiden", "family": "Ortega", "given": ["Beatriz"]},
                ],
                birthDate="1961-12-24",
            ),
        )
    )
    return principal_of(user)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reyes", ["Ann Reyes"]),
        ("Ann Rey", ["Ann Reyes"]),
        ("REYES, ANN", ["Ann Reyes"]),
        ("nunez", ["Beatriz Luz Núñez-Smith"]),
        ("ortega", ["Beatriz Luz Núñez-Smith"]),
        ("1950-03-01", ["Ann Reyes"]),
        ("3/1/1950", ["Ann Reyes"]),
        ("12/24/1961 beatriz", ["Beatriz Luz Núñez-Smith"]),
        ("reyes 1961-12-24", []),
        ("617-555-0100", ["Ann Reyes"]),
        ("+1 (617) 555 0100", ["Ann Reyes"]),
        ("MRN-ann", ["Ann Reyes"]),
        (f"{MRN}|MRN-bea", ["Beatriz Luz Núñez-Smith"]),
        ("%", []),
        ("", []),
    ],
)
def test_people_are_found_by_what_is_at_hand(dana: Principal, text: str, expected: list[str]) -> None:
    assert [person.display_name for person in find_people(dana, text)] == expected


def test_only_those_who_may_see_a_person_find_them(dana: Principal) -> None:
    TeamMember.objects.all().delete()
    assert not find_people(dana, "reyes")


def test_patient_is_named_in_three_ways(dana: Principal) -> None:
    number = Patient.unscoped.get(display_name="Ann Reyes").pk
    for text in (str(number), f"{MRN}|MRN-ann", "clinic:Patient/ann"):
        assert resolve_patient(text) == number
        assert visible_patient(dana, text) == number


@pytest.mark.parametrize("text", ["999999", "x|y", "clinic:Patient/nobody", "Ann", ""])
def test_unknown_patient_is_said_to_be_unknown(dana: Principal, text: str) -> None:
    with pytest.raises(PatientUnknownError):
        resolve_patient(text)
    with pytest.raises(PatientNotVisibleError):
        visible_patient(dana, text)


def test_joined_record_leads_to_the_one_patient(dana: Principal) -> None:
    receive(bundle(patient("c", identifier=[{"system": SSN, "value": "123-45-7890"}])), source="one")
    receive(bundle(patient("d", identifier=[{"system": SSN, "value": "123-45-7890"}])), source="two")
    merged = Patient.unscoped.exclude(merged_into_id=None).get()
    assert resolve_patient(str(merged.pk)) == merged.merged_into_id == resolve_patient("two:Patient/d")


def test_demographics_are_drawn_from_all_records(dana: Principal) -> None:
    same = [{"system": SSN, "value": "123-45-7890"}]
    receive(bundle(patient("c", identifier=same, gender="unknown")), source="one")
    receive(bundle(patient("d", identifier=same, gender="female", deceasedDateTime="2026-02-03")), source="two")
    person = Patient.unscoped.get(pk=resolve_patient("two:Patient/d"))
    assert (person.sex, person.is_deceased) == ("female", 1)
    assert person.deceased_from_day == person.deceased_to_day is not None


def test_names_stand_in_the_alphabet_whatever_marks_their_letters_carry(dana: Principal) -> None:
    receive(bundle(patient("zoe", name=[{"family": "Álvarez", "given": ["Zoë"]}], birthDate="1970-01-02")))
    listed = Patient.unscoped.order_by("sort_name").values_list("display_name", flat=True)
    assert [name for name in listed if name] == ["Zoë Álvarez", "Beatriz Luz Núñez-Smith", "Ann Reyes"]
