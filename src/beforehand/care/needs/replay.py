"""The list of another day: the rules run as of that day, nothing is kept, and needs are only imagined.

It replays the clock, not past knowledge: facts are those known now, enrolment and people's decisions too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from beforehand.care.needs.actions import today
from beforehand.care.needs.chains import Chains
from beforehand.care.needs.evidence import evidence_views
from beforehand.care.needs.folding import asks, folds, labels
from beforehand.care.needs.from_findings import new_need
from beforehand.care.needs.models import LIVE, Need
from beforehand.care.needs.ownership import enrolments_on
from beforehand.care.needs.rank import date_to_act, policy
from beforehand.care.needs.views import Around, people_of
from beforehand.clinical.tables import FACTS
from beforehand.clinical.times import date_of
from beforehand.lookahead.engines.answers import Answer
from beforehand.lookahead.run import run_everyone, run_patients
from beforehand.record.access import Principal, SomePatients, for_principal
from beforehand.record.models import FACT_MODELS, Enrolment, Team, User
from beforehand.record.roles import join_labels

BATCH = 500


@dataclass
class Imagined:
    """A finding of a replayed day; has what the work reads of a stored one."""

    pk: int
    rule_id: str
    patient_id: int
    subject: str
    status: str
    opens_on: int | None
    due_on: int | None
    lapses_on: int | None
    recheck_on: int | None
    missing: str
    blocks: str
    say: dict[str, str | int | None]
    evidence: list[dict[str, Any]]
    sensitivity: str = ""
    state: str = "CURRENT"
    digest: str = ""
    is_stale: bool = False
    changed_at: str = ""
    id: int = field(init=False)

    def __post_init__(self) -> None:
        self.id = self.pk


def _imagined(number: int, answer: Answer) -> Imagined:
    return Imagined(
        pk=-number,
        rule_id=answer.rule_id,
        patient_id=answer.patient_id,
        subject=answer.subject,
        status=answer.status,
        opens_on=answer.opens_on,
        due_on=answer.due_on,
        lapses_on=answer.lapses_on,
        recheck_on=answer.recheck_on,
        missing=answer.missing,
        blocks=answer.blocks,
        say=answer.say,
        evidence=[each._asdict() for each in answer.evidence],
    )


def _label(findings: Iterable[Imagined]) -> None:
    """Give each the sensitivity labels of the facts behind it, as a stored finding has them."""
    listed = list(findings)
    wanted: dict[str, set[int]] = defaultdict(set)
    for finding in listed:
        for item in finding.evidence:
            if item["table"] in FACTS:
                wanted[item["table"]].add(item["fact_id"])
    known: dict[tuple[str, int], str] = {}
    for table, ids in wanted.items():
        ordered, rows = sorted(ids), FACT_MODELS[table]._meta.default_manager
        for start in range(0, len(ordered), BATCH):
            labelled = rows.filter(pk__in=ordered[start : start + BATCH], sensitivity__gt="")  # type: ignore[union-attr]
            known |= {(table, pk): text for pk, text in labelled.values_list("pk", "sensitivity")}
    for finding in listed:
        found = {
            label for item in finding.evidence for label in known.get((item["table"], item["fact_id"]), "").split()
        }
        finding.sensitivity = join_labels(found)


def _visible(principal: Principal, findings: Iterable[Imagined]) -> list[Imagined]:
    access = for_principal(principal)
    seen = set(access.scope(Enrolment.objects.all()).values_list("patient_id", flat=True))
    seen |= set(access.patients().values_list("pk", flat=True))
    return [
        each
        for each in findings
        if each.patient_id in seen and all(access.sees_label(label) for label in each.sensitivity.split())
    ]


def imagined_of(principal: Principal, patient_id: int, day: int) -> list[Imagined]:
    """What the rules say of one person as of a day, as far as the principal may see it; kept nowhere."""
    report = run_patients([patient_id], as_of=date_of(day), store=False)
    found = [_imagined(number, answer) for number, answer in enumerate(report.answers, start=1)]
    _label(found)
    return _visible(principal, found)


@dataclass(frozen=True)
class Replay:
    """The needs a day would have had, and what they rest on."""

    needs: Mapping[int, list[Need]]
    findings: Mapping[int, list[Any]]

    def around(self, reader: SomePatients, needs: Iterable[Need], as_of: int) -> Around:
        """What these needs refer to, read once."""
        listed = list(needs)
        chosen = {need.pk: self.findings.get(need.pk, []) for need in listed}
        every = {each.pk: each for group in chosen.values() for each in group}
        users = User.objects.filter(pk__in={need.owner_user_id for need in listed if need.owner_user_id})
        return Around(
            as_of=as_of,
            people=people_of(reader, as_of),
            users={user.pk: user.label for user in users},
            teams=dict(Team.objects.values_list("pk", "name")),
            findings=chosen,
            evidence=evidence_views(reader, every.values(), as_of),
        )


def replay(principal: Principal, day: int) -> Replay:
    """Run the rules as of the day, keep nothing, and fold what is due into needs."""
    report = run_everyone(as_of=date_of(day), store=False)
    findings = [_imagined(number, answer) for number, answer in enumerate(report.answers, start=1)]
    asking = [each for each in findings if asks(each, day)]
    _label(asking)
    by_patient: dict[int, list[Imagined]] = defaultdict(list)
    for each in _visible(principal, asking):
        by_patient[each.patient_id].append(each)
    enrolled = enrolments_on(by_patient, today())
    people = people_of(for_principal(principal).among(by_patient), day)
    decided: dict[tuple[int, str], Need] = {}
    for need in for_principal(principal).among(by_patient).scope(Need.unscoped.filter(source="FINDING")).order_by("pk"):
        decided[int(need.patient_id or 0), need.fold_key] = need
    rules, now = policy(), timezone.now()
    needs: dict[int, list[Need]] = defaultdict(list)
    behind: dict[int, list[Any]] = {}
    all_of: dict[int, list[Imagined]] = defaultdict(list)
    for each in findings:
        all_of[each.patient_id].append(each)
    for patient_id, listed in by_patient.items():
        if patient_id not in enrolled or patient_id not in people:
            continue
        chains = Chains(all_of[patient_id], day)
        for fold in folds(listed).values():
            stands = decided.get((patient_id, fold.key))
            if stands is not None and stands.state == "DISMISSED" and (stands.hold_until or day + 1) > day:
                continue
            name = people[patient_id].name
            need = new_need(patient_id, fold, enrolled[patient_id], day, rules, now, name, chains)
            need.pk = -(len(behind) + 1)
            need.opened_day = day if fold.lead.opens_on is None else min(fold.lead.opens_on, day)
            need.next_on, need.is_dated = date_to_act(day, need.due_on, need.harm, rules)
            need.sensitivity = labels(fold.findings)
            if stands is not None and stands.state in LIVE:
                need.pk, need.owner_user_id, need.team_id = stands.pk, stands.owner_user_id, stands.team_id
            needs[patient_id].append(need)
            behind[need.pk] = list(fold.findings)
    return Replay(needs, behind)
