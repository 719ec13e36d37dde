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
from beforehand.care.needs.chains import Chains, ties, together
from beforehand.care.needs.folding import asks_at_all, folds, has_lapsed, lead_order
from beforehand.care.needs.register import next_step, question, reason, rule_words
from beforehand.care.needs.replay import imagined_of
from beforehand.care.needs.shapes import Ahead, AheadTie
from beforehand.clinical.fact_words import fact_line
from beforehand.clinical.times import date_of
from beforehand.lookahead.models import Finding
from beforehand.lookahead.words import possible_days
from beforehand.record.access import Principal, SomePatients, for_principal
from beforehand.record.audit import touch
from beforehand.record.models import Concept

AHEAD = 90
LONG_PAST = 730  # days after which what was missed is history, not forecast
STANDING = ("proposed", "pending", "booked", "waitlist", "arrived", "checked-in")
VISIT, BILL, NEED, COMING = "visit", "bill", "need", "coming"
STAY = "stay:"


def visit_keys(appointment_ids: Iterable[int]) -> frozenset[str]:
    """The subjects under which rules speak of an appointment, by whatever source it was sent."""
    return frozenset(f"{kind}:{number}" for number in appointment_ids for kind in ("visit", "appointment"))


@dataclass(frozen=True)
class Visit:
    """An appointment ahead: every source's number for it, its day and its words."""

    ids: tuple[int, ...]
    day: int
    words: str


@dataclass(frozen=True)
class Bill:
    """A bill that is still to be paid: every source's number for it, its last day and its words."""

    ids: tuple[int, ...]
    day: int
    words: str


def line(
    findings: Sequence[Any], visits: Sequence[Visit], as_of: int, *, bills: Sequence[Bill] = (), patient: str = ""
) -> tuple[Ahead, ...]:
    """One line of visits, bills and findings by day; each says what must come first and what waits for it.

    What is asked about one thing stands once, with the other questions about it.
    """
    drawn = _Line(findings, visits, as_of, patient)
    shown: set[int] = set()
    found = [drawn.of_visit(visit, shown) for visit in visits]
    found += [entry for bill in bills if (entry := drawn.of_bill(bill, shown)) is not None]
    listed = [each for each in findings if each.pk not in shown and _is_on_line(each, as_of)]
    found += [drawn.of_group(group) for group in _groups(listed)]
    return tuple(sorted(found, key=lambda one: (one.day, one.kind, one.words)))


class _Line:
    """The findings of one person as entries and ties of the line."""

    def __init__(self, findings: Sequence[Any], visits: Sequence[Visit], as_of: int, patient: str) -> None:
        self.findings, self.as_of, self.patient = findings, as_of, patient
        self.chains = Chains(findings, as_of)
        self._visit_of = {key: visit for visit in visits for key in visit_keys(visit.ids)}
        self._said: dict[int, AheadTie] = {}

    def tie(self, finding: Any) -> AheadTie:
        if finding.pk not in self._said:
            self._said[finding.pk] = AheadTie(
                finding_id=finding.pk,
                rule=finding.rule_id,
                subject=finding.subject,
                status=finding.status,
                words=_words(finding, self.patient, self.as_of),
                due_day=finding.due_on,
                until_day=_until(finding, "due_on", finding.due_on),
            )
        return self._said[finding.pk]

    def _ties(self, findings: Iterable[Any], *, is_behind: bool) -> tuple[AheadTie, ...]:
        """Ties to these; what belongs to a visit on the line is named by the visit, which lists it."""
        ties: dict[str, AheadTie] = {}
        for each in findings:
            visit = None if is_behind else self._visit_of.get(each.blocks) or self._visit_of.get(each.subject)
            one = self.tie(each) if visit is None else _visit_tie(visit)
            ties.setdefault(one.subject, one)
        return tuple(ties.values())

    def of_visit(self, visit: Visit, shown: set[int]) -> Ahead:
        keys = visit_keys(visit.ids)
        stand = [each for each in self.findings if _stands(each, self.as_of)]
        about = [each for each in stand if each.subject in keys or each.blocks in keys]
        own = [each for each in about if each.subject in keys]
        served = {key for key in keys if key.startswith("appointment:")}  # met by the visit: what it is for
        shown |= {each.pk for each in own} | {each.pk for each in about if each.status != "DUE"}
        behind = {other.pk: other for each in own for other in self.chains.holds_up(each)}
        first = [each for each in about if each.subject not in served or each.status != "MET"]
        return Ahead(
            kind=VISIT,
            day=visit.day,
            opens_day=visit.day,
            subject=f"appointment:{min(visit.ids)}",
            words=visit.words,
            appointment_ids=visit.ids,
            waits_for=tuple(self.tie(each) for each in first),
            holds_up=tuple(self.tie(each) for each in behind.values()),
        )

    def of_bill(self, bill: Bill, shown: set[int]) -> Ahead | None:
        """Its last day to pay, and the questions to settle before; none where it is long over and nobody asks."""
        keys = {f"bill:{number}" for number in bill.ids}
        stand = [each for each in self.findings if asks_at_all(each) and _stands(each, self.as_of)]
        about = [each for each in stand if each.subject in keys or each.blocks in keys]
        if (not about and bill.day < self.as_of) or bill.day > self.as_of + AHEAD:
            return None
        shown |= {each.pk for each in about}
        days = [self.chains.urgency(each).due_on for each in about]
        return Ahead(
            kind=BILL,
            day=bill.day,
            opens_day=bill.day,
            due_day=bill.day,
            act_by=min([bill.day, *(day for day in days if day is not None)]),
            subject=f"bill:{min(bill.ids)}",
            words=f"{bill.words}, last day to pay",
            status=about[0].status if about else "",
            rule=about[0].rule_id if about else "",
            finding_id=about[0].pk if about else None,
            next_step=next_step(about[0], patient=self.patient, today=self.as_of) if about else "",
            waits_for=tuple(self.tie(each) for each in about),
        )

    def of_group(self, group: Sequence[Any]) -> Ahead:
        lead = group[0]
        day = _day(lead)
        assert day is not None  # _is_on_line asked
        opens = [each.opens_on for each in group if each.opens_on is not None]
        visit = next((self._visit_of[each.blocks] for each in group if each.blocks in self._visit_of), None)
        behind = self._ties(ties(group, self.chains, is_behind=True), is_behind=True)
        return Ahead(
            kind=COMING if lead.status == "MET" else NEED,
            day=day,
            opens_day=min(opens, default=day),
            due_day=lead.due_on,
            until_day=_until(lead, _day_name(lead), day),
            subject=lead.subject,
            rule=lead.rule_id,
            topic=rule_words(lead.rule_id).topic,
            status=lead.status,
            finding_id=lead.pk,
            words=_words(lead, self.patient, self.as_of),
            next_step=next_step(lead, patient=self.patient, today=self.as_of),
            act_by=together(group, self.chains).due_on,
            waits_for=self._ties(ties(group, self.chains, is_behind=False), is_behind=False),
            holds_up=((_visit_tie(visit),) if visit else ()) + behind,
            also=tuple(self.tie(each) for each in group[1:]),
        )


def _visit_tie(visit: Visit) -> AheadTie:
    return AheadTie(0, "", f"appointment:{min(visit.ids)}", "", visit.words, visit.day)


def _groups(findings: Sequence[Any]) -> list[list[Any]]:
    """What is about one thing, together, as the list folds it; the clocks that a stay starts keep each its own day."""
    groups: dict[str, list[Any]] = {}
    key_of: dict[str, str] = {}
    for key, fold in folds([each for each in findings if asks_at_all(each)]).items():
        if key.startswith(STAY):
            groups |= {f"{key} {each.rule_id}": [each] for each in fold.findings}
            continue
        groups[key] = list(fold.findings)
        key_of |= {each.subject: key for each in fold.findings}
    for each in sorted((each for each in findings if not asks_at_all(each)), key=lead_order):
        groups.setdefault(key_of.get(each.subject, f"coming {each.subject}"), []).append(each)
    return list(groups.values())


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
    day = getattr(finding, _day_name(finding))
    return None if day is None else int(day)


def _day_name(finding: Any) -> str:
    return "opens_on" if finding.status == "MET" or finding.due_on is None else "due_on"


def _until(finding: Any, name: str, day: int | None) -> int | None:
    """The last day that a day of a finding can be; None where it is known."""
    possible = possible_days(finding, name)
    return possible[1] if possible and day is not None and possible[1] > day else None


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
    visits, bills = _visits(reader, day), _bills(reader, day)
    return line(findings, visits, day, bills=bills, patient=patient.display_name)


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


def _bills(reader: SomePatients, day: int) -> list[Bill]:
    rows = reader.facts("invoice").filter(status="issued", due_from_day__gte=day - LONG_PAST)
    grouped: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows.values():
        if row["issued_from_day"] is None or row["issued_from_day"] <= day:
            grouped.setdefault(row["same_as"] or row["id"], []).append(row)
    bills = []
    for same in grouped.values():
        lead = next((row for row in same if row["id"] == row["same_as"]), same[0])
        words = fact_line("invoice", dict(lead), lambda _: "")
        bills.append(Bill(tuple(sorted(row["id"] for row in same)), int(lead["due_from_day"]), words))
    return bills


def _iso(day: int | None) -> str | None:
    return None if day is None else date_of(day).isoformat()


def _tie_as_dict(tie: AheadTie) -> dict[str, Any]:
    return {
        "rule": tie.rule or None,
        "subject": tie.subject,
        "status": tie.status or None,
        "words": tie.words,
        "due_on": _iso(tie.due_day),
    }


def as_dicts(ahead: Iterable[Ahead]) -> list[dict[str, Any]]:
    """The line as plain values for the command line."""
    return [
        {
            "on": _iso(one.day),
            "until": _iso(one.until_day),
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
            "also": [_tie_as_dict(tie) for tie in one.also],
        }
        for one in ahead
    ]
