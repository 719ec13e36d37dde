"""Visits, rides, referrals and approvals: booked, forgotten, overlapping, or quite in order."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from beforehand.world import days, pages
from beforehand.world.people import Person
from beforehand.world.truth import Affair
from beforehand.world.world import World

PCP = "Dr. Lena Park"
CLOCK = "clock change"
NAMED_SHARE = 0.75  # of a plan's answers on authorization: that they name the service asked about
SPECIALISTS = (
    ("snomed:183519002", "Referral to heart clinic", "Harbor Heart Clinic"),
    ("", "Referral to kidney clinic", "Harbor Kidney Clinic"),
    ("", "Referral to eye clinic", "Harbor Eye Clinic"),
)


def book(
    world: World, person: Person, words: str, day: date, today: date, *, source: str = "harbor-clinic",
    clock: str = "10:00", minutes: int = 30, order: str = "", affair: Affair | None = None, rides: bool = True,
    foretells: bool = True,
) -> str:  # fmt: skip
    """A clinic books a visit; whoever cannot drive is driven by the family unless said otherwise."""
    page = pages.appointment(words, days.at(day, clock), minutes, words, today, order=order)
    made = world.send(source, person, page, today, affair=affair, on_time=True, foretells=foretells)
    if person.needs_ride and rides:
        ride(world, person, made, day, today, source)
    return made


def ride(
    world: World, person: Person, to: str, day: date, today: date, source: str, affair: Affair | None = None
) -> None:
    """Somebody will drive."""
    about = "" if source == "park-primary-care" else to  # not every office says for which visit the ride is
    leaves = f"08:{10 + int(to.rpartition('-')[2]) % 49}"
    page = pages.appointment(
        "Daughter drives", days.at(day, leaves), 30, "Daughter", today, code="work:ride-by-family", about=about
    )
    world.send(source, person, page, today, affair=affair, on_time=True, foretells=False)


def keep(
    world: World, person: Person, booked: str, words: str, day: date, *, source: str = "harbor-clinic",
    clock: str = "10:00", minutes: int = 30, order: str = "", affair: Affair | None = None,
) -> str:  # fmt: skip
    """The visit takes place; returns the encounter."""
    page = pages.appointment(
        words, days.at(day, clock), minutes, words, day - timedelta(days=10), order=order, status="fulfilled"
    )
    world.send(source, person, page, day, affair=affair, reference=booked, on_time=True, foretells=False)
    took_place = pages.visit("AMB", words, day, clock=clock, appointment=booked)
    return world.send(source, person, took_place, day, affair=affair, on_time=True, foretells=False)


def put_off(world: World, person: Person, booked: str, words: str, day: date, today: date, affair: Affair) -> None:
    """The visit is cancelled, and another booked for later, with somebody to drive."""
    page = pages.appointment(words, days.at(day, "10:00"), 30, words, today, status="cancelled")
    world.send("harbor-clinic", person, page, today, affair=affair, reference=booked, on_time=True, foretells=False)
    later = person.free_day(day + timedelta(days=14))
    again = book(world, person, words, later, today, affair=affair, foretells=False)
    world.on(later, lambda on: keep(world, person, again, words, on, affair=affair))


def send_records(world: World, person: Person, order: str, today: date, affair: Affair) -> None:
    """The clinic says that letter and results have gone to the other office."""
    page = pages.told("records-sent", "Records sent ahead", days.at(today, "12:00"), order)
    world.send("park-primary-care", person, page, today, affair=affair, on_time=True, foretells=False)


def records(
    world: World, person: Person, to: str, order: str, visit: str, day: date, today: date, dice: Random
) -> None:
    """A first visit on a referral: the records go ahead, or are forgotten."""
    fooled = "" if dice.random() < 0.4 and (day - today).days > 3 else "sent with the referral"
    affair = world.affair("records_not_sent", person, f"no records went to {to} before {day}", look_alike=fooled)
    affair.names.add(to)
    affair.pages |= {("park-primary-care", order), ("park-primary-care", visit)}
    affair.known_on = today
    affair.mend, affair.delay = (lambda on: send_records(world, person, order, on, affair)), (0, 1)
    world.strikes(affair, day)
    if fooled:
        send_records(world, person, order, today, affair)


def missed_ride(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """A visit for somebody who does not drive, and nobody thought of the ride."""
    words = dice.choice(["Kidney clinic", "Heart clinic", "Memory clinic"])
    on = person.free_day(day + timedelta(days=dice.randint(18, 35)))
    affair = world.affair("missed_ride", person, f"no ride to the {words} on {on}", look_alike=fooled)
    affair.names.add(words)
    booked = book(world, person, words, on, day, affair=affair, rides=False)
    affair.mend = lambda today: ride(world, person, booked, on, today, "harbor-clinic", affair)
    world.strikes(affair, on)
    before = on - timedelta(days=16)
    if fooled == "the family drives":
        world.on(before, lambda today: ride(world, person, booked, on, today, "harbor-clinic", affair))
    elif fooled == "the visit was called off":
        world.on(before, lambda today: put_off(world, person, booked, words, on, today, affair))
        return
    world.on(on, lambda today: _keep_or_miss(world, person, booked, words, today, affair))


def _keep_or_miss(world: World, person: Person, booked: str, words: str, on: date, affair: Affair) -> None:
    if affair.is_open:
        page = pages.appointment(words, days.at(on, "10:00"), 30, words, on, status="noshow")
        world.send("harbor-clinic", person, page, on, affair=affair, reference=booked, foretells=False)
        affair.mend = lambda today: rebook(world, person, words, today, affair)
    else:
        keep(world, person, booked, words, on, affair=affair)


def rebook(world: World, person: Person, words: str, today: date, affair: Affair) -> None:
    """What was missed is booked anew, this time with somebody to drive."""
    later = person.free_day(today + timedelta(days=10))
    again = book(world, person, words, later, today, affair=affair, foretells=False)
    world.on(later, lambda on: keep(world, person, again, words, on, affair=affair))


def clash(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """Two offices book the same hour; or hours that only seem to meet, because one of them writes another clock."""
    on, changed = day + timedelta(days=dice.randint(12, 30)), days.next_clock_change(day)
    if changed <= day + timedelta(days=45):
        on = max(on, changed)  # booked by one clock, and held by the other
    on = person.free_day(on)
    affair = world.affair("clash", person, f"two visits at once on {on}", look_alike=fooled)
    affair.faults |= {CLOCK} if changed <= on else set()
    affair.names |= {"Heart clinic", "Foot check"}
    late = {"an hour lies between": "14:30", "told in two clocks": "14:00"}.get(fooled, "10:15")
    first = book(world, person, "Heart clinic", on, day, affair=affair, rides=False)
    if fooled == "told in two clocks" or (not fooled and dice.random() < 0.5):
        # 14:00 here is 18:00 or 19:00 in universal time, by the clock of that day; 10:15 is 14:15 or 15:15
        page = pages.appointment("Foot check", days.in_utc(on, late), 30, "Park Primary Care", day)
    else:
        page = pages.appointment("Foot check", days.at(on, late), 30, "Park Primary Care", day)
    second = world.send("park-primary-care", person, page, day, affair=affair, on_time=True)
    if person.needs_ride:
        ride(world, person, second, on, day, "park-primary-care")
    state = {"day": on}

    def move(today: date) -> None:
        state["day"] = person.free_day(max(on, today) + timedelta(days=3))
        moved = pages.appointment("Foot check", days.at(state["day"], late), 30, "Park Primary Care", day)
        world.send("park-primary-care", person, moved, today, affair=affair, reference=second, on_time=True)
        if person.needs_ride:
            ride(world, person, second, state["day"], today, "park-primary-care")
        world.on(state["day"], _second)

    def _second(today: date) -> None:
        if today == state["day"] and not (affair.is_open and today == on):
            keep(world, person, second, "Foot check", today, source="park-primary-care", clock=late)

    affair.mend, affair.delay = move, (0, 1)
    world.strikes(affair, on)
    if fooled == "one of them was moved":
        move(day)
    world.on(on, lambda today: keep(world, person, first, "Heart clinic", today))
    world.on(on, _second)


def report(
    world: World, person: Person, to: str, made: str, today: date, dice: Random, affair: Affair | None = None
) -> None:
    """The report comes; the clinician who asked reads it within two days, or it lies there."""
    source = "park-primary-care"
    page = pages.report("Consultation note", today, made)
    came = world.send(source, person, page, today, affair=affair, on_time=True, foretells=False)
    fooled = "it was read at once" if dice.random() < 0.65 else ""
    unread = world.affair("report_unread", person, f"nobody reads the report of {to}", look_alike=fooled)
    unread.names.add(to)
    unread.pages |= {(source, made), (source, came)}
    unread.known_on = today

    def read(on: date) -> None:
        note = pages.noted("result-acknowledged", "Report read", on, came)
        world.send(source, person, note, on, affair=unread, on_time=True, foretells=False)

    unread.mend, unread.delay = read, (0, 2)
    world.strikes(unread, today + timedelta(days=14))
    if fooled:
        world.on(today + timedelta(days=dice.randint(0, 2)), read)


def not_scheduled(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """A referral that nobody turns into a visit; or that is booked, or taken back."""
    code, words, to = dice.choice(SPECIALISTS)
    affair = world.affair("referral_not_scheduled", person, f"{words} of {day}: nothing booked", look_alike=fooled)
    affair.names |= {words, to}
    made = world.send("park-primary-care", person, pages.order(code, words, day, PCP, to=to), day, affair=affair)

    def booked(today: date) -> None:
        on = person.free_day(today + timedelta(days=dice.randint(8, 20)))
        visit = book(
            world, person, to, on, today, source="park-primary-care", order=made, affair=affair, foretells=False
        )
        records(world, person, to, made, visit, on, today, dice)
        world.on(on, lambda later: _seen(later, visit))

    def _seen(today: date, visit: str) -> None:
        keep(world, person, visit, to, today, source="park-primary-care", order=made, affair=affair)
        report(world, person, to, made, today, dice)
        done = pages.order(code, words, day, PCP, to=to, status="completed")
        world.send("park-primary-care", person, done, today, affair=affair, reference=made, foretells=False)

    affair.mend, affair.delay = booked, (0, 2)
    world.strikes(affair, day + timedelta(days=30))
    if fooled == "booked on the last good day":
        world.on(day + timedelta(days=13), booked)
    elif fooled == "taken back":
        back = pages.order(code, words, day, PCP, to=to, status="revoked")
        world.on(
            day + timedelta(days=5),
            lambda today: world.send(
                "park-primary-care", person, back, today, affair=affair, reference=made, on_time=True
            ),
        )


def silent_office(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """The specialist saw the person, and no report ever comes."""
    code, words, to = dice.choice(SPECIALISTS)
    affair = world.affair("silent_agency", person, f"{to} sent no report", look_alike=fooled)
    affair.names |= {words, to}
    source = "park-primary-care"
    made = world.send(source, person, pages.order(code, words, day, PCP, to=to), day, affair=affair, on_time=True)
    on = person.free_day(day + timedelta(days=dice.randint(5, 12)))
    visit = book(world, person, to, on, day, source=source, order=made, affair=affair)
    records(world, person, to, made, visit, on, day, dice)

    def reported(today: date) -> None:
        report(world, person, to, made, today, dice, affair)

    affair.mend, affair.delay, affair.chance = reported, (1, 4), 0.8
    world.on(on, lambda today: keep(world, person, visit, to, today, source=source, order=made))
    affair.known_on = on
    world.strikes(affair, on + timedelta(days=45))
    if fooled:
        world.on(on + timedelta(days=dice.randint(2, 6)), reported)


def _approve(world: World, person: Person, made: str, today: date, until: date, affair: Affair) -> None:
    asked = pages.asked_for_authorization(made, today)
    request = world.send("harbor-clinic", person, asked, today, affair=affair, on_time=True, foretells=False)
    answer = pages.authorized(request, today, f"PA-{affair.number}", until)
    world.send("harbor-clinic", person, answer, today, affair=affair, on_time=True, foretells=False)


def authorization(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """A picture is booked that the plan wants to approve first: never asked, or approved for too short a time."""
    on = person.free_day(day + timedelta(days=dice.randint(22, 40)))
    runs_out = dice.random() < 0.5
    kind = "authorization_ends" if runs_out else "authorization_missing"
    words = "MRI of the knee"
    affair = world.affair(kind, person, f"{words} on {on} without a valid authorization", look_alike=fooled)
    affair.names.add("MRI")
    category = pages.coded("snomed:363679005", "Imaging")
    page = pages.order("hcpcs:C8900", words, day, PCP, to="Harbor Imaging", category=category)
    made = world.send("harbor-clinic", person, page, day, affair=affair, on_time=True)
    # A chance of its own, so that the rest of the story is the same whether the plan names the service or not.
    is_named = world.dice("named", person.number, day).random() < NAMED_SHARE
    answer = pages.needs_authorization(day, pages.coded("hcpcs:C8900", "MRI") if is_named else None)
    world.send("larkfield-plan", person, answer, day, affair=affair, on_time=True)
    visit = book(world, person, words, on, day, order=made, affair=affair)
    until = on if fooled else on - timedelta(days=dice.randint(1, 6))
    if runs_out or fooled:
        _approve(world, person, made, day, until, affair)
    affair.mend = lambda today: _approve(world, person, made, today, on + timedelta(days=30), affair)
    affair.delay = (2, 6)
    world.told(affair, "harbor-clinic", day)

    def done(today: date) -> None:
        keep(world, person, visit, words, today, order=made, affair=affair)
        over = pages.order("hcpcs:C8900", words, day, PCP, to="Harbor Imaging", category=category, status="completed")
        world.send("harbor-clinic", person, over, today, affair=affair, reference=made, on_time=True, foretells=False)

    world.strikes(affair, on)
    world.on(on, done)
