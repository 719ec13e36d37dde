"""The Parquet copy of the facts: made from the rows, kept fresh by a delta, compacted at night.

It is patient data: its folder is for the owner only. It can be thrown away at any time and is made again.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from beforehand.lookahead.engines.duckdb import ERRORS, HOUSE, LABELLED, DuckEngine
from beforehand.lookahead.engines.spark import SparkEngine, start
from beforehand.lookahead.errors import LookaheadError
from beforehand.lookahead.models import ColumnCopy

REBUILD_SHARE = 0.2  # a delta larger than this share of the patients is not worth keeping apart
KEEP_SECONDS = 3600  # an old copy stays this long for whoever still reads it


class ColumnsNotReadyError(LookaheadError):
    """The copy cannot be made: the database is of a kind that cannot be read from outside."""


def columns_folder() -> Path:
    """The folder of the copy, for the owner only."""
    folder = Path(settings.COLUMNS)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


@contextmanager
def fresh_columns(*, memory: str | None = None, threads: int | None = None) -> Iterator[DuckEngine]:
    """An engine over a copy that holds everything committed by now."""
    folder = columns_folder()
    spill = folder / f"spill-{uuid.uuid4().hex}"
    spill.mkdir(mode=0o700)
    limit = memory or str(getattr(settings, "COLUMNS_MEMORY", "1GB"))
    try:
        with DuckEngine(memory=limit, threads=threads or os.cpu_count() or 1, spill=spill) as engine:
            with _rows_attached(engine, spill):
                base, delta = _bring_up_to_date(engine, folder)
                engine.load_shared()
                engine.connection.execute("commit")
            engine.read_facts(base, delta)
            yield engine
    finally:
        shutil.rmtree(spill, ignore_errors=True)


@contextmanager
def cluster_columns(only: Collection[str]) -> Iterator[SparkEngine]:
    """An engine on Spark over a copy that holds everything committed by now; its workers read the same folder.

    ``only`` are the relations the rules rest on.
    """
    session = start(str(settings.SPARK_MASTER))
    shared = columns_folder() / f"shared-{uuid.uuid4().hex}"
    shared.mkdir(mode=0o700)
    try:
        with fresh_columns() as duck:
            duck.copy_shared(shared)
            base, delta = duck.base, duck.delta
        engine = SparkEngine(session, only)
        engine.read_shared(shared.resolve().as_uri())
        engine.read_facts(base.resolve().as_uri(), delta.resolve().as_uri() if delta else "")
        yield engine
    finally:
        session.catalog.clearCache()
        shutil.rmtree(shared, ignore_errors=True)


def compact() -> bool:
    """Fold the delta into a new base and remove old copies; true when there was anything to fold."""
    folder = columns_folder()
    has_delta = ColumnCopy.objects.filter(name="delta").exists()
    if has_delta:
        ColumnCopy.objects.all().delete()
        with fresh_columns():
            pass
    used = set(ColumnCopy.objects.values_list("folder", flat=True))
    for old in folder.iterdir():
        if old.name not in used and old.stat().st_mtime < time.time() - KEEP_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    return has_delta


@contextmanager
def _rows_attached(engine: DuckEngine, spill: Path) -> Iterator[None]:
    """The database of rows, attached and held still by one transaction."""
    index: Path | None = None
    size = 0
    if connection.vendor == "postgresql":
        engine.attach("postgres", _postgres_words())
    else:
        file = _sqlite_file(spill)
        index = file.with_name(f"{file.name}-shm")
        size = index.stat().st_size if index.exists() else 0
        engine.attach("sqlite", str(file))
    engine.connection.execute("begin")
    try:
        if index is not None:
            engine.one(f"select count(*) from {HOUSE}.patient")  # noqa: S608  only now it opens the write-ahead log
            _grow_again(index, size)
        yield
    finally:
        with suppress(*ERRORS):  # the engine is closed next; what matters was said before
            engine.detach()
        if index is not None:
            _grow_again(index, size)


def _grow_again(index: Path, size: int) -> None:
    """Give the index of the write-ahead log back the length it had before DuckDB's own SQLite opened it.

    That one does not see the locks of ours in the same process, takes itself for the first, and cuts the file off. Ours
    has it mapped to memory, and dies (a bus error) as soon as it writes behind the end. What stands behind is made anew
    before it is read, so that its length is all it lacks. Nothing opens it here: closing it would drop our locks.
    """
    with suppress(FileNotFoundError):
        if index.stat().st_size < size:
            os.truncate(index, size)


def _postgres_words() -> str:
    chosen = connection.get_connection_params()
    words = {"dbname": "dbname", "user": "user", "password": "password", "host": "host", "port": "port"}
    parts = []
    for key, word in words.items():
        if chosen.get(key):
            value = str(chosen[key]).replace("\\", "\\\\").replace("'", "\\'")
            parts.append(f"{word}='{value}'")
    return " ".join(parts)


def _sqlite_file(spill: Path) -> Path:
    """The file of the database; one that lives in memory is written to the private folder first."""
    name = str(connection.settings_dict["NAME"])
    if "mode=memory" not in name and name != ":memory:":
        return Path(name)
    connection.ensure_connection()
    target = spill / "rows.db"
    target.write_bytes(connection.connection.serialize())
    return target


def _bring_up_to_date(engine: DuckEngine, folder: Path) -> tuple[Path, Path | None]:
    """Make what is lacking of base and delta; their folders."""
    now = engine.one(f"select max(changed_seq) from {HOUSE}.patient")  # noqa: S608
    known = {copy.name: copy for copy in ColumnCopy.objects.all()}
    base = known.get("base")
    if base is None or not is_whole(folder / base.folder) or base.seq > now or _is_too_old(engine, base.seq):
        return _make(engine, folder, "base", now, ""), None
    if base.seq == now:
        ColumnCopy.objects.filter(name="delta").delete()
        return folder / base.folder, None
    delta = known.get("delta")
    if delta is not None and delta.seq == now and is_whole(folder / delta.folder):
        return folder / base.folder, folder / delta.folder
    only = f"patient_id in (select id from {HOUSE}.patient where changed_seq > {base.seq})"  # noqa: S608
    return folder / base.folder, _make(engine, folder, "delta", now, only, base.seq)


def is_whole(folder: Path) -> bool:
    """Whether a copy has all its files; the labels are written last."""
    return (folder / f"{LABELLED}.parquet").exists()


def _is_too_old(engine: DuckEngine, seq: int) -> bool:
    changed = engine.one(f"select count(*) from {HOUSE}.patient where changed_seq > {seq}")  # noqa: S608
    return changed > REBUILD_SHARE * engine.one(f"select count(*) from {HOUSE}.patient")  # noqa: S608


def _make(engine: DuckEngine, folder: Path, name: str, seq: int, only: str, since: int = 0) -> Path:
    place = folder / f"{name}-{uuid.uuid4().hex}"
    place.mkdir(mode=0o700)
    engine.copy_facts(place, only)
    if name == "delta":
        engine.copy_changed_patients(place, since)
    else:
        ColumnCopy.objects.filter(name="delta").delete()
    ColumnCopy.objects.update_or_create(
        name=name, defaults={"seq": seq, "folder": place.name, "made_at": timezone.now()}
    )
    return place
