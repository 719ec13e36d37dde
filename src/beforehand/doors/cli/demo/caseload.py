"""The demo's home: its users, its people through the same door as everything else, and a morning already begun."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import orjson
from django.utils import timezone

from beforehand.care.needs.actions import assign_need
from beforehand.care.needs.arrivals import catch_up, ready_to_receive
from beforehand.care.needs.happened import say_what_happened
from beforehand.care.needs.models import Need
from beforehand.doors.cli.demo.build import charts, paper_nobody_can_place
from beforehand.doors.cli.demo.days import ZONE, Days
from beforehand.doors.cli.run import ready_home
from beforehand.intake.apply import apply_message
from beforehand.intake.ledger import keep, source_named
from beforehand.record.access import system_principal
from beforehand.record.audit import collecting, write_event
from beforehand.record.enrolment import default_programme, operations_team
from beforehand.record.models import Enrolment, Patient, Source, Team, User
from beforehand.record.seal import seal_pending
from beforehand.record.users import create_user

PASSWORD = "look-ahead-first"  # noqa: S105 - of an invented home on this machine only


@dataclass(frozen=True)
class DemoUser:
    """Somebody who can sign in to the demo."""

    username: str
    first: str
    last: str
    role: str
    credential: str
    words: str


USERS = (
    DemoUser("dana", "Dana", "Reyes", "COORDINATOR", "RN", "Dana Reyes, RN, care coordinator"),
    DemoUser("priya", "Priya", "Nair", "PHARMACIST", "PharmD", "Priya Nair, PharmD, pharmacist"),
    DemoUser("marcus", "Marcus", "Bell", "SOCIAL_WORKER", "LCSW", "Marcus Bell, LCSW, social worker"),
    DemoUser("sam", "Sam", "Tanaka", "SUPERVISOR", "RN", "Sam Tanaka, RN, supervisor"),
    DemoUser("admin", "Alex", "Moor", "ADMINISTRATOR", "", "Alex Moor, administrator"),
)
# Needs that belong to a colleague from the start; the rest is Dana's.
PHARMACIST_RULES = ("interacting_medicines", "dose_differs")
SOCIAL_RULES = ("food_need_no_referral",)


def fill_home(*, today: date) -> dict[str, int]:
    """Build everything in this home; returns what there is to show."""
    ready_home()
    ready_to_receive(enrol_everyone=True)
    with collecting() as trail:
        users = _users()
        take_in_everything(today)
        _shares_of_work(users)
        _a_morning_begun(today, users["dana"])
        write_event(system_principal("operator"), "cli.demo", patients=trail.patients, method="CLI")
    seal_pending()
    return {
        "people": Patient.unscoped.filter(merged_into_id=None).count(),
        "sources": Source.objects.filter(kind="SYSTEM").count(),
        "needs": Need.unscoped.filter(state="OPEN").count(),
    }


def _users() -> dict[str, User]:
    operator = system_principal("operator")
    team = default_programme().team
    made = {}
    for one in USERS:
        made[one.username] = create_user(
            username=one.username, role=one.role, by=operator, team=team, password=PASSWORD,
            first_name=one.first, last_name=one.last, credential=one.credential, reason="demo",
        )  # fmt: skip
        if one.role in ("COORDINATOR", "SUPERVISOR"):
            _join(made[one.username], operations_team())
    return made


def _join(user: User, team: Team) -> None:
    user.teammember_set.create(team=team)


def take_in_everything(today: date) -> None:
    """Every chart as its source sends it, and a batch nobody can place; then one look ahead."""
    for chart in charts(today):
        source = source_named(chart.source)
        if source.label != chart.label:
            source.label = chart.label
            source.save(update_fields=["label"])
        _take_in(orjson.dumps(chart.bundle()), source, f"{chart.source}.json")
    _take_in(paper_nobody_can_place(today), source_named("quay-lab"), "batch.json")
    # Rules look once everything is there, as on a first ingest: no need that the next file would settle.
    catch_up(as_of=today)


def _take_in(data: bytes, source: Source, name: str) -> None:
    apply_message(keep(data=data, source=source, name=name, received_at=timezone.now()))


def _shares_of_work(users: dict[str, User]) -> None:
    """Dana is the one contact of everybody; single needs belong to the pharmacist and the social worker."""
    Enrolment.objects.update(lead=users["dana"])
    for need in Need.unscoped.filter(state="OPEN", patient_id__isnull=False).order_by("pk"):
        owner = users["dana"]
        if need.rule_id in PHARMACIST_RULES:
            owner = users["priya"]
        elif need.rule_id in SOCIAL_RULES:
            owner = users["marcus"]
        assign_need(need=need, by=users["sam"], to_user=owner, reason="shares of the caseload")


def _a_morning_begun(today: date, dana: User) -> None:
    """One try to reach Mr. Okafor yesterday, no answer; and Dana's last look at the list."""
    walter = Patient.unscoped.filter(display_name__contains="Okafor").values_list("pk", flat=True)
    need = Need.unscoped.filter(patient_id__in=walter, rule_id="contact_two_business_days", state="OPEN").first()
    if need is not None:
        say_what_happened(need=need, by=dana, answers={"happened": "not-reached", "note": "Rang out, no machine."})
    last = Days(today).business_ago(1)
    dana.last_seen_worklist_at = timezone.make_aware(datetime.combine(last, time(16, 52)), ZONE)
    dana.worklist_seen_before_at = dana.last_seen_worklist_at - timedelta(days=1)
    dana.save(update_fields=["last_seen_worklist_at", "worklist_seen_before_at"])
