"""OBX-5: what was found, in whichever of HL7's value types it is sent; and OBX-7, what is normal."""

from __future__ import annotations

import re
from typing import Any

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.hl7v2.datatypes import (
    LONGEST_NUMBER,
    Fhir,
    address,
    coded,
    human_name,
    kept,
    number_of,
    quantity,
    telecom,
    unit_of,
)
from beforehand.intake.connectors.hl7v2.grammar import Part, Segment
from beforehand.intake.connectors.hl7v2.moments import clock_in, fhir_time
from beforehand.intake.connectors.hl7v2.scene import Scene
from beforehand.intake.connectors.hl7v2.words import COMPARATORS

CODED = frozenset(("CE", "CWE", "CNE", "CF", "IS", "ID"))
TEXT = frozenset(("TX", "FT"))
DOCUMENTS = frozenset(("ED", "RP"))
_COMPARED = re.compile(r"\s*(<=|>=|<|>|=<|=>)\s*([+-]?[0-9]*\.?[0-9]+)\s*")
_RANGE = re.compile(r"\s*([+-]?[0-9]*\.?[0-9]+)\s*(?:-|\u2013|to)\s*([+-]?[0-9]*\.?[0-9]+)\s*")
_NOT_SAID = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


def value_of(scene: Scene, segment: Segment) -> Fhir:
    """``value[x]`` of an OBX, ``component`` for what is repeated, or why there is none."""
    kind = segment.text(2).upper()
    field = segment[5]
    if not field:
        return _absent(segment)
    if kind in TEXT or (kind in ("ST", "") and field.raw.count("~") and not segment[6]):
        lines = field.raw.split(field.by.repetition)
        return _text("\n".join(Part(line, field.by).whole for line in lines))
    parts = field.repetitions()
    if not parts:
        return _absent(segment)
    first = _one(scene, segment, kind, parts[0])
    if len(parts) > 1:
        code = coded(segment[3], scene.local)
        more = [{"code": code, **_one(scene, segment, kind, part)} for part in parts[1:]]
        first["component"] = more
    return first


def _absent(segment: Segment) -> Fhir:
    code = "not-performed" if segment.text(11).upper() == "X" else "not-asked" if segment.text(11) == "N" else "unknown"
    return {"dataAbsentReason": {"coding": [{"system": _NOT_SAID, "code": code}]}}


def _text(words: str) -> Fhir:
    plain = words.strip()
    return {"valueString": plain} if plain else {}


def _one(scene: Scene, segment: Segment, kind: str, part: Part) -> Fhir:
    """One repetition of the value."""
    if kind in CODED:
        code = coded(part, scene.local)
        return {"valueCodeableConcept": code} if code else {}
    if kind in ("NM", "ST", "SI"):
        return _number_or_text(segment, part)
    if kind == "SN":
        return _structured(segment, part)
    if kind in ("DT", "TS", "DTM"):
        return _moment(scene, segment, part)
    if kind == "TM":
        clock = clock_in(part.text)
        return {"valueTime": clock} if clock else _text(part.text)
    if kind == "DR":
        ends = [fhir_time(part.words(number), scene.zone, segment.place(5)) for number in (1, 2)]
        return {"valuePeriod": kept(start=ends[0], end=ends[1])} if any(ends) else {}
    if kind in ("NR", "CQ", "MO"):
        return _pair(segment, part, kind)
    return _text(_shown(kind, part))


def _moment(scene: Scene, segment: Segment, part: Part) -> Fhir:
    try:
        said = fhir_time(part.text, scene.zone, segment.place(5))
    except ItemError:
        return _text(part.text)  # the sender's type is wrong; its words still stand
    return {"valueDateTime": said} if said else {}


def _number_or_text(segment: Segment, part: Part) -> Fhir:
    """A number; with a comparator too; text where it is none. ST counts as a number where the unit is said."""
    words = part.whole.strip()
    if segment.text(2).upper() == "ST" and not segment[6]:
        return _text(words)
    unit = unit_of(segment[6])
    found = quantity(words, unit)
    if found is not None:
        return {"valueQuantity": found}
    compared = _COMPARED.fullmatch(words) if len(words) < LONGEST_NUMBER else None
    if compared and (number := number_of(compared[2])) is not None:
        sign = compared[1].replace("=<", "<=").replace("=>", ">=")
        return {"valueQuantity": {"value": number, "comparator": sign, **unit}}
    return _text(words)


def _structured(segment: Segment, part: Part) -> Fhir:
    """SN: comparator, number, separator, number."""
    sign, low, between, high = (part.words(number) for number in range(1, 5))
    unit = unit_of(segment[6])
    one, other = number_of(low), number_of(high)
    if one is not None and not between and not high:
        if sign in COMPARATORS:
            return {"valueQuantity": {"value": one, "comparator": sign, **unit}}
        if sign in ("", "="):
            return {"valueQuantity": {"value": one, **unit}}
    if one is not None and other is not None and sign in ("", "="):
        if between == "-":
            return {"valueRange": {"low": {"value": one, **unit}, "high": {"value": other, **unit}}}
        if between in (":", "/"):
            return {"valueRatio": {"numerator": {"value": one}, "denominator": {"value": other}}}
    return _text("".join((sign, low, between, high)))


def _pair(segment: Segment, part: Part, kind: str) -> Fhir:
    first, second = part.component(1), part.component(2)
    if kind == "NR":
        unit = unit_of(segment[6])
        ends = kept(low=quantity(first.text, unit), high=quantity(second.text, unit))
        return {"valueRange": ends} if ends else _text(part.joined(" - "))
    unit = unit_of(second) if kind == "CQ" and second else unit_of(segment[6])
    found = quantity(first.text, unit) if kind == "CQ" else None
    return {"valueQuantity": found} if found else _text(part.joined())


def _shown(kind: str, part: Part) -> str:
    """Values of other types in words, so that people still see them."""
    if kind in ("XPN", "PPN"):
        name = human_name(part) or {}
        return " ".join([*name.get("given", ()), name.get("family", "")])
    if kind == "XAD":
        found: dict[str, Any] = address(part) or {}
        return ", ".join([*found.get("line", ()), *(str(found[name]) for name in ("city", "state") if name in found)])
    if kind == "XTN":
        return str((telecom(part) or {}).get("value", "")) or part.joined()
    return part.joined()


def normal_range(segment: Segment) -> list[Fhir]:
    """OBX-7: the words as sent, and the ends where they are numbers."""
    words = segment[7].whole.strip()
    if not words:
        return []
    unit = unit_of(segment[6])
    ends: Fhir = {}
    is_short = len(words) < 2 * LONGEST_NUMBER
    span, compared = (_RANGE.fullmatch(words), _COMPARED.fullmatch(words)) if is_short else (None, None)
    if span:
        ends = kept(low=quantity(span[1], unit), high=quantity(span[2], unit))
    elif compared:
        end = quantity(compared[2], unit)
        ends = kept(**{"high" if "<" in compared[1] else "low": end})
    return [{**ends, "text": words}]
