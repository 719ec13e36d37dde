"""Who may post to the webhook, how a call is known to be theirs, and the keeping of what it brings.

A sender signs ``<seconds since 1970>.<body>`` with HMAC-SHA256. Its secrets are not in the database: each is made from
``settings.WEBHOOK_KEY`` (a file of the home), the sender's public id and the number of the secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from beforehand.intake.blobs import digest_of, keep_blobs
from beforehand.intake.connectors.csv.connector import with_mapping
from beforehand.intake.connectors.csv.mapping import read_mapping
from beforehand.intake.connectors.errors import StopError
from beforehand.intake.errors import IntakeError
from beforehand.intake.ledger import keep, source_named
from beforehand.intake.limits import LIMITS
from beforehand.intake.models import WebhookCall, WebhookSender
from beforehand.record.access import MANAGE_USERS, Principal, require
from beforehand.record.audit import audited
from beforehand.record.models import Message, Source
from beforehand.record.store.rows import lock_for_writing

WINDOW = timedelta(minutes=5)  # how far the time of a call may be from ours
ANSWERS_STAND = timedelta(days=1)  # a signature is refused by its time long before its answer is forgotten
OVERLAP_DAYS = 7  # how long a secret holds after its successor was made
NAMES = {  # what a document without a name is called, so that its format is recognised
    "text/csv": "posted.csv",
    "text/tab-separated-values": "posted.tsv",
    "text/calendar": "posted.ics",
    "text/plain": "posted.txt",
    "message/rfc822": "posted.eml",
    "application/pdf": "posted.pdf",
}


class WebhookError(IntakeError):
    """What was asked of the list of webhook senders cannot be done; says what to do instead."""


@dataclass(frozen=True)
class Called:
    """What a call is answered. ``message`` is None when it was answered before."""

    reply: str
    message: Message | None


def secret_of(sender: WebhookSender, number: int | None = None) -> str:
    """The secret of that number, the newest if none is named; for the sender alone."""
    words = f"{sender.public_id}:{number or sender.secret_number}".encode()
    return "bfh_" + hmac.new(settings.WEBHOOK_KEY.encode(), words, hashlib.sha256).hexdigest()


def secrets_that_hold(sender: WebhookSender, at: datetime) -> list[str]:
    """The secrets a call may be signed with now: the newest, and for a while the one before."""
    found = [secret_of(sender)]
    if sender.secret_number > 1 and sender.earlier_until is not None and at < sender.earlier_until:
        found.append(secret_of(sender, sender.secret_number - 1))
    return found


def signature_of(secret: str, moment: str, body: bytes) -> str:
    """What a sender writes into its header: ``v1=`` and the HMAC-SHA256 of moment, full stop and body."""
    return "v1=" + hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_signed(sender: WebhookSender, moment: str, body: bytes, given: str, at: datetime) -> bool:
    """Whether one of the signatures given (several may stand with commas) is the sender's; in constant time."""
    offered = [one.strip().encode() for one in given.split(",")[:4]]
    is_right = False
    for secret in secrets_that_hold(sender, at):
        wanted = signature_of(secret, moment, body).encode()
        for one in offered:
            is_right |= hmac.compare_digest(wanted, one)
    return is_right


@transaction.atomic
def add_webhook(
    *, source: str, by: Principal, label: str = "", mapping: bytes = b"", per_minute: int = 120
) -> WebhookSender:
    """Let somebody post, and say under which source what they post is kept."""
    require(by, MANAGE_USERS)
    if not source.strip():
        raise WebhookError("Name the source under which its messages are kept, such as st-brigid.")
    if mapping:
        try:
            read_mapping(mapping)
        except StopError as fault:
            raise WebhookError(str(fault)) from None
    kept = source_named(source.strip())
    if kept.kind != "SYSTEM":
        raise WebhookError(f"The source {source!r} is a person, and a webhook is no person: choose another name.")
    if label:
        Source.objects.filter(pk=kept.pk).update(label=label[:200])
    sender = WebhookSender.objects.create(
        public_id=secrets.token_hex(16), source=kept, mapping=mapping, per_minute=per_minute
    )
    audited(by, "add_webhook")
    return sender


@transaction.atomic
def rotate_webhook(
    *, sender: WebhookSender, by: Principal, reason: str, overlap_days: int = OVERLAP_DAYS
) -> WebhookSender:
    """Make a new secret. The one before holds for some days more; none does for 0 days, when it has leaked."""
    require(by, MANAGE_USERS)
    lock_for_writing()
    found = WebhookSender.objects.filter(pk=sender.pk, removed_at=None).first()
    if found is None:
        raise WebhookError(f"Webhook {sender.pk} is removed: add it anew.")
    found.secret_number += 1
    found.earlier_until = timezone.now() + timedelta(days=overlap_days)
    found.save(update_fields=["secret_number", "earlier_until"])
    audited(by, "rotate_webhook", reason=reason)
    return found


@transaction.atomic
def remove_webhook(*, sender: WebhookSender, by: Principal, reason: str) -> None:
    """Take the leave to post back; what was posted stays."""
    require(by, MANAGE_USERS)
    if not WebhookSender.objects.filter(pk=sender.pk, removed_at=None).update(removed_at=timezone.now()):
        raise WebhookError(f"Webhook {sender.pk} is removed already.")
    audited(by, "remove_webhook", reason=reason)


def webhooks() -> list[WebhookSender]:
    """Everybody who may post, the first added first."""
    return list(WebhookSender.objects.filter(removed_at=None).select_related("source").order_by("pk"))


def webhook_with(public_id: str) -> WebhookSender | None:
    """Whose address this is."""
    return WebhookSender.objects.filter(public_id=public_id, removed_at=None).select_related("source").first()


def calls_in_a_minute(sender: WebhookSender, at: datetime) -> int:
    """How often this sender was heard in the last minute, over all web processes."""
    return WebhookCall.objects.filter(sender=sender, at__gt=at - timedelta(minutes=1)).count()


def keep_call(*, sender: WebhookSender, signature: str, body: bytes, media_type: str, at: datetime) -> Called:
    """Commit the bytes, their message and the answer; when this returns, they survive a power cut.

    The same signature again is answered what it was answered, and changes nothing.
    """
    name = NAMES.get(media_type, "posted")
    is_list = name.endswith((".csv", ".tsv")) and bool(sender.mapping)
    data = with_mapping(bytes(sender.mapping), body) if is_list else body
    LIMITS.check_message(len(data))
    before = WebhookCall.objects.filter(sender=sender, signature=signature).first()
    if before is not None:
        return Called(before.reply, None)
    keep_blobs([(digest_of(data), data)])  # before the transaction, so that nobody waits for the disk behind its lock
    with transaction.atomic():
        lock_for_writing()
        before = WebhookCall.objects.filter(sender=sender, signature=signature).first()
        if before is not None:
            return Called(before.reply, None)
        message = keep(data=data, source=sender.source, name=name, received_at=at)
        reply = json.dumps({"message": message.pk, "sha256": digest_of(body), "bytes": len(body), "state": "kept"})
        WebhookCall.objects.create(sender=sender, signature=signature, message_id=message.pk, reply=reply, at=at)
        WebhookCall.objects.filter(sender=sender, at__lt=at - ANSWERS_STAND).delete()
        WebhookSender.objects.filter(pk=sender.pk).update(accepted_at=at)
    return Called(reply, message)


def note_refused(sender: WebhookSender, why: str, at: datetime) -> None:
    """Remember that calls of this sender are refused, for operations; at most one write a minute."""
    if sender.refused_at is None or at - sender.refused_at > timedelta(minutes=1) or sender.refused_why != why:
        WebhookSender.objects.filter(pk=sender.pk).update(refused_at=at, refused_why=why[:200])


def refused_webhooks(at: datetime, *, for_days: int = 7) -> list[WebhookSender]:
    """Senders whose calls were refused lately, and none accepted since."""
    since = at - timedelta(days=for_days)
    return [one for one in webhooks() if one.refused_at and one.refused_at > max(since, one.accepted_at or since)]
