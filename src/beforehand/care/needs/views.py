"""Needs as pages show them: built for a whole page at once, in a fixed number of reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from beforehand.care.needs.actions import UNDOABLE
from beforehand.care.needs.events import WORDS
from beforehand.care.needs.evidence import evidence_views
from beforehand.care.needs.folding import asks, lead_order
from beforehand.care.needs.models import Need, NeedEvent, NeedFinding, PersonRisk
from beforehand.care.needs.rank import days_words
from beforehand.care.needs.register import missing, next_step, question, reason, rule_words
from beforehand.care.needs.shapes import Clock, EvidenceView, FindingView, HistoryEntry, NeedView, Tie, Tone
from beforehand.care.needs.steps import step
from beforehand.clinical.times import date_of, say_when, show_day
from beforehand.lookahead.models import Finding
from beforehand.lookahead.words import possible_days
from beforehand.record.access import SomePatients
from beforehand.record.models import Concept, Patient, Team, User

HISTORY_SHOWN = 20


@dataclass(frozen=True)
class Who:
    """A person as a row names them."""

    patient_id: int
    name: str
    birth_day: int | None
    age: int | None
    line: str  # "born Jun 19, 1949 · Spanish, needs an interpreter"
    notes: tuple[str, ...]
    risk_points: int
    risk_words: str


@dataclass
class Around:
    """What the needs of a page refer to, read once."""

    as_of: int
    people: Mapping[int, Who]
    users: Mapping[int, str]
    teams: Mapping[int, str]
    findings: Mapping[int, list[Any]]  # need -> its findings, the leading one first
    evidence: Mapping[Any, tuple[EvidenceView, ...]]
    history: Mapping[int, list[NeedEvent]] = field(default_factory=dict)


def _day_belongs_to(need: Need, as_of: int, findings: Sequence[Any]) -> str:
    """What the day shown is of, where it is not that of the leading question: another finding's, or our own."""
    if need.is_planned or need.due_on is None or not findings or need.due_on == findings[0].due_on == need.next_on:
        return ""
    if need.due_on != need.next_on:
        return f"; {'was ' if need.due_on < as_of else ''}due {show_day(need.due_on, today=as_of)}"
    setting = next((each for each in findings if each.due_on == need.due_on and asks(each, as_of)), None)
    title = rule_words(setting.rule_id).title if setting else ""
    return f": {title[:1].lower()}{title[1:]}" if title else ""


def clock_of(need: Need, as_of: int, findings: Sequence[Any] = ()) -> Clock:
    """How long is left until the next step, in words; the first of the findings leads, any may set the day."""
    day, left = need.next_on, need.next_on - as_of
    lead = findings[0] if findings else None
    shown = show_day(day, today=as_of) + _day_belongs_to(need, as_of, findings)
    if not need.is_dated:
        return Clock("No deadline", f"next step {shown}", Tone.SOFT, day)
    possible = possible_days(lead, "due_on") if lead is not None and lead.due_on == day else None
    if possible is not None:  # its first possible day counts, and is not said to be the day
        said = say_when("due ", *possible, today=as_of)
        tone = Tone.LATE if possible[1] < as_of else Tone.NOW if left <= 0 else Tone.SOON if left <= 7 else Tone.SOFT
        return Clock("Now" if left <= 0 else f"In {days_words(left)}", said, tone, day)
    if left < 0:
        return Clock("Now", f"{days_words(-left)} late, was {shown}", Tone.LATE, day)
    if left == 0:
        return Clock("Today", shown, Tone.NOW, day)
    if left == 1:
        return Clock("Tomorrow", shown, Tone.SOON, day)
    if left <= 7:
        return Clock(days_words(left), f"by {shown}", Tone.SOON, day)
    return Clock(shown, f"in {days_words(left)}", Tone.SOFT, day)


def age_on(birth_day: int | None, as_of: int) -> int | None:
    """Completed years."""
    if birth_day is None:
        return None
    born, day = date_of(birth_day), date_of(as_of)
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _risk_words(risk: PersonRisk | None, as_of: int) -> str:
    if risk is None:
        return ""
    parts = []
    if risk.recent_stay_day is not None:
        parts.append(f"home from hospital, day {as_of - risk.recent_stay_day}")
    if risk.emergency_visits:
        visits = "1 emergency visit" if risk.emergency_visits == 1 else f"{risk.emergency_visits} emergency visits"
        parts.append(f"{visits} in half a year")
    if risk.conditions:
        parts.append("1 active condition" if risk.conditions == 1 else f"{risk.conditions} active conditions")
    if risk.medicines:
        parts.append("1 medicine" if risk.medicines == 1 else f"{risk.medicines} medicines")
    said = ", ".join(parts)
    return said[:1].upper() + said[1:]


def _who(patient: Patient, language: str, risk: PersonRisk | None, as_of: int) -> Who:
    birth = patient.birth_from_day if patient.birth_from_day == patient.birth_to_day else None
    notes = []
    if patient.is_deceased:
        notes.append("has died")
    if patient.needs_interpreter:
        notes.append(f"{language}, needs an interpreter" if language else "needs an interpreter")
    elif language:
        notes.append(language)
    if risk is not None and risk.recent_stay_day is not None and not patient.is_deceased:
        notes.append(f"home from hospital, day {as_of - risk.recent_stay_day}")
    born = (
        f"born {date_of(birth):%b} {date_of(birth).day}, {date_of(birth).year}"
        if birth is not None
        else "birth date unknown"
    )
    return Who(
        patient_id=patient.pk,
        name=patient.display_name or f"Patient {patient.pk}",
        birth_day=birth,
        age=age_on(birth, as_of),
        line=" · ".join([born, *notes]),
        notes=tuple(notes),
        risk_points=risk.points if risk else 0,
        risk_words=_risk_words(risk, as_of),
    )


def people_of(reader: SomePatients, as_of: int) -> dict[int, Who]:
    """The patients of a page."""
    patients = list(reader.scope(Patient.unscoped.all(), "id"))
    languages = {patient.language for patient in patients if patient.language}
    words = dict(Concept.objects.filter(pk__in=languages).values_list("pk", "display")) if languages else {}
    risks = {risk.patient_id: risk for risk in PersonRisk.unscoped.filter(pk__in=[patient.pk for patient in patients])}
    return {
        patient.pk: _who(patient, words.get(patient.language or 0, ""), risks.get(patient.pk), as_of)
        for patient in patients
    }


def around(
    reader: SomePatients,
    needs: Sequence[Need],
    as_of: int,
    *,
    with_history: bool = True,
    findings: Mapping[int, list[Any]] | None = None,
) -> Around:
    """Read once what these needs refer to. ``findings`` may be given where they were only computed."""
    if findings is None:
        findings = _findings(reader, [need.pk for need in needs])
    users = {need.owner_user_id for need in needs if need.owner_user_id}
    every = {each.pk: each for listed in findings.values() for each in listed}
    history: dict[int, list[NeedEvent]] = defaultdict(list)
    if with_history and needs:
        events = NeedEvent.unscoped.filter(need_id__in=[need.pk for need in needs])
        for entry in events.order_by("-pk"):
            history[entry.need_id].append(entry)
    return Around(
        as_of=as_of,
        people=people_of(reader, as_of),
        users={user.pk: user.label for user in User.objects.filter(pk__in=users)} if users else {},
        teams=dict(Team.objects.values_list("pk", "name")),
        findings=findings,
        evidence=evidence_views(reader, every.values(), as_of),
        history=history,
    )


def _findings(reader: SomePatients, need_ids: Sequence[int]) -> dict[int, list[Any]]:
    links: dict[int, list[int]] = defaultdict(list)
    for need_id, finding_id in NeedFinding.objects.filter(need_id__in=need_ids).values_list("need_id", "finding_id"):
        links[finding_id].append(need_id)
    found: dict[int, list[Any]] = defaultdict(list)
    if links:
        for finding in reader.scope(Finding.unscoped.filter(pk__in=list(links))):
            for need_id in links[finding.pk]:
                found[need_id].append(finding)
    for listed in found.values():
        listed.sort(key=lead_order)
    return found


def finding_view(finding: Any, evidence: tuple[EvidenceView, ...], name: str, as_of: int) -> FindingView:
    """One finding in words."""
    words = rule_words(finding.rule_id)
    return FindingView(
        finding_id=finding.pk or 0,
        rule=finding.rule_id,
        subject=finding.subject,
        status=finding.status,
        state=finding.state,
        question=question(finding, patient=name, today=as_of),
        reason=reason(finding, patient=name, today=as_of),
        next_step=next_step(finding, patient=name, today=as_of),
        missing=missing(finding, patient=name, today=as_of) if finding.status == "UNKNOWN" else "",
        opens_day=finding.opens_on,
        due_day=finding.due_on,
        is_stale=bool(finding.is_stale),
        authority=words.authority,
        clinical_review=words.clinical_review,
        why=words.why,
        evidence=evidence,
        blocks=finding.blocks,
        lapses_day=finding.lapses_on,
    )


def _entry(entry: NeedEvent, newest: int | None) -> HistoryEntry:
    return HistoryEntry(
        event_id=entry.pk,
        at=entry.at,
        by=entry.by_label or entry.by,
        words=entry.words or WORDS[entry.what],
        reason=entry.reason,
        can_undo=entry.pk == newest,
        undone=entry.undone_by_id is not None,
    )


def newest_undoable(entries: Sequence[NeedEvent]) -> int | None:
    """The event that undo would take back: the last thing a person did that still stands."""
    for entry in sorted(entries, key=lambda each: -each.pk):
        if entry.by.startswith("user:") and entry.undone_by_id is None and entry.what != "UNDONE":
            return entry.pk if entry.what in UNDOABLE else None
    return None


def need_view(need: Need, known: Around) -> NeedView:
    """One need, from what was read once for the page."""
    findings = known.findings.get(need.pk, [])
    findings = sorted(findings, key=lambda each: each.rule_id != need.rule_id or each.subject != need.subject)
    who = known.people.get(need.patient_id or 0)
    name = who.name if who else ""
    shown = tuple(finding_view(each, known.evidence.get(each.pk, ()), name, known.as_of) for each in findings)
    asking = [each for each in shown if each.state == "CURRENT" and each.status in ("DUE", "UNKNOWN")]
    reasons = [need.reason, *(each.reason for each in asking)] if need.reason else [each.reason for each in asking]
    words = rule_words(need.rule_id) if need.rule_id else None
    entries = known.history.get(need.pk, [])
    newest = newest_undoable(entries)
    owner = known.users.get(need.owner_user_id or 0) if need.owner_user_id else None
    lead = shown[0] if shown else None
    return NeedView(
        id=need.pk,
        patient_id=need.patient_id,
        state=need.state,
        question=need.question,
        who=who.line if who else "",
        reasons=tuple(dict.fromkeys(each for each in reasons if each)),
        next_step=need.next_step,
        step_kind=need.step_kind,
        action_label=step(need.step_kind).form.action_label,
        clock=clock_of(need, known.as_of, findings),
        next_day=need.next_on,
        due_day=need.due_on,
        opens_day=need.opens_on,
        owner_label=owner or f"{known.teams.get(need.team_id, 'Team')} queue",
        owner_user_id=need.owner_user_id,
        team_id=need.team_id,
        status=need.status,
        rule=need.rule_id,
        subject=need.subject,
        source=need.source,
        findings=shown,
        evidence=tuple(dict.fromkeys(item for each in asking or shown for item in each.evidence)),
        marked=need.marked,
        history=tuple(_entry(each, newest) for each in entries[:HISTORY_SHOWN]),
        authority=words.authority if words else "",
        clinical_review=words.clinical_review if words else "",
        why=words.why if words else need.reason,
        missing=lead.missing if lead else "",
        outcome=need.outcome,
        version=need.version,
        snoozed_until_day=need.shown_from if need.state == "SNOOZED" else None,
        closed_why=need.closed_why,
        holds_up=tuple(Tie(one["words"], one["day"]) for one in need.holds_up),
        waits_for=tuple(Tie(one["words"], one["day"]) for one in need.waits_for),
    )
