"""What the workers do each minute: ask the servers whose time has come, a little at a time."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.utils import timezone
from django_q.models import Schedule

from beforehand.care.needs.arrivals import ready_to_receive
from beforehand.care.needs.operations import update_operations
from beforehand.doors.pull.clock import Clock
from beforehand.doors.pull.run import run_pull
from beforehand.intake.pull_sources import due_pulls

NAME, FUNCTION = "pull", "beforehand.doors.pull.jobs.pull_due"
PATIENCE = 5.0  # seconds of a pause that a worker sits out
BUDGET = 20.0  # seconds after which a worker begins nothing more, so that other work is not kept waiting
log = logging.getLogger(__name__)


def pull_due(clock: Clock | None = None) -> int:
    """Fetch from each server whose time has come; returns how many were asked. One never stops the others."""
    clock = clock or Clock()
    due = due_pulls(clock.now())
    if not due:
        return 0
    ready_to_receive()
    ends_at = clock.now() + timedelta(seconds=BUDGET)
    for pull in due:
        try:
            run_pull(pull, clock=clock, patience=PATIENCE, ends_at=ends_at)
        except Exception as error:  # a fault of ours; its words may hold what a server sent
            log.error("server %s could not be asked: %s; it is tried again in a minute", pull.pk, type(error).__name__)
    update_operations(as_of=timezone.localdate())
    return len(due)


def install_schedule() -> None:
    """Let the workers ask each minute; safe at each start."""
    Schedule.objects.get_or_create(
        name=NAME,
        defaults={"func": FUNCTION, "schedule_type": Schedule.MINUTES, "minutes": 1, "next_run": timezone.now()},
    )
