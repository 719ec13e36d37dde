"""Running the rules: for some patients, for everyone, for rows whose day has come, for rules that changed.

Few patients run over the rows, many over the columns; both say the same. A rule that fails loses nothing: the
others are kept, its old findings stay and are marked stale, and a RuleFailure is recorded.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from beforehand.clinical.times import day_of
from beforehand.lookahead.columns import ColumnsNotReadyError, cluster_columns, fresh_columns
from beforehand.lookahead.engines.answers import Answer, Evidence
from beforehand.lookahead.engines.differences import Differences
from beforehand.lookahead.engines.duckdb import ERRORS as DUCKDB_ERRORS
from beforehand.lookahead.engines.duckdb import DuckEngine
from beforehand.lookahead.engines.possible import Vague
from beforehand.lookahead.engines.rows import ERRORS as ROW_ERRORS
from beforehand.lookahead.engines.rows import RowEngine
from beforehand.lookahead.engines.spark import SparkRefusedError
from beforehand.lookahead.errors import AnswerError, LookaheadError
from beforehand.lookahead.house import digest_of, first_digest, make_ready
from beforehand.lookahead.library import CheckedQuery, Library, looked_at
from beforehand.lookahead.models import Finding, RuleFailure, RuleState
from beforehand.lookahead.store import (
    due_patients,
    mark_stale,
    note_digest,
    standing_patients,
    stored_of_patients,
    stored_of_rules,
    write,
    write_differences,
    write_lines,
)
from beforehand.record.models import Patient
from beforehand.record.store.rows import fetch, lock_for_writing, table_of
from beforehand.record.store.touched import NO_CODE, What, sets_of_codes

log = logging.getLogger(__name__)

BATCH = 200  # patients a transaction, over the rows
CROSSOVER = 0.03  # share of patients above which the columns are quicker
FEW = 200  # patients below which the rows are quicker however few there are in all
ENGINES = ("auto", "rows", "duckdb", "spark")
RULE_ERRORS = (*ROW_ERRORS, *DUCKDB_ERRORS, AnswerError, SparkRefusedError)
Progress = Callable[[int], None]


class UnknownEngineError(LookaheadError):
    """An engine that is not there was asked for."""


@dataclass
class RunReport:
    """What a run did; the first six fields are the command line's."""

    as_of: str
    patients: int = 0
    findings: int = 0
    by_rule: dict[str, int] = field(default_factory=dict)
    by_status: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    engine: str = "rows"
    changed: list[int] = field(default_factory=list)  # ids of findings that were written
    failed: list[str] = field(default_factory=list)  # queries whose run failed
    refused: list[str] = field(default_factory=list)  # rules that did not pass the linter
    answers: list[Answer] = field(default_factory=list, repr=False)  # kept only when nothing is stored

    def count(self, found: Iterable[Answer]) -> None:
        """Add answers to the counts."""
        for answer in found:
            self.add(answer.rule_id, answer.status, 1)

    def add(self, rule_id: str, status: str, number: int) -> None:
        """Add so many answers of one rule and status."""
        self.findings += number
        self.by_rule[rule_id] = self.by_rule.get(rule_id, 0) + number
        self.by_status[status] = self.by_status.get(status, 0) + number


@dataclass
class _Run:
    """One run's settings, handed from step to step."""

    as_of: date
    store: bool
    now: datetime
    report: RunReport
    rule_changed: bool = False
    digests: dict[str, str] = field(default_factory=dict)
    vague: dict[int, Vague] = field(default_factory=dict)  # whose days were looked at to tell which rules to ask

    @property
    def day(self) -> int:
        return day_of(self.as_of)

    def digests_of(self, checked: CheckedQuery) -> Mapping[str, str]:
        """The digest under which a query's answers are stored: its last sweep's, so that only a sweep changes it."""
        digest = self.digests.get(checked.query.id)
        if digest is None and self.store:
            digest = self.digests[checked.query.id] = first_digest(checked)
        return dict.fromkeys(checked.query.rules, digest or "")


def run_patients(
    patient_ids: Iterable[int], *, as_of: date, changed: What | None = None, store: bool = True
) -> RunReport:
    """Run the rules for these patients over the rows; with ``changed``, only those it can make answer otherwise.

    ``changed`` names fact tables, each with the codes of the facts added, or None when anything changed there.
    ``store=False`` keeps nothing and returns what was found, for a replayed day.
    """
    library = make_ready()
    started = time.perf_counter()
    run = _begin(library, as_of, store)
    ids = sorted(set(patient_ids))
    for queries, theirs in _concerned(run, library, changed, ids):
        _run_rows(run, queries, theirs)
    run.report.patients = len(ids)
    return _end(run, started)


def run_everyone(
    *, as_of: date, engine: str = "auto", store: bool = True, progress: Progress | None = None
) -> RunReport:
    """Run every rule for everyone; ``engine`` is one of ENGINES; auto is rows or duckdb, by the number of people."""
    if engine not in ENGINES:
        raise UnknownEngineError(f"there is no engine {engine}; choose {', '.join(ENGINES)}")
    library = make_ready()
    started = time.perf_counter()
    run = _begin(library, as_of, store)
    queries = list(library.queries.values())
    run.report.patients = everyone = _count_everyone()
    if engine == "spark":
        _run_cluster(run, queries, progress)
    elif engine == "duckdb" or (engine == "auto" and everyone > FEW):
        _run_columns(run, queries, progress)
    else:
        _run_rows(run, queries, _everyone(), progress)
    if store and not run.report.failed:
        for checked in queries:
            _note_swept(checked, run.now)
    return _end(run, started)


def run_due(*, as_of: date) -> RunReport:
    """Run again what time alone may have changed: rows whose ``recheck_on`` has come."""
    library = make_ready()
    started = time.perf_counter()
    run = _begin(library, as_of, True)
    due = due_patients(run.day)
    many: list[CheckedQuery] = []
    everyone = Patient.unscoped.count()
    touched: set[int] = set()
    few: dict[int, list[CheckedQuery]] = {}
    for checked in library.queries.values():
        patients = set().union(*(due.get(rule_id, set()) for rule_id in checked.query.rules))
        touched |= patients
        if len(patients) > max(FEW, CROSSOVER * everyone):
            many.append(checked)
        else:
            for patient_id in patients:
                few.setdefault(patient_id, []).append(checked)
    for batch in _batches(sorted(few)):
        for checked in library.queries.values():
            theirs = [patient_id for patient_id in batch if checked in few[patient_id]]
            if theirs:
                _run_rows(run, [checked], theirs)
    if many:
        _run_columns(run, many, None)
    run.report.patients = len(touched)
    return _end(run, started)


def sweep_changed_rules(*, as_of: date, engine: str = "auto") -> RunReport:
    """Run for everyone each rule whose text, value sets, knowledge or calendar changed since it last swept."""
    library = make_ready()
    started = time.perf_counter()
    run = _begin(library, as_of, True)
    run.rule_changed = True
    swept = run.digests
    digests = {checked.query.id: digest_of(checked) for checked in library.queries.values()}
    changed = [c for c in library.queries.values() if swept.get(c.query.id) != digests[c.query.id]]
    run.digests = {checked.query.id: digests[checked.query.id] for checked in changed}
    everyone = _count_everyone() if changed else 0
    if changed and (engine == "duckdb" or (engine == "auto" and everyone > FEW)):
        _run_columns(run, changed, None)
    else:
        _run_rows(run, changed, _everyone() if changed else [])
    for checked in changed:
        if checked.query.id not in run.report.failed:
            _note_swept(checked, run.now)
            note_digest(checked.query.rules, digests[checked.query.id])
    _forget_rules_that_left(run, library)
    run.report.patients = everyone
    return _end(run, started)


def _begin(library: Library, as_of: date, store: bool) -> _Run:
    report = RunReport(as_of=as_of.isoformat())
    run = _Run(as_of, store, timezone.now(), report)
    report.refused = sorted({refusal.rule_id for refusal in library.refused})
    if store:
        _note_refused(library, run.now)
        run.digests = dict(fetch(f"select rule_id, digest from {table_of(RuleState)}"))  # noqa: S608
    return run


def _end(run: _Run, started: float) -> RunReport:
    run.report.seconds = round(time.perf_counter() - started, 3)
    run.report.failed = sorted(set(run.report.failed))
    return run.report


def _everyone() -> list[int]:
    return list(Patient.unscoped.filter(merged_into_id=None).order_by("id").values_list("id", flat=True))


def _count_everyone() -> int:
    return Patient.unscoped.filter(merged_into_id=None).count()


def _concerned(
    run: _Run, library: Library, changed: What | None, ids: list[int]
) -> Iterator[tuple[list[CheckedQuery], list[int]]]:
    """The queries whose answers may change, through whatever views, and of whom; all when nobody knows what changed.

    Where a person's days are not known exactly, the other facts of a table are days to suppose, whatever their codes;
    and a rule that failed is tried again with whatever comes to its tables.
    """
    everything = list(library.queries.values())
    if not changed:
        yield everything, ids
        return
    codes = {code for added in changed.values() if added is not None for code in added}
    sets_of = sets_of_codes(codes - {NO_CODE}) if codes else {}
    sets: dict[str, frozenset[str] | None] = {
        table: None if added is None else frozenset().union(*(sets_of.get(code, ()) for code in added))
        for table, added in changed.items()
    }
    if "patient_record" in sets:
        sets["patient"] = None
    failing = {rule_id for (rule_id,) in fetch(f"select rule_id from {table_of(RuleFailure)}")}  # noqa: S608
    asked = [
        one for one in everything if one.concerned(sets) or (one.query.id in failing and one.stored() & sets.keys())
    ]
    others = [one for one in everything if one not in asked and one.stored() & sets.keys()]
    engine = RowEngine(raw_connection())
    groups: dict[frozenset[str], list[int]] = {}
    for patient in ids:
        if others:
            run.vague[patient] = engine.vague(patient)
        unsure = frozenset(run.vague[patient].ranges) if others else frozenset()
        groups.setdefault(frozenset(one.query.id for one in others if one.stored() & unsure), []).append(patient)
    for more, theirs in groups.items():
        yield [*asked, *(one for one in others if one.query.id in more)], theirs


def _batches(ids: list[int]) -> Iterable[list[int]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def raw_connection() -> Any:
    """The driver's own connection, inside the transaction that is open now."""
    connection.ensure_connection()
    return connection.connection


def _run_rows(run: _Run, queries: list[CheckedQuery], ids: list[int], progress: Progress | None = None) -> None:
    engine = RowEngine(raw_connection())
    for batch in _batches(ids):
        try:
            with transaction.atomic():
                found = _rows_of(run, engine, queries, batch)
                _keep(run, queries, batch, found, engine.labels)
        except RULE_ERRORS:
            for checked in queries:
                _run_singly(run, engine, checked, batch)
        else:
            if run.store:
                _forget_failures(queries)
        if progress is not None:
            progress(len(batch))


def _rows_of(run: _Run, engine: RowEngine, queries: list[CheckedQuery], ids: list[int]) -> list[Answer]:
    """What these queries say of these patients; one look at a patient's facts passes over those with nothing to say."""
    in_force = [(checked, checked.needs_facts, holds) for checked in queries if (holds := checked.holds_on(run.as_of))]
    tables, with_sets = looked_at(tuple(checked for checked, _, _ in in_force))
    found = []
    for patient in ids:
        present = engine.present(patient, tables, with_sets)
        vague = run.vague.get(patient) or engine.vague(patient)
        for checked, need, holds in in_force:
            if need.holds(present):
                said = engine.answers(checked.query, checked.shape, patient, run.day, vague)
                found += [answer for answer in said if answer.rule_id in holds]
    return found


def _run_singly(run: _Run, engine: RowEngine, checked: CheckedQuery, ids: list[int]) -> None:
    """One rule under a savepoint of its own, so that a failing one cannot take the others along."""
    try:
        with transaction.atomic():
            _keep(run, [checked], ids, _rows_of(run, engine, [checked], ids), engine.labels)
    except RULE_ERRORS as error:
        _note_failure(run, checked, ids, error)
    else:
        if run.store:
            _forget_failures([checked])


Labels = Callable[[Iterable[Evidence]], dict[tuple[str, int], str]]


def _keep(run: _Run, queries: list[CheckedQuery], ids: list[int] | None, found: list[Answer], labels: Labels) -> None:
    """Store what these queries found of these patients (of everyone when None), or hand it back."""
    run.report.count(found)
    if not run.store:
        run.report.answers += found
        return
    rule_ids = frozenset(rule_id for checked in queries for rule_id in checked.query.rules)
    before = stored_of_rules(rule_ids) if ids is None else stored_of_patients(ids, rule_ids)
    digests = {rule_id: digest for checked in queries for rule_id, digest in run.digests_of(checked).items()}
    written = write(
        found,
        before,
        labels=labels(evidence for answer in found for evidence in answer.evidence),
        digests=digests,
        as_of_day=run.day,
        now=run.now,
        rule_changed=run.rule_changed,
    )
    run.report.changed += written.ids


def _run_columns(run: _Run, queries: list[CheckedQuery], progress: Progress | None) -> None:
    """One rule after the other over the Parquet copy, brought up to date first."""
    run.report.engine = "duckdb"
    with fresh_columns() as engine:
        present = engine.present(*looked_at(tuple(queries)))
        asked = [one for one in queries if one.needs_facts.holds(present) and one.holds_on(run.as_of)]
        engine.share([checked.shape for checked in asked])
        for checked in queries:
            holds = checked.holds_on(run.as_of) if checked in asked else frozenset()
            try:
                if run.store and not holds:
                    with transaction.atomic():
                        lock_for_writing()
                        _keep(run, [checked], None, [], engine.labels)
                        _forget_failures([checked])
                elif run.store:
                    _sweep(run, engine, checked, holds)
                else:
                    found = engine.answers(checked.query, checked.shape, run.day) if holds else []
                    _keep(run, [checked], None, [one for one in found if one.rule_id in holds], engine.labels)
            except RULE_ERRORS as error:
                _note_failure(run, checked, None, error)
            if progress is not None:
                progress(1)


def _sweep(run: _Run, engine: DuckEngine, checked: CheckedQuery, holds: frozenset[str]) -> None:
    """One query for everyone: compared with what is stored inside DuckDB, so that only what differs is written."""
    with Differences(engine, checked.query, checked.shape, engine.places(checked.shape, run.day), run.day) as found:
        found.only(holds)
        with transaction.atomic():
            lock_for_writing()
            lines = engine.spill / "stored.csv"
            write_lines(checked.query.rules, lines)
            found.compare(lines)
            written = write_differences(
                found,
                digests=run.digests_of(checked),
                as_of_day=run.day,
                now=run.now,
                rule_changed=run.rule_changed,
            )
            _forget_failures([checked])
        for rule_id, status, number in found.counts():
            run.report.add(rule_id, status, number)
    run.report.changed += written.ids


def _run_cluster(run: _Run, queries: list[CheckedQuery], progress: Progress | None) -> None:
    """One rule after the other on Spark. Findings come back some patients at a time, a transaction each, so a run that
    was broken off is run again and writes only what is lacking."""
    run.report.engine = "spark"
    rows = RowEngine(raw_connection())
    labels, vague = rows.labels, rows.all_vague()
    with cluster_columns(frozenset().union(*(checked.stored() for checked in queries))) as engine:
        for checked in queries:
            holds = checked.holds_on(run.as_of)
            # People with days that are not known exactly are asked about by the rows, under every supposition.
            unsure = set().union(*(vague.get(table, set()) for table in checked.stored())) if holds else set()
            seen: set[int] = set(unsure)
            try:
                for few in _batches(sorted(unsure)):
                    _keep_batch(run, checked, few, _rows_of(run, rows, [checked], few), labels)
                for batch in engine.batches(checked.query, checked.shape, run.day, unsure) if holds else ():
                    found = [answer for answer in batch if answer.patient_id not in unsure]
                    ids = sorted({answer.patient_id for answer in found})
                    seen.update(ids)
                    _keep_batch(run, checked, ids, [one for one in found if one.rule_id in holds], labels)
                if run.store:
                    for ids in _batches(sorted(standing_patients(checked.query.rules) - seen)):
                        _keep_batch(run, checked, ids, [], labels)
                    _forget_failures([checked])
            except RULE_ERRORS as error:
                _note_failure(run, checked, None, error)
            if progress is not None:
                progress(1)


def _keep_batch(run: _Run, checked: CheckedQuery, ids: list[int], found: list[Answer], labels: Labels) -> None:
    with transaction.atomic():
        lock_for_writing()
        _keep(run, [checked], ids, found, labels)


def _note_failure(run: _Run, checked: CheckedQuery, ids: list[int] | None, error: Exception) -> None:
    """Record that a rule failed. Database errors may quote values, so only their kind is kept."""
    run.report.failed.append(checked.query.id)
    what = (
        str(error)
        if isinstance(error, AnswerError | SparkRefusedError)
        else f"the database refused it: {type(error).__name__}"
    )
    log.error("rule %s failed: %s", checked.query.id, what)
    if run.store:
        mark_stale(checked.query.rules, ids)
        RuleFailure.objects.get_or_create(rule_id=checked.query.id, defaults={"what": what[:300], "since": run.now})


def _forget_failures(queries: list[CheckedQuery]) -> None:
    failing = {rule_id for (rule_id,) in fetch(f"select rule_id from {table_of(RuleFailure)}")}  # noqa: S608
    well = failing & {checked.query.id for checked in queries}
    if well:
        RuleFailure.objects.filter(rule_id__in=well).delete()


def _note_refused(library: Library, now: datetime) -> None:
    """A rule the linter refuses is a failing rule: its old findings stay, marked stale."""
    for refusal in library.refused:
        _, made = RuleFailure.objects.get_or_create(
            rule_id=refusal.rule_id, defaults={"what": str(refusal)[:300], "since": now}
        )
        if made:
            mark_stale([refusal.rule_id], None)


def _note_swept(checked: CheckedQuery, now: datetime) -> None:
    RuleState.objects.update_or_create(
        rule_id=checked.query.id, defaults={"digest": digest_of(checked), "swept_at": now}
    )


def _forget_rules_that_left(run: _Run, library: Library) -> None:
    """Findings of rules that are no longer in the library stay, marked as of a rule that changed."""
    refused = {refusal.rule_id for refusal in library.refused}
    known = set(library.rules)
    standing = set(Finding.unscoped.filter(state="CURRENT").values_list("rule_id", flat=True).distinct())
    gone = standing - known - refused
    # A refused family file no longer tells its members: while one is refused, nothing is taken to have left.
    if gone and not library.refused:
        before = stored_of_rules(gone)
        written = write([], before, labels={}, digests={}, as_of_day=run.day, now=run.now, rule_changed=True)
        run.report.changed += written.ids
    RuleState.objects.exclude(rule_id__in=[*library.queries, *refused]).delete()
    RuleFailure.objects.exclude(rule_id__in=[*library.queries, *refused]).delete()


__all__ = ["ColumnsNotReadyError", "RunReport", "run_due", "run_everyone", "run_patients", "sweep_changed_rules"]
