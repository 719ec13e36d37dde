"""``python -m beforehand.lookahead.check RULE_OR_FOLDER... [--mutate]``: lint rules and run their cases.

For rule authors: quick, needs no installation and touches no database. The library's root is the nearest
folder above that holds ``rules/``.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from beforehand.clinical.content import content_root
from beforehand.lookahead.cases import run_cases
from beforehand.lookahead.errors import LookaheadError
from beforehand.lookahead.library import CheckedQuery, Library, read_library
from beforehand.lookahead.mutate import survivors


def root_above(place: Path) -> Path:
    """The nearest folder above a place that holds rules/."""
    for folder in (place, *place.resolve().parents):
        if (folder / "rules").is_dir():
            return folder
    return content_root()


def check(places: list[Path], *, mutate: bool, out: object = None) -> bool:
    """Check the rules at the places; print what is wrong and a line for each rule; true when nothing is wrong."""
    library = read_library(root_above(places[0]), places=places)
    for refusal in library.refused:
        print(f"REFUSED  {refusal}")
    is_fine = not library.refused
    for checked in library.queries.values():
        is_fine &= _check_one(checked, library, mutate=mutate)
    return is_fine


def _check_one(checked: CheckedQuery, library: Library, *, mutate: bool) -> bool:
    query = checked.query
    started = time.perf_counter()
    try:
        wrong = [str(failure) for failure in run_cases(query, checked.shape, library.value_sets)]
        if mutate and not wrong:
            wrong = [str(survivor) for survivor in survivors(query, checked.shape, library.value_sets)]
    except LookaheadError as error:
        wrong = [str(error)]
    print(f"{'FAILED ' if wrong else 'ok     '}  {query.topic}/{query.id}  ({time.perf_counter() - started:.2f} s)")
    for line in wrong:
        print(f"         {line}")
    return not wrong


def main() -> int:
    """Command line of rule authors."""
    parser = argparse.ArgumentParser(prog="python -m beforehand.lookahead.check", description="Check rules and their cases.")
    parser.add_argument("places", nargs="+", type=Path, metavar="RULE_OR_FOLDER")
    parser.add_argument("--mutate", action="store_true", help="also move each comparison and literal; every mutant must fail")
    chosen = parser.parse_args()
    return 0 if check(chosen.places, mutate=chosen.mutate) else 1


if __name__ == "__main__":
    sys.exit(main())
