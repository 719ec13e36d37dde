"""What happens by itself: each minute, each night, and after a rule or its data changed.

Jobs are durable rows of the same database, carry row ids at most, and may run twice or die at any point.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import timezone
from django_q.models import Schedule
from django_q.tasks import async_task

from beforehand.care.needs.arrivals import catch_up, note_look
from beforehand.care.needs.from_findings import update_needs
from beforehand.care.needs.operations import update_operations
from beforehand.care.needs.risk import refresh_risk
from beforehand.care.needs.standing import refresh_day
from beforehand.clinical.times import day_of
from beforehand.lookahead.columns import compact
from beforehand.lookahead.run import run_due, run_everyone, sweep_changed_rules
from beforehand.record.models import Enrolment, HouseSetting
from beforehand.record.seal import seal_pending

HERE = "beforehand.care.needs.jobs"
BATCH = 1000
EVERYONE_EVERY = 30  # days; a row is good for 90 at most
SWEPT = "everyone_looked_at_on"
NIGHT = (0, 5)  # five past midnight where the house stands


def each_minute() -> None:
    """Finish what arrived; let the audit trail be sealed even when nobody is looking."""
    catch_up(as_of=timezone.localdate())
    seal_pending()


def look_on(today: date) -> None:
    """Rows whose day has come; and, every ``EVERYONE_EVERY`` days, everybody.

    A row says when it changes, but somebody who has no row yet, such as a woman of 39, is woken by nothing else.
    """
    last = HouseSetting.objects.filter(name=SWEPT).values_list("value", flat=True).first()
    if last is not None and day_of(today) - int(last) < EVERYONE_EVERY:
        run_due(as_of=today)
        return
    run_everyone(as_of=today)
    HouseSetting.objects.update_or_create(name=SWEPT, defaults={"value": day_of(today)})


def each_night() -> None:
    """A new day: rows whose day has come, needs that open or come back, ranks, risks, the copy in columns."""
    today = timezone.localdate()
    look_on(today)
    patients = sorted(set(Enrolment.objects.values_list("patient_id", flat=True)))
    for start in range(0, len(patients), BATCH):
        refresh_risk(patients[start : start + BATCH], day_of(today))
    update_needs(None, today)
    refresh_day(day_of(today))
    update_operations(as_of=today)
    note_look(timezone.now())
    compact()


def after_change() -> None:
    """Rules, value sets, knowledge or holidays may have changed: sweep the rules whose digest did."""
    today = timezone.localdate()
    swept = sweep_changed_rules(as_of=today)
    if swept.changed:
        update_needs(None, today)
        note_look(timezone.now())


def look_again() -> None:
    """Ask for a sweep soon: for whoever loads a value set, knowledge or holidays."""
    async_task(f"{HERE}.after_change")


def _next_night(now: datetime) -> datetime:
    local = timezone.localtime(now)
    night = local.replace(hour=NIGHT[0], minute=NIGHT[1], second=0, microsecond=0)
    return night if night > local else night + timedelta(days=1)


def install_schedules() -> None:
    """Make the schedules, or bring them up to date; safe at each start. A start looks for changed rules at once."""
    now = timezone.now()
    wanted = {
        "each minute": (f"{HERE}.each_minute", Schedule.MINUTES, 1, now),
        "each night": (f"{HERE}.each_night", Schedule.DAILY, None, _next_night(now)),
        "after a change": (f"{HERE}.after_change", Schedule.MINUTES, 15, now),
    }
    for name, (function, kind, minutes, first) in wanted.items():
        schedule, made = Schedule.objects.get_or_create(
            name=name, defaults={"func": function, "schedule_type": kind, "minutes": minutes, "next_run": first}
        )
        if not made and (schedule.func, schedule.schedule_type, schedule.minutes) != (function, kind, minutes):
            schedule.func, schedule.schedule_type, schedule.minutes, schedule.next_run = function, kind, minutes, first
            schedule.save()
