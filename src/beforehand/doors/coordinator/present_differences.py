"""A contradiction in words: two equal halves with everybody who says so, the harm, and how it was settled."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from django.urls import reverse

from beforehand.doors.coordinator import wording
from beforehand.doors.coordinator.present_lists import anchor
from beforehand.record.contradictions import BOTH, KEPT, NEITHER, REOPENED, Contradiction, Side

_KINDS = {
    "medicine": "medicine", "allergy": "allergy", "problem": "problem", "immunization": "vaccine", "result": "result",
    "coverage": "insurance",
}  # fmt: skip
_NEXT = {
    "medicine": "Ask the person what they take, then whoever prescribed it.",
    "allergy": "Ask the person what happened, and when.",
    "problem": "Ask the clinic that treats it.",
    "immunization": "Ask the registry, or see the card.",
    "result": "Ask the laboratory for the report it stands by.",
    "coverage": "Call the plan.",
}


def _says(what: str, value: str) -> str:
    return f"{what[:1].upper()}{what[1:]}: {value}"


def _side(side: Side, differs: list[str], now: int) -> dict[str, Any]:
    said = list(dict.fromkeys(one.source for one in side.said_by))
    return {
        "says": "; ".join(differs) or side.words,
        "who": ", ".join(said),
        "when": "" if side.said_day is None else f"Said {wording.day_words(side.said_day, now=now)}",
        "chips": [
            {
                "text": side.words if number == 0 else "The same",
                "source": one.source,
                "is_said": one.is_person,
                "rows": [("Who said so", one.source)],
                "url": reverse("provenance", args=[one.table, one.fact_id]),
            }
            for number, one in enumerate(side.said_by)
        ],
    }


def _named(one: Contradiction) -> str:
    """What it is about; where the name itself holds what differs, the words both sides begin with."""
    name = one.name
    for each in one.differences:
        if name == each.left:
            words = takewhile(lambda pair: pair[0] == pair[1], zip(each.left.split(), each.right.split(), strict=False))
            name = " ".join(word for word, _ in words) or name
    return name[:1].upper() + name[1:]


def contradiction(
    one: Contradiction, now: int, *, chosen: str = "", reason: str = "", errors: str = ""
) -> dict[str, Any]:
    """One contradiction as a card, with what may be chosen. Neither side comes chosen."""
    left = [_says(each.what, each.left) for each in one.differences]
    right = [_says(each.what, each.right) for each in one.differences]
    sides = [_side(one.left, left, now), _side(one.right, right, now)]
    choices = [
        (f"{KEPT}:{one.left.fact_id}", f"{sides[0]['who']}: {sides[0]['says']}"),
        (f"{KEPT}:{one.right.fact_id}", f"{sides[1]['who']}: {sides[1]['says']}"),
        (BOTH, "Both: these are two different things"),
        (NEITHER, "Neither of the two"),
    ]
    what = list(dict.fromkeys(each.what for each in one.differences))
    return {
        "anchor": anchor(one.key),
        "key": one.key,
        "seen": one.seen,
        "title": f"{_named(one)}: {' and '.join(what)} {'differs' if len(what) == 1 else 'differ'}",
        "line": f"{_KINDS.get(one.kind, one.kind).capitalize()}. {one.harm_words}",
        "sides": sides,
        "next": "" if one.is_settled else _NEXT.get(one.kind, "Ask both."),
        "choices": [(value, words, value == chosen) for value, words in choices],
        "reason": reason,
        "errors": errors,
        "reopened": one.reopened_why if one.state == REOPENED else "",
    }


def settled(one: Contradiction, now: int) -> dict[str, Any]:
    """What was settled: what holds, by whom or by which rule, why, and the way back."""
    card = contradiction(one, now)
    found = one.settled
    if found is None:
        return card
    kept = next((side for side in (one.left, one.right) if side.fact_id == found.kept_id), None)
    holds = {BOTH: "Both hold: they are two different things.", NEITHER: "Neither holds."}.get(found.outcome, "")
    if kept is not None:
        number = 0 if kept is one.left else 1
        holds = f"What {card['sides'][number]['who']} says holds: {card['sides'][number]['says']}."
    day = wording.day_words(found.settled_day, now=now)
    by = found.rule_words if found.is_rule else f"{found.by}, {day}"
    return card | {
        "outcome": holds or "Settled.",
        "by": by,
        "reason": "" if found.is_rule else found.reason,
        "undo": reverse("settlement_undo", args=[one.patient_id, found.fact_id]),
    }
