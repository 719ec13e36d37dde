"""Rows of the knowledge relations about medicines that rules of a family name by selector, schedule and strength."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from beforehand.clinical.drugs import Coding, read_table, resolve, rxnorm_codes

Row = tuple[int | str | None, ...]

# Families whose rows name medicines by selector: ``medicines``, ``with_medicines`` and ``third_medicines``.
FAMILIES = (
    "condition_cautions.csv",
    "medicine_monitoring.csv",
    "older_adult_cautions.csv",
    "result_cautions.csv",
    "three_medicines.csv",
)
_PARTS = ("medicines", "with_medicines", "third_medicines")


def rule_medicines() -> Iterator[Row]:
    """rule_id, part, ingredient: what each row of those families means by its medicines."""
    for name in FAMILIES:
        for row in read_table(name):
            for part, column in enumerate(_PARTS, start=1):
                if row.get(column):
                    for ingredient in sorted(resolve(row[column])):
                        yield row["rule_id"], part, ingredient


def controlled() -> Iterator[Row]:
    """ingredient, schedule."""
    for row in read_table("controlled_medicines.csv"):
        yield int(row["ingredient"]), int(row["schedule"])


def strengths(concept: int, codings: Iterable[Coding]) -> Iterator[Row]:
    """code, ingredient, unit, tenth_mg, hundredth_mme: what one unit of a product holds, where known."""
    table = _strengths()
    for rxcui in rxnorm_codes(codings):
        if rxcui in table:
            for ingredient, unit, tenth_mg, hundredth_mme in table[rxcui]:
                yield concept, ingredient, unit, tenth_mg, hundredth_mme
            return


@cache
def _strengths() -> dict[str, list[tuple[int, str, int, int | None]]]:
    known: dict[str, list[tuple[int, str, int, int | None]]] = {}
    for row in read_table("medicine_strengths.csv"):
        mme = int(row["hundredth_mme"]) if row["hundredth_mme"] else None
        known.setdefault(row["rxcui"], []).append((int(row["ingredient"]), row["unit"], int(row["tenth_mg"]), mme))
    return known
