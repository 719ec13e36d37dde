"""Two person records side by side: what differs first, then what one does not give, then what is the same."""

from __future__ import annotations

from typing import Any

from beforehand.doors.coordinator import wording
from beforehand.record.models import PersonContact, PersonIdentifier, PersonName, PersonRecord

WORDS = {"Born": "birth dates", "Phone": "phones", "Address": "addresses"}
KINDS = {"MR": "Record number", "MB": "Member number", "SS": "Social security number", "DL": "Driver's license"}
ORDER = {"differs": 0, "unknown": 1, "met": 2}


def said(principal: Any, record: PersonRecord) -> dict[str, str]:
    """What one record says of the person, in words, by kind of field."""
    names = list(PersonName.objects.for_principal(principal).filter(person_record=record).order_by("pk"))
    contacts = list(PersonContact.objects.for_principal(principal).filter(person_record=record).order_by("pk"))
    numbers = list(PersonIdentifier.objects.for_principal(principal).filter(person_record=record).order_by("pk"))
    official = next((name for name in names if name.use in ("official", "usual", "")), names[0] if names else None)
    others = [f"{name.given} {name.family}" for name in names if name is not official]
    return {
        "Family name": official.family if official else "",
        "Given name": official.given if official else "",
        "Other names": ", ".join(dict.fromkeys(others)),
        "Born": wording.date_words(record.birth_day, nothing=""),
        "Sex": (record.sex or "").capitalize(),
        "Phone": ", ".join(dict.fromkeys(one.value for one in contacts if one.kind == "phone")),
        "Address": "; ".join(dict.fromkeys(one.value for one in contacts if one.kind == "address")),
        "E-mail": ", ".join(dict.fromkeys(one.value for one in contacts if one.kind == "email")),
        **_numbers(numbers),
    }


def _numbers(identifiers: list[PersonIdentifier]) -> dict[str, str]:
    """Numbers by who gives them out: only two of the same sort can differ."""
    found: dict[str, str] = {}
    for one in identifiers:
        giver = one.system.partition("://")[2] or one.system
        sort = KINDS.get(one.type, "Number") + (f" ({giver})" if giver else "")
        found[sort] = f"{found[sort]}, {one.value}" if sort in found and one.value not in found[sort] else one.value
    return found


def compared(left: dict[str, str], right: dict[str, str]) -> list[dict[str, Any]]:
    """The fields of both, those that differ first."""
    rows = []
    for label in dict.fromkeys((*left, *right)):
        one, other = left.get(label, ""), right.get(label, "")
        if not one and not other:
            continue
        if not one or not other:
            kind, word = "unknown", "Unknown"
        elif one.casefold() == other.casefold():
            kind, word = "met", "Same"
        else:
            kind, word = "differs", "Differs"
        rows.append(
            {"label": label, "left": one or "not given", "right": other or "not given", "kind": kind, "word": word}
        )
    rows.sort(key=lambda row: ORDER[row["kind"]])
    return rows


def lead(rows: list[dict[str, Any]], why: str) -> str:
    """Why they were not joined by themselves."""
    differing = [WORDS.get(row["label"], row["label"].lower()) for row in rows if row["kind"] == "differs"]
    if differing:
        verb = "differ" if len(differing) > 1 else "differs"
        return f"{why[:1].upper()}{why[1:]}, but {_and(differing)} {verb}. So we did not join them."
    return f"{why[:1].upper()}{why[1:]}. That is not enough to join two people by ourselves."


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
