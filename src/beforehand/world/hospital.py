"""Stays in a hospital and the days after, and emergency visits that pile up."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from beforehand.world import days, pages
from beforehand.world.medicines import MONTELUKAST
from beforehand.world.people import Person
from beforehand.world.truth import Affair
from beforehand.world.visits import book, keep
from beforehand.world.world import World

REASONS = (
    ("icd10cm:J18.9", "Pneumonia"),
    ("icd10cm:N39.0", "Urinary tract infection"),
    ("icd10cm:A09", "Gastroenteritis"),
)
HOSPITAL = "st-brigid"
HOLIDAY = "holiday discharge"


def stay(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """Home from hospital, and nobody calls, books or goes through the list; or on to a nursing home, which does."""
    nights = dice.randint(2, 5)
    reason = pages.coded(*dice.choice(REASONS))
    began = days.at(day, "02:15")
    reference = world.send(HOSPITAL, person, pages.stay(began, None, reason), day, on_time=True)
    to = "snf" if fooled else "home"
    _notice(world, person, day, reference, dice)

    def leave(today: date) -> None:
        over = pages.stay(began, days.at(today, "15:10"), reason, to=to)
        world.send(HOSPITAL, person, over, today, reference=reference)
        _summary(world, person, today, reference, dice, fooled)
        _afterwards(world, person, today, reference, dice, fooled)

    world.on(_home_on(day, nights, dice), leave)


def _home_on(day: date, nights: int, dice: Random) -> date:
    """So many nights later; where a holiday is near mostly on the day before it, because wards empty then."""
    near = [day + timedelta(days=count) for count in range(2, 9)]
    eves = [each for each in near if is_eve(each)]
    return eves[0] if eves and dice.random() < 0.9 else day + timedelta(days=nights)


def is_eve(day: date) -> bool:
    """The day before a holiday."""
    after = day + timedelta(days=1)
    return after in days.holidays(after.year)


def _notice(world: World, person: Person, day: date, stay_is: str, dice: Random) -> None:
    """Somebody tells the clinic that its patient is in hospital; or nobody does."""
    fooled = "the ward told the clinic" if dice.random() < 0.6 else ""
    affair = world.affair("admission_not_told", person, f"in hospital since {day}, the clinic was not told",
                          look_alike=fooled)  # fmt: skip
    affair.names.add("hospital")
    affair.pages.add((HOSPITAL, stay_is))
    affair.known_on = day

    def tell(today: date) -> None:
        page = pages.told("admission-notice", "The clinic was told", days.at(today, "11:00"), stay_is)
        world.send(HOSPITAL, person, page, today, affair=affair, on_time=True, foretells=False)

    affair.mend, affair.delay = tell, (0, 0)
    world.strikes(affair, day + timedelta(days=3))
    if fooled:
        tell(day)


def _summary(world: World, person: Person, home: date, stay_is: str, dice: Random, fooled: str) -> None:
    def sent(today: date, affair: Affair | None = None) -> None:
        page = {
            "resourceType": "DocumentReference",
            "status": "current",
            "type": pages.coded("loinc:18842-5", "Discharge summary"),
            "date": days.at(today, "16:00"),
            "content": [{"attachment": {"contentType": "text/plain", "title": "Discharge summary"}}],
            "context": {"encounter": [{"reference": stay_is}]},
        }
        world.send(HOSPITAL, person, page, today, affair=affair, on_time=True, foretells=False)

    if fooled or dice.random() < 0.6:
        look_alike = fooled or "it came on the day of discharge"
        affair = world.affair("no_summary", person, f"discharge summary of {home}", look_alike=look_alike)
        sent(home, affair)
    else:
        affair = world.affair("no_summary", person, f"no discharge summary of {home}")
    affair.pages.add((HOSPITAL, stay_is))
    affair.names |= {"summary", "hospital"}
    affair.known_on = home
    affair.mend, affair.delay = (lambda today: sent(today, affair)), (0, 2)
    world.strikes(affair, home + timedelta(days=5))


def _afterwards(world: World, person: Person, home: date, stay_is: str, dice: Random, fooled: str) -> None:
    started = {
        kind: world.affair(kind, person, f"home on {home}: {words}", look_alike=fooled)
        for kind, words in (
            ("no_call_after_stay", "nobody calls"),
            ("no_visit_after_stay", "nobody books a visit"),
            ("list_not_reconciled", "nobody goes through the medicines"),
        )
    }
    for affair in started.values():
        affair.pages.add((HOSPITAL, stay_is))
        affair.names.add("hospital")
        affair.known_on = home
        affair.faults |= {HOLIDAY} if is_eve(home) else set()
    _call(world, person, home, started["no_call_after_stay"])
    _visit(world, person, home, started["no_visit_after_stay"], dice)
    _list(world, person, home, stay_is, started["list_not_reconciled"])
    _said_back(world, person, home, stay_is, dice, fooled)
    if not fooled:
        fetched_at_once = dice.random() < 0.5
        _medicine(world, person, home, stay_is, "fetched on the way home" if fetched_at_once else "")


def _call(world: World, person: Person, home: date, affair: Affair) -> None:
    def called(today: date) -> None:
        page = pages.call(days.at(today, "11:20"), "Called after the hospital", "")
        world.send("park-primary-care", person, page, today, affair=affair, on_time=True, foretells=False)

    affair.mend, affair.delay, affair.chance = called, (0, 0), 0.85
    world.strikes(affair, days.working_days_after(home, 2) + timedelta(days=1))


def _visit(world: World, person: Person, home: date, affair: Affair, dice: Random) -> None:
    source, words = "park-primary-care", "Visit after the hospital"

    def booked(today: date) -> None:
        on = person.free_day(max(today + timedelta(days=2), home + timedelta(days=dice.randint(5, 9))))
        visit = book(world, person, words, on, today, source=source, affair=affair, foretells=False)
        world.on(on, lambda later: keep(world, person, visit, words, later, source=source, affair=affair))

    affair.mend, affair.delay = booked, (0, 1)
    world.strikes(affair, home + timedelta(days=15))


def _said_back(world: World, person: Person, home: date, stay_is: str, dice: Random, fooled: str) -> None:
    look_alike = fooled or ("the ward let them say it back" if dice.random() < 0.6 else "")
    affair = world.affair("not_said_back", person, f"home on {home}: nobody asked what was understood",
                          look_alike=look_alike)  # fmt: skip
    affair.pages.add((HOSPITAL, stay_is))
    affair.names.add("hospital")
    affair.known_on = home

    def said_back(today: date) -> None:
        page = pages.told("teach-back", "Said back in own words", days.at(today, "15:20"), stay_is)
        world.send(HOSPITAL, person, page, today, affair=affair, on_time=True, foretells=False)

    affair.mend, affair.delay = said_back, (0, 0)
    world.strikes(affair, home + timedelta(days=8))
    if look_alike:
        said_back(home)


def _list(world: World, person: Person, home: date, stay_is: str, affair: Affair) -> None:
    def gone_through(today: date) -> None:
        page = pages.procedure("snomed:430193006", "Medication reconciliation", today)
        page["encounter"] = {"reference": stay_is}
        world.send(HOSPITAL, person, page, today, affair=affair, on_time=True, foretells=False)

    affair.mend, affair.delay = gone_through, (0, 2)
    world.strikes(affair, home + timedelta(days=31))


def _medicine(world: World, person: Person, home: date, stay_is: str, fooled: str) -> None:
    name = "montelukast"
    affair = world.affair("discharge_medicine", person, f"{name} for home is not fetched", look_alike=fooled)
    affair.names.add(name)

    def order(status: str, today: date, reference: str = "") -> str:
        page = pages.prescription(
            *MONTELUKAST, home, "Dr. Ines Falk", supply=20, refills=0, amount=20, status=status, encounter=stay_is
        )
        return world.send(HOSPITAL, person, page, today, affair=affair, reference=reference, on_time=True)

    def fetched(today: date) -> None:
        page = pages.fill(*MONTELUKAST, today, supply=20, amount=20)
        world.send("corner-pharmacy", person, page, today, affair=affair, on_time=True, foretells=False)
        world.on(today + timedelta(days=20), lambda later: order("completed", later, reference))

    reference = order("active", home)
    affair.mend, affair.delay, affair.supply_days = fetched, (0, 1), 20
    world.strikes(affair, home + timedelta(days=4))
    if not affair.is_bump:
        fetched(home)


def emergency(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """Three emergency visits in two months, and a fourth to come; or two, or three spread over more."""
    apart = dice.randint(12, 24) if not fooled else 33
    affair = world.affair("emergency_visits", person, "emergency visits pile up", look_alike=fooled)
    affair.names.add("emergency")
    count = 2 if fooled == "only two" else 3
    for number in range(count):
        world.on(
            day + timedelta(days=apart * number),
            lambda today: world.send(
                    HOSPITAL, person,
                    pages.visit("EMER", "Emergency visit", today, reason=pages.coded("icd10cm:R07.9", "Chest pain")),
                    today, affair=affair, on_time=True,
                ),
        )  # fmt: skip
    last = day + timedelta(days=apart * (count - 1))
    affair.known_on = last

    def settled(today: date) -> None:
        page = pages.call(days.at(today, "13:00"), "Talked about what happened each time")
        page.pop("reasonCode")
        world.send("park-primary-care", person, page, today, affair=affair, on_time=True, foretells=False)

    affair.mend, affair.delay = settled, (0, 1)
    world.strikes(affair, last + timedelta(days=dice.randint(10, 20)))
