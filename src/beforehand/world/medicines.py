"""Medicines for good and for a while: refills that come and that do not, and pairs that should not meet."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from beforehand.world import days, pages
from beforehand.world.people import APIXABAN, LISINOPRIL, METFORMIN, SIMVASTATIN, Person, Supply
from beforehand.world.truth import Affair
from beforehand.world.world import World

PCP, HEART, URGENT = "Dr. Lena Park", "Dr. Amara Osei", "Dr. Tomas Weir"
PANTOPRAZOLE = ("314200", "pantoprazole 40 MG Delayed Release Oral Tablet")
FAMOTIDINE = ("310273", "famotidine 20 MG Oral Tablet")
LORATADINE = ("311372", "loratadine 10 MG Oral Tablet")
IBUPROFEN = ("197806", "ibuprofen 600 MG Oral Tablet")
SPIRONOLACTONE = ("313096", "spironolactone 25 MG Oral Tablet")
CLARITHROMYCIN = ("197517", "clarithromycin 500 MG Oral Tablet")
MONTELUKAST = ("200224", "montelukast 10 MG Oral Tablet")
AMOXICILLIN = ("308182", "amoxicillin 250 MG Oral Capsule")
REFILLS = 3
TROUBLES = ("lost_refill", "renewal_missing")
LOOK_ALIKES = ("filled_elsewhere", "filled_twice", "stopped")


def order_supply(world: World, person: Person, supply: Supply, day: date, affair: Affair | None = None) -> None:
    """The clinic writes a prescription anew; the one before is over."""
    if supply.order:
        send_order(world, person, supply, supply.order_day or day, "completed", supply.order)
    supply.order, supply.order_day, supply.refills_left = "", day, REFILLS
    supply.order = send_order(world, person, supply, day, "active", "", affair)


def send_order(
    world: World, person: Person, supply: Supply, authored: date, status: str, reference: str,
    affair: Affair | None = None,
) -> str:  # fmt: skip
    """The prescription as the clinic has it now."""
    page = pages.prescription(
        *supply.medicine, authored, PCP, supply=supply.per_fill, refills=REFILLS, amount=supply.per_fill, status=status
    )
    return world.send(
        "park-primary-care", person, page, max(world.today, authored), affair=affair, reference=reference,
        on_time=True, foretells=False,
    )  # fmt: skip


def fill_supply(
    world: World, person: Person, supply: Supply, day: date, *, at: str = "corner-pharmacy",
    affair: Affair | None = None, foretells: bool = False,
) -> str:  # fmt: skip
    """The pharmacy hands it over; what was left is taken first."""
    supply.runs_out = max(supply.runs_out, day) + timedelta(days=supply.per_fill)
    supply.refills_left -= 1
    page = pages.fill(*supply.medicine, day, supply=supply.per_fill, amount=supply.per_fill)
    return world.send(at, person, page, day, affair=affair, on_time=True, foretells=foretells)


def go_on(world: World, person: Person, supply: Supply, day: date, last: str) -> None:
    """After a fill: the next one comes in time, unless this is the time when something goes wrong."""
    dice = world.dice("supply", person.number, supply.name, day)
    renews = supply.refills_left <= 0
    trouble = supply.troubles[0] if supply.troubles else ""
    if trouble == "renewal_missing" and not renews:
        trouble = ""  # it waits for the last refill
    elif renews and trouble == "lost_refill":
        trouble = "renewal_missing"
        supply.troubles.pop(0)
    elif trouble:
        supply.troubles.pop(0)
    if renews and trouble != "renewal_missing":
        world.on(day + timedelta(days=dice.randint(3, 6)), lambda today: order_supply(world, person, supply, today))
    if trouble:
        _go_wrong(world, person, supply, day, trouble, last, dice)
        return
    ahead = 9 + person.number % 3  # everything is fetched on one day
    world.on(supply.runs_out - timedelta(days=ahead), lambda today: _refill(world, person, supply, today))


def _refill(world: World, person: Person, supply: Supply, today: date) -> None:
    if supply.is_stopped:
        return
    last = fill_supply(world, person, supply, today)
    go_on(world, person, supply, today, last)


def _go_wrong(world: World, person: Person, supply: Supply, day: date, trouble: str, last: str, dice: Random) -> None:
    ends = supply.runs_out
    if trouble in TROUBLES:
        words = f"{supply.name} runs out on {ends}: " + (
            "the refill request was lost" if trouble == "lost_refill" else "no refill left and no renewal"
        )
        affair = world.affair(trouble, person, words)
        affair.names.add(supply.name)
        affair.pages |= {("corner-pharmacy", last), ("park-primary-care", supply.order)}
        world.told(affair, "corner-pharmacy", day)
        affair.delay, affair.supply_days = (1, 3), supply.per_fill

        def mend(today: date) -> None:
            if trouble == "renewal_missing":
                order_supply(world, person, supply, today, affair)
            reference = fill_supply(world, person, supply, today, affair=affair)
            go_on(world, person, supply, today, reference)

        affair.mend = mend
        world.strikes(affair, ends)
        return
    look_alike = {
        "filled_elsewhere": "filled at another pharmacy on the last good day",
        "filled_twice": "filled early, so what is at home lasts longer than the last fill says",
        "stopped": "the prescriber stopped it",
    }[trouble]
    affair = world.affair("lost_refill", person, f"{supply.name} seems to run out on {ends}", look_alike=look_alike)
    affair.names.add(supply.name)
    affair.pages |= {("corner-pharmacy", last), ("park-primary-care", supply.order)}
    world.strikes(affair, ends)
    if trouble == "filled_elsewhere":
        world.on(ends - timedelta(days=8), lambda today: _elsewhere(world, person, supply, today, affair))
    elif trouble == "filled_twice":
        world.on(day + timedelta(days=5), lambda today: _early(world, person, supply, today, affair))
    else:
        world.on(ends - timedelta(days=9), lambda today: _stop(world, person, supply, today, affair))


def _elsewhere(world: World, person: Person, supply: Supply, today: date, affair: Affair) -> None:
    last = fill_supply(world, person, supply, today, at="hill-pharmacy", affair=affair)
    go_on(world, person, supply, today, last)


def _early(world: World, person: Person, supply: Supply, today: date, affair: Affair) -> None:
    last = fill_supply(world, person, supply, today, affair=affair)
    # a tickler counts from the last fill alone and would ring a month or more too early
    affair.deadline = today + timedelta(days=supply.per_fill)
    go_on(world, person, supply, today, last)


def _stop(world: World, person: Person, supply: Supply, today: date, affair: Affair) -> None:
    supply.is_stopped = True
    affair.pages.add(
        ("park-primary-care",
         send_order(world, person, supply, supply.order_day or today, "stopped", supply.order, affair))
    )  # fmt: skip


# For a while


def never_filled(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """A new prescription that nobody fetches; or that is fetched late, elsewhere, or called off."""
    left = [each for each in (PANTOPRAZOLE, FAMOTIDINE, LORATADINE) if each[1] not in person.courses]
    if not left:
        return
    medicine = dice.choice(left)
    person.courses.add(medicine[1])
    name = medicine[1].split()[0]
    affair = world.affair("never_filled", person, f"{name} of {day} is never fetched", look_alike=fooled)
    affair.names.add(name)

    def order(status: str, today: date, reference: str = "") -> str:
        page = pages.prescription(*medicine, day, PCP, supply=14, refills=0, amount=14, status=status)
        return world.send("park-primary-care", person, page, today, affair=affair, reference=reference, on_time=True)

    def fetch(today: date, source: str = "corner-pharmacy") -> None:
        page = pages.fill(*medicine, today, supply=14, amount=14)
        world.send(source, person, page, today, affair=affair, on_time=True, foretells=False)
        world.on(today + timedelta(days=14), lambda later: _done(later))

    def _done(today: date) -> None:
        order("completed", today, reference)

    reference = order("active", day)
    affair.mend, affair.delay, affair.supply_days = fetch, (1, 3), 14
    world.strikes(affair, day + timedelta(days=30))
    match fooled:
        case "fetched on the sixth day":
            world.on(day + timedelta(days=6), fetch)
        case "fetched at another pharmacy":
            world.on(day + timedelta(days=4), lambda today: fetch(today, "hill-pharmacy"))
        case "called off":
            world.on(day + timedelta(days=3), lambda today: order("cancelled", today, reference))


def interaction(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """Another clinic orders what does not go with what is taken; or something harmless, or takes it back."""
    if person.takes(APIXABAN):
        medicine, other = IBUPROFEN, "apixaban"
    elif person.takes(SIMVASTATIN):
        medicine, other = CLARITHROMYCIN, "simvastatin"
    else:
        medicine, other = SPIRONOLACTONE, "lisinopril"
    if fooled == "harmless together":
        medicine = LORATADINE
    if medicine[1] in person.courses:
        return
    person.courses.add(medicine[1])
    name, amount = medicine[1].split()[0], 10
    affair = world.affair("interaction", person, f"{name} was ordered beside {other}", look_alike=fooled)
    affair.names |= {name, other}

    def order(status: str, today: date, reference: str = "") -> str:
        page = pages.prescription(*medicine, day, URGENT, supply=amount, refills=0, amount=amount, status=status)
        return world.send("urgent-care", person, page, today, affair=affair, reference=reference, on_time=True)

    reference = order("entered-in-error" if fooled == "entered in error" else "active", day)
    if fooled != "entered in error":
        page = pages.fill(*medicine, day, supply=amount, amount=amount)
        world.send("corner-pharmacy", person, page, day, affair=affair, on_time=True)
    affair.mend, affair.delay = (lambda today: order("stopped", today, reference)), (0, 1)
    world.strikes(affair, day + timedelta(days=dice.randint(3, 8)))
    if not affair.is_bump:
        world.on(day + timedelta(days=amount), lambda today: order("completed", today, reference))


def allergy(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """Amoxicillin for somebody allergic to penicillin; or for somebody whose allergy was refuted, or who has none."""
    affair = world.affair("allergy", person, "amoxicillin was ordered; penicillin allergy", look_alike=fooled)
    affair.names |= {"amoxicillin", "penicillin"}

    def order(status: str, today: date, reference: str = "") -> str:
        page = pages.prescription(*AMOXICILLIN, day, URGENT, supply=7, refills=0, amount=14, status=status)
        return world.send("urgent-care", person, page, today, affair=affair, reference=reference, on_time=True)

    reference = order("active", day)
    fetched = pages.fill(*AMOXICILLIN, day, supply=7, amount=14)
    world.send("corner-pharmacy", person, fetched, day, affair=affair, on_time=True)
    affair.mend, affair.delay = (lambda today: order("stopped", today, reference)), (0, 1)
    world.strikes(affair, day + timedelta(days=dice.randint(2, 4)))
    if not affair.is_bump:
        world.on(day + timedelta(days=7), lambda today: order("completed", today, reference))


def takes_what_clashes(person: Person) -> bool:
    """Whether another clinic's order could clash with what is taken."""
    return person.takes(APIXABAN, SIMVASTATIN, LISINOPRIL)


def kidney_dose(world: World, person: Person, day: date, dice: Random, fooled: str) -> None:
    """The kidneys filter too little for metformin; or less than before, and still enough."""
    value = dice.randint(20, 27) if not fooled else dice.randint(61, 70)
    affair = world.affair("kidney_dose", person, f"eGFR {value} while metformin is taken", look_alike=fooled)
    affair.names |= {"metformin", "eGFR", "kidney"}
    page = pages.result(
        "loinc:33914-3",
        "eGFR",
        days.at(day, "08:10"),
        value,
        "mL/min/{1.73_m2}",
        low=60,
        flag="L" if value < 60 else "N",
    )
    world.send("quay-lab", person, page, day, affair=affair)
    supply = next(supply for supply in person.supplies if supply.medicine == METFORMIN)

    def stop(today: date) -> None:
        supply.is_stopped = True
        send_order(world, person, supply, supply.order_day or today, "stopped", supply.order, affair)

    affair.mend, affair.delay = stop, (1, 3)
    world.strikes(affair, day + timedelta(days=dice.randint(14, 30)))
