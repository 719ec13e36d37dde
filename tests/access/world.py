"""A house with every kind of relation between people and patients, each patient marked with a word of its own.

A *canary* is a word that stands in every text about one patient (or in what carries one sensitivity label) and
nowhere else. Whoever may not see the patient must never meet the word, on any page, by any method.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from beforehand.care.needs.models import Need, NeedEvent, NeedFinding
from beforehand.care.needs.standing import refresh_rows
from beforehand.clinical.columns import Kind
from beforehand.clinical.tables import FACTS
from beforehand.intake.blobs import keep_blobs
from beforehand.intake.models import QuarantinedItem
from beforehand.lookahead.models import Finding
from beforehand.record.models import (
    FACT_MODELS,
    Concept,
    ConceptCoding,
    Item,
    LinkDecision,
    Message,
    Patient,
    PersonContact,
    PersonIdentifier,
    PersonName,
    PersonRecord,
    PossibleMatch,
    Resource,
    Source,
    Team,
    User,
)
from beforehand.record.roles import LABELS, ROLE_LABELS
from tests.access.people import enrol, join, make_patient, make_team, make_user, open_glass, today

STATUSES = ("final", "active", "completed", "finished", "booked", "current", "accepted")
# The relation of each patient to the people of the house (see ``World``), and whether a member of Team A sees them.
RELATIONS: dict[str, bool] = {
    "own": True,
    "other": False,
    "former": False,  # of a team they have left
    "ended": False,  # enrolment with their team is over
    "later": False,  # enrolment with their team begins tomorrow
    "opened": True,  # break-glass running
    "expired": False,  # break-glass over
    "survivor": True,  # another source's record of them, enrolled with their team, was linked into this patient
    "stranger": False,  # like survivor, where none of the linked records is theirs
    "nobody": False,  # not enrolled anywhere
}


@dataclass
class Marked:
    """One patient, the word that marks them, and the things about them that addresses name."""

    patient: Patient
    canary: str
    facts: dict[str, int] = field(default_factory=dict)
    need: int = 0
    event: int = 0
    item: int = 0
    match: int = 0
    decision: int = 0


class World:
    """Team A's people in every role, people of Team B, and patients in every relation to Team A."""

    def __init__(self) -> None:
        self.team, self.other_team, self.former_team = make_team("Team A"), make_team("Team B"), make_team("Team C")
        self.source = Source.objects.create(name="quay-lab", label="Quay Lab")
        self.users = {role: make_user(role, self.team, username=role.lower()) for role in ROLE_LABELS}
        self.users["OTHER"] = make_user("COORDINATOR", self.other_team, username="other")
        self.users["TEAMLESS"] = make_user("COORDINATOR", username="teamless")
        self.users["LEFT"] = make_user("SUPERVISOR", username="left")
        join(self.users["LEFT"], self.team, until=timezone.now() - timedelta(minutes=1))
        self.users["DEACTIVATED"] = make_user("SUPERVISOR", self.team, username="deactivated")
        self.users["NO_SECOND_FACTOR"] = make_user("SUPERVISOR", self.team, username="nosecond")
        for user in self.users.values():
            join(user, self.former_team, until=timezone.now() - timedelta(days=1))
        self._number = 5_000_000
        self.marked = {relation: self._patient(relation) for relation in RELATIONS}
        self._labelled()
        refresh_rows([marked.patient.pk for marked in self.marked.values()], today())
        User.objects.filter(username="deactivated").update(is_active=False)

    def number(self) -> int:
        self._number += 1
        return self._number

    def _patient(self, relation: str) -> Marked:
        canary = f"Canary{relation.title()}Bird"
        patient = make_patient(name=f"{canary} Smith", birth_from_day=-9000, birth_to_day=-9000, sex="female")
        marked = Marked(patient, canary)
        self._relate(relation, patient)
        record = PersonRecord.unscoped.get(patient_id=patient.pk)
        about = {"person_record": record, "patient_id": patient.pk}
        PersonName.unscoped.create(
            **about, family=canary, given=canary, text=canary, family_key=canary.lower(), given_key=canary.lower()
        )
        PersonIdentifier.unscoped.create(**about, system="mrn", value=canary[:20], type="MR")
        PersonContact.unscoped.create(**about, kind="phone", value=canary, value_key="5550100")
        Resource.objects.create(id=record.pk, source_id=self.source.pk, type="Patient", logical_id=f"p{patient.pk}")
        item = self._received(canary)
        for table in FACTS:
            marked.facts[table] = self.fact(table, marked, item).pk
        marked.need, marked.event = self.need(marked, canary, "")
        marked.item = self._quarantined(item).pk
        marked.match, marked.decision = self._twin(marked, record)
        return marked

    def _relate(self, relation: str, patient: Patient) -> None:
        team, day = self.team, today()
        if relation in ("own", "twin"):
            enrol(patient, team)
        elif relation == "former":
            enrol(patient, self.former_team)
        elif relation == "ended":
            enrol(patient, team, until_day=day)
        elif relation == "later":
            enrol(patient, team, from_day=day + 1)
        elif relation != "nobody":
            enrol(patient, self.other_team)
        for user in self.users.values():
            if relation == "opened":
                open_glass(user, patient)
            elif relation == "expired":
                open_glass(user, patient, began_hours_ago=5)
        if relation in ("survivor", "stranger"):
            linked = make_patient(team if relation == "survivor" else self.other_team, merged_into_id=patient.pk)
            PersonRecord.unscoped.filter(patient_id=linked.pk).update(patient_id=patient.pk)
            PersonRecord.unscoped.filter(own_patient_id=linked.pk).delete()

    def _received(self, canary: str) -> Item:
        """A message with the word in its bytes, and the one item of it."""
        content = json.dumps({"resourceType": "Observation", "id": canary, "note": [{"text": canary}]}).encode()
        digest = hashlib.sha256(content).hexdigest()
        keep_blobs([(digest, content)])
        message = Message.objects.create(
            source=self.source, digest=digest, size=len(content), name="one.json", format="fhir", state="APPLIED",
            received_at=timezone.now(), received=1, applied=1,
        )  # fmt: skip
        return Item.objects.create(message=message, place=0, outcome="APPLIED", version_state="CURRENT")

    def concept(self, canary: str) -> Concept:
        found, made = Concept.objects.get_or_create(
            digest=hashlib.sha256(canary.encode()).hexdigest(), defaults={"key": f"local:{canary}", "display": canary}
        )
        if made:
            ConceptCoding.objects.create(concept=found, system="local", code=canary, display=canary)
        return found

    def fact(self, table: str, marked: Marked, item: Item, *, canary: str = "", sensitivity: str = "") -> models.Model:
        """A row with the word in every text, and the word's concept in every coded column."""
        canary = canary or marked.canary
        values: dict[str, Any] = {}
        for column in FACTS[table].columns:
            if column.kind is Kind.WHEN:
                day = today() - 3
                values |= {
                    f"{column.name}_from_day": day,
                    f"{column.name}_to_day": day,
                    f"{column.name}_precision": "day",
                }
            elif column.kind is Kind.QUANTITY:
                values |= {f"{column.name}_micro": 7_000_000, f"{column.name}_unit": canary, f"{column.name}_text": "7"}
            elif column.kind is Kind.CONCEPT:
                values[column.name] = self.concept(canary).pk
            elif column.kind is Kind.STATUS:
                values[column.name] = next((one for one in STATUSES if one in column.values), column.values[0])
            elif column.kind in (Kind.TEXT, Kind.KEY):
                values[column.name] = canary
            elif column.kind in (Kind.WHOLE, Kind.CENTS):
                values[column.name] = 1
            elif column.kind is Kind.FLAG:
                values[column.name] = 0
        number = self.number()
        Resource.objects.create(
            id=number, source_id=self.source.pk, type=FACTS[table].fhir[:40], logical_id=str(number),
            current_item_id=item.pk,
        )  # fmt: skip
        return FACT_MODELS[table]._meta.base_manager.create(  # type: ignore[union-attr]
            id=number, patient_id=marked.patient.pk, person_record_id=number, source_id=self.source.pk,
            item_id=item.pk, same_as=number, sensitivity=sensitivity, **values,
        )  # fmt: skip

    def need(self, marked: Marked, canary: str, sensitivity: str) -> tuple[int, int]:
        now, day = timezone.now(), today()
        fact = marked.facts["observation"] if not sensitivity else self._labelled_fact
        finding = Finding.unscoped.create(
            rule_id=f"rule_{canary}", patient_id=marked.patient.pk, subject=f"medicine:{canary}", status="DUE",
            opens_on=day - 1, due_on=day + 1, say={"medicine": canary}, sensitivity=sensitivity, first_at=now,
            changed_at=now, evidence=[{"table": "observation", "fact_id": fact, "role": "result"}],
        )  # fmt: skip
        need = Need.unscoped.create(
            patient_id=marked.patient.pk, fold_key=f"medicine:{canary}", rule_id=finding.rule_id,
            subject=finding.subject, status="DUE", topic="medicines", question=f"Did {canary} get it?",
            reason=f"Because {canary}.", next_step=f"Call {canary}", step_kind="call", next_on=day + 1,
            is_dated=True, due_on=day + 1, opens_on=day - 1, shown_from=day - 1, team=self.team,
            sensitivity=sensitivity, opened_day=day - 1, opened_at=now, changed_at=now,
        )  # fmt: skip
        NeedFinding.objects.create(need=need, finding_id=finding.pk)
        event = NeedEvent.unscoped.create(
            need_id=need.pk, patient_id=marked.patient.pk, what="PLANNED", words=f"Planned {canary}", by="user:1",
            by_label="Somebody", before={"next_step": "x"}, after={"next_step": need.next_step}, at=now, day=day,
        )  # fmt: skip
        return need.pk, event.pk

    def _quarantined(self, item: Item) -> QuarantinedItem:
        return QuarantinedItem.objects.create(
            message=item.message, item_id=item.pk, place=0, resource_type="Observation",
            reason="The amount cannot be read", field="Observation.valueQuantity.value", owner_team=self.team,
            opened_at=timezone.now(),
        )  # fmt: skip

    def _twin(self, marked: Marked, record: PersonRecord) -> tuple[int, int]:
        """Somebody of Team A who might be the same person, and an earlier decision about the two."""
        twin = make_patient(self.team, name="Plain Twin")
        other = PersonRecord.unscoped.get(patient_id=twin.pk)
        pair = {"left_record_id": record.pk, "right_record_id": other.pk}
        match = PossibleMatch.objects.create(**pair, why="same phone and birth date", found_at=timezone.now())
        decision = LinkDecision.objects.create(
            **pair, decision="LINK", basis="PERSON", reason=f"Said {marked.canary}", at=timezone.now()
        )
        return match.pk, decision.pk

    def _labelled(self) -> None:
        """On Team A's own patient: a fact in every table, a finding and a need for each label, with its own word."""
        own = self.marked["own"]
        self.label_facts: dict[str, dict[str, int]] = {}
        self.label_needs: dict[str, int] = {}
        for label in LABELS:
            canary = label_canary(label)
            item = self._received(canary)
            facts = {table: self.fact(table, own, item, canary=canary, sensitivity=label).pk for table in FACTS}
            self._labelled_fact = facts["observation"]
            self.label_facts[label] = facts
            self.label_needs[label], _ = self.need(own, canary, label)

    def canaries(self) -> dict[str, str]:
        """Every word, and what it marks: ``patient:own``, ``label:SUD``."""
        return {marked.canary: f"patient:{relation}" for relation, marked in self.marked.items()} | {
            label_canary(label): f"label:{label}" for label in LABELS
        }


def label_canary(label: str) -> str:
    return f"Canary{label.title()}Label"


# Who the principals of the matrix are, and which patients each may see. Stated here, apart from the code under
# test, so that the two can be compared.
TEAM_A = frozenset(relation for relation, seen in RELATIONS.items() if seen)
SEES: dict[str, frozenset[str]] = {
    "ANONYMOUS": frozenset(),
    "DEACTIVATED": frozenset(),
    "NO_SECOND_FACTOR": frozenset(),
    "ADMINISTRATOR": frozenset(),
    "COORDINATOR": TEAM_A,
    "SUPERVISOR": TEAM_A,
    "PHARMACIST": TEAM_A,
    "SOCIAL_WORKER": TEAM_A,
    "CLINICIAN": TEAM_A,
    "OTHER": frozenset({"other", "opened", "expired", "survivor", "stranger"}),
    "TEAMLESS": frozenset({"opened"}),
    "LEFT": frozenset({"opened"}),
}
LABELS_SEEN: dict[str, frozenset[str]] = {
    "COORDINATOR": frozenset({"HIV", "MENTAL", "SEXUAL", "SUD", "VIOLENCE"}),
    "SUPERVISOR": frozenset({"HIV", "MENTAL", "R", "SEXUAL", "SUD", "VIOLENCE"}),
    "PHARMACIST": frozenset({"HIV", "MENTAL", "SEXUAL", "SUD"}),
    "SOCIAL_WORKER": frozenset({"MENTAL", "VIOLENCE"}),
    "CLINICIAN": frozenset(),
}


def may_meet(principal: str, marks: str) -> bool:
    """Whether this principal may meet a word that marks this."""
    kind, _, what = marks.partition(":")
    return what in SEES[principal] if kind == "patient" else what in LABELS_SEEN.get(principal, frozenset())


def civil(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def teams() -> list[Team]:
    return list(Team.objects.all())
