"""From rows to columns: makes what is lacking of base and delta, and copies what is the same for all patients.

A SQLite file is copied by a process of its own (``python -m beforehand.lookahead.engines.copying``, JSON in and out).
DuckDB brings a second SQLite library along, and two of them in one process undo each other: locks of a file belong to
the process and go when any handle of it is closed, so a write under way would be open to others; and the second library
takes itself for the first and cuts the index of the write-ahead log off under the one that has it in memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import beforehand
from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.duckdb import ERRORS, HOUSE, PATIENTS, DuckEngine
from beforehand.lookahead.engines.memory import PATIENT_STORED

REBUILD_SHARE = 0.2  # a delta larger than this share of the patients is not worth keeping apart
LAYOUT = "layout"  # the file that says a copy is whole, and of which columns
Copies = Mapping[str, tuple[int, str]]  # base, delta -> highest change that is in it, its folder's name


class CopyError(RuntimeError):
    """The rows could not be copied; says of which kind the trouble was, and never what a row holds."""


@contextmanager
def attached(engine: DuckEngine, kind: str, target: str) -> Iterator[None]:
    """The database of rows, attached and held still by one transaction."""
    engine.attach(kind, target)
    engine.connection.execute("begin")
    try:
        yield
        engine.connection.execute("commit")
    finally:
        with suppress(*ERRORS):  # the engine is closed next; what matters was said before
            engine.detach()


def bring_up_to_date(engine: DuckEngine, folder: Path, known: Copies) -> Copies:
    """Make what is lacking of base and delta in ``folder``; which copies hold everything now."""
    now = engine.one(f"select max(changed_seq) from {HOUSE}.patient")  # noqa: S608
    base, delta = known.get("base"), known.get("delta")
    if base is None or not is_whole(folder / base[1]) or base[0] > now or _is_too_old(engine, base[0]):
        return {"base": (now, _make(engine, folder, "base"))}
    if base[0] == now:
        return {"base": base}
    if delta is not None and delta[0] == now and is_whole(folder / delta[1]):
        return {"base": base, "delta": delta}
    return {"base": base, "delta": (now, _make(engine, folder, "delta", base[0]))}


def is_whole(folder: Path) -> bool:
    """Whether a copy has all its files, of today's columns; what says so is written last."""
    try:
        return (folder / LAYOUT).read_text() == layout()
    except OSError:
        return False


@lru_cache(maxsize=1)
def layout() -> str:
    """Digest of the columns that are copied: a copy made before a table got another column is made anew."""
    tables = {name: table.physical() for name, table in FACTS.items()} | {PATIENTS: PATIENT_STORED}
    stated = [(name, [(column.name, column.type.value) for column in columns]) for name, columns in tables.items()]
    return hashlib.sha256(json.dumps(stated).encode()).hexdigest()


def _is_too_old(engine: DuckEngine, seq: int) -> bool:
    changed = engine.one(f"select count(*) from {HOUSE}.patient where changed_seq > {seq}")  # noqa: S608
    return changed > REBUILD_SHARE * engine.one(f"select count(*) from {HOUSE}.patient")  # noqa: S608


def _make(engine: DuckEngine, folder: Path, name: str, since: int | None = None) -> str:
    """A copy of everything, or of the patients that changed after ``since``; its folder's name."""
    place = folder / f"{name}-{uuid.uuid4().hex}"
    place.mkdir(mode=0o700)
    only = f"patient_id in (select id from {HOUSE}.patient where changed_seq > {since})" if since is not None else ""  # noqa: S608
    engine.copy_facts(place, only)
    if since is not None:
        engine.copy_changed_patients(place, since)
    (place / LAYOUT).write_text(layout())
    return place.name


def copy_apart(file: Path, folder: Path, spill: Path, known: Copies, *, memory: str, threads: int) -> Copies:
    """The same by a process of its own; what is the same for all patients then lies in ``spill``/shared."""
    shared = spill / "shared"
    shared.mkdir(mode=0o700)
    asked = {
        "file": str(file), "folder": str(folder), "spill": str(spill), "shared": str(shared),
        "known": known, "memory": memory, "threads": threads,
    }  # fmt: skip
    here = os.pathsep.join([str(Path(beforehand.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(  # noqa: S603  ourselves
        [sys.executable, "-P", "-m", __name__],  # -P: nothing of the folder one happens to stand in is run
        input=json.dumps(asked).encode(),
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": here.rstrip(os.pathsep)},
    )
    if ended.returncode:
        kind = ended.stdout.decode(errors="replace").strip()[:80] or f"it ended with {ended.returncode}"
        raise CopyError(f"the rows could not be copied to columns: {kind}; run it again, or see to disk and memory")
    return {name: (int(seq), str(place)) for name, (seq, place) in json.loads(ended.stdout).items()}


def main() -> int:
    """Copy as the JSON on standard input says; prints which copies hold everything, or the kind of trouble."""
    asked = json.load(sys.stdin)
    known = {name: (int(seq), str(place)) for name, (seq, place) in asked["known"].items()}
    try:
        with DuckEngine(memory=asked["memory"], threads=asked["threads"], spill=Path(asked["spill"])) as engine:
            with attached(engine, "sqlite", asked["file"]):
                copies = bring_up_to_date(engine, Path(asked["folder"]), known)
                engine.load_shared()
            engine.copy_shared(Path(asked["shared"]))
    except (*ERRORS, OSError) as error:
        print(type(error).__name__)
        return 1
    print(json.dumps(copies))
    return 0


if __name__ == "__main__":
    sys.exit(main())
