"""Results, checks, money, plans and what people say: what is overlooked, and what only looks so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

from beforehand.world import days, pages
from beforehand.world.people import Person
from beforehand.world.visits import PCP, book, keep
from beforehand.world.world import World

LAB, CLINIC, PLAN = "quay-lab", "park-primary-care", "larkfield-plan"


def stool_test(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """A positive stool test and no colonoscopy; or a negative one, or one reported by mistake."""
    affair = world.affair("unfollowed_result", person, f"stool test of {day}", look_alike=fooled)
    affair.names |= {"stool", "colonoscopy"}
    is_negative = fooled == "negative"
    said = pages.coded("snomed:260385009", "Negative") if is_negative else pages.coded("snomed:10828004", "Positive")
    page = pages.result(
        "loinc:29771-3", "Stool blood test (FIT)", days.at(day, "11:00"), said=said,
        flag="NEG" if is_negative else "POS",
        status="entered-in-error" if fooled == "reported by mistake" else "final",
    )  # fmt: skip
    world.send(LAB, person, page, day, affair=affair)

    def booked(today: date) -> None:
        on = person.free_day(today + timedelta(days=dice.randint(10, 25)))
        visit = book(world, person, "Colonoscopy", on, today, affair=affair, foretells=False)
        world.on(on, lambda later: _done(later, visit))

    def _done(today: date, visit: str) -> None:
        keep(world, person, visit, "Colonoscopy", today, affair=affair)
        page = pages.procedure("snomed:73761001", "Colonoscopy", today)
        world.send("harbor-clinic", person, page, today, affair=affair, on_time=True, foretells=False)

    affair.mend, affair.delay = booked, (1, 4)
    world.strikes(affair, day + timedelta(days=90))


def potassium(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """Potassium too high and not repeated; or at the upper end of what is still well, or already repeated."""
    value = 5.0 if fooled == "at the upper bound" else round(dice.uniform(5.6, 5.9), 1)
    affair = world.affair("unfollowed_result", person, f"potassium {value} of {day}", look_alike=fooled)
    affair.names.add("otassium")
    person.waits_for.add("Potassium")

    def measured(today: date, value: float, clock: str = "21:40", foretells: bool = True) -> None:
        page = pages.result(
            "loinc:2823-3", "Potassium", days.at(today, clock), value, "mmol/L", low=3.5, high=5.1,
            flag="H" if value > 5.1 else "N",
        )  # fmt: skip
        world.send(LAB, person, page, today, affair=affair, on_time=True, foretells=foretells)

    world.on(day + timedelta(days=14), lambda today: person.waits_for.discard("Potassium"))
    measured(day, value, "08:10")
    if fooled == "repeated on the same day":
        measured(day, 4.4, foretells=False)
    affair.mend, affair.delay = (lambda today: measured(today, 4.5, foretells=False)), (1, 2)
    world.strikes(affair, day + timedelta(days=dice.randint(5, 12)))


def check_lapses(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """The yearly eye check in diabetes: nobody books it; or it is done, here or elsewhere, by the last good day."""
    affair = world.affair("check_lapses", person, "the yearly eye check", look_alike=fooled)
    affair.names |= {"etina", "eye"}
    last = person.eyes_on
    affair.pages.add(("harbor-clinic", person.eyes_page))
    affair.known_on = max(last, world.start)
    due = days.years_before(last, -1)

    def done(today: date, source: str = "harbor-clinic") -> None:
        page = pages.procedure("snomed:722161008", "Retina exam", today)
        world.send(source, person, page, today, affair=affair, on_time=True, foretells=False)

    def booked(today: date) -> None:
        on = person.free_day(today + timedelta(days=dice.randint(5, 20)))
        visit = book(world, person, "Retina exam", on, today, affair=affair, foretells=False)

        def examined(later: date) -> None:
            keep(world, person, visit, "Retina exam", later)
            done(later)

        world.on(on, examined)

    affair.mend, affair.delay = booked, (0, 2)
    world.strikes(affair, due + timedelta(days=60))
    if fooled == "done on the last good day":
        world.on(due - timedelta(days=1), done)
    elif fooled == "done at another place":
        world.on(due - timedelta(days=dice.randint(2, 20)), lambda today: done(today, "urgent-care"))


def wrong_bill(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """A bill above what the plan says is owed; or one that agrees to the cent."""
    affair = world.affair("wrong_bill", person, f"bill for {day}", look_alike=fooled)
    affair.names |= {"bill", "Bill"}
    claim = f"88-{affair.number:05d}"
    share = dice.randrange(4_000, 30_000)
    allowed = share * 3
    cents = {"submitted": allowed * 2, "eligible": allowed, "benefit": allowed - share, "coinsurance": share}
    told = day + timedelta(days=12)
    place = "St. Brigid Imaging"
    asked = share if fooled else share + dice.randrange(2_000, 20_000)
    issued = told + timedelta(days=dice.randint(3, 15))
    due = issued + timedelta(days=21)

    def send(today: date) -> None:
        world.send(PLAN, person, pages.statement(claim, day, told, place, cents), today, affair=affair, on_time=True)

    world.on(told, send)
    state = {"bill": ""}

    def issue(today: date) -> None:
        page = pages.bill(claim, day, issued, due, place, asked)
        state["bill"] = world.send("st-brigid", person, page, today, affair=affair)

    world.on(issued, issue)

    def corrected(today: date) -> None:
        page = pages.bill(claim, day, issued, due, place, share)
        world.send(
            "st-brigid", person, page, today, affair=affair, reference=state["bill"], on_time=True, foretells=False
        )

    def paid(today: date) -> None:
        page = {**pages.bill(claim, day, issued, due, place, asked if affair.is_open else share), "status": "balanced"}
        world.send("st-brigid", person, page, today, affair=affair, reference=state["bill"], foretells=False)

    affair.mend, affair.delay = corrected, (2, 6)
    world.strikes(affair, due)
    if fooled:
        world.on(due, paid)


def cover_ends(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """The plan's cover ends and nothing follows; or the next period is already on record."""
    affair = world.affair("coverage_ends", person, "cover ends", look_alike=fooled)
    affair.names |= {"over", "insurance", "plan"}
    ends = day + timedelta(days=dice.randint(40, 60))
    since = days.years_before(ends, 1)
    words = "Larkfield Health Advantage"

    def go_on(today: date) -> None:
        page = pages.cover(words, ends + timedelta(days=1))
        world.send(PLAN, person, page, today, affair=affair, on_time=True, foretells=False)

    ending = pages.cover(words, since, ends)
    world.send(PLAN, person, ending, day, affair=affair, reference=person.cover_page, on_time=True)
    affair.mend, affair.delay = go_on, (2, 8)
    world.strikes(affair, ends + timedelta(days=1))
    if fooled:
        go_on(day)


def hunger(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """Food runs out, she says, and nobody sends help; or it does not, or help is already asked for."""
    affair = world.affair("social_need", person, f"food runs out, said on {day}", look_alike=fooled)
    affair.names |= {"food", "Food"}
    answer = ("loinc:LA28398-8", "Never true") if fooled == "never true" else ("loinc:LA28397-0", "Often true")
    page = pages.result(
        "loinc:88122-7", "Worried whether food would run out", days.at(day, "10:00"), said=pages.coded(*answer),
        category="survey",
    )  # fmt: skip
    world.send(CLINIC, person, page, day, affair=affair, on_time=True)
    state = {"order": ""}
    person.is_hungry = fooled != "never true"

    def refer(today: date, status: str = "active") -> None:
        category = pages.coded("snomed:410606002", "Social service")
        page = pages.order("work:help-food", "Help with food", today, PCP, to="Larkfield Pantry", category=category)
        page["status"] = status
        state["order"] = world.send(
            CLINIC, person, page, today, affair=affair, reference=state["order"], on_time=True, foretells=False
        )
        person.is_hungry = False
        if status == "active":
            _pantry(world, person, state["order"], today, dice, lambda later: refer(later, "completed"))

    affair.mend, affair.delay = refer, (0, 2)
    world.strikes(affair, day + timedelta(days=dice.randint(20, 40)))
    if fooled == "help was asked for at once":
        refer(day)


def _pantry(
    world: World, person: Person, order: str, today: date, dice: Random, close: Callable[[date], object]
) -> None:
    """The agency takes it up and helps, or says nothing; afterwards the person is asked whether help came."""
    silent_not = "it answered within days" if dice.random() < 0.6 else ""
    affair = world.affair("social_agency_silent", person, f"the pantry asked on {today}", look_alike=silent_not)
    affair.names.add("food")
    affair.pages.add((CLINIC, order))
    affair.known_on = today

    def answer(on: date, status: str = "accepted") -> None:
        page = {**pages.noted("referral-status", "Help with food", on, order), "status": status}
        world.send(CLINIC, person, page, on, affair=affair, on_time=True, foretells=False)

    def taken_up(on: date) -> None:
        answer(on)
        world.on(on + timedelta(days=9), given)

    def given(on: date) -> None:
        answer(on, "completed")
        confirmed = pages.told("call", "Asked whether the food comes", days.at(on, "18:30"), order)
        world.send(CLINIC, person, confirmed, on, affair=affair, on_time=True, foretells=False)
        close(on)

    affair.mend, affair.delay = taken_up, (0, 3)
    world.strikes(affair, today + timedelta(days=21))
    if silent_not:
        world.on(today + timedelta(days=dice.randint(1, 5)), taken_up)


def plan_review(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """The plan of care becomes a year old; somebody goes through it, or nobody does."""
    affair = world.affair("plan_review", person, "the plan of care becomes a year old", look_alike=fooled)
    affair.names.add("plan")
    affair.pages.add((CLINIC, person.plan_page))
    affair.known_on = world.start
    due = days.years_before(person.plan_on, -1)

    def reviewed(today: date) -> None:
        page = pages.noted("plan-reviewed", "Plan of care gone through", today, person.plan_page)
        world.send(CLINIC, person, page, today, affair=affair, on_time=True, foretells=False)

    affair.mend, affair.delay = reviewed, (0, 7)
    world.strikes(affair, due + timedelta(days=30))
    if fooled:
        world.on(due - timedelta(days=dice.randint(1, 10)), reviewed)


def repeated_test(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """The A1c is ordered again a month after the last one; or after a hundred days, or the order is taken back."""
    affair = world.affair("repeated_test", person, f"the A1c of {person.sugar_on} is ordered again", look_alike=fooled)
    affair.names |= {"A1c", "test"}
    affair.pages.add((LAB, person.sugar_page))
    category = pages.coded("snomed:108252007", "Laboratory procedure")
    asked = pages.order("loinc:4548-4", "Hemoglobin A1c", day, "Dr. Vikram Rao", to="Quay Lab", category=category)
    made = world.send("harbor-clinic", person, asked, day, affair=affair, on_time=True)

    def off(today: date, status: str = "revoked") -> None:
        world.send("harbor-clinic", person, {**asked, "status": status}, today, affair=affair, reference=made,
                   on_time=True, foretells=False)  # fmt: skip

    affair.mend, affair.delay = off, (0, 1)
    world.strikes(affair, day + timedelta(days=dice.randint(8, 12)))
    if fooled == "taken back":
        off(day)
    elif fooled:
        world.on(day + timedelta(days=5), lambda today: off(today, "completed"))


def no_flu_vaccine(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """The season's influenza vaccine is forgotten; or given before anybody had to ask, at the clinic or elsewhere."""
    affair = world.affair("no_flu_vaccine", person, f"no influenza vaccine by the end of October {day.year}",
                          look_alike=fooled)  # fmt: skip
    affair.names.add("nfluenza")
    affair.known_on = date(day.year, 8, 31)

    def given(today: date, source: str = CLINIC) -> None:
        page = pages.vaccine("158", "Influenza vaccine", today)
        world.send(source, person, page, today, affair=affair, on_time=True, foretells=False)

    affair.mend, affair.delay = given, (1, 10)
    world.strikes(affair, date(day.year, 11, 1))
    if fooled == "given at a pharmacy":
        given(day, "hill-pharmacy")
    elif fooled:
        given(day)
