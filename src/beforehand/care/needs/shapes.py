"""What pages and the command line are shown of the work: plain values, already in words, nothing left to query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Band(StrEnum):
    """Where a row stands on the day's list."""

    FIRST = "FIRST"
    TODAY = "TODAY"
    WEEK = "WEEK"
    LATER = "LATER"


BAND_WORDS: Mapping[Band, str] = {
    Band.FIRST: "Do first",
    Band.TODAY: "Today",
    Band.WEEK: "This week",
    Band.LATER: "Later",
}


class Tone(StrEnum):
    """How pressing a clock is; pages give each its own word, shape and border."""

    LATE = "late"
    NOW = "now"
    SOON = "soon"
    SOFT = "soft"


@dataclass(frozen=True)
class Clock:
    """How long is left: ``words`` ("Now", "2 days", "Today") and ``date_words`` ("due Thu, Dec 3")."""

    words: str
    date_words: str
    tone: Tone
    day: int | None = None  # the day it counts to


@dataclass(frozen=True)
class Factor:
    """One reason for a rank: ``points`` = what this factor adds at its ``weight``; the words say why."""

    name: str  # harm, time, person, waiting
    words: str  # "Harm if missed: 4 of 5"
    weight: float
    points: float


@dataclass(frozen=True)
class EvidenceView:
    """One fact behind a finding, in words, and where it came from."""

    table: str
    fact_id: int
    text: str  # "Potassium 5.9 mmol/L, Mon, Nov 30"
    source_label: str
    source_kind: str  # SYSTEM, PERSON, PAPER
    role: str
    message_id: int | None
    said: bool  # a person's word, not a system's record


@dataclass(frozen=True)
class HistoryEntry:
    """One thing that happened to a need; ``event_id`` can be undone while ``can_undo``."""

    event_id: int
    at: datetime
    by: str
    words: str
    reason: str
    can_undo: bool
    undone: bool


@dataclass(frozen=True)
class Tie:
    """Another thing that waits for this one, or must come before it."""

    words: str
    day: int | None  # by when the other is due


@dataclass(frozen=True)
class FindingView:
    """One finding folded into a need."""

    finding_id: int
    rule: str
    subject: str
    status: str  # DUE, MET, UNKNOWN, EXCLUDED
    state: str  # CURRENT, WITHDRAWN, RULE_CHANGED
    question: str
    reason: str
    next_step: str
    missing: str  # what evidence is lacking, in words; empty unless UNKNOWN
    opens_day: int | None
    due_day: int | None
    is_stale: bool  # the rule failed last time: this is its answer from before
    authority: str
    clinical_review: str
    why: str
    evidence: tuple[EvidenceView, ...] = ()
    blocks: str = ""  # the subject of what cannot go ahead until this is settled
    lapses_day: int | None = None


@dataclass(frozen=True)
class NeedView:
    """A need as a row, a panel or a page shows it."""

    id: int
    patient_id: int | None
    state: str  # OPEN, SNOOZED, CLOSED, DISMISSED
    question: str
    who: str  # "born Jun 19, 1949 · interpreter needed"
    reasons: tuple[str, ...]
    next_step: str
    step_kind: str
    action_label: str  # the verb on the button
    clock: Clock
    next_day: int  # the day of the next step
    due_day: int | None
    opens_day: int | None
    owner_label: str
    owner_user_id: int | None
    team_id: int
    status: str  # of the leading finding; empty for a need added by hand
    rule: str
    subject: str
    source: str  # FINDING, PERSON, OPERATIONS
    findings: tuple[FindingView, ...]
    evidence: tuple[EvidenceView, ...]
    marked: str  # why it stays open although its finding no longer asks for it; empty if it still does
    history: tuple[HistoryEntry, ...]
    authority: str
    clinical_review: str
    why: str
    missing: str
    outcome: str
    version: int
    snoozed_until_day: int | None = None
    closed_why: str = ""
    holds_up: tuple[Tie, ...] = ()
    waits_for: tuple[Tie, ...] = ()

    @property
    def is_unknown(self) -> bool:
        """The rule could not tell; the page draws that, never leaves it blank."""
        return self.status == "UNKNOWN"


@dataclass(frozen=True)
class AheadTie:
    """Another thing on the line that comes first, or waits; a visit has no rule and no status."""

    finding_id: int
    rule: str
    subject: str
    status: str
    words: str
    due_day: int | None
    until_day: int | None = None  # the last day that due_day can be, where it is not known exactly


@dataclass(frozen=True)
class Ahead:
    """One entry of a person's 90-day line."""

    kind: str  # visit, bill (its last day to pay), need (asks for work), coming (met today, opens by itself)
    day: int
    opens_day: int
    subject: str
    words: str
    due_day: int | None = None
    until_day: int | None = None  # the last day that ``day`` can be, where it is not known exactly
    act_by: int | None = None  # its own day or the earlier one of what waits for it
    rule: str = ""
    topic: str = ""
    status: str = ""
    finding_id: int | None = None
    appointment_ids: tuple[int, ...] = ()
    next_step: str = ""
    waits_for: tuple[AheadTie, ...] = ()
    holds_up: tuple[AheadTie, ...] = ()
    also: tuple[AheadTie, ...] = ()  # what else is asked about the same thing


@dataclass(frozen=True)
class Row:
    """One patient on the day's list: her leading need, the others folded under it, and why she stands here."""

    patient_id: int
    name: str
    birth_day: int | None
    age: int | None
    notes: tuple[str, ...]
    rank: int
    score: float
    factors: tuple[Factor, ...]
    lead: NeedView
    others: tuple[NeedView, ...]
    band: Band
    identifiers: tuple[tuple[str, str], ...] = ()  # (system, value)


@dataclass(frozen=True)
class BandView:
    """A band of the list: rows on this page, and how many people stand in it in all."""

    band: Band
    title: str
    rows: tuple[Row, ...]
    total: int


@dataclass(frozen=True)
class Counts:
    """Numbers for the filters. Mine, team and everyone count people; the others count needs in the chosen list."""

    mine: int = 0
    team: int = 0
    everyone: int = 0
    open: int = 0
    unknown: int = 0
    snoozed: int = 0
    done_today: int = 0
    late: int = 0
    marked: int = 0


@dataclass(frozen=True)
class SinceItem:
    """One kind of news since the last visit: "3 results"."""

    kind: str  # stays, results, messages, papers, quiet
    count: int
    words: str  # "hospital stays", singular for one
    detail: str = ""


@dataclass(frozen=True)
class Since:
    """What came since this person last looked at the list."""

    at: datetime | None
    items: tuple[SinceItem, ...] = ()


@dataclass(frozen=True)
class DoneRow:
    """Something done today, and the event that undoes it."""

    event_id: int
    need_id: int
    patient_id: int | None
    name: str
    at: datetime
    words: str  # "closed: ride confirmed"
    question: str
    by: str
    can_undo: bool


@dataclass(frozen=True)
class OperationsNeed:
    """A need without a patient: a failing rule, a quarantined item, a silent source."""

    need: NeedView
    kind: str  # RULE, QUARANTINE, SOURCE, DISMISSED_RULE
    key: str  # what it is about: rule id, source name


@dataclass(frozen=True)
class Owner:
    """Somebody, or a team's queue, that work can be handed to: the form value is ``key`` ("user:3", "team:1")."""

    key: str
    label: str


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to."""

    state: str = "open"  # open, unknown, snoozed, marked, late
    topic: str = ""  # rule topic: medicines, results, ...
    page: int = 1
    per_page: int = 50


@dataclass(frozen=True)
class Worklist:
    """The day's list for one principal."""

    as_of: int
    owner: str  # mine, team, everyone or a user's name
    bands: tuple[BandView, ...]
    rows: tuple[Row, ...]  # this page, by rank
    counts: Counts
    checked_at: datetime | None
    since: Since
    filters: Filters = field(default_factory=Filters)
    people: int = 0  # in the whole list
    pages: int = 1


@dataclass(frozen=True)
class Choice:
    """One choice of a form field."""

    value: str
    label: str


@dataclass(frozen=True)
class FormField:
    """One field of a "say what happened" form, without any form library."""

    name: str
    label: str
    kind: str  # choice, date, time, text, number
    required: bool = False
    choices: tuple[Choice, ...] = ()
    hint: str = ""
    initial: str = ""
    only_for: tuple[str, ...] = ()  # shown and read only for these values of "happened"; empty: always


@dataclass(frozen=True)
class HappenedForm:
    """The form that says what happened: its fields, what it will do and what closes the need."""

    step_kind: str
    action_label: str
    title: str
    fields: tuple[FormField, ...]
    next_words: str  # "Next, we ..."
    closes_words: str  # "It closes when ..."
