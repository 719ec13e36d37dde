"""A watched folder: only what is complete is taken, and it is moved when its bytes are safe, never before."""

from __future__ import annotations

import errno
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from beforehand.care.needs.arrivals import catch_up
from beforehand.doors.inbox import folder as door
from beforehand.doors.inbox.folder import SETTLE_EMPTY, Watcher
from beforehand.intake import folders
from beforehand.intake.blobs import digest_of
from beforehand.intake.folders import FolderError, add_folder, folders_in_trouble, remove_folder
from beforehand.intake.limits import Limits
from beforehand.intake.models import FolderFile, WatchedFolder
from beforehand.intake.quarantine import check_balance
from beforehand.record.access import system_principal
from beforehand.record.models import AuditEvent, Message, Patient

pytestmark = pytest.mark.django_db
OPERATOR = system_principal("operator")


class Killed(BaseException):
    """The watcher dies here: nothing in it may catch this."""


def person(number: int = 1) -> bytes:
    name = [{"family": f"Quillfeather{number}", "given": ["Ada"]}]
    return json.dumps({"resourceType": "Patient", "id": f"p{number}", "birthDate": "1944-02-08", "name": name}).encode()


class Drop:
    """A folder, its watcher, and a clock that is moved by hand."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = 0.0
        self.folder = add_folder(path=root, source="st-brigid", by=OPERATOR)
        self.watcher = self.fresh()

    def fresh(self, **given: Any) -> Watcher:
        """A watcher that was just started."""
        self.watcher = Watcher(WatchedFolder.objects.get(pk=self.folder.pk), clock=lambda: self.now, **given)
        return self.watcher

    def put(self, name: str, content: bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def settle(self, seconds: float = 11.0) -> door.Look:
        """Two looks, so far apart."""
        self.watcher.look()
        self.now += seconds
        return self.watcher.look()

    def lies(self, where: str) -> list[str]:
        """Names of the files of all days, with what stands for the subfolder."""
        days = sorted((self.root / where).glob("*")) if (self.root / where).is_dir() else []
        return sorted(str(one.relative_to(day)) for day in days for one in day.rglob("*") if not one.is_dir())


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


def test_a_file_that_lies_still_is_taken_in_and_moved_with_its_trace(drop: Drop) -> None:
    drop.put("one.json", person())
    first = drop.watcher.look()
    assert (first.taken, first.waiting) == (0, 1)
    drop.now += 9
    assert drop.watcher.look().waiting == 1  # not long enough
    drop.now += 2
    assert drop.watcher.look().taken == 1
    assert drop.lies("taken") == ["one.json"]
    assert not (drop.root / "one.json").exists()
    message = Message.objects.get()
    assert (message.state, message.applied, message.name) == ("APPLIED", 1, "one.json")
    assert AuditEvent.objects.filter(action="inbox.folder", principal="system:intake").count() == 1
    assert not FolderFile.objects.exists()
    assert check_balance() == []


def test_a_file_that_still_grows_or_bears_an_unfinished_name_waits(drop: Drop) -> None:
    path = drop.put("slow.json", person()[:20])
    for name in ("x.part", "x.filepart", ".hidden.json", "~$x.json", "x.json.tmp", "X.PARTIAL"):
        drop.put(name, person())
    for _ in range(5):
        drop.watcher.look()
        drop.now += 8
        with path.open("ab") as stream:
            stream.write(b" ")
    assert drop.watcher.look().taken == 0
    path.write_bytes(person())
    assert drop.settle().taken == 1
    assert Message.objects.count() == 1


def test_a_marker_says_at_once_that_a_file_is_complete_and_goes_with_it(drop: Drop) -> None:
    drop.put("one.json", person())
    drop.put("one.json.done", b"")
    drop.put("other.done", b"")  # of no file: it is nobody's record
    assert drop.watcher.look().taken == 1
    assert drop.lies("taken") == ["one.json"]
    assert sorted(one.name for one in drop.root.iterdir()) == ["other.done", "taken"]


def test_files_in_subfolders_are_taken_and_archives_opened(drop: Drop) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.json", person(1))
        archive.writestr("b.bin", b"\0nothing that we read")
    drop.put("site/north/one.json", person(2))
    drop.put("both.zip", packed.getvalue())
    look = drop.settle()
    assert (look.taken, look.refused) == (2, 0)
    assert drop.lies("taken") == ["both.zip", "site/north/one.json"]
    assert sorted(Message.objects.values_list("name", "state")) == [
        ("both.zip!a.json", "APPLIED"), ("both.zip!b.bin", "REFUSED"), ("site/north/one.json", "APPLIED"),
    ]  # fmt: skip
    assert check_balance() == []


def test_what_cannot_be_taken_in_is_put_aside_with_a_note_that_says_why(drop: Drop) -> None:
    drop.put("odd.bin", b"\0nothing that we read")
    drop.put("large.json", person())
    os.symlink("/etc/passwd", drop.root / "link.json")
    drop.put("broken.tar.gz", _tar()[:-40])
    drop.fresh(limits=Limits(message_bytes=60))
    drop.put("empty.json", b"")
    look = drop.settle()
    assert (look.taken, look.refused, look.waiting) == (0, 4, 1)
    notes = _notes(drop)
    assert "links are not followed" in notes["link.json"]
    assert "larger than" in notes["large.json"]
    assert "format" in notes["odd.bin"]
    assert "Send it again" in notes["broken.tar.gz"]
    assert not any("Quillfeather" in text or "passwd" in text for text in notes.values())
    assert Message.objects.filter(state="REFUSED").count() == 4
    assert drop.settle(SETTLE_EMPTY + 1).refused == 1  # an empty file may be about to be written, for a while
    assert check_balance() == []


def _tar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        known = tarfile.TarInfo("a.bin")
        known.size = 50
        archive.addfile(known, io.BytesIO(os.urandom(50)))
    return packed.getvalue()


def _notes(drop: Drop) -> dict[str, str]:
    return {one.name.removesuffix(".why.txt"): one.read_text() for one in (drop.root / "refused").rglob("*.why.txt")}


def test_the_same_name_again_is_kept_beside_the_first(drop: Drop) -> None:
    for number in (1, 2, 3):
        drop.put("day.json", person(number))
        drop.settle()
    assert drop.lies("taken") == ["day (2).json", "day (3).json", "day.json"]
    assert Patient.unscoped.count() == 3


def test_the_same_bytes_again_are_a_duplicate(drop: Drop) -> None:
    for name in ("a.json", "b.json"):
        drop.put(name, person())
        drop.settle()
    assert sorted(Message.objects.values_list("duplicates", flat=True)) == [0, 1]
    assert Patient.unscoped.count() == 1


STEPS = ["keep_file", "take_up", "move_away", "let_go"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_watcher_killed_at_any_step_loses_nothing_and_doubles_nothing(
    drop: Drop, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    real = getattr(door, step)

    def dies(*given: Any, **named: Any) -> Any:
        if when == "after":
            real(*given, **named)
        raise Killed

    drop.put("one.json", person())
    drop.put("odd.bin", b"\0nothing that we read")
    monkeypatch.setattr(door, step, dies)
    for _ in range(2):
        with pytest.raises(Killed):
            drop.settle()
        drop.fresh()
    monkeypatch.undo()
    drop.settle()
    catch_up()
    assert drop.lies("taken") == ["one.json"]
    assert drop.lies("refused") == ["odd.bin", "odd.bin.why.txt"]
    assert sorted(Message.objects.values_list("state", "received", "applied", "refused", "duplicates")) == [
        ("APPLIED", 1, 1, 0, 0), ("REFUSED", 1, 0, 1, 0),
    ]  # fmt: skip
    assert check_balance() == []


def test_control_a_watcher_that_moves_before_it_keeps_loses_a_file(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    def moves_first(watcher: Watcher, one: door.Seen, found: door.Look) -> None:
        away = door.move_away(watcher.root, one.path, "taken", door.timezone.localdate())
        door.keep_file(
            folder=watcher.folder, path=one.path, mark=one.mark, content=away.read_bytes(), name=one.path,
            at=door.timezone.now(),
        )  # fmt: skip

    def dies(*_: Any, **__: Any) -> Any:
        raise Killed

    monkeypatch.setattr(Watcher, "_take", moves_first)
    drop.put("one.json", person())
    with monkeypatch.context() as patch:
        patch.setattr(door, "keep_file", dies)
        with pytest.raises(Killed):
            drop.settle()
    drop.fresh()
    drop.settle()
    assert drop.lies("taken") == ["one.json"]
    assert not Message.objects.exists()  # lost: what the test of kills above would say


def test_control_without_the_note_of_what_is_taken_a_kill_doubles_a_message(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any, **__: Any) -> Any:
        raise Killed

    drop.put("one.json", person())
    with monkeypatch.context() as patch:
        patch.setattr(door, "move_away", dies)
        with pytest.raises(Killed):
            drop.settle()
    FolderFile.objects.all().delete()
    drop.fresh()
    drop.settle()
    assert Message.objects.count() == 2


def test_a_file_replaced_while_it_is_read_is_read_again(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    path = drop.put("one.json", person(1))
    real = door.is_archive

    def replaced(head: bytes) -> bool:
        monkeypatch.setattr(door, "is_archive", real)
        other = drop.root / "new.tmp"
        other.write_bytes(person(2))
        os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))  # of the same age and size
        os.replace(other, path)
        return real(head)

    monkeypatch.setattr(door, "is_archive", replaced)
    assert drop.settle().waiting == 1
    assert not Message.objects.exists()
    assert drop.settle().taken == 1
    assert "Quillfeather2" in Patient.unscoped.get().display_name


def test_a_file_replaced_just_before_the_move_is_put_back_and_read_too(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop.put("one.json", person(1))
    real = door.move_away

    def late(root: Path, name: str, where: str, day: Any, **named: Any) -> Path:
        monkeypatch.setattr(door, "move_away", real)
        other = drop.root / "new.tmp"
        other.write_bytes(person(2))
        os.replace(other, path)
        return real(root, name, where, day, **named)

    monkeypatch.setattr(door, "move_away", late)
    drop.settle()
    assert drop.settle().taken == 1
    assert Patient.unscoped.count() == 2
    assert drop.lies("taken") == ["one.json"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "somebody holds it"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left"),
        (OperationalError("database is locked"), "database cannot be written"),
    ],
)
def test_what_cannot_be_kept_now_stays_is_told_and_is_taken_later(
    drop: Drop, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise error

    drop.put("one.json", person())
    with monkeypatch.context() as patch:
        patch.setattr(folders, "keep", fails)
        assert drop.settle().taken == 0
    assert (drop.root / "one.json").exists()
    folder = WatchedFolder.objects.get()
    assert words in folder.trouble
    assert "one.json" not in folder.trouble
    assert folders_in_trouble(folder.trouble_since + folders.TOLD_AFTER * 2) == [folder]
    assert drop.watcher.look().taken == 1
    assert WatchedFolder.objects.get().trouble == ""


def test_a_folder_that_went_away_is_told_and_comes_back(drop: Drop, tmp_path: Path) -> None:
    tmp_path.rename(tmp_path.with_name("elsewhere"))
    assert "cannot be read" in drop.watcher.look().troubles[0]
    tmp_path.with_name("elsewhere").rename(tmp_path)
    drop.put("one.json", person())
    assert drop.settle().taken == 1


def test_bytes_that_cannot_be_applied_yet_are_safe_and_a_worker_takes_them_up(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError("nobody foresaw this")

    drop.put("one.json", person())
    with monkeypatch.context() as patch:
        patch.setattr(door, "take_up", fails)
        assert drop.settle().taken == 1
    message = Message.objects.get()
    assert (message.state, message.digest) == ("KEPT", digest_of(person()))
    catch_up()
    message.refresh_from_db()
    assert message.state == "APPLIED"


def test_folders_within_each_other_or_around_the_home_are_not_watched(
    drop: Drop, tmp_path: Path, settings: Any
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(FolderError, match="lie in each other"):
        add_folder(path=inner, source="x", by=OPERATOR)
    remove_folder(folder=drop.folder, by=OPERATOR, reason="test")
    settings.HOME = inner
    with pytest.raises(FolderError, match="home"):
        add_folder(path=tmp_path, source="x", by=OPERATOR)
    with pytest.raises(FolderError, match="no such folder"):
        add_folder(path=tmp_path / "nowhere", source="x", by=OPERATOR)
