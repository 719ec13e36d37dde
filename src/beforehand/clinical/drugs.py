"""Medicines by name and code: which ingredients are in a product, what class an ingredient belongs to.

A medicine nobody can place is answered with None, never with a guess: a combination of which one part
is unknown counts as unknown, because half a product checked is a false "nothing found".
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from beforehand.clinical.content import content_root

Coding = tuple[str, str, str]  # system token, code, display


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FORMS = _listed(
    """tablet tablets tab tabs capsule capsules cap caps oral solution suspension injection injectable patch transdermal
    system cream ointment lotion gel topical spray inhaler inhalation powder syrup elixir drops ophthalmic otic nasal
    extended release delayed er xr sr xl dr ir chewable disintegrating effervescent film coated pack kit prefilled
    syringe auto injector autoinjector cartridge pen implant drug ring vaginal suppository rectal mucosal intrauterine
    device metered dose dry sublingual buccal product pill liquid day daily unit"""
)
_SALTS = _listed(
    """hydrochloride hcl hydrocholoride sodium potassium calcium magnesium maleate tartrate bitartrate succinate sulfate
    sulphate besylate hydrobromide phosphate acetate mesylate fumarate citrate nitrate propionate furoate xinafoate
    dihydrate monohydrate trihydrate anhydrous disodium dipropionate valerate tosylate macrocrystals
    monohydrates"""
)
_UNITS = _listed("mg ml mcg ug g gm iu unt meq mmol hr hrs actuat nda abuse deterrent percent")
_NUMBER = re.compile(r"^(\d.*|nda\d+|anda\d+)$")
_LOCAL = re.compile(
    r"\b(topical|ophthalmic|otic|shampoo|mouthwash|toothpaste|medicated pad|soap|irrigation|cream|ointment|lotion"
    r"|paste|oral rinse)\b",
    re.IGNORECASE,
)


class KnowledgeError(ValueError):
    """A shipped knowledge table cannot be read as it should; says which table and row."""


class Medicine(NamedTuple):
    """What a coded or named medicine contains."""

    ingredients: tuple[int, ...]
    is_local: bool  # cream, eye drops and the like, which hardly reach the blood
    matched: str  # "code", or "name" where only the words could be placed


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of knowledge/<name>, plain or compressed."""
    return list(csv.DictReader(io.StringIO(_bytes(name).decode("utf-8"))))


def digest_of(*names: str) -> str:
    """One digest of the named knowledge tables as shipped."""
    whole = hashlib.sha256()
    for name in names:
        whole.update(name.encode())
        whole.update(hashlib.sha256((content_root() / "knowledge" / name).read_bytes()).digest())
    return whole.hexdigest()


def _bytes(name: str) -> bytes:
    raw = (content_root() / "knowledge" / name).read_bytes()
    return gzip.decompress(raw) if name.endswith(".gz") else raw


@cache
def ingredient_names() -> dict[int, str]:
    """Every ingredient of the shipped RxNorm copy, by its number."""
    return {int(row["ingredient"]): row["name"] for row in read_table("rxnorm_ingredients.csv.gz")}


@cache
def _products() -> dict[str, str]:
    """Product, brand, group or ingredient number -> its line, split only when it is asked for."""
    lines = _bytes("rxnorm_products.csv.gz").decode().splitlines()[1:]
    products = {line[: line.index(",")]: line for line in lines}
    for row in read_table("medicine_supplement.csv"):
        products.setdefault(row["rxcui"], f"{row['rxcui']},,{row['ingredients']},{row['is_local']}")
    return products


@cache
def _names() -> dict[str, tuple[int, ...]]:
    lines = _bytes("rxnorm_names.csv.gz").decode().splitlines()[1:]
    split = (line.rpartition(",") for line in lines)
    names = {name.strip('"'): tuple(int(part) for part in found.split(";")) for name, _, found in split}
    for row in read_table("medicine_supplement.csv"):
        names.setdefault(plain_words(row["name"]), tuple(int(part) for part in row["ingredients"].split(";")))
    return names


@cache
def _ndc_text() -> bytes:
    return b"\n" + _bytes("ndc.csv.gz")


def plain_words(text: str) -> str:
    """Lower-case words and numbers only, single-spaced: how names are compared."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower()).split())


def _by_rxcui(code: str) -> Medicine | None:
    line = _products().get(code)
    if line is None:
        return None
    _, _, ingredients, is_local = line.split(",")
    return Medicine(tuple(int(part) for part in ingredients.split(";")), is_local == "1", "code")


def ndc_eleven(code: str) -> str:
    """The eleven digits of an NDC written with or without hyphens; empty when they cannot be told."""
    parts = code.strip().split("-")
    if len(parts) == 3:
        padded = "".join(part.zfill(width) for part, width in zip(parts, (5, 4, 2), strict=True))
        return padded if len(padded) == 11 and padded.isdigit() else ""
    return parts[0] if len(parts) == 1 and len(parts[0]) == 11 and parts[0].isdigit() else ""


def _rxcui_of_ndc(code: str) -> str:
    digits = ndc_eleven(code)
    text = _ndc_text()
    start = text.find(b"\n" + digits.encode() + b",") if digits else -1
    return text[start + 13 : text.index(b"\n", start + 13)].strip().decode() if start >= 0 else ""


def rxnorm_codes(codings: Iterable[Coding]) -> list[str]:
    """The RxNorm numbers of a coded product: its own, then those its NDCs stand for."""
    listed = list(codings)
    own = [code for system, code, _ in listed if system == "rxnorm"]
    return own + [found for system, code, _ in listed if system == "ndc" and (found := _rxcui_of_ndc(code))]


def _by_ndc(code: str) -> Medicine | None:
    rxcui = _rxcui_of_ndc(code)
    return _by_rxcui(rxcui) if rxcui else None


def _is_tail(word: str) -> bool:
    return word in _FORMS or word in _SALTS or word in _UNITS or bool(_NUMBER.match(word))


def _one_name(text: str) -> tuple[int, ...] | None:
    """The ingredients of one named part: a known name, after which only strength, salt and form may stand."""
    words = plain_words(text).split()
    while words and (_NUMBER.match(words[0]) or words[0] in _UNITS or words[0] in _FORMS):
        words.pop(0)
    names = _names()
    for length in range(min(len(words), 8), 0, -1):
        found = names.get(" ".join(words[:length]))
        if found is not None and all(_is_tail(word) for word in words[length:]):
            return found
    return None


def medicine_by_name(text: str) -> Medicine | None:
    """What a medicine written in words contains; None unless every part of it is known."""
    bare = re.sub(r"\[[^\]]*\]|\([^)]*\)", " ", text)
    brand = re.search(r"\[([^\]]+)\]", text)
    ingredients: set[int] = set()
    for part in re.split(r"\s/\s", bare):
        found = _one_name(part)
        if found is None:
            whole = _one_name(brand.group(1)) if brand else None
            return Medicine(whole, bool(_LOCAL.search(text)), "name") if whole else None
        ingredients.update(found)
    return Medicine(tuple(sorted(ingredients)), bool(_LOCAL.search(text)), "name")


def medicine_of(codings: Iterable[Coding], words: str = "") -> Medicine | None:
    """What a coded medicine contains: by RxNorm code, else by NDC, else by its exact name; None when unknown."""
    listed = list(codings)
    for system, code, _ in listed:
        if system == "rxnorm" and (found := _by_rxcui(code)):
            return found
    for system, code, _ in listed:
        if system == "ndc" and (found := _by_ndc(code)):
            return found
    for text in (*(display for _, _, display in listed), words):
        if text and (found := medicine_by_name(text)):
            return found
    return None


@cache
def classes() -> dict[str, frozenset[int]]:
    """Class -> its ingredients."""
    return _grouped("classes")


@cache
def flags() -> dict[str, frozenset[int]]:
    """Flag (a property that matters for safety) -> the ingredients that carry it."""
    return _grouped("flags")


def _grouped(column: str) -> dict[str, frozenset[int]]:
    groups: dict[str, set[int]] = {}
    for row in read_table("drug_classes.csv"):
        for name in filter(None, row[column].split(";")):
            groups.setdefault(name, set()).add(int(row["ingredient"]))
    return {name: frozenset(members) for name, members in groups.items()}


@cache
def classified() -> frozenset[int]:
    """Ingredients that somebody has placed in our class table; absence here must never read as safety."""
    return frozenset(int(row["ingredient"]) for row in read_table("drug_classes.csv"))


@cache
def _ingredient_by_name() -> dict[str, int]:
    names = {name.lower(): number for number, name in ingredient_names().items()}
    names.update({row["name"].lower(): int(row["ingredient"]) for row in read_table("drug_classes.csv")})
    return names


LIFESTYLE = frozenset({"drug:alcohol"})  # an interaction partner that is no medicine


def resolve(selector: str) -> frozenset[int]:
    """The ingredients a selector means: ``class:x``, ``flag:x``, ``drug:x``; a comma means or."""
    found: set[int] = set()
    for part in (piece.strip() for piece in selector.split(",")):
        kind, _, name = part.partition(":")
        if part in LIFESTYLE:
            continue
        if kind == "class" and name in classes():
            found |= classes()[name]
        elif kind == "flag" and name in flags():
            found |= flags()[name]
        elif kind == "drug" and (one := _ingredient_by_name().get(name) or _sole(name)):
            found.add(one)
        else:
            raise KnowledgeError(f"selector {part!r} names no class, flag or ingredient; correct the knowledge table")
    return frozenset(found)


def _sole(name: str) -> int | None:
    found = _names().get(plain_words(name), ())
    return found[0] if len(found) == 1 else None
