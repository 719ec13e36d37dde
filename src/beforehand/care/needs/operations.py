"""Needs without a patient: a failing rule, items nobody could place, a silent source, a rule dismissed too often.

They live in the operations team's queue, open and close by themselves as what they are about comes and goes, and
never hold a patient's values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Count, Min, Q, Sum
from django.utils import timezone

from beforehand.care.needs.actions import today
from beforehand.care.needs.events import event, write
from beforehand.care.needs.models import LIVE, Need, NeedEvent
from beforehand.care.needs.parts import PARTS, ended_parts
from beforehand.care.needs.rank import order_key, policy
from beforehand.care.needs.register import rule_words
from beforehand.care.needs.shapes import OperationsNeed
from beforehand.care.needs.since import quiet_sources
from beforehand.care.needs.standing import standing
from beforehand.care.needs.views import around, need_view
from beforehand.clinical.times import date_of, day_of, show_day
from beforehand.intake.folders import folders_in_trouble
from beforehand.intake.models import QuarantinedItem
from beforehand.intake.pull_sources import failing_pulls, incomplete_pulls
from beforehand.intake.senders import UNREGISTERED
from beforehand.intake.webhooks import refused_webhooks
from beforehand.lookahead.models import RuleFailure
from beforehand.record.access import (
    MANAGE_USERS,
    WORK_NEEDS,
    WORK_QUARANTINE,
    AccessRefusedError,
    Principal,
    for_principal,
)
from beforehand.record.enrolment import operations_team
from beforehand.record.models import Message, UnlinkedStatement

BY, BY_LABEL = "system:jobs", "The house"
DISMISSED_CASES = 10  # fewer dismissed or settled needs say nothing about a rule
WINDOW_DAYS = 180
UNFINISHED = timedelta(minutes=15)
STRANGERS_SHOWN = timedelta(days=7)


@dataclass(frozen=True)
class Wanted:
    """Something the operations queue should hold."""

    key: str  # kind:what
    question: str
    reason: str
    next_step: str
    harm: int
    days: int  # until when it should be seen to


def _failing_rules() -> Iterable[Wanted]:
    for failure in RuleFailure.objects.order_by("rule_id"):
        title = rule_words(failure.rule_id).title or failure.rule_id
        yield Wanted(
            f"RULE:{failure.rule_id}",
            f"Why does the rule “{title}” fail?",
            "Its last run failed; what it found before is shown as stale. Every other rule runs.",
            "Run `beforehand rules check` and correct the rule, or take it out.",
            harm=4,
            days=1,
        )


def _quarantine() -> Iterable[Wanted]:
    waiting = (
        QuarantinedItem.objects.filter(state="OPEN")
        .values("message__source_id", "message__source__label", "message__source__name")
        .annotate(count=Count("pk"), oldest=Min("opened_at"))
    )
    for row in waiting.order_by("message__source_id"):
        label = row["message__source__label"] or row["message__source__name"]
        count, oldest = row["count"], day_of(timezone.localtime(row["oldest"]).date())
        items = "1 item" if count == 1 else f"{count:,} items"
        yield Wanted(
            f"QUARANTINE:{row['message__source_id']}",
            f"Where do {items} from {label} belong?" if count != 1 else f"Where does 1 item from {label} belong?",
            f"They could not be filed; the oldest came {show_day(oldest)}.",
            "Open Needs sorting: correct, file or refuse each.",
            harm=3,
            days=2,
        )


def _unlinked() -> Iterable[Wanted]:
    """What people entered while two records were linked that are two people again."""
    waiting = UnlinkedStatement.objects.filter(looked_at=None).aggregate(count=Count("pk"), oldest=Min("since"))
    if waiting["count"]:
        count, oldest = waiting["count"], day_of(timezone.localtime(waiting["oldest"]).date())
        yield Wanted(
            "UNLINKED:house",
            "Whom is 1 entry about?" if count == 1 else f"Whom are {count:,} entries about?",
            f"Made while two records were linked that have been taken apart since; the oldest {show_day(oldest)}.",
            "Open Needs sorting: say of each whether it stays or is about the other person.",
            harm=3,
            days=2,
        )


def _silent_sources() -> Iterable[Wanted]:
    for source, last in quiet_sources(timezone.now()):
        day = day_of(timezone.localtime(last).date())
        yield Wanted(
            f"SOURCE:{source.pk}",
            f"Why is {source.label or source.name} silent?",
            f"Nothing came since {show_day(day)}, and by its own rhythm it would have been heard again.",
            "Call whoever runs the connection.",
            harm=4,
            days=1,
        )


def _unfinished() -> Iterable[Wanted]:
    """Things kept and not applied: workers try them each minute, so one that is still kept needs a person."""
    late = Message.objects.filter(state="KEPT", received_at__lt=timezone.now() - UNFINISHED)
    for row in late.values("source_id", "source__label", "source__name").annotate(count=Count("pk"), first=Min("pk")):
        label = row["source__label"] or row["source__name"]
        things = "1 message" if row["count"] == 1 else f"{row['count']:,} messages"
        yield Wanted(
            f"UNFINISHED:{row['source_id']}",
            f"Why can {things} from {label} not be taken in?",
            f"Kept, and tried each minute without success; the first is message {row['first']}.",
            "Read the log of the workers, mend the cause; they are taken in by themselves then.",
            harm=4,
            days=1,
        )


def _strangers() -> Iterable[Wanted]:
    """Somebody who is not registered tries to send."""
    lately = Message.objects.filter(
        source__name=UNREGISTERED, state="REFUSED", received_at__gt=timezone.now() - STRANGERS_SHOWN
    )
    for row in lately.values("name").annotate(count=Sum("refused"), first=Min("pk")).order_by("first"):
        address = row["name"].removeprefix("from ")
        times = "1 message was" if row["count"] == 1 else f"{row['count']:,} messages were"
        yield Wanted(
            f"STRANGER:{address}",
            f"Who sends from {address} without being registered?",
            f"{times} refused in a week; nothing of them was kept.",
            "If it is one of yours, register it with `beforehand senders add`; else ask whoever runs the network.",
            harm=3,
            days=2,
        )


def _pulls() -> Iterable[Wanted]:
    """Servers we ask that do not give what they should."""
    for pull in failing_pulls():
        label = pull.source.label or pull.source.name
        yield Wanted(
            f"PULL:{pull.source_id}",
            f"Why can nothing be fetched from {label}?",
            f"{pull.trouble} It is tried again by itself, and nothing is lost meanwhile.",
            pull.remedy or "Ask whoever runs the server.",
            harm=4,
            days=1,
        )
    for pull, run in incomplete_pulls():
        label = pull.source.label or pull.source.name
        yield Wanted(
            f"PULL_ERRORS:{pull.source_id}",
            f"What could {label} not send?",
            f"What came last came with errors: {'; '.join(run.notes)}"[:390],
            "Ask whoever runs the server; it is asked for again, and what comes without errors closes this.",
            harm=3,
            days=2,
        )


def _inbox() -> Iterable[Wanted]:
    """Folders and webhooks from which something should come and does not."""
    for folder in folders_in_trouble(timezone.now()):
        label = folder.source.label or folder.source.name
        yield Wanted(
            f"FOLDER:{folder.pk}",
            f"Why can files from {label} not be taken in?",
            f"{folder.trouble} Nothing is lost: what cannot be taken stays where it is and is tried again.",
            f"See to watched folder {folder.pk} (`beforehand folders list`): its share, its permissions, its disk.",
            harm=4,
            days=1,
        )
    for sender in refused_webhooks(timezone.now()):
        label = sender.source.label or sender.source.name
        yield Wanted(
            f"WEBHOOK:{sender.pk}",
            f"Why are the calls of {label} refused?",
            f"{sender.refused_why} Nothing of them was kept, and none was accepted since.",
            "Ask whoever runs the sending system; `beforehand webhooks rotate` makes a new secret.",
            harm=4,
            days=1,
        )


def _parts() -> Iterable[Wanted]:
    """Parts of the house that ended by themselves and were started again."""
    for part in ended_parts(timezone.now()):
        times = "once" if part.times == 1 else f"{part.times} times"
        yield Wanted(
            f"PART:{part.name}",
            f"Why does {PARTS[part.name]} stop by itself?",
            f"It ended {times} within a day and was started again; the other parts went on.",
            "Read the log of `beforehand up` at that time. Nothing that was received is lost.",
            harm=4,
            days=1,
        )


def _dismissed_rules(as_of: int) -> Iterable[Wanted]:
    """A rule whose needs people dismiss more often than not is looked at."""
    ended = Need.unscoped.filter(source="FINDING", state__in=("CLOSED", "DISMISSED"), closed_at__isnull=False).filter(
        closed_at__date__gt=date_of(as_of - WINDOW_DAYS)
    )
    counted = ended.values("rule_id").annotate(all=Count("pk"), dismissed=Count("pk", filter=Q(state="DISMISSED")))
    for row in counted.order_by("rule_id"):
        if row["all"] >= DISMISSED_CASES and row["dismissed"] * 2 > row["all"]:
            title = rule_words(row["rule_id"]).title or row["rule_id"]
            yield Wanted(
                f"DISMISSED_RULE:{row['rule_id']}",
                f"Is the rule “{title}” of use?",
                f"People dismissed {row['dismissed']} of its {row['all']} needs that ended in half a year.",
                "Read the reasons given, then change or retire the rule.",
                harm=2,
                days=14,
            )


def _open(wanted: Wanted, team_id: int, as_of: int) -> NeedEvent:
    now = timezone.now()
    need = Need.unscoped.create(
        patient_id=None,
        source="OPERATIONS",
        fold_key=wanted.key[:300],
        subject=wanted.key[:300],
        question=wanted.question,
        reason=wanted.reason,
        next_step=wanted.next_step,
        is_dated=True,
        harm=wanted.harm,
        next_on=as_of + wanted.days,
        due_on=as_of + wanted.days,
        opens_on=as_of,
        shown_from=as_of,
        team_id=team_id,
        opened_day=as_of,
        opened_at=now,
        changed_at=now,
    )
    return event(need, "OPENED", by=BY, by_label=BY_LABEL, day=as_of)


def _keeps_away(wanted: Wanted, as_of: int) -> bool:
    """Whether somebody put this off: a dismissal lasts a month."""
    last = (
        Need.unscoped.filter(source="OPERATIONS", fold_key=wanted.key).exclude(state__in=LIVE).order_by("-pk").first()
    )
    if last is None or last.closed_why not in ("DISMISSED", "PERSON") or last.closed_at is None:
        return False
    days = 30 if last.closed_why == "DISMISSED" else policy().proof_days
    return as_of < day_of(timezone.localtime(last.closed_at).date()) + days and last.reason == wanted.reason


@transaction.atomic
def update_operations(*, as_of: date | int | None = None) -> int:
    """Open what is wrong, refresh what stands, close what is well again; returns how many are open."""
    day = today() if as_of is None else as_of if isinstance(as_of, int) else day_of(as_of)
    found = (
        *_failing_rules(),
        *_quarantine(),
        *_unlinked(),
        *_silent_sources(),
        *_unfinished(),
        *_strangers(),
        *_pulls(),
        *_inbox(),
        *_parts(),
        *_dismissed_rules(day),
    )
    wanted = {each.key[:300]: each for each in found}
    live = {need.fold_key: need for need in Need.unscoped.filter(source="OPERATIONS", state__in=LIVE)}
    events = []
    team_id = operations_team().pk
    for key, each in wanted.items():
        need = live.get(key)
        if need is None:
            if not _keeps_away(each, day):
                events.append(_open(each, team_id, day))
        elif (need.question, need.reason) != (each.question, each.reason):
            need.question, need.reason, need.changed_at = each.question, each.reason, timezone.now()
            need.save(update_fields=["question", "reason", "changed_at"])
    for key, need in live.items():
        if key not in wanted and ":" in key:
            need.state, need.closed_why, need.outcome = "CLOSED", "MET", "Well again"
            need.closed_at = need.changed_at = timezone.now()
            need.version += 1
            need.save()
            events.append(event(need, "CLOSED", by=BY, by_label=BY_LABEL, day=day, words="Closed: well again"))
    write(events)
    return len(wanted)


def operations_needs(principal: Principal, *, as_of: date | int | None = None) -> tuple[OperationsNeed, ...]:
    """The operations queue, first things first, for whoever works needs, the quarantine or the accounts."""
    if not any(principal.may(capability) for capability in (WORK_NEEDS, WORK_QUARANTINE, MANAGE_USERS)):
        raise AccessRefusedError(f"{principal.label} may not work the operations queue")
    day = today() if as_of is None else as_of if isinstance(as_of, int) else day_of(as_of)
    needs = list(Need.unscoped.filter(source="OPERATIONS", state__in=LIVE))
    rules = policy()
    needs.sort(key=lambda need: (need.shown_from > day, order_key(standing(need, 0), day, rules, need.pk)))
    known = around(for_principal(principal).among([]), needs, day)
    return tuple(OperationsNeed(need_view(need, known), *need.fold_key.partition(":")[::2]) for need in needs)
