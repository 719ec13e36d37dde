"""Invented people with a truth: pairs of records of one person, with the faults of real desks, and pairs of two people
whom a careless rule would join, of nine kinds. Everything is drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from beforehand.record.store.persons import fold

EPOCH = date(1970, 1, 1)
SSN = "http://hl7.org/fhir/sid/us-ssn"
PLAN = "https://plan.example/member"


def _words(listed: str) -> list[str]:
    return listed.split(",")


GIVEN = {
    "male": "James Robert John Michael David William Richard Joseph Thomas Christopher Charles Daniel Matthew Anthony"
    " Mark Steven Andrew Paul Joshua Kenneth Kevin Brian Timothy Ronald Edward Jason Jeffrey Ryan Jacob Nicholas Gary"
    " Eric Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel Gregory Alexander Patrick Frank Raymond Jack"
    " Dennis Jerry Tyler Aaron José Juan Luis Carlos Jesús Antonio Miguel Ángel Francisco Jorge Wei Hiroshi Omar"
    " Mohammed Dmitri Jayden Brayden Jordan Francis Jean Leslie",
    "female": "Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Karen Sarah Lisa Nancy Sandra Betty Ashley"
    " Emily Kimberly Margaret Donna Michelle Carol Amanda Melissa Deborah Stephanie Rebecca Sharon Laura Cynthia"
    " Dorothy Amy Kathleen Angela Shirley Emma Brenda Pamela Nicole Anna Samantha Katherine Christine Debra Rachel"
    " Carolyn Janet Maria María Guadalupe Carmen Rosa Ana Sofía Mei Aiko Fatima Olga Hayden Jordan Frances Jean Leslie",
}
FAMILY = _words(
    "Smith,Johnson,Williams,Brown,Jones,Garcia,Miller,Davis,Rodriguez,Martinez,Hernandez,Lopez,Gonzalez,Wilson,"
    "Anderson,Thomas,Taylor,Moore,Jackson,Martin,Lee,Perez,Thompson,White,Harris,Sanchez,Clark,Ramirez,Lewis,"
    "Robinson,Walker,Young,Allen,King,Wright,Scott,Torres,Nguyen,Hill,Flores,Green,Adams,Nelson,Baker,Hall,"
    "Rivera,Campbell,Mitchell,Carter,Roberts,Gómez,Phillips,Evans,Turner,Díaz,Parker,Cruz,Edwards,Collins,"
    "Reyes,Stewart,Morris,Morales,Murphy,Cook,Rogers,Gutiérrez,Ortiz,Morgan,Cooper,Peterson,Bailey,Reed,Kelly,"
    "Howard,Ramos,Kim,Cox,Ward,Richardson,Watson,Brooks,Chávez,Wood,James,Bennett,Gray,Mendoza,Ruiz,Hughes,"
    "Price,Álvarez,Castillo,Sanders,Patel,Myers,Long,Ross,Foster,Jiménez,Doe,Schmidt,Schmitt,Müller,Okafor,"
    "Begay,Chen,Wang,Tran,Park,Singh,Khan,Ivanov,Kowalski,O'Brien,O'Neill,D'Angelo,de la Cruz,van der Berg,"
    "St. John,Smith-Jones,García López"
)
MIDDLE = _words("Ann,Marie,Lee,Lynn,Louise,Rose,James,John,Michael,Luis,Antonio,Ray,Allen,Jane,Grace,Wayne,Elena")
STREETS = _words("Oak,Maple,Cedar,Pine,Elm,Washington,Lake,Hill,Park,Main,Walnut,Spring,North,Ridge,Church,Mill")
KINDS = ("Street", "Avenue", "Road", "Drive", "Lane", "Court")
SHORT = {
    "James": "Jim", "Robert": "Bob", "John": "Jack", "Michael": "Mike", "William": "Bill", "Richard": "Dick",
    "Joseph": "Joe", "Thomas": "Tom", "Christopher": "Chris", "Charles": "Chuck", "Daniel": "Dan", "Matthew": "Matt",
    "Anthony": "Tony", "Steven": "Steve", "Andrew": "Drew", "Kenneth": "Ken", "Edward": "Ted", "Patricia": "Trish",
    "Elizabeth": "Betty", "Barbara": "Barb", "Susan": "Sue", "Margaret": "Peggy", "Deborah": "Debbie",
    "Rebecca": "Becky", "Katherine": "Kathy", "Kathleen": "Kate", "Cynthia": "Cindy", "Dorothy": "Dot",
    "Pamela": "Pam", "Samantha": "Sam", "Jennifer": "Jen", "Francisco": "Paco", "José": "Pepe", "Guadalupe": "Lupe",
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """A record as one source sends it."""

    family: str
    given: str
    born: date | None
    sex: str
    ssn: str = ""
    mrn: str = ""
    plan: str = ""
    phone: str = ""
    address: str = ""
    email: str = ""
    extra: tuple[tuple[str, str, str], ...] = ()

    def names(self) -> list[tuple[str, str, str, str]]:
        """As ``PersonArrival`` takes them."""
        return [("official", self.family, self.given, "")]

    def identifiers(self, source: str) -> list[tuple[str, str, str]]:
        """System, value, type."""
        sent = [(SSN, self.ssn, "SS"), (f"https://{source}.example/mrn", self.mrn, "MR"), (PLAN, self.plan, "MB")]
        return [one for one in (*sent, *self.extra) if one[1]]

    def contacts(self) -> list[tuple[str, str, str]]:
        """Kind, use, value."""
        sent = [("phone", "home", self.phone), ("address", "home", self.address), ("email", "", self.email)]
        return [one for one in sent if one[2]]


@dataclass(frozen=True)
class Drawn:
    """Two records and whether they are one person."""

    kind: str
    left: Said
    right: Said
    is_one: bool


@dataclass
class World:
    """Draws people; social security, chart and member numbers are given once."""

    seed: int
    counter: int = 0
    draw: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)

    def number(self) -> int:
        """A number nobody has had, spread widely."""
        self.counter += 1
        return (self.counter * 7_368_787 + self.seed * 1_009) % 99_999_989

    def ssn(self) -> str:
        """A social security number as they are issued."""
        while True:
            n = self.number()
            ssn = f"{1 + n % 665:03}-{1 + n // 665 % 99:02}-{1 + n // 65835 % 9998:04}"
            if ssn not in ("123-45-6789", "078-05-1120", "111-22-3333", "112-23-3445") and len(set(ssn)) > 2:
                return ssn

    def birth(self, first: int = 1935, last: int = 2010) -> date:
        """A birth date."""
        return date(first, 1, 2) + timedelta(days=self.draw.randrange((last - first) * 365))

    def family(self) -> str:
        """A family name; the first of the list are the commonest."""
        return FAMILY[int(len(FAMILY) * self.draw.random() ** 1.6)]

    def given(self, sex: str) -> str:
        """A given name; the first of the list are the commonest."""
        names = GIVEN[sex].split()
        return names[int(len(names) * self.draw.random() ** 1.4)]

    def address(self) -> str:
        """Where somebody lives."""
        d = self.draw
        unit = f", Apt {d.randrange(1, 60)}" if d.random() < 0.3 else ""
        street = f"{d.randrange(1, 9900)} {d.choice(STREETS)} {d.choice(KINDS)}{unit}"
        return f"{street}, Springfield, MA {d.randrange(1001, 2790):05}"

    def phone(self) -> str:
        """A telephone number."""
        d = self.draw
        return f"({d.randrange(201, 989)}) {d.randrange(201, 989)}-{d.randrange(100, 9999):04}"

    def person(self, **given: object) -> Said:
        """Somebody."""
        sex = str(given.pop("sex", "") or self.draw.choice(("male", "female")))
        name = self.given(sex)
        if self.draw.random() < 0.4:
            name += f" {self.draw.choice(MIDDLE)}"
        known = Said(
            self.family(), name, self.birth(), sex, self.ssn(), f"{self.number():08}", f"LK{self.number():08}",
            self.phone(), self.address(), f"p{self.number()}@mail.example" if self.draw.random() < 0.6 else "",
        )  # fmt: skip
        return replace(known, **given)  # type: ignore[arg-type]

    def chart(self, said: Said) -> Said:
        """The same with a chart number of another source."""
        return replace(said, mrn=f"{self.number():08}")


def slip(draw: random.Random, words: str) -> str:
    """One letter or digit wrong: left out, doubled, changed, or changed places with the next."""
    at = [i for i, c in enumerate(words) if c.isalnum() and i > 0] or [0]
    i = draw.choice(at)
    alphabet = "0123456789" if words[i].isdigit() else "abcdefghijklmnopqrstuvwxyz"
    kind = draw.randrange(4)
    if words[i].isdigit() and kind in (0, 1):
        kind = 2
    if kind == 3 and (i + 1 >= len(words) or not words[i + 1].isalnum() or words[i] == words[i + 1]):
        kind = 2
    if kind == 0:
        return words[:i] + words[i + 1 :]
    if kind == 1:
        return words[:i] + words[i] + words[i:]
    if kind == 2:
        return words[:i] + draw.choice(alphabet.replace(words[i].lower(), "")) + words[i + 1 :]
    return words[:i] + words[i + 1] + words[i] + words[i + 2 :]


# One person, as another desk writes them.


def as_another_desk(world: World, said: Said) -> Said:
    """The same person with the faults of a second desk, each of them by its own chance."""
    d = world.draw
    other = world.chart(said)
    other = replace(other, **_names_again(world, other), **_birth_again(world, other))  # type: ignore[arg-type]
    changes: dict[str, object] = {}
    chance = d.random()
    if chance < 0.22:
        changes["ssn"] = ""
    elif chance < 0.27:
        changes["ssn"] = f"XXX-XX-{said.ssn[-4:]}"
    elif chance < 0.30:
        changes["ssn"] = slip(d, said.ssn)
    elif chance < 0.45:
        changes["ssn"] = said.ssn.replace("-", "")
    changes["plan"] = said.plan if d.random() < 0.5 else "" if d.random() < 0.7 else f"LK{world.number():08}"
    chance = d.random()
    changes["phone"] = "" if chance < 0.15 else world.phone() if chance < 0.4 else said.phone.replace("(", "+1 ")
    chance = d.random()
    short = said.address.replace("Street", "St").replace("Avenue", "Ave.").replace(", Apt ", " #").upper()
    changes["address"] = "" if chance < 0.1 else world.address() if chance < 0.3 else short
    changes["email"] = said.email if d.random() < 0.5 else ""
    changes["sex"] = "unknown" if d.random() < 0.05 else said.sex
    return replace(other, **changes)  # type: ignore[arg-type]


def _names_again(world: World, said: Said) -> dict[str, str]:
    d = world.draw
    first, _, middle = said.given.partition(" ")
    family = said.family
    chance = d.random()
    if chance < 0.07 and first in SHORT:
        first = SHORT[first]
    elif chance < 0.10:
        first = slip(d, first)
    elif chance < 0.11:
        first = first[0]
    elif chance < 0.115:
        first = "Unknown"
    if middle and d.random() < 0.5:
        middle = "" if d.random() < 0.5 else middle[0]
    chance = d.random()
    if chance < 0.04 and said.sex == "female":
        family = world.family()
    elif chance < 0.06:
        family = f"{family}-{world.family()}"
    elif chance < 0.085:
        family = slip(d, family)
    elif chance < 0.20:
        family = family.upper()
    elif chance < 0.23:
        family = f"{family} Jr." if said.sex == "male" else family
    given = f"{first} {middle}".strip()
    if d.random() < 0.01:
        family, given = given, family
    return {"family": family, "given": given}


def _birth_again(world: World, said: Said) -> dict[str, date | None]:
    d, born = world.draw, said.born
    assert born is not None
    chance = d.random()
    if chance < 0.01 and born.day <= 12:
        return {"born": date(born.year, born.day, born.month)}
    if chance < 0.02:
        return {"born": born.replace(year=born.year + d.choice((-1, 1, -10, 10)), day=min(born.day, 28))}
    if chance < 0.03:
        return {"born": None if d.random() < 0.7 else date(1900, 1, 1)}
    return {"born": born}


# Two people whom a careless rule would join.


def twins(world: World) -> tuple[Said, Said]:
    """One birth, one home, one policy; numbers given one after the other, or one typed for both."""
    d = world.draw
    sex = d.choice(("male", "female"))
    one = world.person(sex=sex, born=world.birth(1980, 2020))
    first = one.given.split()[0]
    other = world.given(d.choice((sex, sex, "male", "female")))
    while other == first:
        other = world.given(sex)
    two = replace(world.chart(one), given=other, ssn=one.ssn[:-1] + str((int(one.ssn[-1]) + 1) % 10))
    chance = d.random()
    if chance < 0.15:
        two = replace(two, ssn=one.ssn)
    elif chance < 0.25:
        one, two = replace(one, given="José Luis"), replace(two, given="José Antonio")
    elif chance < 0.32:
        one, two = replace(one, given="José Luis", ssn=""), replace(two, given="José")
    elif chance < 0.4:
        one, two = replace(one, given="J"), replace(two, given="J", ssn=one.ssn)
    return one, two


def parent_and_child(world: World) -> tuple[Said, Said]:
    """One name, one home; the suffix is often left out, the number sometimes the parent's."""
    d = world.draw
    one = world.person(born=world.birth(1935, 1975))
    assert one.born is not None
    born = one.born.replace(year=one.born.year + d.randrange(18, 40), day=min(one.born.day, 28))
    if d.random() < 0.9:
        born = born + timedelta(days=d.randrange(1, 300))
    two = replace(world.chart(one), born=born, ssn=world.ssn())
    if d.random() < 0.5:
        one = replace(one, family=f"{one.family} Sr" if d.random() < 0.5 else one.family)
        two = replace(two, family=f"{two.family} Jr")
    chance = d.random()
    if chance < 0.2:
        two = replace(two, ssn=one.ssn)
    elif chance < 0.3:
        two = replace(two, ssn=one.ssn, born=date(1900, 1, 1))
        one = replace(one, born=date(1900, 1, 1))
    elif chance < 0.35:  # one of each: father's birth date on the son's record, told apart by suffix alone
        one, two = replace(one, family="Reyes Sr"), replace(two, family="Reyes Jr", born=one.born, ssn=one.ssn)
    return one, two


def newborns(world: World) -> tuple[Said, Said]:
    """Two babies without a name yet, or a mother and her baby on her numbers."""
    d = world.draw
    name = d.choice(("Baby Boy", "Baby Girl", "BABYBOY", "BB", "Newborn", "Baby Boy A", "Infant", "Baby Girl Ann"))
    mother = world.person(sex="female", born=world.birth(1985, 2005))
    born = date(2026, 1, 1) + timedelta(days=d.randrange(300))
    baby = replace(world.chart(mother), given=name, born=born, sex=d.choice(("male", "female")), ssn="")
    chance = d.random()
    if chance < 0.4:
        return replace(mother, ssn=mother.ssn), replace(baby, ssn=mother.ssn)
    if chance < 0.7:
        return baby, world.chart(baby)
    stranger = replace(world.person(born=born), given=name, family=mother.family, ssn="000-00-0000")
    return replace(baby, ssn="000-00-0000"), stranger


def placeholders(world: World) -> tuple[Said, Said]:
    """Two people without papers: the same stand-ins for number, birth date, name, phone."""
    d = world.draw
    one, two = world.person(), world.person()
    number = d.choice(("999-99-9999", "000-00-0000", "123-45-6789", "111-11-1111", "UNKNOWN", "078-05-1120"))
    one, two = replace(one, ssn=number, phone="555-555-5555"), replace(two, ssn=number, phone="555-555-5555")
    two = replace(two, family=one.family, given=one.given, sex=one.sex)
    chance = d.random()
    if chance < 0.4:
        day = d.choice((date(1900, 1, 1), date(1970, 1, 1), date(1901, 1, 1)))
        one, two = replace(one, born=day), replace(two, born=day)
    elif chance < 0.7:
        one, two = replace(one, born=one.born), replace(two, born=one.born)
    else:
        family, given = d.choice((("Doe", "John"), ("Doe", "Jane"), ("Unknown", "Unknown"), ("Test", "Patient")))
        one = replace(one, family=family, given=given, ssn=world.ssn())
        two = replace(two, family=family, given=given, born=one.born, ssn=one.ssn)
    return one, two


def housemates(world: World) -> tuple[Said, Said]:
    """Brothers, sisters, cousins or room mates: phone and address, often family name, never the person."""
    d = world.draw
    one = world.person()
    two = replace(world.person(sex=one.sex), phone=one.phone, address=one.address, email=one.email)
    if d.random() < 0.8:
        two = replace(two, family=one.family)
    if d.random() < 0.3:
        two = replace(two, given=slip(d, one.given))
    if d.random() < 0.1:
        two = replace(two, plan=one.plan, given=one.given)
    return one, two


def number_of_another(world: World) -> tuple[Said, Said]:
    """A number typed on the wrong person, or lent: it agrees, and birth date or a name does not."""
    d = world.draw
    one = world.person()
    two = replace(world.person(sex=one.sex), ssn=one.ssn)
    chance = d.random()
    if chance < 0.3:
        two = replace(two, family=one.family, born=one.born)
    elif chance < 0.5:
        two = replace(two, family=one.family, given=one.given)
    elif chance < 0.7:
        two = replace(two, given=one.given, born=one.born)
    elif chance < 0.8:
        two = replace(two, family=one.family, given=one.given, born=one.born, sex=_other(one.sex))
    if fold(two.given) == fold(one.given) and fold(two.family) == fold(one.family) and two.sex == one.sex:
        two = replace(two, born=world.birth(2011, 2020))  # what agrees in all three no rule can tell apart
    return one, two


def namesakes(world: World) -> tuple[Said, Said]:
    """One name and one birth date, two people: chart numbers may look the same, numbers of their own differ."""
    d = world.draw
    one = world.person()
    two = replace(world.person(sex=one.sex), family=one.family, given=one.given, born=one.born)
    chance = d.random()
    if chance < 0.3:
        two = replace(two, mrn=one.mrn)  # the same digits, of another hospital
    elif chance < 0.5:
        local = (("", one.mrn[:6], ""),)
        one, two = replace(one, extra=local, ssn=""), replace(two, extra=local, ssn="")
    elif chance < 0.6:
        one, two = replace(one, ssn="", plan=""), replace(two, ssn="", plan="")
    elif chance < 0.75:  # charts of one hospital, which knows them apart, under a number both were given
        charts = "https://state.example/chart"
        one = replace(one, extra=((charts, f"{world.number():08}", "MR"),))
        two = replace(two, extra=((charts, f"{world.number():08}", "MR"),), ssn=one.ssn)
    elif chance < 0.9:
        two = replace(two, plan=one.plan)  # and a member number typed twice: their own numbers still differ
    return one, two


def spouses(world: World) -> tuple[Said, Said]:
    """One home, one policy, sometimes one birth date and names that are alike."""
    d = world.draw
    one = world.person(sex="male", born=world.birth(1935, 1990))
    assert one.born is not None
    two = replace(
        world.person(sex="female"), family=one.family, phone=one.phone, address=one.address, plan=one.plan,
        born=one.born + timedelta(days=d.randrange(-3000, 3000)),
    )  # fmt: skip
    chance = d.random()
    if chance < 0.1:
        two = replace(two, born=one.born)
    elif chance < 0.2:
        one, two = replace(one, given="Francis"), replace(two, given="Frances", born=one.born, ssn="")
    elif chance < 0.3:
        one, two = replace(one, given="Jordan"), replace(two, given="Jordan", born=one.born)
    elif chance < 0.4:
        two = replace(two, ssn=one.ssn)
    return one, two


def digits_changed_places(world: World) -> tuple[Said, Said]:
    """Numbers that differ by two digits, of people with one name or one birth date."""
    d = world.draw
    one = world.person()
    digits = list(one.ssn.replace("-", ""))
    places = [i for i in range(8) if digits[i] != digits[i + 1]]
    i = d.choice(places)
    digits[i], digits[i + 1] = digits[i + 1], digits[i]
    number = "".join(digits)
    two = replace(world.person(sex=one.sex), ssn=f"{number[:3]}-{number[3:5]}-{number[5:]}")
    chance = d.random()
    if chance < 0.5:
        two = replace(two, family=one.family, given=one.given)
    if chance > 0.3:
        two = replace(two, born=one.born)
    return one, two


def _other(sex: str) -> str:
    return "female" if sex == "male" else "male"


NEGATIVES: dict[str, Callable[[World], tuple[Said, Said]]] = {
    "twins": twins,
    "parent and child of one name": parent_and_child,
    "newborns": newborns,
    "placeholders": placeholders,
    "one phone or home": housemates,
    "number of another": number_of_another,
    "one name, one birth date": namesakes,
    "spouses on one policy": spouses,
    "digits changed places": digits_changed_places,
}


def pairs(seed: int, negatives: int, positives: int) -> Iterator[Drawn]:
    """So many pairs of two people, of each kind in turn, and so many of one."""
    world = World(seed)
    kinds = list(NEGATIVES.items())
    for number in range(negatives):
        kind, draw = kinds[number % len(kinds)]
        left, right = draw(world)
        yield Drawn(kind, left, right, False)
    for _ in range(positives):
        said = world.person()
        yield Drawn("one person", said, as_another_desk(world, said), True)
