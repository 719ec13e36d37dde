"""What happens by itself at night."""

from datetime import date

import pytest
from django.utils import timezone

from beforehand.care.needs.arrivals import catch_up, ready_to_receive
from beforehand.care.needs.jobs import EVERYONE_EVERY, look_on
from beforehand.clinical.times import date_of, day_of
from beforehand.intake.apply import apply_message
from beforehand.intake.ledger import keep, source_named
from beforehand.lookahead.models import Finding

pytestmark = pytest.mark.django_db
BIRTHDAY = date(2026, 12, 5)


def test_somebody_who_grows_into_a_rule_is_found_without_a_new_fact() -> None:
    ready_to_receive(enrol_everyone=True)
    woman = b'{"resourceType":"Patient","id":"w","gender":"female","birthDate":"1976-12-05","name":[{"family":"A"}]}'
    apply_message(keep(data=woman, source=source_named("clinic"), name="", received_at=timezone.now()))
    before = date(2026, 11, 30)  # 49 years old: no row of the pneumococcal rule
    catch_up(as_of=before)
    look_on(before)
    rows = Finding.unscoped.filter(rule_id="pneumococcal_vaccination")
    assert not rows.exists()

    look_on(BIRTHDAY)
    assert not rows.exists(), "the nightly look only wakes rows that are there"

    look_on(date_of(day_of(before) + EVERYONE_EVERY))
    assert rows.exists()
