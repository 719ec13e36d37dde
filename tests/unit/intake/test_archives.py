"""Archives are opened without writing anything anywhere; those that attack are refused, the rest is taken in."""

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from beforehand.intake.archives import Member, label, members
from beforehand.intake.limits import Limits

SMALL = Limits(message_bytes=1000, archive_bytes=5000, entries=5, ratio=20, ratio_from=600)


def zipped(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


def tarred(mode: str = "w:gz", **files: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def found(tmp_path: Path, content: bytes, name: str = "thing", limits: Limits | None = None) -> list[Member]:
    path = tmp_path / name
    path.write_bytes(content)
    return list(members([str(path)], limits=limits or Limits()))


def texts(listed: list[Member]) -> dict[str, bytes | None]:
    return {member.name: member.content for member in listed}


def reasons(listed: list[Member]) -> str:
    return " ".join(member.refusal.reason for member in listed if member.refusal)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.json", b"{}", {"a.json": b"{}"}),
        ("a.json.gz", gzip.compress(b"{}", mtime=0), {"a.json": b"{}"}),
        ("two.gz", gzip.compress(b"{", mtime=0) + gzip.compress(b"}", mtime=0), {"two": b"{}"}),
        ("a.zip", zipped(x=b"1", sub__y=b"2"), {"a.zip!x": b"1", "a.zip!sub/y": b"2"}),
        ("a.tgz", tarred(x=b"1", sub__y=b"2"), {"a.tgz!x": b"1", "a.tgz!sub/y": b"2"}),
        ("a.tar", tarred("w:", x=b"1"), {"a.tar!x": b"1"}),
        ("bulk.zip", zipped(x=gzip.compress(b"1", mtime=0)), {"bulk.zip!x": b"1"}),
    ],
)
def test_files_and_archives_give_their_members(
    tmp_path: Path, name: str, content: bytes, expected: dict[str, bytes]
) -> None:
    assert texts(found(tmp_path, content, name)) == expected


def test_folder_gives_its_files_and_follows_no_links(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_bytes(b"1")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "in" / "link.json").symlink_to(tmp_path / "secret")
    assert texts(list(members([str(tmp_path / "in")]))) == {"a.json": b"1"}


def test_standard_input_may_be_an_archive() -> None:
    listed = list(members(["-"], stdin=io.BytesIO(tarred(x=b"1"))))
    assert texts(listed) == {"standard input!x": b"1"}


def test_names_that_climb_are_only_names(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("../../escaped", b"1")
        archive.writestr("/etc/escaped", b"2")
    before = sorted(tmp_path.parent.rglob("*"))
    listed = found(tmp_path, stream.getvalue(), "slip.zip")
    assert [member.content for member in listed] == [b"1", b"2"]
    after = sorted(path for path in tmp_path.parent.rglob("*") if path.name != "slip.zip")
    assert after == before


def test_links_in_archives_are_refused_and_the_rest_taken(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for type_ in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            entry = tarfile.TarInfo(f"link{type_.decode()}")
            entry.type, entry.linkname = type_, "/etc/passwd"
            archive.addfile(entry)
        plain = tarfile.TarInfo("plain")
        plain.size = 1
        archive.addfile(plain, io.BytesIO(b"1"))
    listed = found(tmp_path, stream.getvalue())
    assert [member.content for member in listed] == [None] * 4 + [b"1"]
    assert "not followed" in reasons(listed)


def test_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    assert "not followed" in reasons(found(tmp_path, stream.getvalue()))


@pytest.mark.parametrize(
    "bomb",
    [
        gzip.compress(b"0" * 900, mtime=0),
        zipped(bomb=b"0" * 900),
        tarred(bomb=b"0" * 900),
        zipped(nested=zipped(bomb=b"0" * 900)),
        gzip.compress(gzip.compress(b"0" * 900_000, mtime=0)),
    ],
    ids=["gzip", "zip", "tar.gz", "zip in zip", "gzip in gzip"],
)
def test_bombs_are_refused(tmp_path: Path, bomb: bytes) -> None:
    listed = found(tmp_path, bomb, limits=SMALL)
    assert all(member.content is None for member in listed)
    assert "unpacks to more than" in reasons(listed) or "larger than" in reasons(listed)


def test_control_same_bomb_passes_where_the_limit_is_lifted(tmp_path: Path) -> None:
    """Without the ratio the bomb would be taken in: it is the limit that stops it."""
    lifted = Limits(message_bytes=1000, archive_bytes=5000, entries=5, ratio=100_000, ratio_from=600)
    assert found(tmp_path, gzip.compress(b"0" * 900, mtime=0), limits=lifted)[0].content == b"0" * 900


def test_too_large_a_file_is_refused(tmp_path: Path) -> None:
    assert "larger than" in reasons(found(tmp_path, b"x" * 1001, limits=SMALL))


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    many = {f"f{number}": b"1" for number in range(6)}
    assert "more than 5 files" in reasons(found(tmp_path, zipped(**many), limits=SMALL))
    listed = found(tmp_path, tarred(**many), limits=Limits(entries=5))
    assert "more than 5 files" in reasons(listed) and len(listed) == 6


def test_archive_that_is_too_large_in_all_is_refused(tmp_path: Path) -> None:
    few = {f"f{number}": os.urandom(999) for number in range(5)}
    limits = Limits(message_bytes=1000, archive_bytes=3000, entries=9, ratio=1000)
    assert "unpacks to more than" in reasons(found(tmp_path, zipped(**few), limits=limits))


def test_archives_within_archives_within_archives_are_refused(tmp_path: Path) -> None:
    listed = found(tmp_path, zipped(a=zipped(b=zipped(c=b"1"))))
    assert "within an archive" in reasons(listed)


@pytest.mark.parametrize("cut", [10, 40, -10])
@pytest.mark.parametrize("make", [gzip.compress, lambda x: zipped(x=x), lambda x: tarred(x=x)])
def test_damaged_archives_are_refused(tmp_path: Path, make: object, cut: int) -> None:
    whole = make(os.urandom(3000))  # type: ignore[operator]
    assert "Send it again" in " ".join(str(m.refusal) for m in found(tmp_path, whole[:cut]) if m.refusal)


def test_locked_zip_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(x=b"1"))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        at = content.index(mark) + (6 if mark[2] == 3 else 8)
        content[at] |= 1
    assert "password" in reasons(found(tmp_path, bytes(content)))


def test_names_are_kept_short_and_without_control_characters() -> None:
    assert label("a\x00b\n" + "c" * 1000) == "c" * 380
    assert label("\x1b") == "unnamed"
