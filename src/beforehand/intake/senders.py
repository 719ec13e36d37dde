"""Who may send over a line: known by the address, by what the messages say of the sender (MSH-3, MSH-4), or both."""

from __future__ import annotations

import ipaddress
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from beforehand.intake.errors import IntakeError, RefusedError
from beforehand.intake.ledger import count_refused, source_named
from beforehand.intake.models import Sender
from beforehand.record.access import MANAGE_USERS, Principal, require
from beforehand.record.audit import audited
from beforehand.record.models import Source

UNREGISTERED = "unregistered senders"
REFUSAL = RefusedError("The sender is not registered here.", "Register it with `beforehand senders add`.")


class SenderError(IntakeError):
    """What was asked of the list of senders cannot be done; says what to do instead."""


def _network(given: str) -> str:
    try:
        return str(ipaddress.ip_network(given, strict=False)) if given else ""
    except ValueError:
        raise SenderError(f"{given!r} is no address or network: write 10.1.2.3 or 10.1.0.0/16.") from None


@transaction.atomic
def add_sender(
    *, source: str, by: Principal, network: str = "", application: str = "", facility: str = "", label: str = ""
) -> Sender:
    """Let somebody send, and say under which source what they send is kept."""
    require(by, MANAGE_USERS)
    if not source.strip() or source == UNREGISTERED:
        raise SenderError("Name the source under which its messages are kept, such as st-brigid.")
    network = _network(network)
    if not (network or application or facility):
        raise SenderError("Say who it is: its address, its MSH-3 or its MSH-4. Nobody may send without being known.")
    taken = Sender.objects.filter(network=network, application=application, facility=facility, removed_at=None)
    if taken.exists():
        raise SenderError("This sender is registered already: remove it first to change its source.")
    kept = source_named(source)
    if kept.kind != "SYSTEM":
        raise SenderError(f"The source {source!r} is a person, and a line is no person: choose another name.")
    if label:
        Source.objects.filter(pk=kept.pk).update(label=label[:200])
    sender = Sender.objects.create(source=kept, network=network, application=application, facility=facility)
    audited(by, "add_sender")
    return sender


@transaction.atomic
def remove_sender(*, sender: Sender, by: Principal, reason: str) -> None:
    """Take the leave to send back; what was sent stays."""
    require(by, MANAGE_USERS)
    if not Sender.objects.filter(pk=sender.pk, removed_at=None).update(removed_at=timezone.now()):
        raise SenderError(f"Sender {sender.pk} is removed already.")
    audited(by, "remove_sender", reason=reason)


def senders() -> list[Sender]:
    """Everybody who may send, the first added first."""
    return list(Sender.objects.filter(removed_at=None).select_related("source").order_by("pk"))


def _is_in(address: str, network: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found) in ipaddress.ip_network(network)


def source_for(address: str, application: str, facility: str, *, is_readable: bool = True) -> Source | None:
    """The source of whoever sends this; the sender that is described most closely wins. None: unknown.

    Of a message whose header cannot be read only the address is known, and is enough.
    """
    found: tuple[int, Sender] | None = None
    for sender in senders():
        if sender.network and not _is_in(address, sender.network):
            continue
        if is_readable:
            if sender.application not in ("", application) or sender.facility not in ("", facility):
                continue
        elif not sender.network:
            continue
        closeness = bool(sender.application) + bool(sender.facility) + 2 * bool(sender.network)
        if found is None or closeness > found[0]:
            found = (closeness, sender)
    return found[1].source if found else None


def count_unregistered(address: str, *, at: datetime) -> None:
    """Count a message of somebody unknown. Nothing of it is kept or logged but the address it came from."""
    count_refused(source=source_named(UNREGISTERED), name=f"from {address}", refusal=REFUSAL, at=at)
