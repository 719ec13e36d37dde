"""Lists of medicines, allergies and problems in words: as they stand, as they are gone through, as they were signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse

from beforehand.care.medicines.answers import ANSWERS, MOST_ADDED, TOLD_BY
from beforehand.care.medicines.handing import Handing
from beforehand.care.medicines.lines import (
    ALLERGIES,
    FILLED,
    KINDS,
    LISTED,
    MEDICINES,
    PRESCRIBED,
    PROBLEMS,
    SAID,
    Fact,
    Line,
    ListNow,
)
from beforehand.care.medicines.seen import Difference
from beforehand.care.medicines.signed import SignedEntry, SignedList, Signing
from beforehand.doors.coordinator import wording
from beforehand.record.contradictions import Contradiction

TITLES = {MEDICINES: "Medicines", ALLERGIES: "Allergies", PROBLEMS: "Problems"}
ONE = {MEDICINES: ("medicine", "medicines"), ALLERGIES: ("allergy", "allergies"), PROBLEMS: ("problem", "problems")}
SORTS = {
    PRESCRIBED: "Last prescribed",
    FILLED: "Last filled",
    SAID: "Last said by the patient",
    LISTED: "On a list of",
}
COLUMNS = {
    MEDICINES: (PRESCRIBED, FILLED, SAID),
    ALLERGIES: (LISTED,),
    PROBLEMS: (LISTED,),
}
BLANKS = 3  # rows for what no record holds; more come with each saving
_LEAD = {
    MEDICINES: "What was prescribed, what was filled and what the patient says are three different facts. None wins.",
    ALLERGIES: "What each source says the person reacts to. Nothing on record is not “no allergies”.",
    PROBLEMS: "What each source says the person has, or had.",
}
_EMPTY = {
    MEDICINES: "No source lists a medicine now. That is not “takes nothing”.",
    ALLERGIES: "No source has said. That is not “no allergies”.",
    PROBLEMS: "No source lists a problem. That is not “healthy”.",
}
_NOTHING = {PRESCRIBED: "No order on record", FILLED: "No fill on record", SAID: "Nobody has asked"}
_PAST = {MEDICINES: "Stopped or run out", ALLERGIES: "Not so, or over", PROBLEMS: "Over, or not so"}


def fact(one: Fact) -> dict[str, Any]:
    """One fact as a chip: how and when, and who said so."""
    words = ", ".join(part for part in (one.day_words or "No date", one.state) if part)
    return {
        "text": words,
        "words": one.words,
        "source": one.source,
        "is_said": one.is_said,
        "rows": [("Who said so", one.source), ("What", one.words or "no more than the name")],
        "url": reverse("provenance", args=[one.table, one.fact_id]),
    }


def cell(line: Line, sort: str) -> dict[str, Any]:
    """One sort of fact about a line: the newest in full, how many older ones there are."""
    facts = line.facts.get(sort) or []
    return {
        "label": SORTS[sort],
        "newest": fact(facts[0]) if facts else None,
        "others": [fact(one) for one in facts[1:6]],
        "nothing": _NOTHING.get(sort, ""),
    }


def line(one: Line, kind: str, now: int, differing: Iterable[Contradiction] = ()) -> dict[str, Any]:
    """One line of a list."""
    cells = [cell(one, sort) for sort in COLUMNS[kind]]
    if kind == MEDICINES and one.facts.get(LISTED):
        cells[0]["listed"] = [fact(each) for each in one.facts[LISTED][:3]]
    runs_out = "" if one.runs_out is None else wording.day_words(one.runs_out, now=now)
    return {
        "key": one.key,
        "name": one.name,
        "cells": cells,
        "runs_out": runs_out,
        "is_late": one.runs_out is not None and one.runs_out <= now + 3,
        "differs": [_differs(each, one) for each in differing],
        "every": [fact(each) for each in one.every],
    }


def _differs(one: Contradiction, of: Line) -> dict[str, str]:
    parts = [f"{each.what}: {each.left} or {each.right}" for each in one.differences]
    url = reverse("differences", args=[one.patient_id])
    return {"words": "; ".join(parts), "harm": one.harm_words, "url": f"{url}#{anchor(one.key)}"}


def anchor(key: str) -> str:
    """A contradiction's place on the page."""
    return "d-" + key.replace(":", "-")


def of_line(one: Line, contradictions: Iterable[Contradiction]) -> list[Contradiction]:
    """The contradictions about a line that nobody has settled."""
    numbers = {each.key for each in one.every}
    return [
        each
        for each in contradictions
        if not each.is_settled and numbers & {(side.table, side.fact_id) for side in (each.left, each.right)}
    ]


def standing(now: ListNow, contradictions: list[Contradiction], patient_url: str) -> dict[str, Any]:
    """The list as it stands."""
    kind, day = now.kind, now.as_of
    shown = [line(one, kind, day, of_line(one, contradictions)) for one in now.current]
    past = [line(one, kind, day) for one in now.past]
    none_known = [fact(each) for one in now.lines if one.is_none_known for each in one.every]
    return {
        "kind": kind,
        "heading": TITLES[kind],
        "lead": _LEAD[kind],
        "caption": wording.count_words(len(shown), *ONE[kind]),
        "columns": [SORTS[sort] for sort in COLUMNS[kind]] if kind == MEDICINES else ["Who says so"],
        "is_medicines": kind == MEDICINES,
        "lines": shown,
        "past": past,
        "past_title": _PAST[kind],
        "none_known": none_known,
        "empty": _EMPTY[kind],
        "patient_url": patient_url,
        "kinds": [("Lists", [(TITLES[one], reverse(one, args=[now.patient_id]), one == kind) for one in KINDS])],
    }


def when_signed(signing: Signing) -> str:
    """``Mon, Nov 23, 4:52 pm``."""
    return wording.moment_words(signing.signed_at)


def who_saw(signings: list[Signing], opened: list[tuple[str, datetime]], given: list[Handing]) -> dict[str, Any]:
    """Who signed it last, who opened it, to whom it was given."""
    newest = signings[0] if signings else None
    return {
        "signed": f"{newest.by}, {when_signed(newest)}" if newest else "",
        "signed_url": reverse("signed_list", args=[newest.list_id]) if newest else "",
        "earlier": [
            {"words": f"{one.by}, {when_signed(one)}", "url": reverse("signed_list", args=[one.list_id])}
            for one in signings[1:6]
        ],
        "opened": [f"{name}, {wording.moment_words(at)}" for name, at in opened[:4]],
        "given": [f"{one.words}, {one.day_words}" for one in given[:4]],
    }


def difference(one: Difference) -> dict[str, Any]:
    """What changed on a line, both sides equal."""
    titles = {"NEW": "new on the list", "GONE": "no longer on the list", "CHANGED": "said anew"}
    return {
        "title": f"{one.name}: {titles[one.what]}",
        "rows": [
            {"label": SORTS[sort], "then": then or "nothing", "now": now or "nothing"} for sort, then, now in one.both
        ],
    }


def form(
    now: ListNow,
    seen: str,
    given: Mapping[str, str],
    *,
    contradictions: list[Contradiction],
    errors: Mapping[str, str],
    changed: list[Difference],
) -> dict[str, Any]:
    """The list as a form: each line with its facts and one answer, nothing chosen beforehand."""
    day, kind = now.as_of, now.kind
    fresh = {one.key for one in changed}
    lines = []
    for number, one in enumerate(now.current, start=1):
        shown = line(one, kind, day, of_line(one, contradictions))
        chosen = "" if one.key in fresh else given.get(f"answer-{one.key}", "")
        lines.append(
            shown
            | {
                "number": number,
                "choices": [(value, words, value == chosen) for value, words in ANSWERS[kind]],
                "words": given.get(f"words-{one.key}", ""),
                "error": errors.get(one.key, ""),
                "is_fresh": one.key in fresh,
            }
        )
    filled = [
        (given.get(f"added-name-{number}", ""), given.get(f"added-words-{number}", "")) for number in range(MOST_ADDED)
    ]
    used = sum(1 for name, words in filled if name or words)
    return {
        "kind": kind,
        "heading": TITLES[kind],
        "one": ONE[kind][0],
        "lines": lines,
        "seen": seen,
        "added": [
            {"number": number, "name": name, "words": words}
            for number, (name, words) in enumerate(filled[: min(MOST_ADDED, used + BLANKS)])
        ],
        "told_by": [(value, words, given.get("told_by") == value) for value, words in TOLD_BY],
        "none_known": kind == ALLERGIES,
        "none_known_chosen": bool(given.get("none_known")),
        "note": given.get("note", ""),
        "errors": {name: words for name, words in errors.items() if name in ("told_by", "added", "none_known", "")},
        "error_count": len(errors),
        "changed": [difference(one) for one in changed],
        "empty": _EMPTY[kind],
        "is_medicines": kind == MEDICINES,
    }


def signed(one: SignedList, changed: list[Difference], given: list[Handing], now: int) -> dict[str, Any]:
    """A signed list as it was, with what has changed since."""
    return {
        "heading": f"{TITLES[one.kind]}, signed {wording.day_words(one.signed_day, now=now)}",
        "by": one.by,
        "when": when_signed(one),
        "told_by": one.told_by_words,
        "note": one.note,
        "none_known": one.none_known,
        "hidden": wording.count_words(one.hidden, "line") if one.hidden else "",
        "entries": [
            {
                "name": entry.name,
                "answer": entry.answer_words(one.kind),
                "is_off": entry.answer in ("not-taking", "no", "over"),
                "is_unsure": entry.answer == "unsure",
                "differs": entry.answer in ("not-taking", "changed", "no"),
                "words": entry.words,
                "was": [(SORTS[sort], words) for sort, words in entry.was.items()],
            }
            for entry in one.entries
        ],
        "changed": [difference(each) for each in changed],
        "given": [
            {
                "words": f"{each.words}, {each.day_words}",
                "by": each.by,
                "undo": reverse("giving_undo", args=[each.fact_id]),
            }
            for each in given
        ],
        "list_url": reverse(one.kind, args=[one.patient_id]),
        "list_words": TITLES[one.kind],
        "patient_url": reverse("person", args=[one.patient_id]),
        "print_url": reverse("signed_list_print", args=[one.list_id]),
        "give_url": reverse("signed_list_give", args=[one.list_id]),
        "undo_url": reverse("signed_list_undo", args=[one.list_id]),
        "again_url": reverse(f"reconcile_{one.kind}", args=[one.patient_id]),
    }


_PRINTED = {
    "taking": "Take", "changed": "Take", "added": "Take", "unsure": "Ask about", "not-taking": "Not taking",
    "yes": "Yes", "no": "Not so", "over": "Over",
}  # fmt: skip


def printed(one: SignedList, changed: list[Difference]) -> dict[str, Any]:
    """The list to hand out, in plain words: what is taken, what is not, what to ask about."""
    groups: dict[str, list[dict[str, str]]] = {}
    titles = {
        MEDICINES: {
            "Take": "You take",
            "Ask about": "Not sure: ask about",
            "Not taking": "You say that you do not take",
        },
        ALLERGIES: {"Yes": "Allergies", "Take": "Allergies", "Ask about": "Not sure: ask about", "Not so": "Not so"},
        PROBLEMS: {"Yes": "Now", "Take": "Now", "Over": "Over", "Ask about": "Not sure: ask about", "Not so": "Not so"},
    }[one.kind]
    for entry in one.entries:
        title = titles[_PRINTED[entry.answer]]
        groups.setdefault(title, []).append({"name": entry.name, "how": _how(entry)})
    order = list(dict.fromkeys(titles.values()))
    return {
        "groups": [(title, groups[title]) for title in order if title in groups],
        "changed": [each.name for each in changed],
    }


def _how(entry: SignedEntry) -> str:
    """How it is taken, in the sender's words and the person's own, none of ours; and where to ask."""
    order, said = (entry.was.get(sort, "").rpartition("; ")[0] for sort in (PRESCRIBED, SAID))
    words = entry.words.rstrip(".")
    if entry.answer == "changed":
        return f"You say: {words}." + (f" Ordered: {order}. Ask which is right." if order else "")
    if entry.answer == "not-taking":
        return ". ".join(
            part for part in (words, "It is ordered. Ask before you leave it out" if order else "") if part
        )
    return words or order or said.removeprefix("takes it, ")
