"""A world made from a seed: its people with their history, their ordinary year, and what will go wrong in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from beforehand.world import days, hospital, life, medicines, pages, people, visits
from beforehand.world.people import METFORMIN, Person, Supply
from beforehand.world.truth import SilentFeed
from beforehand.world.world import World

Story = Callable[[World, Person, date, Random, str], None]
CLINIC, LAB, PLAN = "park-primary-care", "quay-lab", "larkfield-plan"
LOOK_ALIKE_SHARE = 0.56
BUMPS_A_YEAR = 9.0  # a person, of all kinds; people with much to coordinate
# (code, words, value or answer) as a yearly visit asks them
YEARLY = (
    ("55758-7", "PHQ-2 total", 0),
    ("75626-2", "AUDIT-C total", 1),
    ("82667-7", "DAST-10 total", 0),
    ("59460-6", "Fall risk total", 0),
    ("88122-7", "Worried whether food would run out", "loinc:LA28398-8"),
    ("72166-2", "Tobacco smoking status", "loinc:LA18978-9"),
)
ROUTINE_EVERY = 118  # days


@dataclass(frozen=True)
class Kind:
    """A story: how often, for whom, and by what it may only seem to happen."""

    name: str
    story: Story
    weight: float
    look_alikes: tuple[str, ...]
    suits: Callable[[Person], bool] = lambda person: True
    once: bool = False  # twice in a year would be another story
    visits: bool = False  # it brings visits, which would answer for the visit after a stay


KINDS = (
    Kind("never_filled", medicines.never_filled, 2,
         ("fetched on the sixth day", "fetched at another pharmacy", "called off")),
    Kind("interaction", medicines.interaction, 2, ("harmless together", "entered in error"),
         medicines.takes_what_clashes),
    Kind("allergy", medicines.allergy, 1, ("the allergy was refuted",), lambda person: person.has_allergy),
    Kind("kidney_dose", medicines.kidney_dose, 1, ("less, and still enough",), lambda person: person.takes(METFORMIN)),
    Kind("missed_ride", visits.missed_ride, 4, ("the family drives", "the visit was called off"),
         lambda person: person.needs_ride, visits=True),
    Kind("clash", visits.clash, 1.5, ("an hour lies between", "told in two clocks", "one of them was moved"),
         visits=True),
    Kind("referral_not_scheduled", visits.not_scheduled, 2, ("booked on the last good day", "taken back"),
         visits=True),
    Kind("silent_agency", visits.silent_office, 1.5, ("the report came",), visits=True),
    Kind("authorization", visits.authorization, 2, ("approved until the very day",), visits=True),
    Kind("stool_test", life.stool_test, 1, ("negative", "reported by mistake"), visits=True),
    Kind("potassium", life.potassium, 1.5, ("at the upper bound", "repeated on the same day")),
    Kind("wrong_bill", life.wrong_bill, 2.5, ("it agrees to the cent",)),
    Kind("coverage_ends", life.cover_ends, 0.7, ("the next period is on record",), once=True),
    Kind("social_need", life.hunger, 1, ("never true", "help was asked for at once")),
    Kind("emergency_visits", hospital.emergency, 0.8, ("only two", "three in more than two months"), once=True,
         visits=True),
    Kind("stay", hospital.stay, 1.2, ("on to a nursing home",)),
)  # fmt: skip


def build(*, seed: int | str, patients: int, length: int, start: date) -> World:
    """The whole world; days are passed by whoever runs it."""
    world = World(seed=seed, start=start, length=length)
    dice = world.dice("silence")
    if length >= 30:
        for source in dice.sample(["corner-pharmacy", "quay-lab", "harbor-clinic"], 1 + (length > 200)):
            since = start + timedelta(days=dice.randrange(10, length - 12))
            world.feed.silent.append(SilentFeed(source, since, since + timedelta(days=dice.randint(6, 10))))
    for number in range(patients):
        person = people.invent(number, start, world.dice("person", number))
        world.people.append(person)
        _plan_year(world, person)
        _history(world, person)
        _ordinary_year(world, person)
    return world


# What goes wrong


def _plan_year(world: World, person: Person) -> None:
    dice = world.dice("year", person.number)
    _supplies(world, person, dice)
    wanted = BUMPS_A_YEAR / (1 - LOOK_ALIKE_SHARE) * world.length / 365
    count = int(wanted) + (dice.random() < wanted % 1)
    suited = [kind for kind in KINDS if kind.suits(person)]
    taken: dict[str, list[int]] = {}
    refills = 0
    for _ in range(count):
        if dice.random() < 0.25 and person.supplies:
            refills += 1
            continue
        kind = dice.choices(suited, [each.weight for each in suited])[0]
        if not kind.once or kind.name not in taken:
            _place(world, person, kind, taken, dice)
    _refill_troubles(person, refills, dice)
    _yearly(world, person, dice)


def _place(world: World, person: Person, kind: Kind, taken: dict[str, list[int]], dice: Random) -> None:
    """Find a day for a story on which it does not get in the way of another of its kind, or of a stay."""
    span = 120 if kind.name == "stay" else 75
    for _ in range(12):
        offset = dice.randrange(4, max(5, world.length - 3))
        day = days.next_working(world.start + timedelta(days=offset))
        if any(abs(offset - other) < span for other in taken.get(kind.name, ())):
            continue
        around = (day - timedelta(days=10), day + timedelta(days=75))
        if kind.visits and any(since < around[1] and around[0] < until for since, until in person.quiet):
            continue
        if kind.name == "stay":
            if any(name in taken and any(abs(offset - at) < 90 for at in taken[name]) for name in VISITING):
                continue
            person.quiet.append((day - timedelta(days=3), day + timedelta(days=45)))
        if kind.name == "allergy" and person.allergy_refuted:
            fooled = kind.look_alikes[0]
        elif kind.name == "allergy":
            fooled = ""
        else:
            fooled = dice.choice(kind.look_alikes) if dice.random() < LOOK_ALIKE_SHARE else ""
        taken.setdefault(kind.name, []).append(offset)
        _tell(world, person, kind, day, fooled)
        return


def _tell(world: World, person: Person, kind: Kind, day: date, fooled: str) -> None:
    """The story begins on that day, if it still suits the person then."""
    dice = world.dice("story", person.number, kind.name, day)

    def begin(today: date) -> None:
        if kind.suits(person):
            kind.story(world, person, today, dice, fooled)

    world.on(day, begin)


VISITING = tuple(kind.name for kind in KINDS if kind.visits)


def _refill_troubles(person: Person, count: int, dice: Random) -> None:
    for _ in range(count):
        supply = dice.choice(person.supplies)
        if supply.medicine == METFORMIN or len(supply.troubles) > 2:
            continue
        if dice.random() < LOOK_ALIKE_SHARE:
            trouble = dice.choice(medicines.LOOK_ALIKES)
            if trouble == "stopped" and (len(supply.troubles) or supply.name != "rosuvastatin"):
                trouble = "filled_elsewhere"
        else:
            trouble = dice.choice(medicines.TROUBLES)
        if "stopped" not in supply.troubles:
            supply.troubles.append(trouble)


def _yearly(world: World, person: Person, dice: Random) -> None:
    """What comes round once a year: the eye check, the review of the plan, the influenza vaccine, the A1c."""

    def fate(*look_alikes: str, share: float = 0.7) -> str:
        return dice.choice(look_alikes) if dice.random() < share else ""

    start, end = world.start, world.end
    if person.takes(METFORMIN):
        person.eyes_on = start - timedelta(days=dice.randint(20, 350))
        due = days.years_before(person.eyes_on, -1)
        if due + timedelta(days=5) < end:
            fooled = fate("done on the last good day", "done at another place")
            early = max(start + timedelta(days=1), due - timedelta(days=30))
            own = world.dice("eyes", person.number)
            world.on(early, lambda today: life.check_lapses(world, person, today, own, fooled))
    if person.has_plan:
        person.plan_on = start - timedelta(days=dice.randint(20, 350))
        due = days.years_before(person.plan_on, -1)
        if due + timedelta(days=5) < end:
            reviewed = fate("gone through in time")
            early = max(start + timedelta(days=1), due - timedelta(days=20))
            own_plan = world.dice("plan", person.number)
            world.on(early, lambda today: life.plan_review(world, person, today, own_plan, reviewed))
    season = date(start.year, 8, 20)
    season = season if start < season else date(start.year + 1, 8, 20)
    if season < end:
        # the first clinics have it before anybody would ask
        flu = fate("given at a pharmacy", "given at the clinic", share=0.8)
        own_flu = world.dice("flu", person.number, season)
        world.on(season, lambda today: life.no_flu_vaccine(world, person, today, own_flu, flu))


# What was and what is in order


def _supplies(world: World, person: Person, dice: Random) -> None:
    per_fill = dice.choice([30, 90, 90])
    last = world.start - timedelta(days=dice.randint(2, per_fill - 14))
    for ailment in person.ailments:
        person.supplies.append(
            Supply(ailment.medicine, per_fill, last + timedelta(days=per_fill), dice.randint(1, medicines.REFILLS))
        )


def _history(world: World, person: Person) -> None:
    """What the record holds on the first day: nothing in it is due."""
    start = world.start

    def past(source: str, page: pages.Page, day: date = start) -> str:
        return world.send(source, person, page, day)

    def ago(count: int) -> date:
        return start - timedelta(days=count)

    for ailment in person.ailments:
        past(CLINIC, pages.condition(ailment.code, ailment.words, ago(1500)))
    if person.needs_ride:
        past(CLINIC, pages.condition("icd10cm:Z75.3", "Does not drive, no transport", ago(400)))
    if person.has_allergy:
        past(CLINIC, pages.allergy("rxnorm:7980", "Penicillin G", ago(3000), refuted=person.allergy_refuted))
    for code, words, back in (("216", "Pneumococcal vaccine (PCV20)", 600), ("187", "Shingles vaccine", 900),
                              ("187", "Shingles vaccine", 800), ("115", "Tdap vaccine", 900),
                              ("305", "RSV vaccine", 400), ("03", "MMR vaccine", 9000)):  # fmt: skip
        past(CLINIC, pages.vaccine(code, words, ago(back)))
    seasons = start.year - (start.month < 9)
    past(
        CLINIC,
        pages.vaccine("158", "Influenza vaccine", date(seasons, 9, 28) if start > date(seasons, 9, 28) else start),
    )
    past(CLINIC, pages.procedure("snomed:73761001", "Colonoscopy", ago(1200)))
    for code, words in (("16128-1", "Hepatitis C antibody"), ("5195-3", "Hepatitis B surface antigen")):
        negative = pages.coded("snomed:260385009", "Negative")
        past(LAB, pages.result(f"loinc:{code}", words, days.at(ago(2000), "08:00"), said=negative, flag="NEG"))
    if person.sex == "female":
        past(CLINIC, pages.procedure("snomed:24623002", "Screening mammogram", ago(200)))
        past(CLINIC, pages.procedure("snomed:312681000", "Bone density scan", ago(700)))
    cover = pages.cover("Larkfield Health Advantage", ago(700))
    person.cover_page = past(PLAN, cover)
    if person.takes(METFORMIN):
        eyes = pages.procedure("snomed:722161008", "Retina exam", person.eyes_on)
        person.eyes_page = past("harbor-clinic", eyes)
    if person.has_plan:
        person.plan_page = past(CLINIC, pages.plan_of_care("Care plan", person.plan_on))
    for supply in person.supplies:
        supply.order_day = ago(min(360, supply.per_fill * (medicines.REFILLS + 1 - supply.refills_left)))
        supply.order = medicines.send_order(world, person, supply, supply.order_day, "active", "")
        _fills_so_far(world, person, supply)


def _fills_so_far(world: World, person: Person, supply: Supply) -> None:
    long_ago = world.start - timedelta(days=1400)  # it has been taken for years
    medicines.send_order(world, person, supply, long_ago, "completed", "")
    begun = pages.fill(*supply.medicine, long_ago, supply=supply.per_fill, amount=supply.per_fill)
    world.send("corner-pharmacy", person, begun, world.start)
    last = supply.runs_out - timedelta(days=supply.per_fill)
    used = medicines.REFILLS - supply.refills_left
    reference = ""
    for back in range(used, -1, -1):
        day = last - timedelta(days=back * supply.per_fill)
        page = pages.fill(*supply.medicine, day, supply=supply.per_fill, amount=supply.per_fill)
        reference = world.send("corner-pharmacy", person, page, world.start)
    world.on(world.start, lambda today: medicines.go_on(world, person, supply, today, reference))


def _ordinary_year(world: World, person: Person) -> None:
    """Visits with all the usual tests every twenty weeks, never around a stay."""
    dice = world.dice("routine", person.number)
    day = world.start - timedelta(days=dice.randint(3, ROUTINE_EVERY - 10))
    _routine(world, person, day)
    while day < world.end:
        day += timedelta(days=ROUTINE_EVERY)
        on = person.free_day(day)
        for since, until in person.quiet:
            if since <= on <= until:
                on = person.free_day(until + timedelta(days=1))
        day = on
        world.on(on, lambda today: _routine(world, person, today))


def _routine(world: World, person: Person, day: date) -> None:
    regular = pages.visit("AMB", "Regular visit", day, by="Dr. Lena Park")
    if (day - person.well_on).days > 2 * ROUTINE_EVERY - 10:  # a later one might come after more than a year
        person.well_on = day
        regular["type"] = [pages.coded("hcpcs:G0439", "Yearly wellness visit")]
    world.send(CLINIC, person, regular, day)
    world.send(CLINIC, person, pages.blood_pressure(day, 126, 76), day)
    low, fine = days.at(day, "08:20"), pages.result
    for code, words, value, unit in (
        ("33914-3", "eGFR", 74, "mL/min/{1.73_m2}"),
        ("9318-7", "Albumin to creatinine ratio, urine", 9, "mg/g"),
        ("2160-0", "Creatinine", 0.9, "mg/dL"),
        ("2823-3", "Potassium", 4.3, "mmol/L"),
        ("18262-6", "LDL cholesterol", 62, "mg/dL"),
        ("2132-9", "Vitamin B12", 410, "pg/mL"),
        ("3016-3", "TSH", 2.1, "m[IU]/L"),
        ("718-7", "Hemoglobin", 13.8, "g/dL"),
        ("777-3", "Platelets", 240, "10*3/uL"),
    ):
        if words not in person.waits_for:
            world.send(LAB, person, fine(f"loinc:{code}", words, low, value, unit), day)
    for code, words, answer in YEARLY:
        moment = days.at(day, "09:50")
        if isinstance(answer, int):
            world.send(CLINIC, person, fine(f"loinc:{code}", words, moment, answer, "{score}", category="survey"), day)
        elif not (person.is_hungry and "food" in words):
            said = pages.coded(answer, "Never true" if "food" in words else "Never smoker")
            world.send(CLINIC, person, fine(f"loinc:{code}", words, moment, said=said, category="survey"), day)
    if person.lives_with(METFORMIN):
        world.send(CLINIC, person, pages.procedure("hcpcs:G0246", "Foot exam", day), day)
        person.sugar_on = day
        person.sugar_page = world.send(
            LAB, person, fine("loinc:4548-4", "Hemoglobin A1c", low, 6.6, "%", flag="N"), day
        )
        if day >= world.start:
            _maybe_repeat(world, person, day)


def _maybe_repeat(world: World, person: Person, day: date) -> None:
    dice = world.dice("repeat", person.number, day)
    if dice.random() < 0.35:
        fooled = dice.choice(["old enough to repeat", "taken back"]) if dice.random() < LOOK_ALIKE_SHARE else ""
        wait = dice.randint(96, 110) if fooled == "old enough to repeat" else dice.randint(25, 45)
        on = day + timedelta(days=wait)
        world.on(on, lambda today: life.repeated_test(world, person, today, dice, fooled))
