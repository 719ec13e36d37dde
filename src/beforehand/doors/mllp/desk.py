"""The one desk behind all lines: messages are kept and applied one after the other, and rules run in between.

There is one writer of facts in any case, so one thread does what many would only wait for, each connection has one
message on the desk at a time, and a fast sender cannot crowd out a slow one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any, TypeVar

from django.db import connection
from django.utils import timezone

from beforehand.care.needs.arrivals import settle_patients

log = logging.getLogger(__name__)
Done = TypeVar("Done")
AT_ONCE = 10  # patients whose rules run in one transaction, between two messages
PATIENCE = 0.3  # seconds after which a patient's rules go before the next message
LAST_RULES = 5.0  # seconds for rules when the desk closes; workers do the rest


class Desk:
    """A thread with a queue of work and the patients whose rules are to run."""

    def __init__(self) -> None:
        self._work: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
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

    def do(self, work: Callable[[], Done]) -> Future[Done]:
        """Put something on the desk."""
        future: Future[Done] = Future()
        with self._changed:
            self._work.append((work, future))
            self._changed.notify()
        return future

    def look_at(self, patients: Iterable[int]) -> None:
        """Run the rules of these patients soon."""
        now = time.monotonic()
        with self._changed:
            for patient in patients:
                self._patients.setdefault(patient, now)
            self._changed.notify()

    def _next(self) -> tuple[Callable[[], Any], Future[Any]] | list[int] | None:
        with self._changed:
            while not (self._work or self._patients or self._is_closing):
                self._changed.wait()
            oldest = min(self._patients.values(), default=None)
            is_late = oldest is not None and time.monotonic() - oldest > PATIENCE
            if self._work and not is_late:
                return self._work.popleft()
            if self._patients:
                group = sorted(self._patients, key=self._patients.__getitem__)[:AT_ONCE]
                for patient in group:
                    del self._patients[patient]
                return group
            return self._work.popleft() if self._work else None

    def _run(self) -> None:
        ends_at = float("inf")
        try:
            while (task := self._next()) is not None:
                if self._is_closing:
                    ends_at = min(ends_at, time.monotonic() + LAST_RULES)
                if not isinstance(task, list):
                    _carry_out(*task)
                elif time.monotonic() < ends_at:
                    _settle(task)
        finally:
            connection.close()


def _carry_out(work: Callable[[], Any], future: Future[Any]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:
        connection.close()  # whatever state it was in, the next message starts with a sound one
        future.set_exception(error)


def _settle(patients: list[int]) -> None:
    try:
        settle_patients(patients, as_of=timezone.localdate())
    except Exception as error:  # their facts are safe and they stay dirty: a worker takes them up
        connection.close()
        log.error("rules could not run for %s patients, who stay marked: %s", len(patients), type(error).__name__)
