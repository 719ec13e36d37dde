"""Work is evidence: saying what happened states a fact, and the rule turns MET by itself. Undo withdraws the fact."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from django.db import transaction
from django.utils import timezone

from beforehand.care.needs.actions import (
    Change,
    NeedError,
    changing,
    check_undo,
    require_visible,
    revert,
    today,
    undo_change,
)
from beforehand.care.needs.answers import AnswerError, check_answers, local_moment
from beforehand.care.needs.arrivals import settle_patients
from beforehand.care.needs.events import difference
from beforehand.care.needs.events import kept as kept_columns
from beforehand.care.needs.folding import DRAW, asks_at_all
from beforehand.care.needs.followups import follow_up
from beforehand.care.needs.models import LIVE, Need, NeedEvent, NeedFinding
from beforehand.care.needs.register import rule_words
from beforehand.care.needs.shapes import HappenedForm
from beforehand.care.needs.situation import Situation
from beforehand.care.needs.standing import refresh_rows
from beforehand.care.needs.steps import step
from beforehand.clinical.codes import uri_of
from beforehand.clinical.times import date_of
from beforehand.intake.statements import state, withdraw
from beforehand.intake.whose import reference_to
from beforehand.lookahead.models import Finding
from beforehand.record.access import (
    ASSIGN_WORK,
    PatientNotVisibleError,
    Principal,
    for_principal,
    principal_of,
    require,
)
from beforehand.record.models import FACT_MODELS, ConceptCoding, Patient, Resource, User, ValueSetMember

# Answers after which a need added by hand has nothing left to wait for. Needs from findings close by evidence alone.
_SETTLED = """
reached keep booked family self picked-up passed-on no-follow-up done approved checked completed reviewed noted declined
"""
SETTLED = frozenset(_SETTLED.split())
MEDICINE_TABLES = ("medication_request", "medication_dispense", "medication_statement")


def form_for(need: Need | int, *, by: User, kind: str = "") -> HappenedForm:
    """The form that says what happened with this need, for somebody who may work it."""
    current = need if isinstance(need, Need) else Need.unscoped.filter(pk=need).first()
    if current is None:
        raise NeedError(f"there is no need {need}: open the list again")
    require_visible(principal_of(by), current)
    return step(kind or current.step_kind).form


def _evidence(need: Need) -> list[tuple[str, int]]:
    """Facts behind the need, the leading finding's first, each once."""
    linked = NeedFinding.objects.filter(need=need).values("finding_id")
    findings = sorted(Finding.unscoped.filter(pk__in=linked), key=lambda each: (each.rule_id != need.rule_id, each.pk))
    pairs = [(str(item["table"]), int(item["fact_id"])) for each in findings for item in each.evidence or ()]
    return list(dict.fromkeys(pairs))


def _subject_fact(need: Need) -> int | None:
    number = need.subject.rpartition(":")[2]
    return int(number) if number.isdecimal() and len(number) < 19 else None


def _references(pairs: list[tuple[str, int]], subject_fact: int | None) -> dict[str, dict[str, str]]:
    """Fact table -> reference to its fact; the one the subject names goes first."""
    ordered = sorted(pairs, key=lambda pair: pair[1] != subject_fact)
    chosen: dict[str, int] = {}
    for table, fact_id in ordered:
        chosen.setdefault(table, fact_id)
    known = set(Resource.objects.filter(pk__in=chosen.values()).values_list("pk", flat=True))
    return {table: {"reference": reference_to(fact_id)} for table, fact_id in chosen.items() if fact_id in known}


def _medicine(pairs: list[tuple[str, int]]) -> dict[str, Any] | None:
    """The medicine the need is about, with the codings its source sent."""
    for wanted in MEDICINE_TABLES:
        for table, fact_id in pairs:
            if table != wanted:
                continue
            concept = FACT_MODELS[table]._meta.default_manager.filter(pk=fact_id).values_list("code", flat=True).first()  # type: ignore[union-attr]
            codings = ConceptCoding.objects.filter(concept_id=int(concept or 0)).values_list(
                "system", "code", "display"
            )
            coded = [{"system": uri_of(system), "code": code, "display": display} for system, code, display in codings]
            if coded:
                return {"coding": coded}
    return None


def situation_of(need: Need, by: User) -> Situation:
    """What a composer must know about this need."""
    pairs = _evidence(need)
    patient = Patient.unscoped.get(pk=int(need.patient_id or 0))
    now, zone = local_moment(timezone.now(), patient.zone)
    books = rule_words(need.rule_id).books if need.rule_id else ""
    return Situation(
        at=now,
        zone=zone,
        by_name=by.label,
        subject_kind=need.subject.partition(":")[0],
        books=books,
        question=need.question,
        targets=_references(pairs, _subject_fact(need)),
        medicine=_medicine(pairs),
        books_words=words_of(books),
        also_books=_also_books(need, books),
    )


def _also_books(need: Need, books: str) -> tuple[tuple[str, str], ...]:
    """What one blood draw is booked for besides: the codes of the other tests that the need asks for."""
    if need.fold_key != DRAW:
        return ()
    linked = NeedFinding.objects.filter(need=need).values("finding_id")
    asking = [each for each in Finding.unscoped.filter(pk__in=linked).order_by("rule_id", "pk") if asks_at_all(each)]
    codes = dict.fromkeys(rule_words(each.rule_id).books for each in asking)
    return tuple((code, words_of(code)) for code in codes if "|" in code and code != books)


def words_of(books: str) -> str:
    """What a coded booking is called, by the value sets that hold its code."""
    system, bar, code = books.partition("|")
    if not bar:
        return ""
    held = ValueSetMember.objects.filter(system=system, code=code).exclude(display="")
    return held.order_by("value_set_id").values_list("display", flat=True).first() or ""


def _plain(value: Any) -> str:
    """An answer as text: days as YYYY-MM-DD, times as HH:MM, nothing as empty."""
    if value is None:
        return ""
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return value.isoformat() if isinstance(value, date) else str(value)


def _rerun(patient_id: int) -> None:
    settle_patients([patient_id], as_of=date_of(today()))


def say_what_happened(
    *, need: Need | int, by: User, answers: Mapping[str, Any], kind: str = "", version: int | None = None
) -> NeedEvent:
    """State what happened as facts from this person, and let the rules look again, all in one action.

    ``kind`` overrides the need's kind of step: a call can be logged on any need.
    """
    with transaction.atomic():
        with changing(
            need, "HAPPENED", by=by, version=version, yours={"happened": str(answers.get("happened", ""))}
        ) as change:
            current = change.need
            if current.patient_id is None:
                raise NeedError("an operations need is about no person: close it with an outcome")
            chosen = step(kind or current.step_kind)
            kept = check_answers(chosen.form, {name: _plain(value) for name, value in answers.items()})
            facts: list[int] = []
            for resource in chosen.compose(kept, situation_of(current, by)):
                facts += state(resource=resource, patient_id=current.patient_id, by=by)
            change.entry.facts = facts
            field = next(each for each in chosen.form.fields if each.name == "happened")
            label = next(each.label for each in field.choices if each.value == kept["happened"])
            change.entry.words = f"{chosen.form.action_label.removeprefix('Log the ').capitalize()}: {label.lower()}"
            change.entry.reason = kept.get("note", "")[:400]
            if current.source == "PERSON" and kept["happened"] in SETTLED:
                current.state, current.closed_why, current.outcome = "CLOSED", "PERSON", label
                current.closed_at = timezone.now()
        _rerun(int(change.need.patient_id or 0))
        _plan_follow_up(change, follow_up(chosen.form.step_kind, kept, today(), change.need.due_on))
    return change.entry


def _plan_follow_up(change: Change, plan: tuple[str, int] | None) -> None:
    """Where the answer settled nothing yet, say what is next and when; part of the same action, so undone with it."""
    need = Need.unscoped.get(pk=change.need.pk)
    asked = change.need.rule_id, change.need.subject
    if plan is None or need.state not in LIVE or need.marked or (need.rule_id, need.subject) != asked:
        return
    need.next_step, need.next_on = plan
    need.is_planned = need.is_dated = True
    need.save(update_fields=["next_step", "next_on", "is_planned", "is_dated"])
    change.entry.before, change.entry.after = difference(change.before, kept_columns(need))
    change.entry.save(update_fields=["before", "after"])
    if need.patient_id is not None:
        refresh_rows([need.patient_id], today())


def _sees(principal: Principal, event: NeedEvent) -> bool:
    """Whether the need an event happened to is one the principal may see; work without a patient is everyone's."""
    needs = Need.unscoped.filter(pk=event.need_id)
    if event.patient_id is None:
        return True
    return bool(for_principal(principal).of(event.patient_id).scope(needs).exists())


def undo(*, event: NeedEvent | int, by: User) -> NeedEvent:
    """Take back any action of a person. Facts it stated are withdrawn (entered in error) and the rules look again."""
    number = event.pk if isinstance(event, NeedEvent) else event
    undone = NeedEvent.unscoped.filter(pk=number).first()
    if undone is None or not _sees(principal_of(by), undone):
        raise PatientNotVisibleError(f"there is no event {number} that {principal_of(by).label} may see")
    if undone.what != "HAPPENED":
        return undo_change(event=undone, by=by)
    with transaction.atomic():
        undone = NeedEvent.unscoped.select_for_update().get(pk=number)
        check_undo(undone)
        if undone.by != principal_of(by).label:
            require(principal_of(by), ASSIGN_WORK)
        with changing(undone.need_id, "UNDONE", by=by, version=None) as change:
            for fact_id in undone.facts:
                withdraw(fact_id=fact_id, by=by, reason="undone by the person who said so")
            revert(change, undone)
        undone.undone_by_id = change.entry.pk
        undone.save(update_fields=["undone_by_id"])
        if undone.patient_id is not None:
            _rerun(undone.patient_id)
    return change.entry


__all__ = ["AnswerError", "form_for", "say_what_happened", "situation_of", "undo"]
