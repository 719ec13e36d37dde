"""Visits, orders, plans and words of a chart."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from beforehand.doors.cli.demo.pages import SYSTEMS, Pages, Resource, coded, hl7


def later(start: str, minutes: int) -> str:
    """The moment so many minutes after an ISO moment, in the same offset."""
    return (datetime.fromisoformat(start) + timedelta(minutes=minutes)).isoformat()


class VisitPages(Pages):
    """Each method adds one resource and returns its reference."""

    def visit(self, kind: str, words: str, on: date, by: str = "", *, reason: Resource | None = None) -> str:
        return self.add(
            {
                "resourceType": "Encounter",
                "status": "finished",
                "class": {"system": SYSTEMS["act"], "code": kind},
                "type": [{"text": words}],
                "subject": self.subject,
                "period": {"start": self.days.at(on, "09:30"), "end": self.days.at(on, "10:15")},
                **({"participant": [{"individual": self.clinician(by)}]} if by else {}),
                **({"reasonCode": [reason]} if reason else {}),
                "serviceProvider": {"display": self.label},
            }
        )

    def stay(self, start: str, end: str | None, reason: Resource, words: str = "Inpatient stay") -> str:
        return self.add(
            {
                "resourceType": "Encounter",
                "status": "finished" if end else "in-progress",
                "class": {"system": SYSTEMS["act"], "code": "IMP"},
                "type": [{"text": words}],
                "subject": self.subject,
                "period": {"start": start, **({"end": end} if end else {})},
                "reasonCode": [reason],
                "hospitalization": {"dischargeDisposition": {**hl7("discharge-disposition", "home"), "text": "Home"}},
                "serviceProvider": {"display": self.label},
            }
        )

    def appointment(
        self, words: str, start: str, minutes: int, place: str, *, code: str = "", order: str = "", by: str = ""
    ) -> str:
        return self.add(
            {
                "resourceType": "Appointment",
                "status": "booked",
                **({"serviceType": [coded(code, words)]} if code else {"serviceType": [{"text": words}]}),
                "description": words,
                "start": start,
                "end": later(start, minutes),
                "minutesDuration": minutes,
                "created": self.days.ago(20).isoformat(),
                **({"basedOn": [{"reference": order}]} if order else {}),
                "participant": [
                    {"actor": self.subject, "status": "accepted"},
                    {"actor": {"display": place}, "status": "accepted"},
                    *([{"actor": self.clinician(by), "status": "accepted"}] if by else []),
                ],
            }
        )

    def order(
        self,
        code: str,
        words: str,
        authored: date,
        by: str,
        *,
        to: str = "",
        category: Resource | None = None,
        priority: str = "routine",
        encounter: str = "",
        status: str = "active",
    ) -> str:
        return self.add(
            {
                "resourceType": "ServiceRequest",
                "status": status,
                "intent": "order",
                "priority": priority,
                "category": [category or coded("snomed:3457005", "Patient referral")],
                "code": coded(code, words) if code else {"text": words},
                "subject": self.subject,
                "authoredOn": authored.isoformat(),
                "requester": self.clinician(by),
                **({"performer": [{"display": to}]} if to else {}),
                **({"encounter": {"reference": encounter}} if encounter else {}),
            }
        )

    # Words, plans

    def message(self, words: str, sent: str, *, category: str, about: str = "", medium: str = "portal") -> str:
        return self.add(
            {
                "resourceType": "Communication",
                "status": "completed",
                "category": [coded(f"work:{category}", words)],
                "medium": [{"text": medium}],
                "subject": self.subject,
                "sent": sent,
                **({"about": [{"reference": about}]} if about else {}),
                "payload": [{"contentString": words}],
            }
        )

    def plan(self, title: str, created: date, *, until: date | None = None) -> str:
        return self.add(
            {
                "resourceType": "CarePlan",
                "status": "active",
                "intent": "plan",
                "title": title,
                "category": [{**coded("snomed:734163000", "Care plan"), "text": title}],
                "subject": self.subject,
                "period": {"start": created.isoformat(), **({"end": until.isoformat()} if until else {})},
                "created": created.isoformat(),
            }
        )

    def goal(self, words: str, start: date, due: date | None = None) -> str:
        return self.add(
            {
                "resourceType": "Goal",
                "lifecycleStatus": "active",
                "description": {"text": words},
                "subject": self.subject,
                "startDate": start.isoformat(),
                **({"target": [{"dueDate": due.isoformat()}]} if due else {}),
            }
        )
