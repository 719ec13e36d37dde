"""Bytes are on disk, synced and private, before any row speaks of them."""

import os
import stat
from datetime import UTC, datetime

import pytest
from django.conf import settings

from beforehand.intake import apply, blobs
from beforehand.intake.apply import apply_message
from beforehand.intake.blobs import blob_path, digest_of, keep_blobs, read_blob
from beforehand.intake.connectors.errors import StopError
from beforehand.intake.errors import LimitError, MissingBytesError
from beforehand.intake.ledger import Received, keep, keep_all, source_named
from beforehand.intake.limits import LIMITS
from beforehand.record.models import Message
from tests.unit.intake.bundles import bundle, ndjson, observation, patient
from tests.unit.intake.receiving import receive

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_blob_comes_back_byte_for_byte() -> None:
    content = os.urandom(5000)
    keep_blobs([(digest_of(content), content)])
    assert read_blob(digest_of(content)) == content


def test_empty_blob_comes_back() -> None:
    keep_blobs([(digest_of(b""), b"")])
    assert read_blob(digest_of(b"")) == b""


def test_blobs_and_their_folders_are_private() -> None:
    content = b"private"
    keep_blobs([(digest_of(content), content)])
    path = blob_path(digest_of(content))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, settings.BLOBS):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_file_and_folder_are_synced_before_and_after_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real_sync(handle)

    def replace(one: object, other: object) -> None:
        steps.append("name")
        real_replace(one, other)  # type: ignore[arg-type]

    monkeypatch.setattr(blobs.os, "fsync", sync)
    monkeypatch.setattr(blobs.os, "replace", replace)
    content = os.urandom(20)
    keep_blobs([(digest_of(content), content)])
    assert steps[:2] == ["file", "name"] and set(steps[2:]) == {"folder"}


def test_failed_write_leaves_no_blob(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, content: object) -> int:
        raise OSError(28, "No space left on device")

    content = os.urandom(20)
    monkeypatch.setattr(blobs.os, "write", full)
    with pytest.raises(OSError, match="No space"):
        keep_blobs([(digest_of(content), content)])
    assert not blob_path(digest_of(content)).exists()
    assert not [path for path in blob_path(digest_of(content)).parent.iterdir() if path.name.startswith(".")]


def test_changed_or_missing_bytes_are_noticed() -> None:
    content = os.urandom(50)
    keep_blobs([(digest_of(content), content)])
    other = os.urandom(50)
    keep_blobs([(digest_of(other), other)])
    blob_path(digest_of(content)).write_bytes(blob_path(digest_of(other)).read_bytes())
    with pytest.raises(MissingBytesError, match="changed"):
        read_blob(digest_of(content))
    blob_path(digest_of(content)).unlink()
    with pytest.raises(MissingBytesError, match="backup"):
        read_blob(digest_of(content))


@pytest.mark.django_db
def test_message_is_kept_before_it_is_applied() -> None:
    message = keep(data=bundle(patient()), source=source_named("clinic"), name="x", received_at=NOW)
    assert message.state == "KEPT" and read_blob(message.digest) == bundle(patient())
    apply_message(message)
    assert Message.objects.get().state == "APPLIED"


@pytest.mark.django_db
def test_kept_message_is_handed_back_to_be_finished() -> None:
    first = keep(data=b"{}", source=source_named("clinic"), name="x", received_at=NOW)
    again = keep(data=b"{}", source=source_named("clinic"), name="x", received_at=NOW)
    assert first.pk == again.pk


@pytest.mark.django_db
def test_same_bytes_of_another_source_are_another_message() -> None:
    assert receive(bundle(patient()), source="one").counts.applied == 1
    assert receive(bundle(patient()), source="two").counts.applied == 1


@pytest.mark.django_db
def test_two_runs_over_one_kept_message_apply_it_once() -> None:
    source = source_named("clinic")
    message = keep(data=bundle(patient()), source=source, name="x", received_at=NOW)
    stale = Message.objects.get(pk=message.pk)
    apply_message(message)
    late = apply_message(stale)
    assert (late.counts.applied, late.counts.duplicates) == (0, 1)


@pytest.mark.django_db
def test_too_large_a_message_is_refused_before_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beforehand.intake.ledger.LIMITS", type(LIMITS)(message_bytes=10))
    with pytest.raises(LimitError, match="larger"):
        keep_all(things=[Received(b"x" * 11)], source=source_named("clinic"), received_at=NOW)
    assert not Message.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"", b"hello", b"\x00\x01", b'{"resourceType":', b"<xml/>", b"[1]"])
def test_what_cannot_be_opened_is_refused_and_counted(content: bytes) -> None:
    applied = receive(content)
    assert applied.counts.balances and applied.counts.applied == 0 and applied.counts.received == 1


@pytest.mark.django_db
def test_a_refusal_says_what_to_do_however_long_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StopError("It names " + "x" * 900 + ".", "Name it shorter.")

    monkeypatch.setattr(apply, "items_of", refuse)
    receive(bundle(patient()))
    reason = Message.objects.get().reason
    assert reason.endswith("… Name it shorter.")
    assert len(reason) == 500


@pytest.mark.django_db
def test_item_that_nests_too_deep_is_set_aside() -> None:
    deep = b'{"extension":[' * 150 + b"]}" * 150
    applied = receive(bundle(patient(), {**observation(), "contained": "DEEP"}).replace(b'"DEEP"', b"[" + deep + b"]"))
    assert (applied.counts.applied, applied.counts.quarantined) == (1, 1)


@pytest.mark.django_db
def test_large_message_is_applied_in_several_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beforehand.intake.apply.ITEMS", 10)
    done: list[int] = []
    real = apply.run_batch

    def counted(*given: object, **named: object) -> object:
        done.append(1)
        return real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(apply, "run_batch", counted)
    applied = receive(ndjson([patient(), *(observation(f"o{number}") for number in range(34))]), name="x.ndjson")
    assert applied.counts.applied == 35 and len(done) == 4
    assert Message.objects.get().items_done == 35


@pytest.mark.django_db
def test_message_is_taken_up_where_a_killed_run_left_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beforehand.intake.apply.ITEMS", 10)
    real, calls = apply.run_batch, []

    def killed(*given: object, **named: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(apply, "run_batch", killed)
    content = ndjson([patient(), *(observation(f"o{number}") for number in range(34))])
    with pytest.raises(KeyboardInterrupt):
        receive(content, name="x.ndjson")
    assert Message.objects.get().items_done == 20
    again = receive(content, name="x.ndjson")
    assert again.counts.applied == 15
    message = Message.objects.get()
    assert (message.state, message.applied, message.received) == ("APPLIED", 35, 35)
