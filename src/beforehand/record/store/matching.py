"""Which person records could be one person. Says what agrees, decides nothing (see ``identity``).

Placeholder values that many people share (999-99-9999, 1 January 1900, Baby Boy, UNKNOWN) never count as agreeing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from beforehand.record.store.persons import fold
from beforehand.record.store.rows import among, fetch, listed

_EPOCH = date(1970, 1, 1)
PLACEHOLDER_BIRTHS = frozenset(
    (day - _EPOCH).days
    for day in (
        date(1800, 1, 1),
        date(1899, 12, 30),
        date(1900, 1, 1),
        date(1901, 1, 1),
        date(1970, 1, 1),
        date(9999, 12, 31),
    )
)
PLACEHOLDER_NAMES = frozenset(
    fold(name)
    for name in (
        "baby", "baby boy", "baby girl", "babyboy", "babygirl", "boy", "girl", "infant", "newborn", "twin", "twin a",
        "twin b", "male", "female", "unknown", "unk", "none", "no name", "not given", "nfn", "nmn", "test", "patient",
        "zztest", "doe", "john doe", "jane doe", "anonymous", "refused", "na", "n/a", "null", "x", "xx", "xxx",
        "fnu", "lnu",
    )
) | {""}  # fmt: skip
_PLACEHOLDER_WORDS = frozenset(
    fold(word)
    for word in ("unknown", "unk", "none", "null", "n/a", "na", "test", "pending", "refused", "not available")
)
_KNOWN_FAKES = frozenset({"123456789", "987654321", "078051120", "219099999", "111223333", "1234567890"})


def is_placeholder_identifier(value: str) -> bool:
    """Whether an identifier is one that stands for "we have none"."""
    plain = fold(value)
    if len(plain) < 4 or plain in _PLACEHOLDER_WORDS or plain in _KNOWN_FAKES or len(set(plain)) == 1:
        return True
    if re.fullmatch(r"\d{9}", plain):  # written like a social security number: areas never issued
        return plain[:3] in ("000", "999", "666") or plain[3:5] == "00" or plain[5:] in ("0000", "9999")
    return False


def is_placeholder_name(key: str) -> bool:
    """Whether a folded name stands for "we do not know"."""
    return key in PLACEHOLDER_NAMES or key.startswith(("babyboy", "babygirl", "unknown", "zztest"))


@dataclass
class Pair:
    """Two person records and the kinds of field in which they agree. Never their values."""

    left: int
    right: int
    agrees: set[str] = field(default_factory=set)

    @property
    def is_certain(self) -> bool:
        """Identifier, birth date and both names agree: what promise 5 asks for."""
        return {"identifier", "birth date", "names"} <= self.agrees

    @property
    def why(self) -> str:
        """What agrees, for people."""
        return " and ".join(sorted(self.agrees)) + (" agree" if len(self.agrees) > 1 else " agrees")


def pairs_with(records: Iterable[int]) -> list[Pair]:
    """Pairs of these records with any other that share an identifier, birth date and names, or names and phone."""
    parameter = listed(sorted(set(records)))
    found: dict[tuple[int, int], set[str]] = defaultdict(set)
    for kind, rows in (
        ("identifier", _sharing_identifier(parameter)),
        ("birth date", _sharing_birth_and_names(parameter)),
        ("phone", _sharing_names_and_phone(parameter)),
    ):
        for one, other in rows:
            pair = found[min(one, other), max(one, other)]
            pair.add(kind)
            if kind != "identifier":
                pair.add("names")
    _add_birth(found)
    return [Pair(left, right, agrees) for (left, right), agrees in sorted(found.items())]


def _sharing_identifier(parameter: object) -> list[tuple[int, int]]:
    rows = fetch(
        "select a.person_record_id, b.person_record_id, a.value from person_identifier a"
        " join person_identifier b on b.value = a.value and b.system = a.system"
        f" where {among('a.person_record_id')} and b.person_record_id <> a.person_record_id",
        [parameter],
    )
    return [(one, other) for one, other, value in rows if not is_placeholder_identifier(value)]


def _sharing_birth_and_names(parameter: object) -> list[tuple[int, int]]:
    rows = fetch(  # cross join keeps SQLite to the order written: birth days tell most people apart, names do not
        "select a.id, b.id, a.birth_day, n.family_key, n.given_key"
        " from person_record a cross join person_record b cross join person_name n cross join person_name m"
        f" where {among('a.id')} and b.birth_day = a.birth_day and b.id <> a.id and n.person_record_id = a.id"
        " and m.person_record_id = b.id and m.family_key = n.family_key and m.given_key = n.given_key",
        [parameter],
    )
    return [
        (one, other)
        for one, other, birth, family, given in rows
        if birth not in PLACEHOLDER_BIRTHS and not is_placeholder_name(family) and not is_placeholder_name(given)
    ]


def _sharing_names_and_phone(parameter: object) -> list[tuple[int, int]]:
    rows = fetch(
        "select a.person_record_id, b.person_record_id, n.family_key, n.given_key, a.value_key"
        " from person_contact a cross join person_contact b cross join person_name n cross join person_name m"
        f" where {among('a.person_record_id')} and a.kind = 'phone' and b.kind = 'phone' and a.value_key <> ''"
        " and b.value_key = a.value_key and b.person_record_id <> a.person_record_id"
        " and n.person_record_id = a.person_record_id and m.person_record_id = b.person_record_id"
        " and m.family_key = n.family_key and m.given_key = n.given_key",
        [parameter],
    )
    return [
        (one, other)
        for one, other, family, given, phone in rows
        if not is_placeholder_name(family) and not is_placeholder_name(given) and len(set(phone)) > 1
    ]


def _add_birth(found: dict[tuple[int, int], set[str]]) -> None:
    """Say of pairs found by identifier or phone whether their birth dates and names agree as well."""
    records = {record for pair in found for record in pair}
    births = dict(fetch(f"select id, birth_day from person_record where {among('id')}", [listed(records)]))
    names: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for record, family, given in fetch(
        f"select person_record_id, family_key, given_key from person_name where {among('person_record_id')}",
        [listed(records)],
    ):
        if not is_placeholder_name(family) and not is_placeholder_name(given):
            names[record].add((family, given))
    for (left, right), agrees in found.items():
        birth = births.get(left)
        if birth is not None and birth == births.get(right) and birth not in PLACEHOLDER_BIRTHS:
            agrees.add("birth date")
        if names[left] & names[right]:
            agrees.add("names")
