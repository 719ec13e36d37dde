"""Rows of the knowledge relations about harm by medicines: interactions, doubles, allergies, kidney limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from beforehand.clinical import drugs
from beforehand.clinical.drugs import Coding, KnowledgeError, read_table, resolve
from beforehand.clinical.medicine_tables import Row

SEVERITIES = ("contraindicated", "major", "moderate", "minor")


def _pairs(left: str, right: str) -> set[tuple[int, int]]:
    """Every two different ingredients the two selectors mean, smaller number first."""
    return {(min(a, b), max(a, b)) for a in resolve(left) for b in resolve(right) if a != b}


@cache
def _quiet_pairs() -> frozenset[tuple[int, int]]:
    """Pairs that the ONC low-priority list keeps from interrupting anybody."""
    quiet: set[tuple[int, int]] = set()
    for row in read_table("onc_low_priority.csv"):
        quiet |= _pairs(row["selector_a"], row["selector_b"])
    return frozenset(quiet)


@cache
def interaction_pairs() -> dict[tuple[int, int], tuple[str, str, str, str]]:
    """(smaller, larger ingredient) -> severity, effect, action, authority: the gravest statement, quiet pairs left out.

    The low-priority list silences what is moderate or minor and the old VA list; it never silences what our
    own table, from the label, calls contraindicated or major.
    """
    found: dict[tuple[int, int], tuple[str, str, str, str]] = {}
    for row in read_table("interactions.csv"):
        if " WITH " in row["right"] or resolve(row["right"]) == frozenset():
            continue  # three medicines at once are no pair, and alcohol is no medicine
        statement = (row["severity"], row["possible_effect"], row["suggested_action"], _authority(row["basis"]))
        for pair in _pairs(row["left"], row["right"]):
            quiet = pair in _quiet_pairs() and row["severity"] not in ("contraindicated", "major")
            if not quiet and (pair not in found or _graver(row["severity"], found[pair][0])):
                found[pair] = statement
    old = ("major", "called critical without a reason given", "ask the pharmacist", "VA NDF-RT, July 2014")
    for row in read_table("va_interactions.csv"):
        pair = (int(row["ingredient_a"]), int(row["ingredient_b"]))
        if pair not in _quiet_pairs():
            found.setdefault(pair, old)
    return found


def _graver(one: str, other: str) -> bool:
    return SEVERITIES.index(one) < SEVERITIES.index(other)


def _authority(basis: str) -> str:
    words = {"ONC-HP": "ONC high-priority list, 2012", "label": "FDA label"}
    return "; ".join(words.get(part.strip(), part.strip()) for part in basis.split(";"))


def interactions() -> Iterator[Row]:
    """ingredient_a, ingredient_b, severity, effect, action, authority, in both orders."""
    for (a, b), statement in sorted(interaction_pairs().items()):
        yield a, b, *statement
        yield b, a, *statement


def duplicate_classes() -> Iterator[Row]:
    """class_a, class_b, what, action, level."""
    known = drugs.classes()
    for row in read_table("duplicate_therapy.csv"):
        a, b = row["class_a"], row["class_b"]
        for name in (a, b):
            if name not in known:
                raise KnowledgeError(f"duplicate_therapy.csv names the class {name!r}, which has no member")
        yield a, b, row["what"], row["action"], row["level"]


def allergy_crosses() -> Iterator[Row]:
    """ingredient_a, ingredient_b, verdict, note, authority: each pair as first stated."""
    seen: set[tuple[int, int]] = set()
    for row in read_table("allergy_cross_reactivity.csv"):
        for a in sorted(resolve(row["allergy"])):
            for b in sorted(resolve(row["also"])):
                if a != b and (a, b) not in seen:
                    seen.add((a, b))
                    yield a, b, row["verdict"], row["note"], row["basis"]


def renal_limits() -> Iterator[Row]:
    """ingredient, measure, below, level, what, authority."""
    for row in read_table("renal_dosing.csv"):
        for ingredient in sorted(resolve(row["selector"])):
            yield ingredient, row["measure"], int(row["below"]), row["level"], row["what"], _authority(row["basis"])


@cache
def _allergen_words() -> dict[str, str]:
    return {row["words"]: row["selector"] for row in read_table("allergens.csv")}


def _plain_allergy(text: str) -> str:
    words = drugs.plain_words(text.split("(")[0])
    for lead in ("allergy to ", "allergic reaction to ", "allergic reaction caused by ", "history of allergy to "):
        words = words.removeprefix(lead)
    for tail in (" allergy", " intolerance"):
        words = words.removesuffix(tail)
    return words


def allergens(concept: int, codings: Sequence[Coding], display: str) -> Iterator[Row]:
    """code, ingredient, class_name, matched: which medicines a recorded allergy is about."""
    for text in (*(display for _, _, display in codings), display):
        selector = _allergen_words().get(_plain_allergy(text))
        if selector:
            for ingredient in sorted(resolve(selector)):
                yield concept, ingredient, selector.partition(":")[2], "name"
            return
    found = drugs.medicine_of(codings) or drugs.medicine_by_name(_plain_allergy(display))
    if found is not None:
        for ingredient in found.ingredients:
            yield concept, ingredient, "", found.matched
