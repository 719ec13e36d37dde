"""Names, dates, numbers, phones and addresses in the form in which two sources can be compared.

What counts as "the same by standardisation" is decided here and nowhere else: letter case, accents, marks, spaces and
hyphens, particles written together or apart, titles and suffixes set aside, ``St`` for ``Saint``. Short forms and
spellings that are alike are *not* the same; see ``matching_compare``.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from beforehand.clinical.code_system_names import uri_of_namespace
from beforehand.clinical.content import content_root

_EPOCH = date(1970, 1, 1)
_UNIT = re.compile(r"(?:\b(?:apt|apartment|unit|ste|suite|rm|room|fl|floor|lot|trlr|bldg)\b\.?|#)\s*#?\s*([a-z0-9-]+)")
_BOX = re.compile(r"\bp\.?\s*o\.?\s*box\s+([a-z0-9]+)|\bpost office box\s+([a-z0-9]+)")
_ZIP = re.compile(r"(?<![0-9])([0-9]{5})(?:-?[0-9]{4})?(?=\s*(?:,?\s*(?:us|usa|united states)\.?)?\s*$)")
SSN = "ssn"
_SSN_SYSTEMS = frozenset({"http://hl7.org/fhir/sid/us-ssn", "urn:oid:2.16.840.1.113883.4.1", "ssn", "ssa", "us-ssn"})
_MASK = re.compile(r"^[x*#•_. -]+([0-9]{4})$", re.IGNORECASE)


def _table(name: str) -> list[dict[str, str]]:
    with (content_root() / "knowledge" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@lru_cache(maxsize=1)
def _words() -> dict[str, dict[str, str]]:
    """Words set aside or written one way, by kind: ``knowledge/name_words.csv``."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in _table("name_words"):
        found[row["kind"]][row["word"]] = row["means"]
    return found


@lru_cache(maxsize=1)
def _letters() -> dict[int, str]:
    return str.maketrans(_words()["letter"] | _words()["dropped"])


@lru_cache(maxsize=1)
def placeholders() -> dict[str, frozenset[str]]:
    """What stands for nobody, by kind: ``knowledge/identity_placeholders.csv``."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in _table("identity_placeholders"):
        kind, value = row["kind"], row["value"]
        found[kind].add(value if kind == "birth" else " ".join(plain(value).split()))
    return {kind: frozenset(values) for kind, values in found.items()}


@lru_cache(maxsize=1)
def placeholder_births() -> frozenset[int]:
    """Days that systems write when they know none."""
    return frozenset((date.fromisoformat(value) - _EPOCH).days for value in placeholders()["birth"])


@lru_cache(maxsize=1)
def _forms() -> dict[str, frozenset[int]]:
    """Which groups of names and short forms a given name stands in: ``knowledge/nicknames.csv``."""
    groups: dict[str, set[int]] = defaultdict(set)
    for number, row in enumerate(_table("nicknames")):
        for name in (row["name"], *row["forms"].split()):
            groups[name].add(number)
    return {name: frozenset(numbers) for name, numbers in groups.items()}


def forms_of(given: str) -> frozenset[int]:
    """The groups of short forms this given name belongs to."""
    return _forms().get(given, frozenset())


@lru_cache(maxsize=20_000)
def plain(words: str) -> str:
    """Small letters without accents; marks within a word are dropped, between words they part them."""
    folded = unicodedata.normalize("NFKD", words.casefold().translate(_letters()))
    without = "".join(character for character in folded if not unicodedata.combining(character))
    return re.sub(r"[^\w]+|_", " ", without).strip()


# Names.


@dataclass(frozen=True)
class Name:
    """One name, standardised. Empty parts are parts nobody knew."""

    family: str = ""  # all of it, written together
    families: tuple[str, ...] = ()  # its parts, without particles
    given: tuple[str, ...] = ()
    suffix: str = ""
    is_given_initial: bool = False

    @property
    def first(self) -> str:
        """The first given name."""
        return self.given[0] if self.given else ""


def _without_suffix(tokens: list[str]) -> tuple[list[str], str]:
    suffix = ""
    while len(tokens) > 1 and (tokens[-1] in _words()["suffix"] or tokens[-1] in _words()["degree"]):
        suffix = suffix or _words()["suffix"].get(tokens[-1], "")
        tokens = tokens[:-1]
    return tokens, suffix


def _is_placeholder(kind: str, tokens: list[str]) -> bool:
    words = " ".join(tokens)
    if words in placeholders()[kind]:
        return True
    together = "".join(tokens)
    return kind == "given" and together.startswith(("babyboy", "babygirl", "newborn", "unknown", "zztest", "infant"))


def split_text(text: str) -> tuple[str, str]:
    """(family, given) of a name written in one piece: ``Reyes, Ann`` or ``Ann Reyes``."""
    family, comma, given = text.partition(",")
    if comma and plain(given) not in _words()["suffix"]:
        return family, given
    tokens, suffix = _without_suffix(plain(text).split())
    at = next(
        (i for i in range(1, len(tokens)) if tokens[i] in _words()["particle"] and len(tokens[i]) > 1), len(tokens) - 1
    )
    return " ".join([*tokens[at:], suffix]), " ".join(tokens[:at])


@lru_cache(maxsize=20_000)
def standard_name(family: str, given: str, text: str = "") -> Name:
    """A name as sent, standardised; parts that stand for nobody are left out."""
    if not family.strip() and not given.strip() and text.strip():
        family, given = split_text(text)
    families, suffix = _without_suffix(plain(family).split())
    givens, other = _without_suffix(plain(given).split())
    if (other == "v" and len(givens) == 1) or (other == "sr" and "sr" not in plain(given).split()[-1:]):
        givens, other = plain(given).split(), ""  # "Ann V" and "Ann I" are initials
    while len(givens) > 1 and givens[0] in _words()["title"]:
        givens = givens[1:]
    if " ".join([*givens, *families]) in placeholders()["whole"]:
        return Name()
    if _is_placeholder("given", givens):
        givens = []
    if _is_placeholder("family", families):
        families = []
    if len(families) > 1 and families[0] in ("st", "ste"):
        families = ["saint", *families[1:]]
    parts = tuple(token for token in families if token not in _words()["particle"] and len(token) > 1)
    return Name(
        "".join(families),
        parts or tuple(families),
        tuple(givens),
        suffix or other,
        bool(givens) and len(givens[0]) == 1,
    )


# Numbers.


@dataclass(frozen=True)
class Identifier:
    """An identifier, standardised: who gives it out, and its letters and digits."""

    system: str
    value: str
    kind: str
    last_four: str = ""  # of a social security number that is sent masked

    @property
    def is_ssn(self) -> bool:
        """Whether it is a social security number."""
        return self.system == SSN

    @property
    def is_of_a_family(self) -> bool:
        """Whether a household may share it: numbers of members and subscribers of a plan."""
        return self.kind in ("MB", "SN", "GN", "PC")

    @property
    def says_who_gave_it(self) -> bool:
        """Whether it names its system; bare numbers of two sources may be two people's."""
        return bool(self.system)


def is_placeholder_number(value: str, *, is_ssn: bool = False) -> bool:
    """Whether an identifier is one that stands for "we have none"."""
    words, together = plain(value), plain(value).replace(" ", "")
    known = placeholders()
    if len(together) < 4 or len(set(together)) == 1 or together in known["number"] or words in known["number_word"]:
        return True
    if together in known["number_word"] or together.startswith(("unknown", "none", "pending")):
        return True
    if not is_ssn and not re.fullmatch(r"[0-9]{3}-[0-9]{2}-[0-9]{4}", value.strip()):
        return False
    if not re.fullmatch(r"[0-9]{9}", together):
        return False  # not a whole number: it may be masked
    return together[:3] in ("000", "666", "999") or together[3:5] == "00" or together[5:] in ("0000", "9999")


@lru_cache(maxsize=2_000)
def standard_system(system: str) -> str:
    """The one address of a system of identifiers, whichever way it is written."""
    folded = system.strip().casefold().rstrip("/")
    return SSN if folded in _SSN_SYSTEMS else uri_of_namespace(folded.removeprefix("urn:oid:")).casefold()


def standard_identifier(system: str, value: str, kind: str) -> Identifier | None:
    """An identifier as sent, standardised; none when it stands for nobody."""
    kind = kind.upper()
    where = SSN if kind == "SS" else standard_system(system)
    together = plain(value).replace(" ", "")
    if where == SSN:
        masked = _MASK.match(value.strip()) or re.fullmatch(r"([0-9]{4})", together)
        if masked:
            four = masked[1]
            return None if four in ("0000", "9999") else Identifier(SSN, "", kind, four)
        if not re.fullmatch(r"[0-9]{9}", together):
            return None
    if is_placeholder_number(value, is_ssn=where == SSN):
        return None
    return Identifier(where, together, kind, together[5:] if where == SSN else "")


# Phones and addresses.


def standard_phone(value: str) -> str:
    """The ten digits of a telephone number in North America, all digits of another; nothing of a placeholder."""
    value = re.split(r"(?i)\s*(?:ext\.?|x|#)\s*[0-9]+\s*$", value)[0]
    found = "".join(character for character in value if character.isdigit())
    found = found[1:] if len(found) == 11 and found[0] == "1" else found
    if len(found) < 7 or len(set(found)) == 1 or found in placeholders()["phone"] or found[:3] in ("000", "999"):
        return ""
    return found if len(set(found[-7:])) > 1 else ""


@dataclass(frozen=True)
class Address:
    """Where somebody lives: house number or box, first word of the street, unit, postal code."""

    house: str
    street: str
    unit: str
    zip: str
    rest: str

    @property
    def key(self) -> str:
        """What two ways of writing one address have in common."""
        return f"{self.house} {self.street}"


@lru_cache(maxsize=20_000)
def standard_address(line: str) -> Address | None:
    """An address on one line, standardised; none when it says too little to tell homes apart."""
    folded = unicodedata.normalize("NFKD", line.casefold())
    folded = " ".join("".join(c for c in folded if not unicodedata.combining(c)).split())
    head = plain(folded.split(",")[0])
    if any(head == word or plain(folded).startswith(f"{word} ") for word in placeholders()["address"]):
        return None
    found = _ZIP.search(folded)
    code = found[1] if found else ""
    if found:
        folded = folded[: found.start()]
    unit = _UNIT.search(folded)
    if unit:
        folded = folded[: unit.start()] + " , " + folded[unit.end() :]
    if box := _BOX.search(folded):
        return Address(f"box{box[1] or box[2]}", "", "", code, plain(folded[box.end() :]))
    number = re.search(r"(?<![0-9a-z])([0-9]+[a-z]?)(?:-[0-9]+)?\s+([^,]+)", folded)
    if number is None:
        return None
    words = [_words()["street"].get(word, word) for word in plain(number[2]).split()]
    street = next((word for word in words if word not in ("n", "s", "e", "w", "ne", "nw", "se", "sw")), "")
    house = number[1].lstrip("0") or "0"
    return Address(house, street, unit[1] if unit else "", code, plain(folded[number.end() :])) if street else None


def day_and_month(day: int) -> tuple[int, int, int]:
    """(year, month, day) of a day number."""
    born = date.fromordinal(_EPOCH.toordinal() + day)
    return born.year, born.month, born.day
