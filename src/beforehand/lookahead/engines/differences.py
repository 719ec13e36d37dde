"""What changed, reckoned where the answers are: DuckDB compares a rule's answers for everyone with the stored findings.

Only rows that differ ever reach Python. The fingerprint is the one ``answers.fingerprint`` makes, so that a finding
written by the rows and one written by the columns are the same finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from beforehand.clinical.tables import FACTS
from beforehand.lookahead.engines.answers import BETWEEN, BLOCKS, PIECES, VAGUE_DAYS, Answer, as_rows, check
from beforehand.lookahead.engines.binding import EVIDENCE, Places, bind_with
from beforehand.lookahead.engines.duckdb import LABELLED, UNSURE, DuckEngine
from beforehand.lookahead.engines.shape import Shape
from beforehand.lookahead.errors import AnswerError
from beforehand.lookahead.rule import Query

CHUNK = 5000
_DAYS = ("opens_on", "due_on", "lapses_on", "recheck_on")
_TABLES = ", ".join(f"'{name}'" for name in sorted(FACTS))
_STORED = (
    ("id", "BIGINT"), ("rule_id", "VARCHAR"), ("patient_id", "BIGINT"), ("subject", "VARCHAR"),
    ("fingerprint", "VARCHAR"), ("is_current", "BOOLEAN"), ("is_stale", "BOOLEAN"), ("lapses_on", "BIGINT"),
)  # fmt: skip
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")


class Row(NamedTuple):
    """One finding to be written; ``number`` is the stored one's, None when it is new."""

    number: int | None
    rule_id: str
    patient_id: int
    subject: str
    status: str
    opens_on: int | None
    due_on: int | None
    lapses_on: int | None
    recheck_on: int | None
    missing: str
    blocks: str
    sensitivity: str
    fingerprint: str
    facts: str
    vague_days: str | None
    say: tuple[str | int | None, ...]


class Differences:
    """One rule's answers for everyone, beside what is stored; as tables inside DuckDB."""

    def __init__(self, engine: DuckEngine, query: Query, shape: Shape, places: Places, as_of_day: int) -> None:
        self.engine, self.query, self.shape, self.as_of_day = engine, query, shape, as_of_day
        self.says = sorted(name for name in shape.columns if name.startswith("say_"))
        self._find(places)
        self._put_unsure()
        self._print()
        self._check()

    def _find(self, places: Places) -> None:
        """Run the rule; one row for each answer, its evidence gathered into one text."""
        keys = ["patient_id", "subject", *(["rule_id"] if self.query.family else [])]
        fact = "x.fact_table || ':' || cast(x.fact_id as varchar) || ':' || coalesce(x.role, '')"
        labels, joined = "''", ""
        if self.engine.has_labels:
            words = "list_sort(list_distinct(flatten(list(string_split(l.sensitivity, ' ')))))"
            labels = f"coalesce(array_to_string({words}, ' '), '')"
            joined = f" left join {LABELLED} l on l.fact_table = x.fact_table and l.id = x.fact_id"
        gathered = (
            f"select {', '.join(f'x.{key}' for key in keys)},"  # noqa: S608  our own names
            f" string_agg(distinct {fact}, '{PIECES}') as facts,"
            f" {labels} as labels, bool_or(x.fact_table not in ({_TABLES}) or x.fact_id is null) as is_wrong"
            f" from {EVIDENCE} x{joined} where x.fact_table is not null group by all"
        )
        single = "" if self.query.family else f"'{self.query.id}' as rule_id, "
        matches = " and ".join(f"e.{key} = f.{key}" for key in keys)
        returned = ", ".join(f"f.{column}" for column in self.shape.columns)
        text = bind_with(
            self.query, self.shape, places, {"facts_of_answer": gathered},
            f"select distinct {single}{returned}, e.facts, e.labels, e.is_wrong, cast(null as varchar) as {VAGUE_DAYS}"  # noqa: S608
            f" from {{answer}} f left join facts_of_answer e on {matches}",
        )  # fmt: skip
        self.engine.connection.execute(f"create or replace temp table answer as {text}")

    def _put_unsure(self) -> None:
        """In place of what the rule's text says of people with vague days, what may honestly be said of them."""
        if not self.engine.unsure(self.shape):
            return
        self.engine.connection.execute(f"delete from answer where patient_id in (select patient_id from {UNSURE})")  # noqa: S608
        for part in self.engine.of_unsure(self.query, self.shape, self.as_of_day):
            labels = self.engine.labels(fact for answer in part for fact in answer.evidence)
            self.engine.insert("answer", [self._row(answer, labels) for answer in part])

    def _row(self, answer: Answer, labels: Mapping[tuple[str, int], str]) -> tuple[object, ...]:
        row = as_rows(answer, self.shape.columns)[0][: len(self.shape.columns)]
        facts = PIECES.join(f"{one.table}:{one.fact_id}:{one.role}" for one in answer.evidence)
        words = {word for one in answer.evidence for word in labels.get((one.table, one.fact_id), "").split()}
        single = () if self.query.family else (self.query.id,)
        return (*single, *row, facts or None, " ".join(sorted(words)), False, answer.say.get(VAGUE_DAYS))

    def _print(self) -> None:
        """Give each answer its fingerprint."""
        kinds = {str(name): str(kind) for name, kind, *_ in self.engine.rows("describe answer")}
        parts = ["coalesce(status, '')", *(f"coalesce(cast({day} as varchar), '')" for day in _DAYS)]
        parts += ["coalesce(missing, '')", f"coalesce({BLOCKS}, '')" if BLOCKS in kinds else "''"]
        for name in self.says:
            sign = "i" if kinds[name] in _WHOLE else "s"
            parts.append(f"'{name}=' || coalesce('{sign}' || cast({name} as varchar), '')")
        parts.append(f"'{VAGUE_DAYS}=s' || {VAGUE_DAYS}")  # comes last by its name; where it is null, it is left out
        # Distinct pieces in the order of their text: what the row engine's sorted set gives too.
        facts = f"coalesce(array_to_string(list_sort(string_split(facts, '{PIECES}')), '{PIECES}'), '')"
        parts += [facts, "coalesce(labels, '')"]
        blocks = f"coalesce({BLOCKS}, '')" if BLOCKS in kinds else "''"
        says = "".join(f", {name}" for name in self.says)
        self.engine.connection.execute(
            "create or replace temp table found as select cast(rule_id as varchar) as rule_id,"  # noqa: S608
            f" cast(patient_id as bigint) as patient_id, subject, status, {', '.join(_DAYS)},"
            f" coalesce(missing, '') as missing, {blocks} as blocks, coalesce(labels, '') as labels,"
            f" coalesce(facts, '') as facts, coalesce(is_wrong, false) as is_wrong,"
            f" md5(concat_ws('{BETWEEN}', {', '.join(parts)})) as fingerprint, {VAGUE_DAYS}{says} from answer"
        )
        self.engine.connection.execute("drop table answer")

    def _check(self) -> None:
        """The contract of the result columns, for all answers at once."""
        name = self.query.id
        groups = self.engine.rows(
            "select rule_id, status, missing, min(recheck_on), max(recheck_on), max(length(subject)),"
            " bool_and(contains(subject, ':')), max(length(blocks)), bool_and(blocks = '' or contains(blocks, ':')),"
            " bool_or(patient_id is null or subject is null or subject = ''), bool_or(is_wrong)"
            " from found group by rule_id, status, missing"
        )
        for rule_id, status, missing, first, last, longest, is_named, blocks, is_aim, is_nobody, is_wrong in groups:
            if is_nobody:
                raise AnswerError(f"{name}: a row has no patient_id or no subject")
            if is_wrong:
                raise AnswerError(f"{name}: evidence names no fact: fact_table is a fact table's name, fact_id its id")
            subject = ("x:" if is_named else "x").ljust(longest, "x")
            aim = ("x:" if is_aim else "x").ljust(blocks, "x") if blocks else ""
            for day in {first, last}:
                one = Answer(rule_id, 0, subject, str(status), None, None, None, day, missing, blocks=aim)
                check(self.query, one, self.as_of_day)
        twice = "select count(*) from (select 1 from found group by rule_id, patient_id, subject having count(*) > 1)"
        if self.engine.one(twice):
            raise AnswerError(
                f"{name}: gives two rows for one patient and one subject; make the subject tell them apart"
            )

    def only(self, rule_ids: frozenset[str]) -> None:
        """Leave out what rules not in force say."""
        if rule_ids != frozenset(self.query.rules):
            self.engine.connection.execute(f"delete from found where rule_id not in ({_listed(rule_ids)})")  # noqa: S608

    def counts(self) -> list[tuple[str, str, int]]:
        """(rule, status, answers)."""
        return [
            (str(rule), str(status), int(number))
            for rule, status, number in self.engine.rows("select rule_id, status, count(*) from found group by all")
        ]

    def compare(self, lines: Path) -> None:
        """Take in what is stored of these rules now: lines of number, rule, patient, subject (as hex), fingerprint,
        whether it is current, whether it is stale, lapses_on.

        They come through a file and not by attaching the database: two SQLite libraries in one process undo each
        other's locks, and this happens inside the transaction that will write.
        """
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in _STORED)
        form = "header = false, auto_detect = false, delim = ',', quote = '', escape = ''"
        path = str(lines).replace("'", "''")
        self.engine.connection.execute(
            "create or replace temp table stored as select * replace (decode(unhex(subject)) as subject)"  # noqa: S608
            f" from read_csv('{path}', {form}, columns = {{{columns}}})"
        )

    def written(self) -> Iterator[Row]:
        """Answers that are new or differ from what is stored, patient by patient."""
        says = "".join(f", f.{name}" for name in self.says)
        result = self.engine.connection.execute(
            "select s.id, f.rule_id, f.patient_id, f.subject, f.status, f.opens_on, f.due_on, f.lapses_on,"  # noqa: S608
            f" f.recheck_on, f.missing, f.blocks, f.labels, f.fingerprint, f.facts, f.{VAGUE_DAYS}{says}"
            " from found f left join stored s"
            " on s.patient_id = f.patient_id and s.rule_id = f.rule_id and s.subject = f.subject"
            " where s.id is null or s.fingerprint <> f.fingerprint or not s.is_current or s.is_stale"
            " order by f.patient_id, f.rule_id, f.subject"
        )
        while rows := result.fetchmany(CHUNK):
            for row in rows:
                yield Row(*row[:15], tuple(row[15:]))  # type: ignore[call-arg]  # mypy counts no stars

    def gone(self) -> list[tuple[int, int | None]]:
        """(number, lapses_on) of standing findings that nothing speaks for any more."""
        return [
            (int(number), lapses)
            for number, lapses in self.engine.rows(
                "select s.id, s.lapses_on from stored s anti join found f"
                " on s.patient_id = f.patient_id and s.rule_id = f.rule_id and s.subject = f.subject"
                " where s.is_current"
            )
        ]

    def __enter__(self) -> Differences:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for table in ("found", "stored"):
            self.engine.connection.execute(f"drop table if exists {table}")


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names)) or "''"
