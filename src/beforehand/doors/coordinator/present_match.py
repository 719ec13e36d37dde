"""Two person records side by side: what differs first, then what one does not give, then what is the same."""

from __future__ import annotations

from typing import Any

from beforehand.doors.coordinator import wording
from beforehand.record.matching_compare import Comparison, in_a_row
from beforehand.record.matching_words import plain
from beforehand.record.models import PersonContact, PersonIdentifier, PersonName, PersonRecord

KINDS = {"MR": "Record number", "MB": "Member number", "SS": "Social security number", "DL": "Driver's license"}
ORDER = {"differs": 0, "unknown": 1, "met": 2}
FIELDS = {
    "Family name": "family name",
    "Given name": "given name",
    "Born": "birth date",
    "Sex": "sex",
    "Phone": "phone",
    "Address": "address",
    "E-mail": "e-mail",
}


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


def compared(left: dict[str, str], right: dict[str, str], found: Comparison) -> list[dict[str, Any]]:
    """The fields of both, those that differ first. What is written in another way but means the same is the same."""
    rows: list[dict[str, Any]] = []
    for label in dict.fromkeys((*left, *right)):
        one, other = left.get(label, ""), right.get(label, "")
        if not one and not other:
            continue
        kind, word = _how(label, one, other, found)
        rows.append(
            {
                "label": label,
                "left": _marked(one, other, kind),
                "right": _marked(other, one, kind),
                "kind": kind,
                "word": word,
            }
        )
    return sorted(rows, key=lambda row: ORDER[str(row["kind"])])


def _how(label: str, one: str, other: str, found: Comparison) -> tuple[str, str]:
    if not one or not other:
        return "unknown", "Unknown"
    level = found.level(FIELDS.get(label, ""))
    if level == "same" or one.casefold() == other.casefold() or (not level and _plain(one) == _plain(other)):
        return "met", "Same"
    return "differs", "Alike" if level and level != "differs" else "Differs"


def _plain(words: str) -> str:
    return plain(words).replace(" ", "")


def _marked(words: str, other: str, kind: str) -> list[tuple[str, bool]]:
    """The words in pieces, each with whether it is what differs."""
    if not words:
        return [("not given", False)]
    if kind != "differs":
        return [(words, False)]
    mine, theirs = words.split(), {plain(word) for word in other.split()}
    pieces = [(word, plain(word) not in theirs) for word in mine]
    if not any(marked for _, marked in pieces):
        return [(words, True)]
    joined: list[tuple[str, bool]] = []
    for word, marked in pieces:
        if joined and joined[-1][1] == marked:
            joined[-1] = (f"{joined[-1][0]} {word}", marked)
        else:
            joined.append((word, marked))
    return joined


# Why they were not joined.

HINTS = {
    ("birth date", "swapped"): "Day and month may be swapped.",
    ("birth date", "near"): "It may be a slip.",
    ("given name", "short form"): "One given name is a form of the other.",
    ("given name", "initial"): "One given name is only an initial.",
    ("given name", "near"): "The given names are spelled alike.",
    ("family name", "near"): "The family names are spelled alike.",
    ("family name", "part"): "One family name is part of the other.",
    ("names", "swapped"): "Family and given name may have changed places.",
}
NUMBERS = {
    "last four": "only the last four digits of a number agree",
    "near": "their numbers are alike but not the same",
    "shared": "the number they share is held by several people",
}


def lead(found: Comparison, *, is_one_source: bool, state: str) -> str:
    """Why two records were not joined by themselves, and what may have happened."""
    reasons = _differences(found)
    hints = " ".join(words for (kind, level), words in HINTS.items() if found.level(kind) == level)
    if state == "DOUBT":
        changed = in_a_row(reasons) if reasons else "one of them has changed"
        return f"We joined them when they agreed. Since then {changed}. {hints}".strip()
    if is_one_source:
        reasons = ["one source keeps them as two records", *reasons]
    elif found.level("identifier") != "same":
        if not (found.level("identifier") == "near" and found.level("number of one kind")):
            reasons.append(NUMBERS.get(found.level("identifier"), "they share no number"))
    elif found.is_name_shortened and not found.is_certain:
        reasons.append("one leaves out a middle name and too little else agrees")
    if not reasons:
        reasons = ["one of them fits another record as well"]
    return f"We did not join them, because {in_a_row(reasons)}. {hints}".strip()


def _differences(found: Comparison) -> list[str]:
    """What differs or is missing, each as a clause."""
    clauses = []
    birth = found.level("birth date")
    if birth != "same":
        clauses.append("the birth dates differ" if birth else "a birth date is missing")
    family, given = found.level("family name"), found.level("given name")
    if not family or not given:
        clauses.append("a name is missing")
    elif family != "same" and given != "same":
        clauses.append("the names differ")
    elif family != "same" or given != "same":
        clauses.append("the family names differ" if family != "same" else "the given names differ")
    clauses += [
        words
        for kind, words in (
            ("middle name", "the middle names differ"),
            ("suffix", "the suffixes differ"),
            ("sex", "the sex differs"),
        )
        if found.level(kind) == "differs"
    ]
    own = found.level("number of one kind")
    if own in ("differs", "near"):
        slip = " by a slip" if own == "near" else ""
        clauses.append(f"their own numbers (social security or chart) differ{slip}")
    return clauses
