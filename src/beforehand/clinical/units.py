"""Units of measure: which two mean the same kind of quantity, and by what exact factor.

Reads the part of UCUM that laboratories and prescriptions use (prefix, unit, exponent, ``.`` and ``/``, annotations),
and a few spellings that are no UCUM. Exact fractions, no floats. A unit nobody can read is comparable with itself
alone, so nothing is ever converted by guess. Temperatures and other scales with an offset are not converted, and
per cent is no ratio here: 7 % and 53 mmol/mol of one HbA1c are no two numbers of one scale.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache, lru_cache
from typing import NamedTuple

from beforehand.clinical.drugs import read_table

Dimension = tuple[tuple[str, int], ...]


class Unit(NamedTuple):
    """A unit as so many of the base units of its dimension."""

    factor: Fraction
    dimension: Dimension


_PREFIXES = {
    "": 0, "G": 9, "M": 6, "k": 3, "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15,
}  # fmt: skip
# Units that take prefixes, and those that do not: factor, base, exponent of the base.
_METRIC = {
    "g": (Fraction(1), "g", 1), "m": (Fraction(1), "m", 1), "L": (Fraction(1, 1000), "m", 3),
    "l": (Fraction(1, 1000), "m", 3), "mol": (Fraction(1), "mol", 1), "eq": (Fraction(1), "eq", 1),
    "s": (Fraction(1), "s", 1), "U": (Fraction(1), "U", 1), "[iU]": (Fraction(1), "[iU]", 1),
    "[IU]": (Fraction(1), "[iU]", 1), "Pa": (Fraction(1), "Pa", 1), "osm": (Fraction(1), "osm", 1),
    "m[Hg]": (Fraction(1), "m[Hg]", 1),
}  # fmt: skip
_PLAIN = {
    "min": (Fraction(60), "s", 1), "h": (Fraction(3600), "s", 1), "d": (Fraction(86400), "s", 1),
    "wk": (Fraction(604800), "s", 1), "a": (Fraction(31557600), "s", 1), "[lb_av]": (Fraction("453.59237"), "g", 1),
    "[oz_av]": (Fraction("28.349523125"), "g", 1), "[in_i]": (Fraction("0.0254"), "m", 1),
    "[ft_i]": (Fraction("0.3048"), "m", 1), "%": (Fraction(1), "%", 1), "[1.73_m2]": (Fraction(1), "[1.73_m2]", 1),
}  # fmt: skip
_SPELLINGS = {
    "mcg": "ug", "µg": "ug", "μg": "ug", "K/uL": "10*3/uL", "k/uL": "10*3/uL", "M/uL": "10*6/uL", "mEq/L": "meq/L",
    "IU/L": "[iU]/L", "mIU/L": "m[iU]/L", "uIU/mL": "u[iU]/mL", "mmHg": "mm[Hg]", "lb": "[lb_av]", "lbs": "[lb_av]",
    "in": "[in_i]", "cells/uL": "/uL", "gm/dL": "g/dL", "mg/dl": "mg/dL", "g/dl": "g/dL",
    **dict.fromkeys(("tablet", "tablets", "tab", "tabs", "TAB", "Tablet", "tbl"), "{tbl}"),
    **dict.fromkeys(("capsule", "capsules", "cap", "caps", "CAP", "Capsule"), "{cap}"),
    "mL/min/1.73.m2": "mL/min/[1.73_m2]", "mL/min/1.73m2": "mL/min/[1.73_m2]", "mL/min/1.73 m2": "mL/min/[1.73_m2]",
}  # fmt: skip
_POWER = re.compile(r"(?:x\s?)?10[*^E](-?\d{1,2})", re.ASCII)
_COMPONENT = re.compile(r"(\D.*?)(-?\d{1,2})?", re.ASCII)
_ANNOTATION = re.compile(r"\{[^{}]*\}")


@lru_cache(maxsize=2048)
def unit_of(sent: str | None) -> Unit:
    """What a unit as sent means; one of its own where it cannot be read."""
    # UCUM gives annotations no meaning, but a kidney function per 1.73 m2 is another quantity than one that is not.
    text = _SPELLINGS.get(sent or "", sent or "").replace("{1.73_m2}", "[1.73_m2]")
    text = _ANNOTATION.sub("", text).strip()
    if text in ("", "1"):
        return Unit(Fraction(1), ())
    text = _POWER.sub(lambda found: f"10*{found[1]}", text)
    factor, bases = Fraction(1), dict[str, int]()
    for number, part in enumerate(text.replace(".", "/*").split("/")):
        sign = -1 if number and not part.startswith("*") else 1
        found = _component(part.lstrip("*") if number else part)
        if found is None:
            return Unit(Fraction(1), ((f"as sent: {sent}", 1),))
        factor *= found.factor**sign
        for base, exponent in found.dimension:
            bases[base] = bases.get(base, 0) + sign * exponent
    return Unit(factor, tuple(sorted((base, exponent) for base, exponent in bases.items() if exponent)))


def _component(text: str) -> Unit | None:
    if text in ("", "1"):
        return Unit(Fraction(1), ())
    if text.startswith("10*") and (power := text[3:] or "1").lstrip("-").isdigit():
        return Unit(Fraction(10) ** int(power), ())
    if text.isdigit():
        return Unit(Fraction(int(text)), ()) if int(text) else None
    found = _COMPONENT.fullmatch(text)
    if found is None:
        return None
    name, exponent = found[1], int(found[2] or 1)
    if name in _PLAIN:
        factor, base, of_base = _PLAIN[name]
    else:
        split = next(
            (
                (p, name[len(p) :])
                for p in sorted(_PREFIXES, key=len)
                if name.startswith(p) and name[len(p) :] in _METRIC
            ),
            None,
        )
        if split is None:
            return None
        factor, base, of_base = _METRIC[split[1]]
        factor *= Fraction(10) ** _PREFIXES[split[0]]
    return Unit(factor**exponent, ((base, of_base * exponent),) if of_base else ())


class Analyte(NamedTuple):
    """A substance that laboratories report by mass, by amount of substance or by charge."""

    name: str
    g_per_mol: Fraction | None
    eq_per_mol: Fraction | None


@cache
def analytes() -> dict[str, Analyte]:
    """LOINC code -> the analyte; all codes of one analyte are the same measurement in another kind of unit."""
    found = {}
    for row in read_table("analyte_units.csv"):
        mass, charge = row["g_per_mol"], row["eq_per_mol"]
        analyte = Analyte(row["analyte"], Fraction(mass) if mass else None, Fraction(charge) if charge else None)
        found.update(dict.fromkeys(row["loinc"].split(), analyte))
    return found


def in_moles(unit: Unit, analyte: Analyte | None) -> Unit:
    """The unit by amount of substance, where it is one by mass or charge and the analyte's factor is stated."""
    if analyte is None or len(unit.dimension) != 2:
        return unit
    bases = dict(unit.dimension)
    for base, per_mol in (("g", analyte.g_per_mol), ("eq", analyte.eq_per_mol)):
        if per_mol is not None and bases.get(base) == 1:
            rest = [(name, exponent) for name, exponent in unit.dimension if name != base]
            return Unit(unit.factor / per_mol, tuple(sorted([*rest, ("mol", 1)])))
    return unit
