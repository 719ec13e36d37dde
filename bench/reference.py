"""The five reference rules, ordinary rule files, run by the look-ahead until their findings are stored.

python -m bench.reference [--quick] [--json] [--patients 1000000] [--data FOLDER]
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.binding import bind
from beforehand.lookahead.engines.duckdb import DuckEngine, places
from beforehand.lookahead.library import CheckedQuery


def scanned(engine: DuckEngine, queries: Sequence[CheckedQuery], as_of_day: int) -> dict[str, set[str]]:
    """Fact table -> the Parquet columns DuckDB says it reads for these queries.

    Its plan names columns but not the file: so, for one table after the other, all others are small ones in memory.
    """
    found: dict[str, set[str]] = {}
    for name in FACTS:
        engine.connection.execute(f"create temp table one_{name} as select * from fact_{name} limit 1")
    for checked in queries:
        for table in sorted(checked.stored() & set(FACTS)):
            others = {name: f"one_{name}" for name in FACTS if name != table}
            text = bind(checked.query, checked.shape, places(as_of_day, others))
            _collect(json.loads(engine.rows(f"explain (format json) {text}")[0][1]), found.setdefault(table, set()))
    for name in FACTS:
        engine.connection.execute(f"drop table one_{name}")
    return found


def _collect(nodes: Any, found: set[str]) -> None:
    for node in nodes:
        if "PARQUET" in node.get("name", "").upper():
            columns = node.get("extra_info", {}).get("Projections", [])
            found.update([columns] if isinstance(columns, str) else columns)
        _collect(node.get("children", []), found)


def scan(engine: DuckEngine, columns: dict[str, set[str]]) -> None:
    """Read these columns, each once, and nothing else."""
    for table, names in columns.items():
        engine.rows(f"select {', '.join(f'count({name})' for name in sorted(names))} from fact_{table}")
