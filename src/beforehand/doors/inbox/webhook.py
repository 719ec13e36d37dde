"""A signed webhook: ``POST /inbox/<public id>/`` with the bytes of one message as its body.

Nothing but the signature says who calls: no session, no cookie, no form. So there is nothing a page of somebody else
could make a browser do, and the view needs no CSRF token. 202 is answered when the bytes are committed, never before;
a fault of ours is answered 503, and the caller sends again.
"""

from __future__ import annotations

import hashlib
import logging
import time
from datetime import UTC, datetime
from typing import Any

from django.db import Error as DatabaseError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from beforehand.care.needs.arrivals import take_up
from beforehand.doors.inbox.pace import Pace
from beforehand.intake.errors import LimitError
from beforehand.intake.models import WebhookSender
from beforehand.intake.webhooks import (
    WINDOW,
    Called,
    calls_in_a_minute,
    is_signed,
    keep_call,
    note_refused,
    webhook_with,
)
from beforehand.record.access import system_principal
from beforehand.record.audit import CHANGE, audited

log = logging.getLogger(__name__)
MEGABYTE = 1024 * 1024
LARGEST = 16 * MEGABYTE
AT_ONCE = MEGABYTE  # a larger body is applied by a worker, within a minute
MOMENT, SIGNATURE = "Beforehand-Timestamp", "Beforehand-Signature"
wrong_signatures = Pace(most=30, seconds=60)  # in this web process, for each address and sender


def _refused(status: int, words: str, *, wait: int = 0) -> HttpResponse:
    response = JsonResponse({"error": words}, status=status)
    if wait:
        response["Retry-After"] = str(wait)
    return response


@csrf_exempt
def receive_call(request: Any, public_id: str) -> HttpResponse:
    """Take in one call."""
    now = timezone.now()
    sender = webhook_with(public_id)
    # Nobody is told of what is not there: an unknown address looks like any that leads nowhere.
    response = _answer(request, sender, now) if sender else render(request, "gate/not_found.html", status=404)
    response["Cache-Control"] = "no-store"
    return response


def _answer(request: Any, sender: WebhookSender, now: datetime) -> HttpResponse:
    caller = (sender.pk, str(request.META.get("REMOTE_ADDR", "")))
    if wrong_signatures.is_spent(caller, time.monotonic()):
        return _refused(429, "Too many calls with a wrong signature. Wait a minute.", wait=60)
    stated = str(request.META.get("CONTENT_LENGTH") or "")
    if not stated.isdecimal():
        return _refused(411, "State the length of the body (Content-Length).")
    if int(stated) > LARGEST:
        return _refused(413, f"The body is larger than {LARGEST // MEGABYTE} MB. Send it in parts, or as a file.")
    try:
        body = request.read(LARGEST + 1)
    except OSError:
        return _refused(400, "The call broke off. Send it again.")
    if len(body) != int(stated):
        return _refused(400, "The body is shorter than its Content-Length says. Send it again.")
    moment, signature = request.headers.get(MOMENT, ""), request.headers.get(SIGNATURE, "")
    trouble = _not_theirs(sender, moment, signature, body, now)
    if trouble:
        wrong_signatures.note(caller, time.monotonic())
        note_refused(sender, trouble, now)
        return _refused(401, trouble)
    if not body.strip():
        return _refused(400, "The body is empty: there is nothing to take in.")
    if calls_in_a_minute(sender, now) >= sender.per_minute:
        return _refused(429, f"More than {sender.per_minute} calls in a minute. Wait, then send it again.", wait=30)
    return _take_in(request, sender, moment, body, now)


def _not_theirs(sender: WebhookSender, moment: str, signature: str, body: bytes, now: datetime) -> str:
    """Why a call is not believed to be the sender's, here and now; the signature before anything it may have signed."""
    if not moment or not signature:
        return f"Sign the call: {MOMENT} and {SIGNATURE} are needed."
    if not is_signed(sender, moment, body, signature, now):
        return "The signature is not right. Sign <timestamp>.<body> with the newest secret."
    if not (moment.isascii() and moment.isdecimal() and len(moment) <= 12):
        return f"{MOMENT} must be whole seconds since 1970."
    if abs(datetime.fromtimestamp(int(moment), UTC) - now) > WINDOW:
        return "The call was signed more than 5 minutes from now. Set the clock, sign it anew and send it again."
    return ""


def _take_in(request: Any, sender: WebhookSender, moment: str, body: bytes, now: datetime) -> HttpResponse:
    words = hashlib.sha256(moment.encode() + b"." + body).hexdigest()
    media_type = str(request.META.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
    try:
        called = keep_call(sender=sender, signature=words, body=body, media_type=media_type, at=now)
    except LimitError as error:
        return _refused(413, str(error))
    except (DatabaseError, OSError) as error:
        log.error("a call of webhook %s was not kept: %s", sender.pk, type(error).__name__)
        return _refused(503, "It could not be kept just now. Send it again in a while.", wait=60)
    _apply(request, called, body)
    return HttpResponse(called.reply, status=202, content_type="application/json")


def _apply(request: Any, called: Called, body: bytes) -> None:
    """Facts and rules right after, where the body is small. Whatever goes wrong now, a worker tries again."""
    if called.message is None:
        return
    request.principal = system_principal("intake")
    patients: frozenset[int] = frozenset()
    if len(body) <= AT_ONCE:
        try:
            patients = take_up(called.message).patients
        except Exception as error:
            log.error("message %s is kept and not applied yet: %s", called.message.pk, type(error).__name__)
    audited(request.principal, "receive_call", patients=sorted(patients), access=CHANGE)
