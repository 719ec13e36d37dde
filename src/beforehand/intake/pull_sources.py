"""Which servers are asked by themselves; what came of it last. The asking itself is ``doors.pull``."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from beforehand.intake.errors import IntakeError
from beforehand.intake.ledger import source_named
from beforehand.intake.limits import MEGABYTE
from beforehand.intake.models import PullRun, PullSource
from beforehand.record.access import MANAGE_USERS, Principal, require
from beforehand.record.audit import audited
from beforehand.record.models import Source

SYSTEM, PATIENT = "", "Patient"
EVERY = {"BULK": 24 * 60, "SEARCH": 60}  # minutes, where nothing else is said
LARGEST = 8 * 1024 * MEGABYTE
PER_SECOND = 4.0
AT_ONCE_AGAIN = timedelta(minutes=5)  # after the first failure; twice as long after each further one
AT_LAST = timedelta(hours=24)
PORTS = {"https": 443, "http": 80}


class PullError(IntakeError):
    """What was asked of the list of servers cannot be done; says what to do instead."""


def is_loopback(host: str) -> bool:
    """Whether the name is this machine itself, to which nobody listens in on the way."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> str:
    """Scheme, host and port of an address; refused where records and tokens must not travel."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise PullError("The address cannot be read: write it as https://fhir.example.org/r4.") from None
    host = (parts.hostname or "").lower()
    if parts.scheme not in PORTS or not host or any(mark.isspace() or not mark.isprintable() for mark in url):
        raise PullError("The address is no web address: write it as https://fhir.example.org/r4.")
    if parts.username is not None or parts.password is not None:
        raise PullError("The address holds a name or a password: leave it out, and give the token by `pull token`.")
    if parts.scheme == "http" and not is_loopback(host):
        raise PullError("The address is not encrypted (http): only https is asked, except on this machine itself.")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{port or PORTS[parts.scheme]}"


def _base(url: str) -> str:
    origin_of(url)
    if "?" in url or "#" in url:
        raise PullError("The address has a question or a mark behind it: give the base of the server alone.")
    return url.rstrip("/")


@dataclass(frozen=True)
class Wish:
    """What is asked for when a server is added, checked by ``add_pull``."""

    name: str
    kind: str
    url: str
    label: str = ""
    level: str = SYSTEM
    types: Sequence[str] = ()
    patients: Sequence[str] = ()
    origins: Sequence[str] = ()
    authorisation: str = "KEY"
    client_id: str = ""
    token_url: str = ""
    scope: str = ""
    since: str = ""
    every_minutes: int | None = None
    per_second: float = PER_SECOND
    largest_bytes: int = LARGEST


def _check(wish: Wish) -> None:
    if not wish.name.strip():
        raise PullError("Name the source under which the records are kept, such as st-brigid.")
    if wish.kind not in EVERY:
        raise PullError("Say how to ask: bulk (an export of many) or search (page by page).")
    if wish.kind == "SEARCH" and wish.level:
        raise PullError("A group or all patients is asked of a bulk export; a search takes a list of patients.")
    if wish.kind == "BULK" and (wish.patients or any("?" in type_ for type_ in wish.types)):
        raise PullError("A bulk export takes types and a level; patients and searches belong to a search.")
    if wish.authorisation in ("KEY", "REFRESH") and not wish.client_id:
        raise PullError("Give the client id under which the server knows this installation.")
    if not wish.per_second > 0 or not (wish.every_minutes is None or wish.every_minutes > 0) or wish.largest_bytes <= 0:
        raise PullError("How often, how many a second and how large must be more than nothing.")
    if wish.since:
        _moment(wish.since)


def _moment(since: str) -> None:
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise PullError("The first moment must be a full one with its zone, such as 2026-01-31T00:00:00Z.")


@transaction.atomic
def add_pull(*, wish: Wish, by: Principal) -> PullSource:
    """Ask this server from now on; what it answers is kept under the source that is named."""
    require(by, MANAGE_USERS)
    _check(wish)
    if pull_named(wish.name) is not None:
        raise PullError("A server of that name is asked already: remove it first to change it.")
    kept = source_named(wish.name)
    if kept.kind != "SYSTEM":
        raise PullError(f"The source {wish.name!r} is a person, and a server is no person: choose another name.")
    if wish.label:
        Source.objects.filter(pk=kept.pk).update(label=wish.label[:200])
    if wish.token_url:
        origin_of(wish.token_url)
    pull = PullSource.objects.create(
        source=kept,
        kind=wish.kind,
        url=_base(wish.url),
        level=wish.level,
        types=list(wish.types),
        patients=list(wish.patients),
        origins=sorted({origin_of(each) for each in wish.origins}),
        authorisation=wish.authorisation,
        client_id=wish.client_id,
        token_url=wish.token_url,
        scope=wish.scope,
        since=wish.since,
        every_minutes=wish.every_minutes or EVERY[wish.kind],
        per_second=wish.per_second,
        largest_bytes=wish.largest_bytes,
        next_at=timezone.now(),
    )
    audited(by, "add_pull")
    return pull


@transaction.atomic
def remove_pull(*, pull: PullSource, by: Principal, reason: str) -> None:
    """Ask this server no more; what came from it stays."""
    require(by, MANAGE_USERS)
    if not PullSource.objects.filter(pk=pull.pk, removed_at=None).update(removed_at=timezone.now()):
        raise PullError(f"{pull.source.name} is removed already.")
    audited(by, "remove_pull", reason=reason)


def pulls() -> list[PullSource]:
    """Every server that is asked, the first added first."""
    return list(PullSource.objects.filter(removed_at=None).select_related("source").order_by("pk"))


def pull_named(name: str) -> PullSource | None:
    """The server that is asked under this source."""
    return PullSource.objects.filter(removed_at=None, source__name=name).select_related("source").first()


def due_pulls(now: datetime) -> list[PullSource]:
    """Whose time has come, the longest waiting first."""
    due = PullSource.objects.filter(removed_at=None, next_at__lte=now)
    return list(due.select_related("source").order_by("next_at", "pk"))


def note_trouble(pull: PullSource, *, what: str, remedy: str, now: datetime) -> None:
    """Write down why nothing comes, for the operations queue, and try again later and later."""
    pull.failures, pull.refusals = pull.failures + 1, 0
    pull.trouble, pull.remedy = what[:500], remedy[:500]
    pull.failed_since = pull.failed_since or now
    pause = min(AT_ONCE_AGAIN * 2 ** min(pull.failures - 1, 12), AT_LAST)
    pull.next_at = now + pause
    pull.save(update_fields=["failures", "refusals", "trouble", "remedy", "failed_since", "next_at"])


def note_done(pull: PullSource, *, since: str, now: datetime) -> None:
    """Everything up to the server's own moment is in the ledger; the next fetch begins there."""
    pull.since = since or pull.since
    pull.failures, pull.refusals, pull.trouble, pull.remedy, pull.failed_since = 0, 0, "", "", None
    pull.last_done_at, pull.next_at = now, now + timedelta(minutes=pull.every_minutes)
    pull.save(
        update_fields=["since", "failures", "refusals", "trouble", "remedy", "failed_since", "last_done_at", "next_at"]
    )


def ask_soon(pull: PullSource) -> None:
    """At the next look, however long the pause after its failures was to be."""
    PullSource.objects.filter(pk=pull.pk).update(next_at=timezone.now())


def failing_pulls() -> list[PullSource]:
    """Servers from which nothing comes just now."""
    return [pull for pull in pulls() if pull.trouble]


def incomplete_pulls() -> list[tuple[PullSource, PullRun]]:
    """Servers whose last finished fetch came with errors of theirs."""
    found = []
    for pull in pulls():
        last = PullRun.objects.filter(pull=pull, state="DONE").order_by("-pk").first()
        if last is not None and last.notes:
            found.append((pull, last))
    return found
