"""The year itself: what happens on which day, who is told, and what comes of a call."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from beforehand.world import days
from beforehand.world.feed import Delivery, Feed, Page
from beforehand.world.pages import hl7
from beforehand.world.people import Person
from beforehand.world.truth import Affair, Reaction

Happening = Callable[[date], object]
MEMBER = "https://larkfield-plan.example/member"
SUBJECT = {
    "Patient": "", "AllergyIntolerance": "patient", "Immunization": "patient", "Coverage": "beneficiary",
    "CoverageEligibilityResponse": "patient", "Task": "for", "ExplanationOfBenefit": "patient", "Claim": "patient",
    "ClaimResponse": "patient", "Appointment": "",
}  # fmt: skip
AFTERMATH = (6, 14)  # days until what struck is over


class Behind(NamedTuple):
    """Something of a person that was said and had not arrived yet: until then the record was behind."""

    person: int
    what: str  # the type of resource
    since: date
    until: date


class World:
    """Days go by one after the other; whoever lives in it only sees what the feed delivers, and may ask."""

    def __init__(self, *, seed: int | str, start: date, length: int) -> None:
        self.seed, self.start, self.length = seed, start, length
        self.end = start + timedelta(days=length)
        self.today = start - timedelta(days=1)
        self.people: list[Person] = []
        self.affairs: list[Affair] = []
        self.feed = Feed(self.dice("feed"))
        self.behind: list[Behind] = []
        self._agenda: list[tuple[date, int, Happening]] = []
        self._count = 0
        self._ids = 0

    def dice(self, *about: object) -> Random:
        """Chance of its own for each thing, so that what one person does changes nothing elsewhere."""
        return Random("/".join(map(str, (self.seed, *about))))  # noqa: S311 - an invented world, no secret

    # What happens

    def on(self, day: date, happening: Happening) -> None:
        """Let something happen on a day; what lies before today happens at once."""
        if day <= self.today:
            happening(self.today)
            return
        self._count += 1
        heapq.heappush(self._agenda, (day, self._count, happening))

    def pass_day(self, day: date) -> list[Delivery]:
        """Everything of this day happens; returns what arrives by its evening."""
        self.today = day
        while self._agenda and self._agenda[0][0] <= day:
            heapq.heappop(self._agenda)[2](day)
        return self.feed.deliveries(day)

    # Who is told

    def send(
        self, source: str, person: Person, page: Page, day: date, *, affair: Affair | None = None,
        reference: str = "", on_time: bool = False, foretells: bool = True,
    ) -> str:  # fmt: skip
        """A source says something of a person on a day; returns the reference. With ``reference``, a new version."""
        arrives, kept = self.feed.arrival(source, max(day, self.start), may_be_late=affair is not None and not on_time)
        if arrives > max(day, self.start):
            self.behind.append(Behind(person.number, page["resourceType"], max(day, self.start), arrives))
        if source not in person.known_to:
            person.known_to.add(source)
            introduced, _ = self.feed.arrival(source, max(day, self.start), may_be_late=False)
            self.feed.put(source, introduced, [who(person)])
        if not reference:
            self._ids += 1
            reference = f"{page['resourceType']}/{person.slug}-{self._ids}"
        page = {**page, "id": reference.partition("/")[2]}
        subject = {"reference": f"Patient/{person.slug}"}
        if page["resourceType"] == "Appointment":
            page["participant"] = [{"actor": subject, "status": "accepted"}, *page["participant"]]
        else:
            page[SUBJECT.get(page["resourceType"], "subject")] = subject
        page["meta"] = {"lastUpdated": days.in_utc(max(day, self.start - timedelta(days=3650)), "18:00")}
        self.feed.put(source, arrives, [page])
        if affair is not None:
            affair.pages.add((source, reference))
            under_way = affair.asked_on or affair.settled_on or affair.struck_on
            if foretells and not under_way:
                affair.known_on = max(affair.known_on or arrives, arrives)
                affair.faults |= {kept} - {""}
        return reference

    # What is true

    def affair(self, kind: str, person: Person, words: str, *, look_alike: str = "") -> Affair:
        """Something begins that goes wrong, or (with ``look_alike``) only seems to."""
        made = Affair(len(self.affairs), person.number, kind, not look_alike, words, look_alike)
        self.affairs.append(made)
        return made

    def strikes(self, affair: Affair, day: date) -> None:
        """Say when it strikes unless somebody acts; a look-alike only has the date."""
        affair.deadline = day
        if affair.is_bump:
            affair.strikes = day
            self.on(day, lambda today: self._strike(affair, today))

    def told(self, affair: Affair, source: str, day: date) -> None:
        """What foretells it was said by this source on that day; it is known once that has arrived."""
        arrives, kept = self.feed.arrival(source, max(day, self.start), may_be_late=False)
        affair.known_on = max(affair.known_on or arrives, arrives)
        affair.faults |= {kept} - {""}

    def _strike(self, affair: Affair, today: date) -> None:
        if affair.settled_on is None:
            affair.struck_on = today
            after = today + timedelta(days=self.dice("aftermath", affair.number).randint(*AFTERMATH))
            self.on(after, lambda day: self._mend(affair, day, "world"))

    def _mend(self, affair: Affair, today: date, by: str) -> None:
        if affair.settled_on is None:
            affair.settled_on, affair.settled_by = today, by
            if affair.mend is not None:
                affair.mend(today)

    def ask(self, number: int, today: date) -> Reaction:
        """Somebody takes up an affair: calls, books, asks. What comes of it comes of it with time."""
        affair = self.affairs[number]
        affair.asked_on.append(today)
        if not affair.is_bump or affair.settled_on is not None:
            return Reaction(agreed=True, on=affair.settled_on or today, is_settled=True, supply_days=affair.supply_days)
        if affair.mending_on is None:
            dice = self.dice("ask", number, len(affair.asked_on))
            if dice.random() >= affair.chance:
                return Reaction(agreed=False)
            affair.mending_on = today + timedelta(days=dice.randint(*affair.delay))
            self.on(affair.mending_on, lambda day: self._mend(affair, day, "coordinator"))
        return Reaction(agreed=True, on=affair.mending_on, number=f"A-{number}")


def who(person: Person) -> Page:
    """The person as every source knows them."""
    return {
        "resourceType": "Patient",
        "id": person.slug,
        "identifier": [{"system": MEMBER, "value": f"M{person.number:06d}", "type": hl7("v2-0203", "MB")}],
        "name": [{"use": "official", "family": person.family, "given": [person.given]}],
        "gender": person.sex,
        "birthDate": person.birth.isoformat(),
        "generalPractitioner": [{"reference": "Practitioner/lena-park", "display": "Dr. Lena Park"}],
        "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}, "preferred": True}],
    }
