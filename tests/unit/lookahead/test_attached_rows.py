"""DuckDB brings a SQLite of its own into the process; what that one does to the database's files must not kill ours."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from beforehand.lookahead import columns
from beforehand.lookahead.engines.duckdb import HOUSE, DuckEngine

FILL = (
    "with recursive k(n) as (select 1 union all select n + 1 from k where n < 5000)"
    " insert into filler select hex(zeroblob(2000)) from k"
)


def test_the_index_of_a_long_log_keeps_its_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut off, the next long transaction of this process would end in a bus error."""
    file = tmp_path / "rows.db"
    rows = sqlite3.connect(file, isolation_level=None)
    rows.execute("pragma journal_mode = wal")
    rows.execute("create table patient (id integer)")
    rows.execute("create table filler (t text)")
    rows.execute(FILL)
    rows.execute("insert into patient values (1)")  # the log begins anew: a few pages, in an index made for thousands
    index = tmp_path / "rows.db-shm"
    before = index.stat().st_size
    assert before > 32768
    monkeypatch.setattr(columns, "connection", SimpleNamespace(vendor="sqlite", settings_dict={"NAME": str(file)}))
    with DuckEngine() as engine, columns._rows_attached(engine, tmp_path):
        assert engine.one(f"select count(*) from {HOUSE}.patient") == 1
        assert index.stat().st_size == before
    assert index.stat().st_size == before
    rows.execute(FILL)
    assert rows.execute("select count(*) from filler").fetchone() == (10000,)
    rows.close()
