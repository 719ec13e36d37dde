"""Everything of a home in one file, and back.

``backup`` takes the audit anchor, then the database at one moment, then keys, the organisation's own settings and
the received bytes: in this order every row's bytes are in the file, and the chain is never shorter than its anchor.
People's decisions are rows of the database. Work goes on meanwhile.

``restore`` reads the whole file and compares every part with its checksum before it puts anything in place, and
refuses a home that holds something. The Parquet copy is left out: it is made again from the rows.
The file holds patient data and keys; keep it as you would keep them.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

import zstandard
from django.conf import settings
from django.db import connection

from beforehand.record.store_backup import SQLITE_FILE, copy_in, copy_out, counts_in, row_counts

FORMAT = 1
LEVEL = 3
MANIFEST = "manifest.json"
ANCHOR = "anchor/audit.jsonl"
_MEMBER = re.compile(r"(manifest\.json|(database|keys|anchor|settings|blobs)(/[A-Za-z0-9_][A-Za-z0-9_.-]*){1,2})")
_BLOCK = 1 << 20
_HOLDING = ("patient", "message", "user")  # tables whose rows mean that a home is in use


class BackupError(RuntimeError):
    """The backup could not be made."""


class DamagedBackupError(BackupError):
    """The file is not a whole backup; nothing was put in place."""


class HomeNotEmptyError(BackupError):
    """Restoring would overwrite what this home holds."""


def backup(file: Path) -> dict[str, Any]:
    """Write this home into one file, which must not exist yet. Returns what it holds, without patient values."""
    began = time.monotonic()
    file = Path(file)
    if file.exists():
        raise BackupError(f"{file} exists already: choose another name, so that no backup is ever half overwritten")
    partial = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    files: dict[str, dict[str, Any]] = {}
    tables: dict[str, int] = {}
    try:
        with _opened_archive(partial) as archive:
            for name, path, counted in _parts():
                files[name] = _add(archive, name, path)
                tables |= counted
            manifest = {
                "format": FORMAT,
                "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "database": connection.vendor,
                "files": files,
                "tables": tables,
            }
            _add_bytes(archive, MANIFEST, json.dumps(manifest, indent=1).encode())
        os.replace(partial, file)
        _sync_folder(file.parent)
    finally:
        partial.unlink(missing_ok=True)
    return _report(file, files, tables, began)


def _parts() -> Iterator[tuple[str, Path, dict[str, int]]]:
    """Name in the archive, where it lies now, and the rows in it; in the order that keeps them consistent."""
    scratch = _scratch()
    try:
        anchor = Path(settings.AUDIT_ANCHOR)
        if anchor.is_file():
            yield ANCHOR, Path(shutil.copy(anchor, scratch / "anchor")), {}
        for path in copy_out(scratch):
            counted = counts_in(path) if path.name == SQLITE_FILE else {path.stem: _lines(path) - 1}
            yield f"database/{path.name}", path, counted
            path.unlink()
        home = Path(settings.HOME)
        for path in sorted((home / "keys").iterdir()):
            yield f"keys/{path.name}", path, {}
        for path in sorted(home.glob("*.yaml")):
            yield f"settings/{path.name}", path, {}
        blobs = Path(settings.BLOBS)
        for path in sorted(blobs.glob("*/*.zst")):
            yield f"blobs/{path.relative_to(blobs).as_posix()}", path, {}
    finally:
        shutil.rmtree(scratch)


def _lines(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(_BLOCK), b""))


def _scratch() -> Path:
    """A private folder in the home for the time of the copying: the same disk, the same protection."""
    folder = Path(settings.HOME) / f".copying-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700, parents=True)
    return folder


@contextmanager
def _opened_archive(path: Path) -> Iterator[tarfile.TarFile]:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        with (
            packer.stream_writer(stream, closefd=False) as packed,
            tarfile.open(fileobj=cast(IO[bytes], packed), mode="w|", format=tarfile.PAX_FORMAT) as archive,
        ):
            yield archive
        stream.flush()
        os.fsync(stream.fileno())


class _Hashed(io.RawIOBase):
    """Reads through to a file and remembers the checksum of what was read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self.stream.read(size)
        self.digest.update(block)
        return block


def _add(archive: tarfile.TarFile, name: str, path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        member = tarfile.TarInfo(name)
        member.size = os.fstat(stream.fileno()).st_size
        member.mode = 0o600
        hashed = _Hashed(stream)
        archive.addfile(member, cast(IO[bytes], hashed))
    return {"sha256": hashed.digest.hexdigest(), "size": member.size}


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o600
    archive.addfile(member, io.BytesIO(content))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def restore(file: Path) -> dict[str, Any]:
    """Make this home, which must be empty, from a backup. Either all of it is put in place or nothing."""
    began = time.monotonic()
    _refuse_full_home()
    staging = _scratch()
    try:
        found = _unpack(Path(file), staging)
        manifest = _checked(staging, found)
        _put_in_place(staging, manifest)
    finally:
        shutil.rmtree(staging)
    return _report(Path(file), manifest["files"], manifest["tables"], began)


def _refuse_full_home() -> None:
    blobs = Path(settings.BLOBS)
    if blobs.is_dir() and any(blobs.iterdir()):
        raise HomeNotEmptyError(f"{blobs} holds received bytes: restore into another BEFOREHAND_HOME, or move it away")
    if Path(settings.AUDIT_ANCHOR).exists():
        raise HomeNotEmptyError(f"{settings.AUDIT_ANCHOR} is the anchor of another audit trail: move it away first")
    held = {table: rows for table, rows in row_counts().items() if table in _HOLDING and rows}
    if held:
        raise HomeNotEmptyError(f"the database holds rows in {', '.join(held)}: restore into an empty one")


def _unpack(file: Path, staging: Path) -> dict[str, str]:
    """Write the members into the staging folder; returns the checksum of each. Only plain files of known places."""
    found: dict[str, str] = {}
    try:
        with (
            file.open("rb") as stream,
            zstandard.ZstdDecompressor().stream_reader(stream) as unpacked,
            tarfile.open(fileobj=cast(IO[bytes], unpacked), mode="r|") as archive,
        ):
            for member in archive:
                if not member.isfile() or not _MEMBER.fullmatch(member.name) or member.name in found:
                    raise DamagedBackupError(f"{file} holds a member that no backup of ours has: do not trust it")
                found[member.name] = _write(archive, member, staging / member.name)
    except (tarfile.TarError, zstandard.ZstdError, EOFError) as error:
        raise DamagedBackupError(f"{file} cannot be read to its end: take another backup file") from error
    return found


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    source = archive.extractfile(member)
    if source is None:
        raise DamagedBackupError("a member of the backup has no content: take another backup file")
    digest = hashlib.sha256()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        while block := source.read(_BLOCK):
            digest.update(block)
            stream.write(block)
        stream.flush()
        os.fsync(stream.fileno())
    return digest.hexdigest()


def _checked(staging: Path, found: dict[str, str]) -> dict[str, Any]:
    """The manifest, once every part is there and is what it says."""
    if MANIFEST not in found:
        raise DamagedBackupError("the backup has no manifest, so its end is missing: take another backup file")
    try:
        manifest: dict[str, Any] = json.loads((staging / MANIFEST).read_bytes())
        stated = {name: part["sha256"] for name, part in manifest["files"].items()}
        vendor, version = manifest["database"], manifest["format"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedBackupError("the manifest of the backup cannot be read: take another backup file") from error
    if version != FORMAT:
        raise BackupError(f"the backup has format {version}, this version reads {FORMAT}: restore with its own version")
    wrong = sorted(name for name in {*stated, *found} - {MANIFEST} if stated.get(name) != found.get(name))
    if wrong:
        raise DamagedBackupError(
            f"{len(wrong)} parts are missing or changed (first: {wrong[0]}): take another backup file"
        )
    if vendor != connection.vendor:
        raise BackupError(
            f"the backup is of {vendor} and this home uses {connection.vendor}: set DATABASE_URL to match"
        )
    if vendor == "sqlite":
        try:
            counts = counts_in(staging / "database" / SQLITE_FILE)
        except sqlite3.Error as error:
            raise DamagedBackupError("the database in the backup is not whole: take another backup file") from error
        if counts != manifest["tables"]:
            raise DamagedBackupError("the database in the backup has other rows than it says: take another backup file")
    return manifest


def _put_in_place(staging: Path, manifest: dict[str, Any]) -> None:
    """Files first, the database last: a restore cut short leaves a home without rows; remove it and restore again."""
    home = Path(settings.HOME)
    targets = {"keys": home / "keys", "settings": home, "blobs": Path(settings.BLOBS)}
    for name in manifest["files"]:
        place, _, rest = name.partition("/")
        target = Path(settings.AUDIT_ANCHOR) if place == "anchor" else targets.get(place, staging / place) / rest
        if place == "database":
            continue
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(staging / name, target)
    copy_in(staging / "database")
    counts = row_counts()
    wrong = sorted(table for table, rows in manifest["tables"].items() if counts.get(table) != rows)
    if wrong:
        raise BackupError(f"the restored database lacks rows in {', '.join(wrong)}: empty this home and try again")


def _report(file: Path, files: dict[str, Any], tables: dict[str, int], began: float) -> dict[str, Any]:
    return {
        "file": str(file),
        "bytes": file.stat().st_size,
        "tables": len(tables),
        "rows": sum(tables.values()),
        "blobs": sum(name.startswith("blobs/") for name in files),
        "seconds": round(time.monotonic() - began, 2),
    }
