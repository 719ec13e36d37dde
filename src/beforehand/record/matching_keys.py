"""Under which keys a person record is filed, so that whoever might be the same person is found without a search.

Each key joins two traits, so that one wrong trait leaves another way; a number of its own is enough. A key is a
digest: the table of keys gives away nothing it was made from.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from itertools import product

import jellyfish

from beforehand.record.matching_compare import Person
from beforehand.record.matching_words import Name, day_and_month, forms_of

EDITION = 1  # raise it when keys are made another way: every record is filed anew


def number_key(system: str, value: str) -> int:
    """The key of one identifier."""
    return _digest("I", system, value)


def keys_of(person: Person) -> set[int]:
    """Every key of a record."""
    return {_digest(*parts) for parts in _parts(person)}


def _digest(*parts: str) -> int:
    return int.from_bytes(blake2b("\x1f".join(parts).encode(), digest_size=8).digest(), "big", signed=True)


@lru_cache(maxsize=50_000)
def _sound(token: str) -> str:
    """How a name sounds; letters no rule knows stay as they are."""
    return (jellyfish.metaphone(token) if token.isascii() else "") or token


@lru_cache(maxsize=50_000)
def _given_codes(given: str) -> frozenset[str]:
    """How a given name sounds, and the groups of short forms it belongs to."""
    return frozenset({_sound(given), *(f"={group}" for group in forms_of(given))})


def _names(name: Name) -> tuple[set[str], set[str]]:
    """(codes of the family name, codes of the given names)."""
    families = {_sound(part) for part in name.families} | ({_sound(name.family)} if name.family else set())
    givens: set[str] = set()
    for given in name.given[:2]:
        if len(given) > 1:
            givens |= _given_codes(given)
    if name.is_given_initial:
        givens.add(f"{name.first}.")
    return families, givens


def _parts(person: Person) -> Iterator[tuple[str, ...]]:
    for number in person.identifiers:
        if number.value:
            yield "I", number.system, number.value
        if number.last_four and person.known_birth is not None:
            yield "LY", number.last_four, str(day_and_month(person.known_birth)[0])
        if number.last_four:
            for name in person.names:
                for code in _names(name)[0]:
                    yield "LN", number.last_four, code
    born = person.known_birth
    places = [f"{address.key}" for address in person.addresses]
    reached = [*person.phones, *person.emails, *places]
    if born is not None:
        for place in reached:
            yield "PB", place, str(born)
    for name in person.names:
        families, givens = _names(name)
        if born is not None:
            for code in families | givens:
                yield "B", str(born), code
            year, month, day = day_and_month(born)
            low, high = sorted((month, day))
            for family, given in product(families, givens):
                first, second = sorted((family, given))
                yield "NY", first, second, str(year)
                yield "ND", first, second, f"{low}-{high}"
        for place in reached:
            for code in families | givens:
                yield "P", place, code
