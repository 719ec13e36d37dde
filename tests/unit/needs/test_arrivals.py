"""What happens when something arrives, and after a crash at any step."""

from typing import Any

import orjson
import pytest
from django.utils import timezone
from django_q.models import Schedule

from beforehand.care.needs import arrivals
from beforehand.care.needs.arrivals import catch_up, ready_to_receive, receive
from beforehand.care.needs.from_findings import update_needs
from beforehand.care.needs.jobs import install_schedules
from beforehand.care.needs.models import Need, PersonRisk
from beforehand.clinical.times import date_of
from beforehand.intake.ledger import keep
from beforehand.record.models import DirtyPatient, Enrolment, Message, Patient, Source
from tests.unit.needs.house import TODAY, House

pytestmark = pytest.mark.django_db(transaction=True)
Ran = list[tuple[list[int], Any]]


def bundle(*others: dict[str, Any], patient: str = "ann") -> bytes:
    resources = [
        {
            "resourceType": "Patient",
            "id": patient,
            "gender": "female",
            "birthDate": "1950-03-01",
            "name": [{"family": "Lee"}],
        },
        *others,
    ]
    return orjson.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}
    )


def stay(number: int) -> dict[str, Any]:
    day = date_of(TODAY - 3).isoformat()
    return {
        "resourceType": "Encounter", "id": f"s{number}", "status": "finished", "subject": {"reference": "Patient/ann"},
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "period": {"start": day, "end": day},
    }  # fmt: skip


@pytest.fixture
def ran(house: House, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """Which runs were asked for, in place of the rules."""
    calls: Ran = []

    def run(ids: list[int], *, as_of: Any, changed: Any) -> None:
        calls.append((list(ids), changed))

    monkeypatch.setattr(arrivals, "run_patients", run)
    monkeypatch.setattr(arrivals, "run_everyone", lambda *, as_of: calls.append((["everyone"], None)))  # type: ignore[list-item]
    ready_to_receive()
    return calls


def test_small_arrival_is_looked_at_at_once(house: House, ran: Ran) -> None:
    arrival = receive(bundle(stay(1)), house.source)
    assert (arrival.received, arrival.applied, arrival.rules_ran) == (2, 2, True)
    (patient_id,) = arrival.patients
    asked, changed = ran[0]
    assert asked == [patient_id]
    assert changed.keys() >= {"patient", "encounter"}
    assert not DirtyPatient.objects.exists()
    assert PersonRisk.unscoped.get(patient_id=patient_id).recent_stay_day == TODAY - 3


def test_new_person_is_enrolled_unless_the_house_says_otherwise(house: House, ran: Ran) -> None:
    receive(bundle(), house.source)
    assert Enrolment.objects.filter(programme__name="Care coordination").count() == 1
    ready_to_receive(enrol_everyone=False)
    receive(bundle(patient="bo"), house.source)
    assert Enrolment.objects.filter(programme__name="Care coordination").count() == 1


def test_large_arrival_only_marks_and_a_worker_takes_it_up(house: House, ran: Ran) -> None:
    arrival = receive(bundle(*(stay(number) for number in range(120))), house.source)
    assert not arrival.rules_ran
    assert (ran, DirtyPatient.objects.count()) == ([], 1)
    assert catch_up(as_of=date_of(TODAY)).patients == 1
    assert not DirtyPatient.objects.exists()


def test_same_bytes_again_change_nothing(house: House, ran: Ran) -> None:
    receive(bundle(stay(1)), house.source)
    again = receive(bundle(stay(1)), house.source)
    assert (again.duplicates, again.applied, again.patients) == (2, 0, frozenset())


def test_rules_that_break_lose_no_fact_and_block_no_acknowledgement(
    house: House, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a rule engine that is down")

    monkeypatch.setattr(arrivals, "run_patients", broken)
    arrival = receive(bundle(stay(1)), house.source)
    assert (arrival.applied, arrival.rules_ran) == (2, False)
    assert DirtyPatient.objects.count() == 1


def test_crash_after_keeping_is_finished_by_any_worker(house: House, ran: Ran) -> None:
    keep(data=bundle(stay(1)), source=house.source, name="", received_at=timezone.now())
    assert not Patient.unscoped.exists()
    caught = catch_up(as_of=date_of(TODAY))
    assert (caught.messages, caught.patients, caught.failed) == (1, 1, [])
    assert Message.objects.get().state == "APPLIED"


def test_message_that_cannot_be_applied_stops_no_other(house: House, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    first = keep(data=bundle(patient="bo"), source=house.source, name="", received_at=timezone.now())
    keep(data=bundle(), source=house.source, name="", received_at=timezone.now())
    real = arrivals.apply_message

    def apply(message: Message) -> Any:
        if message.pk == first.pk:
            raise OSError("disk")
        return real(message)

    monkeypatch.setattr(arrivals, "apply_message", apply)
    caught = catch_up(as_of=date_of(TODAY))
    assert (caught.messages, caught.failed) == (1, [first.pk])
    assert Message.objects.get(pk=first.pk).state == "KEPT"


def test_many_marked_people_are_swept_in_one_go(house: House, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "FEW", 2)
    for name in ("a", "b", "c", "d"):
        keep(data=bundle(patient=name), source=house.source, name="", received_at=timezone.now())
    assert catch_up(as_of=date_of(TODAY)).patients == 4
    assert ran == [(["everyone"], None)]
    assert not DirtyPatient.objects.exists()


def test_schedules_are_made_once_and_kept_up_to_date(house: House) -> None:
    install_schedules()
    Schedule.objects.filter(name="each night").update(func="gone")
    install_schedules()
    assert sorted(Schedule.objects.values_list("name", flat=True)) == ["after a change", "each minute", "each night"]
    assert Schedule.objects.get(name="each night").func.endswith("jobs.each_night")


def test_jobs_named_in_schedules_exist(house: House) -> None:
    from beforehand.care.needs import jobs  # noqa: PLC0415

    install_schedules()
    for name in Schedule.objects.values_list("func", flat=True):
        module, _, function = name.rpartition(".")
        assert module == jobs.__name__ and callable(getattr(jobs, function))


def test_needs_are_updated_in_the_same_action(house: House, ran: Ran) -> None:
    ann = house.patient()
    house.finding(ann, "eye_check")
    DirtyPatient.objects.create(patient_id=ann.pk, since=timezone.now())
    catch_up(as_of=date_of(TODAY))
    assert Need.unscoped.filter(patient_id=ann.pk, state="OPEN").count() == 1
    assert update_needs([ann.pk], TODAY).changed == 0


def test_source_is_told_apart(house: House, ran: Ran) -> None:
    receive(bundle(), house.source)
    receive(bundle(), Source.objects.create(name="harbor"))
    assert Message.objects.count() == 2
