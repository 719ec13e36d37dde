"""Score the quality measures against a deck of official test cases: ``python -m bench.ecqm DECK [--json]``.

Each case's bundle goes through the FHIR connector and mapping into a store of its own; the measure is run as of the
case's period with the deck's value sets; every population of every group is compared with what is expected. Only cases
on which an independent engine agrees with the deck are scored.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src")]

from beforehand.clinical.content import content_root  # noqa: E402 - after the path
from beforehand.clinical.times import day_of  # noqa: E402
from beforehand.clinical.valuesets import measure_sets  # noqa: E402
from beforehand.lookahead.engines.binding import Places  # noqa: E402
from beforehand.lookahead.engines.rows import last_second  # noqa: E402
from beforehand.lookahead.errors import RuleError  # noqa: E402
from beforehand.lookahead.measures import Measure, read_measures  # noqa: E402
from bench._ecqm_deck import Case, Deck, Pairs, read_deck  # noqa: E402
from bench._ecqm_store import CaseStore  # noqa: E402

SHARED = ROOT.parent / "shared" / "data" / "ecqm"
PLACES = Places(":day", ":at", "{column} = :pid", "main.patient", {}, ":first")
Counts = dict[tuple[int, str], int]


def sets_for(deck: Deck, measure: str, year: str) -> dict[str, Pairs]:
    """The deck's value sets under the names the measures use."""
    found: dict[str, Pairs] = {}
    for name, one in measure_sets(content_root()).items():
        if one.oid:
            found[name] = deck.codes_of(one.oid, year)
        elif name.startswith("measure_cpt"):
            found[name] = within(deck.cpt_of(measure, year), [code for _, code in one.codes])
        else:
            found[name] = frozenset(one.codes)
    return found


def within(pairs: Pairs, ranges: list[str]) -> Pairs:
    """The codes that lie in one of the ranges; all of them when there are none."""
    ends = [one.split("-") for one in ranges]
    return frozenset(p for p in pairs if not ends or any(low <= p[1] <= high for low, high in ends))


def count(store: CaseStore, measure: Measure, case: Case) -> Counts:
    """How many are in each population of each rate, of the case now in the store."""
    counts: Counter[tuple[int, str]] = Counter()
    for patient in store.load(case.bundle):
        day = day_of(case.end)
        values = {"pid": patient, "day": day, "at": last_second(day), "first": day_of(case.start)}
        cursor = store.house.connection.execute(measure.statement(PLACES), values)
        names = [column[0] for column in cursor.description]
        for row in cursor:
            said = dict(zip(names, row, strict=True))
            for name in measure.populations:
                counts[int(said.get("rate", 1)), name.replace("_", "-")] += int(said[name])
    return dict(counts)


def differences(case: Case, found: Counts) -> list[dict[str, Any]]:
    """Every population of every group, expected and found."""
    listed = []
    for number, group in enumerate(case.expected, 1):
        for population, expected in group.items():
            got = found.get((number, population), 0)
            listed.append({"group": number, "population": population, "expected": int(expected), "found": got})
    return listed


class Score:
    """What a measure came to."""

    def __init__(self) -> None:
        self.cases = self.agree = 0
        self.populations: dict[str, list[int]] = {}
        self.misses: list[dict[str, Any]] = []

    def add(self, case: Case, compared: Iterable[Mapping[str, Any]], notes: str) -> None:
        """Count one case."""
        self.cases += 1
        wrong = 0
        for one in compared:
            tally = self.populations.setdefault(one["population"], [0, 0])
            tally[0] += 1
            if one["expected"] == one["found"]:
                tally[1] += 1
                continue
            wrong += 1
            reason = "; ".join(part for part in (notes, case.title) if part)
            self.misses.append({"caseId": case.id, **one, "reason": reason})
        self.agree += not wrong

    def shown(self) -> dict[str, Any]:
        """As JSON says it."""
        by = {
            name: {"scored": all_, "agree": right, "agreement": share(right, all_)}
            for name, (all_, right) in sorted(self.populations.items())
        }
        return {
            "cases": self.cases,
            "agree": self.agree,
            "agreement": share(self.agree, self.cases),
            "by_population": by,
            "misses": self.misses,
        }


def share(part: int, whole: int) -> float:
    """Agreement between 0 and 1."""
    return round(part / whole, 4) if whole else 0.0


def score(deck: Deck, only: str = "") -> dict[str, Any]:
    """Score every agreed case of a deck, or of some measures."""
    asked = {name.strip().upper() for name in only.split(",") if name.strip()}
    measures = read_measures()
    store = CaseStore()
    scores: dict[str, Score] = {}
    pooled = Score()
    unscored: Counter[str] = Counter(deck.unread)
    last: tuple[str, str] | None = None
    absent = ""
    for case in deck.cases:
        if asked and case.measure.upper() not in asked:
            continue
        if not case.is_agreed:
            unscored["reference engine differs or fails"] += 1
            continue
        if not case.expected:
            unscored[case.fault] += 1
            continue
        measure = measures.get(case.measure)
        if (case.measure, case.year) != last:
            sets = sets_for(deck, case.measure, case.year)
            store.use(sets)
            absent = absent_sets(measure, sets)
            last = (case.measure, case.year)
        compared, notes = compare(store, measure, case)
        for each in (scores.setdefault(case.measure, Score()), pooled):
            each.add(case, compared, "; ".join(part for part in (notes, absent) if part))
    whole = pooled.shown()
    del whole["misses"]
    by_number = sorted(scores.items(), key=lambda pair: (len(pair[0]), pair[0]))
    return {"measures": {name: one.shown() for name, one in by_number}, "pooled": whole, "unscored": dict(unscored)}


def compare(store: CaseStore, measure: Measure | None, case: Case) -> tuple[list[dict[str, Any]], str]:
    """What was expected and found of a case, and what came in the way; found is empty where it could not be run."""
    unrun = [{**one, "found": None} for one in differences(case, {})]
    if measure is None:
        return unrun, "there is no such measure here"
    if case.fault:
        return unrun, case.fault
    try:
        found = count(store, measure, case)
    except Exception as error:  # one broken case must not hide the others
        return unrun, f"failed: {type(error).__name__}: {error}"
    return differences(case, found), " ".join(f"set aside: {one}" for one in store.set_aside)


def absent_sets(measure: Measure | None, sets: Mapping[str, Pairs]) -> str:
    """Which of the value sets that a measure names the deck does not hold."""
    named = sorted(measure.value_sets()) if measure else []
    lacking = [name for name in named if name in sets and not sets[name]]
    return f"the deck has no codes of {', '.join(lacking)}" if lacking else ""


def print_table(outcome: Mapping[str, Any], with_misses: bool) -> None:
    """The outcome for people."""
    for name, one in [*outcome["measures"].items(), ("pooled", outcome["pooled"])]:
        parts = ", ".join(f"{code} {each['agree']}/{each['scored']}" for code, each in one["by_population"].items())
        print(f"{name:8} {one['agree']:4}/{one['cases']:<4} {100 * one['agreement']:6.1f} %  {parts}")
        for miss in one.get("misses", ()) if with_misses else ():
            told = f"group {miss['group']} {miss['population']}: expected {miss['expected']}, found {miss['found']}"
            print(f"           {miss['caseId']}  {told}  {miss['reason']}")
    print(f"not scored: {outcome['unscored'] or 'none'}; {outcome['seconds']} s")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.ecqm", description=__doc__.splitlines()[0])
    parser.add_argument(
        "deck", nargs="?", type=Path, default=SHARED, help="folder or archive laid out like shared/data/ecqm"
    )
    parser.add_argument("--measure", default="", help="only these, such as CMS122,CMS165")
    parser.add_argument("--misses", action="store_true", help="list each miss")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="accepted for python -m bench; it is quick anyway")
    options = parser.parse_args()
    if not options.deck.exists():
        print(f"There is no deck at {options.deck}.", file=sys.stderr)
        return 2
    started = time.perf_counter()
    try:
        outcome = score(read_deck(options.deck), options.measure)
    except RuleError as error:
        print(f"A measure is not sound: {error}", file=sys.stderr)
        return 1
    outcome["seconds"] = round(time.perf_counter() - started, 1)
    if options.json:
        print(json.dumps(outcome, indent=1))
    else:
        print_table(outcome, options.misses)
    return 0


if __name__ == "__main__":
    sys.exit(main())
