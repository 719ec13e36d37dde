"""Who may do what, and who sees which sensitive facts: two tables that people can read and discuss.

``docs/reference/roles.md`` is generated from here. Nothing in this module touches the database.
"""

from __future__ import annotations

from enum import Enum
from itertools import combinations

# Sensitivity labels a fact may carry; several are stored sorted, with a space between.
LABELS: dict[str, str] = {
    "HIV": "HIV and AIDS",
    "MENTAL": "mental and behavioural health",
    "R": "restricted by its source, for a reason it does not give",
    "SEXUAL": "sexual and reproductive health",
    "SUD": "substance use treatment (42 CFR Part 2)",
    "VIOLENCE": "abuse and violence",
}


class Capability(Enum):
    """One kind of thing a principal may be allowed to do. It never widens whose records are seen."""

    READ_RECORD = "read the records of the people they work for"
    READ_SENSITIVE = "read facts with the sensitivity labels listed for the role"
    WORK_NEEDS = "work needs: take, plan, snooze, dismiss, close, say what happened, undo"
    ASSIGN_WORK = "give work to another person or team"
    RECONCILE = "reconcile lists and settle contradictions"
    DECIDE_IDENTITY = "decide whether two records are one person"
    WORK_QUARANTINE = "work items that could not be filed"
    MANAGE_USERS = "make and close accounts, set roles and teams"
    READ_AUDIT = "read the audit trail and open break-glass accesses"
    BREAK_GLASS = "open one record in an emergency, with a reason, for four hours"
    RUN_RULES = "run the look-ahead"
    INGEST = "take in records"
    EXPORT = "take records out"


# The names as people import them: ``from beforehand.record.access import WORK_NEEDS``.
READ_RECORD = Capability.READ_RECORD
READ_SENSITIVE = Capability.READ_SENSITIVE
WORK_NEEDS = Capability.WORK_NEEDS
ASSIGN_WORK = Capability.ASSIGN_WORK
RECONCILE = Capability.RECONCILE
DECIDE_IDENTITY = Capability.DECIDE_IDENTITY
WORK_QUARANTINE = Capability.WORK_QUARANTINE
MANAGE_USERS = Capability.MANAGE_USERS
READ_AUDIT = Capability.READ_AUDIT
BREAK_GLASS = Capability.BREAK_GLASS
RUN_RULES = Capability.RUN_RULES
INGEST = Capability.INGEST
EXPORT = Capability.EXPORT

_COORDINATOR = frozenset(
    {READ_RECORD, READ_SENSITIVE, WORK_NEEDS, RECONCILE, DECIDE_IDENTITY, WORK_QUARANTINE, BREAK_GLASS}
)

ROLE_CAPABILITIES: dict[str, frozenset[Capability]] = {
    "COORDINATOR": _COORDINATOR,
    "SUPERVISOR": _COORDINATOR | {ASSIGN_WORK, READ_AUDIT, EXPORT},
    "PHARMACIST": frozenset({READ_RECORD, READ_SENSITIVE, WORK_NEEDS, RECONCILE, BREAK_GLASS}),
    "SOCIAL_WORKER": frozenset({READ_RECORD, READ_SENSITIVE, WORK_NEEDS, BREAK_GLASS}),
    "CLINICIAN": frozenset({READ_RECORD, BREAK_GLASS}),
    "ADMINISTRATOR": frozenset({MANAGE_USERS, READ_AUDIT}),
}

# Who sees which label. A clinician who only reads sees none until consents are recorded (42 CFR 2.31);
# what a source restricted without a reason (R) goes to the supervisor, who can ask the source why.
ROLE_LABELS: dict[str, frozenset[str]] = {
    "COORDINATOR": frozenset({"HIV", "MENTAL", "SEXUAL", "SUD", "VIOLENCE"}),
    "SUPERVISOR": frozenset(LABELS),
    "PHARMACIST": frozenset({"HIV", "MENTAL", "SEXUAL", "SUD"}),
    "SOCIAL_WORKER": frozenset({"MENTAL", "VIOLENCE"}),
    "CLINICIAN": frozenset(),
    "ADMINISTRATOR": frozenset(),
}

# The parts of the system that work without a person. Each sees every patient and every label, because facts
# are filed and rules run for everyone; what they may do is listed. ``operator`` is the named person at the
# command line of this home, who owns its files anyway.
SYSTEM_CAPABILITIES: dict[str, frozenset[Capability]] = {
    "intake": frozenset({READ_RECORD, READ_SENSITIVE, INGEST, DECIDE_IDENTITY}),
    "lookahead": frozenset({READ_RECORD, READ_SENSITIVE, RUN_RULES}),
    "jobs": frozenset({READ_RECORD, READ_SENSITIVE, RUN_RULES, INGEST}),
    "operator": frozenset(Capability),
}


def join_labels(labels: set[str] | frozenset[str]) -> str:
    """Labels as a row stores them: sorted, one space between. The only way to write a sensitivity column."""
    return " ".join(sorted(labels))


def visible_sensitivities(labels: frozenset[str]) -> list[str]:
    """Every value of a sensitivity column whose labels are all among these.

    An allow-list: a label nobody has heard of, or labels in another order, match nothing and stay hidden.
    """
    names = sorted(labels)
    return ["", *(" ".join(chosen) for size in range(1, len(names) + 1) for chosen in combinations(names, size))]
