"""What runs side by side: a part that ends is started again, told, and takes nothing down with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from beforehand.care.needs.models import Need
from beforehand.care.needs.operations import update_operations
from beforehand.care.needs.parts import PARTS, ended_parts, note_ended
from beforehand.doors.cli.commands.up import parts_of
from beforehand.doors.cli.parts import CannotBeginError, House, Part
from beforehand.intake.folders import add_folder, remove_folder
from beforehand.intake.senders import add_sender, remove_sender
from beforehand.record.access import system_principal
from beforehand.record.enrolment import operations_team

OPERATOR = system_principal("operator")


class Process:
    """A process that ends when it is told to."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command, self.returncode, self.said = command, None, []  # type: ignore[var-annotated]

    def poll(self) -> int | None:
        return self.returncode

    def send_signal(self, number: int) -> None:
        self.said.append(number)
        self.returncode = 0

    def wait(self, timeout: float | None = None) -> int:
        return 0


class Street:
    """A house whose clock is moved by hand."""

    def __init__(self, *parts: Part) -> None:
        self.now, self.started, self.ended = 0.0, [], []  # type: ignore[var-annotated]
        self.house = House(parts, self._start, on_end=self.ended.append, clock=lambda: self.now)

    def _start(self, command: Sequence[str]) -> Any:
        self.started.append(Process(command))
        return self.started[-1]

    def pass_(self, seconds: float) -> None:
        self.now += seconds
        self.house.beat()


def test_a_part_that_ends_is_started_again_after_longer_and_longer_and_the_others_go_on() -> None:
    street = Street(Part("web", ["w"]), Part("listener", ["l"]))
    street.house.beat()
    web = street.started[0]
    waits = []
    for _ in range(8):
        street.started[-1].returncode = 1
        count, waited = len(street.started), 0
        while len(street.started) == count:
            street.pass_(1)
            waited += 1
        waits.append(waited)
    assert waits == sorted(waits)
    assert 60 <= waits[-1] <= 62
    assert street.ended == ["listener"] * 8
    assert (web.returncode, web.said) == (None, [])


def test_a_part_that_is_needed_and_cannot_begin_ends_all() -> None:
    street = Street(Part("web", ["w"], is_needed=True))
    street.house.beat()
    street.started[0].returncode = 1
    with pytest.raises(CannotBeginError, match="web ended at once"):
        street.house.beat()


def test_a_part_that_is_needed_and_breaks_down_later_is_started_again() -> None:
    street = Street(Part("web", ["w"], is_needed=True))
    street.house.beat()
    street.pass_(20)
    street.started[0].returncode = -9
    street.pass_(1)
    street.pass_(3)
    assert len(street.started) == 2


def test_stopping_asks_every_part_and_waits() -> None:
    street = Street(Part("web", ["w"]), Part("listener", ["l"]))
    street.house.beat()
    street.house.stop()
    assert [process.said for process in street.started] == [[15], [15]]
    assert street.ended == []


@pytest.mark.django_db
def test_the_listener_and_the_folders_run_when_somebody_may_send(tmp_path: Any) -> None:
    parts = {part.name: part for part in parts_of("127.0.0.1", 8000, 1, ("127.0.0.1", 2575))}
    assert set(parts) == set(PARTS)
    street = Street(*parts.values())
    street.house.beat()
    assert len(street.started) == 2  # the web app and the workers
    sender = add_sender(source="st-brigid", network="10.1.0.0/16", by=OPERATOR)
    folder = add_folder(path=tmp_path, source="st-brigid", by=OPERATOR)
    street.pass_(10)
    assert sorted(process.command[3] for process in street.started[2:]) == ["listen", "watch"]
    remove_sender(sender=sender, by=OPERATOR, reason="gone")
    remove_folder(folder=folder, by=OPERATOR, reason="gone")
    street.pass_(10)
    assert [process.returncode for process in street.started] == [None, None, 0, 0]
    assert street.ended == []


@pytest.mark.django_db
def test_a_part_that_ended_is_told_in_operations_for_a_day() -> None:
    operations_team()
    now = timezone.now()
    note_ended("listener", now - timedelta(minutes=2))
    note_ended("listener", now)
    assert [(one.name, one.times) for one in ended_parts(now)] == [("listener", 2)]
    update_operations()
    need = Need.unscoped.get(fold_key="PART:listener")
    assert "2 times" in need.reason
    assert ended_parts(now + timedelta(hours=25)) == []
