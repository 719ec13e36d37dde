"""The one desk behind all lines: messages are kept and applied, those that wait together, and rules run in between.

There is one writer of facts in any case, so one thread does what many would only wait for. The wait for the disk is
most of the time of one message, so those of several lines share it. Each connection has one message on the desk at a
time, so their order is kept, and a fast sender cannot crowd out a slow one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection
from django.utils import timezone

from beforehand.care.needs.arrivals import settle_patients

log = logging.getLogger(__name__)
Item = TypeVar("Item")
Done = TypeVar("Done")
AT_ONCE = 20  # patients whose rules run in one transaction, between messages
TOGETHER = 50  # messages in one transaction
PATIENCE = 0.3  # seconds after which a patient's rules go before the next message
LAST_RULES = 5.0  # seconds for rules when the desk closes; workers do the rest


@dataclass(frozen=True)
class _Task:
    """One thing on the desk. Things that wait with the same ``work`` are done together."""

    work: Callable[[list[Any]], list[Any]]
    item: Any
    future: Future[Any]


class Desk:
    """A thread with a queue of work and the patients whose rules are to run."""

    def __init__(self) -> None:
        self._tasks: deque[_Task] = deque()
        self._patients: dict[int, float] = {}
        self._changed = threading.Condition()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="desk")

    def open(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Finish what lies on the desk, then end."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def do(self, work: Callable[[list[Item]], list[Done]], item: Item) -> Future[Done]:
        """Put something on the desk; ``work`` gets what waits for it and gives as many results, in the same order.

        After an error it is called again for each of them alone, so it must bear being called twice.
        """
        future: Future[Done] = Future()
        with self._changed:
            self._tasks.append(_Task(work, item, future))
            self._changed.notify()
        return future

    def look_at(self, patients: Iterable[int]) -> None:
        """Run the rules of these patients soon."""
        now = time.monotonic()
        with self._changed:
            for patient in patients:
                self._patients.setdefault(patient, now)
            self._changed.notify()

    def _next(self) -> list[_Task] | list[int]:
        """What waits together for the same work, or patients whose rules are to run; nothing when the desk closes."""
        with self._changed:
            while not (self._tasks or self._patients or self._is_closing):
                self._changed.wait()
            oldest = min(self._patients.values(), default=None)
            is_late = oldest is not None and time.monotonic() - oldest > PATIENCE
            if self._patients and (is_late or not self._tasks):
                group = sorted(self._patients, key=self._patients.__getitem__)[:AT_ONCE]
                for patient in group:
                    del self._patients[patient]
                return group
            if not self._tasks:
                return []
            work = self._tasks[0].work
            alike = [task for task in self._tasks if task.work == work][:TOGETHER]
            for task in alike:
                self._tasks.remove(task)
            return alike

    def _run(self) -> None:
        ends_at = float("inf")
        try:
            while group := self._next():
                if self._is_closing:
                    ends_at = min(ends_at, time.monotonic() + LAST_RULES)
                if isinstance(group[0], _Task):
                    _carry_out([task for task in group if isinstance(task, _Task)])
                elif time.monotonic() < ends_at:
                    _settle([patient for patient in group if isinstance(patient, int)])
        finally:
            connection.close()


def _carry_out(tasks: list[_Task]) -> None:
    """Do what waits for the same work; together, and one by one when that fails."""
    try:
        results = tasks[0].work([task.item for task in tasks])
    except BaseException as error:
        connection.close()  # whatever state it was in, what comes next starts with a sound one
        if len(tasks) == 1:
            tasks[0].future.set_exception(error)
            return
        for task in tasks:
            _carry_out([task])
        return
    for task, result in zip(tasks, results, strict=True):
        task.future.set_result(result)


def _settle(patients: list[int]) -> None:
    try:
        settle_patients(patients, as_of=timezone.localdate())
    except Exception as error:  # their facts are safe and they stay dirty: a worker takes them up
        connection.close()
        log.error("rules could not run for %s patients, who stay marked: %s", len(patients), type(error).__name__)
