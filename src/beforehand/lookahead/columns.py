"""The Parquet copy of the facts: made from the rows, kept fresh by a delta, compacted at night.

It is patient data: its folder is for the owner only. It can be thrown away at any time and is made again.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from beforehand.lookahead.engines.copying import Copies, CopyError, attached, bring_up_to_date, copy_apart
from beforehand.lookahead.engines.duckdb import DuckEngine
from beforehand.lookahead.engines.spark import SparkEngine, start
from beforehand.lookahead.errors import LookaheadError
from beforehand.lookahead.models import ColumnCopy

KEEP_SECONDS = 3600  # an old copy stays this long for whoever still reads it


class ColumnsNotReadyError(LookaheadError):
    """The copy cannot be made; what to do."""


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
    number = threads or os.cpu_count() or 1
    known = {copy.name: (copy.seq, copy.folder) for copy in ColumnCopy.objects.all()}
    try:
        with DuckEngine(memory=limit, threads=number, spill=spill) as engine:
            file = _live_file()
            if file is not None:
                copies = _copied_apart(file, folder, spill, known, limit, number)
                engine.read_shared(spill / "shared")
            else:
                with attached(engine, *_other_rows(spill)):
                    copies = bring_up_to_date(engine, folder, known)
                    engine.load_shared()
            _write_down(known, copies)
            delta = copies.get("delta")
            engine.read_facts(folder / copies["base"][1], folder / delta[1] if delta else None)
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


def _copied_apart(file: Path, folder: Path, spill: Path, known: Copies, memory: str, threads: int) -> Copies:
    try:
        return copy_apart(file, folder, spill, known, memory=memory, threads=threads)
    except CopyError as error:
        raise ColumnsNotReadyError(str(error)) from error


def _write_down(before: Copies, now: Copies) -> None:
    """Remember which copies there are; those that are gone are removed at night."""
    for name, (seq, place) in now.items():
        if before.get(name) != (seq, place):
            values = {"seq": seq, "folder": place, "made_at": timezone.now()}
            ColumnCopy.objects.update_or_create(name=name, defaults=values)
    ColumnCopy.objects.filter(name__in=before.keys() - now.keys()).delete()


def _live_file() -> Path | None:
    """The SQLite file that others, or this process, may be writing to; None for other databases."""
    name = str(connection.settings_dict["NAME"])
    is_file = connection.vendor == "sqlite" and "mode=memory" not in name and name != ":memory:"
    return Path(name) if is_file else None


def _other_rows(spill: Path) -> tuple[str, str]:
    """What DuckDB attaches itself: PostgreSQL, or a database in memory, written to the private folder first."""
    if connection.vendor == "postgresql":
        return "postgres", _postgres_words()
    connection.ensure_connection()
    target = spill / "rows.db"
    target.write_bytes(connection.connection.serialize())
    return "sqlite", str(target)


def _postgres_words() -> str:
    chosen = connection.get_connection_params()
    words = {"dbname": "dbname", "user": "user", "password": "password", "host": "host", "port": "port"}
    parts = []
    for key, word in words.items():
        if chosen.get(key):
            value = str(chosen[key]).replace("\\", "\\\\").replace("'", "\\'")
            parts.append(f"{word}='{value}'")
    return " ".join(parts)
