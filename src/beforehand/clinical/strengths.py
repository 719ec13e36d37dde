"""The strength that a medicine's name states: ``metformin 500 MG Oral Tablet`` -> 500 mg."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

Strength = frozenset[tuple[Fraction, str]]
_AMOUNT = re.compile(
    r"(?<![\w.])(\d[\d,]*(?:\.\d+)?)\s*(mcg|ug|mg|g|gm|unt|unit|units|iu|meq|mmol|%)"
    r"(?:\s*/\s*(\d+(?:\.\d+)?)?\s*(ml|hr|h|actuat|mg|g))?(?![\w])",
    re.IGNORECASE,
)
_MG = {"mcg": Fraction(1, 1000), "ug": Fraction(1, 1000), "mg": Fraction(1), "g": Fraction(1000), "gm": Fraction(1000)}
_UNITS = {"unit": "unt", "units": "unt", "iu": "unt", "h": "hr"}


@lru_cache(maxsize=16_384)
def strength_in(words: str) -> Strength:
    """The amounts a name states, each in milligrams where it is a mass; empty where it states none."""
    found = set()
    for number, unit, per, of in _AMOUNT.findall(words):
        amount, unit = Fraction(number.replace(",", "")), unit.lower()
        if unit in _MG:
            amount, unit = amount * _MG[unit], "mg"
        unit = _UNITS.get(unit, unit)
        if of:
            amount /= Fraction(per or 1) or 1
            unit += f"/{_UNITS.get(of.lower(), of.lower())}"
        found.add((amount, unit))
    return frozenset(found)
