"""Rules the organisation sets for contradictions: in which things one source holds over another. None unless set.

A rule settles nothing by itself; ``intake.settling`` writes each settlement down as a fact that names the rule, so it
is seen, dated and undone like a person's.
"""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone

from beforehand.record.contradictions import KINDS
from beforehand.record.models import Source, SourceTrust, User
from beforehand.record.store.alike import trust_stands


class TrustError(ValueError):
    """A source-trust rule that cannot be set or ended; says why and what to do."""


def standing_trust() -> list[SourceTrust]:
    """The rules that hold now, oldest first."""
    if not trust_stands():  # each arrival asks, and few organisations set any
        return []
    return list(SourceTrust.objects.filter(ended_at=None).select_related("preferred", "over").order_by("set_at", "id"))


def write_trust(
    *, number: str, kind: str, preferred: str, over: str, reason: str, set_by_id: int | None, at: datetime
) -> SourceTrust:
    """Write down a rule, after checking that it can hold beside the others."""
    if kind not in KINDS:
        raise TrustError(f"There is no kind of statement called {kind!r}; there are {', '.join(KINDS)}.")
    if not reason.strip():
        raise TrustError("A rule that lets one source hold over another needs a reason.")
    first, second = _source(preferred), _source(over)
    if first.pk == second.pk:
        raise TrustError("A source cannot hold over itself: name two sources.")
    standing = SourceTrust.objects.filter(kind=kind, ended_at=None)
    if standing.filter(preferred=second, over=first).exists():
        raise TrustError(f"A rule says the opposite for {kind}: end it first.")
    if standing.filter(preferred=first, over=second).exists():
        raise TrustError(f"That rule for {kind} stands already.")
    return SourceTrust.objects.create(
        number=number, kind=kind, preferred=first, over=second, reason=reason[:400], set_by_id=set_by_id, set_at=at
    )


def write_end(*, rule: SourceTrust, reason: str, ended_by_id: int | None, at: datetime) -> None:
    """Write down that a rule holds no longer."""
    if rule.ended_at is not None:
        raise TrustError(f"The rule {rule.pk} has ended already.")
    if not reason.strip():
        raise TrustError("Ending a rule needs a reason.")
    rule.ended_at, rule.ended_by_id, rule.ended_why = at, ended_by_id, reason[:400]
    rule.save(update_fields=["ended_at", "ended_by_id", "ended_why"])


def set_by(rule: SourceTrust) -> str:
    """Who set the rule; the operator of the home sets it for the organisation."""
    setter = User.objects.filter(pk=rule.set_by_id or 0).first()
    return setter.label if setter else "the organisation"


def set_on(rule: SourceTrust) -> date:
    """The civil day on which it was set, where this house stands."""
    return timezone.localtime(rule.set_at).date()


def rule_words(rule: SourceTrust) -> str:
    """The rule in words, as it stands beside everything it settled."""
    first, second = (source.label or source.name for source in (rule.preferred, rule.over))
    when_and_who = f"{set_on(rule).isoformat()} set by {set_by(rule)}"
    return f"Settled by the rule of {when_and_who}: for {rule.kind}, {first} holds over {second}. {rule.reason}"


def _source(name: str) -> Source:
    found = Source.objects.filter(name=name).first()
    if found is None:
        raise TrustError(f"There is no source called {name!r}: take something in from it first, or check the name.")
    return found
