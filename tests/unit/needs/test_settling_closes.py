"""A settled contradiction closes what asked for it, by a fact; other words open it again."""

import pytest
from django.utils import timezone

from beforehand.care.needs.arrivals import ready_to_receive, settle_dirty
from beforehand.care.needs.models import Need
from beforehand.care.needs.settling import undo_settlement
from beforehand.care.needs.trust import set_source_trust
from beforehand.lookahead.models import Finding
from beforehand.record.models import Patient, User
from beforehand.record.valuesets import load_shipped
from tests.unit.intake.bundles import bundle
from tests.unit.intake.receiving import receive
from tests.unit.record.test_contradictions import allergy, coded, dana, person, settle, the_one  # noqa: F401

pytestmark = pytest.mark.django_db
RULE = "allergies_differ"


def standing() -> tuple[str, str]:
    """What the rule says, and the state of the need it raised."""
    finding, need = Finding.unscoped.get(rule_id=RULE), Need.unscoped.get(rule_id=RULE)
    return finding.status, need.state


def test_settling_closes_the_need_and_undo_opens_it(dana: User) -> None:  # noqa: F811
    ready_to_receive(enrol_everyone=True)
    load_shipped()
    receive(bundle(person("a"), allergy("g1", "a")), source="hospital")
    receive(bundle(person("b"), allergy("g2", "b", verificationStatus=coded("refuted"))), source="pharmacy")
    settle_dirty(as_of=timezone.localdate())
    one = Patient.unscoped.get(merged_into_id=None).pk
    assert standing() == ("DUE", "OPEN")
    fact = settle(dana, the_one(dana, one))
    assert standing() == ("MET", "CLOSED")
    assert ("settlement", fact) in {
        (item["table"], item["fact_id"]) for item in Finding.unscoped.get(rule_id=RULE).evidence
    }
    undo_settlement(patient_id=one, settlement=fact, by=dana, reason="A slip.")
    assert standing()[0] == "DUE"
    set_source_trust(kind="allergy", preferred="pharmacy", over="hospital", by=dana, reason="It tested her.")
    assert standing()[0] == "MET"
    receive(bundle(allergy("g1", "a", criticality="high")), source="hospital")
    settle_dirty(as_of=timezone.localdate())
    assert the_one(dana, one).is_settled, "the rule speaks of the new words too"
