"""The audit trail shows every edit, deletion and truncation (promise 6)."""

import random
from datetime import timedelta

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone

from beforehand.record.access import principal_of, system_principal
from beforehand.record.audit import CHANGE, audited, collecting, touch, write_event
from beforehand.record.models import AuditEvent, AuditPatient, AuditSeal
from beforehand.record.seal import Sealer, anchor_head, check_chain, seal_pending
from tests.access.people import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def anchor(settings, tmp_path):
    settings.AUDIT_ANCHOR = tmp_path / "anchor" / "audit.jsonl"
    return settings.AUDIT_ANCHOR


def write(count, per_seal=7):
    principal = system_principal("operator")
    for number in range(count):
        write_event(
            principal,
            f"route{number % 5}",
            patients=dict.fromkeys(range(number % 4), ("READ", "CHANGE")[number % 2]),
            reason="asked" if number % 3 else "",
        )
        if number % per_seal == 0:
            seal_pending()
    seal_pending()


def test_whole_trail_has_no_breach(anchor):
    write(40)
    assert AuditSeal.objects.count() == 40
    assert check_chain() == []


def test_sealing_again_changes_nothing(anchor):
    write(5)
    lines = anchor.read_text()
    assert seal_pending() == 0
    assert anchor.read_text() == lines


def test_trail_grows_after_sealing(anchor):
    write(10)
    write(10)
    assert [seal.seq for seal in AuditSeal.objects.order_by("seq")] == list(range(1, 21))
    assert check_chain() == []


EVENT_FIELDS = ("principal", "on_behalf_of", "action", "method", "outcome", "reason", "request_id")


def edit_event(chance):
    event = chance.choice(list(AuditEvent.objects.all()))
    field = chance.choice((*EVENT_FIELDS, "at"))
    value = event.at + timedelta(microseconds=1) if field == "at" else getattr(event, field) + "x"
    AuditEvent.objects.filter(pk=event.pk).update(**{field: value})


def edit_patient(chance):
    row = chance.choice(list(AuditPatient.objects.all()))
    change = chance.choice(
        [
            {"patient_id": row.patient_id + 1000},
            {"access": "CHANGE" if row.access == "READ" else "READ"},
        ]
    )
    AuditPatient.objects.filter(pk=row.pk).update(**change)


def edit_seal(chance):
    seal = chance.choice(list(AuditSeal.objects.all()))
    at = chance.randrange(64)
    mac = seal.mac[:at] + ("0" if seal.mac[at] != "0" else "1") + seal.mac[at + 1 :]
    AuditSeal.objects.filter(pk=seal.pk).update(mac=mac)


def swap_events(chance):
    first, second = chance.sample(list(AuditSeal.objects.all()), 2)
    AuditSeal.objects.filter(pk=first.pk).update(event_id=-1)
    AuditSeal.objects.filter(pk=second.pk).update(event_id=first.event_id)
    AuditSeal.objects.filter(pk=first.pk).update(event_id=second.event_id)


def add_patient(chance):
    AuditPatient.objects.create(event=chance.choice(list(AuditEvent.objects.all())), patient_id=999, access="READ")


def delete_patient(chance):
    AuditPatient.objects.filter(pk=chance.choice(list(AuditPatient.objects.all())).pk).delete()


def delete_event(chance):
    event = chance.choice(list(AuditEvent.objects.all()))
    AuditPatient.objects.filter(event=event).delete()
    event.delete()


def delete_event_with_its_seal(chance):
    # Not the last: that is a truncation, tested apart.
    seal = chance.choice(list(AuditSeal.objects.order_by("seq"))[:-1])
    AuditPatient.objects.filter(event_id=seal.event_id).delete()
    AuditEvent.objects.filter(pk=seal.event_id).delete()
    seal.delete()


def truncate(chance):
    seals = list(AuditSeal.objects.order_by("seq"))
    cut = [seal.event_id for seal in seals[-chance.randint(1, len(seals)) :]]
    AuditPatient.objects.filter(event_id__in=cut).delete()
    AuditSeal.objects.filter(event_id__in=cut).delete()
    AuditEvent.objects.filter(pk__in=cut).delete()


EDITS = (edit_event, edit_event, edit_patient, edit_seal, swap_events, add_patient)
DELETIONS = (delete_patient, delete_event, delete_event_with_its_seal)


def found_after(damage, chance, **kwargs):
    """Do the damage, look, and take it back."""
    with transaction.atomic():
        damage(chance)
        breaches = check_chain(**kwargs)
        transaction.set_rollback(True)
    return bool(breaches)


@pytest.mark.parametrize(("kinds", "seed"), [(EDITS, 1), (DELETIONS, 2), ((truncate,), 3)])
def test_every_one_of_a_hundred_random_damages_is_found(anchor, kinds, seed):
    write(40)
    chance = random.Random(seed)
    missed = []
    for number in range(100):
        kind = chance.choice(kinds)
        if not found_after(kind, chance):
            missed.append((number, kind.__name__))
    assert missed == []
    assert check_chain() == []


def test_control_truncation_is_missed_without_the_anchor(anchor, tmp_path):
    """The sabotage: an anchor from before the cut rows. The chain alone cannot tell that its end is gone."""
    write(20)
    early = tmp_path / "early.jsonl"
    early.write_text(anchor.read_text().splitlines(keepends=True)[0])

    def cut_last(_chance):
        last = AuditSeal.objects.order_by("-seq").first()
        AuditPatient.objects.filter(event_id=last.event_id).delete()
        AuditEvent.objects.filter(pk=last.event_id).delete()
        last.delete()

    assert not found_after(cut_last, None, anchor=early)
    assert found_after(cut_last, None)


def test_control_edit_resealed_with_the_key_is_missed_only_where_the_anchor_is_older(anchor, tmp_path):
    """Whoever has the key as well can rewrite the chain, but not past an anchor kept elsewhere."""
    write(10)
    kept = tmp_path / "elsewhere.jsonl"
    kept.write_text(anchor.read_text())
    AuditEvent.objects.filter(pk=AuditEvent.objects.order_by("pk").first().pk).update(reason="nothing")
    AuditSeal.objects.all().delete()
    anchor.unlink()
    seal_pending()
    assert check_chain() == []
    assert check_chain(kept) != []


def test_edit_resealed_without_the_key_is_found(anchor, settings):
    write(10)
    key = settings.AUDIT_KEY
    settings.AUDIT_KEY = "another key"
    AuditSeal.objects.all().delete()
    seal_pending()
    settings.AUDIT_KEY = key
    assert check_chain() != []


def test_missing_anchor_is_a_breach(anchor):
    write(3)
    anchor.unlink()
    assert [breach.where for breach in check_chain()] == ["audit anchor"]


def test_torn_last_line_of_the_anchor_does_no_harm(anchor):
    write(3)
    with anchor.open("a") as stream:
        stream.write('{"seq": 4, "mac')
    assert check_chain() == []


def test_event_that_nothing_sealed_for_minutes_is_a_breach(anchor):
    write(3)
    event = write_event(system_principal("operator"), "late", patients={})
    assert check_chain() == []
    AuditEvent.objects.filter(pk=event.pk).update(at=timezone.now() - timedelta(minutes=10))
    assert [breach.what for breach in check_chain()] == ["was never sealed"]


def test_sealer_seals_when_it_is_time_and_outlives_a_database_that_is_away(anchor, monkeypatch):
    write_event(system_principal("operator"), "one", patients={})
    sealer = Sealer(every=3600)
    assert sealer.beat() == 1
    write_event(system_principal("operator"), "two", patients={})
    assert sealer.beat() == 0  # not yet

    def away():
        raise OperationalError("database is locked")

    monkeypatch.setattr("beforehand.record.seal.seal_pending", away)
    monkeypatch.setattr("beforehand.record.seal.connection.close", lambda: None)
    assert Sealer().beat() == 0


def test_anchor_only_grows(anchor):
    write(3)
    before = anchor.read_bytes()
    write(3)
    anchor_head()
    assert anchor.read_bytes().startswith(before)
    assert oct(anchor.stat().st_mode)[-3:] == "600"


def test_action_outside_a_request_writes_its_own_event_in_the_same_transaction():
    principal = principal_of(make_user())
    with pytest.raises(RuntimeError), transaction.atomic():
        audited(principal, "take_need", patients=[5], access=CHANGE)
        assert AuditEvent.objects.count() == 1
        raise RuntimeError("the change failed")
    assert AuditEvent.objects.count() == 0


def test_actions_and_reads_of_one_run_are_gathered():
    principal = principal_of(make_user())
    with collecting() as trail:
        touch([1, 2])
        audited(principal, "take_need", patients=[2], access=CHANGE, reason="mine")
        touch([2])
    assert trail.patients == {1: "READ", 2: "CHANGE"}
    assert (trail.actions, trail.reasons) == (["take_need"], ["mine"])
    assert AuditEvent.objects.count() == 0  # the door writes it


def test_event_of_a_job_names_the_person_it_works_for():
    person = principal_of(make_user())
    event = write_event(system_principal("jobs", on_behalf_of=person), "export", patients={3: "READ"})
    assert (event.principal, event.on_behalf_of) == ("system:jobs", person.label)


def test_a_long_trail_is_checked_with_few_queries(anchor, django_assert_max_num_queries):
    write(30, per_seal=100)
    with django_assert_max_num_queries(8):
        assert check_chain() == []
