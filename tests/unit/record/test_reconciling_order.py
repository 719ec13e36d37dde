"""Neither the order of arrival nor a link that is undone changes what agrees, what contradicts and what was settled."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest

from beforehand.care.needs.settling import settle_contradiction
from beforehand.care.needs.trust import end_source_trust, set_source_trust
from beforehand.intake.blobs import read_blob
from beforehand.intake.replay import replay, written_ledger
from beforehand.record.access import principal_of
from beforehand.record.contradictions import contradictions_of
from beforehand.record.identity import link_records, undo_decision, unlink_record
from beforehand.record.models import FACT_MODELS, LinkDecision, Patient, PersonRecord, Resource, SourceTrust, User
from beforehand.record.store.canon import canonical_record
from tests.unit.intake.bundles import bundle, condition, observation, patient
from tests.unit.intake.receiving import receive
from tests.unit.intake.test_replay import empty_the_house
from tests.unit.record.test_contradictions import (  # noqa: F401  dana is a fixture
    allergy,
    coded,
    cover,
    dana,
    order,
    person,
    seen_by,
    settle,
    somebody,
    the_one,
    vaccine,
)

pytestmark = pytest.mark.django_db
TABLES = ("medication_request", "allergy", "condition", "immunization", "observation", "coverage")


def glucose(
    id_: str, subject: str, value: str, unit: str, code: str, at: str = "2026-01-10T08:00:00Z"
) -> dict[str, Any]:
    quantity = {"value": float(value), "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    about = {"coding": [{"system": "http://loinc.org", "code": code}]}
    return observation(id_, f"Patient/{subject}", code=about, effectiveDateTime=at, valueQuantity=quantity)


def three_senders() -> dict[str, bytes]:
    """One person as three senders tell them: some of it alike, some with less, some otherwise."""
    return {
        "hospital": bundle(
            person("a"), order("m1", "a"), allergy("g1", "a", criticality="high"), condition("c1", "Patient/a"),
            vaccine("v1", "a", "2026-01-05"), glucose("o1", "a", "99", "mg/dL", "2345-7"),
            observation("h1", "Patient/a", 9.1), cover("i1", "a", "2026-01-01", "2026-12-31", subscriberId="A1"),
        ),
        "pharmacy": bundle(
            person("b"), order("m2", "b", dose=2.5), allergy("g2", "b"),
            condition("c2", "Patient/b", onsetDateTime="2015-05"),
            vaccine("v2", "b", "2026-01-06"), glucose("o2", "b", "5.5", "mmol/L", "14749-6"),
            observation("h2", "Patient/b", 9.1), observation("h3", "Patient/b", 9.1),
        ),
        "plan": bundle(
            person("c"), order("m3", "c", authoredOn="2026-01-06"),
            allergy("g3", "c", clinicalStatus=coded("resolved")),
            condition("c3", "Patient/c", onsetDateTime="2015-05-02"), vaccine("v3", "c", "2026-01-09"),
            cover("i2", "c", "2026-01-01", "2026-12-31", subscriberId="A2"),
        ),
    }  # fmt: skip


def lines() -> dict[str, set[frozenset[str]]]:
    """Of each table, which statements stand as one line, by the ids their senders gave."""
    names = dict(Resource.objects.values_list("pk", "logical_id"))
    found: dict[str, set[frozenset[str]]] = {}
    for table in TABLES:
        rows = list(FACT_MODELS[table].unscoped.values_list("pk", "same_as"))
        groups: dict[int, set[str]] = {}
        for number, leader in rows:
            groups.setdefault(leader, set()).add(names[number])
        found[table] = {frozenset(group) for group in groups.values()}
    return found


def differing(user: User) -> set[tuple[Any, ...]]:
    names = dict(Resource.objects.values_list("pk", "logical_id"))
    one = Patient.unscoped.get(merged_into_id=None).pk
    found = set()
    for each in contradictions_of(seen_by(user), one):
        sides = sorted(tuple(sorted(names[said.fact_id] for said in side.said_by)) for side in (each.left, each.right))
        found.add((each.kind, each.harm, tuple(sides), tuple(sorted(one.what for one in each.differences))))
    return found


def test_order_of_arrival_does_not_matter(dana: User) -> None:  # noqa: F811
    told, first = three_senders(), None
    for order_ in permutations(told):
        empty_the_house()
        for source in order_:
            receive(told[source], source=source)
        now = lines(), differing(dana)
        first = first or now
        assert now == first, order_
    assert first is not None
    agreed, contradicted = first
    assert frozenset({"c1", "c2", "c3"}) in agreed["condition"]
    assert frozenset({"o1", "o2"}) in agreed["observation"]
    assert frozenset({"g1", "g2"}) in agreed["allergy"]
    assert {kind for kind, *_ in contradicted} == {"medicine", "allergy", "immunization", "coverage"}


def test_who_says_most_leads_so_that_nothing_is_hidden(dana: User) -> None:  # noqa: F811
    receive(bundle(person("b"), allergy("g2", "b")), source="pharmacy")
    receive(bundle(person("a"), allergy("g1", "a", criticality="high")), source="hospital")
    (leader,) = [row for row in FACT_MODELS["allergy"].unscoped.all() if row.pk == row.same_as]
    assert leader.criticality == "high"


def test_link_and_unlink_give_what_was_there_before(dana: User) -> None:  # noqa: F811
    by = principal_of(dana)
    receive(bundle(patient("a"), order("m1", "a"), allergy("g1", "a")), source="hospital")
    receive(bundle(patient("b"), order("m2", "b", dose=2.5), allergy("g2", "b")), source="pharmacy")
    before = canonical_record()
    left, right = PersonRecord.unscoped.order_by("id").values_list("pk", flat=True)
    link_records(left=left, right=right, by=by, reason="She said so.")
    assert len(canonical_record()["patient"]) == 1
    unlink_record(record=right, by=by, reason="It was her sister.")
    after = canonical_record()
    assert {name: after[name] for name in before if name != "possible_match"} == {
        name: before[name] for name in before if name != "possible_match"
    }


def test_what_was_settled_stands_only_while_both_are_one_person(dana: User) -> None:  # noqa: F811
    by = principal_of(dana)
    receive(bundle(patient("a"), order("m1", "a")), source="hospital")
    receive(bundle(patient("b"), order("m2", "b", dose=2.5)), source="pharmacy")
    left, right = PersonRecord.unscoped.order_by("id").values_list("pk", flat=True)
    link_records(left=left, right=right, by=by, reason="She said so.")
    one = Patient.unscoped.get(merged_into_id=None).pk
    settle(dana, the_one(dana, one))
    standing = FACT_MODELS["settlement"].unscoped.filter(is_standing=1)
    assert standing.count() == 1
    unlink_record(record=right, by=by, reason="It was her sister.")
    assert standing.count() == 0
    assert all(not contradictions_of(seen_by(dana), number) for number in Patient.unscoped.values_list("pk", flat=True))
    undo_decision(decision=LinkDecision.objects.latest("pk").pk, by=by, reason="It was her after all.")
    assert standing.count() == 1 and the_one(dana, one).is_settled


def test_replay_settles_the_same(dana: User) -> None:  # noqa: F811
    for source, content in three_senders().items():
        receive(content, source=source)
    one = Patient.unscoped.get(merged_into_id=None).pk
    set_source_trust(kind="coverage", preferred="plan", over="hospital", by=dana, reason="It is their number.")
    dose = next(each for each in contradictions_of(seen_by(dana), one) if each.kind == "medicine")
    settle(dana, dose)
    known = next(each for each in contradictions_of(seen_by(dana), one) if each.kind == "allergy")
    settle_contradiction(
        patient_id=one, key=known.key, outcome="NEITHER", kept=None, seen=known.seen, by=dana, reason="A rash, once."
    )
    receive(bundle(allergy("g3", "c", criticality="low")), source="plan")
    set_source_trust(kind="allergy", preferred="plan", over="hospital", by=somebody("sue"), reason="For a day.")
    end_source_trust(rule=SourceTrust.objects.latest("pk").pk, by=dana, reason="A slip.")
    before, said = canonical_record(), differing(dana)
    standing = list(FACT_MODELS["settlement"].unscoped.filter(is_standing=1).values_list("outcome", flat=True))
    ledger = json.loads(json.dumps(list(written_ledger())))
    empty_the_house()
    replay(ledger, read_bytes=read_blob)
    after = canonical_record()
    assert {name: after[name] for name in before if after[name] != before[name]} == {}
    assert differing(dana) == said
    assert sorted(standing) == sorted(
        FACT_MODELS["settlement"].unscoped.filter(is_standing=1).values_list("outcome", flat=True)
    )
    assert [(rule.kind, rule.ended_at is None) for rule in SourceTrust.objects.order_by("set_at")] == [
        ("coverage", True),
        ("allergy", False),
    ]
