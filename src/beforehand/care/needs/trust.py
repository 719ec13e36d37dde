"""The organisation's rules on which source holds over which: set, listed, ended. None unless a supervisor sets one."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone

from beforehand.care.needs.arrivals import settle_dirty
from beforehand.intake.settling import apply_trust, withdraw_of_rule
from beforehand.record.access import ASSIGN_WORK, RECONCILE, Principal, principal_of, require
from beforehand.record.audit import CHANGE, audited
from beforehand.record.contradictions import TABLES_OF
from beforehand.record.models import FACT_MODELS, SourceTrust, User
from beforehand.record.store.rows import lock_for_writing
from beforehand.record.trust import TrustError, rule_words, standing_trust, write_end, write_trust

__all__ = ["TrustError", "end_source_trust", "rule_words", "set_source_trust", "standing_trust"]


def set_source_trust(*, kind: str, preferred: str, over: str, by: Principal | User, reason: str) -> SourceTrust:
    """Let one source hold over another in one kind of thing, from now on and for what is open now."""
    principal = _setter(by)
    with transaction.atomic():
        lock_for_writing()
        rule = write_trust(
            number=str(uuid.uuid4()), kind=kind, preferred=preferred, over=over, reason=reason,
            set_by_id=principal.id or None, at=timezone.now(),
        )  # fmt: skip
        concerned = people_of_both(rule)
        apply_trust(concerned)
        audited(principal, "set_source_trust", patients=concerned, access=CHANGE, reason=reason)
    settle_dirty(as_of=timezone.localdate())
    return rule


def end_source_trust(*, rule: int, by: Principal | User, reason: str) -> None:
    """End a rule: it settles nothing more, and what it settled is open again."""
    principal = _setter(by)
    with transaction.atomic():
        lock_for_writing()
        found = SourceTrust.objects.filter(pk=rule).select_related("preferred", "over").first()
        if found is None:
            raise TrustError(f"There is no source-trust rule {rule}: list them with beforehand sources trust.")
        write_end(rule=found, reason=reason, ended_by_id=principal.id or None, at=timezone.now())
        concerned = withdraw_of_rule(found)
        audited(principal, "end_source_trust", patients=concerned, access=CHANGE, reason=reason)
    settle_dirty(as_of=timezone.localdate())


def people_of_both(rule: SourceTrust) -> list[int]:
    """Whose record holds statements of that kind from both sources."""

    def people(source: int) -> set[int]:
        rows = (FACT_MODELS[table].unscoped.filter(source_id=source) for table in TABLES_OF[rule.kind])  # type: ignore[attr-defined]
        return {patient for found in rows for patient in found.values_list("patient_id", flat=True).distinct()}

    return sorted(people(rule.preferred_id) & people(rule.over_id))


def _setter(by: Principal | User) -> Principal:
    """A supervisor, or the operator of the home: who may decide between sources and for everyone's work."""
    principal = by if isinstance(by, Principal) else principal_of(by)
    require(principal, RECONCILE)
    require(principal, ASSIGN_WORK)
    return principal
