"""Times as HL7 v2 writes them (``20240305143000.123-0500``) as FHIR writes them, no finer than they were said."""

from __future__ import annotations

import re
from calendar import monthrange

from beforehand.intake.connectors.errors import ItemError
from beforehand.intake.connectors.hl7v2.grammar import RESEND, Part

_TIME = re.compile(
    r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(\.[0-9]{1,9})?)?)?)?)?)?([+-][0-9]{4})?"
)
_CLOCK = re.compile(r"([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:\.[0-9]{1,9})?)?)?(?:[+-][0-9]{4})?")
_EMPTY = re.compile(r"0+")
_DASHED = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?)?")
LAST_YEAR = 2100
_ODD_ZERO = "-0000"


def offset_of(raw: str) -> str:
    """The offset that a time states, as ``-05:00``; empty when it states none."""
    found = _TIME.fullmatch(raw.strip())
    zone = found[8] if found else None
    return f"{zone[:3]}:{zone[3:]}" if zone and zone != _ODD_ZERO else ""


def fhir_time(raw: str, zone: str, place: str) -> str | None:
    """The FHIR date or dateTime; None when nothing is said. ``zone`` is the message's offset, where it states one.

    ``ItemError`` names the place where it cannot be read. An hour without minutes is kept as its day, a day that its
    month does not have as the month.
    """
    said = raw.strip()
    if not said or said == '""' or _EMPTY.fullmatch(said):
        return None
    found = _TIME.fullmatch(said)
    if found is None:
        dashed = _DASHED.fullmatch(said)  # some senders write dates as people do
        if dashed is None:
            raise ItemError(
                place, "It is not a time as HL7 v2 writes it, such as 20240305 or 202403051430-0500.", RESEND
            )
        found = _TIME.fullmatch("".join(part or "" for part in dashed.groups()))
        assert found is not None
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    date = "-".join(part for part in (year, month, day) if part)
    if int(year) > LAST_YEAR:
        return None  # 99991231 and the like stand for no end
    if day is None or month == "00" or day == "00":
        return year if month in (None, "00") else f"{year}-{month}"
    if "01" <= month <= "12" and monthrange(int(year) or 1, int(month))[1] < int(day) <= 31:
        return f"{year}-{month}"  # such as 29 February of a common year: the month is all that can be meant
    if minute is None or (hour == "24" and minute == "00"):
        return date
    own = f"{offset[:3]}:{offset[3:]}" if offset and offset != _ODD_ZERO else zone
    return f"{date}T{hour}:{minute}:{second or '00'}{(fraction or '')[:4]}{own}"


def time_in(part: Part, zone: str, place: str) -> str | None:
    """The FHIR time of a field's first component."""
    return fhir_time(part.text, zone, place)


def clock_in(raw: str) -> str | None:
    """A time of day as FHIR writes it; None when it is none."""
    found = _CLOCK.fullmatch(raw.strip())
    return f"{found[1]}:{found[2] or '00'}:{found[3] or '00'}" if found else None
