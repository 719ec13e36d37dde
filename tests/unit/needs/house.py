"""A small house for tests: a team, its people, patients worked for, and findings as the look-ahead would leave them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from beforehand.care.needs.from_findings import Updated, update_needs
from beforehand.care.needs.models import Need
from beforehand.care.needs.register import RuleWords
from beforehand.clinical.times import day_of
from beforehand.lookahead.models import Finding
from beforehand.record.models import (
    Enrolment,
    Patient,
    PersonRecord,
    Programme,
    Resource,
    Source,
    Team,
    TeamMember,
    User,
)

TODAY = day_of(timezone.localdate())

RULES = {
    rule.id: rule
    for rule in (
        RuleWords("medicine_runs_out", topic="medicines", title="Medicine runs out soon", harm=4, step_kind="refill"),
        RuleWords("dose_differs", topic="medicines", title="Doses differ", harm=3, step_kind="call"),
        RuleWords("result_not_seen", topic="results", title="Result not seen", harm=5, step_kind="result"),
        RuleWords("eye_check", topic="prevention", title="Eye check", harm=2, step_kind="book"),
        RuleWords(
            "sure_to_ask", topic="visits", title="Ride", harm=3, unknown_asks=True, missing={"driver": "Who drives?"}
        ),
        RuleWords("shown_only", topic="visits", title="Shown", harm=3),
        RuleWords("stay_contact", topic="transitions", title="Contact", harm=4, step_kind="call"),
        RuleWords("stay_list", topic="transitions", title="List", harm=4, folds_into="stay_contact"),
        RuleWords("ride", topic="visits", title="Ride", harm=2, step_kind="ride"),
        RuleWords("renewal_visit", topic="medicines", title="Renewal visit", harm=3, step_kind="book"),
        RuleWords("stay_visit", topic="transitions", title="Visit", harm=3, folds_into="stay:{stay}"),
    )
}


def plain_words(monkeypatch: Any) -> None:
    """The rules above in place of the library, so that the tests say all that matters."""
    known = lambda rule_id: RULES.get(rule_id, RuleWords(rule_id))  # noqa: E731
    asking = lambda: [rule.id for rule in RULES.values() if rule.unknown_asks]  # noqa: E731
    base = "beforehand.care.needs"
    for module in ("folding", "chains", "forecast", "from_findings", "views", "happened", "operations"):
        monkeypatch.setattr(f"{base}.{module}.rule_words", known)
    for module in ("from_findings", "invariants"):
        monkeypatch.setattr(f"{base}.{module}.asking_rules", asking)
    for module in ("from_findings", "views"):
        monkeypatch.setattr(f"{base}.{module}.question", lambda finding, **_: f"{known(finding.rule_id).title}?")
        monkeypatch.setattr(f"{base}.{module}.reason", lambda finding, **_: f"{finding.subject} is {finding.status}")
        monkeypatch.setattr(f"{base}.{module}.next_step", lambda finding, **_: "Call the pharmacy")


class House:
    """Builds rows the short way."""

    def __init__(self) -> None:
        self.team = Team.objects.create(name="North team")
        self.programme = Programme.objects.create(name="Complex care", team=self.team)
        self.dana = self.user("dana", "COORDINATOR")
        self.priya = self.user("priya", "PHARMACIST")
        self.sam = self.user("sam", "SUPERVISOR")
        self.source = Source.objects.create(name="quay-lab", label="Quay Lab")

    def user(self, name: str, role: str, *, team: Team | None = None) -> User:
        user = User.objects.create(username=name, first_name=name.title(), role=role)
        if role != "ADMINISTRATOR":
            TeamMember.objects.create(team=team or self.team, user=user)
        return user

    def patient(
        self, name: str = "Ann Smith", *, enrolled: bool = True, lead: User | None = None, **more: Any
    ) -> Patient:
        patient = Patient.unscoped.create(
            display_name=name, sort_name=name, birth_from_day=-9000, birth_to_day=-9000, **more
        )
        number = 10**6 + patient.pk
        Resource.objects.create(id=number, source_id=self.source.pk, type="Patient", logical_id=f"p{patient.pk}")
        PersonRecord.unscoped.create(
            id=number, source_id=self.source.pk, patient_id=patient.pk, own_patient_id=patient.pk
        )
        if enrolled:
            Enrolment.objects.create(
                patient_id=patient.pk, programme=self.programme, team=self.team, lead=lead, from_day=TODAY - 10
            )
        return patient

    def finding(self, patient: Patient, rule: str, subject: str = "", **more: Any) -> Finding:
        values = {
            "status": "DUE",
            "opens_on": TODAY - 1,
            "due_on": TODAY + 3,
            "missing": "",
            "state": "CURRENT",
            "digest": "d",
        }
        now = timezone.now()
        return Finding.unscoped.create(
            patient_id=patient.pk, rule_id=rule, subject=subject or f"{rule}:1", say={}, first_at=now, changed_at=now,
            evidence=more.pop("evidence", [{"table": "observation", "fact_id": 5, "role": "result"}]),
            **{**values, **more},
        )  # fmt: skip

    def becomes(self, finding: Finding, **changes: Any) -> Finding:
        """The finding as a later run leaves it."""
        for name, value in changes.items():
            setattr(finding, name, value)
        finding.changed_at = timezone.now()
        finding.save()
        return finding

    def run(self, patient: Patient, as_of: int = TODAY) -> Updated:
        return update_needs([patient.pk], as_of)

    def needs(self, patient: Patient, *states: str) -> list[Need]:
        rows = Need.unscoped.filter(patient_id=patient.pk).order_by("pk")
        return list(rows.filter(state__in=states) if states else rows)

    def need(self, patient: Patient) -> Need:
        (need,) = self.needs(patient)
        return need
