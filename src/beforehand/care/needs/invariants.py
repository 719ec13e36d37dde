"""Promise 2, checked from the rows themselves: nothing open is ownerless, and nothing due is without a need."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.db.models import Q
from django.utils import timezone

from beforehand.care.needs.folding import asks, evidence_digest
from beforehand.care.needs.from_findings import versions_of
from beforehand.care.needs.models import LIVE, Need, NeedFinding, WorkRow
from beforehand.care.needs.ownership import enrolments_on, may_own, workers
from beforehand.care.needs.register import asking_rules
from beforehand.clinical.times import day_of
from beforehand.lookahead.models import Finding
from beforehand.record.models import DirtyPatient, Patient, Team, TeamMember, User
from beforehand.record.verify import Breach

PROMISE = 2
BATCH = 500
REMEDY = "run `beforehand lookahead`: it brings the needs in step again"


def _owned() -> Iterator[Breach]:
    """The database refuses most of this; a row written around it is still found."""
    live = Need.unscoped.filter(state__in=LIVE)
    for need_id in live.filter(Q(next_step="") | Q(question="")).values_list("pk", flat=True):
        yield Breach(PROMISE, f"need {need_id}", "is open and has no next step", "plan a next step")
    for need_id in live.exclude(team_id__in=Team.objects.values("pk")).values_list("pk", flat=True):
        yield Breach(PROMISE, f"need {need_id}", "is open and no team owns it", "assign it to a team's queue")
    yield from _owned_by_who_may()
    for need_id in live.filter(next_on__isnull=True).values_list("pk", flat=True):
        yield Breach(PROMISE, f"need {need_id}", "is open and has no day", "plan a next step with a day")


def _owned_by_who_may() -> Iterator[Breach]:
    """Its owner can see it; a role or team that changed shows here until the next run."""
    staff, owned = workers(), Need.unscoped.filter(state__in=LIVE, owner_user__isnull=False)
    rows = list(owned.values_list("pk", "patient_id", "owner_user_id"))
    today = day_of(timezone.localdate())
    enrolled = enrolments_on({patient_id for _, patient_id, _ in rows if patient_id is not None}, today)
    for need_id, patient_id, user_id in rows:
        if user_id is not None and patient_id is not None and not may_own(user_id, enrolled.get(patient_id), staff):
            yield Breach(PROMISE, f"need {need_id}", "is open and its owner cannot work it any more", REMEDY)


def _empty_teams() -> Iterator[Breach]:
    """A queue that nobody works owns nothing really. A fresh house without any users is not at fault."""
    now = timezone.now()
    if not User.objects.filter(is_active=True).exists():
        return
    staffed = TeamMember.objects.filter(Q(until=None) | Q(until__gt=now), user__is_active=True).values("team_id")
    queued = Need.unscoped.filter(state__in=LIVE, owner_user=None, patient_id__isnull=False)
    for name in (
        Team.objects.filter(pk__in=queued.values("team_id")).exclude(pk__in=staffed).values_list("name", flat=True)
    ):
        yield Breach(PROMISE, f"team {name}", "has open needs in its queue and no members", "add a member to the team")


def _uncovered(as_of: int) -> Iterator[Breach]:
    """Every finding that asks today, of a person worked for, is in a live need or in one a person put off."""
    wanted = Q(status="DUE") | Q(status="UNKNOWN", rule_id__in=asking_rules())
    found = Finding.unscoped.filter(wanted, state="CURRENT").order_by("pk")
    settled = found.exclude(patient_id__in=DirtyPatient.objects.values("patient_id"))  # the rules have yet to run there
    batch = []
    for finding in settled.iterator(chunk_size=BATCH):
        if asks(finding, as_of):
            batch.append(finding)
        if len(batch) >= BATCH:
            yield from _uncovered_of(batch, as_of)
            batch = []
    yield from _uncovered_of(batch, as_of)


def _uncovered_of(findings: list[Finding], as_of: int) -> Iterator[Breach]:
    if not findings:
        return
    patients = {finding.patient_id for finding in findings}
    enrolled = enrolments_on(patients, as_of)
    merged = set(Patient.unscoped.filter(pk__in=patients, merged_into_id__isnull=False).values_list("pk", flat=True))
    links = NeedFinding.objects.filter(finding_id__in=[finding.pk for finding in findings])
    live = set(links.filter(need__state__in=LIVE).values_list("finding_id", flat=True))
    ended = links.filter(need__state__in=("CLOSED", "DISMISSED"), need__closed_why__in=("PERSON", "DISMISSED"))
    held: dict[int, list[Need]] = {}
    for link in ended.exclude(need__hold_digest="").select_related("need"):
        held.setdefault(link.finding_id, []).append(link.need)
    for finding in findings:
        if finding.patient_id not in enrolled or finding.patient_id in merged or finding.pk in live:
            continue
        if not any(_holds(need, as_of) for need in held.get(finding.pk, ())):
            where = f"patient {finding.patient_id}, rule {finding.rule_id}"
            yield Breach(PROMISE, where, "is due and no open need holds it", REMEDY)


def _holds(need: Need, as_of: int) -> bool:
    """Whether a person's dismissal or closing still stands: its day has not passed and its evidence is the same."""
    if need.hold_until is not None and need.hold_until <= as_of:
        return False
    linked = NeedFinding.objects.filter(need=need).values("finding_id")
    findings = [each for each in Finding.unscoped.filter(pk__in=linked, state="CURRENT") if asks(each, as_of)]
    facts = {item["fact_id"] for each in findings for item in each.evidence or ()}
    return need.hold_digest == evidence_digest(findings, versions_of(facts))


def _listed() -> Iterator[Breach]:
    """What is open stands on a list: the derived rows agree with the needs."""
    open_people = Need.unscoped.filter(state__in=LIVE, patient_id__isnull=False).values("patient_id").distinct()
    for patient_id in open_people.exclude(patient_id__in=WorkRow.unscoped.values("patient_id")).values_list(
        "patient_id", flat=True
    ):
        yield Breach(PROMISE, f"patient {patient_id}", "has an open need and stands on no list", REMEDY)


def check_needs(*, as_of: date | int | None = None) -> list[Breach]:
    """Every breach of promise 2 that the rows show."""
    day = day_of(timezone.localdate()) if as_of is None else as_of if isinstance(as_of, int) else day_of(as_of)
    return [*_owned(), *_empty_teams(), *_uncovered(day), *_listed()]
