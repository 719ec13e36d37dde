"""What came since this person last looked: stays, results, messages, papers to place, quiet sources."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone

from beforehand.care.needs.shapes import Since, SinceItem
from beforehand.clinical.times import day_of, show_day
from beforehand.intake.models import QuarantinedItem
from beforehand.intake.rhythm import silent_sources
from beforehand.record.access import Principal, for_principal
from beforehand.record.models import HouseSetting, Item, Message, Source, User

ITEMS_LOOKED_AT = 20_000  # after a large import the strip counts its newest part only, so that the page stays quick
STAYS = ("IMP", "ACUTE", "NONAC")


def checked_at() -> datetime | None:
    """When the look-ahead was last up to date."""
    stored = HouseSetting.objects.filter(name="looked_ahead_at").values_list("value", flat=True).first()
    return datetime.fromisoformat(stored) if stored else None


def _counted(kind: str, count: int, one: str, many: str, detail: str = "") -> SinceItem:
    return SinceItem(kind, count, one if count == 1 else many, detail)


def _new_facts(principal: Principal, table: str, recent: QuerySet[Item], **only: Any) -> int:
    """Facts of one table stated by items received since, of the patients this principal sees."""
    return for_principal(principal).facts(table).filter(pk__in=recent.values("resource_id"), **only).count()


def quiet_sources(now: datetime) -> list[tuple[Source, datetime]]:
    """Sources that have fallen silent against their own rhythm, with when they were last heard."""
    silent = silent_sources(now)
    return [(source, silent[source.pk]) for source in Source.objects.filter(pk__in=silent).order_by("name")]


def since_last_visit(principal: Principal) -> Since:
    """Counts for the strip above the list; nothing on a first visit."""
    person = principal.person
    user = User.objects.filter(pk=person.id).first() if person else None
    at = user.worklist_seen_before_at or user.last_seen_worklist_at if user else None
    if at is None:
        return Since(None)
    now = timezone.now()
    first_message = Message.objects.filter(received_at__gt=at).aggregate(first=Min("pk"))["first"]
    stays = results = words = 0
    if first_message is not None:
        before = Item.objects.filter(message_id=first_message).aggregate(first=Min("pk"))["first"] or 0
        newest = Item.objects.aggregate(last=Max("pk"))["last"] or 0
        recent = Item.objects.filter(pk__gte=max(before, newest - ITEMS_LOOKED_AT), version_state="CURRENT")
        stays = _new_facts(principal, "encounter", recent, class_code__in=STAYS)
        results = _new_facts(principal, "diagnostic_report", recent)
        words = _new_facts(principal, "communication", recent)
    papers = QuarantinedItem.objects.filter(state="OPEN").aggregate(
        count=Count("pk"), oldest=Min("opened_at"), mine=Count("pk", filter=Q(owner_user_id=person.id if person else 0))
    )
    quiet = quiet_sources(now)
    items = [
        _counted("stays", stays, "hospital stay", "hospital stays"),
        _counted("results", results, "result", "results"),
        _counted("messages", words, "message", "messages"),
        _counted("papers", papers["count"], "item to place", "items to place", _papers_words(papers, now)),
        _counted("quiet", len(quiet), "quiet source", "quiet sources", _quiet_words(quiet)),
    ]
    return Since(at, tuple(item for item in items if item.count))


def _papers_words(papers: dict[str, Any], now: datetime) -> str:
    if not papers["count"]:
        return ""
    days = (now - papers["oldest"]).days
    oldest = f"oldest {days} days" if days > 1 else ""
    mine = f"{papers['mine']} yours" if papers["mine"] else ""
    return ", ".join(part for part in (oldest, mine) if part)


def _quiet_words(quiet: list[tuple[Source, datetime]]) -> str:
    if not quiet:
        return ""
    source, last = quiet[0]
    return f"{source.label or source.name}, since {show_day(day_of(timezone.localtime(last).date()))}"
