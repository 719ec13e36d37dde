"""Invented people with much to coordinate: what they live with, what they take, what was done for them in time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from beforehand.world import days

# (code, words) as senders write them
LISINOPRIL = ("314076", "lisinopril 10 MG Oral Tablet")
APIXABAN = ("1364445", "apixaban 5 MG Oral Tablet")
METFORMIN = ("861007", "metformin hydrochloride 500 MG Oral Tablet")
ROSUVASTATIN = ("859747", "rosuvastatin calcium 10 MG Oral Tablet")
SIMVASTATIN = ("198211", "simvastatin 40 MG Oral Tablet")
LEVOTHYROXINE = ("966221", "levothyroxine sodium 0.05 MG Oral Tablet")
METOPROLOL = ("866436", "metoprolol succinate 50 MG Extended Release Oral Tablet")
FUROSEMIDE = ("313988", "furosemide 40 MG Oral Tablet")

Medicine = tuple[str, str]


@dataclass(frozen=True)
class Ailment:
    """Something people live with, and the medicine for it."""

    code: str
    words: str
    medicine: Medicine
    share: float


AILMENTS = (
    Ailment("icd10cm:I10", "High blood pressure", LISINOPRIL, 0.75),
    Ailment("icd10cm:I48.20", "Chronic atrial fibrillation", APIXABAN, 0.35),
    Ailment("icd10cm:E11.9", "Type 2 diabetes", METFORMIN, 0.45),
    Ailment("icd10cm:E78.5", "High cholesterol", ROSUVASTATIN, 0.4),
    Ailment("icd10cm:E03.9", "Hypothyroidism", LEVOTHYROXINE, 0.3),
    Ailment("icd10cm:I25.10", "Coronary heart disease", METOPROLOL, 0.3),
)
_NAMES = {
    "female": "Ada Beatriz Clara Dolores Edith Frances Gloria Helen Irene Judith Karin Lucia Marta Nora Olga",
    "male": "Abel Bruno Carl Dario Emil Felix Georg Hugo Ivan Jonas Karl Leon Max Nils Otto Paul",
}
_FAMILIES = """Abbott Barnes Castillo Dubois Eriksen Farouk Greene Haddad Ibarra Jensen Kowal Lindgren Moreau Novak
Okoye Petrov Quinn Rossi Santos Tanaka Ueda Vogel Weber Xu Yilmaz Zhang"""
GIVEN = {sex: names.split() for sex, names in _NAMES.items()}
FAMILY = _FAMILIES.split()


@dataclass
class Supply:
    """A medicine somebody takes for good: how long what is at home lasts, and what is left on the prescription."""

    medicine: Medicine
    per_fill: int
    runs_out: date
    refills_left: int
    order: str = ""  # reference at the prescriber
    order_day: date | None = None
    troubles: list[str] = field(default_factory=list)  # what will go wrong, or seem to, one a refill
    is_stopped: bool = False

    @property
    def name(self) -> str:
        """The medicine as people call it."""
        return self.medicine[1].split()[0]


@dataclass
class Person:
    """Somebody of our own invention."""

    number: int
    given: str
    family: str
    birth: date
    sex: str
    needs_ride: bool
    has_allergy: bool
    allergy_refuted: bool
    has_plan: bool
    ailments: list[Ailment]
    supplies: list[Supply] = field(default_factory=list)
    busy: set[date] = field(default_factory=set)  # days on which a visit is booked
    known_to: set[str] = field(default_factory=set)  # sources that have sent who this is
    quiet: list[tuple[date, date]] = field(default_factory=list)  # around a stay: no ordinary visit then
    eyes_on: date = date.min  # the last eye check, and where it stands
    eyes_page: str = ""
    plan_on: date = date.min
    plan_page: str = ""
    cover_page: str = ""
    sugar_on: date = date.min  # the last A1c
    sugar_page: str = ""
    well_on: date = date(2000, 1, 1)  # the last yearly wellness visit
    waits_for: set[str] = field(default_factory=set)  # tests that somebody must remember: no chance repeat
    courses: set[str] = field(default_factory=set)  # medicines taken for a while, each once in the time
    is_hungry: bool = False  # said so, and is not yet helped

    @property
    def slug(self) -> str:
        return f"p{self.number}"

    def takes(self, *medicines: Medicine) -> bool:
        """Whether one of these is among the medicines taken for good."""
        return any(supply.medicine in medicines and not supply.is_stopped for supply in self.supplies)

    def lives_with(self, medicine: Medicine) -> bool:
        """Whether they live with what this medicine is for, be it taken or stopped."""
        return any(ailment.medicine == medicine for ailment in self.ailments)

    def free_day(self, wanted: date) -> date:
        """The first working day from then on on which nothing else is booked; it is booked from now on."""
        day = days.next_working(wanted)
        while day in self.busy or days.clock_change(day):
            day = days.next_working(day + timedelta(days=1))
        self.busy.add(day)
        return day


def invent(number: int, start: date, dice: Random) -> Person:
    """Somebody between 67 and 85 with at least two things to live with."""
    sex = dice.choice(["female", "male"])
    chosen = [ailment for ailment in AILMENTS if dice.random() < ailment.share]
    if len(chosen) < 2:
        chosen = [AILMENTS[0], AILMENTS[3]]
    return Person(
        number=number,
        given=dice.choice(GIVEN[sex]),
        family=f"{dice.choice(FAMILY)}-{dice.choice(FAMILY)}",
        birth=days.years_before(start, dice.randint(67, 84)) - timedelta(days=dice.randint(5, 355)),
        sex=sex,
        needs_ride=dice.random() < 0.2,
        has_allergy=dice.random() < 0.2,
        allergy_refuted=dice.random() < 0.5,
        has_plan=dice.random() < 0.5,
        ailments=chosen,
    )
