"""A coordinator's day: the first rows of the real list, each person's needs in turn, by the real actions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from beforehand.care.needs.actions import dismiss_need
from beforehand.care.needs.happened import form_for, say_what_happened
from beforehand.care.needs.shapes import Band, Filters, NeedView, Row
from beforehand.care.needs.worklist import worklist
from beforehand.clinical.times import day_of
from beforehand.doors.cli.simulate.about import Seen, matches
from beforehand.doors.cli.simulate.clock import clock_at
from beforehand.doors.cli.simulate.house import House
from beforehand.record.access import principal_of
from beforehand.record.models import User
from beforehand.world.truth import Affair, Reaction
from beforehand.world.world import World

AGAIN_AFTER = 2  # days before a need that stands unchanged is taken up again
PRESSING = (Band.FIRST, Band.TODAY, Band.WEEK)


@dataclass
class Day:
    """What one working day came to."""

    day: date
    rows: int = 0  # people for whom there was something to do, on all lists
    pressing: int = 0  # of them first, today or this week
    worked: int = 0
    needs: int = 0


@dataclass
class Desk:
    """Where the coordinators sit: who has which people, and what was taken up when."""

    house: House
    world: World
    capacity: int
    days: list[Day] = field(default_factory=list)
    taken_up: dict[int, date] = field(default_factory=dict)
    dismissed: int = 0

    def work(self, today: date, seen: dict[int, Seen], affairs: dict[int, list[Affair]]) -> None:
        """One working day of everybody."""
        done = Day(today)
        left = dict.fromkeys(range(len(self.house.coordinators)), self.capacity)
        with clock_at(today, "09:00"):
            for row in self._list(today):
                open_now = [need for need in (row.lead, *row.others) if self._is_to_do(need, today)]
                if not open_now:
                    continue
                done.rows += 1
                done.pressing += row.band in PRESSING
                desk = self.house.person_of(row.patient_id) % len(left)
                if left[desk] < 1:
                    continue
                left[desk] -= 1
                done.worked += 1
                for need in open_now:
                    done.needs += 1
                    self._take_up(need, self.house.coordinators[desk], today, seen, affairs)
        self.days.append(done)

    def _list(self, today: date) -> list[Row]:
        rows: list[Row] = []
        page = 1
        while True:
            filters = Filters(page=page, per_page=200)
            found = worklist(principal_of(self.house.coordinators[0]), as_of=today, filters=filters)
            rows += found.rows
            if page >= found.pages:
                return rows
            page += 1

    def _is_to_do(self, need: NeedView, today: date) -> bool:
        """Not what was taken up lately or is planned for a later day."""
        last = self.taken_up.get(need.id)
        if last is None:
            return True
        return today >= last + timedelta(days=AGAIN_AFTER) and (need.next_day <= day_of(today) or bool(need.marked))

    def _take_up(
        self, need: NeedView, by: User, today: date, seen: dict[int, Seen], affairs: dict[int, list[Affair]]
    ) -> None:
        self.taken_up[need.id] = today
        stands = seen.get(need.id)
        about = matches(stands, affairs.get(stands.person, ())) if stands else []
        waiting = [affair for affair in about if affair.is_bump]
        if need.marked or not waiting:
            dismiss_need(need=need.id, by=by, reason="Looked into: nothing is needed")
            self.dismissed += 1
            return
        reaction = self.world.ask(waiting[0].number, today)
        for other in waiting[1:]:
            self.world.ask(other.number, today)
        kind = step_to_log(form_for(need.id, by=by).step_kind, reaction)
        if reaction.is_settled and not (kind == "refill" and reaction.supply_days):
            dismiss_need(need=need.id, by=by, reason="It is done already, they say; the record will follow")
            self.dismissed += 1
            return
        say_what_happened(need=need.id, by=by, answers=answers(kind, reaction, today), kind=kind)


def step_to_log(kind: str, reaction: Reaction) -> str:
    """Bookings and rides are made by the office that is called, and its record says so: the call is what is logged.

    So it is where nobody answered and the form has no words for that: nothing was gone through, checked or received.
    """
    if not reaction.agreed and kind not in ("refill", "result", "authorization"):
        return "call"
    return "call" if kind in ("book", "ride", "visit", "other") else kind


def answers(kind: str, reaction: Reaction, today: date) -> dict[str, Any]:
    """What a coordinator writes down of what she was told."""
    if not reaction.agreed:
        untold = {"call": "not-reached", "result": "no-answer", "authorization": "no-answer", "refill": "requested"}
        return {"happened": untold[kind]}
    if reaction.is_settled and kind == "refill":
        return {"happened": "picked-up", "on": reaction.on, "days": reaction.supply_days}
    told = {"call": "reached", "result": "seen", "authorization": "no-answer", "refill": "requested",
            "bill": "checked", "referral": "received", "reconcile": "done", "plan": "reviewed"}  # fmt: skip
    return {"happened": told[kind]}
