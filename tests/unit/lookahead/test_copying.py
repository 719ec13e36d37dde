"""Rows are copied to columns beside whoever writes to them: no lock is lost, and all that is committed is copied."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from beforehand.lookahead.engines.copying import LAYOUT, Copies, CopyError, attached, copy_apart
from beforehand.lookahead.engines.duckdb import HOUSE, DuckEngine
from beforehand.lookahead.engines.memory import PATIENT_STORED, MemoryHouse

WRITES = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('begin immediate')"


@pytest.fixture
def house(tmp_path: Path) -> MemoryHouse:
    """A house in a file with a write-ahead log, as a home is."""
    found = MemoryHouse(str(tmp_path / "rows.db"))
    found.connection.execute("pragma journal_mode = wal")
    _add(found, 1, changed=1)
    return found


def _add(house: MemoryHouse, number: int, *, changed: int) -> None:
    values = {"id": number, "is_deceased": 0, "calendar_id": 1, "changed_seq": changed}
    house.insert("patient", [[values.get(column.name) for column in PATIENT_STORED]])


def _copy(folder: Path, known: Copies) -> Copies:
    spill = folder / f"spill-{len(list(folder.iterdir()))}"
    spill.mkdir()
    return copy_apart(folder / "rows.db", folder, spill, known, memory="200MB", threads=1)


def _patients(folder: Path, copies: Copies, name: str) -> list[int]:
    rows = duckdb.sql(f"select id from '{folder / copies[name][1] / 'patient.parquet'}' order by id").fetchall()
    return [number for (number,) in rows]


def _can_write(file: Path) -> bool:
    """Whether another process may begin to write now."""
    return subprocess.run([sys.executable, "-c", WRITES, str(file)], capture_output=True, check=False).returncode == 0


def test_a_base_then_a_delta_then_nothing_new(house: MemoryHouse, tmp_path: Path) -> None:
    for number in range(2, 11):
        _add(house, number, changed=1)
    first = _copy(tmp_path, {})
    assert (first["base"][0], _patients(tmp_path, first, "base")) == (1, list(range(1, 11)))
    _add(house, 11, changed=2)
    second = _copy(tmp_path, first)
    assert (second["base"], second["delta"][0]) == (first["base"], 2)
    assert _patients(tmp_path, second, "delta") == [11]
    assert _copy(tmp_path, second) == second
    for number in range(12, 20):  # more than is worth keeping apart
        _add(house, number, changed=3)
    assert _copy(tmp_path, second).keys() == {"base"}
    house.connection.close()


def test_a_copy_of_other_columns_is_made_anew(house: MemoryHouse, tmp_path: Path) -> None:
    """As after an upgrade that gave a table another column."""
    first = _copy(tmp_path, {})
    assert _copy(tmp_path, first) == first
    (tmp_path / first["base"][1] / LAYOUT).write_text("the columns of last year")
    assert _copy(tmp_path, first)["base"][1] != first["base"][1]
    house.connection.close()


def test_nothing_of_the_folder_one_stands_in_is_run(
    house: MemoryHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "uuid.py").write_text("raise SystemExit('run')")
    monkeypatch.chdir(tmp_path)
    assert _copy(tmp_path, {}).keys() == {"base"}
    house.connection.close()


def test_a_write_under_way_stays_alone_while_the_rows_are_copied(house: MemoryHouse, tmp_path: Path) -> None:
    file, index = tmp_path / "rows.db", tmp_path / "rows.db-shm"
    house.connection.execute("begin immediate")
    length = index.stat().st_size
    assert not _can_write(file)
    _copy(tmp_path, {})
    assert not _can_write(file)
    assert index.stat().st_size == length
    house.connection.execute("rollback")
    assert _can_write(file)
    house.connection.close()


def test_control_two_libraries_in_one_process_let_others_write_too(house: MemoryHouse, tmp_path: Path) -> None:
    """Sabotage: DuckDB attaches the file in this process, and our lock is gone with its handle."""
    file = tmp_path / "rows.db"
    house.connection.execute("begin immediate")
    with DuckEngine() as engine, attached(engine, "sqlite", str(file)):
        assert engine.one(f"select count(*) from {HOUSE}.patient") == 1
    assert _can_write(file)
    house.connection.close()


def test_what_cannot_be_copied_is_told_by_its_kind(tmp_path: Path) -> None:
    (tmp_path / "rows.db").write_bytes(b"this is no database, but Margaret Thompson")
    with pytest.raises(CopyError, match="could not be copied") as caught:
        _copy(tmp_path, {})
    assert "Thompson" not in str(caught.value)
