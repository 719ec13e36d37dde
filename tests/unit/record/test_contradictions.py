"""Where sources differ: both sides cited, ranked by harm, settled by a person or a stated rule, never silently."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from beforehand.care.needs.settling import (
    ContradictionChangedError,
    SettlingError,
    settle_contradiction,
    undo_settlement,
)
from beforehand.care.needs.trust import TrustError, end_source_trust, set_source_trust, standing_trust
from beforehand.intake.settling import apply_trust
from beforehand.record.access import Access, AccessRefusedError, PatientNotVisibleError, for_principal, principal_of
from beforehand.record.contradictions import Contradiction, contradictions_of
from beforehand.record.knowledge import load_knowledge
from beforehand.record.models import FACT_MODELS, AuditEvent, Patient, Team, TeamMember, User
from tests.unit.intake.bundles import SSN, bundle, condition, observation, patient
from tests.unit.intake.receiving import receive

pytestmark = pytest.mark.django_db
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
WARFARIN, SIMVASTATIN = ("855332", "warfarin sodium 5 MG Oral Tablet"), ("312961", "simvastatin 20 MG Oral Tablet")


def somebody(name: str = "dana", role: str = "SUPERVISOR") -> User:
    user = User.objects.create_user(name, password="long-enough-words", role=role)
    team, _ = Team.objects.get_or_create(name="Care team")
    member = TeamMember.objects.create(team=team, user=user)
    TeamMember.objects.filter(pk=member.pk).update(since=timezone.now() - timedelta(days=1))
    return user


@pytest.fixture
def dana() -> User:
    load_knowledge()
    return somebody()


def person(id_: str) -> dict[str, Any]:
    return patient(id_, identifier=[{"system": SSN, "value": "123-45-7890"}])


def coded(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


TWO_HALF = ("855312", "warfarin sodium 2.5 MG Oral Tablet")


def tablets(id_: str, subject: str, medicine: tuple[str, str], count: float | None = 1) -> dict[str, Any]:
    """An order that says how many tablets, or nothing of a dose."""
    stated = order(id_, subject, medicine)
    if count is None:
        del stated["dosageInstruction"]
    else:
        stated["dosageInstruction"][0]["doseAndRate"] = [{"doseQuantity": {"value": count, "unit": "tablet"}}]
    return stated


def order(id_: str, subject: str, medicine: tuple[str, str] = WARFARIN, dose: float = 5, **more: Any) -> dict[str, Any]:
    code, display = medicine
    return {
        "resourceType": "MedicationRequest",
        "id": id_,
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{subject}"},
        "authoredOn": "2026-01-05",
        "medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": code, "display": display}]},
        "dosageInstruction": [
            {
                "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [
                    {"doseQuantity": {"value": dose, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}}
                ],
            }
        ],
        **more,
    }


def statement(id_: str, subject: str, status: str, day: str, medicine: tuple[str, str] = WARFARIN) -> dict[str, Any]:
    code, display = medicine
    return {
        "resourceType": "MedicationStatement",
        "id": id_,
        "status": status,
        "subject": {"reference": f"Patient/{subject}"},
        "dateAsserted": day,
        "medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": code, "display": display}]},
    }


def allergy(id_: str, subject: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "AllergyIntolerance",
        "id": id_,
        "clinicalStatus": coded("active"),
        "verificationStatus": coded("confirmed"),
        "code": {"coding": [{"system": RXNORM, "code": "7980", "display": "penicillin G"}]},
        "patient": {"reference": f"Patient/{subject}"},
        **more,
    }


def vaccine(id_: str, subject: str, day: str, status: str = "completed") -> dict[str, Any]:
    return {
        "resourceType": "Immunization",
        "id": id_,
        "status": status,
        "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "121", "display": "zoster"}]},
        "patient": {"reference": f"Patient/{subject}"},
        "occurrenceDateTime": day,
    }


def cover(id_: str, subject: str, start: str, end: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Coverage",
        "id": id_,
        "status": "active",
        "beneficiary": {"reference": f"Patient/{subject}"},
        "payor": [{"display": "Blue River Health"}],
        "period": {"start": start, "end": end},
        **more,
    }


def from_two(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> int:
    receive(bundle(person("a"), *left), source="hospital")
    receive(bundle(person("b"), *right), source="pharmacy")
    return int(Patient.unscoped.get(merged_into_id=None).pk)


def seen_by(user: User) -> Access:
    return for_principal(principal_of(user))


def the_one(user: User, patient_id: int) -> Contradiction:
    (found,) = contradictions_of(seen_by(user), patient_id)
    return found


def differences(user: User, patient_id: int) -> list[tuple[str, str, str]]:
    return [tuple(each) for one in contradictions_of(seen_by(user), patient_id) for each in one.differences]


def settle(user: User, one: Contradiction, outcome: str = "KEPT", reason: str = "She showed me the box.") -> int:
    return settle_contradiction(
        patient_id=one.patient_id, key=one.key, outcome=outcome,
        kept=one.left.fact_id if outcome == "KEPT" else None, seen=one.seen, by=user, reason=reason,
    )  # fmt: skip


# What contradicts, and the near miss beside it.

Made = Callable[[str, str], dict[str, Any]]
CASES: list[tuple[str, Made, Made, list[tuple[str, str, str]]]] = [
    ("dose", order, lambda i, s: order(i, s, dose=2.5), [("dose", "5 mg, 1 time a day", "2.5 mg, 1 time a day")]),
    ("the same dose", order, order, []),
    (
        "tablets of another strength",
        lambda i, s: tablets(i, s, TWO_HALF),
        lambda i, s: tablets(i, s, WARFARIN),
        [
            (
                "dose",
                "warfarin sodium 2.5 MG Oral Tablet: 1 tablet, 1 time a day",
                "warfarin sodium 5 MG Oral Tablet: 1 tablet, 1 time a day",
            )
        ],
    ),
    (
        "more tablets of less strength",
        lambda i, s: tablets(i, s, TWO_HALF, 2),
        lambda i, s: tablets(i, s, WARFARIN),
        [],
    ),
    ("milligrams as tablets", lambda i, s: tablets(i, s, TWO_HALF, 2), order, []),
    (
        "another strength, no dose",
        lambda i, s: tablets(i, s, TWO_HALF, None),
        lambda i, s: tablets(i, s, WARFARIN, None),
        [("dose", "warfarin sodium 2.5 MG Oral Tablet", "warfarin sodium 5 MG Oral Tablet")],
    ),
    (
        "one names no strength",
        lambda i, s: tablets(i, s, ("11289", "warfarin"), None),
        lambda i, s: tablets(i, s, WARFARIN, None),
        [],
    ),
    (
        "stopped since",
        order,
        lambda i, s: statement(i, s, "stopped", "2026-02-01"),
        [("status", "taken", "stopped")],
    ),
    ("stopped before it was ordered again", order, lambda i, s: statement(i, s, "stopped", "2026-01-04"), []),
    ("not to be taken", order, lambda i, s: order(i, s, doNotPerform=True), [("status", "taken", "not to be taken")]),
    ("two medicines", order, lambda i, s: order(i, s, SIMVASTATIN, 20), []),
    (
        "allergy ruled out",
        allergy,
        lambda i, s: allergy(i, s, verificationStatus=coded("refuted")),
        [("certainty", "stated", "ruled out")],
    ),
    (
        "allergy over",
        allergy,
        lambda i, s: allergy(i, s, clinicalStatus=coded("resolved")),
        [("status", "active", "resolved")],
    ),
    (
        "criticality",
        lambda i, s: allergy(i, s, criticality="high"),
        lambda i, s: allergy(i, s, criticality="low"),
        [("criticality", "high", "low")],
    ),
    (
        "criticality nobody could tell",
        lambda i, s: allergy(i, s, criticality="high"),
        lambda i, s: allergy(i, s, criticality="unable-to-assess"),
        [],
    ),
    (
        "problem over",
        lambda i, s: condition(i, f"Patient/{s}"),
        lambda i, s: condition(i, f"Patient/{s}", clinicalStatus=coded("resolved")),
        [("status", "active", "resolved")],
    ),
    (
        "another time it was had",
        lambda i, s: condition(i, f"Patient/{s}"),
        lambda i, s: condition(i, f"Patient/{s}", clinicalStatus=coded("resolved"), onsetDateTime="2009-03-01"),
        [],
    ),
    (
        "onset",
        lambda i, s: condition(i, f"Patient/{s}"),
        lambda i, s: condition(i, f"Patient/{s}", onsetDateTime="2015-06-02"),
        [("onset", "Fri, May 1, 2015", "Tue, Jun 2, 2015")],
    ),
    (
        "onset within a month",
        lambda i, s: condition(i, f"Patient/{s}"),
        lambda i, s: condition(i, f"Patient/{s}", onsetDateTime="2015-06-01"),
        [],
    ),
    (
        "vaccine days apart",
        lambda i, s: vaccine(i, s, "2026-01-05"),
        lambda i, s: vaccine(i, s, "2026-01-07"),
        [("date", "Mon, Jan 5, 2026", "Wed, Jan 7, 2026")],
    ),
    ("vaccine a day apart", lambda i, s: vaccine(i, s, "2026-01-05"), lambda i, s: vaccine(i, s, "2026-01-06"), []),
    ("the next dose", lambda i, s: vaccine(i, s, "2026-01-05"), lambda i, s: vaccine(i, s, "2026-01-26"), []),
    (
        "vaccine given or not",
        lambda i, s: vaccine(i, s, "2026-01-05"),
        lambda i, s: vaccine(i, s, "2026-01-05", "not-done"),
        [("status", "given", "not given")],
    ),
    (
        "refused one day and given the next",
        lambda i, s: vaccine(i, s, "2026-01-06"),
        lambda i, s: vaccine(i, s, "2026-01-05", "not-done"),
        [],
    ),
    (
        "two values of one minute",
        lambda i, s: observation(i, f"Patient/{s}", 9.1, effectiveDateTime="2026-01-10T08:00:00Z"),
        lambda i, s: observation(i, f"Patient/{s}", 6.1, effectiveDateTime="2026-01-10T08:00:30Z"),
        [("value", "9.1%", "6.1%")],
    ),
    (
        "two values of one day",
        lambda i, s: observation(i, f"Patient/{s}", 9.1, effectiveDateTime="2026-01-10T08:00:00Z"),
        lambda i, s: observation(i, f"Patient/{s}", 6.1, effectiveDateTime="2026-01-10T09:00:00Z"),
        [],
    ),
    (
        "member number",
        lambda i, s: cover(i, s, "2026-01-01", "2026-12-31", subscriberId="A1"),
        lambda i, s: cover(i, s, "2026-01-01", "2026-12-31", subscriberId="A2"),
        [("member number", "A1", "A2")],
    ),
    (
        "end of cover",
        lambda i, s: cover(i, s, "2026-01-01", "2026-12-31"),
        lambda i, s: cover(i, s, "2026-01-01", "2026-06-30"),
        [("end", "Thu, Dec 31, 2026", "Tue, Jun 30, 2026")],
    ),
    (
        "one year after the other",
        lambda i, s: cover(i, s, "2025-01-01", "2025-12-31"),
        lambda i, s: cover(i, s, "2026-01-01", "2026-12-31"),
        [],
    ),
]


@pytest.mark.parametrize(("left", "right", "found"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_contradicts_and_what_only_looks_so(
    dana: User, left: Made, right: Made, found: list[tuple[str, str, str]]
) -> None:
    one = from_two([left("x1", "a")], [right("x2", "b")])
    assert differences(dana, one) == found


def test_lines_agree_or_contradict_but_never_both(dana: User) -> None:
    for number, (_, left, right, _found) in enumerate(CASES):
        receive(bundle(person("a"), left(f"l{number}", "a")), source="hospital")
        receive(bundle(person("b"), right(f"r{number}", "b")), source="pharmacy")
    one = Patient.unscoped.get(merged_into_id=None).pk
    for each in contradictions_of(seen_by(dana), one):
        assert each.left.row["same_as"] != each.right.row["same_as"]
        assert not {said.source for said in each.left.said_by} & {said.source for said in each.right.said_by}


def test_both_sides_are_cited_with_source_and_day(dana: User) -> None:
    one = the_one(dana, from_two([order("m1", "a")], [order("m2", "b", dose=2.5, authoredOn="2026-02-03")]))
    assert (one.kind, one.state, one.left.source, one.right.source) == ("medicine", "OPEN", "hospital", "pharmacy")
    assert [side.said_day for side in (one.left, one.right)] == [20458, 20487]
    assert one.left.said_by[0].message_id != one.right.said_by[0].message_id
    assert "bleed" in one.harm_words and one.harm == 5 and one.harm_basis


def test_the_worst_harm_comes_first(dana: User) -> None:
    one = from_two(
        [order("m1", "a", SIMVASTATIN, 20), order("m2", "a"), condition("c1", "Patient/a"), allergy("g1", "a")],
        [
            order("m3", "b", SIMVASTATIN, 40), order("m4", "b", dose=2.5),
            condition("c2", "Patient/b", onsetDateTime="2010-01-01"),
            allergy("g2", "b", clinicalStatus=coded("resolved")),
        ],
    )  # fmt: skip
    found = contradictions_of(seen_by(dana), one)
    assert [(each.kind, each.harm) for each in found] == [
        ("medicine", 5),
        ("allergy", 5),
        ("medicine", 3),
        ("problem", 1),
    ]


def test_older_orders_of_a_source_are_its_history(dana: User) -> None:
    one = from_two(
        [order("old", "a", dose=2.5, authoredOn="2025-01-05"), order("new", "a", authoredOn="2026-01-05")],
        [order("m2", "b", dose=5, authoredOn="2026-01-09")],
    )
    assert contradictions_of(seen_by(dana), one) == []


# Settling.


def test_a_person_settles_and_both_sides_stay(dana: User) -> None:
    one = the_one(dana, from_two([order("m1", "a")], [order("m2", "b", dose=2.5)]))
    fact = settle(dana, one)
    after = the_one(dana, one.patient_id)
    assert after.is_settled and after.settled is not None
    assert (after.settled.fact_id, after.settled.kept_id, after.settled.by) == (fact, one.left.fact_id, dana.label)
    assert after.settled.reason == "She showed me the box." and not after.settled.is_rule
    assert {after.left.fact_id, after.right.fact_id} == {one.left.fact_id, one.right.fact_id}
    assert AuditEvent.objects.filter(action="settle_contradiction").count() == 1


def test_it_holds_until_either_side_says_other_words(dana: User) -> None:
    one = the_one(dana, from_two([order("m1", "a")], [order("m2", "b", dose=2.5)]))
    settle(dana, one)
    receive(bundle(order("m2", "b", dose=2.5)), source="pharmacy")  # the same again
    assert the_one(dana, one.patient_id).is_settled
    receive(bundle(order("m2", "b", dose=3)), source="pharmacy")
    again = the_one(dana, one.patient_id)
    assert again.state == "REOPENED" and "pharmacy says it in other words" in again.reopened_why
    assert again.settled is not None and again.settled.reason == "She showed me the box."
    receive(bundle(order("m2", "b", dose=2.5, note=[{"text": "a slip"}])), source="pharmacy")
    assert the_one(dana, one.patient_id).is_settled, "the words it was settled about stand again"


def test_undo_opens_it_again(dana: User) -> None:
    one = the_one(dana, from_two([order("m1", "a")], [order("m2", "b", dose=2.5)]))
    undo_settlement(patient_id=one.patient_id, settlement=settle(dana, one), by=dana, reason="A slip.")
    assert the_one(dana, one.patient_id).state == "OPEN"
    assert FACT_MODELS["settlement"].unscoped.filter(is_standing=1).count() == 0


def test_a_decision_on_words_that_changed_meanwhile_is_told(dana: User) -> None:
    one = the_one(dana, from_two([order("m1", "a")], [order("m2", "b", dose=2.5)]))
    receive(bundle(order("m2", "b", dose=3)), source="pharmacy")
    with pytest.raises(ContradictionChangedError) as told:
        settle(dana, one)
    assert told.value.now is not None and told.value.now.differences[0].right == "3 mg, 1 time a day"
    sam, fresh = somebody("sam", "PHARMACIST"), the_one(dana, one.patient_id)
    settle(sam, fresh, "NEITHER", "The doctor said 4 mg.")
    with pytest.raises(ContradictionChangedError) as told:
        settle(dana, fresh)
    assert told.value.now is not None and told.value.now.settled is not None
    assert told.value.now.settled.by == sam.label


@pytest.mark.parametrize(
    ("outcome", "kept", "reason"), [("KEPT", None, "x"), ("BOTH", 1, "x"), ("WON", None, "x"), ("BOTH", None, " ")]
)
def test_a_decision_says_which_and_why(dana: User, outcome: str, kept: int | None, reason: str) -> None:
    one = the_one(dana, from_two([order("m1", "a")], [order("m2", "b", dose=2.5)]))
    with pytest.raises(SettlingError):
        settle_contradiction(
            patient_id=one.patient_id, key=one.key, outcome=outcome, kept=kept, seen=one.seen, by=dana, reason=reason
        )


def test_who_may_not_reconcile_settles_nothing(dana: User) -> None:
    one = the_one(dana, from_two([order("m1", "a")], [order("m2", "b", dose=2.5)]))
    with pytest.raises(AccessRefusedError):
        settle(somebody("sol", "SOCIAL_WORKER"), one)


def test_statements_of_two_people_cannot_be_settled(dana: User) -> None:
    receive(bundle(patient("a"), order("m1", "a")), source="hospital")
    receive(
        bundle(patient("z", birthDate="1990-01-01", name=[{"family": "Oak"}]), order("m2", "z", dose=2)),
        source="pharmacy",
    )
    ann, other = Patient.unscoped.order_by("id")
    rows = list(FACT_MODELS["medication_request"].unscoped.order_by("id").values_list("pk", flat=True))
    key = "-".join(map(str, rows))
    for number in (ann.pk, other.pk):
        with pytest.raises(ContradictionChangedError):
            settle_contradiction(
                patient_id=number, key=key, outcome="KEPT", kept=rows[0], seen="", by=dana, reason="She said so."
            )


def test_a_sender_cannot_settle(dana: User) -> None:
    one = the_one(dana, from_two([order("m1", "a")], [order("m2", "b", dose=2.5)]))
    settle(dana, one)
    row = FACT_MODELS["settlement"].unscoped.get()
    FACT_MODELS["settlement"].unscoped.filter(pk=row.pk).update(source_id=one.left.said_by[0].source_id)
    receive(bundle(order("m1", "a", note=[{"text": "again"}])), source="hospital")
    assert the_one(dana, one.patient_id).state != "SETTLED"


def test_only_who_sees_both_sides_sees_a_contradiction(dana: User) -> None:
    secret = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}]}
    one = the_one(dana, from_two([order("m1", "a", meta=secret)], [order("m2", "b", dose=2.5)]))
    settle(dana, one, reason="Her clinic for it said so.")
    assert FACT_MODELS["settlement"].unscoped.get().sensitivity == "HIV", "its reason may speak of either side"
    clinician = somebody("carl", "CLINICIAN")
    assert contradictions_of(seen_by(clinician), one.patient_id) == []
    assert not seen_by(clinician).facts("settlement").exists()


def test_a_stranger_settles_nothing(dana: User) -> None:
    one = the_one(dana, from_two([order("m1", "a")], [order("m2", "b", dose=2.5)]))
    stranger = User.objects.create_user("stray", password="long-enough-words", role="COORDINATOR")
    with pytest.raises(PatientNotVisibleError):
        settle(stranger, one)


# Rules of the organisation.


def test_no_source_holds_over_another_unless_somebody_set_it(dana: User) -> None:
    one = from_two([order("m1", "a")], [order("m2", "b", dose=2.5)])
    assert apply_trust([one]) == 0 and standing_trust() == []
    assert the_one(dana, one).state == "OPEN"


def test_a_stated_rule_settles_and_says_so(dana: User) -> None:
    one = from_two([order("m1", "a")], [order("m2", "b", dose=2.5)])
    rule = set_source_trust(kind="medicine", preferred="pharmacy", over="hospital", by=dana, reason="It hands it out.")
    after = the_one(dana, one)
    assert after.settled is not None and after.settled.is_rule and after.settled.kept_id == after.right.fact_id
    day = rule.set_at.date().isoformat()
    assert f"rule of {day} set by {dana.label}: for medicine, pharmacy holds over hospital" in after.settled.rule_words
    receive(bundle(order("m2", "b", dose=3)), source="pharmacy")
    assert apply_trust([one]) == 1, "new words, and the rule speaks again"
    end_source_trust(rule=rule.pk, by=dana, reason="They changed their system.")
    assert the_one(dana, one).state == "OPEN" and standing_trust() == []


def test_a_person_takes_back_what_a_rule_settled(dana: User) -> None:
    one = from_two([order("m1", "a")], [order("m2", "b", dose=2.5)])
    set_source_trust(kind="medicine", preferred="pharmacy", over="hospital", by=dana, reason="It hands it out.")
    settled = the_one(dana, one).settled
    assert settled is not None
    undo_settlement(patient_id=one, settlement=settled.fact_id, by=dana, reason="Not for her.")
    assert apply_trust([one]) == 0
    assert the_one(dana, one).state == "OPEN"
    settle(dana, the_one(dana, one))
    assert the_one(dana, one).is_settled


def test_a_rule_leaves_to_people_what_people_decided(dana: User) -> None:
    one = from_two([order("m1", "a")], [order("m2", "b", dose=2.5)])
    settle(dana, the_one(dana, one))
    receive(bundle(order("m2", "b", dose=3)), source="pharmacy")
    set_source_trust(kind="medicine", preferred="pharmacy", over="hospital", by=dana, reason="It hands it out.")
    assert the_one(dana, one).state == "REOPENED"


def test_a_rule_of_one_kind_settles_nothing_else(dana: User) -> None:
    one = from_two([allergy("g1", "a")], [allergy("g2", "b", clinicalStatus=coded("resolved"))])
    set_source_trust(kind="medicine", preferred="pharmacy", over="hospital", by=dana, reason="It hands it out.")
    assert the_one(dana, one).state == "OPEN"


def test_rules_that_cannot_hold_are_refused(dana: User) -> None:
    from_two([], [])
    stated = {"kind": "medicine", "preferred": "pharmacy", "over": "hospital", "by": dana, "reason": "It hands it out."}
    set_source_trust(**stated)
    for wrong, why in (
        ({}, "stands already"),
        ({"preferred": "hospital", "over": "pharmacy"}, "opposite"),
        ({"over": "pharmacy"}, "itself"),
        ({"over": "nobody"}, "no source called"),
        ({"kind": "weather"}, "no kind"),
        ({"reason": " "}, "needs a reason"),
    ):
        with pytest.raises(TrustError, match=why):
            set_source_trust(**{**stated, **wrong})
    with pytest.raises(AccessRefusedError):
        set_source_trust(**{**stated, "by": somebody("cora", "COORDINATOR")})
    with pytest.raises(TrustError, match="no source-trust rule"):
        end_source_trust(rule=99, by=dana, reason="x")
