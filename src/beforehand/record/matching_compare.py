"""Two person records compared: what agrees, what is only alike, what differs; in plain words and never in values.

Only ``is_certain`` links (identifier, birth date and both names agree, and nothing speaks against it). ``weight``
orders the list for review; ``may_be_one`` says whether a pair stands on it. Neither ever links.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import lru_cache
from math import log2

import jellyfish

from beforehand.clinical.content import content_root
from beforehand.record.matching_words import (
    Address,
    Identifier,
    Name,
    day_and_month,
    forms_of,
    placeholder_births,
)

ALIKE = 0.88  # Jaro-Winkler; at this likeness people are shown, never joined
GENERATION = 14  # years between birth dates from which one name in one home is a parent and a child
GIVEN_ORDER = ("same", "short form", "initial", "near", "differs")
FAMILY_ORDER = ("same", "part", "near", "differs")
COMPATIBLE = frozenset({"same", "short form", "initial", "near", "part"})


@dataclass(frozen=True)
class Person:
    """What one record says of who somebody is, standardised."""

    record: int
    source: int
    birth: int | None = None
    sex: str = ""
    names: tuple[Name, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    addresses: tuple[Address, ...] = ()

    @property
    def known_birth(self) -> int | None:
        """The birth date, unless it is a day that systems write when they know none."""
        return None if self.birth in placeholder_births() else self.birth


@dataclass
class Comparison:
    """How two records compare, by kind of field: same, near, differs; nothing where one does not say."""

    levels: dict[str, str] = field(default_factory=dict)
    is_first_of_january: bool = False
    is_only_of_a_family: bool = False  # the identifier that agrees is one that a household may share
    is_name_shortened: bool = False  # one leaves out a middle name that the other gives

    def level(self, kind: str) -> str:
        """The level of one kind of field; empty where one record does not say."""
        return self.levels.get(kind, "")

    @property
    def names_agree(self) -> bool:
        """Family name and given names are the same by standardisation, suffix and middle names included."""
        return (
            self.level("family name") == "same"
            and self.level("given name") == "same"
            and "differs" not in (self.level("suffix"), self.level("middle name"))
        )

    @property
    def speaks_against(self) -> bool:
        """Whether something says that they are two, whatever agrees."""
        return self.level("number of one kind") in ("differs", "near") or "differs" in (
            self.level("sex"),
            self.level("suffix"),
        )

    @property
    def is_certain(self) -> bool:
        """Identifier, birth date and both names agree: what promise 5 asks for; nothing speaks against it."""
        return (
            self.level("identifier") == "same"
            and self.level("birth date") == "same"
            and self.names_agree
            and not self.speaks_against
            and not (self.is_name_shortened and (self.is_only_of_a_family or not self.has_contact))
        )

    @property
    def weight(self) -> int:
        """Tenths of the bits of evidence for one person; orders the list, nothing else."""
        table = weights()
        return round(10 * sum(table.get((kind, level), 0.0) for kind, level in self.levels.items()))

    @property
    def has_contact(self) -> bool:
        """Whether phone, e-mail or address agree."""
        return "same" in (self.level("phone"), self.level("e-mail"), self.level("address"))

    @property
    def may_be_one(self) -> bool:
        """Whether a person should look at the pair."""
        number, birth = self.level("identifier"), self.level("birth date")
        given, family = self.level("given name"), self.level("family name")
        names = (given in COMPATIBLE and family in COMPATIBLE) or self.level("names") == "swapped"
        same_names = given == family == "same"
        unsure_names = names or (family in COMPATIBLE and not given) or (given in COMPATIBLE and not family)
        hint = self.has_contact or number in ("last four", "near")
        if number == "same":
            return not self.is_only_of_a_family or (birth != "differs" and given != "differs")
        if self.level("number of one kind") == "differs" and not (
            (same_names and birth == "same")
            or (names and birth == "same" and self.has_contact)
            or (same_names and birth in ("swapped", "near") and hint)
        ):
            return False
        if self.level("suffix") == "differs" and birth != "same":
            return False
        if birth == "same":
            renamed = given in ("same", "short form") and self.level("sex") != "differs"
            unknown = unsure_names and (hint or self.level("address") == "near")
            return names or unknown or (hint and renamed) or (number in ("last four", "near") and given != "differs")
        if birth in ("swapped", "near"):
            shown = hint and given in ("same", "") and self.level("sex") != "differs"
            return (same_names and self.level("sex") != "differs") or (names and hint) or shown
        if birth == "differs":
            return names and hint and self.level("generation") != "differs"
        return names and (hint or self.level("address") == "near")


@lru_cache(maxsize=1)
def weights() -> dict[tuple[str, str], float]:
    """Bits of evidence of each level: ``knowledge/identity_weights.csv``."""
    with (content_root() / "knowledge" / "identity_weights.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["field"], row["level"]): log2(
                float(row["among_pairs_of_one_person"]) / float(row["among_other_pairs"])
            )
            for row in csv.DictReader(file)
        }


def compare(one: Person, other: Person, *, shared: frozenset[tuple[str, str]] = frozenset()) -> Comparison:
    """How two records compare. ``shared``: (system, value) of identifiers that several people hold."""
    found = Comparison()
    levels = found.levels
    _compare_numbers(one, other, shared, found)
    birth = _birth(one, other)
    if birth:
        levels["birth date"] = birth
    if birth == "differs" and abs((one.birth or 0) - (other.birth or 0)) >= GENERATION * 365.25:
        levels["generation"] = "differs"
    found.is_first_of_january = birth == "same" and day_and_month(one.birth or 0)[1:] == (1, 1)
    _compare_names(one, other, found)
    known = {"male", "female"}
    if one.sex in known and other.sex in known:
        levels["sex"] = "same" if one.sex == other.sex else "differs"
    for kind, left, right in (("phone", one.phones, other.phones), ("e-mail", one.emails, other.emails)):
        if left and right:
            levels[kind] = "same" if left & right else "differs"
    if one.addresses and other.addresses:
        levels["address"] = min((_address(a, b) for a in one.addresses for b in other.addresses), key=_ADDRESS.index)
    return found


# Numbers.


def _compare_numbers(one: Person, other: Person, shared: frozenset[tuple[str, str]], found: Comparison) -> None:
    seen: set[str] = set()
    held = {(number.system, number.value): number for number in other.identifiers if number.value}
    by_system: dict[str, list[Identifier]] = {}
    for number in other.identifiers:
        by_system.setdefault(number.system, []).append(number)
    personal = False
    for number in one.identifiers:
        match = held.get((number.system, number.value)) if number.value else None
        if match is not None and number.says_who_gave_it and (number.system, number.value) not in shared:
            seen.add("same")
            personal |= not (number.is_of_a_family or match.is_of_a_family)
        elif match is not None:
            seen.add("shared")
        else:
            seen.update(_alike(number, same) for same in by_system.get(number.system, ()))
    order = ("same", "last four", "near", "shared", "differs")
    if seen:
        found.levels["identifier"] = min(seen, key=order.index)
    found.is_only_of_a_family = "same" in seen and not personal
    kinds = {_of_one_kind(one, other, system) for system in by_system}
    if kinds & {"differs", "near"}:
        found.levels["number of one kind"] = "differs" if "differs" in kinds else "near"


def _alike(number: Identifier, other: Identifier) -> str:
    if number.is_ssn and number.last_four == other.last_four and not (number.value and other.value):
        return "last four"
    if not number.value or not other.value or not number.system:
        return "differs"
    near = min(len(number.value), len(other.value)) >= 6
    near = near and jellyfish.damerau_levenshtein_distance(number.value, other.value) <= 1
    return "near" if near else "differs"


def _of_one_kind(one: Person, other: Person, system: str) -> str:
    """Whether whoever gives each person one number (social security, a chart) gave these two different ones."""
    mine, theirs = (
        [n for n in person.identifiers if n.system == system and (n.is_ssn or n.kind in ("MR", "PI", "PT"))]
        for person in (one, other)
    )
    if not system or not mine or not theirs:
        return ""
    if any(a.value == b.value if a.value and b.value else _alike(a, b) == "last four" for a in mine for b in theirs):
        return "same"
    return "near" if any(_alike(a, b) == "near" for a in mine for b in theirs) else "differs"


# Dates.


def _birth(one: Person, other: Person) -> str:
    left, right = one.known_birth, other.known_birth
    if left is None or right is None:
        return ""
    if left == right:
        return "same"
    (y1, m1, d1), (y2, m2, d2) = day_and_month(left), day_and_month(right)
    if y1 == y2 and (m1, d1) == (d2, m2):
        return "swapped"
    a, b = f"{y1:04}{m1:02}{d1:02}", f"{y2:04}{m2:02}{d2:02}"
    wrong = [i for i in range(8) if a[i] != b[i]]
    near = len(wrong) == 1 or (
        len(wrong) == 2 and wrong[1] == wrong[0] + 1 and (a[wrong[0]], a[wrong[1]]) == (b[wrong[1]], b[wrong[0]])
    )
    near = near or (abs(y1 - y2) == 100 and (m1, d1) == (m2, d2)) or abs(left - right) == 1
    return "near" if near else "differs"


# Names.


def _compare_names(one: Person, other: Person, found: Comparison) -> None:
    best: tuple[int, ...] | None = None
    for mine in one.names or (Name(),):
        for theirs in other.names or (Name(),):
            family, given = _family(mine, theirs), _given(mine, theirs)
            middle, shortened = _middle(mine, theirs) if given == "same" else ("", False)
            suffix = "differs" if mine.suffix and theirs.suffix and mine.suffix != theirs.suffix else ""
            rank = (
                FAMILY_ORDER.index(family) if family else 3,
                GIVEN_ORDER.index(given) if given else 4,
                int(middle == "differs") + int(suffix == "differs"),
            )
            order = (rank[0] + rank[1] + rank[2], *rank)
            if best is not None and best <= order:
                continue
            best = order
            found.is_name_shortened = shortened
            for kind, level in (
                ("family name", family),
                ("given name", given),
                ("middle name", middle),
                ("suffix", suffix),
                ("names", "swapped" if given == "differs" and _are_swapped(mine, theirs) else ""),
            ):
                found.levels.pop(kind, None)
                if level:
                    found.levels[kind] = level


def _family(one: Name, other: Name) -> str:
    if not one.family or not other.family:
        return ""
    if one.family == other.family or _bare(one) == _bare(other):
        return "same"
    left, right = set(one.families), set(other.families)
    if left & right:
        return "part"
    if any(_is_alike(a, b) for a in (*left, one.family) for b in (*right, other.family)):
        return "near"
    return "differs"


def _bare(name: Name) -> str:
    return "".join(name.families)


def _given(one: Name, other: Name) -> str:
    if not one.given or not other.given:
        return ""
    a, b = one.first, other.first
    if a == b:
        return "initial" if len(a) == 1 else "same"
    if "".join(one.given) == "".join(other.given) or _written_together(one.given, other.given):
        return "same"
    if len(a) == 1 or len(b) == 1:
        return "initial" if a[0] == b[0] else _by_middle(one, other)
    if forms_of(a) & forms_of(b):
        return "short form"
    if (
        _begins_alike(a, b)
        or _is_alike("".join(one.given), "".join(other.given))
        or (min(len(a), len(b)) >= 2 and (a.startswith(b) or b.startswith(a)))
    ):
        return "near"
    return _by_middle(one, other)


def _by_middle(one: Name, other: Name) -> str:
    """Somebody who goes by the middle name in one place."""
    goes = any(len(name) > 1 and name == other.first for name in one.given[1:]) or any(
        len(name) > 1 and name == one.first for name in other.given[1:]
    )
    return "near" if goes else "differs"


def _written_together(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """``Mary Ann`` and ``Maryann``."""
    return (len(one) > 1 and "".join(one[:2]) == other[0]) or (len(other) > 1 and "".join(other[:2]) == one[0])


def _middle(one: Name, other: Name) -> tuple[str, bool]:
    """(whether middle names differ, whether one leaves out what the other gives)."""
    if "".join(one.given) == "".join(other.given):
        return "", False
    if one.first != other.first:  # written together in one: what follows is the middle name
        mine = one.given[2:] if "".join(one.given[:2]) == other.first else one.given[1:]
        theirs = other.given[2:] if "".join(other.given[:2]) == one.first else other.given[1:]
    else:
        mine, theirs = one.given[1:], other.given[1:]
    for a, b in zip(mine, theirs, strict=False):
        if a != b and not (1 in (len(a), len(b)) and a[0] == b[0]):
            return "differs", True
    return "", True


def _are_swapped(one: Name, other: Name) -> bool:
    """Family and given name in each other's place."""
    return bool(one.first and other.first) and one.first == other.family and other.first == one.family


def _begins_alike(one: str, other: str) -> bool:
    """Given names are short: one letter may be a slip in three, two in five."""
    if _is_alike(one, other):
        return True
    slips = jellyfish.damerau_levenshtein_distance(one, other)
    shorter = min(len(one), len(other))
    starts = 2 if one[:2] == other[:2] else int(one[0] == other[0])
    allowed = max(starts, int(shorter >= 4), 2 * int(starts > 0 and shorter >= 5))
    return shorter >= 3 and slips <= allowed


def _is_alike(one: str, other: str) -> bool:
    if min(len(one), len(other)) < 3:
        return False
    if jellyfish.jaro_winkler_similarity(one, other) >= ALIKE:
        return True
    return min(len(one), len(other)) >= 4 and jellyfish.damerau_levenshtein_distance(one, other) <= 1


_ADDRESS = ("same", "near", "differs")


def _address(one: Address, other: Address) -> str:
    if one.key != other.key:
        close = one.zip and one.zip == other.zip and (one.street == other.street or one.house == other.house)
        return "near" if close else "differs"
    if (one.zip and other.zip and one.zip != other.zip) or (one.unit and other.unit and one.unit != other.unit):
        return "near"
    return "same"


# In words.

_ALIKE_WORDS = {
    ("identifier", "last four"): "the last four digits of a number agree",
    ("identifier", "near"): "numbers differ by a slip",
    ("identifier", "shared"): "a number agrees that several people hold",
    ("birth date", "swapped"): "day and month of birth may be swapped",
    ("birth date", "near"): "birth dates differ by a slip",
    ("birth date", "differs"): "birth dates differ",
    ("family name", "part"): "one family name is part of the other",
    ("family name", "near"): "family names are alike",
    ("family name", "differs"): "family names differ",
    ("given name", "short form"): "one given name is a form of the other",
    ("given name", "initial"): "one given name is an initial",
    ("given name", "near"): "given names are alike",
    ("given name", "differs"): "given names differ",
    ("middle name", "differs"): "middle names differ",
    ("suffix", "differs"): "suffixes differ",
    ("names", "swapped"): "names may be swapped",
    ("sex", "differs"): "sex differs",
    ("number of one kind", "differs"): "numbers of one kind differ",
    ("address", "near"): "addresses are alike",
}


def agreeing(found: Comparison) -> list[str]:
    """The kinds of field that agree."""
    words = [kind for kind in ("identifier", "birth date") if found.level(kind) == "same"]
    if found.names_agree:
        words.append("names")
    else:
        words += [kind for kind in ("family name", "given name") if found.level(kind) == "same"]
    return words + [kind for kind in ("phone", "e-mail", "address") if found.level(kind) == "same"]


def reasons(found: Comparison) -> str:
    """Why two records might, and might not, be one person. Kinds of field, never their values."""
    agree = agreeing(found)
    parts = []
    if agree:
        parts.append(in_a_row(agree) + (" agree" if len(agree) > 1 or agree == ["names"] else " agrees"))
    swapped = found.level("names") == "swapped"
    parts += [
        words
        for (kind, level), words in _ALIKE_WORDS.items()
        if found.level(kind) == level and not (swapped and kind in ("family name", "given name"))
    ]
    return "; ".join(parts)


def in_a_row(words: list[str]) -> str:
    """``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
