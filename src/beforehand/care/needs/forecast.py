"""The next 90 days of one person, one line: visits, days things fall due, and which of them wait for which.

Pills wait for the refill, the refill for the visit, the visit for its ride, referral, authorization and records;
a stay starts its clocks; a bill has its last day. What comes first is named with each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from beforehand.care.needs.actions import today
from beforehand.care.needs.chains import Chains
from beforehand.care.needs.folding import asks_at_all, has_lapsed
from beforehand.care.needs.register import next_step, question, reason, rule_words
from beforehand.care.needs.replay import imagined_of
from beforehand.care.needs.shapes import Ahead, AheadTie
from beforehand.clinical.fact_words import fact_line
from beforehand.clinical.times import date_of
from beforehand.lookahead.models import Finding
from beforehand.record.access import Principal, SomePatients, for_principal
from beforehand.record.audit import touch
from beforehand.record.models import Concept

AHEAD = 90
LONG_PAST = 730  # days after which what was missed is history, not forecast
STANDING = ("proposed", "pending", "booked", "waitlist", "arrived", "checked-in")
VISIT, NEED, COMING = "visit", "need", "coming"


def visit_keys(appointment_ids: Iterable[int]) -> frozenset[str]:
    """The subjects under which rules speak of an appointment, by whatever source it was sent."""
    return frozenset(f"{kind}:{number}" for number in appointment_ids for kind in ("visit", "appointment"))


@dataclass(frozen=True)
class Visit:
    """An appointment ahead: every source's number for it, its day and its words."""

    ids: tuple[int, ...]
    day: int
    words: str


def line(findings: Sequence[Any], visits: Sequence[Visit], as_of: int, *, patient: str = "") -> tuple[Ahead, ...]:
    """One line of visits and findings by day; each says what must come first and what waits for it."""
    chains = Chains(findings, as_of)
    said: dict[int, AheadTie] = {}

    def tie(finding: Any) -> AheadTie:
        if finding.pk not in said:
            said[finding.pk] = AheadTie(
                finding_id=finding.pk,
                rule=finding.rule_id,
                subject=finding.subject,
                status=finding.status,
                words=_words(finding, patient, as_of),
                due_day=finding.due_on,
            )
        return said[finding.pk]

    found, of_visits = [], set()
    for visit in visits:
        keys = visit_keys(visit.ids)
        about = [each for each in findings if _stands(each, as_of) and (each.subject in keys or each.blocks in keys)]
        own = [each for each in about if each.subject in keys]
        served = {key for key in keys if key.startswith("appointment:")}  # met by the visit: what it is for
        of_visits |= {each.pk for each in own} | {each.pk for each in about if each.status != "DUE"}
        behind = {other.pk: other for each in own for other in chains.holds_up(each)}
        found.append(
            Ahead(
                kind=VISIT,
                day=visit.day,
                opens_day=visit.day,
                subject=f"appointment:{min(visit.ids)}",
                words=visit.words,
                appointment_ids=visit.ids,
                waits_for=tuple(tie(each) for each in about if each.subject not in served or each.status != "MET"),
                holds_up=tuple(tie(each) for each in behind.values()),
            )
        )
    found += [
        _of_finding(each, chains, tie, as_of, patient)
        for each in findings
        if each.pk not in of_visits and _is_on_line(each, as_of)
    ]
    return tuple(sorted(found, key=lambda one: (one.day, one.kind, one.words)))


def _stands(finding: Any, as_of: int) -> bool:
    """Whether it says something of a visit: what is excluded or lapsed does not."""
    return finding.state == "CURRENT" and finding.status != "EXCLUDED" and not has_lapsed(finding, as_of)


def _words(finding: Any, patient: str, as_of: int) -> str:
    """What is asked while it is open, what is so once it is settled."""
    asked = question(finding, patient=patient, today=as_of)
    return asked if asks_at_all(finding) else reason(finding, patient=patient, today=as_of) or asked


def _is_on_line(finding: Any, as_of: int) -> bool:
    if not _stands(finding, as_of) or finding.status not in ("DUE", "MET"):
        return asks_at_all(finding) and _stands(finding, as_of) and _day(finding) is not None
    if finding.status == "MET" and (finding.opens_on is None or finding.opens_on <= as_of):
        return False
    day = _day(finding)
    return day is not None and as_of - LONG_PAST <= day <= as_of + AHEAD


def _day(finding: Any) -> int | None:
    """The day it stands on: when it falls due, or while it is still met the day it opens."""
    if finding.status == "MET":
        return int(finding.opens_on) if finding.opens_on is not None else None
    day = finding.due_on if finding.due_on is not None else finding.opens_on
    return None if day is None else int(day)


def _of_finding(finding: Any, chains: Chains, tie: Any, as_of: int, patient: str) -> Ahead:
    day = _day(finding)
    assert day is not None  # _is_on_line asked
    return Ahead(
        kind=COMING if finding.status == "MET" else NEED,
        day=day,
        opens_day=finding.opens_on if finding.opens_on is not None else day,
        due_day=finding.due_on,
        subject=finding.subject,
        rule=finding.rule_id,
        topic=rule_words(finding.rule_id).topic,
        status=finding.status,
        finding_id=finding.pk,
        words=_words(finding, patient, as_of),
        next_step=next_step(finding, patient=patient, today=as_of),
        act_by=chains.urgency(finding).due_on,
        waits_for=tuple(tie(each) for each in chains.waits_for(finding)),
        holds_up=tuple(tie(each) for each in chains.holds_up(finding)),
    )


def forecast(principal: Principal, patient_id: int, *, as_of: date | int | None = None) -> tuple[Ahead, ...]:
    """The line of one person the principal may see; a day other than today is replayed and kept nowhere."""
    day = today() if as_of is None else as_of if isinstance(as_of, int) else (as_of - date(1970, 1, 1)).days
    access = for_principal(principal)
    patient = access.patient(patient_id)
    reader = access.among([patient_id])
    if day == today():
        findings: list[Any] = list(reader.scope(Finding.unscoped.filter(state="CURRENT")).order_by("pk"))
    else:
        findings = imagined_of(principal, patient_id, day)
    touch([patient_id])
    return line(findings, _visits(reader, day), day, patient=patient.display_name)


def _visits(reader: SomePatients, day: int) -> list[Visit]:
    rows = reader.facts("appointment").filter(
        status__in=STANDING, start_from_day__gte=day, start_from_day__lte=day + AHEAD
    )
    made = [row for row in rows.values() if row["created_from_day"] is None or row["created_from_day"] <= day]
    codes = {row[name] for row in made for name in ("code", "specialty") if row[name]}
    names = dict(Concept.objects.filter(pk__in=codes).values_list("pk", "display"))
    grouped: dict[int, list[Mapping[str, Any]]] = {}
    for row in made:
        grouped.setdefault(row["same_as"] or row["id"], []).append(row)
    visits = []
    for same in grouped.values():
        lead = next((row for row in same if row["id"] == row["same_as"]), same[0])
        words = fact_line("appointment", dict(lead), lambda number: names.get(number or 0, ""))
        visits.append(Visit(tuple(sorted(row["id"] for row in same)), int(lead["start_from_day"]), words))
    return visits


def _iso(day: int | None) -> str | None:
    return None if day is None else date_of(day).isoformat()


def _tie_as_dict(tie: AheadTie) -> dict[str, Any]:
    return {
        "rule": tie.rule,
        "subject": tie.subject,
        "status": tie.status,
        "words": tie.words,
        "due_on": _iso(tie.due_day),
    }


def as_dicts(ahead: Iterable[Ahead]) -> list[dict[str, Any]]:
    """The line as plain values for the command line."""
    return [
        {
            "on": _iso(one.day),
            "kind": one.kind,
            "subject": one.subject,
            "rule": one.rule or None,
            "status": one.status or None,
            "words": one.words,
            "opens_on": _iso(one.opens_day),
            "due_on": _iso(one.due_day),
            "act_by": _iso(one.act_by),
            "next_step": one.next_step or None,
            "waits_for": [_tie_as_dict(tie) for tie in one.waits_for],
            "holds_up": [_tie_as_dict(tie) for tie in one.holds_up],
        }
        for one in ahead
    ]
