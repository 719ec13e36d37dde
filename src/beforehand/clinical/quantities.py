"""Numbers with a unit, exact to the digit: as sent, and as whole millionths for rules; money as whole cents."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache

MICRO = 1_000_000
LARGEST_MICRO = 2**63 - 1
_PLACES = Decimal(1)
_NUMERAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")


class QuantityError(ValueError):
    """A number that cannot be kept. The message names the fault, never the value."""


class Numeral(str):
    """A JSON number kept digit for digit, because a float would shorten it (7.10) or round it."""

    __slots__ = ()


Number = int | float | Numeral


def numeral(literal: str) -> float | Numeral:
    """The float when its digits are the literal's own, else the literal itself. A hook for JSON readers."""
    value = float(literal)
    return value if repr(value) == literal else Numeral(literal)


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool):
        raise QuantityError("true or false stands where a number is due")
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        if value - value != 0:
            raise QuantityError("infinity or no number stands where a number is due")
        return Decimal(repr(value))
    if isinstance(value, Numeral):
        return Decimal(value)
    raise QuantityError("something else stands where a number is due")


def text_of(value: Number) -> str:
    """The number as sent, digit for digit."""
    if isinstance(value, float):
        words = repr(value)
        return format(Decimal(words), "f") if "e" in words else words
    return str(value)


@lru_cache(maxsize=16_384)
def _whole(value: Decimal, scale: int) -> int:
    try:
        whole = (value * scale).quantize(_PLACES, rounding=ROUND_HALF_EVEN)
    except InvalidOperation:
        raise QuantityError("the number is too large to be kept exactly") from None
    if not -LARGEST_MICRO <= whole <= LARGEST_MICRO:
        raise QuantityError("the number is too large to be kept exactly")
    return int(whole)


def micro_of(value: object) -> int:
    """The number times 1,000,000; digits beyond the sixth are rounded half to even."""
    if type(value) is int and -(10**12) < value < 10**12:
        return value * MICRO
    if type(value) is float and -1e6 < value < 1e6:
        scaled = value * MICRO
        nearest = round(scaled)
        if -0.4 < scaled - nearest < 0.4:  # far from a half, so the float's error cannot change the digit
            return nearest
    return _whole(_decimal(value), MICRO)


def cents_of(value: object) -> int:
    """An amount of dollars in whole cents; a fraction of a cent is rounded half to even."""
    if type(value) is float and -1e9 < value < 1e9:
        scaled = value * 100
        nearest = round(scaled)
        if -0.4 < scaled - nearest < 0.4:
            return nearest
    return _whole(_decimal(value), 100)


def whole_of(value: object) -> int | None:
    """The number when it is whole, else nothing: half a day's supply is not a day's."""
    exact = _decimal(value)
    return int(exact) if exact == exact.to_integral_value() and abs(exact) < LARGEST_MICRO else None


def read_number(text: str) -> Numeral:
    """Read a number written by a person or a file, such as ``9.1``."""
    plain = text.strip()
    if _NUMERAL.fullmatch(plain) is None:
        raise QuantityError("it is not a number such as 9.1")
    return Numeral(plain)


def read_quantity(text: str) -> tuple[int, str | None, str]:
    """Read ``9.1 %`` into millionths, unit and digits, as a quantity is stored."""
    digits, _, unit = text.strip().partition(" ")
    number = read_number(digits)
    return micro_of(number), unit.strip() or None, str(number)
