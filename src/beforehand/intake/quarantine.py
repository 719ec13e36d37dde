"""The quarantine worklist: nothing that could not become facts is lost, and somebody sees to it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from beforehand.intake.apply import WHOLE, retry_message
from beforehand.intake.batch import Applied, run_batch
from beforehand.intake.blobs import has_blob
from beforehand.intake.connectors.errors import ConnectorError
from beforehand.intake.errors import IntakeError, MissingBytesError, RefusedError
from beforehand.intake.models import QuarantinedItem
from beforehand.intake.sheet import balance_sheet
from beforehand.intake.store.balance import messages_out_of_balance, messages_unlike_their_items, move_to_refused
from beforehand.record.access import WORK_QUARANTINE, Principal, require
from beforehand.record.audit import CHANGE, audited
from beforehand.record.models import Item, Message, Team, User
from beforehand.record.store.rows import lock_for_writing
from beforehand.record.verify import SHOWN, Breach


class QuarantineError(IntakeError):
    """What was asked of a quarantined item cannot be done."""


def open_items(principal: Principal) -> QuerySet[QuarantinedItem]:
    """The open worklist, oldest first; holds reasons and places, never the items' contents."""
    require(principal, WORK_QUARANTINE)
    found = QuarantinedItem.objects.filter(state="OPEN").select_related("message__source", "owner_team", "owner_user")
    return found.order_by("opened_at", "id")


def refused_messages(principal: Principal) -> QuerySet[Message]:
    """Things that could not be opened at all, newest first, with why."""
    require(principal, WORK_QUARANTINE)
    return Message.objects.filter(state="REFUSED").select_related("source").order_by("-id")


def _open(item: QuarantinedItem, by: Principal) -> QuarantinedItem:
    require(by, WORK_QUARANTINE)
    lock_for_writing()
    current = QuarantinedItem.objects.select_related("message__source").get(pk=item.pk)
    if current.state != "OPEN":
        raise QuarantineError(f"Quarantined item {item.pk} is already {current.state.lower()}.")
    return current


@transaction.atomic
def retry_item(*, item: QuarantinedItem, by: Principal) -> Applied:
    """Try the item again as it was received, after what stood in its way has changed."""
    current = _open(item, by)
    applied = retry_now(current, timezone.now())
    QuarantinedItem.objects.filter(pk=current.pk, state="RELEASED").update(closed_by_id=by.id or None)
    audited(by, "retry_item", patients=sorted(applied.patients), access=CHANGE)
    return applied


def retry_now(current: QuarantinedItem, now: datetime) -> Applied:
    """Try again one item, or a message that was set aside as a whole; in the caller's transaction."""
    if current.field != WHOLE:
        source = current.message.source
        return run_batch(source, [], now=now, zone=settings.TIME_ZONE, again=[current.item_id])
    try:
        with transaction.atomic():
            return retry_message(current.message, current.item_id, now)
    except (RefusedError, ConnectorError, MissingBytesError) as error:
        reason = getattr(error, "reason", "") or str(error)
        QuarantinedItem.objects.filter(pk=current.pk).update(reason=reason[:400])
        return Applied()


@transaction.atomic
def refuse_item(*, item: QuarantinedItem, by: Principal, reason: str) -> None:
    """Close the item for good without applying it; its bytes stay."""
    current = _open(item, by)
    if not reason.strip():
        raise QuarantineError("Refusing an item needs a reason.")
    move_to_refused(current.message_id, current.item_id)
    QuarantinedItem.objects.filter(pk=current.pk).update(
        state="REFUSED",
        waiting_for=None,
        closed_at=timezone.now(),
        closed_by_id=by.id or None,
        closing_reason=reason[:400],
    )
    audited(by, "refuse_item", reason=reason)


@transaction.atomic
def assign_item(*, item: QuarantinedItem, to: User | Team, by: Principal) -> None:
    """Give the item to a person or back to a team's queue."""
    current = _open(item, by)
    if isinstance(to, Team):
        QuarantinedItem.objects.filter(pk=current.pk).update(owner_team=to, owner_user=None)
    else:
        QuarantinedItem.objects.filter(pk=current.pk).update(owner_user=to)
    audited(by, "assign_item")


def check_balance() -> list[Breach]:
    """Promise 1: every item received is applied, quarantined, refused or a duplicate, and its rows say the same."""
    return [*_days(), *_counters(), *_rows(), *_owners(), *_bytes()]


def _days() -> list[Breach]:
    """The source and day in which items went missing, for whoever has to ask the sender."""
    return [
        Breach(
            1,
            f"source {line.source}, {line.day}",
            f"{line.received} items received, {line.accounted} accounted for; messages at fault: {line.shown}",
            "ask the sender what it sent that day, then restore a backup or ingest those messages again",
        )
        for line in balance_sheet()
        if not line.is_balanced
    ][:SHOWN]


def _counters() -> list[Breach]:
    return [
        Breach(1, f"message {pk}", "its counters do not add up", "ingest its bytes into a fresh home and compare")
        for pk in messages_out_of_balance()[:SHOWN]
    ]


def _rows() -> list[Breach]:
    return [
        Breach(1, f"message {pk}", "its items do not match its counters", "restore a backup, then ingest it again")
        for pk in messages_unlike_their_items()[:SHOWN]
    ]


def _owners() -> list[Breach]:
    """Every item in quarantine stands on the worklist, and nothing else does."""
    listed = QuarantinedItem.objects.filter(state="OPEN")
    missing = Item.objects.filter(outcome="QUARANTINED").exclude(pk__in=listed.values("item_id"))
    stray = listed.exclude(item_id__in=Item.objects.filter(outcome="QUARANTINED").values("pk"))
    return [
        *(
            Breach(1, f"item {pk}", "is quarantined but nobody has it on a worklist", "retry its message")
            for pk in missing.values_list("pk", flat=True)[:SHOWN]
        ),
        *(
            Breach(1, f"quarantined item {pk}", "is open but its item is not quarantined", "close it")
            for pk in stray.filter(~Q(item_id=None)).values_list("pk", flat=True)[:SHOWN]
        ),
    ]


def _bytes() -> list[Breach]:
    """Every message that was taken in still has its bytes."""
    found: dict[str, list[int]] = {}
    for pk, digest in Message.objects.exclude(state="REFUSED").values_list("pk", "digest"):
        found.setdefault(digest, []).append(pk)
    lost = [pk for digest, messages in found.items() if not has_blob(digest) for pk in messages]
    return [
        Breach(1, f"message {pk}", "its bytes as received are gone", "restore them from a backup")
        for pk in lost[:SHOWN]
    ]
