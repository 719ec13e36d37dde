"""Folders that are watched: which ones, as which source, and the keeping of a file before it may be moved away."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from beforehand.intake.blobs import digest_of, keep_blobs
from beforehand.intake.connectors.csv.mapping import read_mapping
from beforehand.intake.connectors.errors import StopError
from beforehand.intake.errors import IntakeError, RefusedError
from beforehand.intake.ledger import keep, refuse, source_named
from beforehand.intake.limits import LIMITS
from beforehand.intake.models import FolderFile, WatchedFolder
from beforehand.record.access import INGEST, Principal, require
from beforehand.record.audit import audited
from beforehand.record.models import Message, Source
from beforehand.record.store.rows import lock_for_writing

TOLD_AFTER = timedelta(minutes=15)  # a file may be locked, a share away, for a while


class FolderError(IntakeError):
    """What was asked of the watched folders cannot be done; says what to do instead."""


@transaction.atomic
def add_folder(
    *, path: Path, source: str, by: Principal, label: str = "", mapping: bytes = b"", is_standing: bool = True
) -> WatchedFolder:
    """Watch a folder, and say under which source its files are kept. The same folder again changes how."""
    require(by, INGEST)
    place = path.expanduser().resolve()
    if not place.is_dir():
        raise FolderError("There is no such folder: make it first, or mount the share it is on.")
    if not source.strip():
        raise FolderError("Name the source under which its files are kept, such as st-brigid.")
    if mapping:
        try:
            read_mapping(mapping)
        except StopError as fault:
            raise FolderError(str(fault)) from None
    _check_apart(place)
    kept = source_named(source.strip())
    if kept.kind != "SYSTEM":
        raise FolderError(f"The source {source!r} is a person or paper: choose another name.")
    if label:
        Source.objects.filter(pk=kept.pk).update(label=label[:200])
    found = WatchedFolder.objects.filter(path=str(place), removed_at=None).first()
    if found is None:
        found = WatchedFolder(path=str(place))
    found.source, found.mapping = kept, mapping or bytes(found.mapping)
    found.is_standing = found.is_standing or is_standing
    found.save()
    audited(by, "add_folder")
    return found


def _check_apart(place: Path) -> None:
    """A folder within another would be taken in twice; the home is none of anybody's business."""
    home = Path(settings.HOME).resolve()
    if place == home or home in place.parents or place in home.parents:
        raise FolderError("The folder holds this home, or lies in it: choose one beside it.")
    for other in folders():
        there = Path(other.path)
        if place != there and (place in there.parents or there in place.parents):
            raise FolderError(f"It and watched folder {other.pk} lie in each other: remove that one first.")


@transaction.atomic
def remove_folder(*, folder: WatchedFolder, by: Principal, reason: str) -> None:
    """Watch it no longer. What it brought stays, and what lies in it."""
    require(by, INGEST)
    if not WatchedFolder.objects.filter(pk=folder.pk, removed_at=None).update(removed_at=timezone.now()):
        raise FolderError(f"Folder {folder.pk} is removed already.")
    audited(by, "remove_folder", reason=reason)


def folders(*, standing_only: bool = False) -> list[WatchedFolder]:
    """Every watched folder, the first added first."""
    found = WatchedFolder.objects.filter(removed_at=None).select_related("source").order_by("pk")
    return list(found.filter(is_standing=True) if standing_only else found)


def keep_file(*, folder: WatchedFolder, path: str, mark: str, content: bytes, name: str, at: datetime) -> Message:
    """Commit the bytes of a file, its message, and that this very file is taken; then it may be moved.

    A watcher that was killed before it moved the file finds it again, and does not take it in twice.
    """
    LIMITS.check_message(len(content))
    digest = digest_of(content)
    keep_blobs([(digest, content)])  # before the transaction, so that nobody waits for the disk behind its lock
    with transaction.atomic():
        lock_for_writing()
        before = FolderFile.objects.filter(folder=folder, path=path).first()
        if before is not None and (before.digest, before.mark) == (digest, mark):
            return Message.objects.select_related("source").get(pk=before.message_id)
        message = keep(data=content, source=folder.source, name=name, received_at=at)
        FolderFile.objects.update_or_create(
            folder=folder, path=path, defaults={"digest": digest, "mark": mark, "message_id": message.pk}
        )
    return message


def refuse_file(*, folder: WatchedFolder, path: str, mark: str, name: str, refusal: RefusedError, at: datetime) -> None:
    """Count a file that is not taken in at all, once, however often its watcher is killed before it moves it."""
    with transaction.atomic():
        lock_for_writing()
        before = FolderFile.objects.filter(folder=folder, path=path).first()
        if before is not None and (before.digest, before.mark) == ("", mark):
            return
        message = refuse(source=folder.source, name=name, refusal=refusal, received_at=at)
        FolderFile.objects.update_or_create(
            folder=folder, path=path, defaults={"digest": "", "mark": mark, "message_id": message.pk}
        )


def let_go(folder: WatchedFolder, path: str) -> None:
    """The file has left the folder."""
    FolderFile.objects.filter(folder=folder, path=path).delete()


def tell_trouble(folder: WatchedFolder, trouble: str, at: datetime) -> None:
    """Remember what keeps a folder from being taken in, or that nothing does; written only when it changes."""
    changed: dict[str, object] = {}
    if folder.trouble != trouble[:400]:
        changed = {"trouble": trouble[:400]}
        if not trouble or folder.trouble_since is None:
            changed["trouble_since"] = at if trouble else None
    if folder.looked_at is None or at - folder.looked_at > timedelta(minutes=1):
        changed["looked_at"] = at
    if changed:
        WatchedFolder.objects.filter(pk=folder.pk).update(**changed)
        for name, value in changed.items():
            setattr(folder, name, value)


def folders_in_trouble(at: datetime) -> list[WatchedFolder]:
    """Folders from which something could not be taken for a while."""
    return [one for one in folders() if one.trouble and one.trouble_since and at - one.trouble_since > TOLD_AFTER]
