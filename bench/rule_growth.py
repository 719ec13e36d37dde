"""What another rule costs: a row more in a family beside a query more.

    python -m bench.rule_growth [--quick] [--json] [--patients 10000]

The example family of the manual (tests/rules_examples) is grown to 1, 5, 20, 50, 100 rows and run as one query;
beside it the same number of one-row queries. CPU-seconds of DuckDB over the Parquet copy, medians of three, equal
findings checked.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from beforehand.lookahead.engines.answers import Answer
from beforehand.lookahead.engines.duckdb import DuckEngine
from beforehand.lookahead.library import CheckedQuery, read_library
from beforehand.lookahead.rule import Query
from bench._crowd import cpu_seconds, house_of, threads
from bench.sweep import AS_OF

EXAMPLES = Path(__file__).parent.parent / "tests" / "rules_examples"
ROUNDS = 3


def _grown(query: Query, rows: int) -> Query:
    """The family with so many rows, each a rule of its own over the first row's sets and another interval."""
    family = query.family
    assert family is not None
    number, months = family.columns.index("rule_id"), family.columns.index("months")
    made, rules = [], {}
    for place in range(rows):
        row = list(family.rows[place % len(family.rows)])
        row[number], row[months] = f"grown_{place}", 3 + place % 60
        made.append(tuple(row))
        template = next(iter(query.rules.values()))
        rules[f"grown_{place}"] = replace(template, id=f"grown_{place}")
    return replace(query, family=replace(family, rows=tuple(made)), rules=rules)


def _singles(grown: Query) -> list[Query]:
    """The same rules, each as a query of its own."""
    family = grown.family
    assert family is not None
    place = family.columns.index("rule_id")
    return [
        replace(grown, family=replace(family, rows=(row,)), rules={str(row[place]): grown.rules[str(row[place])]})
        for row in family.rows
    ]


def _timed(engine: DuckEngine, queries: list[CheckedQuery]) -> tuple[float, list[Answer]]:
    seconds, found = [], []
    for _ in range(ROUNDS):
        before = cpu_seconds()
        found = [answer for one in queries for answer in engine.answers(one.query, one.shape, AS_OF)]
        seconds.append(cpu_seconds() - before)
    return statistics.median(seconds), sorted(found, key=lambda answer: answer.key)


def measure(patients: int, counts: list[int]) -> dict[str, Any]:
    """Each number of rules, as a family and as queries."""
    base = read_library(EXAMPLES).queries["example_checks"]
    found = []
    with tempfile.TemporaryDirectory(prefix="beforehand-bench-") as name:
        folder = Path(name)
        house, file, total = house_of(patients, folder, AS_OF, None)
        _let_many_be_concerned(house)
        house.connection.close()
        with DuckEngine(threads=threads(), spill=folder) as engine:
            engine.attach("sqlite", str(file))
            engine.copy_facts(folder)
            engine.load_shared()
            engine.read_facts(folder, None)
            for count in counts:
                grown = _grown(base.query, count)
                family, left = _timed(engine, [CheckedQuery(grown)])
                apart, right = _timed(engine, [CheckedQuery(one) for one in _singles(grown)])
                if left != right:
                    raise RuntimeError("the family and its rules as queries do not say the same")
                found.append({"rules": count, "family_cpu_s": round(family, 3), "queries_cpu_s": round(apart, 3)})
    first, last = found[0], found[-1]
    more = last["rules"] - first["rules"]
    return {
        "patients": total,
        "counts": found,
        "one_more_row_cpu_ms": round((last["family_cpu_s"] - first["family_cpu_s"]) / more * 1000, 2),
        "one_more_query_cpu_ms": round((last["queries_cpu_s"] - first["queries_cpu_s"]) / more * 1000, 2),
        "family_times": round(last["family_cpu_s"] / first["family_cpu_s"], 1),
        "queries_times": round(last["queries_cpu_s"] / first["queries_cpu_s"], 1),
    }


def _let_many_be_concerned(house: Any) -> None:
    """Put frequent codes into the example's sets, so that the rules have work to do."""
    for name, table in (
        ("example_diabetes", "condition"),
        ("example_a1c", "observation"),
        ("example_kidney", "observation"),
    ):
        codes = house.connection.execute(
            f"select code from fact_{table} where code is not null group by code order by count(*) desc limit 5"
        ).fetchall()
        house.insert("value_set_code", [(name, code) for (code,) in codes])


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.rule_growth", description="The cost of another rule.")
    parser.add_argument("--quick", action="store_true", help="1,000 patients, up to 20 rules")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--patients", type=int, default=10_000)
    chosen = parser.parse_args()
    found = measure(1000, [1, 5, 20]) if chosen.quick else measure(chosen.patients, [1, 5, 20, 50, 100])
    if chosen.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:24} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
