"""Replay: the bytes as received and people's decisions, put through again, give the same record.

``written_ledger`` says in order what was received and decided, in words that hold in any home; ``replay`` takes it
into a fresh one. The proof that nothing in the record has another origin, and the way to a better mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import transaction

from beforehand.intake.apply import WHOLE, apply_messages
from beforehand.intake.batch import Applied
from beforehand.intake.errors import IntakeError, RefusedError
from beforehand.intake.filing import file_to_record
from beforehand.intake.ledger import keep, refuse, source_named
from beforehand.intake.models import FiledItem, QuarantinedItem
from beforehand.intake.quarantine import retry_now
from beforehand.intake.store.balance import move_to_refused
from beforehand.record.identity import carry_over_decision, carry_over_settling
from beforehand.record.models import (
    Item,
    LinkDecision,
    Message,
    PersonRecord,
    Resource,
    Source,
    SourceTrust,
    UnlinkedStatement,
)
from beforehand.record.store.rows import lock_for_writing
from beforehand.record.trust import write_end, write_trust

Entry = dict[str, Any]


def written_ledger() -> Iterator[Entry]:
    """Everything received and decided, in the order it happened."""
    sources = Source.objects.in_bulk()
    entries: list[tuple[datetime, int, Entry]] = []
    for message in Message.objects.order_by("id").iterator():
        source = sources[message.source_id]
        entry = {
            "entry": "message",
            "source": source.name,
            "kind": source.kind,
            "user": source.user_id,
            "digest": message.digest,
            "name": message.name,
            "at": message.received_at.isoformat(),
            "refused": message.reason if message.state == "REFUSED" and not message.digest else "",
            "held": message.reason if message.state != "REFUSED" else "",
        }
        entries.append((message.received_at, message.pk, entry))
    last = len(entries)
    for number, (at, entry) in enumerate(
        (*_links(sources), *_settled(sources), *_refusals(), *_releases(), *_filings(sources), *_trust()),
        start=last + 1,
    ):
        entries.append((at, number, entry))
    for _, _, entry in sorted(entries, key=lambda each: (each[0], each[1])):
        yield entry


def _links(sources: dict[int, Source]) -> Iterator[tuple[datetime, Entry]]:
    def spelled(record: int) -> list[str]:
        identity = Resource.objects.get(pk=record)
        return [sources[identity.source_id].name, identity.logical_id]

    for decision in LinkDecision.objects.filter(basis="PERSON").order_by("id"):
        yield (
            decision.at,
            {
                "entry": "link",
                "left": spelled(decision.left_record_id),
                "right": spelled(decision.right_record_id),
                "decision": decision.decision,
                "reason": decision.reason,
                "user": decision.by_user_id,
                "at": decision.at.isoformat(),
            },
        )


def _settled(sources: dict[int, Source]) -> Iterator[tuple[datetime, Entry]]:
    """What was stated while two records were linked, and that somebody has looked at it since they are not."""
    for statement in UnlinkedStatement.objects.exclude(looked_at=None).order_by("id"):
        assert statement.looked_at is not None
        stated = Resource.objects.get(pk=statement.resource_id)
        entry: Entry = {"entry": "settled", "source": sources[stated.source_id].name, "type": stated.type}
        entry |= {"id": stated.logical_id, "user": statement.looked_by_id, "at": statement.looked_at.isoformat()}
        yield statement.looked_at, entry


def _refusals() -> Iterator[tuple[datetime, Entry]]:
    for item in QuarantinedItem.objects.filter(state="REFUSED").select_related("message__source").order_by("closed_at"):
        assert item.closed_at is not None
        yield (
            item.closed_at,
            {
                "entry": "refusal",
                "source": item.message.source.name,
                "digest": item.message.digest,
                "place": item.place,
                "reason": item.closing_reason,
                "at": item.closed_at.isoformat(),
            },
        )


def _releases() -> Iterator[tuple[datetime, Entry]]:
    """Messages that were held until a person let them in. Other retries need no word: a replay tries by itself."""
    let_in = QuarantinedItem.objects.filter(state="RELEASED", field=WHOLE).exclude(message__reason="")
    for item in let_in.select_related("message__source").order_by("closed_at"):
        assert item.closed_at is not None
        entry = {
            "entry": "release",
            "source": item.message.source.name,
            "digest": item.message.digest,
            "at": item.closed_at.isoformat(),
        }
        yield item.closed_at, entry


def _filings(sources: dict[int, Source]) -> Iterator[tuple[datetime, Entry]]:
    """Whose people said things are that did not say it themselves; what was taken back leaves no entry."""
    messages = Message.objects.in_bulk(FiledItem.objects.values_list("message_id", flat=True))
    for number, message in sorted(messages.items()):
        filed = list(FiledItem.objects.filter(message_id=number))
        identity = Resource.objects.get(pk=filed[0].person_record_id)
        items = [one.item_id for one in filed]
        entry = {
            "entry": "filing",
            "source": sources[message.source_id].name,
            "digest": message.digest,
            "places": sorted(Item.objects.filter(pk__in=items).values_list("place", flat=True)),
            "record": [sources[identity.source_id].name, identity.logical_id],
            "user": filed[0].by_user_id,
            "at": filed[0].at.isoformat(),
        }
        yield filed[0].at, entry


def _trust() -> Iterator[tuple[datetime, Entry]]:
    """The rules the organisation set on which source holds; what they settled is a message like any other."""
    for rule in SourceTrust.objects.select_related("preferred", "over").order_by("id"):
        entry: Entry = {"entry": "trust", "number": rule.number, "kind": rule.kind, "preferred": rule.preferred.name}
        entry |= {"over": rule.over.name, "reason": rule.reason, "user": rule.set_by_id}
        yield rule.set_at, entry | {"at": rule.set_at.isoformat()}
        if rule.ended_at is not None:
            ended = {"entry": "trust ended", "number": rule.number, "reason": rule.ended_why, "user": rule.ended_by_id}
            yield rule.ended_at, ended | {"at": rule.ended_at.isoformat()}


def replay(entries: Iterable[Entry], *, read_bytes: Callable[[str], bytes]) -> Applied:
    """Put a written ledger through a fresh home. ``read_bytes`` gives the bytes of a digest."""
    if Message.objects.exists():
        raise IntakeError("A ledger is replayed into a fresh home only: this one has received something already.")
    total = Applied()
    for entry in entries:
        at = datetime.fromisoformat(entry["at"])
        if entry["entry"] == "message":
            total.add(_receive(entry, at, read_bytes))
        elif entry["entry"] == "link":
            carry_over_decision(
                left=_record(*entry["left"]),
                right=_record(*entry["right"]),
                decision=entry["decision"],
                reason=entry["reason"],
                by_user_id=entry["user"],
                at=at,
            )
        elif entry["entry"] == "settled":
            stated = _resource(entry["source"], entry["type"], entry["id"])
            carry_over_settling(resource=stated.pk, by_user_id=entry["user"], at=at)
        elif entry["entry"] == "release":
            total.add(_release(entry, at))
        elif entry["entry"] == "filing":
            total.add(_file(entry, at))
        elif entry["entry"] in ("trust", "trust ended"):
            _trust_again(entry, at)
        else:
            _refuse_item(entry, at)
    return total


@transaction.atomic
def _file(entry: Entry, at: datetime) -> Applied:
    lock_for_writing()
    message = Message.objects.filter(source__name=entry["source"], digest=entry["digest"]).order_by("id")[0]
    waiting = QuarantinedItem.objects.filter(message=message, place__in=entry["places"], state="OPEN")
    items = list(waiting.values_list("item_id", flat=True))
    return file_to_record(message, items, _record(*entry["record"]), entry["user"], at)


def _receive(entry: Entry, at: datetime, read_bytes: Callable[[str], bytes]) -> Applied:
    source = source_named(entry["source"], kind=entry["kind"], user_id=entry["user"])
    if entry["refused"]:
        refuse(source=source, name=entry["name"], refusal=RefusedError(entry["refused"]), received_at=at)
        return Applied()
    content = read_bytes(entry["digest"])
    message = keep(data=content, source=source, name=entry["name"], received_at=at, held=entry.get("held", ""))
    return apply_messages(source, [(message, content)], now=at)


def _trust_again(entry: Entry, at: datetime) -> None:
    if entry["entry"] == "trust":
        stated = {name: entry[name] for name in ("number", "kind", "preferred", "over", "reason")}
        write_trust(**stated, set_by_id=entry["user"], at=at)
    else:
        rule = SourceTrust.objects.get(number=entry["number"])
        write_end(rule=rule, reason=entry["reason"], ended_by_id=entry["user"], at=at)


def _record(source: str, logical_id: str) -> int:
    return int(PersonRecord.unscoped.get(pk=_resource(source, "Patient", logical_id).pk).pk)


def _resource(source: str, type_: str, logical_id: str) -> Resource:
    senders = Source.objects.filter(name=source)
    return Resource.objects.get(type=type_, logical_id=logical_id, source_id__in=senders.values("pk"))


@transaction.atomic
def _release(entry: Entry, at: datetime) -> Applied:
    lock_for_writing()
    held = QuarantinedItem.objects.filter(
        message__source__name=entry["source"], message__digest=entry["digest"], state="OPEN", field=WHOLE
    )
    item = held.select_related("message__source").order_by("id").first()
    return Applied() if item is None else retry_now(item, at)


@transaction.atomic
def _refuse_item(entry: Entry, at: datetime) -> None:
    lock_for_writing()
    message = Message.objects.filter(source__name=entry["source"], digest=entry["digest"]).order_by("id")[0]
    item = QuarantinedItem.objects.get(message=message, place=entry["place"], state="OPEN")
    move_to_refused(message.pk, item.item_id)
    QuarantinedItem.objects.filter(pk=item.pk).update(
        state="REFUSED", waiting_for=None, closed_at=at, closing_reason=entry["reason"]
    )
