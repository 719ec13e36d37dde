"""Whatever was handed over (files, folders, archives, standard input) as a stream of named bytes.

Nothing is ever unpacked to a path: a member's name is a label, so it cannot climb out of a folder, and links are
not followed. One archive within another is opened; deeper ones are refused by name.
"""

from __future__ import annotations

import io
import stat
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from beforehand.intake.errors import RefusedError
from beforehand.intake.limits import LIMITS, Limits

CHUNK = 1024 * 1024
NESTED = 1  # archives within an archive


@dataclass(frozen=True)
class Member:
    """One file found: its bytes, or why it is refused. ``packed`` is what it cost on disk, for progress."""

    name: str
    content: bytes | None
    packed: int
    refusal: RefusedError | None = None


class _Counted(io.RawIOBase):
    """A stream that knows how much was read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: object) -> int:
        view = memoryview(target)  # type: ignore[arg-type]
        part = self.stream.read(len(view))
        view[: len(part)] = part
        self.count += len(part)
        return len(part)


class _Unzipped(io.RawIOBase):
    """The gzip-packed bytes of a stream, unpacked under guard of the archive limits."""

    def __init__(self, packed: _Counted, limits: Limits) -> None:
        self.packed = packed
        self.limits = limits
        self.count = 0
        self.engine = zlib.decompressobj(31)
        self.rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: object) -> int:
        view = memoryview(target)  # type: ignore[arg-type]
        while True:
            if self.engine.eof:
                following = self.engine.unused_data or self.packed.read(CHUNK) or b""
                following = following.lstrip(b"\0")
                if not following:
                    return 0
                self.engine = zlib.decompressobj(31)
                self.rest = following
            source = self.rest or self.packed.read(min(CHUNK, 64 * 1024)) or b""
            if not source:
                raise RefusedError("The archive ends too early.", "Send it again.")
            part = self.engine.decompress(source, len(view))
            self.rest = self.engine.unconsumed_tail
            if part:
                view[: len(part)] = part
                self.count += len(part)
                self.limits.check_archive(self.count, self.packed.count)
                return len(part)


def label(name: str) -> str:
    """A name as it may be kept: no control characters, no more than fits."""
    return "".join(character for character in name if character.isprintable())[-380:] or "unnamed"


def _read(stream: IO[bytes], limits: Limits) -> bytes:
    """Everything in the stream, refused as soon as it proves too large."""
    parts: list[bytes] = []
    size = 0
    while part := stream.read(CHUNK):
        size += len(part)
        limits.check_message(size)
        parts.append(part)
    return b"".join(parts)


def is_archive(head: bytes) -> bool:
    """Whether bytes begin as an archive does, of any sort that is opened."""
    return _sort(head) != "plain"


def _sort(head: bytes) -> str:
    if head[:2] == b"\x1f\x8b":
        return "gzip"
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "zip"
    if head[257:262] == b"ustar":
        return "tar"
    return "plain"


def _inside(name: str, content: bytes, packed: int, depth: int, limits: Limits) -> Iterator[Member]:
    """A member that may itself be an archive."""
    if _sort(content[:512]) == "plain":
        yield Member(name, content, packed)
    elif depth > NESTED:
        refusal = RefusedError("An archive within an archive within an archive is not opened.", "Unpack it first.")
        yield Member(name, None, packed, refusal)
    else:
        yield from open_stream(io.BytesIO(content), name, len(content), depth=depth, limits=limits)


def _tar_members(stream: IO[bytes], name: str, depth: int, limits: Limits, counted: _Counted) -> Iterator[Member]:
    entries, spent, unpacked = 0, 0, 0
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for entry in archive:
            entries += 1
            limits.check_entries(entries)
            if entry.isdir():
                continue
            full = label(f"{name}!{entry.name}")
            if not entry.isreg():
                yield Member(
                    full,
                    None,
                    0,
                    RefusedError("A link or device in an archive is not followed.", "Send the file itself."),
                )
                continue
            body = archive.extractfile(entry)
            try:
                limits.check_message(entry.size)
            except RefusedError as refusal:
                yield Member(full, None, 0, refusal)
                continue
            content = _read(body, limits) if body else b""
            unpacked += len(content)
            limits.check_archive(unpacked, max(counted.count, 1))
            packed, spent = counted.count - spent, counted.count
            yield from _inside(full, content, packed, depth + 1, limits)


def _zip_members(stream: IO[bytes], name: str, depth: int, limits: Limits) -> Iterator[Member]:
    unpacked = packed = 0
    with zipfile.ZipFile(stream) as archive:
        entries = archive.infolist()
        limits.check_entries(len(entries))
        for entry in entries:
            if entry.is_dir():
                continue
            full = label(f"{name}!{entry.filename}")
            if stat.S_ISLNK(entry.external_attr >> 16):
                yield Member(
                    full, None, 0, RefusedError("A link in an archive is not followed.", "Send the file itself.")
                )
                continue
            if entry.flag_bits & 1:
                yield Member(full, None, 0, RefusedError("The file is locked with a password.", "Send it without one."))
                continue
            with archive.open(entry) as body:
                content = _read(body, limits)
            unpacked, packed = unpacked + len(content), packed + entry.compress_size
            limits.check_archive(unpacked, max(packed, 1))
            yield from _inside(full, content, entry.compress_size, depth + 1, limits)


def open_stream(
    stream: IO[bytes], name: str, size: int, *, depth: int = 0, limits: Limits = LIMITS
) -> Iterator[Member]:
    """The files in one seekable stream: itself, or its members when it is an archive."""
    head = stream.read(512)
    stream.seek(0)
    sort = _sort(head)
    try:
        if sort == "plain":
            limits.check_message(size)
            yield Member(label(name), _read(stream, limits), size)
        elif sort == "zip":
            yield from _zip_members(stream, name, depth, limits)
        elif sort == "tar":
            yield from _tar_members(stream, name, depth, limits, _Counted(stream))
        else:
            counted = _Counted(stream)
            unpacked = io.BufferedReader(_Unzipped(counted, limits), CHUNK)
            if _sort(unpacked.peek(512)[:512]) == "tar":
                yield from _tar_members(unpacked, name, depth, limits, counted)
                while unpacked.read(CHUNK):  # to the end, where the checksum tells whether it is whole
                    pass
            else:
                inner = name.removesuffix(".gz")
                yield from _inside(label(inner), _read(unpacked, limits), size, depth + 1, limits)
    except RefusedError as refusal:
        yield Member(label(name), None, 0, refusal)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        yield Member(
            label(name), None, 0, RefusedError("The archive is damaged or of an unknown sort.", "Send it again.")
        )


def _files(folder: Path, limits: Limits) -> list[Path]:
    """Every plain file below the folder, in the order of names; links are not followed."""
    found: list[Path] = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.name.startswith("."):
            continue
        found.append(path)
        limits.check_entries(len(found))
    return found


def size_of(paths: list[str]) -> int:
    """How many bytes there are to read, as they lie on disk; 0 for standard input."""
    total = 0
    for given in paths:
        path = Path(given)
        if given == "-" or not path.exists():
            continue
        total += sum(file.stat().st_size for file in _files(path, LIMITS)) if path.is_dir() else path.stat().st_size
    return total


def _people_first(path: Path) -> tuple[bool, str]:
    """Bulk exports put a type in each file: people first saves every other file a wait."""
    return (not path.name.lower().startswith(("patient", "hospital", "practitioner")), str(path))


def members(paths: list[str], *, limits: Limits = LIMITS, stdin: IO[bytes] | None = None) -> Iterator[Member]:
    """Everything in the paths given, one member a file; ``-`` is standard input."""
    for given in paths:
        if given == "-":
            stream = stdin or sys.stdin.buffer
            try:
                content = _read(stream, limits)
            except RefusedError as refusal:
                yield Member("standard input", None, 0, refusal)
                continue
            yield from open_stream(io.BytesIO(content), "standard input", len(content), limits=limits)
            continue
        path = Path(given)
        if path.is_dir():
            for file in sorted(_files(path, limits), key=_people_first):
                with file.open("rb") as stream:
                    yield from open_stream(stream, str(file.relative_to(path)), file.stat().st_size, limits=limits)
        else:
            with path.open("rb") as stream:
                yield from open_stream(stream, path.name, path.stat().st_size, limits=limits)
