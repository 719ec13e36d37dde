"""``python -m beforehand.lookahead.check RULE_OR_FOLDER... [--mutate] [--blur]``: lint rules and run their cases.

For rule authors: quick, needs no installation and touches no database. The library's root is the nearest
folder above that holds ``rules/``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beforehand.clinical.content import content_root
from beforehand.clinical.valuesets import measure_sets
from beforehand.lookahead.agreement import disagreements
from beforehand.lookahead.blur import dishonesties
from beforehand.lookahead.cases import LoadedCases, failures_of, read_cases
from beforehand.lookahead.errors import LookaheadError, RuleError
from beforehand.lookahead.library import CheckedQuery, Library, read_library
from beforehand.lookahead.measure_cases import case_failures, measure_files
from beforehand.lookahead.measure_cases import disagreements as measure_disagreements
from beforehand.lookahead.measures import lint_measure, read_measure
from beforehand.lookahead.mutate import survivors


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a rule, where it stands."""

    rule_id: str
    path: str
    line: int
    message: str


def root_above(place: Path) -> Path:
    """The nearest folder above a place that holds rules/."""
    for folder in (place, *place.resolve().parents):
        if (folder / "rules").is_dir():
            return folder
    return content_root()


def _named(names: Collection[str], root: Path) -> list[Path] | None:
    """The rule files behind rule ids, topics or paths; None for all."""
    if not names:
        return None
    places = []
    for name in names:
        found = [path for path in sorted((root / "rules").rglob("*.sql")) if name in (path.stem, path.parent.name)]
        if not found and not Path(name).exists():
            raise RuleError(name, 1, "there is no rule, topic or file of that name")
        places += found or [Path(name)]
    return places


def check_library(names: Collection[str] = (), *, root: Path | None = None) -> list[Problem]:
    """What the linter says against the named rules (all when none are named)."""
    place = root or content_root()
    library = read_library(place, places=_named(names, place))
    return [Problem(refusal.rule_id, refusal.where, refusal.line, refusal.what) for refusal in library.refused]


def test_library(
    names: Collection[str] = (), *, mutate: bool = False, blur: bool = False, root: Path | None = None
) -> dict[str, Any]:
    """Run the cases of the named rules (all when none are named) on SQLite and DuckDB; what fails."""
    place = root or content_root()
    library = read_library(place, places=_named(names, place))
    failures = [str(refusal) for refusal in library.refused]
    cases = 0
    for checked in library.queries.values():
        wrong, count = check_one(checked, library, mutate=mutate, blur=blur, engines=True)
        failures += wrong
        cases += count
    return {"rules": len(library.rules), "queries": len(library.queries), "cases": cases, "failures": failures}


test_library.__test__ = False  # type: ignore[attr-defined]  # it is no test of ours, whatever pytest thinks of its name


def check_one(
    checked: CheckedQuery, library: Library, *, mutate: bool, blur: bool = False, engines: bool = False
) -> tuple[list[str], int]:
    """What is wrong with one rule's cases, and how many there are."""
    query, count = checked.query, 0
    try:
        book = read_cases(query)
        count = len(book.cases)
        loaded = LoadedCases(query, checked.shape, book, library.value_sets)
        wrong = [str(failure) for failure in failures_of(loaded)]
        if engines and not wrong:
            wrong += disagreements(loaded)
        if mutate and not wrong:
            wrong += [str(survivor) for survivor in survivors(loaded)]
        if blur and not wrong:
            wrong += [str(one) for one in dishonesties(checked, library)]
    except LookaheadError as error:
        wrong = [str(error)]
    return wrong, count


def check(places: list[Path], *, mutate: bool, engines: bool, blur: bool = False) -> bool:
    """Check the rules at the places; print what is wrong and a line for each rule; true when nothing is wrong."""
    library = read_library(root_above(places[0]), places=places)
    for refusal in library.refused:
        print(f"REFUSED  {refusal}")
    is_fine = not library.refused
    for checked in library.queries.values():
        started = time.perf_counter()
        wrong, count = check_one(checked, library, mutate=mutate, blur=blur, engines=engines)
        seconds = time.perf_counter() - started
        print(
            f"{'FAILED ' if wrong else 'ok     '}  {checked.query.topic}/{checked.query.id}"
            f"  {count} cases, {seconds:.2f} s"
        )
        for line in wrong:
            print(f"         {line}")
        is_fine &= not wrong
    return check_measures(measure_files(places), root_above(places[0]), engines=engines) and is_fine


def check_measures(paths: list[Path], root: Path, *, engines: bool = False) -> bool:
    """Lint quality measures and run their cases; print what is wrong; true when nothing is."""
    is_fine = True
    for path in paths:
        try:
            measure = read_measure(path)
            wrong = [str(fault) for fault in lint_measure(measure, frozenset(measure_sets(root)))]
            wrong = wrong or list(case_failures(measure))
            if engines and not wrong:
                wrong += measure_disagreements(measure)
        except LookaheadError as error:
            wrong = [str(error)]
        print(f"{'FAILED ' if wrong else 'ok     '}  measures/{path.stem}")
        for line in wrong:
            print(f"         {line}")
        is_fine &= not wrong
    return is_fine


def main() -> int:
    """Command line of rule authors."""
    parser = argparse.ArgumentParser(
        prog="python -m beforehand.lookahead.check", description="Check rules and their cases."
    )
    parser.add_argument("places", nargs="+", type=Path, metavar="RULE_OR_FOLDER")
    parser.add_argument(
        "--mutate", action="store_true", help="also move each comparison and literal; every mutant must fail"
    )
    parser.add_argument(
        "--blur", action="store_true", help="also blur each exact day to its month; no answer may guess"
    )
    parser.add_argument("--engines", action="store_true", help="also compare SQLite with DuckDB")
    chosen = parser.parse_args()
    return 0 if check(chosen.places, mutate=chosen.mutate, engines=chosen.engines, blur=chosen.blur) else 1


if __name__ == "__main__":
    sys.exit(main())
